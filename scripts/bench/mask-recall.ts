/**
 * Does a stored picture hold anybody? Plays footage through the analyst and judges every picture that it makes.
 *   npm run bench -- mask-recall [--media DIR --truth DIR --models DIR] [--cache FILE] [--json FILE] [--contact-sheet FILE] [--out DIR]
 * Three independent answers: the mask's blocks over truth boxes; the stored JPEG's pixels over truth boxes (asks no mask); and detectors
 * that the program never loads over stored pictures, with the frames as control. Any folder of films will do; truth is `NAME.json`
 * (width, height, frames: [{ frame, objects: [{ class, x, y, w, h }] }]), and films without it still meet the adversaries.
 * Exit 1 when a goal is missed. Further: --light NAME,… (default: as-is, and a short play in each other light), --only TEXT, --rate,
 * --samples, --light-samples, --light-clips, --adversaries-every N (0: none), --change-only, --max-held RATIO, --width PX, --goal-*
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createOnnxDetector } from '../../src/analyse/adapters/onnx-detector.js';
import { loadManifest, locateModel } from '../../src/analyse/models.js';
import { loadConfig } from '../../src/config/load.js';
import type { Detector } from '../../src/contract/detector.js';
import { SystemClock } from '../../src/core/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { lights, type Light } from './mask-light.js';
import { cachedDetector, decodeFile, findFootage, type Clip, type DecodedFrame } from './mask-media.js';
import { openAdversaries, type Adversaries, type Finding } from './mask-nets.js';
import { playClip, type Played, type PlayedPicture } from './mask-play.js';
import { coveredShare, maskedShare, quantile, resembles, shownCells, shownShare, signShare, spareShare } from './mask-score.js';
import { createSheet, writeCrop } from './mask-sheet.js';
import { adversaryTable, counts, leaked, missed, percent, placeOf, recallTable, table, type BoxVerdict, type FindingVerdict } from './mask-tally.js';

const { values: args } = parseArgs({
  options: {
    media: { type: 'string', default: '../shared/media' },
    truth: { type: 'string', default: '../shared/truth' },
    models: { type: 'string', default: '../shared/models' },
    model: { type: 'string' },
    worker: { type: 'string', default: 'dist/workers/inference.js' },
    out: { type: 'string' },
    json: { type: 'string' },
    'contact-sheet': { type: 'string' },
    cache: { type: 'string' },
    light: { type: 'string' },
    only: { type: 'string', default: '' },
    rate: { type: 'string', default: '1' },
    width: { type: 'string' },
    samples: { type: 'string', default: '150' },
    'max-frames': { type: 'string', default: '900' },
    'light-samples': { type: 'string', default: '75' },
    'light-clips': { type: 'string', default: '3' },
    'adversaries-every': { type: 'string', default: '4' },
    'change-only': { type: 'boolean', default: false },
    'max-held': { type: 'string' },
    'goal-recall': { type: 'string', default: '0.995' },
    'goal-shown': { type: 'string', default: '0.005' },
    'goal-faces': { type: 'string', default: '0' },
    'goal-found': { type: 'string', default: '0.005' },
    'goal-outside': { type: 'string', default: '0.05' },
  },
});
const number = (key: 'rate' | 'samples' | 'max-frames' | 'light-samples' | 'light-clips' | 'adversaries-every' | 'goal-recall' | 'goal-shown' | 'goal-faces' | 'goal-found' | 'goal-outside'): number => Number(args[key]);

/** Truth boxes lower than this in the stored picture are not asked for. */
const minHeightPx = 24;
/** A clip counts as quiet while true objects cover at most this share of the picture (median). */
const quietShare = 0.05;

const config = loadConfig({ packageFolder: '.', env: {} }).config;
const analyse = { ...config.analyse, ...(args['max-held'] !== undefined && { maxHeldRatio: Number(args['max-held']) }) };
const maxWidthPx = Number(args.width ?? config.ingest.maxWidthPx);
const out = args.out ?? mkdtempSync(path.join(os.tmpdir(), 'mask-recall-'));
mkdirSync(out, { recursive: true });

interface VideoRow extends Played {
  readonly video: string;
  readonly light: Light;
  readonly size: string;
  readonly boxes: number;
  readonly missed: number;
  readonly shown: number;
  readonly maskShare: number;
  readonly heldShare: number;
  /** share of the area outside true objects that is masked; null without truth */
  readonly outside: { readonly median: number; readonly p90: number } | null;
  readonly objectsShare: number | null;
  readonly quiet: boolean;
}

