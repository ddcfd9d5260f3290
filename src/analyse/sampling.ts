/**
 * One frame to one sample: look, detect, judge, mask, picture, learn. The order matters: the picture is made from what was
 * learned before this frame, and this frame is learned from only outside what was masked.
 */
import { createHash } from 'node:crypto';
import { withheldReasons, type PictureOutcome, type Sample, type WithheldReason } from '../contract/analysis.js';
import type { Detection } from '../contract/detection.js';
import type { Frame } from '../contract/frame.js';
import type { CameraView } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import { canonicalJson } from '../core/canonical-json.js';
import { isTooDense } from '../core/ground-density.js';
import { blockState, doubted, holdBlock, occupied } from './backdrop.js';
import type { CameraMemory, Scene } from './camera-memory.js';
import { boxShare, markBoxes, mergeDetections } from './detect.js';
import { forSpan, spanOf } from './grid.js';
import { changeBlobs, confirmed, countClasses, judged, rememberDetections, zoneHits } from './judge.js';
import { learnFrom } from './lessons.js';
import { look, type Look } from './look.js';
import { agreesWithBackdrop, buildMask, type Mask } from './mask/build-mask.js';
import { areaRatio, makePicture } from './mask/make-picture.js';
import { detectIn, weakScore, type Pass } from './passes.js';
import type { Sampling, Wants } from './sampling-parts.js';

/** share of the threshold up to which a block clearly looks as the empty scene */
const clearShare = 0.6;
/** running mean, over some dozen passes, of the score of boxes that agree with the backdrop; from where on a block is held, and why */
const doubtWeight = 0.08;
const doubtedFrom = 0.1;
const occupiedFrom = 0.3;
/** quiet samples after which a change is a part of the scene, as far as alerts go */
const settledSamples = 20;
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

  if (pass.status === 'ok') doubtBackdrop(memory, seen.scene, strong, event);
  const clear = clearBlocks(memory, seen, pass, detector !== null, config);
  const mask = buildMask({
    grid, backdrop: seen.scene.backdrop, detections: strong, changed: event ? new Uint8Array(grid.count).fill(1) : memory.changed,
    privacy: memory.privacy, settled: settledBlocks(memory, seen.scene), clear, carry: memory.carry, nowMs,
    // What an event covers is not somebody: it is not carried on.
    carryMs: event ? 0 : config.carryMs, maskScore: config.maskScore, growRatio: config.growRatio,
  });
  if (!event && seen.scene.ready) memory.maskedSteadily.set(mask.blocks);
  by.inspect?.(mask, seen.scene.backdrop.shown, memory);
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

/**
 * Blocks that look as the empty scene, clearly and for two samples, and on which not even a weak box lies: nobody is left there. Only
 * when the detector has looked, if there is one.
 */
function clearBlocks(memory: CameraMemory, seen: Look, pass: Pass, withDetector: boolean, config: Config['analyse']): Uint8Array {
  const { grid, clearBefore, scores, changed } = memory;
  const { state } = seen.scene.backdrop;
  const clear = new Uint8Array(grid.count);
  const now = new Uint8Array(grid.count);
  if (seen.scene.ready && seen.view === 'steady' && pass.status === (withDetector ? 'ok' : 'none')) {
    const boxes = new Uint8Array(grid.count);
    markBoxes(grid, pass.detections, weakScore, config.growRatio, boxes);
    for (let block = 0; block < grid.count; block++) {
      if (state[block] !== blockState.known || changed[block] !== 0 || boxes[block] !== 0 || (scores[block] as number) > clearShare * config.blockThreshold) continue;
      now[block] = 1;
      clear[block] = clearBefore[block] as number;
    }
  }
  clearBefore.set(now);
  return clear;
}

function pictureDue(memory: CameraMemory, config: Config['analyse'], nowMs: number): boolean {
  if (memory.pictureAtMs === null) return true;
  const sinceMs = nowMs - memory.pictureAtMs;
  return sinceMs >= config.quietPictureMs || (sinceMs >= config.busyPictureMs && nowMs < memory.activeUntilMs);
}

/** A detection that agrees with the backdrop may be in it: once it is found there again and again, its blocks are held. */
function doubtBackdrop(memory: CameraMemory, scene: Scene, strong: readonly Detection[], event: boolean): void {
  if (!scene.ready || event) return;
  const { grid, doubt } = memory;
  const agreeing = new Float32Array(grid.count);
  for (const d of strong) {
    if (boxShare(grid, d, memory.moving) >= agreesWithBackdrop) continue;
    forSpan(grid, spanOf(grid, d.xPx, d.yPx, d.widthPx, d.heightPx), (block) => {
      agreeing[block] = Math.max(agreeing[block] as number, d.score);
    });
  }
  for (let block = 0; block < grid.count; block++) {
    const sum = (doubt[block] as number) + doubtWeight * ((agreeing[block] as number) - (doubt[block] as number));
    doubt[block] = sum;
    if (agreeing[block] === 0 || sum < doubtedFrom) continue;
    const mark = sum >= occupiedFrom ? occupied : doubted;
    if (scene.backdrop.state[block] === blockState.known || mark === occupied) holdBlock(scene.backdrop, block, mark);
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

/** Blocks that have differed for long and look the same all the while: whether somebody came or somebody left, nothing of either is shown. */
function settledBlocks(memory: CameraMemory, scene: Scene): Uint8Array {
  const { samples } = scene.backdrop.candidate;
  return memory.changed.map((c, block) => (c !== 0 && (samples[block] as number) >= settledSamples ? 1 : 0));
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
