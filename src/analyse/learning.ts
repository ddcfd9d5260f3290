/**
 * How blocks are learned, held and let go, one sample at a time. See README.md for the rules in words.
 */
import { addToCandidate, adoptCandidate, beginCandidate, blockState, doubted, flagLimit, forgetCandidate, holdBlock, keepLookMs, occupied, rim, type Backdrop } from './backdrop.js';
import type { Planes } from './planes.js';

/** A new look of a known block is learned only after it was quiet and undetected for so long. */
export const relearnMs = 600_000;
/** Learning ends after so many learning times; what is not known then is held. */
const learningTimes = 8;
/** Without a detector, stillness is the only sign of emptiness: it must last longer. */
const changeOnlyFactor = 3;

export interface LearnSample {
  readonly rgb: Uint8Array;
  readonly planes: Planes;
  /** distance of each tracked block from its candidate */
  readonly candidateScores: Float32Array;
  /** blocks that are not known, and known blocks that differ */
  readonly tracked: Uint8Array;
  /** blocks of something that looks as the candidates there, so that the candidates may be it: 2 in its box, 1 around it */
  readonly within: Uint8Array;
  /** blocks under or beside any detection, now or a moment ago: what begins to be seen here may belong to it */
  readonly near: Uint8Array;
  /** time since the sample before, capped */
  readonly elapsedMs: number;
  /** distance up to which a block looks as its candidate */
  readonly quietScore: number;
  readonly learnMs: number;
  readonly withDetector: boolean;
  /** full passes over the tiles so far */
  readonly passes: number;
}

/** @returns whether an adoption waits for a pass over the tiles */
export function learn(backdrop: Backdrop, sample: LearnSample): boolean {
  const { candidate, state } = backdrop;
  let wantsPass = false;
  for (let block = 0; block < state.length; block++) {
    if (sample.tracked[block] === 0) {
      if (candidate.samples[block] !== 0) forgetCandidate(backdrop, block);
      continue;
    }
    const near = sample.near[block] !== 0;
    if (candidate.samples[block] === 0) {
      beginCandidate(backdrop, block, sample.rgb, sample.planes, sample.passes);
      if (near) flag(backdrop, block, sample);
      continue;
    }
    const same = (sample.candidateScores[block] as number) <= sample.quietScore;
    if (same && (sample.within[block] !== 0 || (near && (candidate.flags[block] as number) > 0))) {
      // What is detected looks as the candidate, or came with it.
      flag(backdrop, block, sample);
      if (state[block] === blockState.unknown && (candidate.flaggedMs[block] as number) >= sample.learnMs) holdBlock(backdrop, block, sample.within[block] === 2 ? occupied : rim);
      continue;
    }
    if (!same) {
      // Somebody stands in front: the candidate waits, and what is seen now does not become one.
      if (near) continue;
      const credit = (candidate.creditMs[block] as number) - sample.elapsedMs;
      if (credit <= 0) beginCandidate(backdrop, block, sample.rgb, sample.planes, sample.passes);
      else candidate.creditMs[block] = credit;
      continue;
    }
    if (candidate.flags[block] === occupied && neighbours(backdrop, block, (near) => candidate.left[near] !== 0) >= 3) {
      // The thing beside has left, so this was the scene around it.
      candidate.flags[block] = rim;
      candidate.creditMs[block] = 0;
      candidate.sincePass[block] = sample.passes;
    }
    addToCandidate(backdrop, block, sample.rgb, sample.planes, sample.candidateScores[block] as number);
    const need = neededMs(backdrop, block, sample);
    const credit = (candidate.creditMs[block] as number) + sample.elapsedMs;
    // A look that is never adopted keeps some credit all the same, so that a passer-by does not make it forgotten.
    candidate.creditMs[block] = Math.min(credit, Number.isFinite(need) ? need : keepLookMs);
    if (credit < need || (candidate.samples[block] as number) < 5) continue;
    const unknown = state[block] === blockState.unknown;
    if (sample.withDetector && sample.passes - (candidate.sincePass[block] as number) < (unknown ? 1 : 2)) {
      wantsPass = true;
      continue;
    }
    if (backdrop.suspect[block] !== 0) holdBlock(backdrop, block, occupied);
    else adoptCandidate(backdrop, block);
    if (backdrop.suspect[block] !== 0) backdrop.suspect[block] = 0;
  }
  return wantsPass;
}

