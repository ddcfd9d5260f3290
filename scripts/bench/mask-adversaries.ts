/**
 * Runs detectors that the program never loads (two face detectors, a plate localiser, a road-user detector of another architecture) over
 * the pictures that `mask-footage.ts --out OUT --for-adversaries` wrote, and over the same frames unmasked: the control that shows they bite.
 *   npx tsx scripts/bench/mask-adversaries.ts --in /tmp/pictures --models ../shared/models [--every N]
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';

const { values: args } = parseArgs({ options: { in: { type: 'string' }, models: { type: 'string', default: '../shared/models' }, every: { type: 'string', default: '5' }, list: { type: 'boolean', default: false } } });
if (!args.in) throw new Error('--in FOLDER is needed');

interface Box { readonly what: string; readonly score: number; readonly x: number; readonly y: number; readonly w: number; readonly h: number }
interface Picture { readonly rgb: Buffer; readonly w: number; readonly h: number }
type Adversary = (picture: Picture) => Promise<Box[]>;

const open = (file: string): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(path.join(args.models, file), { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });

/** Planes of a picture stretched to the model's input. */
async function planes(p: Picture, w: number, h: number, bgr: boolean, mean: number, deviation: number): Promise<ort.Tensor> {
  const data = await sharp(p.rgb, { raw: { width: p.w, height: p.h, channels: 3 } }).resize(w, h, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  const out = new Float32Array(3 * w * h);
  for (let i = 0; i < w * h; i++) for (let c = 0; c < 3; c++) out[c * w * h + i] = ((data[i * 3 + (bgr ? 2 - c : c)] as number) - mean) / deviation;
  return new ort.Tensor('float32', out, [1, 3, h, w]);
}

const floats = (outputs: ort.InferenceSession.OnnxValueMapType, name: string): Float32Array => outputs[name]?.data as Float32Array;
const at = (a: Float32Array, i: number): number => a[i] as number;

function keep(boxes: Box[], overlap: number): Box[] {
  const kept: Box[] = [];
  for (const b of boxes.sort((x, y) => y.score - x.score)) {
    const clash = kept.some((k) => {
      const w = Math.min(k.x + k.w, b.x + b.w) - Math.max(k.x, b.x);
      const h = Math.min(k.y + k.h, b.y + b.h) - Math.max(k.y, b.y);
      return k.what === b.what && w > 0 && h > 0 && (w * h) / (k.w * k.h + b.w * b.h - w * h) > overlap;
    });
    if (!clash) kept.push(b);
  }
  return kept;
}

async function auditor(): Promise<Adversary> {
  const session = await open('auditor_person_vehicle_bike_0078.onnx');
  return async (p) => {
    const out = await session.run({ data: await planes(p, 1024, 1024, true, 0, 1) });
    const boxes = floats(out, 'boxes');
    const scores = floats(out, 'scores');
    const found: Box[] = [];
    for (let i = 0; i < boxes.length / 4; i++) {
      for (let c = 1; c < 4; c++) {
        const score = at(scores, i * 4 + c);
        if (score < 0.5) continue;
        const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => at(boxes, i * 4 + k)) as [number, number, number, number];
        found.push({ what: ['', 'person', 'vehicle', 'bike'][c] ?? '', score, x: x1 * p.w, y: y1 * p.h, w: (x2 - x1) * p.w, h: (y2 - y1) * p.h });
      }
    }
    return keep(found, 0.45).filter((b) => b.h >= 20);
  };
}

async function ultraface(): Promise<Adversary> {
  const session = await open('adversary_face_ultraface_rfb640.onnx');
  return async (p) => {
    const out = await session.run({ input: await planes(p, 640, 480, false, 127, 128) });
    const boxes = floats(out, 'boxes');
    const scores = floats(out, 'scores');
    const found: Box[] = [];
    for (let i = 0; i < boxes.length / 4; i++) {
      if (at(scores, i * 2 + 1) < 0.7) continue;
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => at(boxes, i * 4 + k)) as [number, number, number, number];
      found.push({ what: 'face-rfb', score: at(scores, i * 2 + 1), x: x1 * p.w, y: y1 * p.h, w: (x2 - x1) * p.w, h: (y2 - y1) * p.h });
    }
    return keep(found, 0.3);
  };
}

