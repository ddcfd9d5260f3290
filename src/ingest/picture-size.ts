/** Sizes that frames are scaled to: never wider than asked, even on both sides, the aspect kept, never enlarged. */
import type { WidthLimit } from '../contract/frame-source.js';
import { narrowestPx, widthUnderCeiling, type GroundPose } from '../core/ground-density.js';

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * The sample aspect is taken as 1:1.
 * @param limit largest width, px, or how to tell it from the source
 * @returns both sides even and at least 2 px
 */
export function scaledSize(source: PictureSize, limit: WidthLimit): PictureSize {
  const maxWidthPx = typeof limit === 'number' ? limit : limit(source);
  const even = (n: number): number => Math.max(2, Math.floor(n / 2) * 2);
  const widthPx = even(Math.min(maxWidthPx, source.widthPx));
  const heightPx = Math.max(2, Math.round((source.heightPx * widthPx) / source.widthPx / 2) * 2);
  return { widthPx, heightPx };
}

/**
 * How wide frames of a camera are (DESIGN.md 5.3): as configured, and no wider than the density ceiling allows where the distance
 * of the ground is known. Never narrower than can be judged: where that is too dense, the masker withholds the pictures.
 */
export function widthLimit(pose: GroundPose | undefined, { maxWidthPx, maxDensityPxPerM }: { readonly maxWidthPx: number; readonly maxDensityPxPerM: number }): WidthLimit {
  return (stream) => Math.min(maxWidthPx, Math.max(narrowestPx, widthUnderCeiling(pose, stream.widthPx, stream.heightPx, maxDensityPxPerM) ?? maxWidthPx));
}
