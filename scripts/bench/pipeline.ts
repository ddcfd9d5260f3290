/**
 * The whole pipeline (gate, letterbox, inference, mask, encode; every frame inferred) against the bare model
 *
 * Both in this process, with the same number of inference threads, in alternating windows. `bare` = `session.run` on prepared tensors
 * of the same sizes, nothing else. Then: cameras per core at 1 frame a second with the gate on. Read the ratios.
 */
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { families } from '../../src/analyse/adapters/decoders.js';
import { createLetterbox, inputHeightPx } from '../../src/analyse/adapters/letterbox.js';
import { createOnnxDetector } from '../../src/analyse/adapters/onnx-detector.js';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { loadManifest, locateModel } from '../../src/analyse/models.js';
import { loadConfig } from '../../src/config/load.js';
import type { Detector } from '../../src/contract/detector.js';
import { SystemClock, type Clock } from '../../src/core/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { cpuSeconds, frameAt, loadClips, median, threadSeconds, threadsSince, type Clip } from './pipeline-media.js';

const { values: args } = parseArgs({
  options: {
    media: { type: 'string', default: '../shared/media' },
    models: { type: 'string', default: '../shared/models' },
    model: { type: 'string' },
    only: { type: 'string', default: '' },
    cameras: { type: 'string', default: '6' },
    threads: { type: 'string', default: '1' },
    'batch-max': { type: 'string', default: '4' },
    'batch-wait': { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '7' },
    'learn-samples': { type: 'string', default: '80' },
    'gate-samples': { type: 'string', default: '60' },
    worker: { type: 'string', default: 'dist/workers/inference.js' },
    json: { type: 'boolean', default: false },
  },
});
const goal = 0.85;
const threads = Number(args.threads);
const windowMs = Number(args.seconds) * 1000;
const config = loadConfig({ packageFolder: '.', env: {} }).config.analyse;
const located = await locateModel(await loadManifest('models'), args.model ?? config.model, [args.models, 'models']);
if (located.status !== 'ready') {
  console.error(located.status === 'missing' ? `no weights: ${located.todo}` : located.detail);
  process.exit(2);
}
const { entry, file } = located;
const clips = await loadClips(args.media, args.only, Number(args.cameras), 640, 30);
const log = createLogger('error');
const metrics = createMetrics();
const system = new SystemClock();

const real = await createOnnxDetector({
  model: entry, file, threads, batch: { max: Number(args['batch-max']), waitMs: Number(args['batch-wait']) },
  workerUrl: new URL(`file://${path.resolve(args.worker)}`), clock: system, log, metrics,
});
let inferences = 0;
let inferenceMs = 0;
const detector: Detector = {
  ...real,
  async detect(frame, minScore) {
    const outcome = await real.detect(frame, minScore);
    if (outcome.status !== 'ok') throw new Error(`the detector: ${JSON.stringify(outcome)}`);
    inferences++;
    inferenceMs += outcome.inferenceMs;
    return outcome;
  },
};

/** Scene time: one second a frame of each camera, whatever the machine does. */
let sceneMs = 1_700_000_000_000;
const sceneClock: Clock = { nowMs: () => sceneMs, monotonicMs: () => sceneMs, after: () => () => undefined, sleep: () => Promise.reject(new Error('the analyst waits for nothing')) };
const analyst = createAnalyst({ config, detector, clock: sceneClock, log, metrics });

interface Lane {
  readonly clip: Clip;
  at: number;
  ready: boolean;
  made: number;
}
const lanes: Lane[] = clips.map((clip) => ({ clip, at: 0, ready: false, made: 0 }));

async function step(lane: Lane, wanted: boolean): Promise<void> {
  const { clip } = lane;
  sceneMs += 1000 / lanes.length;
  const sample = await analyst.analyse(
    { cameraId: clip.name, runId: 'bench', sequence: lane.at, widthPx: clip.widthPx, heightPx: clip.heightPx, rgb: frameAt(clip, lane.at++), capturedAtMs: null, receivedAtMs: sceneMs },
    { cameraId: clip.name, siteId: 'bench', requireDetector: true, sampleIntervalMs: 60_000, zones: [], viewVersion: 1, configVersion: 1 },
    () => wanted,
  );
  if (sample === 'dropped') throw new Error('a sample was dropped');
  lane.ready = sample.pictureStatus === 'ready';
  if (sample.picture.status === 'made') lane.made++;
}

