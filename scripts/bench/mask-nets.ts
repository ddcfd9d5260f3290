/**
 * Detectors that the program never loads: two face detectors, a plate localiser, and a road-user detector of another architecture. They
 * look at stored pictures for what should not be there, and at the frames: the control that shows they bite.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import type { Area, Pixels } from './mask-score.js';

/** `person`, `vehicle`, `bike` by the auditor; `face-rfb`, `face-yunet`, `plate` */
export interface Finding extends Area {
  readonly what: string;
  readonly score: number;
}
export interface Adversaries {
  look(picture: Pixels): Promise<Finding[]>;
}
type Net = (picture: Pixels) => Promise<Finding[]>;

/** What the road-user detector finds below this height is not counted, px. */
const auditorMinPx = 20;

/** @param cache file for what was found in which pixels, so that a second run is quick */
export async function openAdversaries(folder: string, cache: string | undefined): Promise<Adversaries> {
  const nets = await Promise.all([auditor(folder), ultraface(folder), yunet(folder), plate(folder)]);
  const known = new Map<string, Finding[]>();
  if (cache !== undefined && existsSync(cache)) {
    for (const line of readFileSync(cache, 'utf8').split('\n')) {
      if (line === '') continue;
      const [key, findings] = JSON.parse(line) as [string, Finding[]];
      known.set(key, findings);
    }
  }
  return {
    async look(picture) {
      const key = createHash('sha1').update(picture.rgb).update(`${picture.widthPx}x${picture.heightPx}`).digest('hex');
      const hit = known.get(key);
      if (hit) return hit;
      const findings: Finding[] = [];
      for (const net of nets) findings.push(...(await net(picture)));
      known.set(key, findings);
      if (cache !== undefined) appendFileSync(cache, `${JSON.stringify([key, findings])}\n`);
      return findings;
    },
  };
}

const open = (folder: string, file: string): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(path.join(folder, file), { intraOpNumThreads: 2, interOpNumThreads: 1, logSeverityLevel: 3 });

/** Planes of a picture that fills the model's input, stretched or (`ratio`) letterboxed at the top left. */
async function planes(p: Pixels, w: number, h: number, bgr: boolean, mean: number, deviation: number, ratio?: number): Promise<ort.Tensor> {
  const [fw, fh] = ratio === undefined ? [w, h] : [Math.round(p.widthPx * ratio), Math.round(p.heightPx * ratio)];
  const data = await sharp(p.rgb, { raw: { width: p.widthPx, height: p.heightPx, channels: 3 } }).resize(fw, fh, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  const out = new Float32Array(3 * w * h).fill(-mean / deviation);
  for (let y = 0; y < fh; y++) {
    for (let x = 0; x < fw; x++) {
      for (let c = 0; c < 3; c++) out[c * w * h + y * w + x] = ((data[(y * fw + x) * 3 + (bgr ? 2 - c : c)] as number) - mean) / deviation;
    }
  }
  return new ort.Tensor('float32', out, [1, 3, h, w]);
}

const floats = (outputs: ort.InferenceSession.OnnxValueMapType, name: string): Float32Array => outputs[name]?.data as Float32Array;
const at = (a: Float32Array, i: number): number => a[i] as number;

function keep(boxes: Finding[], overlap: number): Finding[] {
  const kept: Finding[] = [];
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

async function auditor(folder: string): Promise<Net> {
  const session = await open(folder, 'auditor_person_vehicle_bike_0078.onnx');
  return async (p) => {
    const out = await session.run({ data: await planes(p, 1024, 1024, true, 0, 1) });
    const boxes = floats(out, 'boxes');
    const scores = floats(out, 'scores');
    const found: Finding[] = [];
    for (let i = 0; i < boxes.length / 4; i++) {
      for (let c = 1; c < 4; c++) {
        const score = at(scores, i * 4 + c);
        if (score < 0.5) continue;
        const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => at(boxes, i * 4 + k)) as [number, number, number, number];
        found.push({ what: ['', 'person', 'vehicle', 'bike'][c] ?? '', score, x: x1 * p.widthPx, y: y1 * p.heightPx, w: (x2 - x1) * p.widthPx, h: (y2 - y1) * p.heightPx });
      }
    }
    return keep(found, 0.45).filter((b) => b.h >= auditorMinPx);
  };
}

async function ultraface(folder: string): Promise<Net> {
  const session = await open(folder, 'adversary_face_ultraface_rfb640.onnx');
  return async (p) => {
    const out = await session.run({ input: await planes(p, 640, 480, false, 127, 128) });
    const boxes = floats(out, 'boxes');
    const scores = floats(out, 'scores');
    const found: Finding[] = [];
    for (let i = 0; i < boxes.length / 4; i++) {
      if (at(scores, i * 2 + 1) < 0.7) continue;
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => at(boxes, i * 4 + k)) as [number, number, number, number];
      found.push({ what: 'face-rfb', score: at(scores, i * 2 + 1), x: x1 * p.widthPx, y: y1 * p.heightPx, w: (x2 - x1) * p.widthPx, h: (y2 - y1) * p.heightPx });
    }
    return keep(found, 0.3);
  };
}