const boxes: BoxVerdict[] = [];
const found: FindingVerdict[] = [];
const raw: Finding[] = [];
const rows: VideoRow[] = [];
const outsideOfQuiet: number[] = [];
const sheet = createSheet(50);
let looked = 0;
let crops = 0;

const clips = findFootage(args.media, args.truth, args.only);
if (clips.length === 0) throw new Error(`no films in ${args.media}`);
const detector = args['change-only'] ? null : await openDetector();
const adversaries = number('adversaries-every') > 0 ? await openAdversaries(args.models, args.cache === undefined ? undefined : `${args.cache}.adversaries`) : null;
const startedMs = performance.now();

const chosen = args.light === undefined ? [...lights] : args.light.split(',').map((l) => lights.find((known) => known === l.trim()) ?? fail(`no such light: ${l}; there are ${lights.join(', ')}`));
// Whoever has seen enough gets the report of what was judged so far.
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopped = true));
for (const light of chosen) {
  const short = args.light === undefined && light !== 'as-is';
  for (const clip of short ? pickForLight() : clips) if (!stopped) await judgeClip(clip, light, short ? number('light-samples') : number('samples'), number('adversaries-every') * (short ? 2 : 1));
}
await detector?.close();
await report();

async function openDetector(): Promise<Detector> {
  const located = await locateModel(await loadManifest('models'), args.model ?? analyse.model, [args.models, 'models'].filter((folder) => existsSync(folder)));
  if (located.status !== 'ready') throw new Error(`the detector's weights: ${JSON.stringify(located)}`);
  const onnx = await createOnnxDetector({
    model: located.entry, file: located.file, threads: analyse.threads, workerUrl: new URL(`file://${path.resolve(args.worker)}`), clock: new SystemClock(), log: createLogger('error'), metrics: createMetrics(),
  });
  return args.cache === undefined ? onnx : cachedDetector(onnx, args.cache);
}

/** For the short plays: the clips with the most frames to learn a scene from, those with truth first. */
function pickForLight(): Clip[] {
  const frames = (c: Clip): number => (c.truth ? c.truth.frames.filter((f) => f.objects.length > 0).length / c.shape.fps : 0);
  return [...clips].sort((a, b) => frames(b) - frames(a)).slice(0, number('light-clips'));
}

async function judgeClip(clip: Clip, light: Light, samples: number, every: number): Promise<void> {
  const frames: DecodedFrame[] = await decodeFile(clip.file, clip.shape, number('rate'), maxWidthPx, number('max-frames'));
  const first = frames[0];
  if (!first) {
    console.error(`${clip.name}: no frame could be decoded`);
    return;
  }
  const own: { boxes: BoxVerdict[]; mask: number[]; held: number[]; outside: number[]; objects: number[] } = { boxes: [], mask: [], held: [], outside: [], objects: [] };
  const looks: { picture: PlayedPicture; now: Finding[]; stored: Finding[]; plain: Finding[] }[] = [];
  let pictures = 0;
  const length = light === 'as-is' || args.light !== undefined ? Math.max(samples, frames.length) : samples;
  const played = await playClip(clip, frames, { config: analyse, detector, light, samples: length, ratePerSecond: number('rate') }, async (picture) => {
    sheet.add(`${clip.name} ${light}`, `${clip.name} ${light} ${picture.sample}`, picture.jpeg);
    own.mask.push(picture.maskRatio);
    own.held.push(picture.heldRatio);
    if (picture.objects) await judgeTruth(clip, light, picture, own);
    if (adversaries && pictures++ % every === 0) looks.push(await lookAt(adversaries, picture));
    process.stderr.write(`\r${light} ${clip.name}: ${picture.sample + 1} of ${length} `.padEnd(78));
  });
  process.stderr.write(`\r${' '.repeat(78)}\r`);
  const ever = looks.flatMap((l) => l.now);
  raw.push(...ever);
  looked += looks.length;
  for (const look of looks) await judgeFindings(clip, light, look, ever);
  const objectsShare = own.objects.length === 0 ? null : quantile(own.objects, 0.5);
  const quiet = objectsShare !== null && objectsShare <= quietShare;
  if (quiet && light === 'as-is') outsideOfQuiet.push(...own.outside);
  boxes.push(...own.boxes);
  rows.push({
    ...played, video: clip.name, light, size: `${first.widthPx}x${first.heightPx}`, boxes: own.boxes.length, missed: own.boxes.filter(missed).length, shown: own.boxes.filter(leaked).length,
    maskShare: quantile(own.mask, 0.5), heldShare: quantile(own.held, 0.5),
    outside: own.outside.length === 0 ? null : { median: quantile(own.outside, 0.5), p90: quantile(own.outside, 0.9) }, objectsShare, quiet,
  });
  console.log(rowText(rows[rows.length - 1] as VideoRow));
}

