/** What a decoder gives, made by hand: planar pictures of any size and chroma, and ways to change what lies inside a mask. */
import { AV_LOG_QUIET, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUVJ420P, type AVPixelFormat } from 'node-av/constants';
import { Frame as LibavFrame, Log } from 'node-av/lib';
import type { Grid } from '../../src/analyse/grid.js';
import { createScaler } from '../../src/ingest/adapters/node-av-scaler.js';
import { random } from '../analyse/drawn-scene.js';

Log.setLevel(AV_LOG_QUIET);

/** Halvings of chroma across and down, and bytes a sample. */
const formats = {
  yuv420p: { libav: AV_PIX_FMT_YUV420P, across: 1, down: 1, bytes: 1 },
  yuvj420p: { libav: AV_PIX_FMT_YUVJ420P, across: 1, down: 1, bytes: 1 },
  yuv422p: { libav: AV_PIX_FMT_YUV422P, across: 1, down: 0, bytes: 1 },
  yuv444p: { libav: AV_PIX_FMT_YUV444P, across: 0, down: 0, bytes: 1 },
  yuv420p10le: { libav: AV_PIX_FMT_YUV420P10LE, across: 1, down: 1, bytes: 2 },
} as const satisfies Record<string, { libav: AVPixelFormat; across: number; down: number; bytes: number }>;
export type PlanarFormat = keyof typeof formats;
export const planarFormats = Object.keys(formats) as PlanarFormat[];

export interface DecodedPlanes {
  readonly format: PlanarFormat;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly bytes: Buffer;
}

/** One sample of one plane, and the luma pixels that it stands for: from (x0, y0) up to, not including, (x1, y1). */
interface PlaneSample {
  readonly at: number;
  readonly plane: 0 | 1 | 2;
  readonly x: number;
  readonly y: number;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

function* samplesOf({ format, widthPx, heightPx }: Pick<DecodedPlanes, 'format' | 'widthPx' | 'heightPx'>): Generator<PlaneSample> {
  const { across, down, bytes } = formats[format];
  let at = 0;
  for (const plane of [0, 1, 2] as const) {
    const [right, below] = plane === 0 ? [0, 0] : [across, down];
    const [columns, rows] = [Math.ceil(widthPx / (1 << right)), Math.ceil(heightPx / (1 << below))];
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, at += bytes) {
        yield { at, plane, x, y, x0: x << right, y0: y << below, x1: Math.min(widthPx, (x + 1) << right), y1: Math.min(heightPx, (y + 1) << below) };
      }
    }
  }
}

const put = (target: Buffer, at: number, format: PlanarFormat, value: number): void => {
  if (formats[format].bytes === 2) target.writeUInt16LE(value * 4, at);
  else target[at] = value;
};

/** @param value 0..255 for each sample */
export function planesOf(format: PlanarFormat, widthPx: number, heightPx: number, value: (sample: PlaneSample) => number): DecodedPlanes {
  const { across, down, bytes } = formats[format];
  const chroma = Math.ceil(widthPx / (1 << across)) * Math.ceil(heightPx / (1 << down));
  const all = Buffer.alloc((widthPx * heightPx + 2 * chroma) * bytes);
  for (const sample of samplesOf({ format, widthPx, heightPx })) put(all, sample.at, format, value(sample));
  return { format, widthPx, heightPx, bytes: all };
}

/** Every way to be somebody else: each gives new values for the samples that lie in the mask. */
export type Change = 'noise' | 'extremes' | 'checkerboard' | 'flat' | 'one-sample' | 'edge-only';
export const changes: readonly Change[] = ['noise', 'extremes', 'checkerboard', 'flat', 'one-sample', 'edge-only'];

/**
 * Other content inside the mask, at the decoded picture's full size: a sample may change when any pixel of the scaled picture
 * that it lies in is masked.
 * @param masked of the scaled picture's pixels
 */
export function changeInside(picture: DecodedPlanes, size: { readonly widthPx: number; readonly heightPx: number }, masked: (x: number, y: number) => boolean, change: Change, seed: number): DecodedPlanes {
  const next = random(seed);
  const [toX, toY] = [size.widthPx / picture.widthPx, size.heightPx / picture.heightPx];
  const span = (from: number, to: number, scale: number, most: number): readonly [number, number] => [Math.floor(from * scale), Math.min(most, Math.ceil(to * scale))];
  const inside: { sample: PlaneSample; edge: boolean }[] = [];
  for (const sample of samplesOf(picture)) {
    const [x0, x1] = span(sample.x0, sample.x1, toX, size.widthPx);
    const [y0, y1] = span(sample.y0, sample.y1, toY, size.heightPx);
    let [some, all] = [false, true];
    for (let y = y0 - 1; y <= y1; y++) {
      for (let x = x0 - 1; x <= x1; x++) {
        if (x < 0 || y < 0 || x >= size.widthPx || y >= size.heightPx) continue;
        const is = masked(x, y);
        if (!is) all = false;
        else if (x >= x0 && x < x1 && y >= y0 && y < y1) some = true;
      }
    }
    if (some) inside.push({ sample, edge: !all });
  }
  const bytes = Buffer.from(picture.bytes);
  const edges = inside.filter((s) => s.edge);
  const touched = change === 'one-sample' ? [edges[Math.floor(next() * edges.length)] ?? inside[0]] : change === 'edge-only' ? edges : inside;
  const level = next() < 0.5 ? 0 : 255;
  for (const hit of touched) {
    if (!hit) continue;
    const { sample } = hit;
    const old = formats[picture.format].bytes === 2 ? picture.bytes.readUInt16LE(sample.at) / 4 : (picture.bytes[sample.at] as number);
    const values: Record<Change, number> = {
      noise: Math.floor(next() * 256),
      extremes: next() < 0.5 ? 0 : 255,
      checkerboard: (sample.x + sample.y) % 2 === 0 ? 0 : 255,
      flat: level,
      'one-sample': old > 127 ? 0 : 255,
      'edge-only': old > 127 ? 0 : 255,
    };
    put(bytes, sample.at, picture.format, values[change]);
  }
  return { ...picture, bytes };
}

/** By the scaler that ingest uses. */
export async function scaleDecoded(picture: DecodedPlanes, maxWidthPx: number): Promise<{ rgb: Uint8Array; widthPx: number; heightPx: number }> {
  const frame = LibavFrame.fromVideoBuffer(picture.bytes, { width: picture.widthPx, height: picture.heightPx, format: formats[picture.format].libav, timeBase: { num: 1, den: 25 } });
  const scaler = createScaler();
  try {
    const { rgb, size } = await scaler.toRgb(frame, maxWidthPx);
    return { rgb: Uint8Array.from(rgb), ...size };
  } finally {
    scaler.close();
    frame.free();
  }
}

/** Is a pixel in a block of the mask? */
export function inBlocks(grid: Grid, blocks: Uint8Array): (x: number, y: number) => boolean {
  return (x, y) => blocks[Math.floor(y / grid.blockPx) * grid.columns + Math.floor(x / grid.blockPx)] !== 0;
}