console.error(`learning ${lanes.length} scenes`);
await Promise.all(lanes.map(async (lane) => {
  for (let i = 0; i < Number(args['learn-samples']); i++) await step(lane, true);
}));

const family = families[entry.decoder];
const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3 });
const tensors = clips.map((clip) => {
  const heightPx = inputHeightPx(entry.input.widthPx, entry.input.heightPx, clip.widthPx, clip.heightPx);
  const { data, box } = createLetterbox(clip.widthPx, clip.heightPx, entry.input.widthPx, heightPx, family.norm);
  box(frameAt(clip, 0));
  return { [family.inputName]: new ort.Tensor('float32', data, [1, 3, heightPx, entry.input.widthPx]) };
});
for (const tensor of tensors) await session.run(tensor);

interface Window {
  readonly perSecond: number;
  readonly inferencesPerSecond: number;
  readonly cpuMs: number;
  readonly inferenceMs: number;
  /** CPU of the inference thread by inference, of the main thread and of all others by frame */
  readonly threadCpuMs: number;
  readonly mainCpuMs: number;
  readonly restCpuMs: number;
}

async function pipelineWindow(): Promise<Window> {
  const [startMs, cpu, before, msBefore] = [performance.now(), cpuSeconds(), inferences, inferenceMs];
  const tasks = threadSeconds();
  let frames = 0;
  await Promise.all(lanes.map(async (lane) => {
    while (performance.now() - startMs < windowMs) {
      await step(lane, true);
      frames++;
    }
  }));
  const seconds = (performance.now() - startMs) / 1000;
  const count = inferences - before;
  const { main, busiest, rest } = threadsSince(tasks);
  return { threadCpuMs: (busiest * 1000) / count, mainCpuMs: (main * 1000) / frames, restCpuMs: (rest * 1000) / frames, perSecond: frames / seconds, inferencesPerSecond: count / seconds, cpuMs: ((cpuSeconds() - cpu) * 1000) / frames, inferenceMs: (inferenceMs - msBefore) / count };
}

async function bareWindow(): Promise<Window> {
  const [startMs, cpu] = [performance.now(), cpuSeconds()];
  const tasks = threadSeconds();
  let runs = 0;
  while (performance.now() - startMs < windowMs) await session.run(tensors[runs++ % tensors.length] as { [name: string]: ort.Tensor });
  const seconds = (performance.now() - startMs) / 1000;
  const { main, busiest, rest } = threadsSince(tasks);
  return { threadCpuMs: (main * 1000) / runs, mainCpuMs: (main * 1000) / runs, restCpuMs: ((busiest + rest) * 1000) / runs, perSecond: runs / seconds, inferencesPerSecond: runs / seconds, cpuMs: ((cpuSeconds() - cpu) * 1000) / runs, inferenceMs: (seconds * 1000) / runs };
}

const rounds: { pipeline: Window; bare: Window }[] = [];
const madeBefore = lanes.reduce((sum, l) => sum + l.made, 0);
for (let i = 0; i < Number(args.rounds); i++) {
  const swap = i % 2 === 1;
  const first = swap ? await bareWindow() : await pipelineWindow();
  const second = swap ? await pipelineWindow() : await bareWindow();
  rounds.push(swap ? { pipeline: second, bare: first } : { pipeline: first, bare: second });
  if (!args.json) console.error(`round ${i + 1}: pipeline ${rounds[i]?.pipeline.perSecond.toFixed(1)} frames/s, bare ${rounds[i]?.bare.perSecond.toFixed(1)}, load ${(os.loadavg()[0] ?? 0).toFixed(1)}`);
}
const made = lanes.reduce((sum, l) => sum + l.made, 0) - madeBefore;
const of = (which: 'pipeline' | 'bare', key: keyof Window): number => median(rounds.map((r) => r[which][key]));
const ratioFrames = median(rounds.map((r) => r.pipeline.perSecond / r.bare.perSecond));
/** What remains when the machine has a core for the inference thread and one for the rest: its work by inference is the bound. */
const ratioThread = median(rounds.map((r) => r.bare.threadCpuMs / r.pipeline.threadCpuMs));
const ratioInferences = median(rounds.map((r) => r.pipeline.inferencesPerSecond / r.bare.perSecond));

// A lone frame: how much longer it takes than its own inference.
const lone: number[] = [];
for (let i = 0; i < 20; i++) {
  const clip = clips[0] as Clip;
  const startMs = performance.now();
  const outcome = await real.detect({ cameraId: 'lone', rgb: frameAt(clip, i), widthPx: clip.widthPx, heightPx: clip.heightPx }, 0.2);
  if (outcome.status === 'ok') lone.push(performance.now() - startMs - outcome.inferenceMs);
}