async function judgeTruth(clip: Clip, light: Light, picture: PlayedPicture, own: { boxes: BoxVerdict[]; outside: number[]; objects: number[] }): Promise<void> {
  const { stored, mask } = picture;
  const objects = picture.objects ?? [];
  own.outside.push(spareShare(objects, mask, stored));
  own.objects.push(coveredShare(objects, stored));
  const shown = shownCells(stored, picture.frame, picture.scene, picture.tolerance);
  for (const o of objects) {
    if (o.h < minHeightPx) continue;
    const verdict: BoxVerdict = {
      video: clip.name, light, sample: picture.sample, class: o.class, x: Math.round(o.x), y: Math.round(o.y), w: Math.round(o.w), h: Math.round(o.h),
      masked: maskedShare(o, mask, stored), shown: shownShare(o, shown, stored), resembles: resembles(o, stored, picture.frame),
    };
    if (missed(verdict) || leaked(verdict)) verdict.crop = await crop(picture, o, `${clip.name}-${light}-${picture.sample}-${o.class.toLowerCase()}`);
    own.boxes.push(verdict);
  }
}

async function lookAt(nets: Adversaries, picture: PlayedPicture): Promise<{ picture: PlayedPicture; now: Finding[]; stored: Finding[]; plain: Finding[] }> {
  return { picture, now: await nets.look(picture.raw), stored: await nets.look(picture.stored), plain: picture.plain ? await nets.look(picture.plain) : [] };
}

async function judgeFindings(clip: Clip, light: Light, look: { picture: PlayedPicture; now: Finding[]; stored: Finding[]; plain: Finding[] }, ever: readonly Finding[]): Promise<void> {
  const { picture } = look;
  for (const kind of ['stored', 'plain'] as const) {
    for (const f of look[kind]) {
      const verdict: FindingVerdict = {
        ...f, video: clip.name, light, sample: picture.sample, kind,
        signs: kind === 'stored' && picture.plain ? signShare(f, picture.stored, picture.plain) : 0, inFrame: placeOf(f, look.now, ever),
      };
      if (counts(verdict)) verdict.crop = await crop(picture, f, `${clip.name}-${light}-${picture.sample}-found-${f.what}`);
      found.push(verdict);
    }
  }
}

/** A crop of the stored picture, never of the frame. */
async function crop(picture: PlayedPicture, area: { x: number; y: number; w: number; h: number }, name: string): Promise<string> {
  const file = path.join(out, `${name}-${crops}.jpg`);
  if (crops++ < 400) await writeCrop(picture.jpeg, area, file);
  return file;
}

function rowText(row: VideoRow): string {
  const outside = row.outside ? `${percent(row.outside.median)} p90 ${percent(row.outside.p90)}${row.quiet ? ' (quiet)' : ''}` : row.made === 0 ? '-' : 'no truth';
  const withheld = Object.entries(row.withheld).map(([reason, n]) => `${reason} ${n}`).join(', ');
  return `${row.light.padEnd(12)}${row.video.padEnd(34)} ${row.size.padEnd(8)} pictures ${row.made} of ${row.samples}, first after ${row.firstAtS === null ? '-' : `${row.firstAtS} s`}; ` +
    `boxes ${row.boxes}, missed ${row.missed}, shown ${row.shown}; mask ${percent(row.maskShare, 0)}, held ${percent(row.heldShare, 0)}, outside objects ${outside}${withheld === '' ? '' : `; withheld: ${withheld}`}`;
}

