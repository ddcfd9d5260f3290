/** The detector over a real inference thread and real weights, where these are here. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxDetector, type OnnxDetectorOptions } from '../../src/analyse/adapters/onnx-detector.js';
import { loadManifest } from '../../src/analyse/models.js';
import type { ModelEntry } from '../../src/analyse/models.js';
import type { Detector } from '../../src/contract/detector.js';
import { SystemClock } from '../../src/core/clock.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { services, sharedFolder } from '../support/services.js';

const root = path.resolve(import.meta.dirname, '../..');
/** beside node_modules, so that the compiled thread finds its packages */
const out = path.join(root, 'node_modules/.cache', `hedgerow-inference-${process.pid}`);
const models = path.join(sharedFolder, 'models');
let entries: readonly ModelEntry[];

beforeAll(async () => {
  entries = (await loadManifest(path.join(root, 'models'))).models;
  await build({ root, logLevel: 'error', configFile: false, build: { ssr: 'workers/inference.ts', outDir: out, emptyOutDir: true, rollupOptions: { output: { entryFileNames: 'inference.mjs' } } } });
  await mkdir(out, { recursive: true });
  // A thread that says it is ready, then dies at the first frame, or never answers.
  await writeFile(path.join(out, 'dies.mjs'), "import { parentPort } from 'node:worker_threads';\nparentPort.on('message', (m) => (m.type === 'start' ? parentPort.postMessage({ type: 'ready', warmUpMs: 1 }) : process.exit(3)));\n");
  await writeFile(path.join(out, 'hangs.mjs'), "import { parentPort } from 'node:worker_threads';\nparentPort.on('message', (m) => { if (m.type === 'start') parentPort.postMessage({ type: 'ready', warmUpMs: 1 }); });\n");
  await writeFile(path.join(out, 'lies.mjs'), "import { parentPort } from 'node:worker_threads';\nparentPort.on('message', (m) => parentPort.postMessage(m.type === 'start' ? { type: 'ready', warmUpMs: 1 } : { type: 'detected', id: m.id, inferenceMs: 1, detections: [{ class: 'face', score: 1, xPx: 0, yPx: 0, widthPx: 1, heightPx: 1 }] }));\n");
});
afterAll(() => rm(out, { recursive: true, force: true }));

function options(change: Partial<OnnxDetectorOptions> & { thread?: string; name?: string } = {}): OnnxDetectorOptions {
  const model = entries.find((m) => m.name === (change.name ?? 'nanodet-plus-m-1.5x')) as ModelEntry;
  return {
    model, file: path.join(models, model.file), threads: 1, workerUrl: pathToFileURL(path.join(out, change.thread ?? 'inference.mjs')),
    clock: new SystemClock(), log: createLogger('silent'), metrics: createMetrics(), ...change,
  };
}

const grey = { rgb: new Uint8Array(64 * 48 * 3).fill(90), widthPx: 64, heightPx: 48 };

