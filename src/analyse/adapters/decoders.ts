/**
 * From a model's raw output to boxes. Two families: NanoDet-Plus (RangiLyu/nanodet: distribution focal loss, 8 bins a side,
 * prior points without a half-step) and YOLOX (Megvii: objectness times class, exponential sizes). Best class of each of our
 * groups, then greedy suppression inside the group: a car that is also a truck is one vehicle.
 */
import type { Detection, DetectionClass } from '../../contract/detection.js';
import type { ModelEntry } from '../model-manifest.js';
import type { InputNorm } from './letterbox.js';

export type RawDetection = Omit<Detection, 'class'> & { readonly class: Exclude<DetectionClass, 'change'> };

export interface DecodeInput {
  readonly output: Float32Array;
  /** size of the model's input */
  readonly widthPx: number;
  readonly heightPx: number;
  /** px of the input per px of the frame */
  readonly scale: number;
  readonly frameWidthPx: number;
  readonly frameHeightPx: number;
  readonly minScore: number;
  readonly groups: readonly { readonly class: DetectionClass; readonly outputs: readonly number[] }[];
}

export interface ModelFamily {
  readonly inputName: string;
  readonly outputName: string;
  readonly norm: InputNorm;
  readonly overlapRatio: number;
  /** floats a candidate */
  readonly columns: number;
  decode(input: DecodeInput): RawDetection[];
}

const nanodetStrides = [8, 16, 32, 64];
const yoloxStrides = [8, 16, 32];
const bins = 8;

export const families: Readonly<Record<ModelEntry['decoder'], ModelFamily>> = {
  'nanodet-plus': {
    inputName: 'data',
    outputName: 'output',
    norm: { pad: 0, mean: [103.53, 116.28, 123.675], deviation: [57.375, 57.12, 58.395] },
    overlapRatio: 0.6,
    columns: 80 + 4 * bins,
    decode: decodeNanodet,
  },
  yolox: {
    inputName: 'images',
    outputName: 'output',
    norm: { pad: 114, mean: [0, 0, 0], deviation: [1, 1, 1] },
    overlapRatio: 0.45,
    columns: 85,
    decode: decodeYolox,
  },
};

/** How many candidates a model of this family gives for an input size; another number is another model. */
export function candidateCount(decoder: ModelEntry['decoder'], widthPx: number, heightPx: number): number {
  const strides = decoder === 'yolox' ? yoloxStrides : nanodetStrides;
  return strides.reduce((sum, s) => sum + Math.ceil(widthPx / s) * Math.ceil(heightPx / s), 0);
}

function decodeNanodet(input: DecodeInput): RawDetection[] {
  const { output: o } = input;
  const found: RawDetection[] = [];
  const sides = [0, 0, 0, 0];
  let row = 0;
  for (const stride of nanodetStrides) {
    const columns = Math.ceil(input.widthPx / stride);
    const rows = Math.ceil(input.heightPx / stride);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, row++) {
        const base = row * (80 + 4 * bins);
        let decoded = false;
        for (const group of input.groups) {
          const score = best(o, base, group.outputs);
          if (!(score >= input.minScore)) continue;
          if (!decoded) {
            for (let side = 0; side < 4; side++) sides[side] = expectation(o, base + 80 + side * bins) * stride;
            decoded = true;
          }
          const [l, t, r, b] = sides as [number, number, number, number];
          add(found, input, group.class, score, x * stride - l, y * stride - t, x * stride + r, y * stride + b);
        }
      }
    }
  }
  return suppress(found, families['nanodet-plus'].overlapRatio);
}

function decodeYolox(input: DecodeInput): RawDetection[] {
  const { output: o } = input;
  const found: RawDetection[] = [];
  let row = 0;
  for (const stride of yoloxStrides) {
    const columns = Math.ceil(input.widthPx / stride);
    const rows = Math.ceil(input.heightPx / stride);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, row++) {
        const base = row * 85;
        const objectness = o[base + 4] as number;
        if (!(objectness >= input.minScore)) continue;
        for (const group of input.groups) {
          const score = objectness * best(o, base + 5, group.outputs);
          if (!(score >= input.minScore)) continue;
          const cx = ((o[base] as number) + x) * stride;
          const cy = ((o[base + 1] as number) + y) * stride;
          const w = Math.exp(o[base + 2] as number) * stride;
          const h = Math.exp(o[base + 3] as number) * stride;
          add(found, input, group.class, score, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);
        }
      }
    }
  }
  return suppress(found, families.yolox.overlapRatio);
}

function best(o: Float32Array, base: number, outputs: readonly number[]): number {
  let score = 0;
  for (const output of outputs) score = Math.max(score, o[base + output] as number);
  return score;
}

/** Mean of a softmax over the bins. */
function expectation(o: Float32Array, base: number): number {
  let max = -Infinity;
  for (let j = 0; j < bins; j++) max = Math.max(max, o[base + j] as number);
  let sum = 0;
  let mean = 0;
  for (let j = 0; j < bins; j++) {
    const p = Math.exp((o[base + j] as number) - max);
    sum += p;
    mean += p * j;
  }
  return mean / sum;
}

function add(found: RawDetection[], input: DecodeInput, cls: DetectionClass, score: number, x1: number, y1: number, x2: number, y2: number): void {
  const left = Math.max(0, x1 / input.scale);
  const top = Math.max(0, y1 / input.scale);
  const widthPx = Math.min(input.frameWidthPx, x2 / input.scale) - left;
  const heightPx = Math.min(input.frameHeightPx, y2 / input.scale) - top;
  if (cls === 'change' || !(widthPx > 1) || !(heightPx > 1)) return;
  found.push({ class: cls, score: Math.min(1, score), xPx: left, yPx: top, widthPx, heightPx });
}

function suppress(found: RawDetection[], overlapRatio: number): RawDetection[] {
  found.sort((a, b) => b.score - a.score);
  const kept: RawDetection[] = [];
  for (const d of found) if (!kept.some((k) => k.class === d.class && overlap(k, d) > overlapRatio)) kept.push(d);
  return kept;
}

function overlap(a: RawDetection, b: RawDetection): number {
  const w = Math.min(a.xPx + a.widthPx, b.xPx + b.widthPx) - Math.max(a.xPx, b.xPx);
  const h = Math.min(a.yPx + a.heightPx, b.yPx + b.heightPx) - Math.max(a.yPx, b.yPx);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a.widthPx * a.heightPx + b.widthPx * b.heightPx - w * h);
}
