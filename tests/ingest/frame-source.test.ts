/**
 * One suite for all frame sources, over real sockets: the simulated village for what a camera does right, servers that do
 * one thing wrong for the rest. Nothing that a camera does may throw, hang, grow or lead elsewhere.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import type { Frame } from '../../src/contract/frame.js';
import type { FrameSource, RunEnd, StreamInfo, WidthLimit } from '../../src/contract/frame-source.js';
import { createFfmpegFrameSource } from '../../src/ingest/adapters/ffmpeg-frame-source.js';
import { createNodeAvFrameSource } from '../../src/ingest/adapters/node-av-frame-source.js';
import { createRtspFrameSource } from '../../src/ingest/adapters/rtsp-frame-source.js';
import { startVillage, type SimulatedCamera, type Village } from '../../src/simulate/village.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { services } from '../support/services.js';
import { silentLog } from '../support/databases.js';
import { badCamera, handshake, reply, type BadCamera } from './support/bad-cameras.js';

const clock = new SystemClock();

interface Pull {
  readonly frames: Frame[];
  readonly info: StreamInfo[];
  readonly end: Promise<RunEnd>;
  stop(): Promise<RunEnd>;
  /** waits for so many frames */
  until(count: number, withinMs?: number): Promise<void>;
}

interface PullOptions {
  url: string;
  username?: string | null;
  password?: string | null;
  sampleIntervalMs?: number;
  maxWidthPx?: WidthLimit;
  stallMs?: number;
  connectTimeoutMs?: number;
  cameraId?: string;
}

function pull(source: FrameSource, given: PullOptions): Pull {
  const stopping = new AbortController();
  const frames: Frame[] = [];
  const info: StreamInfo[] = [];
  const { url, username = null, password = null, sampleIntervalMs = 200, maxWidthPx = 320, stallMs = 4_000, connectTimeoutMs = 3_000, cameraId = url } = given;
  const end = source.run({
    target: { cameraId, siteId: 'site', url, username, password, sampleIntervalMs, configVersion: 1 },
    runId: 'run', maxWidthPx, connectTimeoutMs, stallMs, signal: stopping.signal,
    onFrame: (frame) => frames.push(frame),
    onStream: (seen) => info.push(seen),
  });
  return {
    frames, info, end,
    stop: () => {
      stopping.abort();
      return end;
    },
    async until(count, withinMs = 15_000) {
      const startedMs = performance.now();
      let over: RunEnd | undefined;
      void end.then((e) => (over = e));
      while (frames.length < count) {
        if (over) throw new Error(`ended before frame ${count}: ${over.reason}: ${over.detail}`);
        if (performance.now() - startedMs > withinMs) throw new Error(`${frames.length} frames in ${withinMs} ms`);
        await sleep(10);
      }
    },
  };
}

const meanOf = (frame: Frame): number => frame.rgb.reduce((a, b) => a + b, 0) / frame.rgb.length;

const kinds = [
  { name: 'rtsp', missing: false, make: createRtspFrameSource },
  { name: 'node-av', missing: false, make: createNodeAvFrameSource },
  { name: 'ffmpeg', missing: !services.ffmpeg, make: createFfmpegFrameSource },
];

/** One for all sources: its pictures are drawn once. Who does something to a camera undoes it. */
let village: Village;

beforeAll(async () => {
  village = await startVillage({ cameras: 4, video: null, host: '127.0.0.1', discovery: false, controlPort: 0, clock, log: silentLog });
  await village.contentComplete;
}, 120_000);
afterAll(() => village.close());