describe.skipIf(!services.models || !services.media)('with real weights (skipped when ../shared is absent)', () => {
  it.each([
    ['nanodet-plus-m-1.5x', 'nanodetPlus', 0.3],
    ['yolox-nano', 'yoloxNano', 0.25],
  ])('%s gives the expected boxes on a known picture', async (name, key, minScore) => {
    const detector = await createOnnxDetector(options({ name }));
    const golden = JSON.parse(await readFile(path.join(models, 'golden.json'), 'utf8')) as Record<string, Record<string, { cls: string; score: number; x: number; y: number; w: number; h: number }[]>>;
    try {
      for (const picture of ['crosswalk_faces_800x564.jpg']) {
        const { data, info } = await sharp(path.join(sharedFolder, 'media/img', picture)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
        const outcome = await detector.detect({ cameraId: 'a', rgb: data, widthPx: info.width, heightPx: info.height }, minScore);
        if (outcome.status !== 'ok') throw new Error(JSON.stringify(outcome));
        const strong = (golden[picture]?.[key] ?? []).filter((g) => g.score >= 0.45);
        expect(strong.length).toBeGreaterThan(5);
        for (const g of strong) {
          // nanodet runs at the frame's aspect here, the golden numbers are of a square input: a little apart
          const near = outcome.detections.some((d) => d.class === 'person' && Math.abs(d.xPx - g.x) < 14 && Math.abs(d.yPx - g.y) < 14 && Math.abs(d.widthPx - g.w) < 24 && Math.abs(d.score - g.score) < 0.25);
          expect(near, JSON.stringify(g)).toBe(true);
        }
        expect(outcome.detections.every((d) => d.xPx >= 0 && d.yPx >= 0 && d.xPx + d.widthPx <= info.width + 0.01 && d.yPx + d.heightPx <= info.height + 0.01)).toBe(true);
      }
      expect(detector.info).toEqual({ name, modelHash: entries.find((m) => m.name === name)?.sha256 });
    } finally {
      await detector.close();
    }
  });

  it('copies the frame, keeps only the newest of a camera, and answers the others', async () => {
    const detector = await createOnnxDetector(options());
    const rgb = new Uint8Array(grey.rgb);
    const calls = [0, 1, 2, 3].map(() => detector.detect({ cameraId: 'a', ...grey, rgb }, 0.2));
    const other = detector.detect({ cameraId: 'b', ...grey }, 0.2);
    expect(rgb.length).toBe(64 * 48 * 3);
    expect((await Promise.all(calls)).map((o) => o.status)).toEqual(['ok', 'dropped', 'dropped', 'ok']);
    expect((await other).status).toBe('ok');
    expect((await detector.detect({ cameraId: 'a', ...grey, widthPx: 65 }, 0.2)).status).toBe('failed');
    await detector.close();
    expect((await detector.detect({ cameraId: 'a', ...grey }, 0.2)).status).toBe('failed');
  });

  it('refuses a file that is not the one of the manifest, and a model of another family', async () => {
    await expect(createOnnxDetector(options({ file: path.join(models, 'adversary_face_yunet_n_640.onnx') }))).rejects.toMatchObject({ code: 'model.refused' });
    const nano = entries.find((m) => m.name === 'yolox-nano') as ModelEntry;
    await expect(createOnnxDetector(options({ model: { ...nano, decoder: 'nanodet-plus' }, file: path.join(models, nano.file) }))).rejects.toMatchObject({ code: 'model.refused' });
  });
});

describe('a thread that fails', () => {
  const detect = (d: Detector) => d.detect({ cameraId: 'a', ...grey }, 0.2);

  it('that dies fails what waits, and is started again after a pause', async () => {
    const clock = new SimulatedClock();
    const detector = await createOnnxDetector(options({ thread: 'dies.mjs', clock }));
    const [first, second] = await Promise.all([detect(detector), detector.detect({ cameraId: 'b', ...grey }, 0.2)]);
    expect([first.status, second.status]).toEqual(['failed', 'failed']);
    expect(await detect(detector)).toMatchObject({ status: 'failed', detail: expect.stringContaining('started again') as string });
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1_000);
    const deadline = new SystemClock();
    for (let i = 0; i < 100; i++) {
      await deadline.sleep(20);
      const outcome = await detect(detector);
      if (outcome.status === 'failed' && outcome.detail.includes('code 3')) break;
      expect(i).toBeLessThan(99);
    }
    await detector.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('that hangs is given up after a time', async () => {
    const clock = new SimulatedClock();
    const detector = await createOnnxDetector(options({ thread: 'hangs.mjs', clock }));
    const outcome = detect(detector);
    await clock.advance(15_000);
    expect(await outcome).toMatchObject({ status: 'failed', detail: 'no answer within 15000 ms' });
    await detector.close();
  });

  it('that names another class is not believed', async () => {
    const clock = new SimulatedClock();
    const detector = await createOnnxDetector(options({ thread: 'lies.mjs', clock }));
    expect(await detect(detector)).toMatchObject({ status: 'failed', detail: 'the thread sent a message of another form' });
    await detector.close();
  });

  it('that does not exist is `model.failed`', async () => {
    await expect(createOnnxDetector(options({ thread: 'absent.mjs' }))).rejects.toMatchObject({ code: 'model.failed' });
  });
});
