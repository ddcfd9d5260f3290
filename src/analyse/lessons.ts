/** What a sample teaches: which blocks its detections speak against, when the audit looks, and how known blocks keep up with the light. */
import type { Detection } from '../contract/detection.js';
import type { Frame } from '../contract/frame.js';
import type { Config } from '../config/schema.js';
import { blockState, drift, follow, rebase, sceneForAudit, type Backdrop } from './backdrop.js';
import type { CameraMemory, Scene } from './camera-memory.js';
import { boxShare, detectThorough, markBoxes, overlapRatio, tilesInPass } from './detect.js';
import { sameExposure } from './gate.js';
import { forSpan, spanOf } from './grid.js';
import { endLearning, holdFound, learn, suspicionOf } from './learning.js';
import { quietShare, type Look } from './look.js';
import type { Mask } from './mask/build-mask.js';
import { weakScore, weakScores, type Pass } from './passes.js';
import { relitBlocks } from './relit.js';
import type { Sampling } from './sampling-parts.js';

const maxElapsedMs = 5_000;
/** share of a box's middle that looks different from the scene, from which the box stands in front of it */
const inFrontRatio = 0.4;
const driftEveryMs = 4_000;
/** mean score over the looks of an audit from which something is there */
const auditScores: Readonly<Record<Detection['class'], number>> = { person: 0.15, vehicle: 0.15, animal: 0.25, change: 1 };
/** share of overlap from which boxes of two looks are of the same thing */
const sameBoxRatio = 0.45;
const auditAgainMs = [60_000, 300_000, 600_000];

export async function learnFrom(by: Sampling, memory: CameraMemory, frame: Frame, seen: Look, pass: Pass, mask: Mask, nowMs: number): Promise<void> {
  const { config, detector } = by;
  const { scene } = seen;
  const withDetector = detector !== null;
  if (!seen.usable || seen.view !== 'steady' || (withDetector && pass.status !== 'ok')) {
    if (scene.ready && seen.usable && seen.view === 'steady' && pass.status === 'none') keepUp(memory, scene, frame, seen, mask, null, nowMs);
    return;
  }
  const { grid } = memory;
  const { within, suspicion, near } = blocksUnder(memory, scene, pass, config, nowMs);
  const elapsedMs = memory.learnedAtMs === null ? 0 : Math.min(maxElapsedMs, nowMs - memory.learnedAtMs);
  memory.learnedAtMs = nowMs;
  const relit = scene.ready ? relitBlocks(grid, memory.planes, scene.backdrop.reference, memory.changed, seen.exposure) : new Uint8Array(grid.count);
  memory.wantsPass = learn(scene.backdrop, {
    rgb: frame.rgb, planes: memory.planes, candidateScores: memory.candidateScores, tracked: memory.tracked, within, suspicion, near, relit, asBefore: blocksAsBefore(memory, scene.backdrop), elapsedMs,
    quietScore: config.blockThreshold * quietShare, learnMs: config.learnMs, withDetector, passes: memory.passes,
  });
  if (scene.ready) {
    keepUp(memory, scene, frame, seen, mask, near, nowMs);
  } else {
    scene.learnedForMs += elapsedMs;
    if (!endLearning(scene.backdrop, scene.learnedForMs, config.learnMs, withDetector)) return;
  }
  if (detector && nowMs >= scene.nextAuditMs) {
    const found = await detectThorough(detector, frame.cameraId, { rgb: sceneForAudit(scene.backdrop), widthPx: grid.widthPx, heightPx: grid.heightPx }, weakScore);
    if (found.status !== 'ok') return;
    const blocks = findingsOf(memory, found.looks, config);
    const held = holdFound(scene.backdrop, blocks);
    scene.nextAuditMs = nowMs + (auditAgainMs[Math.min(scene.audits, auditAgainMs.length - 1)] as number);
    scene.audits++;
    if (held > 0) by.warn({ cameraId: frame.cameraId, held }, 'the audit found something in the backdrop: its blocks are held');
  }
  scene.ready = true;
}

function blocksAsBefore({ grid, planes }: CameraMemory, { suspect, earlier }: Backdrop): Uint8Array {
  if (!earlier || !suspect.some((s) => s !== 0)) return new Uint8Array(grid.count);
  const same = relitBlocks(grid, planes, earlier.reference, suspect, earlier.otherMode ? null : sameExposure);
  return same.map((s, block) => (s !== 0 && earlier.known[block] !== 0 ? 1 : 0));
}

/**
 * What the boxes say about blocks that are being learned. A box whose middle looks different now is somebody in front of the
 * scene; any other box may be in the candidates. Either way its surroundings are near somebody for a moment.
 */
