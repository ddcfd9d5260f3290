/**
 * One frame to one sample: look, detect, judge, mask, picture, learn. The order matters: the picture is made from what was
 * learned before this frame, and this frame is learned from only outside what was masked.
 */
import { createHash } from 'node:crypto';
import { withheldReasons, type PictureOutcome, type Sample, type WithheldReason, type ZoneHit } from '../contract/analysis.js';
import type { Detection } from '../contract/detection.js';
import type { Detector } from '../contract/detector.js';
import type { Frame } from '../contract/frame.js';
import type { CameraView } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import { canonicalJson } from '../core/canonical-json.js';
import { isTooDense } from '../core/ground-density.js';
import { blockState, doubted, drift, follow, holdBlock, occupied, rebase, sceneForAudit } from './backdrop.js';
import type { CameraMemory, Scene } from './camera-memory.js';
import { boxShare, detectThorough, detectTile, detectWhole, markBoxes, mergeDetections, tilesInPass } from './detect.js';
import { growInto, forSpan, spanOf } from './grid.js';
import { changeBlobs, confirmed, countClasses, judged, rememberDetections, zoneHits } from './judge.js';
import { endLearning, holdFound, learn } from './learning.js';
import { look, quietShare, type Look } from './look.js';
import { agreesWithBackdrop, buildMask, type Mask } from './mask/build-mask.js';
import { areaRatio, makePicture } from './mask/make-picture.js';
import type { ShiftMeter } from './view-shift.js';

export interface Sampling {
  readonly config: Config['analyse'];
  readonly detector: Detector | null;
  readonly meter: ShiftMeter;
  readonly warn: (context: object, message: string) => void;
  /** for benches and tests: the mask of each sample, and what the backdrop would show under it */
  readonly inspect?: (mask: Mask, backdrop: Uint8Array) => void;
}

/** Who wants a picture of this sample: one that is stored, or one that only passes (a reel, a live view). */
export interface Wants {
  readonly picture: (hits: readonly ZoneHit[]) => boolean;
  readonly passing: (stirring: boolean) => boolean;
}

/**
 * From this score on a box keeps a block from being learned, and makes a block of the backdrop held. Measured on real footage: whole
 * and tiles together then find 99.9 % of the still objects of 20 px and more, and false boxes lie on some 3 % of an empty scene.
 */
const weakScores: Readonly<Record<Detection['class'], number>> = { person: 0.12, vehicle: 0.15, animal: 0.25, change: 1 };
const weakScore = Math.min(...Object.values(weakScores));
const idleDetectMs = 10_000;
const trackingDetectMs = 5_000;
const maxElapsedMs = 5_000;
/** quiet samples after which a change is a part of the scene, as far as alerts go */
const settledSamples = 20;
const driftEveryMs = 4_000;
const auditAgainMs = [60_000, 300_000, 600_000];

interface Pass {
  readonly status: 'ok' | 'failed' | 'none';
  readonly detections: readonly Detection[];
}

