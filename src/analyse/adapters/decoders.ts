/**
 * From a model's raw output to boxes. Two families: NanoDet-Plus (RangiLyu/nanodet: distribution focal loss, 8 bins a side,
 * prior points without a half-step) and YOLOX (Megvii: objectness times class, exponential sizes). Best class of each of our
 * groups, then greedy suppression inside the group: a car that is also a truck is one vehicle.
 */
import type { Detection, DetectionClass } from '../../contract/detection.js';
import { outputClasses as classes, type ModelEntry } from '../model-manifest.js';
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
  /** @throws when the output holds what is no number */
  decode(input: DecodeInput): RawDetection[];
}

const nanodetStrides = [8, 16, 32, 64];
const yoloxStrides = [8, 16, 32];
const bins = 8;
const nanodetColumns = classes + 4 * bins;
const yoloxColumns = 5 + classes;

export const families: Readonly<Record<ModelEntry['decoder'], ModelFamily>> = {
  'nanodet-plus': {
    inputName: 'data',
    outputName: 'output',
    norm: { pad: 0, mean: [103.53, 116.28, 123.675], deviation: [57.375, 57.12, 58.395] },
    overlapRatio: 0.6,
    columns: nanodetColumns,
    decode: decodeNanodet,
  },
  yolox: {
    inputName: 'images',
    outputName: 'output',
    norm: { pad: 114, mean: [0, 0, 0], deviation: [1, 1, 1] },
    overlapRatio: 0.45,
    columns: yoloxColumns,
    decode: decodeYolox,
  },
};

/** How many candidates a model of this family gives for an input size; another number is another model. */
export function candidateCount(decoder: ModelEntry['decoder'], widthPx: number, heightPx: number): number {
  const strides = decoder === 'yolox' ? yoloxStrides : nanodetStrides;
  return strides.reduce((sum, s) => sum + Math.ceil(widthPx / s) * Math.ceil(heightPx / s), 0);
}

/** The classes' columns side by side, so that a candidate costs one look at each of a few columns. */
function columnsOf(groups: DecodeInput['groups']): { column: Int32Array; group: Int32Array } {
  return {
    column: Int32Array.from(groups.flatMap((g) => g.outputs)),
    group: Int32Array.from(groups.flatMap((g, i) => g.outputs.map(() => i))),
  };
}

function decodeNanodet(input: DecodeInput): RawDetection[] {
  const { output: o, groups, minScore } = input;
  const { column, group } = columnsOf(groups);
  const found: RawDetection[] = [];
  const best = new Float64Array(groups.length);
  let sum = 0;
  let row = 0;
  for (const stride of nanodetStrides) {
    const columns = Math.ceil(input.widthPx / stride);
    const count = columns * Math.ceil(input.heightPx / stride);
    for (let i = 0; i < count; i++, row++) {
      const base = row * nanodetColumns;
      let any = false;
      for (let c = 0; c < column.length; c++) {
        const score = o[base + (column[c] as number)] as number;
        sum += score;
        if (score >= minScore) any = true;
      }
      if (!any) continue;
      bestOfGroups(o, base, column, group, best);
      const x = (i % columns) * stride;
      const y = Math.floor(i / columns) * stride;
      const [l, t, r, b] = [0, 1, 2, 3].map((side) => expectation(o, base + classes + side * bins) * stride) as [number, number, number, number];
      groups.forEach((g, at) => {
        const score = best[at] as number;
        if (score >= minScore) add(found, input, g.class, score, x - l, y - t, x + r, y + b);
      });
    }
  }
  requireNumbers(sum);
  return suppress(found, families['nanodet-plus'].overlapRatio);
}

function decodeYolox(input: DecodeInput): RawDetection[] {
  const { output: o, groups, minScore } = input;
  const { column, group } = columnsOf(groups);
  const found: RawDetection[] = [];
  const best = new Float64Array(groups.length);
  let sum = 0;
  let row = 0;
  for (const stride of yoloxStrides) {
    const columns = Math.ceil(input.widthPx / stride);
    const count = columns * Math.ceil(input.heightPx / stride);
    for (let i = 0; i < count; i++, row++) {
      const base = row * yoloxColumns;
      const objectness = o[base + 4] as number;
      sum += objectness;
      if (!(objectness >= minScore)) continue;
      bestOfGroups(o, base + 5, column, group, best);
      groups.forEach((g, at) => {
        const score = objectness * (best[at] as number);
        sum += score;
        if (!(score >= minScore)) return;
        const cx = ((o[base] as number) + (i % columns)) * stride;
        const cy = ((o[base + 1] as number) + Math.floor(i / columns)) * stride;
        const w = Math.exp(o[base + 2] as number) * stride;
        const h = Math.exp(o[base + 3] as number) * stride;
        add(found, input, g.class, score, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);
      });
    }
  }
  requireNumbers(sum);
  return suppress(found, families.yolox.overlapRatio);
}

/** A score that is no number is below every threshold: it would look like an empty scene. */
function requireNumbers(sum: number): void {
  if (!Number.isFinite(sum)) throw new Error('the model gives scores that are no numbers');
}

function bestOfGroups(o: Float32Array, base: number, column: Int32Array, group: Int32Array, best: Float64Array): void {
  best.fill(0);
  for (let c = 0; c < column.length; c++) {
    const at = group[c] as number;
    // `max` keeps what is no number, a comparison would hide it.
    best[at] = Math.max(best[at] as number, o[base + (column[c] as number)] as number);
  }
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
  if (!Number.isFinite(left + top + widthPx + heightPx)) throw new Error('the model gives a box that has no place');
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