async function yunet(): Promise<Adversary> {
  const session = await open('adversary_face_yunet_n_640.onnx');
  return async (p) => {
    const out = await session.run({ input: await planes(p, 640, 640, true, 0, 1) });
    const found: Box[] = [];
    for (const stride of [8, 16, 32]) {
      const [cls, obj, box] = [floats(out, `cls_${stride}`), floats(out, `obj_${stride}`), floats(out, `bbox_${stride}`)];
      for (let i = 0; i < cls.length; i++) {
        const score = Math.sqrt(Math.max(0, Math.min(1, at(cls, i))) * Math.max(0, Math.min(1, at(obj, i))));
        if (score < 0.6) continue;
        const w = Math.exp(at(box, 4 * i + 2)) * stride;
        const h = Math.exp(at(box, 4 * i + 3)) * stride;
        const x = ((i % (640 / stride)) + at(box, 4 * i)) * stride - w / 2;
        const y = (Math.floor(i / (640 / stride)) + at(box, 4 * i + 1)) * stride - h / 2;
        found.push({ what: 'face-yunet', score, x: (x * p.w) / 640, y: (y * p.h) / 640, w: (w * p.w) / 640, h: (h * p.h) / 640 });
      }
    }
    return keep(found, 0.3);
  };
}

async function plate(): Promise<Adversary> {
  const session = await open('adversary_plate_lpd_yunet_2022may.onnx');
  const priors: [number, number, number][] = [];
  for (const [rows, columns, stride, sizes] of [[30, 40, 8, [10, 16, 24]], [15, 20, 16, [32, 48]], [7, 10, 32, [64, 96]], [3, 5, 64, [128, 192, 256]]] as const) {
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) for (const size of sizes) priors.push([(x + 0.5) * stride, (y + 0.5) * stride, size]);
  }
  return async (p) => {
    const out = await session.run({ input: await planes(p, 320, 240, true, 0, 1) });
    const [loc, conf, iou] = [floats(out, 'loc'), floats(out, 'conf'), floats(out, 'iou')];
    const found: Box[] = [];
    priors.forEach(([px, py, size], i) => {
      const score = Math.sqrt(at(conf, 2 * i + 1) * Math.max(0, Math.min(1, at(iou, i))));
      if (score < 0.5) return;
      const xs = [4, 6, 10, 12].map((k) => px + at(loc, 14 * i + k) * 0.1 * size);
      const ys = [5, 7, 11, 13].map((k) => py + at(loc, 14 * i + k) * 0.1 * size);
      const [x, y, w, h] = [Math.min(...xs), Math.min(...ys), Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
      if (w / h < 1.3 || w / h > 8 || w > 320 * 0.6) return;
      found.push({ what: 'plate', score, x: (x * p.w) / 320, y: (y * p.h) / 240, w: (w * p.w) / 320, h: (h * p.h) / 240 });
    });
    return keep(found, 0.3);
  };
}

const adversaries = await Promise.all([auditor(), ultraface(), yunet(), plate()]);
const totals = new Map<string, { raw: number; masked: number }>();
const names = readdirSync(path.join(args.in, 'plain')).filter((f) => f.endsWith('.jpg')).sort();
for (const [index, file] of names.entries()) {
  if (index % Number(args.every) !== 0) continue;
  for (const kind of ['raw', 'plain'] as const) {
    const { data, info } = await sharp(path.join(args.in, kind, file)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    for (const run of adversaries) {
      for (const box of await run({ rgb: data, w: info.width, h: info.height })) {
        const key = `${file.replace(/_\d+\.jpg$/, '')} ${box.what}`;
        const count = totals.get(key) ?? { raw: 0, masked: 0 };
        count[kind === 'raw' ? 'raw' : 'masked']++;
        totals.set(key, count);
        if (kind === 'plain') console.log(`  ${file}: ${box.what} ${box.score.toFixed(2)} at ${Math.round(box.x)},${Math.round(box.y)} ${Math.round(box.w)}x${Math.round(box.h)}`);
      }
    }
  }
}
for (const [key, count] of [...totals].sort()) console.log(`${key.padEnd(50)} unmasked ${count.raw}, masked ${count.masked}`);
