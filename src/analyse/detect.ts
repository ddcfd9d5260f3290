/**
 * Passes of the detector over one picture: the whole of it, or one of four overlapping tiles, in which small and far people
 * are larger for the model. And what is done with boxes: growing, merging, overlap.
 */
import type { Detection } from '../contract/detection.js';
import type { Detector } from '../contract/detector.js';
import { forSpan, spanOf, type Grid } from './grid.js';

export interface Raster {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

export type PassOutcome = { readonly status: 'ok'; readonly detections: readonly Detection[] } | { readonly status: 'failed'; readonly detail: string };

/** Share of the picture's width and height that a tile covers; the rest is the overlap of neighbours. */
const tileRatio = 0.6;
export const tilesInPass = 4;

export async function detectWhole(detector: Detector, cameraId: string, picture: Raster, minScore: number): Promise<PassOutcome> {
  const outcome = await detector.detect({ cameraId, ...picture }, minScore);
  if (outcome.status === 'ok') return outcome;
  return { status: 'failed', detail: outcome.status === 'failed' ? outcome.detail : 'the sample was replaced by a newer one' };
}

/** @param tile 0..3: top left, top right, bottom left, bottom right. Boxes are in px of the whole picture. */
export async function detectTile(detector: Detector, cameraId: string, picture: Raster, tile: number, minScore: number, ratio = tileRatio): Promise<PassOutcome> {
  const widthPx = Math.ceil(picture.widthPx * ratio);
  const heightPx = Math.ceil(picture.heightPx * ratio);
  const xPx = tile % 2 === 0 ? 0 : picture.widthPx - widthPx;
  const yPx = tile < 2 ? 0 : picture.heightPx - heightPx;
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    const from = ((yPx + y) * picture.widthPx + xPx) * 3;
    rgb.set(picture.rgb.subarray(from, from + widthPx * 3), y * widthPx * 3);
  }
  const outcome = await detectWhole(detector, cameraId, { rgb, widthPx, heightPx }, minScore);
  if (outcome.status !== 'ok') return outcome;
  return { status: 'ok', detections: outcome.detections.map((d) => ({ ...d, xPx: d.xPx + xPx, yPx: d.yPx + yPx })) };
}

/** How an audit looks at a picture, each time a little differently: a weak box that comes by chance does not come each time. */
const auditLooks = [
  { ratio: 0.6, mirrored: false },
  { ratio: 0.6, mirrored: true },
  { ratio: 0.53, mirrored: false },
  { ratio: 0.67, mirrored: true },
] as const;

export type AuditOutcome = { readonly status: 'ok'; readonly looks: readonly (readonly Detection[])[] } | { readonly status: 'failed'; readonly detail: string };

/** The whole and all four tiles, several times. One inference that fails fails the audit. @returns the boxes of each look */
export async function detectThorough(detector: Detector, cameraId: string, picture: Raster, minScore: number): Promise<AuditOutcome> {
  const looks: Detection[][] = [];
  const mirror = mirrored(picture);
  const wholes = new Map<boolean, readonly Detection[]>();
  for (const { ratio, mirrored: turned } of auditLooks) {
    const seen = turned ? mirror : picture;
    let whole = wholes.get(turned);
    if (!whole) {
      const outcome = await detectWhole(detector, cameraId, seen, minScore);
      if (outcome.status !== 'ok') return outcome;
      whole = outcome.detections;
      wholes.set(turned, whole);
    }
    const found = [...whole];
    for (let tile = 0; tile < tilesInPass; tile++) {
      const part = await detectTile(detector, cameraId, seen, tile, minScore, ratio);
      if (part.status !== 'ok') return part;
      found.push(...part.detections);
    }
    looks.push(turned ? found.map((d) => ({ ...d, xPx: picture.widthPx - d.xPx - d.widthPx })) : found);
  }
  return { status: 'ok', looks };
}

function mirrored({ rgb, widthPx, heightPx }: Raster): Raster {
  const turned = new Uint8Array(rgb.length);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const from = (y * widthPx + x) * 3;
      const to = (y * widthPx + widthPx - 1 - x) * 3;
      turned[to] = rgb[from] as number;
      turned[to + 1] = rgb[from + 1] as number;
      turned[to + 2] = rgb[from + 2] as number;
    }
  }
  return { rgb: turned, widthPx, heightPx };
}

/** What a box is grown by at least, px: small boxes are off by some pixels, not by a share. */
const minGrowPx = 6;

/** A box with `ratio` of its size added on each side, some pixels at least, within the picture. */
export function grow<T extends Detection>(detection: T, ratio: number, widthPx: number, heightPx: number, minPx = minGrowPx): T {
  const dx = Math.max(minPx, detection.widthPx * ratio);
  const dy = Math.max(minPx, detection.heightPx * ratio);
  const xPx = Math.max(0, detection.xPx - dx);
  const yPx = Math.max(0, detection.yPx - dy);
  return {
    ...detection, xPx, yPx,
    widthPx: Math.min(widthPx, detection.xPx + detection.widthPx + dx) - xPx,
    heightPx: Math.min(heightPx, detection.yPx + detection.heightPx + dy) - yPx,
  };
}

export function markBoxes(grid: Grid, detections: readonly Detection[], minScore: number, growRatio: number, target: Uint8Array, minPx = minGrowPx): void {
  for (const detection of detections) {
    if (detection.score < minScore) continue;
    const box = grow(detection, growRatio, grid.widthPx, grid.heightPx, minPx);
    forSpan(grid, spanOf(grid, box.xPx, box.yPx, box.widthPx, box.heightPx), (block) => {
      target[block] = 1;
    });
  }
}

/** Share of a box's blocks that are set. */
export function boxShare(grid: Grid, detection: Detection, blocks: Uint8Array): number {
  let set = 0;
  let all = 0;
  forSpan(grid, spanOf(grid, detection.xPx, detection.yPx, detection.widthPx, detection.heightPx), (block) => {
    all++;
    if (blocks[block] !== 0) set++;
  });
  return all === 0 ? 0 : set / all;
}

/** Area that two boxes share, by the area of both together. */
export function overlapRatio(a: Detection, b: Detection): number {
  const shared = sharedArea(a, b);
  return shared === 0 ? 0 : shared / (a.widthPx * a.heightPx + b.widthPx * b.heightPx - shared);
}

export function sharedArea(a: Detection, b: Detection): number {
  const w = Math.min(a.xPx + a.widthPx, b.xPx + b.widthPx) - Math.max(a.xPx, b.xPx);
  const h = Math.min(a.yPx + a.heightPx, b.yPx + b.heightPx) - Math.max(a.yPx, b.yPx);
  return w > 0 && h > 0 ? w * h : 0;
}

/** Drops a box that lies in a stronger one of the same class: the passes see the same thing twice. */
export function mergeDetections(detections: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const d of [...detections].sort((a, b) => b.score - a.score)) {
    const inside = kept.some((k) => k.class === d.class && (overlapRatio(k, d) > 0.5 || sharedArea(k, d) > 0.8 * d.widthPx * d.heightPx));
    if (!inside) kept.push(d);
  }
  return kept;
}
