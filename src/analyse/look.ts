/**
 * The cheap look at a frame, before any inference: light mode, exposure, which blocks differ, and whether the view as a whole
 * can still be judged. One suspicious sample is enough for "not judgeable"; "moved" needs several.
 */
import { blockState } from './backdrop.js';
import { fitExposure, sameExposure, scoreBlocks, type Exposure } from './gate.js';
import { moveAlong, relearn, relearnInOtherLight, sceneOf, takeUpShelved, type CameraMemory, type Scene } from './camera-memory.js';
import { colourfulness, contrast, fillPlanes, type Planes } from './planes.js';
import { refineShift, translateBackdrop } from './translate.js';
import { compareEdges, isClearlyShifted, isShifted, type Shift, type ShiftMeter } from './view-shift.js';

export interface Look {
  readonly scene: Scene;
  readonly meanLuma: number;
  readonly exposure: Exposure;
  /** share of the known blocks that differ */
  readonly changeRatio: number;
  /** a block moves or differs */
  readonly stirring: boolean;
  /** something can be seen at all: not black, not covered */
  readonly usable: boolean;
  readonly view: 'steady' | 'changed';
}

/** share of the blocks from which an exposure can be fitted on candidates */
const minFitRatio = 0.2;
const darkLuma = 8;
const flatContrast = 4;
const shiftCheckMs = 10_000;
const movedSamples = 3;
/** share of known blocks that differ, from which the view itself is looked at */
const suspiciousRatio = 0.12;
/** share of blocks that may differ from the scene of before for its light to be back */
const shelfRatio = 0.2;
const strangeMs = 8_000;
/** share of edge blocks that agree, from which it is the same view */
const sameEdges = 0.33;
/** share of the picture's width or height by which the view may sway: zones still mean what they meant */
const tolerableShift = 0.03;
/** distance from the frame before up to which a block is still */
const stillScore = 12;
/** share of the threshold up to which a block looks like its candidate */
export const quietShare = 0.75;

export function look(memory: CameraMemory, rgb: Uint8Array, nowMs: number, blockThreshold: number, meter: ShiftMeter): Look {
  const { grid } = memory;
  const { planes } = swapPlanes(memory);
  const meanLuma = fillPlanes(planes, rgb, grid.widthPx, grid.heightPx);
  const usable = meanLuma >= darkLuma && contrast(planes) >= flatContrast;
  // A black frame has no colour either: it says nothing about the mode.
  if (usable) chooseMode(memory);
  if (usable && memory.shelved) lookAtShelf(memory, nowMs, blockThreshold);
  let scene = sceneOf(memory);
  memory.changedBefore.set(memory.changed);
  let exposure = sameExposure;
  let changeRatio = 0;
  let view: Look['view'] = 'steady';
  if (scene.ready) {
    exposure = compareWithBackdrop(memory, scene, nowMs, blockThreshold);
    const known = knownBlocks(scene);
    const changed = countSet(memory.changed);
    changeRatio = known.count === 0 ? 0 : changed / known.count;
    view = judgeView(memory, scene, known.blocks, changeRatio, usable, nowMs, meter);
    scene = sceneOf(memory);
    if (!scene.ready) {
      memory.changed.fill(0);
      exposure = sameExposure;
    }
  } else {
    memory.changed.fill(0);
    if (!usable) view = 'changed';
  }
  compareWithCandidates(memory, scene, blockThreshold * quietShare);
  let stirring = false;
  for (let block = 0; block < grid.count; block++) if (memory.moving[block] !== 0) stirring = true;
  return { scene, meanLuma, exposure, changeRatio, stirring, usable, view };
}

/** The light of before may be back: looked for while the present scene is not learned yet, or differs much. */
function lookAtShelf(memory: CameraMemory, nowMs: number, blockThreshold: number): void {
  const { shelved, grid, planes } = memory;
  if (!shelved || shelved.mode !== memory.mode) return;
  if (nowMs > shelved.untilMs) {
    memory.shelved = null;
    return;
  }
  if (sceneOf(memory).ready && memory.lightStreak === 0 && countSet(memory.changed) < shelfRatio * grid.count) return;
  const known = knownBlocks(shelved.scene);
  const exposure = fitExposure(grid, planes, shelved.scene.backdrop.reference, known.blocks);
  if (exposure.agreement < 0.5) return;
  const scores = new Float32Array(grid.count);
  scoreBlocks(grid, planes, shelved.scene.backdrop.reference, exposure, known.blocks, memory.scratch, scores);
  let different = 0;
  for (let block = 0; block < grid.count; block++) if (known.blocks[block] !== 0 && (scores[block] as number) >= blockThreshold) different++;
  if (different < shelfRatio * known.count) takeUpShelved(memory, shelved, nowMs);
}

