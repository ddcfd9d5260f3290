/**
 * Per frame at 640×360 without inference: the gate alone, and gate + mask + compose + JPEG, against plain parts
 *
 * CPU-milliseconds of all threads, so what one core needs; medians of alternating windows. Baselines: a plain 16×16 block difference
 * of luma in the same language, and sharp alone on the same pixels. The scene is learned before anything is measured.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createMemory } from '../../src/analyse/camera-memory.js';
import { look } from '../../src/analyse/look.js';
import { takeSample } from '../../src/analyse/sampling.js';
import type { Sampling, Wants } from '../../src/analyse/sampling-parts.js';
import { createShiftMeter } from '../../src/analyse/view-shift.js';
import { loadConfig } from '../../src/config/load.js';
import type { Frame } from '../../src/contract/frame.js';
import type { CameraView } from '../../src/contract/registry.js';
import { cpuSeconds, frameAt, loadClips, median } from './pipeline-media.js';

const { values: args } = parseArgs({
  options: {
    media: { type: 'string', default: '../shared/media' },
    only: { type: 'string', default: 'intel_person_bicycle_car' },
    frames: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
  },
});
const goals = { gateMs: 2, allMs: 9 };
const perWindow = Number(args.frames);
sharp.concurrency(1);
const config = { ...loadConfig({ packageFolder: '.', env: {} }).config.analyse, maxHeldRatio: 1 };
const [clip] = await loadClips(args.media, args.only, 1, 640, 30);
if (!clip) throw new Error('no frames');
const { widthPx, heightPx } = clip;
const view: CameraView = { cameraId: 'bench', siteId: 'bench', requireDetector: false, sampleIntervalMs: 1000, zones: [], viewVersion: 1, configVersion: 1 };
const memory = createMemory({ widthPx, heightPx }, view, config.blockPx, 'learning');
const by: Sampling = { config, detector: null, meter: createShiftMeter(), warn: (context, message) => console.error(message, context) };
let nowMs = 1_700_000_000_000;
let at = 0;

async function sample(wanted: boolean): Promise<boolean> {
  nowMs += 1000;
  const frame: Frame = { cameraId: 'bench', runId: 'bench', sequence: at, widthPx, heightPx, rgb: frameAt(clip as NonNullable<typeof clip>, at++), capturedAtMs: null, receivedAtMs: nowMs };
  const wants: Wants = { picture: () => wanted, passing: () => wanted };
  return (await takeSample(by, memory, frame, view, wants, nowMs)).picture.status === 'made';
}

let learned = 0;
while (!(await sample(true)) && learned < 400) learned++;
for (let i = 0; i < 60; i++) await sample(true);

const reference = Uint8Array.from(frameAt(clip, 0));
/** The plainest gate: mean difference of luma in blocks of 16 px. */
function blockDifference(rgb: Uint8Array): number {
  const columns = Math.ceil(widthPx / 16);
  const sums = new Float32Array(columns * Math.ceil(heightPx / 16));
  for (let y = 0, i = 0; y < heightPx; y++) {
    const row = (y >> 4) * columns;
    for (let x = 0; x < widthPx; x++, i += 3) {
      const a = 77 * (rgb[i] as number) + 150 * (rgb[i + 1] as number) + 29 * (rgb[i + 2] as number);
      const b = 77 * (reference[i] as number) + 150 * (reference[i + 1] as number) + 29 * (reference[i + 2] as number);
      const d = a - b;
      const block = row + (x >> 4);
      sums[block] = (sums[block] as number) + (d < 0 ? -d : d);
    }
  }
  return sums.reduce((most, s) => Math.max(most, s), 0);
}

let pictures = 0;
let asked = 0;
const contenders: Record<string, () => unknown> = {
  'gate alone': () => {
    nowMs += 1000;
    return look(memory, frameAt(clip, at++), nowMs, config.blockThreshold, by.meter);
  },
  'gate, judging, mask, learning; no picture': () => sample(false),
  'gate + mask + compose + JPEG': async () => {
    asked++;
    if (await sample(true)) pictures++;
  },
  'baseline: 16×16 block difference': () => blockDifference(frameAt(clip, at++)),
  'baseline: sharp JPEG of the frame': () => sharp(frameAt(clip, at++), { raw: { width: widthPx, height: heightPx, channels: 3 } }).jpeg({ quality: config.jpegQuality }).toBuffer(),
};
const seen: Record<string, number[]> = {};
for (let round = -2; round < Number(args.rounds); round++) {
  for (const [name, run] of Object.entries(contenders)) {
    // Frames follow each other for each contender alone: the one before may have left another scene half judged.
    await run();
    const cpu = cpuSeconds();
    for (let i = 0; i < perWindow; i++) await run();
    if (round >= 0) (seen[name] ??= []).push(((cpuSeconds() - cpu) * 1000) / perWindow);
  }
}
const ms = Object.fromEntries(Object.entries(seen).map(([name, values]) => [name, median(values)]));
const load = os.loadavg()[0] ?? 0;
const of = (name: string): number => ms[name] ?? NaN;
if (args.json) {
  console.log(JSON.stringify({ at: new Date().toISOString(), cpu: os.cpus()[0]?.model, load, clip: clip.name, widthPx, heightPx, pictures, asked, goals, cpuMs: ms }, null, 1));
} else {
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} × ${os.cpus()[0]?.model}, load ${load.toFixed(1)}; ${clip.name}, ${widthPx}×${heightPx}; ${pictures} pictures of ${asked} frames\n`);
  console.log('| CPU-ms a frame | seen | goal |\n|---|---|---|');
  const goalOf: Record<string, number> = { 'gate alone': goals.gateMs, 'gate + mask + compose + JPEG': goals.allMs };
  for (const [name, value] of Object.entries(ms)) console.log(`| ${name} | ${value.toFixed(2)} | ${goalOf[name] === undefined ? '' : `≤ ${goalOf[name]}`} |`);
  console.log(`\ngate / block difference: ${(of('gate alone') / of('baseline: 16×16 block difference')).toFixed(2)}; all / (block difference + JPEG): ${(of('gate + mask + compose + JPEG') / (of('baseline: 16×16 block difference') + of('baseline: sharp JPEG of the frame'))).toFixed(2)}`);
}
