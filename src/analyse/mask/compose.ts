/**
 * The picture's pixels. Non-interference (DESIGN.md 5.3): given the mask and the detections, no pixel inside the mask is
 * computed from the frame. The frame is copied outside the mask only, block by block, and nothing is filtered or scaled
 * afterwards, so that nothing bleeds across the edge.
 */
import type { Detection } from '../../contract/detection.js';
import type { Grid } from '../grid.js';
import type { Mask } from './build-mask.js';
import { drawSilhouette } from './silhouette.js';

export const flatFill = [124, 128, 132] as const;

export interface ComposeInput {
  readonly grid: Grid;
  /** RGB24 of the frame */
  readonly frame: Uint8Array;
  /** RGB24 of the learned scene */
  readonly backdrop: Uint8Array;
  readonly mask: Mask;
  /** drawn as signs, inside the mask only */
  readonly detections: readonly Detection[];
}

/** @returns RGB24 of the grid's size, a new buffer */
export function composePicture(input: ComposeInput): Uint8Array {
  const { grid, mask } = input;
  const { widthPx, heightPx, blockPx, columns } = grid;
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    const row = Math.floor(y / blockPx) * columns;
    for (let column = 0; column < columns; ) {
      const paint = paintOf(mask, row + column);
      const first = column;
      while (column < columns && paintOf(mask, row + column) === paint) column++;
      const from = (y * widthPx + first * blockPx) * 3;
      const to = (y * widthPx + Math.min(widthPx, column * blockPx)) * 3;
      if (paint === 'flat') fill(rgb, from, to);
      else rgb.set((paint === 'backdrop' ? input.backdrop : input.frame).subarray(from, to), from);
    }
  }
  const open = (x: number, y: number): boolean => {
    const block = Math.floor(y / blockPx) * columns + Math.floor(x / blockPx);
    return mask.blocks[block] !== 0 || mask.flat[block] !== 0;
  };
  const canvas = { rgb, widthPx, heightPx, open };
  // Far ones first, so that a near one lies on top.
  for (const detection of [...input.detections].sort((a, b) => a.yPx + a.heightPx - b.yPx - b.heightPx)) drawSilhouette(canvas, detection);
  return rgb;
}

function paintOf(mask: Mask, block: number): 'flat' | 'backdrop' | 'frame' {
  return mask.flat[block] !== 0 ? 'flat' : mask.blocks[block] !== 0 ? 'backdrop' : 'frame';
}

function fill(rgb: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i += 3) {
    rgb[i] = flatFill[0];
    rgb[i + 1] = flatFill[1];
    rgb[i + 2] = flatFill[2];
  }
}
