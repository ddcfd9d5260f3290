/**
 * The learned empty scene of one camera in one light mode, in memory only. Invariants:
 *   1. A block is shown only while it is `known`: it was quiet and without a detection for its learning time.
 *   2. Whatever was seen in a detection (even a weak one) while it looked as it looks now is not learned in.
 *   3. A masked block's shown pixels do not change, but by the exposure of the whole picture.
 * How: each block that is not known (or differs) has a candidate: the look that had the majority of the time lately (majority
 * vote of Boyer and Moore, in milliseconds: credit grows while the look stays and drains while it is another).
 */
import { createPlanes, fillPlanes, type Planes } from './planes.js';
import type { Grid } from './grid.js';

export const blockState = { unknown: 0, known: 1, held: 2 } as const;

/** Why a block is held, in `flags`. `occupied`: in the box of something that was there, `rim`: beside it, `doubted`: a detection agreed with what the backdrop showed. */
export const rim = 253;
export const doubted = 254;
export const occupied = 255;

/** An occupied block must look different for so long before what stood there counts as gone: a passer-by is shorter. */
export const keepLookMs = 30_000;

/** What is kept of a suspicion when a look gives way to another, and when half of a look's credit is; and the most that another look takes over. */
export const suspicionKept = 0.6;
const mostInheritedMs = 60_000;

export interface Backdrop {
  readonly grid: Grid;
  /** `blockState` a block */
  readonly state: Uint8Array;
  /** RGB24; only known blocks may be shown */
  readonly shown: Uint8Array;
  /** planes of `shown` */
  readonly reference: Planes;
  /** usual distance of a known block from its reference while nothing happens, and how far it strays, luma levels */
  readonly noise: Float32Array;
  readonly noiseSpread: Float32Array;
  readonly candidate: Candidate;
  /** blocks that something stood on when the backdrop before this one was given up: learned as held */
  readonly suspect: Uint8Array;
  /** what that backdrop showed, where it was known, and whether it was of the other light mode: then their colours cannot be compared */
  readonly earlier: { readonly reference: Planes; readonly known: Uint8Array; readonly otherMode: boolean } | null;
}

/** What a block may become. */
export interface Candidate {
  /** RGB in 8.8 fixed point */
  readonly rgb: Uint16Array;
  readonly planes: Planes;
  /** samples that match; 0: there is no candidate */
  readonly samples: Uint16Array;
  readonly creditMs: Float32Array;
  readonly flags: Uint8Array;
  /** time that the candidate was quiet under a detection */
  readonly flaggedMs: Float32Array;
  /** the same, weighted by what such a detection says */
  readonly suspicionMs: Float32Array;
  /** full passes over the tiles when the candidate began or was last flagged */
  readonly sincePass: Float64Array;
  /** 1: the block was occupied, and has looked different since: what stood there has left */
  readonly left: Uint8Array;
  /** usual distance of matching samples, and how far it strays, luma levels */
  readonly noise: Float32Array;
  readonly noiseSpread: Float32Array;
}

export function createBackdrop(grid: Grid, suspect: Uint8Array | null, earlier: Backdrop['earlier'] = null): Backdrop {
  const bytes = grid.widthPx * grid.heightPx * 3;
  return {
    grid,
    state: new Uint8Array(grid.count),
    shown: new Uint8Array(bytes),
    reference: createPlanes(grid),
    noise: new Float32Array(grid.count).fill(2),
    noiseSpread: new Float32Array(grid.count).fill(1),
    candidate: {
      rgb: new Uint16Array(bytes),
      planes: createPlanes(grid),
      samples: new Uint16Array(grid.count),
      creditMs: new Float32Array(grid.count),
      flags: new Uint8Array(grid.count),
      flaggedMs: new Float32Array(grid.count),
      suspicionMs: new Float32Array(grid.count),
      sincePass: new Float64Array(grid.count),
      left: new Uint8Array(grid.count),
      noise: new Float32Array(grid.count),
      noiseSpread: new Float32Array(grid.count),
    },
    suspect: suspect ? Uint8Array.from(suspect) : new Uint8Array(grid.count),
    earlier,
  };
}

