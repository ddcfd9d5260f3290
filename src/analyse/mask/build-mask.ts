/**
 * The mask: privacy zones, detections, blocks that differ, what was masked a moment ago, held blocks; whole blocks only.
 * Two layers: every masked block, and those of them that are painted flat because not even the backdrop may be shown.
 */
import type { Detection } from '../../contract/detection.js';
import { blockState, type Backdrop } from '../backdrop.js';
import { boxShare, markBoxes } from '../detect.js';
import { fillIslands, growInto, type Grid } from '../grid.js';

export interface Mask {
  /** 1: the frame is not shown here */
  readonly blocks: Uint8Array;
  /** 1: the backdrop is not shown here either */
  readonly flat: Uint8Array;
}

/** What outlives a sample: until when a block stays masked or flat, monotonic milliseconds. */
export interface Carry {
  readonly maskedUntilMs: Float64Array;
  readonly flatUntilMs: Float64Array;
}

export function createCarry(grid: Grid): Carry {
  return { maskedUntilMs: new Float64Array(grid.count), flatUntilMs: new Float64Array(grid.count) };
}

export interface MaskInput {
  readonly grid: Grid;
  readonly backdrop: Pick<Backdrop, 'state'>;
  readonly detections: readonly Detection[];
  /** known blocks that differ from the backdrop */
  readonly changed: Uint8Array;
  /** blocks of the privacy zones */
  readonly privacy: Uint8Array;
  /** changed blocks that have looked the same for a while: either what came stays, or what the backdrop shows has left */
  readonly settled: Uint8Array;
  /** blocks that have looked as the empty scene in this sample and the one before, and that no box lies on: not carried on */
  readonly clear: Uint8Array;
  readonly carry: Carry;
  readonly nowMs: number;
  readonly carryMs: number;
  readonly maskScore: number;
  readonly growRatio: number;
}

/** A box of which less than this share differs agrees with the backdrop: the backdrop may hold what was detected. */
export const agreesWithBackdrop = 0.15;

/** Largest enclosed part of the picture that is painted flat with its surroundings. */
const islandBlocks = 12;

export function buildMask(input: MaskInput): Mask {
  const { grid, backdrop, carry, nowMs } = input;
  const blocks = new Uint8Array(grid.count);
  growInto(grid, input.changed, blocks);
  markBoxes(grid, input.detections, input.maskScore, input.growRatio, blocks);
  const doubtful = new Uint8Array(grid.count);
  for (const detection of input.detections) {
    if (detection.score >= input.maskScore && boxShare(grid, detection, input.changed) < agreesWithBackdrop) {
      markBoxes(grid, [detection], 0, input.growRatio, doubtful);
    }
  }
  const flat = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    if (blocks[block] !== 0) carry.maskedUntilMs[block] = nowMs + input.carryMs;
    else if (input.clear[block] !== 0) carry.maskedUntilMs[block] = 0;
    else if ((carry.maskedUntilMs[block] as number) > nowMs) blocks[block] = 1;
    if (doubtful[block] !== 0) carry.flatUntilMs[block] = nowMs + input.carryMs;
    const covered = backdrop.state[block] !== blockState.known || input.privacy[block] !== 0;
    if (covered || input.settled[block] !== 0 || doubtful[block] !== 0 || (carry.flatUntilMs[block] as number) > nowMs) {
      flat[block] = 1;
    }
  }
  // What shows through a hole in what was never seen empty belongs to it more often than not.
  fillIslands(grid, flat, islandBlocks);
  for (let block = 0; block < grid.count; block++) if (flat[block] !== 0) blocks[block] = 1;
  return { blocks, flat };
}