describe.each(kinds)('frames by $name', ({ name, missing, make }) => {
  describe.skipIf(missing)('with ffmpeg installed', () => {
    let source: FrameSource;
    const bad: BadCamera[] = [];
    const logged: string[] = [];
    const camera = (i: number): SimulatedCamera => village.cameras[i] as SimulatedCamera;
    const of = (i: number, more: Partial<PullOptions> = {}): PullOptions => ({ url: camera(i).rtspUrl, username: camera(i).username, password: camera(i).password, ...more });
    const bring = async (...args: Parameters<typeof badCamera>): Promise<BadCamera> => {
      const made = await badCamera(...args);
      bad.push(made);
      return made;
    };

    beforeAll(async () => {
      // A test of the source before may have failed in the middle.
      for (const index of village.cameras.keys()) await village.applyFault(index, { fault: 'clear' });
      source = make({ clock, log: createLogger('debug', { write: (line) => logged.push(line) }) });
    });
    afterAll(async () => {
      await source.close();
      await Promise.all(bad.map((b) => b.close()));
    });

    it('gives packed RGB24 of the asked size, in sequence, with the stream described once', async () => {
      const run = pull(source, of(0));
      await run.until(3);
      const end = await run.stop();
      expect(end).toMatchObject({ reason: 'stopped', frames: run.frames.length });
      expect(run.info).toHaveLength(1);
      expect(run.info[0]).toMatchObject({ codec: 'h264' });
      const { widthPx, heightPx } = run.info[0] ?? { widthPx: 0, heightPx: 0 };
      run.frames.forEach((frame, i) => {
        expect(frame).toMatchObject({ sequence: i, runId: 'run', widthPx: 320 });
        expect(frame.rgb).toHaveLength(frame.widthPx * frame.heightPx * 3);
        expect(Math.abs(frame.heightPx - (heightPx * 320) / widthPx)).toBeLessThanOrEqual(1);
        expect(Math.abs(frame.receivedAtMs - Date.now())).toBeLessThan(30_000);
        expect(meanOf(frame)).toBeGreaterThan(10);
      });
    });

    it('asks how wide frames may be by the size that the stream really has, and gives out none that is wider', async () => {
      const asked = new Set<string>();
      const run = pull(source, of(2, {
        maxWidthPx: ({ widthPx, heightPx }) => {
          asked.add(`${widthPx}x${heightPx}`);
          return widthPx === 1920 ? 480 : 256;
        },
      }));
      await run.until(2);
      await run.stop();
      expect([...asked].at(-1)).toBe(`${run.info[0]?.widthPx}x${run.info[0]?.heightPx}`);
      expect(new Set(run.frames.map((f) => f.widthPx))).toEqual(new Set([256]));
      for (const frame of run.frames) expect(clock.monotonicMs() - (frame.receivedMonotonicMs ?? -Infinity)).toBeLessThan(30_000);
    });

    it.skipIf(name === 'ffmpeg')("tells the camera's own time, also when its clock is wrong", async () => {
      await village.applyFault(0, { fault: 'clock', offsetSeconds: -7_200 });
      const run = pull(source, of(0));
      try {
        await run.until(6);
        const told = run.frames.filter((f) => f.capturedAtMs !== null);
        expect(told.length).toBeGreaterThan(0);
        for (const frame of told) expect(Math.abs((frame.capturedAtMs ?? 0) - frame.receivedAtMs + 7_200_000)).toBeLessThan(3_000);
      } finally {
        await run.stop();
        await village.applyFault(0, { fault: 'clear' });
      }
    });

    it('keeps to the sample interval', async () => {
      const run = pull(source, of(1, { sampleIntervalMs: 2_000, stallMs: 8_000 }));
      await run.until(1);
      const startedMs = performance.now();
      await sleep(6_500);
      await run.stop();
      expect(run.frames.length).toBeGreaterThanOrEqual(3);
      expect(run.frames.length).toBeLessThanOrEqual(2 + (performance.now() - startedMs) / 2_000);
    });

    it('ends within a second when it is told to: before, while connecting, while streaming', async () => {
      const silent = await bring(() => undefined);
      for (const options of [of(2), { url: silent.url }, { url: 'rtsp://192.0.2.1:554/blackhole' }]) {
        for (const afterMs of [0, 30, 700]) {
          const run = pull(source, options);
          await sleep(afterMs);
          const abortedMs = performance.now();
          const end = await run.stop();
          expect(performance.now() - abortedMs).toBeLessThan(1_000);
          if (end.reason !== 'unreachable') expect(end.reason).toBe('stopped');
          const count = run.frames.length;
          await sleep(50);
          expect(run.frames).toHaveLength(count);
        }
      }
    });

    it('gives frames of the new size after the resolution changed, in this run or the next', async () => {
      const first = pull(source, of(3, { maxWidthPx: 960 }));
      let second: Pull | undefined;
      try {
        await first.until(2);
        const before = first.frames[0]?.widthPx;
        await village.applyFault(3, { fault: 'resolution-change', widthPx: 480, heightPx: 272 });
        const seen = (): Frame[] => [...first.frames, ...(second?.frames ?? [])];
        let over = false;
        void first.end.then(() => (over = true));
        for (const startedMs = performance.now(); !seen().some((f) => f.widthPx === 480 && f.heightPx === 272); await sleep(20)) {
          if (performance.now() - startedMs > 15_000) throw new Error('no frame of the new size');
          if (over) second ??= pull(source, of(3, { maxWidthPx: 960 }));
        }
        expect(before).not.toBe(480);
        for (const frame of seen()) expect(frame.rgb).toHaveLength(frame.widthPx * frame.heightPx * 3);
      } finally {
        await first.stop();
        await second?.stop();
        await village.applyFault(3, { fault: 'clear' });
      }
    });

    it('names the end: died, silent, wrong password, unknown path, nobody there', async () => {
      const running = pull(source, of(2));
      await running.until(1);
      await village.applyFault(2, { fault: 'die' });
      expect((await running.end).reason).toBe('closed');
      await village.applyFault(2, { fault: 'clear' });

      await village.applyFault(2, { fault: 'silent-rtsp', from: 'play' });
      expect(await pull(source, of(2, { stallMs: 1_200 })).end).toMatchObject({ reason: 'stalled', frames: 0 });
      await village.applyFault(2, { fault: 'silent-rtsp', from: 'connect' });
      expect(await pull(source, of(2, { connectTimeoutMs: 700 })).end).toMatchObject({ reason: 'stalled' });
      await village.applyFault(2, { fault: 'clear' });

      expect((await pull(source, of(2, { username: null })).end).reason).toBe('auth');
      expect((await pull(source, of(2, { password: 'wrong' })).end).reason).toBe('auth');
      expect((await pull(source, of(2, { url: camera(2).rtspUrl.replace(/\/cam\d+\/.*/, '/cam2/none') })).end).reason).toBe('not-found');
      const gone = await badCamera(() => undefined);
      await gone.close();
      expect((await pull(source, { url: gone.url }).end).reason).toBe('unreachable');
    });

    it('ends as corrupt or stalled when nothing that comes can be decoded, and gives out no repaired frame by libav in process', async () => {
      await village.applyFault(1, { fault: 'corrupt-h264', flipsPerKib: 400 });
      try {
        const run = pull(source, of(1, { stallMs: 3_000 }));
        await Promise.race([run.end, sleep(8_000)]);
        const end = await run.stop();
        if (name !== 'ffmpeg') expect(['corrupt', 'stalled']).toContain(end.reason);
        if (name !== 'ffmpeg') expect(end.frames).toBe(0);
        else expect(['corrupt', 'stalled', 'closed', 'stopped']).toContain(end.reason);
      } finally {
        await village.applyFault(1, { fault: 'clear' });
      }
    });

    it('answers a wrong password once, and asks without credentials first', async () => {
      const asked = await bring(({ method, cseq }, socket) => {
        socket.write(method === 'DESCRIBE' ? reply(cseq, '401 Unauthorized', ['WWW-Authenticate: Digest realm="x", nonce="abc", algorithm=MD5']) : reply(cseq, '200 OK'));
      });
      expect((await pull(source, { url: asked.url, username: 'admin', password: 'geheim' }).end).reason).toBe('auth');
      expect(asked.heard.filter((h) => /^Authorization:/im.test(h))).toHaveLength(1);
      expect(asked.heard[0]).not.toMatch(/authorization/i);
      expect(asked.heard.join('')).not.toContain('geheim');
    });

    it('follows no redirect to another host', async () => {
      const trap = net.createServer((socket) => socket.destroy());
      let sprung = 0;
      trap.on('connection', () => (sprung += 1));
      await new Promise<void>((resolve) => trap.listen(0, '127.0.0.2', resolve));
      const elsewhere = `rtsp://127.0.0.2:${(trap.address() as net.AddressInfo).port}/x`;
      try {
        for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']) {
          const honest = handshake(() => undefined);
          const sender = await bring((request, socket) => {
            if (request.method === method) socket.write(reply(request.cseq, '302 Moved', [`Location: ${elsewhere}`]));
            else honest(request, socket);
          });
          const { reason } = await pull(source, { url: sender.url, username: 'u', password: 'p' }).end;
          // libav takes a redirect of PLAY for an error and goes nowhere.
          if (name === 'rtsp' || method !== 'PLAY') expect(reason, method).toBe('refused');
          expect(sender.connections()).toBe(name === 'rtsp' || method === 'OPTIONS' || method === 'DESCRIBE' ? 1 : 2);
        }
        expect(sprung).toBe(0);
      } finally {
        trap.close();
      }
    });

    it.skipIf(name === 'rtsp')('never gets to where a camera sends it that is honest to the check and redirects afterwards', async () => {
      let sprung = 0;
      const trap = net.createServer((socket) => socket.destroy()).on('connection', () => (sprung += 1));
      await new Promise<void>((resolve) => trap.listen(0, '127.0.0.2', resolve));
      const location = `Location: rtsp://127.0.0.2:${(trap.address() as net.AddressInfo).port}/x`;
      const honest = handshake(() => undefined);
      try {
        for (const status of ['302 Moved', '\t+0302 Moved', '4294967598 Moved', '3\r02 Moved']) {
          const liar = await bring((request, socket) => {
            if (request.nth === 1) honest(request, socket);
            else socket.write(reply(request.cseq, status, [location]));
          });
          expect((await pull(source, { url: liar.url }).end).frames).toBe(0);
        }
        expect(sprung).toBe(0);
      } finally {
        trap.close();
      }
    }, 60_000);

    it('survives garbage, floods and lies with bounded memory', async () => {
      const noise = randomBytes(1 << 16);
      const flood = (socket: net.Socket): void => {
        const more = (): void => {
          while (!socket.destroyed && socket.write(noise));
        };
        socket.on('drain', more);
        more();
      };
      const header = reply('1', '200 OK').replace('\r\n\r\n', '\r\n');
      const cases: [string, BadCamera][] = [
        ['not RTSP', await bring((_r, socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n<html>'))],
        ['endless header', await bring((_r, socket) => { socket.write(header); flood(socket); })],
        ['a body of 2 GB', await bring(({ cseq }, socket) => { socket.write(reply(cseq, '200 OK', ['Content-Length: 2000000000'])); flood(socket); })],
        ['noise at once', await bring(() => undefined, flood)],
        ['a session without video', await bring(handshake(() => undefined, 'v=0\r\ns=x\r\nm=audio 0 RTP/AVP 0\r\n'))],
        ['noise after PLAY', await bring(handshake(flood))],
        ['an RTP flood of noise', await bring(handshake((socket) => {
          const packet = Buffer.concat([Buffer.from([0x24, 0, 0x05, 0x00, 0x80, 0xe0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), randomBytes(0x500 - 12)]);
          const timer = setInterval(() => socket.write(Buffer.concat(Array.from({ length: 50 }, () => packet))), 10);
          socket.on('close', () => clearInterval(timer));
        }))],
        ['closes after PLAY', await bring(handshake((socket) => socket.end()))],
      ];
      const before = process.memoryUsage().rss;
      const ends = await Promise.all(cases.map(async ([what, server]) => [what, await pull(source, { url: server.url, stallMs: 2_000, connectTimeoutMs: 1_500 }).end] as const));
      for (const [what, end] of ends) {
        expect(['protocol', 'stalled', 'closed', 'corrupt', 'not-found'], `${what}: ${end.reason}: ${end.detail}`).toContain(end.reason);
        expect(end.frames).toBe(0);
      }
      expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(150);
    });

    it('keeps the others at their rate while one camera is bad', async () => {
      const good = pull(source, of(0, { sampleIntervalMs: 1_000 }));
      await good.until(1);
      const noisy = await bring(handshake((socket) => socket.write(randomBytes(100_000))));
      const bads = Array.from({ length: 4 }, () => pull(source, { url: noisy.url, stallMs: 2_000 }));
      const countBefore = good.frames.length;
      await sleep(5_000);
      expect(good.frames.length - countBefore).toBeGreaterThanOrEqual(2);
      await Promise.all([...bads.map((b) => b.stop()), good.stop()]);
    });

    it('shows credentials to nobody: not in the log, not in an end, not in arguments', async () => {
      const secret = `${camera(0).password}`;
      const run = pull(source, of(0));
      await run.until(1);
      const children = readdirSync('/proc').filter((p) => /^\d+$/.test(p)).map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        } catch {
          return '';
        }
      });
      expect(children.some((c) => c.includes(secret))).toBe(false);
      if (name === 'ffmpeg') expect(children.some((c) => c.includes('ffmpeg') && c.includes('pipe:3'))).toBe(true);
      const ends = [await run.stop(), await pull(source, of(0, { url: camera(0).rtspUrl.replace(/\/cam0\/.*/, '/none') })).end];
      expect(JSON.stringify(ends)).not.toContain(secret);
      expect(logged.join('')).not.toContain(secret);
    });

    it('refuses credentials that libav would cut short, and addresses that are not RTSP', async () => {
      expect(await pull(source, of(0, { password: 'x'.repeat(200) })).end).toMatchObject({ reason: name === 'rtsp' ? 'auth' : 'protocol' });
      expect(await pull(source, { url: 'file:///etc/passwd' }).end).toMatchObject({ reason: 'protocol' });
      expect(await pull(source, { url: 'http://127.0.0.1/x' }).end).toMatchObject({ reason: 'protocol' });
    });
  });
});

it('has found the tools that it names', () => {
  if (services.ffmpeg) expect(execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' })).toMatch(/^ffmpeg version/);
  else expect(kinds.find((k) => k.name === 'ffmpeg')?.missing).toBe(true);
});