/** The candidate becomes what the frame shows in this block now. */
export function beginCandidate(backdrop: Backdrop, block: number, rgb: Uint8Array, planes: Planes, passes: number): void {
  const { candidate } = backdrop;
  const gone = candidate.flags[block] === occupied;
  if (gone) candidate.left[block] = 1;
  // Who shifts from one leg to the other is under suspicion in either pose.
  const inherited = gone ? 0 : Math.min(mostInheritedMs, suspicionKept * (candidate.suspicionMs[block] as number));
  candidate.samples[block] = 1;
  candidate.creditMs[block] = 0;
  candidate.flags[block] = 0;
  candidate.flaggedMs[block] = 0;
  candidate.suspicionMs[block] = inherited;
  candidate.sincePass[block] = passes;
  candidate.noise[block] = 3;
  candidate.noiseSpread[block] = 1;
  blendPixels(backdrop, block, rgb, 1);
  blendPlanes(backdrop.grid, block, candidate.planes, planes, 1);
}

export function forgetCandidate(backdrop: Backdrop, block: number): void {
  backdrop.candidate.samples[block] = 0;
  backdrop.candidate.creditMs[block] = 0;
  backdrop.candidate.flags[block] = 0;
  backdrop.candidate.flaggedMs[block] = 0;
  backdrop.candidate.suspicionMs[block] = 0;
}

/** One more sample of the same look: a running mean, over at most 16 samples for pixels and 4 for the gate's planes. */
export function addToCandidate(backdrop: Backdrop, block: number, rgb: Uint8Array, planes: Planes, score: number): void {
  const { candidate } = backdrop;
  follow(candidate, block, score, 0.2);
  const samples = Math.min(60_000, (candidate.samples[block] as number) + 1);
  candidate.samples[block] = samples;
  blendPixels(backdrop, block, rgb, 1 / Math.min(16, samples));
  blendPlanes(backdrop.grid, block, candidate.planes, planes, 1 / Math.min(4, samples));
}

/** Running mean and mean deviation of a block's distance. */
export function follow(noise: { readonly noise: Float32Array; readonly noiseSpread: Float32Array }, block: number, score: number, weight: number): void {
  const away = score - (noise.noise[block] as number);
  noise.noise[block] = (noise.noise[block] as number) + weight * away;
  noise.noiseSpread[block] = (noise.noiseSpread[block] as number) + weight * (Math.abs(away) - (noise.noiseSpread[block] as number));
}

/** The candidate is the empty scene: from now on the block may be shown. */
export function adoptCandidate(backdrop: Backdrop, block: number): void {
  const { grid, candidate, shown } = backdrop;
  eachRow(grid, block, (from, to) => {
    for (let i = from; i < to; i++) shown[i] = Math.min(255, ((candidate.rgb[i] as number) + 128) >> 8);
  });
  blendPlanes(grid, block, backdrop.reference, candidate.planes, 1);
  backdrop.noise[block] = candidate.noise[block] as number;
  backdrop.noiseSpread[block] = candidate.noiseSpread[block] as number;
  backdrop.state[block] = blockState.known;
  backdrop.suspect[block] = 0;
  forgetCandidate(backdrop, block);
}

/** The block is not shown any more. @param mark why: 0 (restless), `rim`, `doubted` or `occupied` */
export function holdBlock(backdrop: Backdrop, block: number, mark: number): void {
  const { candidate } = backdrop;
  if (backdrop.state[block] === blockState.known && candidate.samples[block] === 0) {
    // What the backdrop shows is what is doubted: that look is the candidate which must go away first.
    const { grid, shown } = backdrop;
    eachRow(grid, block, (from, to) => {
      for (let i = from; i < to; i++) candidate.rgb[i] = (shown[i] as number) << 8;
    });
    blendPlanes(grid, block, candidate.planes, backdrop.reference, 1);
    candidate.samples[block] = 1;
  }
  backdrop.state[block] = blockState.held;
  candidate.creditMs[block] = mark === occupied ? keepLookMs : 0;
  candidate.flags[block] = Math.max(mark, candidate.flags[block] as number);
  candidate.left[block] = 0;
}

/** The scene as far as it is known, and the candidates elsewhere: for the audit only, never shown. */
export function sceneForAudit(backdrop: Backdrop): Uint8Array {
  const { grid, candidate, shown, state } = backdrop;
  const scene = new Uint8Array(shown);
  for (let block = 0; block < grid.count; block++) {
    if (state[block] === blockState.known || candidate.samples[block] === 0) continue;
    eachRow(grid, block, (from, to) => {
      for (let i = from; i < to; i++) scene[i] = (candidate.rgb[i] as number) >> 8;
    });
  }
  return scene;
}

/**
 * Moves the shown pixels of calm blocks one level towards the frame: slow light that is not the same everywhere. What the
 * whole picture does is not taken in here (see `rebase`), so that blocks under a mask do not fall behind.
 */