export async function takeSample(
  by: Sampling, memory: CameraMemory, frame: Frame, view: CameraView, wants: Wants, nowMs: number,
): Promise<Sample> {
  const { config, detector } = by;
  const { grid } = memory;
  const seen = look(memory, frame.rgb, nowMs, config.blockThreshold, by.meter);
  memory.lastMs = nowMs;
  const timeDue = pictureDue(memory, config, nowMs);
  const passing = wants.passing(seen.stirring);
  const pass = await detectIn(by, memory, frame, seen, timeDue || passing || wants.picture([]), nowMs);
  const event = seen.view !== 'steady';
  const strong = pass.detections.filter((d) => d.score >= config.maskScore);
  rememberDetections(memory.recent, nowMs, strong);
  const alerting = event ? [] : confirmed(grid, strong, config.alertScore, memory.moving, memory.recent);
  const changes = event || !seen.scene.ready ? [] : changeBlobs(grid, unsettled(memory, seen.scene), memory.changedBefore, strong);
  const counted = judged([...alerting, ...changes], view.zones, grid.widthPx, grid.heightPx);
  const hits = zoneHits(counted, view.zones, grid.widthPx, grid.heightPx);
  if (seen.stirring || alerting.length > 0) memory.activeUntilMs = nowMs + config.carryMs;

  doubtBackdrop(memory, seen.scene, strong, config, event);
  const mask = buildMask({
    grid, backdrop: seen.scene.backdrop, detections: strong, changed: event ? new Uint8Array(grid.count).fill(1) : memory.changed,
    privacy: memory.privacy, carry: memory.carry, nowMs,
    // What an event covers is not somebody: it is not carried on.
    carryMs: event ? 0 : config.carryMs, maskScore: config.maskScore, growRatio: config.growRatio,
  });
  by.inspect?.(mask, seen.scene.backdrop.shown);
  const maskRatio = areaRatio(grid, mask.blocks);
  const reason = withheldReason(by, memory, seen, view, pass, areaRatio(grid, mask.flat));
  let picture: PictureOutcome = { status: 'not-due' };
  const keep = wants.picture(hits) || pictureDue(memory, config, nowMs);
  if (keep || passing) {
    if (reason !== null || (detector && pass.status === 'none')) {
      picture = { status: 'withheld', reason: reason ?? 'detector-failed' };
    } else {
      picture = { status: 'made', picture: await paint(by, memory, frame, view, mask, [...shownSigns(memory, strong, config), ...changes]), keep };
      if (keep) memory.pictureAtMs = nowMs;
    }
  }
  const pictureStatus = reason === null ? 'ready' : memory.moved ? 'moved' : !seen.scene.ready ? 'learning' : 'withheld';
  await learnFrom(by, memory, frame, seen, pass, mask, nowMs);
  return {
    cameraId: frame.cameraId, siteId: view.siteId, runId: frame.runId, sequence: frame.sequence,
    capturedAtMs: frame.capturedAtMs, receivedAtMs: frame.receivedAtMs,
    detections: counted, counts: countClasses(counted), hits, changeRatio: seen.changeRatio, maskRatio, picture,
    pictureStatus,
    pictureReason: reason === null ? null : withheldReasons[reason],
    detector: !detector ? 'change-only' : pass.status === 'failed' ? 'failed' : 'onnx',
    meanLuma: seen.meanLuma,
  };
}

function pictureDue(memory: CameraMemory, config: Config['analyse'], nowMs: number): boolean {
  if (memory.pictureAtMs === null) return true;
  const sinceMs = nowMs - memory.pictureAtMs;
  return sinceMs >= config.quietPictureMs || (sinceMs >= config.busyPictureMs && nowMs < memory.activeUntilMs);
}

/** Inference only when the gate, a picture or learning asks for it. */
async function detectIn(by: Sampling, memory: CameraMemory, frame: Frame, seen: Look, due: boolean, nowMs: number): Promise<Pass> {
  const { detector, config } = by;
  if (!detector || !seen.usable) return { status: 'none', detections: [] };
  const sinceMs = nowMs - memory.detectedAtMs;
  const learning = !seen.scene.ready;
  const pending = memory.tracked.some((t) => t !== 0) && sinceMs >= trackingDetectMs;
  if (!learning && !due && !seen.stirring && nowMs >= memory.activeUntilMs && !pending && sinceMs < idleDetectMs) return { status: 'none', detections: [] };
  const minScore = Math.min(weakScore, config.maskScore);
  const whole = await detectWhole(detector, frame.cameraId, frame, minScore);
  if (whole.status !== 'ok') return { status: 'failed', detections: [] };
  memory.detectedAtMs = nowMs;
  if (!learning && !memory.wantsPass) return whole;
  const tile = await detectTile(detector, frame.cameraId, frame, memory.nextTile, minScore);
  if (tile.status !== 'ok') return { status: 'failed', detections: [] };
  memory.nextTile = (memory.nextTile + 1) % tilesInPass;
  if (memory.nextTile === 0) memory.passes++;
  return { status: 'ok', detections: [...whole.detections, ...tile.detections] };
}

/** A detection that agrees with the backdrop may be in it: once it is likely, its blocks are held. */
function doubtBackdrop(memory: CameraMemory, scene: Scene, strong: readonly Detection[], config: Config['analyse'], event: boolean): void {
  if (!scene.ready || event) return;
  const { grid, doubt } = memory;
  for (let i = 0; i < doubt.length; i++) doubt[i] = (doubt[i] as number) * 0.995;
  for (const d of strong) {
    if (boxShare(grid, d, memory.moving) >= agreesWithBackdrop) continue;
    forSpan(grid, spanOf(grid, d.xPx, d.yPx, d.widthPx, d.heightPx), (block) => {
      const sum = (doubt[block] as number) + d.score;
      doubt[block] = sum;
      if (sum < Math.max(0.5, config.alertScore)) return;
      if (scene.backdrop.state[block] === blockState.known || sum >= 3) holdBlock(scene.backdrop, block, sum >= 3 ? occupied : doubted);
    });
  }
}