/** The frame before stays at hand: a view that is strange but still is another view, one that boils is traffic. */
function swapPlanes(memory: CameraMemory): { planes: Planes } {
  [memory.planes, memory.planesBefore] = [memory.planesBefore, memory.planes];
  return memory;
}

/** Grey pictures have a backdrop of their own; the border is apart for going and coming, so that dusk does not flicker. */
function chooseMode(memory: CameraMemory): void {
  const colour = colourfulness(memory.planes);
  if (memory.mode === 'day' && colour < 2.5) memory.mode = 'infrared';
  else if (memory.mode === 'infrared' && colour > 5) memory.mode = 'day';
}

function compareWithBackdrop(memory: CameraMemory, scene: Scene, nowMs: number, blockThreshold: number): Exposure {
  const { grid, planes, scores, changed, changedBefore } = memory;
  const { backdrop } = scene;
  const use = new Uint8Array(grid.count);
  const known = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    if (backdrop.state[block] !== blockState.known) continue;
    known[block] = 1;
    if ((memory.carry.maskedUntilMs[block] as number) <= nowMs) use[block] = 1;
  }
  let exposure = fitExposure(grid, planes, backdrop.reference, use);
  if (exposure.agreement < 0.3) exposure = fitExposure(grid, planes, backdrop.reference, known);
  if (exposure.agreement < 0.3) exposure = { ...sameExposure, agreement: exposure.agreement };
  scoreBlocks(grid, planes, backdrop.reference, exposure, known, memory.scratch, scores);
  for (let block = 0; block < grid.count; block++) {
    if (known[block] === 0) {
      changed[block] = 0;
      continue;
    }
    const usual = (backdrop.noise[block] as number) + 4 * (backdrop.noiseSpread[block] as number) + 2;
    const threshold = Math.max(blockThreshold / 2, Math.min(blockThreshold, usual));
    changed[block] = (scores[block] as number) >= (changedBefore[block] !== 0 ? 0.75 * threshold : threshold) ? 1 : 0;
  }
  return exposure;
}

function compareWithCandidates(memory: CameraMemory, scene: Scene, quietScore: number): void {
  const { grid, planes, changed, tracked, moving, candidateScores } = memory;
  const { candidate, state } = scene.backdrop;
  const begun = new Uint8Array(grid.count);
  let any = false;
  for (let block = 0; block < grid.count; block++) {
    tracked[block] = state[block] !== blockState.known || changed[block] !== 0 ? 1 : 0;
    if (tracked[block] !== 0 && candidate.samples[block] !== 0) {
      begun[block] = 1;
      any = true;
    }
  }
  let exposure = sameExposure;
  // A fit needs enough of the picture: over a few blocks it would explain an object away.
  if (any && countSet(begun) >= minFitRatio * grid.count) {
    exposure = fitExposure(grid, planes, candidate.planes, begun);
    if (exposure.agreement < 0.4) exposure = sameExposure;
  }
  if (any) scoreBlocks(grid, planes, candidate.planes, exposure, begun, memory.scratch, candidateScores);
  for (let block = 0; block < grid.count; block++) {
    const stirred = state[block] !== blockState.known && (candidate.samples[block] as number) >= 3 && (candidateScores[block] as number) > quietScore;
    moving[block] = changed[block] !== 0 || (stirred && begun[block] !== 0) ? 1 : 0;
  }
}

