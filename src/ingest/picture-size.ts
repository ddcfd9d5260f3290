/** Sizes that frames are scaled to: never wider than asked, even on both sides, the aspect kept, never enlarged. */

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * The sample aspect is taken as 1:1.
 * @param maxWidthPx largest width, px
 * @returns both sides even and at least 2 px
 */
export function scaledSize(source: PictureSize, maxWidthPx: number): PictureSize {
  const even = (n: number): number => Math.max(2, Math.floor(n / 2) * 2);
  const widthPx = even(Math.min(maxWidthPx, source.widthPx));
  const heightPx = Math.max(2, Math.round((source.heightPx * widthPx) / source.widthPx / 2) * 2);
  return { widthPx, heightPx };
}
