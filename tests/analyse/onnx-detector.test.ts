/** The detector over a real inference thread and real weights, where these are here. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxDetector, type OnnxDetectorOptions } from '../../src/analyse/adapters/onnx-detector.js';
import { drawProbePicture } from '../../src/analyse/adapters/probe-picture.js';
import { loadManifest } from '../../src/analyse/models.js';
import type { ModelEntry } from '../../src/analyse/models.js';
import type { DetectOutcome, Detector } from '../../src/contract/detector.js';
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
  // Threads that misbehave once they are ready, and one that does as it is told: it answers when a frame of another size comes.
  const thread = (name: string, onOther: string): Promise<void> =>
    writeFile(path.join(out, name), `import { parentPort } from 'node:worker_threads';\nconst say = (m) => parentPort.postMessage(m);\nlet held = [];\nparentPort.on('message', (m) => { if (m.type === 'start') say({ type: 'ready', provider: 'cpu', warmUpMs: 1 }); else { ${onOther} } });\n`);
  await thread('dies.mjs', 'process.exit(3)');
  await thread('hangs.mjs', '');
  await thread('lies.mjs', "say({ type: 'detected', id: m.frames[0].id, inferenceMs: 1, detections: [{ class: 'face', score: 1, xPx: 0, yPx: 0, widthPx: 1, heightPx: 1 }] })");
  await thread('probe-fails.mjs', "if (m.type === 'probe') say({ type: 'probed', detail: 'all is zero' })");
  // Keeps frames until one of 1 px width comes; tells the batch by the score.
  await thread('counts.mjs', "held.push(...m.frames.map((f) => ({ ...f, batch: m.frames.length }))); if (m.frames.some((f) => f.widthPx === 1)) { for (const f of held) say({ type: 'detected', id: f.id, inferenceMs: f.rgb[0], detections: [{ class: 'person', score: f.batch, xPx: 0, yPx: 0, widthPx: f.widthPx, heightPx: 1 }] }); held = []; }");
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
      expect(detector.info).toEqual({ name, modelHash: entries.find((m) => m.name === name)?.sha256, provider: 'cpu' });
    } finally {
      await detector.close();
    }
  });

  it('takes frames of any size in one go, leaves them as they are, and keeps only the newest of a camera', async () => {
    const detector = await createOnnxDetector(options());
    const rgb = new Uint8Array(grey.rgb);
    const street = drawProbePicture();
    // The first goes at once, the others wait for the busy thread.
    const calls = [0, 1, 2].map(() => detector.detect({ cameraId: 'a', ...grey, rgb }, 0.2));
    const others = [
      detector.detect({ cameraId: 'b', ...street }, 0.3),
      detector.detect({ cameraId: 'c', rgb: new Uint8Array(100 * 300 * 3), widthPx: 100, heightPx: 300 }, 0.2),
      detector.detect({ cameraId: 'd', ...grey, widthPx: 65 }, 0.2),
    ];
    expect((await Promise.all(calls)).map((o) => o.status)).toEqual(['ok', 'dropped', 'ok']);
    const [b, c, d] = await Promise.all(others);
    expect(b?.status === 'ok' && b.detections.map((x) => x.class)).toEqual(['person', 'person', 'vehicle']);
    expect(c).toMatchObject({ status: 'ok', detections: [] });
    expect(d).toMatchObject({ status: 'failed', detail: expect.stringContaining('bytes of its size') as string });
    expect(rgb).toEqual(grey.rgb);
    await detector.close();
    expect((await detector.detect({ cameraId: 'a', ...grey }, 0.2)).status).toBe('failed');
  });

  it('refuses a damaged file, a file of another model, and models of another family or with other labels', async () => {
    const entry = entries.find((m) => m.name === 'yolox-nano') as ModelEntry;
    const file = path.join(models, entry.file);
    const bytes = await readFile(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    const damaged = path.join(out, 'damaged.onnx');
    await writeFile(damaged, bytes);
    const hashed = async (model: ModelEntry, of: string): Promise<ModelEntry> => ({ ...model, sha256: createHash('sha256').update(await readFile(of)).digest('hex') });
    const face = path.join(models, 'adversary_face_yunet_n_640.onnx');
    const refused = (detail: string) => ({ code: 'model.refused', message: expect.stringContaining(detail) as string });
    await expect(createOnnxDetector(options({ model: entry, file: damaged }))).rejects.toMatchObject(refused('SHA-256 differs'));
    await expect(createOnnxDetector(options({ model: entry, file: face }))).rejects.toMatchObject(refused('SHA-256 differs'));
    // And if somebody wrote their hashes into the manifest:
    await expect(createOnnxDetector(options({ model: await hashed(entry, face), file: face }))).rejects.toMatchObject(refused('is no yolox model'));
    await expect(createOnnxDetector(options({ model: { ...entry, decoder: 'nanodet-plus' }, file }))).rejects.toMatchObject(refused('is no nanodet-plus model'));
    await expect(createOnnxDetector(options({ model: { ...entry, labels: { 0: 'car', 2: 'person' } }, file }))).rejects.toMatchObject(refused('does not find the person'));
    const text = path.join(out, 'text.onnx');
    await writeFile(text, 'no model at all');
    await expect(createOnnxDetector(options({ model: await hashed(entry, text), file: text }))).rejects.toMatchObject(refused('can load'));
    // The same form, other weights: nothing but the known picture tells.
    const others = entries.find((m) => m.name === 'nanodet-plus-m') as ModelEntry;
    const wanted = entries.find((m) => m.name === 'nanodet-plus-m-1.5x') as ModelEntry;
    await expect(createOnnxDetector(options({ model: { ...wanted, sha256: others.sha256 }, file: path.join(models, others.file) }))).rejects.toMatchObject(refused('something else than it should'));
  }, 60_000);

  it('refuses a provider that is not here, and says which are', async () => {
    for (const provider of ['openvino', 'cuda']) {
      await expect(createOnnxDetector(options({ providers: [provider, 'cpu'] }))).rejects.toMatchObject({
        code: 'model.provider', message: expect.stringMatching(new RegExp(`"${provider}".*This machine has: .*cpu`)) as string,
      });
    }
  }, 60_000);
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

  it('that no longer finds what it should on the known picture is ended, and serves again only after it has passed', async () => {
    const clock = new SimulatedClock();
    const metrics = createMetrics();
    const detector = await createOnnxDetector(options({ thread: 'probe-fails.mjs', clock, metrics, probeEveryMs: 1_000_000 }));
    expect((await metrics.detectorUp.get()).values[0]?.value).toBe(1);
    const waits = detect(detector);
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(2);
    // The thread owes an answer to the frame for too long as well: stop before that.
    await detector.close();
    expect((await waits).status).toBe('failed');

    const again = await createOnnxDetector(options({ thread: 'probe-fails.mjs', clock, metrics, probeEveryMs: 1_000 }));
    const open = detect(again);
    await clock.advance(1_000);
    expect(await open).toMatchObject({ status: 'failed', detail: expect.stringContaining('all is zero') as string });
    expect((await metrics.detectorUp.get()).values[0]?.value).toBe(0);
    expect(await detect(again)).toMatchObject({ status: 'failed', detail: expect.stringContaining('started again') as string });
    await again.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('that does not exist is `model.failed`', async () => {
    await expect(createOnnxDetector(options({ thread: 'absent.mjs' }))).rejects.toMatchObject({ code: 'model.failed' });
  });
});

describe('micro-batches', () => {
  const small = (cameraId: string, widthPx: number, value = 0) => ({ cameraId, rgb: new Uint8Array(widthPx * 3).fill(value), widthPx, heightPx: 1 });
  /** frames of the message that each went in */
  const batchOf = (o: DetectOutcome) => (o.status === 'ok' ? o.detections[0]?.score : o.status);

  it('a lone frame goes at once; while the thread is busy others gather, until their time or a full batch', async () => {
    const clock = new SimulatedClock();
    const detector = await createOnnxDetector(options({ thread: 'counts.mjs', clock, batch: { max: 3, waitMs: 5 } }));
    const first = detector.detect(small('a', 2), 0.2);
    const gathered = [detector.detect(small('b', 3), 0.2), detector.detect(small('c', 4), 0.2)];
    await clock.advance(4);
    const late = detector.detect(small('c', 5, 9), 0.2);
    await clock.advance(1);
    // Two batches are out: these wait for an answer, however long.
    const rest = [detector.detect(small('d', 2), 0.2), detector.detect(small('e', 2), 0.2), detector.detect(small('f', 2), 0.2), detector.detect(small('g', 2), 0.2)];
    await clock.advance(1_000);
    await detector.close();
    expect(await Promise.all(rest.map(async (o) => (await o).status))).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect([(await first).status, (await gathered[1] as DetectOutcome).status, (await late).status]).toEqual(['failed', 'dropped', 'failed']);
  });

  it('frames of several sizes come back to who sent them, and the memory is used again', async () => {
    const clock = new SimulatedClock();
    const detector = await createOnnxDetector(options({ thread: 'counts.mjs', clock, batch: { max: 3, waitMs: 5 } }));
    for (let round = 0; round < 3; round++) {
      const outcomes = [detector.detect(small('a', 1, round + 1), 0.2), detector.detect(small('b', 70_000, 5), 0.2), detector.detect(small('c', 7, 6), 0.2), detector.detect(small('d', 1, 7), 0.2)];
      const answers = await Promise.all(outcomes);
      expect(answers.map(batchOf)).toEqual([1, 3, 3, 3]);
      expect(answers.map((o) => o.status === 'ok' && [o.detections[0]?.widthPx, o.inferenceMs])).toEqual([[1, round + 1], [70_000, 5], [7, 6], [1, 7]]);
    }
    await detector.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