function blocksUnder(memory: CameraMemory, scene: Scene, pass: Pass, config: Config['analyse'], nowMs: number): { within: Uint8Array; suspicion: Float32Array; near: Uint8Array } {
  const { grid, nearUntilMs } = memory;
  const { candidate, state } = scene.backdrop;
  const different = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    const apart = state[block] === blockState.known ? memory.changed[block] !== 0 : candidate.samples[block] !== 0 && (memory.candidateScores[block] as number) > config.blockThreshold * quietShare;
    different[block] = apart ? 1 : 0;
  }
  const within = new Uint8Array(grid.count);
  const suspicion = new Float32Array(grid.count);
  const inFront = new Uint8Array(grid.count);
  for (const d of pass.detections) {
    if (!counts(d, config)) continue;
    if (boxShare(grid, middleOf(d), different) >= inFrontRatio) {
      markFinding(memory, d, config, inFront);
      continue;
    }
    const own = new Uint8Array(grid.count);
    markFinding(memory, d, config, own);
    const weight = suspicionOf(d) * (pass.ofTile.has(d) ? tilesInPass : 1);
    for (let block = 0; block < grid.count; block++) {
      if (own[block] === 0) continue;
      within[block] = Math.max(within[block] as number, own[block] as number);
      suspicion[block] = Math.max(suspicion[block] as number, weight);
    }
  }
  const near = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    if (within[block] !== 0 || inFront[block] !== 0) nearUntilMs[block] = nowMs + config.carryMs;
    near[block] = (nearUntilMs[block] as number) > nowMs ? 1 : 0;
  }
  return { within, suspicion, near };
}

/** The part of a box in which somebody's body is: corners of a box show the scene. */
function middleOf(d: Detection): Detection {
  return { ...d, xPx: d.xPx + 0.25 * d.widthPx, yPx: d.yPx + 0.15 * d.heightPx, widthPx: 0.5 * d.widthPx, heightPx: 0.7 * d.heightPx };
}

/** 2 in the blocks of a box, 1 in those that it is grown over. */
function markFinding(memory: CameraMemory, d: Detection, config: Config['analyse'], target: Uint8Array): void {
  const { grid } = memory;
  const around = new Uint8Array(grid.count);
  markBoxes(grid, [d], 0, config.growRatio, around, d.score < config.maskScore ? 4 : 1);
  for (let block = 0; block < grid.count; block++) if (around[block] !== 0 && target[block] === 0) target[block] = 1;
  forSpan(grid, spanOf(grid, d.xPx, d.yPx, d.widthPx, d.heightPx), (block) => {
    target[block] = 2;
  });
}

/** Boxes on which the looks of an audit agree: each has its like in the others, so that the mean of their scores is high. 2 in boxes, 1 around them. */
function findingsOf(memory: CameraMemory, looks: readonly (readonly Detection[])[], config: Config['analyse']): Uint8Array {
  const found = new Uint8Array(memory.grid.count);
  const likely = looks.map((look) => look.filter((d) => counts(d, config)));
  for (const look of likely) {
    for (const d of look) {
      let sum = d.score;
      for (const other of likely) if (other !== look) sum += scoreOfLike(d, other);
      if (sum / looks.length >= auditScores[d.class]) markFinding(memory, d, config, found);
    }
  }
  return found;
}

/** Best score of the boxes of the same class in about the same place; 0: there is none. */
function scoreOfLike(d: Detection, others: readonly Detection[]): number {
  let best = 0;
  for (const o of others) if (o.class === d.class && o.score > best && overlapRatio(o, d) >= sameBoxRatio) best = o.score;
  return best;
}

/** Is a box strong enough to keep blocks from being learned? */
function counts(d: Detection, config: Config['analyse']): boolean {
  return d.score >= Math.min(config.maskScore, weakScores[d.class]);
}

/** Known blocks follow slow light, outside the mask only; the whole picture's exposure is taken in when it has lasted. */
function keepUp(memory: CameraMemory, scene: Scene, frame: Frame, seen: Look, mask: Mask, near: Uint8Array | null, nowMs: number): void {
  const { grid, scores } = memory;
  const { backdrop } = scene;
  const { exposure } = seen;
  const calm = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    if (backdrop.state[block] !== blockState.known || (near !== null && near[block] !== 0)) continue;
    // Not what is masked as changed: something of nearly the floor's look would make its own noise.
    if (memory.changed[block] === 0) follow(backdrop, block, scores[block] as number, 0.05);
    if (mask.blocks[block] === 0) calm[block] = 1;
  }
  const far = exposure.agreement > 0.6 && (Math.abs(exposure.gain - 1) > 0.12 || Math.abs(exposure.offset) > 8 || Math.abs(exposure.red) > 5 || Math.abs(exposure.blue) > 5);
  scene.exposureStreak = far ? scene.exposureStreak + 1 : 0;
  if (scene.exposureStreak >= 5) {
    rebase(backdrop, exposure);
    scene.exposureStreak = 0;
  } else if (nowMs - scene.driftedAtMs >= driftEveryMs && exposure.agreement > 0.4) {
    scene.driftedAtMs = nowMs;
    drift(backdrop, calm, frame.rgb, exposure);
  }
}