async function report(): Promise<void> {
  const lines = recallTable(boxes);
  const nets = adversaryTable(raw, found);
  console.log(`\n${table(['truth boxes', 'boxes', '>= 95 % masked', 'recall', 'shown'], lines.map((l) => [l.of, l.boxes, l.masked, percent(l.recall, 3), l.shown]))}`);
  if (adversaries) {
    console.log(`\nAdversaries over ${looked} pictures and their frames (signs: what was found is our sign; nothing: no frame of the clip has it at that place)`);
    console.log(table(['found', 'frames', 'stored', 'signs', 'nothing', 'without signs', 'nothing'], nets.map((n) => [n.what, n.frames, n.stored, n.signs, n.nothing, n.plain, n.plainNothing])));
  }
  const box = (b: { x: number; y: number; w: number; h: number }): string => `${Math.round(b.x)},${Math.round(b.y)} ${Math.round(b.w)}x${Math.round(b.h)}`;
  for (const b of boxes.filter((v) => missed(v) || leaked(v)).slice(0, 60)) {
    console.log(`  ${missed(b) ? 'missed' : 'shown '} ${b.light} ${b.video} sample ${b.sample}: ${b.class.toLowerCase()} ${box(b)}, masked ${b.masked.toFixed(2)}, shown ${b.shown.toFixed(2)}${b.resembles ? ', looks as in the frame' : ''}: ${b.crop ?? ''}`);
  }
  for (const f of found.filter(counts).slice(0, 60)) {
    console.log(`  found  ${f.light} ${f.video} sample ${f.sample}: ${f.what} ${f.score.toFixed(2)} ${box(f)} (${f.kind === 'plain' ? 'without signs' : 'stored'}; in the frame: ${f.inFrame === 'now' ? 'now' : 'at another time'}): ${f.crop ?? ''}`);
  }
  const sum = (key: 'frames' | 'stored' | 'plain', ...what: string[]): number => nets.filter((n) => what.includes(n.what)).reduce((t, n) => t + n[key], 0);
  const all = lines[0];
  const ratio = (key: 'stored' | 'plain'): number => sum(key, 'person', 'vehicle', 'bike') / Math.max(1, sum('frames', 'person', 'vehicle', 'bike'));
  const goals: { readonly goal: string; readonly seen: string; readonly met: boolean }[] = [];
  const made = rows.reduce((t, r) => t + r.made, 0);
  goals.push({ goal: 'pictures are made', seen: String(made), met: made > 0 });
  if (all && all.boxes > 0) {
    goals.push({ goal: `recall >= ${percent(number('goal-recall'))}`, seen: percent(all.recall, 3), met: all.recall >= number('goal-recall') });
    goals.push({ goal: `boxes shown <= ${percent(number('goal-shown'))}`, seen: percent(all.shown / all.boxes, 3), met: all.shown / all.boxes <= number('goal-shown') });
  }
  if (looked > 0) {
    const faces = Math.max(sum('stored', 'face-rfb', 'face-yunet'), sum('plain', 'face-rfb', 'face-yunet'));
    goals.push({ goal: `faces <= ${number('goal-faces')}`, seen: `${faces} (frames ${sum('frames', 'face-rfb', 'face-yunet')})`, met: faces <= number('goal-faces') });
    const worst = Math.max(ratio('stored'), ratio('plain'));
    goals.push({ goal: `persons and vehicles found <= ${percent(number('goal-found'))} of the frames'`, seen: `${percent(ratio('stored'), 2)}, without signs ${percent(ratio('plain'), 2)}`, met: worst <= number('goal-found') });
  }
  if (outsideOfQuiet.length > 0) {
    const median = quantile(outsideOfQuiet, 0.5);
    goals.push({ goal: `masked outside objects, quiet footage, median < ${percent(number('goal-outside'))}`, seen: percent(median), met: median < number('goal-outside') });
  }
  console.log(`\n${goals.map((g) => `${g.met ? 'met   ' : 'MISSED'} ${g.goal}: ${g.seen}`).join('\n')}`);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(`${seconds} s; load ${os.loadavg()[0]?.toFixed(1) ?? ''}; crops of pictures in ${out}`);
  if (args['contact-sheet'] !== undefined) console.log(`${await sheet.write(args['contact-sheet'])} pictures on ${args['contact-sheet']}`);
  if (args.json !== undefined) writeFileSync(args.json, JSON.stringify({ goals, recall: lines, adversaries: nets, looked, videos: rows, misses: boxes.filter((b) => missed(b) || leaked(b)), found, seconds }, null, 1));
  process.exitCode = goals.every((g) => g.met) ? 0 : 1;
}

function fail(why: string): never {
  throw new Error(why);
}