function flag(backdrop: Backdrop, block: number, sample: LearnSample): void {
  const { candidate } = backdrop;
  candidate.creditMs[block] = candidate.flags[block] === occupied ? keepLookMs : 0;
  candidate.sincePass[block] = sample.passes;
  candidate.flaggedMs[block] = (candidate.flaggedMs[block] as number) + sample.elapsedMs;
  const flags = candidate.flags[block] as number;
  if (flags < flagLimit) candidate.flags[block] = flags + 1;
}

/** Time for which the candidate must be quiet and undetected before it is shown. */
function neededMs(backdrop: Backdrop, block: number, sample: LearnSample): number {
  const flags = backdrop.candidate.flags[block] as number;
  const baseMs = sample.withDetector ? sample.learnMs : sample.learnMs * changeOnlyFactor;
  if (flags === occupied) return Infinity;
  const state = backdrop.state[block];
  if (state === blockState.unknown) return baseMs * (1 + 2 * flags);
  if (state === blockState.known) return sample.withDetector && flags === 0 ? relearnMs : Infinity;
  if (flags === doubted) return sample.withDetector ? relearnMs : Infinity;
  if (flags === rim) return neighbours(backdrop, block, (near) => backdrop.candidate.flags[near] === occupied) > 0 ? Infinity : 2 * baseMs;
  return 2 * baseMs * (1 + 2 * flags);
}

/** How many of the blocks at most two away meet a condition. */
function neighbours(backdrop: Backdrop, block: number, is: (near: number) => boolean): number {
  const { columns, rows } = backdrop.grid;
  const column = block % columns;
  const row = Math.floor(block / columns);
  let n = 0;
  for (let r = Math.max(0, row - 2); r <= Math.min(rows - 1, row + 2); r++) {
    for (let c = Math.max(0, column - 2); c <= Math.min(columns - 1, column + 2); c++) if (is(r * columns + c)) n++;
  }
  return n;
}

/** Blocks whose time to be learned is over become held. @returns whether no unknown block is left */
export function endLearning(backdrop: Backdrop, learnedForMs: number, learnMs: number, withDetector: boolean): boolean {
  const { state, candidate } = backdrop;
  let unknown = 0;
  for (let block = 0; block < state.length; block++) if (state[block] === blockState.unknown) unknown++;
  if (unknown === 0) return true;
  const times = learnedForMs / (withDetector ? learnMs : learnMs * changeOnlyFactor);
  const share = unknown / state.length;
  // A few restless blocks do not keep the rest of the picture waiting.
  const over = times >= learningTimes || (times >= 4 && share <= 0.25) || (times >= 2 && share <= 0.1);
  if (!over) return false;
  for (let block = 0; block < state.length; block++) {
    if (state[block] !== blockState.unknown) continue;
    holdBlock(backdrop, block, backdrop.suspect[block] !== 0 || (candidate.flaggedMs[block] as number) >= learnMs / 2 ? occupied : 0);
    backdrop.suspect[block] = 0;
  }
  return true;
}

/**
 * Blocks on which a finding of the audit lies are not shown any more.
 * @param found 2 in a box, 1 around it
 * @returns how many were known
 */
export function holdFound(backdrop: Backdrop, found: Uint8Array): number {
  let held = 0;
  for (let block = 0; block < found.length; block++) {
    if (found[block] === 0 || backdrop.state[block] === blockState.unknown) continue;
    if (backdrop.state[block] === blockState.known) held++;
    else if (found[block] === 1) continue;
    holdBlock(backdrop, block, found[block] === 2 ? occupied : rim);
  }
  return held;
}
