/**
 * The picture's pixels. Non-interference (DESIGN.md 5.3): given the mask and the detections, no pixel of the picture depends on
 * what the camera saw inside the mask. The frame is copied outside the mask only, and nothing is filtered or scaled afterwards.
 *
 * The frame itself was scaled before: along the mask's edge its pixels hold a little of what lies beyond. A band of `guardPx`
 * around the mask is therefore painted like the mask beside it: flat beside flat (the backdrop was scaled from frames, too,
 * and holds a little of what is always covered), the backdrop beside the backdrop. The units of the JPEG are whole blocks or less,
 * so none lies across the mask's edge; one that holds band and frame lies outside, where nothing of the inside is.
 */
import type { Detection } from '../../contract/detection.js';
import type { Grid } from '../grid.js';
import type { Mask } from './build-mask.js';
import { drawSilhouette } from './silhouette.js';

export const flatFill = [124, 128, 132] as const;

/**
 * How far, px, a sample of the decoded picture can tell beyond the edge of the mask that it lies in, wholly or in part. Chroma is
 * halved: near 1:1 a sample lies in up to three pixels, and libav's area filter spreads it over the next one, which is computed
 * once for two pixels across. Measured: 1 with 4:4:4, up to 4 with 4:2:0 and 4:2:2, from 1:1 to 6:1, in 9,000 random sizes; streams
 * that RTP carries have no coarser chroma.
 */
export const guardPx = 4;

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
      if (paint === flat) fill(rgb, from, to);
      else rgb.set((paint === backdrop ? input.backdrop : input.frame).subarray(from, to), from);
    }
  }
  // Flat last: it wins where both meet.
  guard(input, rgb, backdrop);
  guard(input, rgb, flat);
  const open = (x: number, y: number): boolean => {
    const block = Math.floor(y / blockPx) * columns + Math.floor(x / blockPx);
    return mask.blocks[block] !== 0 || mask.flat[block] !== 0;
  };
  const canvas = { rgb, widthPx, heightPx, open };
  // Far ones first, so that a near one lies on top.
  for (const detection of [...input.detections].sort((a, b) => a.yPx + a.heightPx - b.yPx - b.heightPx)) drawSilhouette(canvas, detection);
  return rgb;
}

/** What a block is painted with; a higher one tells less. */
const [frame, backdrop, flat] = [0, 1, 2] as const;
type Paint = typeof frame | typeof backdrop | typeof flat;

function paintOf(mask: Mask, block: number): Paint {
  return mask.flat[block] !== 0 ? flat : mask.blocks[block] !== 0 ? backdrop : frame;
}

/** Paints what lies within `guardPx` of a block that is painted `beside`, in blocks that tell more. */
function guard({ grid, mask, ...input }: ComposeInput, rgb: Uint8Array, beside: typeof backdrop | typeof flat): void {
  const { widthPx, heightPx, blockPx, columns, rows } = grid;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      if (paintOf(mask, r * columns + c) !== beside) continue;
      for (let row = Math.max(0, r - 1); row <= Math.min(rows - 1, r + 1); row++) {
        for (let column = Math.max(0, c - 1); column <= Math.min(columns - 1, c + 1); column++) {
          if (paintOf(mask, row * columns + column) >= beside) continue;
          const x0 = column > c ? column * blockPx : Math.max(column * blockPx, c * blockPx - guardPx);
          const x1 = Math.min(widthPx, (column + 1) * blockPx, (c + 1) * blockPx + guardPx);
          const y0 = row > r ? row * blockPx : Math.max(row * blockPx, r * blockPx - guardPx);
          const y1 = Math.min(heightPx, (row + 1) * blockPx, (r + 1) * blockPx + guardPx);
          for (let y = y0; y < y1; y++) {
            const [from, to] = [(y * widthPx + x0) * 3, (y * widthPx + x1) * 3];
            if (beside === flat) fill(rgb, from, to);
            else rgb.set(input.backdrop.subarray(from, to), from);
          }
        }
      }
    }
  }
}

function fill(rgb: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i += 3) {
    rgb[i] = flatFill[0];
    rgb[i + 1] = flatFill[1];
    rgb[i + 2] = flatFill[2];
  }
}
