/** What is remembered of one camera, in memory only: nothing here is ever written down. */
import type { Frame } from '../contract/frame.js';
import type { CameraView } from '../contract/registry.js';
import type { WithheldReason } from '../contract/analysis.js';
import { blockState, createBackdrop, occupied, type Backdrop } from './backdrop.js';
import { createScratch, type GateScratch } from './gate.js';
import { blocksOfPolygon, createGrid, growInto, type Grid } from './grid.js';
import type { Recent } from './judge.js';
import { createCarry, type Carry } from './mask/build-mask.js';
import { createPlanes, type Planes } from './planes.js';

export type LightMode = 'day' | 'infrared';

/** One light mode's scene. */
export interface Scene {
  readonly backdrop: Backdrop;
  ready: boolean;
  /** time of samples that could be learned from */
  learnedForMs: number;
  /** samples in a row whose exposure is far from the backdrop's */
  exposureStreak: number;
  driftedAtMs: number;
  audits: number;
  nextAuditMs: number;
}

/** How long a scene in another light is kept: lamps that go on when somebody comes, clouds. */
const shelfMs = 30 * 60_000;

export interface CameraMemory {
  readonly grid: Grid;
  planes: Planes;
  planesBefore: Planes;
  readonly scratch: GateScratch;
  readonly scores: Float32Array;
  readonly candidateScores: Float32Array;
  /** known blocks that differ, of this sample and of the one before */
  changed: Uint8Array;
  changedBefore: Uint8Array;
  /** blocks in which something moves, by backdrop or candidate */
  readonly moving: Uint8Array;
  readonly tracked: Uint8Array;
  /** how often a detection agreed with what the backdrop shows, by its score */
  readonly doubt: Float32Array;
  readonly carry: Carry;
  /** what was masked in the last sample of a steady view */
  readonly maskedSteadily: Uint8Array;
  /** blocks that clearly looked as the empty scene in the sample before */
  readonly clearBefore: Uint8Array;
  /** until when a block is near a detection, monotonic milliseconds */
  readonly nearUntilMs: Float64Array;
  readonly recent: Recent;
  readonly scenes: Map<LightMode, Scene>;
  /** the scene that another light took the place of a while ago: when that light is over, it is taken up again */
  shelved: { readonly mode: LightMode; readonly scene: Scene; readonly untilMs: number } | null;
  mode: LightMode;
  viewVersion: number;
  configVersion: number;
  privacy: Uint8Array;
  /** why it is being learned, when not for the first time */
  learningReason: WithheldReason;
  moved: boolean;
  /** how far the view has given way since it was confirmed, share of width and height */
  swayX: number;
  swayY: number;
  shiftStreak: number;
  strangeStreak: number;
  strangeSinceMs: number;
  lightStreak: number;
  shiftCheckedMs: number;
  lastMs: number | null;
  learnedAtMs: number | null;
  detectedAtMs: number;
  activeUntilMs: number;
  pictureAtMs: number | null;
  /** full passes over the detector's tiles, and the next tile */
  passes: number;
  nextTile: number;
  wantsPass: boolean;
}

export function createMemory(frame: Pick<Frame, 'widthPx' | 'heightPx'>, view: CameraView, blockPx: number, reason: WithheldReason): CameraMemory {
  const grid = createGrid(frame.widthPx, frame.heightPx, blockPx);
  const planes = createPlanes(grid);
  const blocks = (): Uint8Array => new Uint8Array(grid.count);
  return {
    grid, planes,
    planesBefore: createPlanes(grid),
    scratch: createScratch(),
    scores: new Float32Array(grid.count),
    candidateScores: new Float32Array(grid.count),
    changed: blocks(), changedBefore: blocks(), moving: blocks(), tracked: blocks(),
    doubt: new Float32Array(grid.count),
    carry: createCarry(grid),
    maskedSteadily: blocks(),
    clearBefore: blocks(),
    nearUntilMs: new Float64Array(grid.count),
    recent: { samples: [] },
    scenes: new Map(),
    shelved: null,
    mode: 'day',
    viewVersion: view.viewVersion,
    configVersion: view.configVersion,
    privacy: privacyBlocks(grid, view),
    learningReason: reason,
    moved: false,
    swayX: 0, swayY: 0,
    shiftStreak: 0, strangeStreak: 0, strangeSinceMs: 0, lightStreak: 0, shiftCheckedMs: -Infinity,
    lastMs: null, learnedAtMs: null, detectedAtMs: -Infinity, activeUntilMs: -Infinity, pictureAtMs: null,
    passes: 0, nextTile: 0, wantsPass: false,
  };
}