// The gate decides now, and pictures are due by their own rhythm.
const gate = [];
for (const lane of lanes) {
  const [cpu, before, startMs, madeHere] = [cpuSeconds(), inferences, performance.now(), lane.made];
  const samples = Number(args['gate-samples']);
  for (let i = 0; i < samples; i++) {
    // `step` moves the scene by its share: here one camera is alone.
    sceneMs += 1000 - 1000 / lanes.length;
    await step(lane, false);
  }
  const cpuMs = ((cpuSeconds() - cpu) * 1000) / samples;
  gate.push({ name: lane.clip.name, cpuMs, wallMs: (performance.now() - startMs) / samples, inferencesPerFrame: (inferences - before) / samples, pictures: lane.made - madeHere, camerasPerCore: 1000 / cpuMs });
}
const meanCpuMs = gate.reduce((sum, g) => sum + g.cpuMs, 0) / gate.length;
await real.close();

const about = { at: new Date().toISOString(), cpus: os.cpus().length, cpu: os.cpus()[0]?.model, load: os.loadavg()[0], model: entry.name, threads, cameras: lanes.length, batch: { max: args['batch-max'], waitMs: args['batch-wait'] } };
const summary = {
  ratioFrames, ratioInferences, ratioThread, goal,
  pipeline: { framesPerSecond: of('pipeline', 'perSecond'), inferencesPerSecond: of('pipeline', 'inferencesPerSecond'), cpuMsPerFrame: of('pipeline', 'cpuMs'), msPerInference: of('pipeline', 'inferenceMs'), inferenceThreadCpuMs: of('pipeline', 'threadCpuMs'), mainThreadCpuMs: of('pipeline', 'mainCpuMs'), otherThreadsCpuMs: of('pipeline', 'restCpuMs'), picturesMade: made },
  bare: { framesPerSecond: of('bare', 'perSecond'), cpuMsPerFrame: of('bare', 'cpuMs') },
  loneExtraMs: median(lone), gate, camerasPerCore: 1000 / meanCpuMs,
};
if (args.json) {
  console.log(JSON.stringify({ ...about, rounds, ...summary }, null, 1));
} else {
  const { pipeline, bare } = summary;
  console.log(`\n${about.at.slice(0, 10)}, ${about.cpus} × ${about.cpu}, load ${(about.load ?? 0).toFixed(1)}; ${entry.name}, ${threads} thread(s), ${lanes.length} cameras, batch ${about.batch.max}/${about.batch.waitMs} ms; scenes ready: ${lanes.filter((l) => l.ready).length}\n`);
  console.log('| | frames/s | inferences/s | CPU-ms a frame | of these main thread | other threads (pool, memory) | inference thread, CPU-ms an inference |\n|---|---|---|---|---|---|---|');
  console.log(`| pipeline, every frame inferred (${made} pictures) | ${pipeline.framesPerSecond.toFixed(1)} | ${pipeline.inferencesPerSecond.toFixed(1)} | ${pipeline.cpuMsPerFrame.toFixed(1)} | ${pipeline.mainThreadCpuMs.toFixed(1)} | ${pipeline.otherThreadsCpuMs.toFixed(1)} | ${pipeline.inferenceThreadCpuMs.toFixed(1)} |`);
  console.log(`| bare session.run | ${bare.framesPerSecond.toFixed(1)} | ${bare.framesPerSecond.toFixed(1)} | ${bare.cpuMsPerFrame.toFixed(1)} | | | ${of('bare', 'threadCpuMs').toFixed(1)} |`);
  console.log(`\npipeline/bare: frames ${ratioFrames.toFixed(2)}, inferences ${ratioInferences.toFixed(2)} (goal ≥ ${goal}), by CPU of the inference thread ${ratioThread.toFixed(2)}; a lone frame waits ${summary.loneExtraMs.toFixed(2)} ms beside its inference`);
  console.log(`\nGate on, 1 frame/s: ${summary.camerasPerCore.toFixed(0)} cameras per core (mean of the clips; decoding is not in it)\n`);
  console.log('| clip | CPU-ms a frame | inferences a frame | cameras per core |\n|---|---|---|---|');
  for (const g of gate) console.log(`| ${g.name} | ${g.cpuMs.toFixed(1)} | ${g.inferencesPerFrame.toFixed(2)} | ${g.camerasPerCore.toFixed(0)} |`);
}
process.exit(0);
