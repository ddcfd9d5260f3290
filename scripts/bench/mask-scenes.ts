/**
 * The promises about who stays, with the real detector on composites of real footage: a person or vehicle is cut out of one film and
 * pasted into an empty one, from the start or arriving, under light and weather that are made up. Prints for each scene the pictures made,
 * the largest share of the pasted object that a picture showed, what of it is in the backdrop, the mask's share of the rest (median, of
 * pictures before the event and of the last ones), and the time from the end of the event to a mask that is near what it was. From the checkout:
 *   npx tsx scripts/bench/mask-scenes.ts --media ../shared/media --truth ../shared/truth --models ../shared/models --cache /tmp/boxes.jsonl
 * Further: --seeds N (default 2), --only TEXT, --interval SECONDS after the first minute (default 10), --minutes N (default 30), --change-only, --out DIR
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createOnnxDetector } from '../../src/analyse/adapters/onnx-detector.js';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { createGrid } from '../../src/analyse/grid.js';
import type { Mask } from '../../src/analyse/mask/build-mask.js';
import { loadManifest, locateModel } from '../../src/analyse/models.js';
import { loadConfig } from '../../src/config/load.js';
import type { Detector } from '../../src/contract/detector.js';
import type { CameraView } from '../../src/contract/registry.js';
import { SystemClock } from '../../src/core/clock.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createRandom, type Random } from '../../src/simulate/random.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { cachedDetector, decodeFile, readTruth, type DecodedFrame } from './mask-media.js';

const { values: args } = parseArgs({
  options: {
    media: { type: 'string', default: '../shared/media' },
    truth: { type: 'string', default: '../shared/truth' },
    models: { type: 'string', default: '../shared/models' },
    worker: { type: 'string', default: 'dist/workers/inference.js' },
    cache: { type: 'string' },
    seeds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    interval: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '30' },
    'change-only': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const widthPx = 640;
const emptyFilm = 'pets_campus_empty_768x576';
const lenders = ['pets_campus_768x576', 'intel_person_bicycle_car_768x432'];
const config = { ...loadConfig({ packageFolder: '.', env: {} }).config.analyse, quietPictureMs: 1000, busyPictureMs: 200 };
const log = createLogger('error');
const metrics = createMetrics();
const view: CameraView = { cameraId: 'bench', siteId: 'bench', requireDetector: false, sampleIntervalMs: 1000, zones: [], viewVersion: 1, configVersion: 1 };

type Light = 'steady' | 'lamps' | 'clouds' | 'night' | 'rain' | 'snow' | 'pumping';
interface BenchScene {
  readonly name: string;
  readonly class: 'PERSON' | 'VEHICLE';
  /** second of arrival; 0: from the start */
  readonly from: number;
  readonly until: number;
  readonly light: Light;
}
const end = Number(args.minutes) * 60 + 60;
/** when the light is other than usual */
const event = [0.4 * end, 0.55 * end] as const;
const lights: readonly Light[] = ['lamps', 'clouds', 'night', 'rain', 'snow', 'pumping'];
const scenes: readonly BenchScene[] = [
  { name: 'stands from the start', class: 'PERSON', from: 0, until: Infinity, light: 'steady' },
  { name: 'arrives and stays', class: 'PERSON', from: 50, until: Infinity, light: 'steady' },
  { name: 'parked from the start, leaves', class: 'VEHICLE', from: 0, until: 0.8 * end, light: 'steady' },
  { name: 'parks and stays', class: 'VEHICLE', from: 50, until: Infinity, light: 'steady' },
  ...lights.map((light): BenchScene => ({ name: `arrives and stays, ${light}`, class: 'PERSON', from: 50, until: Infinity, light })),
  ...lights.map((light): BenchScene => ({ name: `parked from the start, ${light}`, class: 'VEHICLE', from: 0, until: Infinity, light })),
];

/** A piece of a film: RGB, and how much of it counts, soft at the edge of the box. */
interface Cut {
  readonly w: number;
  readonly h: number;
  readonly rgb: Uint8Array;
  readonly alpha: Float32Array;
}

