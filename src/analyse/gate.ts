/**
 * The change gate: how far each block is from a reference, after what the whole picture changed in exposure and colour is
 * taken away. Three terms, the largest counts: luma, structure (so that clothes of the road's mean colour are seen), colour.
 * It works on tiles of 8x8 px and takes the worst tile of a block, so that a small far person fills a tile.
 */
import type { Grid } from './grid.js';
import { tilePx, type Planes } from './planes.js';

/** Frame luma = gain * reference luma + offset; red and blue are what the whole picture's colour moved by. */
export interface Exposure {
  readonly gain: number;
  readonly offset: number;
  readonly red: number;
  readonly blue: number;
  /** share of the tiles that the fit explains, 0..1 */
  readonly agreement: number;
}

export const sameExposure: Exposure = { gain: 1, offset: 0, red: 0, blue: 0, agreement: 1 };

/** Share of the reference's own edges that coding, shimmer and a hair's breadth of sway may add to a distance. */
const edgeLevel = 0.06;
const edgeStructure = 0.16;
/** Sway of the view that is looked for, half pixels each way; and between which distances, on tiles of how much edge a pixel. */
const swayReach = 2;
const swayShifts: readonly (readonly [dx: number, dy: number])[] = shiftsByDistance(swayReach);
const swayFrom = 5;
const swayTo = 40;
const swayEdges = 4;
/** Share of a tile's colour contrast to its neighbours that sway may add, and the most of it, levels */
const swayColour = 0.12;
const maxColourSlack = 6;
const maxGain = 2.5;
const closeLuma = 10;

/**
 * Robust fit over the tiles of the blocks in `use`: trimmed least squares, started from the median difference.
 * @param use blocks that may be looked at (learned, and not masked a moment ago)
 */
export function fitExposure(grid: Grid, frame: Planes, reference: Planes, use: Uint8Array): Exposure {
  const perBlock = grid.blockPx / tilePx;
  const f: number[] = [];
  const b: number[] = [];
  const at: number[] = [];
  for (let row = 0; row < frame.tileRows; row += 2) {
    const blockRow = Math.floor(row / perBlock) * grid.columns;
    for (let column = 0; column < frame.tileColumns; column += 2) {
      if (use[blockRow + Math.floor(column / perBlock)] === 0) continue;
      const tile = row * frame.tileColumns + column;
      const value = frame.tileLuma[tile] as number;
      const base = reference.tileLuma[tile] as number;
      if (value > 250 || base > 250) continue;
      f.push(value);
      b.push(base);
      at.push(tile);
    }
  }
  const n = f.length;
  if (n < 12) return { ...sameExposure, agreement: 0 };
  let gain = 1;
  let offset = median(f.map((v, i) => v - (b[i] as number)));
  let within = 16;
  for (let round = 0; round < 4; round++) {
    let count = 0;
    let sb = 0;
    let sf = 0;
    let sbb = 0;
    let sbf = 0;
    for (let i = 0; i < n; i++) {
      const x = b[i] as number;
      const y = f[i] as number;
      if (Math.abs(y - gain * x - offset) > within) continue;
      count++;
      sb += x;
      sf += y;
      sbb += x * x;
      sbf += x * y;
    }
    if (count < 8) break;
    const variance = sbb / count - (sb / count) ** 2;
    // Too little range tells nothing about the gain: only the offset is fitted.
    gain = variance > 60 ? clamp((sbf / count - (sb / count) * (sf / count)) / variance, 1 / maxGain, maxGain) : 1;
    offset = sf / count - gain * (sb / count);
    within = Math.max(5, within * 0.7);
  }
  const red: number[] = [];
  const blue: number[] = [];
  let close = 0;
  for (let i = 0; i < n; i++) {
    if (Math.abs((f[i] as number) - gain * (b[i] as number) - offset) > closeLuma) continue;
    close++;
    const tile = at[i] as number;
    red.push((frame.tileRed[tile] as number) - gain * (reference.tileRed[tile] as number));
    blue.push((frame.tileBlue[tile] as number) - gain * (reference.tileBlue[tile] as number));
  }
  if (close < 8) return { ...sameExposure, agreement: close / n };
  return { gain, offset, red: median(red), blue: median(blue), agreement: close / n };
}

/** Luma of the reference as it would look under an exposure, a table of 256. */
export function exposureTable(exposure: Exposure, table: Int16Array): Int16Array {
  for (let i = 0; i < 256; i++) table[i] = Math.max(0, Math.min(255, Math.round(exposure.gain * i + exposure.offset)));
  return table;
}

export interface GateScratch {
  /** differences of one row of a tile */
  readonly tile: Int16Array;
  readonly table: Int16Array;
}

export function createScratch(): GateScratch {
  return { tile: new Int16Array(4), table: new Int16Array(256) };
}

/**
 * Distance of each block from the reference, in luma levels (0..255), into `scores`.
 * @param only blocks to look at; the others get 0
 */
