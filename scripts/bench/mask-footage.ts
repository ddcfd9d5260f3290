/**
 * Plays footage through the analyst, writes the pictures that it made, and prints per file: pictures made and withheld, mask
 * share, and the share of the truth's boxes of which at least 95 % is masked. Run after `npm run build`, from the checkout:
 *   npx tsx scripts/bench/mask-footage.ts --media ../shared/media --truth ../shared/truth --models ../shared/models --out /tmp/pictures
 * With --for-adversaries, OUT/plain holds the pictures without signs and OUT/raw the frames, for `mask-adversaries.ts`: test footage only.
 * Further: --change-only, --fps N (default 1), --samples N (default 180; short files are looped), --only TEXT, --max-held RATIO, --json
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createOnnxDetector } from '../../src/analyse/adapters/onnx-detector.js';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { createGrid } from '../../src/analyse/grid.js';
import { composePicture } from '../../src/analyse/mask/compose.js';
import { encodeJpeg } from '../../src/analyse/mask/make-picture.js';
import type { Mask } from '../../src/analyse/mask/build-mask.js';
import { loadManifest, locateModel } from '../../src/analyse/models.js';
import { loadConfig } from '../../src/config/load.js';
import type { Detector } from '../../src/contract/detector.js';
import type { CameraView } from '../../src/contract/registry.js';
import { SystemClock } from '../../src/core/clock.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { cachedDetector, decodeFile, readTruth, type TruthObject } from './mask-media.js';

const { values: args } = parseArgs({
  options: {
    media: { type: 'string', default: '../shared/media' },
    truth: { type: 'string', default: '../shared/truth' },
    models: { type: 'string', default: '../shared/models' },
    model: { type: 'string' },
    worker: { type: 'string', default: 'dist/workers/inference.js' },
    out: { type: 'string' },
    fps: { type: 'string', default: '1' },
    width: { type: 'string', default: '640' },
    'max-held': { type: 'string' },
    samples: { type: 'string', default: '180' },
    only: { type: 'string', default: '' },
    'change-only': { type: 'boolean', default: false },
    'for-adversaries': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    cache: { type: 'string' },
  },
});

const minHeightPx = 24;
const defaults = loadConfig({ packageFolder: '.', env: {} }).config.analyse;
const config = { ...defaults, maxHeldRatio: Number(args['max-held'] ?? defaults.maxHeldRatio) };
const metrics = createMetrics();
const log = createLogger('error');
let detector: Detector | null = null;
if (!args['change-only']) {
  const located = await locateModel(await loadManifest('models'), args.model ?? config.model, [args.models]);
  if (located.status !== 'ready') throw new Error(JSON.stringify(located));
  const workerUrl = new URL(`file://${path.resolve(args.worker)}`);
  detector = await createOnnxDetector({ model: located.entry, file: located.file, threads: 1, workerUrl, clock: new SystemClock(), log, metrics });
  if (args.cache) detector = cachedDetector(detector, args.cache);
}
const view: CameraView = { cameraId: 'bench', siteId: 'bench', requireDetector: false, sampleIntervalMs: 1000, zones: [], viewVersion: 1, configVersion: 1 };
const rows: object[] = [];
const total = { boxes: 0, masked: 0 };

for (const file of readdirSync(args.media).filter((f) => f.endsWith('.mp4') && f.includes(args.only))) {
  const name = file.replace('.mp4', '');
  const truth = readTruth(path.join(args.truth, `${name}.json`));
  const frames = await decodeFile(path.join(args.media, file), truth, Number(args.fps), Number(args.width));
  const first = frames[0];
  if (!first) continue;
  const clock = new SimulatedClock();
  const grid = createGrid(first.widthPx, first.heightPx, config.blockPx);
  let backdrop: Uint8Array = new Uint8Array(0);
  let mask: Mask = { blocks: new Uint8Array(0), flat: new Uint8Array(0) };
  const analyst = createAnalyst({ config: { ...config, busyPictureMs: 200, quietPictureMs: 1000 }, detector, clock, log, metrics, inspect: (m, shown) => ([mask, backdrop] = [m, shown]) });
  const row = { name, samples: 0, made: 0, firstAtS: -1, withheld: {} as Record<string, number>, boxes: 0, masked: 0, recall: 1, maskShare: 0, heldShare: 0, spareShare: 0, hits: 0, counts: {} as Record<string, number>, missed: [] as string[] };
  const shares: number[] = [];
  const held: number[] = [];
  const spare: number[] = [];
  const samples = Math.max(Number(args.samples), frames.length);
  for (let i = 0; i < samples; i++) {
    const frame = frames[i % frames.length];
    if (!frame) break;
    const sample = await analyst.analyse({ ...frame, cameraId: name, runId: 'bench', sequence: i, capturedAtMs: null, receivedAtMs: clock.nowMs() }, view, () => true);
    await clock.advance(1000 / Number(args.fps));
    if (sample === 'dropped') continue;
    row.samples++;
    for (const [cls, n] of Object.entries(sample.counts)) row.counts[cls] = (row.counts[cls] ?? 0) + n;
    if (sample.picture.status === 'withheld') row.withheld[sample.picture.reason] = (row.withheld[sample.picture.reason] ?? 0) + 1;
    if (sample.picture.status !== 'made') continue;
    if (row.made++ === 0) row.firstAtS = i / Number(args.fps);
    shares.push(sample.picture.picture.receipt.maskRatio);
    held.push(sample.picture.picture.receipt.heldRatio);
    if (args.out) {
      mkdirSync(args.out, { recursive: true });
      const base = `${name}_${String(i).padStart(4, '0')}`;
      writeFileSync(path.join(args.out, `${base}.jpg`), sample.picture.picture.jpeg);
    }
    if (args.out && args['for-adversaries']) {
      const base = `${name}_${String(i).padStart(4, '0')}`;
      // Without signs, which a detector takes for what they stand for; and the raw frame, for the ratio.
      const plain = composePicture({ grid, frame: frame.rgb, backdrop, mask, detections: [] });
      mkdirSync(path.join(args.out, 'plain'), { recursive: true });
      mkdirSync(path.join(args.out, 'raw'), { recursive: true });
      writeFileSync(path.join(args.out, 'plain', `${base}.jpg`), await encodeJpeg(plain, grid, config.jpegQuality));
      writeFileSync(path.join(args.out, 'raw', `${base}.jpg`), await encodeJpeg(frame.rgb, grid, 90));
    }
    const scale = frame.widthPx / truth.width;
    const objects = truth.frames.find((t) => t.frame === frame.index)?.objects ?? [];
    spare.push(spareShare(objects, scale, mask.blocks));
    for (const o of objects) {
      if (o.h * scale < minHeightPx) continue;
      row.boxes++;
      const share = coverage(o, scale, mask.blocks);
      if (share >= 0.95) row.masked++;
      else row.missed.push(`${i}:${o.class}@${Math.round(o.x * scale)},${Math.round(o.y * scale)} ${Math.round(o.w * scale)}x${Math.round(o.h * scale)} ${share.toFixed(2)}`);
    }
  }
  row.recall = row.boxes === 0 ? 1 : row.masked / row.boxes;
  row.maskShare = median(shares);
  row.heldShare = median(held);
  row.spareShare = median(spare);
  total.boxes += row.boxes;
  total.masked += row.masked;
  rows.push(row);
  if (!args.json) {
    console.log(
      `${name.padEnd(34)} ${first.widthPx}x${first.heightPx} made ${row.made}/${row.samples} from ${row.firstAtS} s; recall ${(100 * row.recall).toFixed(2)} % of ${row.boxes}; ` +
        `mask ${(100 * row.maskShare).toFixed(0)} %, held ${(100 * row.heldShare).toFixed(0)} %, outside truth ${(100 * row.spareShare).toFixed(1)} %; withheld ${JSON.stringify(row.withheld)}; counted ${JSON.stringify(row.counts)}`,
    );
    for (const miss of row.missed.slice(0, 8)) console.log(`    missed ${miss}`);
  }

  /** Share of a truth box that is masked. */
  function coverage(o: TruthObject, by: number, blocks: Uint8Array): number {
    let inside = 0;
    let all = 0;
    for (let y = Math.max(0, Math.floor(o.y * by)); y < Math.min(grid.heightPx, Math.ceil((o.y + o.h) * by)); y++) {
      for (let x = Math.max(0, Math.floor(o.x * by)); x < Math.min(grid.widthPx, Math.ceil((o.x + o.w) * by)); x++) {
        all++;
        if (blocks[Math.floor(y / grid.blockPx) * grid.columns + Math.floor(x / grid.blockPx)] !== 0) inside++;
      }
    }
    return all === 0 ? 1 : inside / all;
  }

  /** Share of the area outside true objects that is masked. */
  function spareShare(objects: readonly TruthObject[], by: number, blocks: Uint8Array): number {
    let outside = 0;
    let masked = 0;
    for (let y = 4; y < grid.heightPx; y += 8) {
      for (let x = 4; x < grid.widthPx; x += 8) {
        if (objects.some((o) => x >= o.x * by && x <= (o.x + o.w) * by && y >= o.y * by && y <= (o.y + o.h) * by)) continue;
        outside++;
        if (blocks[Math.floor(y / grid.blockPx) * grid.columns + Math.floor(x / grid.blockPx)] !== 0) masked++;
      }
    }
    return outside === 0 ? 0 : masked / outside;
  }
}
if (args.json) console.log(JSON.stringify({ rows, total }));
else console.log(`all: ${(100 * total.masked / Math.max(1, total.boxes)).toFixed(3)} % of ${total.boxes} boxes masked${existsSync('dist') ? '' : ' (not built)'}`);
await detector?.close();

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
