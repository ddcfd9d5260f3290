/**
 * A mast that gives way by a hair: the backdrop is moved along instead of being learned anew. What is known stays known, what was held
 * stays held at its new place, and what comes into the view is not known.
 */
import { blockState, createBackdrop, keepLookMs, occupied, sceneForAudit, type Backdrop } from './backdrop.js';
import type { Grid } from './grid.js';
import { fillPlanes, type Planes } from './planes.js';
import type { Shift } from './view-shift.js';

/** Half pixels around the coarse measure in which the shift is looked for, and how much better than no shift it must fit. */
const searchReach = 4;
const betterRatio = 0.75;

/**
 * The shift of the frame against the reference in whole half-pixels, found by the smallest mean difference over known blocks.
 * @param coarse what phase correlation says
 * @returns px of the frame, even numbers; null: no shift fits clearly
 */
export function refineShift(grid: Grid, frame: Planes, reference: Planes, known: Uint8Array, coarse: Shift): { xPx: number; yPx: number } | null {
  const cx = Math.round(coarse.xRatio * frame.halfWidth);
  const cy = Math.round(coarse.yRatio * frame.halfHeight);
  const still = apart(grid, frame, reference, known, 0, 0);
  let best = Infinity;
  let at = { xPx: 0, yPx: 0 };
  for (let dy = cy - searchReach; dy <= cy + searchReach; dy++) {
    for (let dx = cx - searchReach; dx <= cx + searchReach; dx++) {
      const distance = apart(grid, frame, reference, known, dx, dy);
      if (distance >= best) continue;
      best = distance;
      at = { xPx: 2 * dx, yPx: 2 * dy };
    }
  }
  return best < betterRatio * still ? at : null;
}

/** Mean difference of luma in known blocks when the frame is shifted by (dx, dy) half pixels; the mean of all is taken away. */
function apart(grid: Grid, frame: Planes, reference: Planes, known: Uint8Array, dx: number, dy: number): number {
  const { halfWidth, halfHeight } = frame;
  const half = grid.blockPx / 2;
  const differences: number[] = [];
  let sum = 0;
  for (let y = Math.max(0, -dy); y < Math.min(halfHeight, halfHeight - dy); y += 2) {
    const row = Math.floor(y / half) * grid.columns;
    for (let x = Math.max(0, -dx); x < Math.min(halfWidth, halfWidth - dx); x += 2) {
      if (known[row + Math.floor(x / half)] === 0) continue;
      const d = (frame.luma[(y + dy) * halfWidth + x + dx] as number) - (reference.luma[y * halfWidth + x] as number);
      differences.push(d);
      sum += d;
    }
  }
  if (differences.length < 100) return Infinity;
  const mean = sum / differences.length;
  let total = 0;
  for (const d of differences) total += Math.min(40, Math.abs(d - mean));
  return total / differences.length;
}

/** The backdrop of a view whose content moved by so many px. @param passes full passes over the tiles so far */
export function translateBackdrop(old: Backdrop, xPx: number, yPx: number, passes: number): Backdrop {
  const { grid } = old;
  const moved = createBackdrop(grid, null);
  const scene = sceneForAudit(old);
  const { widthPx, heightPx } = grid;
  for (let y = Math.max(0, yPx); y < Math.min(heightPx, heightPx + yPx); y++) {
    const from = ((y - yPx) * widthPx + Math.max(0, -xPx)) * 3;
    const count = (widthPx - Math.abs(xPx)) * 3;
    moved.shown.set(scene.subarray(from, from + count), (y * widthPx + Math.max(0, xPx)) * 3);
  }
  fillPlanes(moved.reference, moved.shown, widthPx, heightPx);
  for (let block = 0; block < grid.count; block++) {
    const sources = sourcesOf(grid, block, xPx, yPx);
    moved.suspect[block] = sources.some((s) => old.suspect[s] !== 0) ? 1 : 0;
    const [first] = sources;
    if (first !== undefined && sources.every((s) => old.state[s] === blockState.known)) {
      moved.state[block] = blockState.known;
      moved.noise[block] = old.noise[first] as number;
      moved.noiseSpread[block] = old.noiseSpread[first] as number;
      continue;
    }
    moved.state[block] = blockState.held;
    takeCandidate(old, moved, block, sources.filter((s) => old.state[s] !== blockState.known), passes);
  }
  for (let i = 0; i < moved.shown.length; i++) moved.candidate.rgb[i] = (moved.shown[i] as number) << 8;
  fillPlanes(moved.candidate.planes, moved.shown, widthPx, heightPx);
  return moved;
}

/** What was learned of the parts of a block goes on; the least of them counts. */
function takeCandidate(old: Backdrop, moved: Backdrop, block: number, sources: readonly number[], passes: number): void {
  const { candidate } = old;
  if (sources.length === 0 || sources.some((s) => candidate.samples[s] === 0 && candidate.flags[s] !== occupied)) return;
  const to = moved.candidate;
  to.samples[block] = Math.max(1, Math.min(...sources.map((s) => candidate.samples[s] as number)));
  to.flags[block] = Math.max(...sources.map((s) => candidate.flags[s] as number));
  to.creditMs[block] = to.flags[block] === occupied ? keepLookMs : Math.min(...sources.map((s) => candidate.creditMs[s] as number));
  to.suspicionMs[block] = Math.max(...sources.map((s) => candidate.suspicionMs[s] as number));
  to.flaggedMs[block] = Math.max(...sources.map((s) => candidate.flaggedMs[s] as number));
  to.sincePass[block] = passes;
  to.noise[block] = Math.max(...sources.map((s) => candidate.noise[s] as number));
  to.noiseSpread[block] = Math.max(...sources.map((s) => candidate.noiseSpread[s] as number));
}

/** Blocks from which the pixels of a block come; none when some come from outside the picture. */
function sourcesOf(grid: Grid, block: number, xPx: number, yPx: number): number[] {
  const x0 = (block % grid.columns) * grid.blockPx - xPx;
  const y0 = Math.floor(block / grid.columns) * grid.blockPx - yPx;
  const x1 = Math.min(grid.widthPx - xPx, x0 + grid.blockPx) - 1;
  const y1 = Math.min(grid.heightPx - yPx, y0 + grid.blockPx) - 1;
  if (x0 < 0 || y0 < 0 || x1 >= grid.widthPx || y1 >= grid.heightPx) return [];
  const at = (x: number, y: number): number => Math.floor(y / grid.blockPx) * grid.columns + Math.floor(x / grid.blockPx);
  return [...new Set([at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1)])];
}