export function sceneOf(memory: CameraMemory): Scene {
  let scene = memory.scenes.get(memory.mode);
  if (!scene) {
    scene = createScene(memory.grid, memory.scenes.size === 0 ? null : suspects(memory), earlierOf([...memory.scenes.values()][0], true));
    memory.scenes.set(memory.mode, scene);
  }
  return scene;
}

/** Learns the present mode from nothing. @param keepSuspects the geometry is the same: what was masked is learned as held */
export function relearn(memory: CameraMemory, keepSuspects: boolean): void {
  if (!keepSuspects) memory.shelved = null;
  const suspect = keepSuspects ? suspects(memory) : null;
  const earlier = keepSuspects ? earlierOf(memory.scenes.get(memory.mode), false) : null;
  if (keepSuspects) memory.scenes.delete(memory.mode);
  else memory.scenes.clear();
  memory.scenes.set(memory.mode, createScene(memory.grid, suspect, earlier));
  forgetBlocks(memory);
}

/**
 * Puts the present scene away for a while, and learns the same view in another light. Somebody may have come with the lamp: every place is
 * suspect until it shows the surface that it showed before.
 */
export function relearnInOtherLight(memory: CameraMemory, nowMs: number): void {
  const { mode, scenes } = memory;
  const scene = scenes.get(mode);
  relearn(memory, true);
  const { suspect, earlier } = sceneOf(memory).backdrop;
  if (earlier) for (let i = 0; i < suspect.length; i++) if (earlier.known[i] !== 0) suspect[i] = 1;
  if (scene?.ready) memory.shelved = { mode, scene, untilMs: nowMs + shelfMs };
}

/** Takes up the shelved scene; the present one goes onto the shelf when it has learned something. */
export function takeUpShelved(memory: CameraMemory, shelved: NonNullable<CameraMemory['shelved']>, nowMs: number): void {
  const { mode, scenes } = memory;
  const present = scenes.get(mode);
  scenes.set(mode, shelved.scene);
  memory.shelved = present?.ready ? { mode, scene: present, untilMs: nowMs + shelfMs } : null;
  forgetBlocks(memory);
}

/** The present mode's scene goes on with a backdrop that was moved: what was remembered block by block does not fit any more. */
export function moveAlong(memory: CameraMemory, scene: Scene, backdrop: Backdrop): void {
  memory.scenes.set(memory.mode, { ...scene, backdrop });
  memory.shelved = null;
  forgetBlocks(memory);
}

function forgetBlocks(memory: CameraMemory): void {
  memory.changed.fill(0);
  memory.changedBefore.fill(0);
  memory.moving.fill(0);
  memory.clearBefore.fill(0);
  memory.doubt.fill(0);
  memory.shiftStreak = 0;
  memory.strangeStreak = 0;
  memory.lightStreak = 0;
}

export function privacyBlocks(grid: Grid, view: CameraView): Uint8Array {
  const target = new Uint8Array(grid.count);
  for (const zone of view.zones) if (zone.kind === 'privacy') blocksOfPolygon(grid, zone.polygon, target);
  return target;
}

function createScene(grid: Grid, suspect: Uint8Array | null, earlier: Backdrop['earlier']): Scene {
  return { backdrop: createBackdrop(grid, suspect, earlier), ready: false, learnedForMs: 0, exposureStreak: 0, driftedAtMs: -Infinity, audits: 0, nextAuditMs: 0 };
}

/** What a scene that is given up showed; one that had learned nothing hands on what it was given. */
function earlierOf(scene: Scene | undefined, otherMode: boolean): Backdrop['earlier'] {
  if (!scene) return null;
  const { state, reference, earlier } = scene.backdrop;
  if (scene.ready) return { reference, known: state.map((s) => (s === blockState.known ? 1 : 0)), otherMode };
  return earlier && { ...earlier, otherMode: earlier.otherMode !== otherMode };
}

/**
 * Blocks that were masked when the view was steady last, and those that the scene given up now had still under suspicion: somebody may
 * still stand there when the light comes back.
 */
function suspects(memory: CameraMemory): Uint8Array {
  const { maskedSteadily, grid } = memory;
  const blocks = Uint8Array.from(maskedSteadily);
  const before = memory.scenes.get(memory.mode)?.backdrop;
  if (before) for (let i = 0; i < grid.count; i++) if (before.suspect[i] !== 0 || before.candidate.flags[i] === occupied) blocks[i] = 1;
  const grown = new Uint8Array(grid.count);
  growInto(grid, blocks, grown);
  return grown;
}