export function drift(backdrop: Backdrop, calm: Uint8Array, rgb: Uint8Array, exposure: { gain: number; offset: number; red: number; blue: number }): void {
  const { grid, shown } = backdrop;
  const back = [exposure.red, 0, exposure.blue].map((colour) => {
    const table = new Float32Array(256);
    for (let i = 0; i < 256; i++) table[i] = (i - colour - exposure.offset) / exposure.gain;
    return table;
  }) as [Float32Array, Float32Array, Float32Array];
  for (let block = 0; block < grid.count; block++) {
    if (calm[block] === 0) continue;
    eachRow(grid, block, (from, to) => {
      for (let i = from; i < to; i += 3) {
        for (let c = 0; c < 3; c++) {
          const value = rgb[i + c] as number;
          if (value > 250) continue;
          const away = ((back[c] as Float32Array)[value] as number) - (shown[i + c] as number);
          if (away > 1.5) shown[i + c] = Math.min(255, (shown[i + c] as number) + 1);
          else if (away < -1.5) shown[i + c] = Math.max(0, (shown[i + c] as number) - 1);
        }
      }
    });
  }
  fillPlanes(backdrop.reference, shown, grid.widthPx, grid.heightPx);
}

/** Takes an exposure that has lasted into every shown pixel, masked or not: it was fitted on unmasked blocks only. */
export function rebase(backdrop: Backdrop, exposure: { gain: number; offset: number; red: number; blue: number }): void {
  const { grid, shown } = backdrop;
  const tables = [exposure.red, 0, exposure.blue].map((colour) => {
    const table = new Uint8Array(256);
    for (let i = 0; i < 256; i++) table[i] = Math.max(0, Math.min(255, Math.round(exposure.gain * i + exposure.offset + colour)));
    return table;
  }) as [Uint8Array, Uint8Array, Uint8Array];
  for (let i = 0; i < shown.length; i += 3) {
    shown[i] = tables[0][shown[i] as number] as number;
    shown[i + 1] = tables[1][shown[i + 1] as number] as number;
    shown[i + 2] = tables[2][shown[i + 2] as number] as number;
  }
  fillPlanes(backdrop.reference, shown, grid.widthPx, grid.heightPx);
}

/** Byte ranges of a block's rows in packed RGB24. */
export function eachRow(grid: Grid, block: number, visit: (from: number, to: number) => void): void {
  const x0 = (block % grid.columns) * grid.blockPx;
  const y0 = Math.floor(block / grid.columns) * grid.blockPx;
  const x1 = Math.min(grid.widthPx, x0 + grid.blockPx);
  const y1 = Math.min(grid.heightPx, y0 + grid.blockPx);
  for (let y = y0; y < y1; y++) visit((y * grid.widthPx + x0) * 3, (y * grid.widthPx + x1) * 3);
}

function blendPixels(backdrop: Backdrop, block: number, rgb: Uint8Array, weight: number): void {
  const target = backdrop.candidate.rgb;
  eachRow(backdrop.grid, block, (from, to) => {
    for (let i = from; i < to; i++) {
      const old = target[i] as number;
      target[i] = weight === 1 ? (rgb[i] as number) << 8 : old + (((rgb[i] as number) << 8) - old) * weight;
    }
  });
}

/** Both planes have the size of the grid. */
function blendPlanes(grid: Grid, block: number, target: Planes, source: Planes, weight: number): void {
  const half = grid.blockPx / 2;
  const x0 = (block % grid.columns) * half;
  const y0 = Math.floor(block / grid.columns) * half;
  const x1 = Math.min(target.halfWidth, x0 + half);
  const y1 = Math.min(target.halfHeight, y0 + half);
  for (let y = y0; y < y1; y++) {
    for (let i = y * target.halfWidth + x0; i < y * target.halfWidth + x1; i++) {
      const old = target.luma[i] as number;
      target.luma[i] = weight === 1 ? (source.luma[i] as number) : Math.round(old + ((source.luma[i] as number) - old) * weight);
    }
  }
  for (let row = y0 >> 2; row < Math.ceil(y1 / 4); row++) {
    for (let tile = row * target.tileColumns + (x0 >> 2); tile < row * target.tileColumns + Math.ceil(x1 / 4); tile++) {
      for (const key of ['tileLuma', 'tileRed', 'tileBlue'] as const) {
        const old = target[key][tile] as number;
        target[key][tile] = old + ((source[key][tile] as number) - old) * weight;
      }
    }
  }
}