async function cuts(cls: BenchScene['class']): Promise<Cut[]> {
  const found: Cut[] = [];
  for (const name of lenders) {
    const truth = readTruth(path.join(args.truth, `${name}.json`));
    const frames = await decodeFile(path.join(args.media, `${name}.mp4`), truth, 1, widthPx);
    for (const frame of frames) {
      const scale = frame.widthPx / truth.width;
      for (const o of truth.frames.find((t) => t.frame === frame.index)?.objects ?? []) {
        const [x, y, w, h] = [o.x, o.y, o.w, o.h].map((n) => Math.round(n * scale)) as [number, number, number, number];
        // Whole, and not so far away that nobody could be told.
        if (o.class !== cls || h < (cls === 'PERSON' ? 50 : 34) || h > 200 || w > 220 || x < 3 || y < 3 || x + w > frame.widthPx - 3 || y + h > frame.heightPx - 3) continue;
        found.push(cutOut(frame, x, y, w, h));
      }
    }
  }
  return found;
}

function cutOut(frame: DecodedFrame, x0: number, y0: number, w: number, h: number): Cut {
  const rgb = new Uint8Array(w * h * 3);
  const alpha = new Float32Array(w * h);
  const soft = 4;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const i = y * w + x;
      rgb.set(frame.rgb.subarray(((y0 + y) * frame.widthPx + x0 + x) * 3, ((y0 + y) * frame.widthPx + x0 + x) * 3 + 3), i * 3);
      alpha[i] = Math.min(1, (Math.min(x, y, w - 1 - x, h - 1 - y) + 1) / soft);
    }
  }
  return { w, h, rgb, alpha };
}

/** Lays the piece over a copy of the frame. */
function paste(frame: Uint8Array, cut: Cut, left: number, top: number): void {
  for (let y = 0; y < cut.h; y++) {
    for (let x = 0; x < cut.w; x++) {
      const [px, py] = [left + x, top + y];
      if (px < 0 || px >= widthPx || py < 0 || (py + 1) * widthPx * 3 > frame.length) continue;
      const a = cut.alpha[y * cut.w + x] as number;
      for (let c = 0; c < 3; c++) {
        const at = (py * widthPx + px) * 3 + c;
        frame[at] = (frame[at] as number) * (1 - a) + (cut.rgb[(y * cut.w + x) * 3 + c] as number) * a;
      }
    }
  }
}

function shine(rgb: Uint8Array, heightPx: number, light: Light, second: number, random: Random): void {
  const at = (x: number, y: number): number => (y * widthPx + x) * 3;
  const gain = (f: (x: number, y: number) => number): void => {
    for (let y = 0; y < heightPx; y++) for (let x = 0; x < widthPx; x++) for (let c = 0; c < 3; c++) rgb[at(x, y) + c] = Math.min(255, (rgb[at(x, y) + c] as number) * f(x, y));
  };
  if (light === 'lamps') gain((x) => 0.45 + (0.3 * x) / widthPx);
  if (light === 'pumping') gain(() => 1 + 0.22 * Math.sin(second));
  if (light === 'clouds') gain((x, y) => 1 - 0.35 * Math.min(1, Math.max(0, 0.5 + 1.5 * Math.sin(second * 0.11 + x / 170 + y / 260) * Math.sin(second * 0.05 + x / 310))));
  if (light === 'night') {
    for (let y = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++) {
        const i = at(x, y);
        const luma = 0.299 * (rgb[i] as number) + 0.587 * (rgb[i + 1] as number) + 0.114 * (rgb[i + 2] as number);
        const away = (x / widthPx - 0.5) ** 2 + (y / heightPx - 0.6) ** 2;
        rgb.fill(Math.max(0, Math.min(255, 255 * (luma / 255) ** 1.2 * (0.95 - away) + (random.next() + random.next() - 1) * 9)), i, i + 3);
      }
    }
  }
  if (light === 'rain' || light === 'snow') {
    for (let n = light === 'rain' ? 260 : 320; n > 0; n--) {
      const near = random.next() ** 2;
      const [x0, y0] = [random.integer(0, widthPx - 1), random.integer(0, heightPx - 1)];
      const [w, h] = light === 'rain' ? [1, Math.round(6 + 22 * near)] : [1 + Math.round(3 * near), 1 + Math.round(3 * near)];
      for (let y = y0; y < Math.min(heightPx, y0 + h); y++) for (let x = x0; x < Math.min(widthPx, x0 + w); x++) for (let c = 0; c < 3; c++) rgb[at(x, y) + c] = Math.min(255, (rgb[at(x, y) + c] as number) * (light === 'rain' ? 1 : 0.3) + (light === 'rain' ? 35 : 155));
    }
  }
}

