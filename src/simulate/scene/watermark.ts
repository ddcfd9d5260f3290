/**
 * A known pattern that walkers and cars of a drawn scene can carry, and its detector: a test scans stored pictures for
 * it. A board of 12 x 16 black and white cells of 4 px covers the actor, and the pattern goes on over all of it.
 */
import { createRandom } from '../random.js';

const cellPx = 4;
const columns = 12;
const rows = 16;

/** The bits of the board, row by row; half of them are set. */
const bits: readonly number[] = (() => {
  const random = createRandom(0x48656467);
  const cells = Array.from({ length: columns * rows }, (_, i) => i % 2);
  for (let i = cells.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [cells[i], cells[j]] = [cells[j] ?? 0, cells[i] ?? 0];
  }
  return cells;
})();

export const boardWidthPx = columns * cellPx;
export const boardHeightPx = rows * cellPx;

/**
 * Paints the pattern over everything that is not transparent, and a whole board in the middle.
 * @param rgba straight alpha, changed in place
 * @param board whether a whole board is painted even where nothing is
 */
export function paintWatermark(rgba: Uint8Array, widthPx: number, heightPx: number, board = true): void {
  const left = (widthPx - boardWidthPx) >> 1;
  const top = (heightPx - boardHeightPx) >> 1;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const i = (y * widthPx + x) * 4;
      const onBoard = board && x >= left && x < left + boardWidthPx && y >= top && y < top + boardHeightPx;
      if (!onBoard && (rgba[i + 3] ?? 0) < 128) {
        rgba[i + 3] = 0;
        continue;
      }
      const bit = bits[modulo(Math.floor((y - top) / cellPx), rows) * columns + modulo(Math.floor((x - left) / cellPx), columns)];
      rgba.fill(bit ? 245 : 10, i, i + 3);
      rgba[i + 3] = 255;
    }
  }
}

const modulo = (n: number, m: number): number => ((n % m) + m) % m;

export interface WatermarkScore {
  /** best correlation with the whole board or with a quarter of it, -1..1 */
  readonly score: number;
  /** where it was found, px of the image as it was given */
  readonly xPx: number;
  readonly yPx: number;
}

/** From this score on the pattern is there; what a picture shows without it stays well below. */
export const watermarkThreshold = 0.6;

/**
 * Looks for the board anywhere in an image.
 * @param rgb packed RGB24
 * @param sceneWidthPx width of the scene that the image shows: the image is brought to that scale first, so that a
 *   smaller or larger copy is found; for a piece that was cut out say the image's own width
 */
export function detectWatermark(rgb: Uint8Array, widthPx: number, heightPx: number, sceneWidthPx = 640): WatermarkScore {
  const scale = sceneWidthPx / widthPx;
  const w = Math.floor((widthPx * scale) / 2);
  const h = Math.floor((heightPx * scale) / 2);
  const half = new Float32Array(w * h);
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) half[y * w + x] = averageLuma(rgb, widthPx, heightPx, (x * 2) / scale, (y * 2) / scale, 2 / scale);
  let best: WatermarkScore = { score: -1, xPx: 0, yPx: 0 };
  // The whole board, and its four quarters for what is half hidden; a quarter must fit better to count as much.
  const parts = [
    { x0: 0, y0: 0, w: columns, h: rows, weight: 1 },
    ...[0, 1].flatMap((qx) => [0, 1].map((qy) => ({ x0: (qx * columns) / 2, y0: (qy * rows) / 2, w: columns / 2, h: rows / 2, weight: 0.75 }))),
  ];
  for (const part of parts) {
    for (let y = 0; y + part.h * 2 <= h; y++) {
      for (let x = 0; x + part.w * 2 <= w; x++) {
        const score = part.weight * correlation(half, w, x, y, part);
        if (score > best.score) best = { score, xPx: Math.round((x * 2) / scale), yPx: Math.round((y * 2) / scale) };
      }
    }
  }
  return best;
}

function correlation(half: Float32Array, w: number, x: number, y: number, part: { x0: number; y0: number; w: number; h: number }): number {
  let [sum, squares, cross, ones] = [0, 0, 0, 0];
  const n = part.w * part.h;
  for (let r = 0; r < part.h; r++) {
    for (let c = 0; c < part.w; c++) {
      const at = (y + r * 2) * w + x + c * 2;
      const value = ((half[at] as number) + (half[at + 1] as number) + (half[at + w] as number) + (half[at + w + 1] as number)) / 4;
      const bit = bits[(part.y0 + r) * columns + part.x0 + c] as number;
      sum += value;
      squares += value * value;
      cross += bit * value;
      ones += bit;
    }
  }
  const variance = squares - (sum * sum) / n;
  // Flat areas correlate with nothing: the pattern has a contrast far above noise, even after a hard blur.
  if (variance < n * 64) return 0;
  return (cross - (ones * sum) / n) / Math.sqrt(variance * (ones - (ones * ones) / n));
}

/** Mean of the area, or between the pixels where the area is smaller than two of them. */
function averageLuma(rgb: Uint8Array, width: number, height: number, x: number, y: number, size: number): number {
  const luma = (px: number, py: number): number => {
    const i = (Math.min(height - 1, Math.max(0, py)) * width + Math.min(width - 1, Math.max(0, px))) * 3;
    return 0.299 * (rgb[i] as number) + 0.587 * (rgb[i + 1] as number) + 0.114 * (rgb[i + 2] as number);
  };
  if (size < 2) {
    const [cx, cy] = [x + size / 2 - 0.5, y + size / 2 - 0.5];
    const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
    const [fx, fy] = [cx - x0, cy - y0];
    return (luma(x0, y0) * (1 - fx) + luma(x0 + 1, y0) * fx) * (1 - fy) + (luma(x0, y0 + 1) * (1 - fx) + luma(x0 + 1, y0 + 1) * fx) * fy;
  }
  let [sum, n] = [0, 0];
  for (let py = Math.floor(y); py < Math.round(y + size); py++) {
    for (let px = Math.floor(x); px < Math.round(x + size); px++) {
      sum += luma(px, py);
      n++;
    }
  }
  return sum / n;
}