function withheldReason(by: Sampling, memory: CameraMemory, seen: Look, view: CameraView, pass: Pass, heldRatio: number): WithheldReason | null {
  if (memory.moved) return 'moved';
  if (isTooDense(view.pose, memory.grid.widthPx, memory.grid.heightPx, by.config.maxDensityPxPerM)) return 'too-dense';
  if (!seen.scene.ready) return memory.learningReason;
  if (seen.view !== 'steady') return 'scene-changed';
  if (view.requireDetector && !by.detector) return 'detector-missing';
  if (pass.status === 'failed') return 'detector-failed';
  if (heldRatio > by.config.maxHeldRatio) return 'too-much-held';
  return null;
}

/** Blocks that differ and have not long looked the way they do: a thing left behind is masked, but it is no happening any more. */
function unsettled(memory: CameraMemory, scene: Scene): Uint8Array {
  const { samples } = scene.backdrop.candidate;
  return memory.changed.map((c, block) => (c !== 0 && (samples[block] as number) < settledSamples ? 1 : 0));
}

/** Signs for what is likely there; a weak box in a still part of the scene is masked without a sign. */
function shownSigns(memory: CameraMemory, strong: readonly Detection[], config: Config['analyse']): Detection[] {
  const clear = (config.maskScore + config.alertScore) / 2;
  return mergeDetections(strong.filter((d) => d.score >= config.alertScore || (d.score >= clear && boxShare(memory.grid, d, memory.moving) >= agreesWithBackdrop)));
}

function paint(by: Sampling, memory: CameraMemory, frame: Frame, view: CameraView, mask: Mask, detections: readonly Detection[]) {
  const { config, detector } = by;
  const scene = memory.scenes.get(memory.mode) as Scene;
  return makePicture({
    grid: memory.grid, frame: frame.rgb, backdrop: scene.backdrop.shown, mask, detections,
    about: { ...frame, siteId: view.siteId, pose: view.pose },
    modelHash: detector?.info.modelHash ?? null,
    configHash: configHash(config, view),
    jpegQuality: config.jpegQuality,
  });
}

/** SHA-256 of everything that decides what is masked, but for the weights. */
export function configHash(config: Config['analyse'], view: CameraView): string {
  const { maskScore, growRatio, blockPx, blockThreshold, learnMs, maxHeldRatio, carryMs, jpegQuality } = config;
  const zones = view.zones.map((z) => ({ id: z.id, kind: z.kind, polygon: z.polygon.map((p) => [...p]) })).sort((a, b) => (a.id < b.id ? -1 : 1));
  return createHash('sha256')
    .update(canonicalJson({ maskScore, growRatio, blockPx, blockThreshold, learnMs, maxHeldRatio, carryMs, jpegQuality, requireDetector: view.requireDetector, zones }))
    .digest('hex');
}