let detector: Detector | null = null;
if (!args['change-only']) {
  const located = await locateModel(await loadManifest('models'), config.model, [args.models]);
  if (located.status !== 'ready') throw new Error(JSON.stringify(located));
  detector = await createOnnxDetector({ model: located.entry, file: located.file, threads: 1, workerUrl: new URL(`file://${path.resolve(args.worker)}`), clock: new SystemClock(), log, metrics });
  if (args.cache) detector = cachedDetector(detector, args.cache);
}
const emptyTruth = readTruth(path.join(args.truth, `${emptyFilm}.json`));
const empty = await decodeFile(path.join(args.media, `${emptyFilm}.mp4`), emptyTruth, 1, widthPx);
const heightPx = empty[0]?.heightPx ?? 0;
const grid = createGrid(widthPx, heightPx, config.blockPx);
const pieces = { PERSON: await cuts('PERSON'), VEHICLE: await cuts('VEHICLE') };
console.log(`${pieces.PERSON.length} people and ${pieces.VEHICLE.length} vehicles to paste into ${widthPx}x${heightPx}`);

for (const scene of scenes.filter((s) => s.name.includes(args.only))) {
  for (let seed = 1; seed <= Number(args.seeds); seed++) await play(scene, seed);
}
await detector?.close();

async function play(scene: BenchScene, seed: number): Promise<void> {
  const random = createRandom(seed * 7919 + scene.name.length * 131);
  const cut = pieces[scene.class][random.integer(0, pieces[scene.class].length - 1)];
  if (!cut) throw new Error(`there is no ${scene.class} to paste`);
  const left = random.integer(40, widthPx - cut.w - 40);
  const top = random.integer(Math.round(heightPx * 0.3), heightPx - cut.h - 8);
  const clock = new SimulatedClock();
  let mask: Mask = { blocks: new Uint8Array(0), flat: new Uint8Array(0) };
  let shown: Uint8Array = new Uint8Array(0);
  const analyst = createAnalyst({ config, detector, clock, log, metrics, inspect: (m, s) => ([mask, shown] = [m, s]) });
  const row = { made: 0, samples: 0, withheld: {} as Record<string, number>, seen: 0, seenAt: -1, inBackdrop: 0, backdropAt: -1, recoverS: -1 };
  const shares: { second: number; share: number }[] = [];
  const seconds = [...Array.from({ length: 70 }, (_, i) => i), ...Array.from({ length: Math.floor((end - 70) / Number(args.interval)) }, (_, i) => 70 + i * Number(args.interval))];
  for (const [sequence, second] of seconds.entries()) {
    const frame = Uint8Array.from(empty[sequence % empty.length]?.rgb ?? []);
    const clean = Uint8Array.from(frame);
    const there = second >= scene.from && second < scene.until;
    // It comes in from the left in six seconds.
    const x = scene.from > 0 && second - scene.from < 6 ? Math.round(-cut.w + ((left + cut.w) * (second - scene.from)) / 6) : left;
    if (there) paste(frame, cut, x, top);
    if (second >= event[0] && second < event[1]) {
      const same = seed * 1_000_003 + sequence;
      shine(frame, heightPx, scene.light, second, createRandom(same));
      shine(clean, heightPx, scene.light, second, createRandom(same));
    }
    const sample = await analyst.analyse({ cameraId: 'bench', runId: 'bench', sequence, widthPx, heightPx, rgb: frame, capturedAtMs: null, receivedAtMs: clock.nowMs() }, view, () => true);
    const next = seconds[sequence + 1] ?? second + 1;
    await clock.advance((next - second) * 1000);
    if (sample === 'dropped') continue;
    row.samples++;
    if (sample.picture.status === 'withheld') row.withheld[sample.picture.reason] = (row.withheld[sample.picture.reason] ?? 0) + 1;
    if (sample.picture.status !== 'made') continue;
    row.made++;
    const open = there ? openShare(cut, x, top) : 0;
    if (open > row.seen) [row.seen, row.seenAt] = [open, second];
    const learned = second >= scene.from ? learnedShare(cut, left, top, frame, clean, there && x === left) : 0;
    if (learned > row.inBackdrop) [row.inBackdrop, row.backdropAt] = [learned, second];
    shares.push({ second, share: spareShare(cut, x, top, there) });
    if (args.out && (open > 0.05 || sequence % 50 === 0)) {
      mkdirSync(args.out, { recursive: true });
      writeFileSync(path.join(args.out, `${scene.name.replaceAll(/[^a-z]+/g, '-')}_${seed}_${String(second).padStart(5, '0')}.jpg`), sample.picture.picture.jpeg);
    }
  }
  const over = scene.light === 'steady' ? scene.until : event[1];
  const before = median(shares.filter((s) => s.second < (scene.light === 'steady' ? Math.min(over, end) : event[0]) && s.second > 60).map((s) => s.share));
  row.recoverS = Number.isFinite(over) ? (shares.find((s) => s.second >= over && s.share <= before + 0.03)?.second ?? Infinity) - over : 0;
  const percent = (n: number): string => `${(100 * n).toFixed(1)} %`;
  const verdict = row.seen > 0.05 || row.inBackdrop > 0.05 ? 'SHOWN' : 'ok   ';
  console.log(
    `${verdict} ${scene.name.padEnd(34)} seed ${seed} ${cut.w}x${cut.h}@${left},${top}: made ${row.made}/${row.samples} ${JSON.stringify(row.withheld)}; object open ${percent(row.seen)}${row.seenAt < 0 ? '' : ` at ${row.seenAt} s`}, in backdrop ${percent(row.inBackdrop)}${row.backdropAt < 0 ? '' : ` at ${row.backdropAt} s`}; ` +
      `rest masked ${percent(before)} before, ${percent(median(shares.filter((s) => s.second > end - 120).map((s) => s.share)))} at the end; recovered after ${row.recoverS.toFixed(0)} s`,
  );

  /** Share of the object's solid pixels in blocks that show the frame. */
  function openShare(piece: Cut, x0: number, y0: number): number {
    let [all, visible] = [0, 0];
    eachSolid(piece, x0, y0, (block) => {
      all++;
      if (mask.blocks[block] === 0) visible++;
    });
    return all === 0 ? 0 : visible / all;
  }

  /** Share of the object's area whose blocks may show the backdrop, which looks there as the object and not as the place. */
  function learnedShare(piece: Cut, x0: number, y0: number, frame: Uint8Array, clean: Uint8Array, present: boolean): number {
    const with_ = present ? frame : Uint8Array.from(clean);
    if (!present) paste(with_, piece, x0, y0);
    const sums = new Map<number, { n: number; cross: number; square: number }>();
    let all = 0;
    eachSolid(piece, x0, y0, (block, pixel) => {
      all++;
      if (mask.flat[block] !== 0) return;
      const sum = sums.get(block) ?? { n: 0, cross: 0, square: 0 };
      for (let c = 0; c < 3; c++) {
        const away = (with_[pixel * 3 + c] as number) - (clean[pixel * 3 + c] as number);
        sum.cross += ((shown[pixel * 3 + c] as number) - (clean[pixel * 3 + c] as number)) * away;
        sum.square += away * away;
      }
      sum.n++;
      sums.set(block, sum);
    });
    let learned = 0;
    for (const sum of sums.values()) if (sum.square / sum.n > 600 && sum.cross / sum.square > 0.5) learned += sum.n;
    return all === 0 ? 0 : learned / all;
  }

  function eachSolid(piece: Cut, x0: number, y0: number, visit: (block: number, pixel: number) => void): void {
    for (let y = 0; y < piece.h; y++) {
      for (let x = 0; x < piece.w; x++) {
        const [px, py] = [x0 + x, y0 + y];
        if ((piece.alpha[y * piece.w + x] as number) < 0.75 || px < 0 || px >= widthPx || py >= heightPx) continue;
        visit(Math.floor(py / grid.blockPx) * grid.columns + Math.floor(px / grid.blockPx), py * widthPx + px);
      }
    }
  }

  /** Share of the picture away from the pasted object and from what the film itself holds that is masked. */
  function spareShare(piece: Cut, x0: number, y0: number, present: boolean): number {
    const scale = widthPx / emptyTruth.width;
    const objects = (emptyTruth.frames[0]?.objects ?? []).map((o) => ({ x: o.x * scale, y: o.y * scale, w: o.w * scale, h: o.h * scale }));
    if (present) objects.push({ x: x0, y: y0, w: piece.w, h: piece.h });
    let [outside, masked] = [0, 0];
    for (let y = 4; y < heightPx; y += 8) {
      for (let x = 4; x < widthPx; x += 8) {
        if (objects.some((o) => x >= o.x && x < o.x + o.w && y >= o.y && y < o.y + o.h)) continue;
        outside++;
        if (mask.blocks[Math.floor(y / grid.blockPx) * grid.columns + Math.floor(x / grid.blockPx)] !== 0) masked++;
      }
    }
    return outside === 0 ? 0 : masked / outside;
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
