/**
 * DESIGN section 2, line 2: a frame as the camera sent it lives only in memory. A simulated village whose walkers and cars
 * carry a known pattern runs for thousands of samples; afterwards nothing that it wrote (pictures, database files, queue,
 * log) holds the pattern, a piece of a coded key frame, or a piece of a decoded one.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Camera } from '../../src/contract/camera.js';
import type { Frame } from '../../src/contract/frame.js';
import type { Page } from '../../src/contract/page.js';
import { SystemClock } from '../../src/core/clock.js';
import { createNodeAvFrameSource } from '../../src/ingest/adapters/node-av-frame-source.js';
import { detectWatermark, watermarkThreshold } from '../../src/simulate/scene/watermark.js';
import { startVillage, type Village } from '../../src/simulate/village.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { decodeFilm } from '../support/reel-film.js';
import { apiOf, eventually, startProgram, temporaryFolder, type Program } from '../support/program.js';

const cameraCount = 32;
const wantedSamples = 2_000;
const { folder: data, remove } = temporaryFolder('hedgerow-watermark-');
let program: Program;
let twin: Village;
/** frames of the same loops, taken beside the program: what must not be found */
const frames: Frame[] = [];

const clock = new SystemClock();
const log = createLogger('silent');

/** The village's loops are the same on every run, so a twin beside the program sends the same frames. */
async function collectFrames(): Promise<void> {
  twin = await startVillage({ cameras: 1, video: null, host: '127.0.0.1', discovery: false, controlPort: 0, clock, log, watermark: true });
  await twin.contentComplete;
  const source = createNodeAvFrameSource({ clock, log });
  const camera = twin.cameras[0];
  if (!camera) throw new Error('the twin has no camera');
  const stop = new AbortController();
  const target = { cameraId: 'twin', siteId: 'twin', url: camera.rtspUrl, username: camera.username, password: camera.password, sampleIntervalMs: 1000, configVersion: 1 };
  const run = source.run({ target, runId: 'twin', maxWidthPx: 640, connectTimeoutMs: 5_000, stallMs: 15_000, signal: stop.signal, onFrame: (frame) => frames.push({ ...frame, rgb: frame.rgb.slice() }) });
  await eventually(() => Promise.resolve(frames.length >= 62), 90_000, 'one loop of frames');
  stop.abort();
  await run;
  await source.close();
}

beforeAll(async () => {
  const config = path.join(data, 'config.yaml');
  writeFileSync(config, 'simulate: { watermark: true, discovery: false, basePort: 0 }\nanalyse: { detector: "off", quietPictureMs: 4000, busyPictureMs: 500 }\nlog: { level: debug }\n');
  program = await startProgram(['--config', config, 'up', '--demo', String(cameraCount)], { data, env: { HEDGEROW_LOG_LEVEL: 'debug' } });
  await collectFrames();
  const api = apiOf(program.url);
  await eventually(
    async () => {
      const metrics = Buffer.from((await api.bytes('/metrics')).bytes).toString();
      return Number(/hedgerow_frames_total (\d+)/.exec(metrics)?.[1] ?? 0) >= wantedSamples;
    },
    240_000,
    `${wantedSamples} samples`,
  );
  const pictured = async (): Promise<boolean> => (await api.get<Page<Camera>>('/api/v1/cameras')).items.filter((c) => c.newestPictureId).length > cameraCount / 2;
  await eventually(pictured, 180_000, 'pictures of most cameras');
  // One more loop, so that walkers cross pictures that are shown.
  await new Promise((resolve) => setTimeout(resolve, 45_000));
  // Stopped, so that what is on the disk holds still while it is searched.
  await program.stop();
}, 480_000);

afterAll(async () => {
  await twin.close();
  if (!process.env['KEEP']) remove();
});

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((f) => path.join(folder, f)).filter((f) => statSync(f).isFile());

describe('no frame leaves the process that analyses it', () => {
  let marked: { frame: Frame; xPx: number; yPx: number }[] = [];

  it('the search bites: the pattern is in what the cameras send', () => {
    marked = frames.map((frame) => ({ frame, ...detectWatermark(frame.rgb, frame.widthPx, frame.heightPx) })).filter((m) => m.score >= watermarkThreshold);
    expect(marked.length).toBeGreaterThan(3);
  });

  it('no stored picture shows the pattern', async () => {
    const pictures = filesOf(path.join(data, 'objects')).filter((f) => f.endsWith('.jpg'));
    expect(pictures.length).toBeGreaterThan(100);
    // Every picture in which something was masked is worth a look; a spread of them keeps the time in bounds.
    const step = Math.max(1, Math.floor(pictures.length / 200));
    for (let i = 0; i < pictures.length; i += step) {
      const { data: rgb, info } = await sharp(pictures[i]).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      expect(detectWatermark(rgb, info.width, info.height).score, pictures[i]).toBeLessThan(watermarkThreshold);
    }
  }, 180_000);

  it('no reel shows the pattern', async () => {
    const reels = filesOf(path.join(data, 'objects')).filter((f) => f.endsWith('.webm'));
    expect(reels.length).toBeGreaterThan(3);
    for (const file of reels.slice(0, 8)) {
      for (const { luma, widthPx, heightPx } of (await decodeFilm(readFileSync(file))).frames) {
        const grey = Uint8Array.from({ length: luma.length * 3 }, (_, i) => luma[Math.floor(i / 3)] as number);
        expect(detectWatermark(grey, widthPx, heightPx).score, file).toBeLessThan(watermarkThreshold);
      }
    }
  }, 180_000);

  it('no file holds a piece of a decoded frame, in any common form', () => {
    const needles = marked.slice(0, 12).flatMap(({ frame, xPx, yPx }) => {
      const at = ((yPx + 20) * frame.widthPx + xPx) * 3;
      const piece = Buffer.from(frame.rgb.subarray(at, at + 96));
      return [piece, Buffer.from(piece.toString('base64').slice(4, 60)), Buffer.from(piece.toString('hex').slice(0, 60))];
    });
    expect(needles.length).toBeGreaterThan(9);
    const hits: string[] = [];
    for (const file of filesOf(data)) {
      const content = readFileSync(file);
      if (needles.some((n) => content.includes(n))) hits.push(file);
    }
    const written = Buffer.from(program.output());
    if (needles.some((n) => written.includes(n))) hits.push('the log');
    expect(hits).toEqual([]);
  }, 120_000);

  it('nothing it wrote is an unmasked image: the only media files are pictures and reels below objects/', () => {
    const media = filesOf(data).filter((file) => {
      if (file.startsWith(path.join(data, 'objects'))) return !/^(pictures\/.*\.jpg|reels\/.*\.webm)$/.test(path.relative(path.join(data, 'objects'), file));
      const head = readFileSync(file).subarray(0, 64);
      return head.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) || head.includes('ftyp') || head.subarray(0, 4).equals(Buffer.from([0, 0, 0, 1])) || head.subarray(1, 4).toString() === 'PNG';
    });
    expect(media).toEqual([]);
    expect(program.output()).not.toMatch(/data:image|\/9j\/4AA/);
  });
});