async function yunet(folder: string): Promise<Net> {
  const session = await open(folder, 'adversary_face_yunet_n_640.onnx');
  return async (p) => {
    const ratio = Math.min(640 / p.widthPx, 640 / p.heightPx);
    const out = await session.run({ input: await planes(p, 640, 640, true, 0, 1, ratio) });
    const found: Finding[] = [];
    for (const stride of [8, 16, 32]) {
      const [cls, obj, box] = [floats(out, `cls_${stride}`), floats(out, `obj_${stride}`), floats(out, `bbox_${stride}`)];
      for (let i = 0; i < cls.length; i++) {
        const score = Math.sqrt(Math.max(0, Math.min(1, at(cls, i))) * Math.max(0, Math.min(1, at(obj, i))));
        if (score < 0.6) continue;
        const w = Math.exp(at(box, 4 * i + 2)) * stride;
        const h = Math.exp(at(box, 4 * i + 3)) * stride;
        const x = ((i % (640 / stride)) + at(box, 4 * i)) * stride - w / 2;
        const y = (Math.floor(i / (640 / stride)) + at(box, 4 * i + 1)) * stride - h / 2;
        found.push({ what: 'face-yunet', score, x: x / ratio, y: y / ratio, w: w / ratio, h: h / ratio });
      }
    }
    return keep(found, 0.3);
  };
}

async function plate(folder: string): Promise<Net> {
  const session = await open(folder, 'adversary_plate_lpd_yunet_2022may.onnx');
  const priors: [number, number, number][] = [];
  for (const [rows, columns, stride, sizes] of [[30, 40, 8, [10, 16, 24]], [15, 20, 16, [32, 48]], [7, 10, 32, [64, 96]], [3, 5, 64, [128, 192, 256]]] as const) {
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) for (const size of sizes) priors.push([(x + 0.5) * stride, (y + 0.5) * stride, size]);
  }
  const inTile = async (p: Pixels): Promise<Finding[]> => {
    const out = await session.run({ input: await planes(p, 320, 240, true, 0, 1) });
    const [loc, conf, iou] = [floats(out, 'loc'), floats(out, 'conf'), floats(out, 'iou')];
    const found: Finding[] = [];
    priors.forEach(([px, py, size], i) => {
      const score = Math.sqrt(at(conf, 2 * i + 1) * Math.max(0, Math.min(1, at(iou, i))));
      if (score < 0.5) return;
      const xs = [4, 6, 10, 12].map((k) => px + at(loc, 14 * i + k) * 0.1 * size);
      const ys = [5, 7, 11, 13].map((k) => py + at(loc, 14 * i + k) * 0.1 * size);
      const [x, y, w, h] = [Math.min(...xs), Math.min(...ys), Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
      if (w / h < 1.3 || w / h > 8 || w > 320 * 0.6) return;
      found.push({ what: 'plate', score, x: (x * p.widthPx) / 320, y: (y * p.heightPx) / 240, w: (w * p.widthPx) / 320, h: (h * p.heightPx) / 240 });
    });
    return found;
  };
  return async (p) => {
    // Trained on near plates: a large picture is looked at in tiles of about 640x480.
    const [across, down] = [Math.ceil(p.widthPx / 640), Math.ceil(p.heightPx / 480)];
    const [w, h] = [Math.ceil(p.widthPx / across), Math.ceil(p.heightPx / down)];
    const found: Finding[] = [];
    for (let tile = 0; tile < across * down; tile++) {
      const [x, y] = [Math.min((tile % across) * w, p.widthPx - w), Math.min(Math.floor(tile / across) * h, p.heightPx - h)];
      const part = across * down === 1 ? p : { rgb: cut(p, x, y, w, h), widthPx: w, heightPx: h };
      for (const f of await inTile(part)) found.push({ ...f, x: f.x + x, y: f.y + y });
    }
    return keep(found, 0.3);
  };
}

function cut(p: Pixels, x: number, y: number, w: number, h: number): Uint8Array {
  const rgb = new Uint8Array(w * h * 3);
  for (let row = 0; row < h; row++) {
    const from = ((y + row) * p.widthPx + x) * 3;
    rgb.set(p.rgb.subarray(from, from + w * 3), row * w * 3);
  }
  return rgb;
}
