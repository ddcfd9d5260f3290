/** Our own RTSP client before cameras with habits, each a server on a real socket, and before GStreamer's server. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import type { Frame } from '../../src/contract/frame.js';
import type { FrameSource, RunEnd, StreamInfo } from '../../src/contract/frame-source.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createRtspFrameSource } from '../../src/ingest/adapters/rtsp-frame-source.js';
import { createRtspSession } from '../../src/ingest/adapters/rtsp-session.js';
import { packSenderReport } from '../../src/simulate/rtsp/rtp.js';
import { silentLog } from '../support/databases.js';
import { services, sharedFolder } from '../support/services.js';
import { badCamera, handshake, reply, someSdp, type BadCamera } from './support/bad-cameras.js';
import { interleaved, nalsOf, packetsOf, type PackOptions } from './support/rtp-packer.js';

const clock = new SystemClock();

interface Run {
  readonly frames: Frame[];
  readonly info: StreamInfo[];
  readonly end: Promise<RunEnd>;
  stop(): Promise<RunEnd>;
  until(count: number, withinMs?: number): Promise<void>;
}

function run(source: FrameSource, url: string, given: { username?: string; password?: string; sampleIntervalMs?: number; stallMs?: number } = {}): Run {
  const stopping = new AbortController();
  const frames: Frame[] = [];
  const info: StreamInfo[] = [];
  const { username = null, password = null, sampleIntervalMs = 200, stallMs = 6_000 } = given;
  const end = source.run({
    target: { cameraId: url, siteId: 'site', url, username, password, sampleIntervalMs, configVersion: 1 },
    runId: 'run', maxWidthPx: 320, connectTimeoutMs: 5_000, stallMs, signal: stopping.signal, onFrame: (f) => frames.push(f), onStream: (i) => info.push(i),
  });
  return {
    frames, info, end,
    stop: () => (stopping.abort(), end),
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

async function waitFor(what: () => boolean, withinMs = 5_000): Promise<void> {
  const startedMs = performance.now();
  while (!what()) {
    if (performance.now() - startedMs > withinMs) throw new Error('it did not happen');
    await sleep(10);
  }
}

describe('a session with a camera', () => {
  let source: FrameSource;
  const cameras: BadCamera[] = [];
  const bring = async (...args: Parameters<typeof badCamera>): Promise<BadCamera> => {
    const made = await badCamera(...args);
    cameras.push(made);
    return made;
  };
  beforeAll(() => {
    source = createRtspFrameSource({ clock, log: silentLog });
  });
  afterAll(async () => {
    await source.close();
    await Promise.all(cameras.map((c) => c.close()));
  });
  const line = (heard: string): string => heard.split('\r\n')[0] ?? '';

  it('asks for the video alone, at the address that it has reached, keeps alive at half the time and says goodbye', async () => {
    const sdp = ['v=0', 's=x', 'a=control:rtsp://u:p@10.99.99.99:554/elsewhere/', 'm=audio 0 RTP/AVP 0', 'a=control:audio', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:rtsp://10.99.99.99/elsewhere/video?x=1', ''].join('\r\n');
    const plain = handshake(() => undefined, sdp);
    const camera = await bring((request, socket) => {
      if (request.method === 'OPTIONS') socket.write(reply(request.cseq, '200 OK', ['Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER']));
      else if (request.method === 'SETUP') socket.write(reply(request.cseq, '200 OK', ['Transport: RTP/AVP/TCP;unicast;interleaved=4-5;ssrc= 1a', 'Session:  ab12 ; timeout=2']));
      else plain(request, socket);
    });
    const running = run(source, camera.url);
    await waitFor(() => camera.heard.filter((h) => h.startsWith('GET_PARAMETER')).length >= 2);
    await running.stop();
    await waitFor(() => camera.heard.some((h) => h.startsWith('TEARDOWN')));
    const host = camera.url.replace('/cam', '');
    expect(camera.heard.slice(0, 4).map(line)).toEqual([`OPTIONS ${camera.url} RTSP/1.0`, `DESCRIBE ${camera.url} RTSP/1.0`, `SETUP ${host}/elsewhere/video?x=1 RTSP/1.0`, `PLAY ${host}/elsewhere/ RTSP/1.0`]);
    for (const heard of camera.heard.slice(3)) expect(heard).toMatch(/^Session: ab12$/m);
    expect(camera.heard.filter((h) => h.startsWith('SETUP'))).toHaveLength(1);
    expect(camera.connections()).toBe(1);
  });

  it.each(['MD5', 'SHA-256'])('logs in once by Digest %s, takes a new nonce in between, and counts its answers', async (algorithm) => {
    const hash = (t: string): string => createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(t).digest('hex');
    const plain = handshake(() => undefined);
    const seen: string[] = [];
    let nonce = 'first';
    const camera = await bring((request, socket) => {
      if (request.method === 'OPTIONS') return plain(request, socket);
      const challenge = (stale: boolean): void => void socket.write(reply(request.cseq, '401 Unauthorized', [`WWW-Authenticate: Digest realm="cam", nonce="${nonce}", qop="auth", algorithm=${algorithm}${stale ? ', stale=true' : ''}`]));
      const of = (name: string): string => new RegExp(`${name}="?([^",\\s]+)`).exec(request.text)?.[1] ?? '';
      if (!/^Authorization: Digest/m.test(request.text)) return challenge(false);
      if (of('nonce') !== nonce) return challenge(true);
      const right = hash(`${hash('admin:cam:geheim')}:${nonce}:${of('nc')}:${of('cnonce')}:auth:${hash(`${request.method}:${of(' uri')}`)}`);
      if (of('response') !== right) return challenge(false);
      seen.push(`${request.method} ${of('nc')}`);
      if (request.method === 'SETUP') nonce = 'second';
      plain(request, socket);
    });
    const running = run(source, camera.url, { username: 'admin', password: 'geheim', stallMs: 800 });
    expect(await running.end).toMatchObject({ reason: 'stalled', detail: 'The camera sent no video for 800 ms.' });
    await waitFor(() => seen.length >= 4);
    expect(seen).toEqual(['DESCRIBE 00000001', 'SETUP 00000002', 'PLAY 00000001', 'TEARDOWN 00000002']);
    expect(camera.heard.join('')).not.toContain('geheim');
  });

  it('answers what the camera asks in between, and its packets before the answer to PLAY do no harm', async () => {
    const heard: string[] = [];
    const camera = await bring((request, socket) => {
      if (request.method !== 'PLAY') return handshake(() => undefined)(request, socket);
      socket.write(interleaved(0, packetsOf([Buffer.from([0x41, 0x9a, 1])], 1, 1, { codec: 'h264', mtu: 100 })[0]?.bytes ?? Buffer.alloc(0)));
      socket.write(reply(request.cseq, '200 OK', ['Session: 1']));
      socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 77\r\n\r\nBREW * RTSP/1.0\r\nCSeq: 78\r\n\r\n');
    }, (socket) => socket.on('data', (d: Buffer) => heard.push(d.toString('latin1'))));
    const running = run(source, camera.url);
    await waitFor(() => /200 OK\r\nCSeq: 77/.test(heard.join('')) && /501 Not Implemented\r\nCSeq: 78/.test(heard.join('')));
    expect((await running.stop()).reason).toBe('stopped');
  });

  it('ends when the camera says goodbye, ends the session or sends us away', async () => {
    const location = (url: string): string => `REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: ${url}\r\n\r\n`;
    const cases: [string, string, (socket: net.Socket) => void][] = [
      ['goodbye', 'closed', (s) => s.write(interleaved(1, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 1])))],
      ['TEARDOWN', 'closed', (s) => s.write('TEARDOWN * RTSP/1.0\r\nCSeq: 1\r\n\r\n')],
      ['to another host', 'refused', (s) => s.write(location('rtsp://127.0.0.3/x'))],
      ['to itself', 'closed', (s) => s.write(location('rtsp://127.0.0.1/x'))],
    ];
    for (const [what, reason, act] of cases) {
      const camera = await bring(handshake(act));
      expect((await run(source, camera.url).end).reason, what).toBe(reason);
    }
  });

  it('reports what it received every ten seconds, and leaves no timer behind', async () => {
    const simulated = new SimulatedClock();
    const heard: Buffer[] = [];
    let packets = 0;
    const camera = await bring(handshake((socket) => {
      for (const sequence of [65_534, 65_535, 0]) socket.write(interleaved(0, packetsOf([Buffer.from([0x41, 0x9a])], 1, sequence, { codec: 'h264', mtu: 100 })[0]?.bytes ?? Buffer.alloc(0)));
    }), (socket) => socket.on('data', (d: Buffer) => heard.push(d)));
    const session = createRtspSession({ url: camera.url, address: new URL(camera.url), credentials: null, clock: simulated, onTrack: () => undefined, onRtp: () => (packets += 1), onReport: () => undefined, onBytes: () => undefined, onEnd: () => undefined });
    expect(await session.open()).toEqual({ status: 'playing' });
    await waitFor(() => packets === 3);
    const reports = (): Buffer[] => heard.flatMap((d) => (d[0] === 0x24 ? [d] : []));
    await simulated.advance(9_900);
    expect(reports()).toHaveLength(0);
    for (const count of [1, 2]) {
      await simulated.advance(10_000);
      await waitFor(() => reports().length >= count);
    }
    const [report] = reports();
    expect([report?.[1], report?.[5], report?.readUInt32BE(12), report?.readUInt32BE(20)]).toEqual([1, 201, 0xcafe, 0x1_0000]);
    session.close();
    await waitFor(() => simulated.pendingTimers === 0);
  });

  it('follows a redirect within the same host, without credentials in it, and not for ever', async () => {
    const real = await bring(handshake((s) => s.end()));
    const sender = await bring(({ cseq, method }, socket) => void socket.write(method === 'DESCRIBE' ? reply(cseq, '302 Found', [`Location: ${real.url.replace('rtsp://', 'rtsp://u:secret@')}`]) : reply(cseq, '200 OK')));
    expect((await run(source, sender.url).end).reason).toBe('closed');
    expect(line(real.heard[1] ?? '')).toBe(`DESCRIBE ${real.url} RTSP/1.0`);
    const loop: BadCamera = await bring(({ cseq, method }, socket) => void socket.write(method === 'DESCRIBE' ? reply(cseq, '302 Found', [`Location: ${loop.url}`]) : reply(cseq, '200 OK')));
    expect(await run(source, loop.url).end).toMatchObject({ reason: 'protocol' });
    expect(loop.connections()).toBeLessThanOrEqual(5);
  });

  it('names what it cannot read, or hands it to the source that can', async () => {
    const mjpeg = someSdp.replace('RTP/AVP 96', 'RTP/AVP 26').replace(/a=rtpmap.*\r\n/, '');
    const camera = await bring(handshake(() => undefined, mjpeg));
    expect(await run(source, camera.url).end).toMatchObject({ reason: 'not-found', detail: 'The camera sends JPEG, neither H.264 nor H.265.' });
    const others: FrameSource = { run: () => Promise.resolve({ reason: 'closed', detail: 'the other', frames: 1, dropped: 0, bytes: 1 }), close: () => Promise.resolve() };
    const auto = createRtspFrameSource({ clock, log: silentLog, others });
    expect(await run(auto, camera.url).end).toMatchObject({ detail: 'the other' });
    await auto.close();
  });

  it('connects to numeric addresses only, and says so when the camera sends otherwise than over TCP', async () => {
    expect(await run(source, 'rtsp://localhost:1/x').end).toMatchObject({ reason: 'refused' });
    const plain = handshake(() => undefined);
    for (const answer of [['461 Unsupported Transport', ''], ['200 OK', 'RTP/AVP;unicast;client_port=1-2'], ['200 OK', 'RTP/AVP/TCP;interleaved=900-901']] as const) {
      const camera = await bring((request, socket) => {
        if (request.method === 'SETUP') socket.write(reply(request.cseq, answer[0], answer[1] ? [`Transport: ${answer[1]}`] : []));
        else plain(request, socket);
      });
      expect((await run(source, camera.url).end).reason).toBe('protocol');
    }
  });

  it('ends when a camera that does not read asks without end', async () => {
    const camera = await bring(handshake((socket) => {
      socket.pause();
      const ask = Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(2_000));
      const more = (): void => {
        while (!socket.destroyed && socket.write(ask));
      };
      socket.on('drain', more);
      more();
    }));
    const end = await run(source, camera.url, { stallMs: 8_000 }).end;
    expect(['protocol', 'stalled']).toContain(end.reason);
  }, 20_000);
});

/** Units of a real encoder, packed as one wishes. */
describe.skipIf(!services.ffmpeg)('real units, by ffmpeg', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-units-'));
  const cameras: BadCamera[] = [];
  let source: FrameSource;
  beforeAll(() => {
    source = createRtspFrameSource({ clock, log: silentLog });
  });
  afterAll(async () => {
    await source.close();
    await Promise.all(cameras.map((c) => c.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const encode = (name: string, x264: string): Buffer[][] => {
    const file = path.join(folder, `${name}.h264`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10', '-t', '4', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-x264-params', `aud=1:scenecut=0:${x264}`, file]);
    const units: Buffer[][] = [];
    for (const nal of nalsOf(readFileSync(file))) {
      if (((nal[0] ?? 0) & 0x1f) === 9) units.push([]);
      else units.at(-1)?.push(nal);
    }
    return units;
  };

  /** Plays units at 20 a second for ever. */
  const play = async (units: readonly Buffer[][], packing: Partial<PackOptions> & { channel?: number; sdp?: string; reports?: boolean; cut?: number } = {}): Promise<BadCamera> => {
    const { channel = 0, sdp = someSdp, reports = false, cut = 100_000 } = packing;
    const plain = handshake((socket) => {
      let n = 0;
      let sequence = 65_000;
      const timer = setInterval(() => {
        const timestamp = (0xffff_0000 + n * 4_500) % 2 ** 32;
        const packets = packetsOf(units[n % units.length] ?? [], timestamp, sequence, { codec: 'h264', mtu: 900, ...packing });
        sequence = (sequence + packets.length) & 0xffff;
        if (reports && n % 20 === 0) socket.write(packSenderReport({ channel: channel + 1, ssrc: 0xcafe, wallMs: Date.now() - 3_600_000, timestamp, packets: n, octets: n, cname: 'c' }));
        const bytes = Buffer.concat(packets.map((p) => interleaved(channel, p.bytes)));
        for (let at = 0; at < bytes.length; at += cut) socket.write(bytes.subarray(at, at + cut));
        n += 1;
      }, 50);
      socket.on('close', () => clearInterval(timer));
    }, sdp);
    const camera = await badCamera((request, socket) => {
      if (request.method === 'SETUP') socket.write(reply(request.cseq, '200 OK', [`Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`, 'Session: 1']));
      else plain(request, socket);
    });
    cameras.push(camera);
    return camera;
  };

  it('of several slices are decoded whole, whatever the packing', async () => {
    const units = encode('slices', 'keyint=10:slices=4');
    const packings = [{}, { aggregate: true, channel: 6 }, { markAll: true }, { noMarker: true, padding: 5, extension: true, sources: 2 }, { mtu: 60_000, cut: 333 }, { reports: true }];
    await Promise.all(packings.map(async (packing) => {
      const running = run(source, (await play(units, packing)).url);
      await running.until(4);
      const end = await running.stop();
      expect(end.reason, JSON.stringify(packing)).toBe('stopped');
      expect(running.info).toEqual([{ codec: 'h264', widthPx: 320, heightPx: 240, fps: null }]);
      for (const frame of running.frames) {
        expect(frame.rgb).toHaveLength(320 * 240 * 3);
        if ('reports' in packing) expect(Math.abs(frame.receivedAtMs - (frame.capturedAtMs ?? 0) - 3_600_000)).toBeLessThan(500);
        else expect(frame.capturedAtMs).toBeNull();
      }
    }));
  }, 30_000);

  it('without parameter sets are decoded with those of the description, and not without', async () => {
    const units = encode('bare', 'keyint=10');
    const sets = (units[0] ?? []).filter((n) => [7, 8].includes((n[0] ?? 0) & 0x1f));
    const bare = units.map((u) => u.filter((n) => ![7, 8].includes((n[0] ?? 0) & 0x1f)));
    const described = someSdp.replace('packetization-mode=1', `packetization-mode=1;sprop-parameter-sets=${sets.map((s) => s.toString('base64')).join()}`);
    const running = run(source, (await play(bare, { sdp: described })).url);
    await running.until(2);
    await running.stop();
    expect((await run(source, (await play(bare)).url, { stallMs: 2_000 }).end).reason).toBe('corrupt');
  }, 30_000);

  it('of a stream that is refreshed bit by bit and never sends a key frame: everything is decoded', async () => {
    const units = encode('refresh', 'keyint=10:intra-refresh=1').slice(1);
    expect(units.flat().some((n) => ((n[0] ?? 0) & 0x1f) === 5)).toBe(false);
    const sets = encode('refresh', 'keyint=10:intra-refresh=1')[0]?.filter((n) => [7, 8].includes((n[0] ?? 0) & 0x1f)) ?? [];
    const described = someSdp.replace('packetization-mode=1', `packetization-mode=1;sprop-parameter-sets=${sets.map((s) => s.toString('base64')).join()}`);
    const running = run(source, (await play(units, { sdp: described })).url, { sampleIntervalMs: 200, stallMs: 8_000 });
    await running.until(5);
    expect((await running.stop()).reason).toBe('stopped');
  }, 30_000);
});

const gstreamer = services.ffmpeg && existsSync(path.join(sharedFolder, 'testbed/rtsp_serve.py')) && spawnSync('/usr/bin/python3', ['-c', "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"]).status === 0;

describe.skipIf(!gstreamer)("GStreamer's server, with its test bed beside the checkout", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-gst-'));
  let server: ChildProcess;
  let port = '';
  beforeAll(async () => {
    const codecs = [['h264', 'libx264', 'keyint=10:min-keyint=10'], ['h265', 'libx265', 'keyint=10:min-keyint=10:bframes=0:log-level=error']] as const;
    for (const [name, encoder, params] of codecs) {
      execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=10', '-t', '6', '-pix_fmt', 'yuv420p', '-c:v', encoder, '-preset', 'ultrafast', '-bf', '0', name === 'h264' ? '-x264-params' : '-x265-params', params, path.join(folder, `${name}.mp4`)]);
    }
    port = String(20_000 + (process.pid % 20_000));
    server = spawn('/usr/bin/python3', [path.join(sharedFolder, 'testbed/rtsp_serve.py'), '--port', port, '--mount', `h264=${folder}/h264.mp4`, '--mount', `h265=${folder}/h265.mp4`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      server.stdout?.on('data', (d: Buffer) => /READY/.test(d.toString()) && resolve());
      server.once('exit', () => reject(new Error('the test bed did not start')));
    });
  }, 60_000);
  afterAll(async () => {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([['h264', 'h264'], ['h265', 'hevc']])('gives %s', async (mount, codec) => {
    const source = createRtspFrameSource({ clock, log: silentLog });
    const running = run(source, `rtsp://127.0.0.1:${port}/${mount}`, { sampleIntervalMs: 500 });
    try {
      await running.until(4);
      expect(running.info[0]).toMatchObject({ codec, widthPx: 640, heightPx: 360 });
      // The server sends its first report after a few seconds, not always as many.
      await waitFor(() => running.frames.some((f) => f.capturedAtMs !== null), 20_000);
      for (const f of running.frames) if (f.capturedAtMs !== null) expect(Math.abs(f.capturedAtMs - f.receivedAtMs)).toBeLessThan(60_000);
    } finally {
      expect(await running.stop()).toMatchObject({ reason: 'stopped', dropped: 0 });
      await source.close();
    }
  }, 60_000);
});

