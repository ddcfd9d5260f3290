/**
 * Which blocks that differ from the backdrop are the same surface in another light: a lamp, a shadow, wet ground. Texture tells:
 * light keeps it, a person or a vehicle does not. A surface without texture is told by its surroundings: whoever stands on it has
 * edges, and what lies within such edges is not relit. Colour tells, too: light changes it along with the level, another thing of the
 * same level changes it alone.
 */
import { sameExposure, type Exposure } from './gate.js';
import type { Grid } from './grid.js';
import { tilePx, type Planes } from './planes.js';

/** standard deviation of luma in a window, levels, from which a surface has texture, and up to which it has none */
const textured = 3;
const plain = 4;
/** correlation of both textures from which they are the same, and what may be left unexplained then, levels */
const sameTexture = 0.8;
const unexplained = 4;
/** and at any point of the block itself */
const unexplainedPeak = 16;
/** what light may change a tile's colour by: as many times the change of its level (a sodium lamp on grey ground: 1.9), and so many levels in any case */
const tintTimes = 2;
const tintLevels = 12;

/**
 * @param reference what the surfaces looked like in the other light
 * @param changed blocks to judge: those that differ
 * @param whole what the whole picture changed by; null: one of both has no colours
 * @returns 1: relit
 */
export function relitBlocks(grid: Grid, frame: Planes, reference: Planes, changed: Uint8Array, whole: Exposure | null = sameExposure): Uint8Array {
  const relit = new Uint8Array(grid.count);
  const bare: number[] = [];
  for (let block = 0; block < grid.count; block++) {
    if (changed[block] === 0 || (whole !== null && isTinted(grid, frame, reference, block, whole))) continue;
    const { frameSpread, referenceSpread, correlation, peak } = compareWindow(grid, frame, reference, block);
    if (peak > unexplainedPeak) continue;
    if (referenceSpread >= textured) {
      if (correlation >= sameTexture && frameSpread * Math.sqrt(1 - correlation ** 2) <= unexplained) relit[block] = 1;
    } else if (frameSpread <= plain) {
      relit[block] = 1;
      bare.push(block);
    }
  }
  // What is bare counts only while nothing beside it is something else.
  for (let again = true; again; ) {
    again = false;
    for (const block of bare) {
      if (relit[block] === 0 || !besides(grid, block, (near) => changed[near] !== 0 && relit[near] === 0)) continue;
      relit[block] = 0;
      again = true;
    }
  }
  return relit;
}

/** Is a tile of the block of another colour than light alone would make it? */
function isTinted(grid: Grid, frame: Planes, reference: Planes, block: number, whole: Exposure): boolean {
  const perBlock = grid.blockPx / tilePx;
  const column0 = (block % grid.columns) * perBlock;
  const row0 = Math.floor(block / grid.columns) * perBlock;
  for (let row = row0; row < Math.min(frame.tileRows, row0 + perBlock); row++) {
    for (let column = column0; column < Math.min(frame.tileColumns, column0 + perBlock); column++) {
      const tile = row * frame.tileColumns + column;
      const apart = (a: Float32Array, b: Float32Array, by: number): number => Math.abs((a[tile] as number) - whole.gain * (b[tile] as number) - by);
      const colour = apart(frame.tileRed, reference.tileRed, whole.red) + apart(frame.tileBlue, reference.tileBlue, whole.blue);
      if (colour > Math.max(tintLevels, tintTimes * apart(frame.tileLuma, reference.tileLuma, whole.offset))) return true;
    }
  }
  return false;
}

const maxGain = 3;

/** The block and its eight neighbours, at half size. `peak`: largest difference in the block itself that gain and offset do not explain */
function compareWindow(grid: Grid, frame: Planes, reference: Planes, block: number): { frameSpread: number; referenceSpread: number; correlation: number; peak: number } {
  const half = grid.blockPx / 2;
  const x = (block % grid.columns) * half;
  const y = Math.floor(block / grid.columns) * half;
  const x0 = Math.max(0, x - half);
  const y0 = Math.max(0, y - half);
  const x1 = Math.min(frame.halfWidth, x + 2 * half);
  const y1 = Math.min(frame.halfHeight, y + 2 * half);
  let [n, f, b, ff, bb, fb] = [0, 0, 0, 0, 0, 0];
  for (let row = y0; row < y1; row++) {
    for (let i = row * frame.halfWidth + x0; i < row * frame.halfWidth + x1; i++) {
      const p = frame.luma[i] as number;
      const q = reference.luma[i] as number;
      n++;
      f += p;
      b += q;
      ff += p * p;
      bb += q * q;
      fb += p * q;
    }
  }
  const frameVariance = Math.max(0, ff / n - (f / n) ** 2);
  const referenceVariance = Math.max(0, bb / n - (b / n) ** 2);
  const shared = fb / n - (f / n) * (b / n);
  const size = Math.sqrt(frameVariance * referenceVariance);
  // A surface without texture has no gain of its own: only its level changes.
  const gain = referenceVariance < 1 ? 1 : Math.max(0, Math.min(maxGain, shared / referenceVariance));
  const offset = f / n - gain * (b / n);
  let peak = 0;
  for (let row = y; row < Math.min(frame.halfHeight, y + half); row++) {
    for (let i = row * frame.halfWidth + x; i < row * frame.halfWidth + Math.min(frame.halfWidth, x + half); i++) {
      peak = Math.max(peak, Math.abs((frame.luma[i] as number) - gain * (reference.luma[i] as number) - offset));
    }
  }
  return { frameSpread: Math.sqrt(frameVariance), referenceSpread: Math.sqrt(referenceVariance), correlation: size < 1e-6 ? 0 : Math.min(1, shared / size), peak };
}

function besides(grid: Grid, block: number, is: (near: number) => boolean): boolean {
  const column = block % grid.columns;
  return (column > 0 && is(block - 1)) || (column + 1 < grid.columns && is(block + 1)) || (block >= grid.columns && is(block - grid.columns)) || (block + grid.columns < grid.count && is(block + grid.columns));
}
