/**
 * How blocks are learned, held and let go, one sample at a time. See README.md for the rules in words.
 */
import { addToCandidate, adoptCandidate, beginCandidate, blockState, doubted, forgetCandidate, holdBlock, keepLookMs, occupied, rim, suspicionKept, type Backdrop } from './backdrop.js';
import type { Detection } from '../contract/detection.js';
import type { Planes } from './planes.js';

/**
 * A new look of a known block is learned only after it was quiet and undetected for so long: whoever sleeps there, or parks over night,
 * is gone by then. The same surface in another light is learned sooner, learning times.
 */
const relearnMs = 24 * 3_600_000;
const relitTimes = 4;
/** A block in which the detector found what the backdrop showed, and then no more, is shown again after so long. */
const doubtMs = 600_000;
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
  /** suspect blocks that show the surface which the backdrop before this one showed there */
  readonly asBefore: Uint8Array;
  /** known blocks that differ by their light only */
  readonly relit: Uint8Array;
  /** how much a sample of that weighs against a clear one, a block (see `suspicionOf`) */
  readonly suspicion: Float32Array;
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

/**
 * What is there is found again: over several passes of whole and tiles the mean score of still persons and vehicles of 20 px and more
 * was over 0.12 without exception on real footage. A quarter of that counts as empty: a box of score s on a still look weighs as
 * s / `emptyScore` clear samples.
 */
const emptyScore = { person: 0.03, vehicle: 0.03, animal: 0.08, change: 1 } as const;

export function suspicionOf(found: Pick<Detection, 'class' | 'score'>): number {
  return found.score / emptyScore[found.class];
}

/** Credit and suspicion are counted over about so long: what was seen before weighs less and less. */
const windowMs = 240_000;
const maxSuspicionMs = 2 * windowMs;
/** A look is learned from so many samples at least, however far apart they are. */
const minSamples = 10;

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
      if (mayBeSomebody(backdrop, block, sample)) flag(backdrop, block, sample);
      continue;
    }
    const same = (sample.candidateScores[block] as number) <= sample.quietScore;
    if (same && mayBeSomebody(backdrop, block, sample)) {
      flag(backdrop, block, sample);
      if (state[block] === blockState.unknown && isOccupied(backdrop, block, sample.learnMs)) holdBlock(backdrop, block, sample.within[block] === 2 ? occupied : rim);
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
    if ((candidate.flags[block] === occupied || (candidate.flags[block] === rim && (candidate.suspicionMs[block] as number) > 0)) && neighbours(backdrop, block, (near) => candidate.left[near] !== 0) >= 3) {
      // The thing beside has left, so this was the scene around it.
      candidate.flags[block] = rim;
      candidate.creditMs[block] = 0;
      candidate.suspicionMs[block] = 0;
      candidate.sincePass[block] = sample.passes;
    }
    addToCandidate(backdrop, block, sample.rgb, sample.planes, sample.candidateScores[block] as number);
    const need = neededMs(backdrop, block, sample);
    const credit = (candidate.creditMs[block] as number) + sample.elapsedMs;
    // A look that is never adopted keeps some credit all the same, so that a passer-by does not make it forgotten.
    candidate.creditMs[block] = Math.min(credit, Number.isFinite(need) ? need : keepLookMs);
    if (credit > windowMs && state[block] !== blockState.known && candidate.flags[block] !== occupied && candidate.flags[block] !== doubted) age(backdrop, block);
    if (credit < need || (candidate.samples[block] as number) < minSamples) continue;
    const unknown = state[block] === blockState.unknown;
    if (sample.withDetector && sample.passes - (candidate.sincePass[block] as number) < (unknown ? 1 : 2)) {
      wantsPass = true;
      continue;
    }
    if (backdrop.suspect[block] !== 0 && sample.asBefore[block] === 0) holdBlock(backdrop, block, occupied);
    else adoptCandidate(backdrop, block);
    if (backdrop.suspect[block] !== 0) backdrop.suspect[block] = 0;
  }
  return wantsPass;
}