async function learnFrom(by: Sampling, memory: CameraMemory, frame: Frame, seen: Look, pass: Pass, mask: Mask, nowMs: number): Promise<void> {
  const { config, detector } = by;
  const { scene } = seen;
  const withDetector = detector !== null;
  if (!seen.usable || seen.view !== 'steady' || (withDetector && pass.status !== 'ok')) {
    if (scene.ready && seen.usable && seen.view === 'steady' && pass.status === 'none') keepUp(config, memory, scene, frame, seen, mask, null, nowMs);
    return;
  }
  const { grid } = memory;
  const { within, near } = blocksUnder(memory, scene, pass.detections, config, nowMs);
  const elapsedMs = memory.learnedAtMs === null ? 0 : Math.min(maxElapsedMs, nowMs - memory.learnedAtMs);
  memory.learnedAtMs = nowMs;
  memory.wantsPass = learn(scene.backdrop, {
    rgb: frame.rgb, planes: memory.planes, candidateScores: memory.candidateScores, tracked: memory.tracked, within, near, elapsedMs,
    quietScore: config.blockThreshold * quietShare, learnMs: config.learnMs, withDetector, passes: memory.passes,
  });
  if (scene.ready) {
    keepUp(config, memory, scene, frame, seen, mask, near, nowMs);
  } else {
    scene.learnedForMs += elapsedMs;
    if (!endLearning(scene.backdrop, scene.learnedForMs, config.learnMs, withDetector)) return;
  }
  if (detector && nowMs >= scene.nextAuditMs) {
    const found = await detectThorough(detector, frame.cameraId, { rgb: sceneForAudit(scene.backdrop), widthPx: grid.widthPx, heightPx: grid.heightPx }, weakScore);
    if (found.status !== 'ok') return;
    const blocks = new Uint8Array(grid.count);
    for (const d of found.detections) if (counts(d, config)) markFinding(memory, d, config, blocks);
    const held = holdFound(scene.backdrop, blocks);
    scene.nextAuditMs = nowMs + (auditAgainMs[Math.min(scene.audits, auditAgainMs.length - 1)] as number);
    scene.audits++;
    if (held > 0) by.warn({ cameraId: frame.cameraId, held }, 'the audit found something in the backdrop: its blocks are held');
  }
  scene.ready = true;
}

/**
 * What the boxes say about blocks that are being learned. A box most of whose blocks look different now is somebody in front
 * of the scene; any other box may be in the candidates. Either way its surroundings are near somebody for a moment.
 */
function blocksUnder(memory: CameraMemory, scene: Scene, detections: readonly Detection[], config: Config['analyse'], nowMs: number): { within: Uint8Array; near: Uint8Array } {
  const { grid, nearUntilMs } = memory;
  const { candidate, state } = scene.backdrop;
  const different = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    const apart = state[block] === blockState.known ? memory.changed[block] !== 0 : candidate.samples[block] !== 0 && (memory.candidateScores[block] as number) > config.blockThreshold * quietShare;
    different[block] = apart ? 1 : 0;
  }
  const within = new Uint8Array(grid.count);
  const near = new Uint8Array(grid.count);
  const inFront = new Uint8Array(grid.count);
  for (const d of detections) {
    if (counts(d, config)) markFinding(memory, d, config, boxShare(grid, d, different) >= 0.5 ? inFront : within);
  }
  for (let block = 0; block < grid.count; block++) {
    if (within[block] !== 0 || inFront[block] !== 0) nearUntilMs[block] = nowMs + config.carryMs;
    near[block] = (nearUntilMs[block] as number) > nowMs ? 1 : 0;
  }
  return { within, near };
}

/** 2 in the blocks of a box, 1 in those around it: its growth, and one more where the box is strong. */
function markFinding(memory: CameraMemory, d: Detection, config: Config['analyse'], target: Uint8Array): void {
  const { grid } = memory;
  const around = new Uint8Array(grid.count);
  markBoxes(grid, [d], 0, config.growRatio, around);
  if (d.score >= config.maskScore) growInto(grid, Uint8Array.from(around), around);
  for (let block = 0; block < grid.count; block++) if (around[block] !== 0 && target[block] === 0) target[block] = 1;
  forSpan(grid, spanOf(grid, d.xPx, d.yPx, d.widthPx, d.heightPx), (block) => {
    target[block] = 2;
  });
}

/** Is a box strong enough to keep blocks from being learned? */
function counts(d: Detection, config: Config['analyse']): boolean {
  return d.score >= Math.min(config.maskScore, weakScores[d.class]);
}

/** Known blocks follow slow light, outside the mask only; the whole picture's exposure is taken in when it has lasted. */
function keepUp(config: Config['analyse'], memory: CameraMemory, scene: Scene, frame: Frame, seen: Look, mask: Mask, near: Uint8Array | null, nowMs: number): void {
  const { grid, scores } = memory;
  const { backdrop } = scene;
  const { exposure } = seen;
  const calm = new Uint8Array(grid.count);
  for (let block = 0; block < grid.count; block++) {
    if (backdrop.state[block] !== blockState.known || (near !== null && near[block] !== 0)) continue;
    // Restless, but under the configured threshold: noise.
    if ((scores[block] as number) < config.blockThreshold) follow(backdrop, block, scores[block] as number, 0.05);
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