export function scoreBlocks(
  grid: Grid, frame: Planes, reference: Planes, exposure: Exposure, only: Uint8Array | null, scratch: GateScratch, scores: Float32Array,
): void {
  const { halfWidth, halfHeight, tileColumns, tileRows } = frame;
  const table = exposureTable(exposure, scratch.table);
  const own = scratch.tile;
  const a = frame.luma;
  const b = reference.luma;
  scores.fill(0);
  const perBlock = grid.blockPx / tilePx;
  for (let row = 0; row < tileRows; row++) {
    const y0 = row * 4;
    const y1 = Math.min(halfHeight, y0 + 4);
    const blockRow = Math.floor(row / perBlock) * grid.columns;
    for (let column = 0; column < tileColumns; column++) {
      const block = blockRow + ((column / perBlock) | 0);
      if (only !== null && only[block] === 0) continue;
      const x0 = column * 4;
      const x1 = Math.min(halfWidth, x0 + 4);
      let level = 0;
      let structure = 0;
      let edges = 0;
      // Steps stay inside the tile: a neighbour may be a block that is not known.
      for (let y = y0; y < y1; y++) {
        const line = y * halfWidth;
        const first = y === y0;
        let before = 0;
        let baseBefore = 0;
        for (let x = x0; x < x1; x++) {
          const i = line + x;
          const base = b[i] as number;
          const d = (a[i] as number) - (table[base] as number);
          level += d < 0 ? -d : d;
          const k = x - x0;
          if (k !== 0) {
            const step = d - before;
            structure += step < 0 ? -step : step;
            const slope = base - baseBefore;
            edges += slope < 0 ? -slope : slope;
          }
          if (!first) {
            const fall = d - (own[k] as number);
            structure += fall < 0 ? -fall : fall;
            const drop = base - (b[i - halfWidth] as number);
            edges += drop < 0 ? -drop : drop;
          }
          own[k] = d;
          before = d;
          baseBefore = base;
        }
      }
      const steps = (y1 - y0) * (x1 - x0);
      const tile = row * tileColumns + column;
      const red = (frame.tileRed[tile] as number) - exposure.gain * (reference.tileRed[tile] as number) - exposure.red;
      const blue = (frame.tileBlue[tile] as number) - exposure.gain * (reference.tileBlue[tile] as number) - exposure.blue;
      let colour = (Math.abs(red) + Math.abs(blue)) * 0.8;
      if (colour > swayFrom) colour = Math.max(0, colour - 0.8 * colourSlack(reference, row, column));
      const levelSlack = edges * edgeLevel;
      const structureSlack = edges * edgeStructure;
      let form = Math.max((level - levelSlack) / steps, ((structure - structureSlack) / steps) * 0.67);
      // Where there are edges, a hair's breadth of sway looks like a change: the best of the small shifts counts.
      if (form > swayFrom && form < swayTo && colour < form && edges > steps * swayEdges) {
        form = Math.min(form, swayed(frame, b, table, { x0, y0, x1, y1 }, levelSlack, structureSlack));
      }
      const score = Math.max(form, colour);
      if (score > (scores[block] as number)) scores[block] = score;
    }
  }
}

/**
 * Distance of a tile from the reference shifted by up to `swayReach` half pixels, the smallest of all.
 * @param slack what the reference's own edges may add to the sums of level and structure
 */
function swayed(frame: Planes, b: Uint8Array, table: Int16Array, tile: { x0: number; y0: number; x1: number; y1: number }, levelSlack: number, structureSlack: number): number {
  const { halfWidth, halfHeight, luma } = frame;
  const { x0, y0, x1, y1 } = tile;
  const steps = (x1 - x0) * (y1 - y0);
  let best = Infinity;
  for (const [dx, dy] of swayShifts) {
    if (x0 + dx < 0 || y0 + dy < 0 || x1 + dx > halfWidth || y1 + dy > halfHeight) continue;
    const shift = dy * halfWidth + dx;
    const levelLimit = best * steps + levelSlack;
    let level = 0;
    let structure = 0;
    for (let y = y0; y < y1 && level < levelLimit; y++) {
      const down = y + 1 < y1 ? halfWidth : 0;
      const end = y * halfWidth + x1;
      for (let i = y * halfWidth + x0; i < end; i++) {
        const d = (luma[i] as number) - (table[b[i + shift] as number] as number);
        level += d < 0 ? -d : d;
        const next = i + 1 < end ? i + 1 : i;
        const right = (luma[next] as number) - (table[b[next + shift] as number] as number) - d;
        const below = (luma[i + down] as number) - (table[b[i + down + shift] as number] as number) - d;
        structure += (right < 0 ? -right : right) + (below < 0 ? -below : below);
      }
    }
    best = Math.min(best, Math.max((level - levelSlack) / steps, ((structure - structureSlack) / steps) * 0.67));
    if (best < swayFrom) break;
  }
  return best;
}

/** Every shift of up to `reach`, the small ones first; without none at all. */
function shiftsByDistance(reach: number): [number, number][] {
  const all: [number, number][] = [];
  for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) if (dx !== 0 || dy !== 0) all.push([dx, dy]);
  return all.sort(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by);
}

/** What a hair's breadth of sway adds to a tile's mean colour: a share of what sets it apart from its neighbours. */
function colourSlack({ tileRed, tileBlue, tileColumns, tileRows }: Planes, row: number, column: number): number {
  const tile = row * tileColumns + column;
  let apart = 0;
  if (column > 0) apart = Math.max(apart, difference(tileRed, tileBlue, tile, tile - 1));
  if (column + 1 < tileColumns) apart = Math.max(apart, difference(tileRed, tileBlue, tile, tile + 1));
  if (row > 0) apart = Math.max(apart, difference(tileRed, tileBlue, tile, tile - tileColumns));
  if (row + 1 < tileRows) apart = Math.max(apart, difference(tileRed, tileBlue, tile, tile + tileColumns));
  return Math.min(maxColourSlack, apart * swayColour);
}

function difference(red: Float32Array, blue: Float32Array, a: number, b: number): number {
  return Math.abs((red[a] as number) - (red[b] as number)) + Math.abs((blue[a] as number) - (blue[b] as number));
}

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? 0;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