/** A detection lies on the look; on a known block, whose look was the empty scene, one beside it is enough: this look came with it. */
function mayBeSomebody(backdrop: Backdrop, block: number, sample: LearnSample): boolean {
  return sample.within[block] !== 0 || (backdrop.state[block] === blockState.known && sample.near[block] !== 0);
}

function flag(backdrop: Backdrop, block: number, sample: LearnSample): void {
  const { candidate } = backdrop;
  if (candidate.flags[block] === occupied) candidate.creditMs[block] = keepLookMs;
  // A look of a known block must never have been under a detection, one that was doubted not for the whole of its time.
  if (backdrop.state[block] === blockState.known || candidate.flags[block] === doubted) candidate.creditMs[block] = 0;
  candidate.sincePass[block] = sample.passes;
  candidate.flaggedMs[block] = (candidate.flaggedMs[block] as number) + sample.elapsedMs;
  candidate.suspicionMs[block] = Math.min(maxSuspicionMs, (candidate.suspicionMs[block] as number) + sample.elapsedMs * Math.max(1, sample.suspicion[block] as number));
}

function age({ candidate }: Backdrop, block: number): void {
  candidate.creditMs[block] = (candidate.creditMs[block] as number) / 2;
  candidate.suspicionMs[block] = (candidate.suspicionMs[block] as number) * suspicionKept;
  candidate.flaggedMs[block] = (candidate.flaggedMs[block] as number) / 2;
}

/** Something is found on the look so often that it will not be learned as long as it stays. */
function isOccupied({ candidate }: Backdrop, block: number, learnMs: number): boolean {
  return (candidate.flaggedMs[block] as number) >= learnMs && (candidate.suspicionMs[block] as number) > 2 * (candidate.creditMs[block] as number);
}

/** Time for which the candidate must be quiet and undetected before it is shown. */
function neededMs(backdrop: Backdrop, block: number, sample: LearnSample): number {
  const flags = backdrop.candidate.flags[block] as number;
  const baseMs = sample.withDetector ? sample.learnMs : sample.learnMs * changeOnlyFactor;
  const suspicionMs = backdrop.candidate.suspicionMs[block] as number;
  if (flags === occupied) return Infinity;
  const state = backdrop.state[block];
  if (state === blockState.unknown) return baseMs + suspicionMs;
  if (state === blockState.known) return suspicionMs > 0 ? Infinity : sample.relit[block] !== 0 ? relitTimes * baseMs : sample.withDetector ? relearnMs : Infinity;
  if (flags === doubted) return sample.withDetector ? doubtMs : Infinity;
  if (flags === rim && neighbours(backdrop, block, (near) => backdrop.candidate.flags[near] === occupied) > 0) return Infinity;
  return 2 * baseMs + suspicionMs;
}

/** How many of the blocks at most some 32 px away meet a condition. */
function neighbours(backdrop: Backdrop, block: number, is: (near: number) => boolean): number {
  const { columns, rows, blockPx } = backdrop.grid;
  const reach = Math.max(1, Math.round(32 / blockPx));
  const column = block % columns;
  const row = Math.floor(block / columns);
  let n = 0;
  for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r++) {
    for (let c = Math.max(0, column - reach); c <= Math.min(columns - 1, column + reach); c++) if (is(r * columns + c)) n++;
  }
  return n;
}

/** Blocks whose time to be learned is over become held. @returns whether no unknown block is left */
export function endLearning(backdrop: Backdrop, learnedForMs: number, learnMs: number, withDetector: boolean): boolean {
  const { state } = backdrop;
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
    holdBlock(backdrop, block, backdrop.suspect[block] !== 0 || isOccupied(backdrop, block, learnMs / 2) ? occupied : 0);
    backdrop.suspect[block] = 0;
  }
  return true;
}

/**
 * Blocks that the audit found something on are not shown any more.
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
