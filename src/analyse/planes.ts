/**
 * What the gate looks at: luma at half size, and the mean luma and colour of each tile of 8x8 px. Buffers are kept per
 * camera and written anew with every frame; they never leave the analysing process.
 */
import type { Grid } from './grid.js';

/** Edge of a tile in px of the frame; a block holds a whole number of tiles. */
export const tilePx = 8;

export interface Planes {
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** 0..255 a half pixel (2x2 px) */
  readonly luma: Uint8Array;
  readonly tileColumns: number;
  readonly tileRows: number;
  /** mean luma a tile */
  readonly tileLuma: Float32Array;
  /** mean of red minus green, and of blue minus green, a tile */
  readonly tileRed: Float32Array;
  readonly tileBlue: Float32Array;
}

export function createPlanes(grid: Pick<Grid, 'widthPx' | 'heightPx'>): Planes {
  const halfWidth = Math.ceil(grid.widthPx / 2);
  const halfHeight = Math.ceil(grid.heightPx / 2);
  const tileColumns = Math.ceil(grid.widthPx / tilePx);
  const tileRows = Math.ceil(grid.heightPx / tilePx);
  const tiles = tileColumns * tileRows;
  return {
    halfWidth, halfHeight, luma: new Uint8Array(halfWidth * halfHeight), tileColumns, tileRows,
    tileLuma: new Float32Array(tiles), tileRed: new Float32Array(tiles), tileBlue: new Float32Array(tiles),
  };
}

/** Fills `planes` from packed RGB24. @returns mean luma of the whole picture, 0..255 */
export function fillPlanes(planes: Planes, rgb: Uint8Array, widthPx: number, heightPx: number): number {
  const { halfWidth, halfHeight, luma, tileColumns, tileRows, tileLuma, tileRed, tileBlue } = planes;
  tileLuma.fill(0);
  tileRed.fill(0);
  tileBlue.fill(0);
  const stride = widthPx * 3;
  let total = 0;
  for (let y = 0; y < halfHeight; y++) {
    const top = 2 * y * stride;
    const bottom = Math.min(heightPx - 1, 2 * y + 1) * stride;
    const tileRow = (y >> 2) * tileColumns;
    let o = y * halfWidth;
    for (let tile = 0; tile < tileColumns; tile++) {
      const end = Math.min(halfWidth, tile * 4 + 4);
      let sumLuma = 0;
      let sumRed = 0;
      let sumBlue = 0;
      for (let x = tile * 4; x < end; x++) {
        const left = x * 6;
        const right = 2 * x + 1 < widthPx ? left + 3 : left;
        const a = top + left;
        const b = top + right;
        const c = bottom + left;
        const d = bottom + right;
        const r = (rgb[a] as number) + (rgb[b] as number) + (rgb[c] as number) + (rgb[d] as number);
        const g = (rgb[a + 1] as number) + (rgb[b + 1] as number) + (rgb[c + 1] as number) + (rgb[d + 1] as number);
        const u = (rgb[a + 2] as number) + (rgb[b + 2] as number) + (rgb[c + 2] as number) + (rgb[d + 2] as number);
        const value = (77 * r + 150 * g + 29 * u + 512) >> 10;
        luma[o++] = value;
        sumLuma += value;
        sumRed += r - g;
        sumBlue += u - g;
      }
      const at = tileRow + tile;
      tileLuma[at] = (tileLuma[at] as number) + sumLuma;
      tileRed[at] = (tileRed[at] as number) + sumRed;
      tileBlue[at] = (tileBlue[at] as number) + sumBlue;
      total += sumLuma;
    }
  }
  for (let row = 0; row < tileRows; row++) {
    const tall = Math.min(4, halfHeight - row * 4);
    for (let column = 0; column < tileColumns; column++) {
      const at = row * tileColumns + column;
      const pixels = tall * Math.min(4, halfWidth - column * 4);
      tileLuma[at] = (tileLuma[at] as number) / pixels;
      tileRed[at] = (tileRed[at] as number) / (4 * pixels);
      tileBlue[at] = (tileBlue[at] as number) / (4 * pixels);
    }
  }
  return total / luma.length;
}

/** Mean absolute colour of the picture: near 0 when the camera is in infrared mode (or the picture is grey). */
export function colourfulness(planes: Planes): number {
  let sum = 0;
  for (let i = 0; i < planes.tileRed.length; i++) sum += Math.abs(planes.tileRed[i] as number) + Math.abs(planes.tileBlue[i] as number);
  return sum / planes.tileRed.length;
}

/** Standard deviation of the luma between tiles: near 0 when the lens is covered or all is black. */
export function contrast(planes: Planes): number {
  let sum = 0;
  let squares = 0;
  const n = planes.tileLuma.length;
  for (let i = 0; i < n; i++) {
    const v = planes.tileLuma[i] as number;
    sum += v;
    squares += v * v;
  }
  return Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}