function judgeView(
  memory: CameraMemory, scene: Scene, known: Uint8Array, changeRatio: number, usable: boolean, nowMs: number, meter: ShiftMeter,
): Look['view'] {
  const { reference } = scene.backdrop;
  if (!usable) return 'changed';
  const due = changeRatio > suspiciousRatio || nowMs - memory.shiftCheckedMs >= shiftCheckMs || memory.shiftStreak + memory.strangeStreak > 0;
  if (!due) return calmView(memory);
  memory.shiftCheckedMs = nowMs;
  const edges = compareEdges(memory.grid, memory.planes, reference, known);
  const shift = meter.measure(memory.planes, reference);
  // What runs level keeps its edges when a camera turns sideways, and a bare yard has few: a clear shift says more.
  if (edges.agreement >= sameEdges && !isClearlyShifted(shift)) {
    if (changeRatio <= 0.5) return calmView(memory);
    // The same place in another light: learned anew when it lasts.
    memory.shiftStreak = 0;
    memory.strangeStreak = 0;
    memory.lightStreak++;
    if (memory.lightStreak >= movedSamples) {
      memory.learningReason = 'scene-changed';
      relearnInOtherLight(memory, nowMs);
    }
    return 'changed';
  }
  memory.lightStreak = 0;
  if (isShifted(shift)) {
    memory.strangeStreak = 0;
    memory.shiftStreak++;
    if (memory.shiftStreak >= movedSamples) takeShift(memory, scene, shift, known);
    return 'changed';
  }
  memory.shiftStreak = 0;
  if (changeRatio <= suspiciousRatio) return calmView(memory);
  // Few edges of its own: a covered or fogged lens, not another view. And traffic boils, another view is still.
  if (edges.strength < 0.35 || !isStill(memory, known)) {
    memory.strangeStreak = 0;
    return 'changed';
  }
  if (memory.strangeStreak === 0) memory.strangeSinceMs = nowMs;
  memory.strangeStreak++;
  if (memory.strangeStreak >= movedSamples && nowMs - memory.strangeSinceMs >= strangeMs) markMoved(memory);
  return 'changed';
}

function calmView(memory: CameraMemory): 'steady' {
  memory.shiftStreak = 0;
  memory.strangeStreak = 0;
  memory.lightStreak = 0;
  return 'steady';
}

/** Does the frame look like the one before? */
function isStill(memory: CameraMemory, known: Uint8Array): boolean {
  const { planes, planesBefore, grid } = memory;
  const scores = new Float32Array(grid.count);
  scoreBlocks(grid, planes, planesBefore, fitExposure(grid, planes, planesBefore, known), known, memory.scratch, scores);
  let still = 0;
  for (let block = 0; block < grid.count; block++) if (known[block] !== 0 && (scores[block] as number) < stillScore) still++;
  return still >= 0.6 * countSet(known);
}

/**
 * With a mast that gives way by a hair the backdrop moves along (or is learned anew when the shift is not clear), a turned camera is moved.
 * What is tolerated is counted from the confirmed view, so that many small steps do not add up unseen.
 */
function takeShift(memory: CameraMemory, scene: Scene, shift: Shift, known: Uint8Array): void {
  const { grid, planes } = memory;
  const exact = refineShift(grid, planes, scene.backdrop.reference, known, shift);
  memory.swayX += exact ? exact.xPx / grid.widthPx : shift.xRatio;
  memory.swayY += exact ? exact.yPx / grid.heightPx : shift.yRatio;
  if (Math.max(Math.abs(memory.swayX), Math.abs(memory.swayY)) > tolerableShift) {
    markMoved(memory);
    return;
  }
  if (exact) {
    moveAlong(memory, scene, translateBackdrop(scene.backdrop, exact.xPx, exact.yPx, memory.passes));
    return;
  }
  memory.learningReason = 'scene-changed';
  memory.shelved = null;
  relearn(memory, true);
}

function markMoved(memory: CameraMemory): void {
  memory.moved = true;
  memory.learningReason = 'moved';
  relearn(memory, false);
}

function knownBlocks(scene: Scene): { blocks: Uint8Array; count: number } {
  const { state } = scene.backdrop;
  const blocks = new Uint8Array(state.length);
  let count = 0;
  for (let i = 0; i < state.length; i++) {
    if (state[i] === blockState.known) {
      blocks[i] = 1;
      count++;
    }
  }
  return { blocks, count };
}

function countSet(blocks: Uint8Array): number {
  let n = 0;
  for (let i = 0; i < blocks.length; i++) if (blocks[i] !== 0) n++;
  return n;
}
