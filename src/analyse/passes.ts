/** What the detector is asked for a sample: nothing, the whole frame, or the whole and one tile while blocks are being learned. */
import type { Detection } from '../contract/detection.js';
import type { Frame } from '../contract/frame.js';
import type { CameraMemory } from './camera-memory.js';
import { detectTile, detectWhole, tilesInPass } from './detect.js';
import type { Look } from './look.js';
import type { Sampling } from './sampling-parts.js';

/**
 * From this score on a box keeps a block from being learned, and makes a block of the backdrop held. Measured on real footage: whole
 * and tiles together then find 99.9 % of the still objects of 20 px and more, and false boxes lie on some 3 % of an empty scene.
 */
export const weakScores: Readonly<Record<Detection['class'], number>> = { person: 0.12, vehicle: 0.15, animal: 0.25, change: 1 };
export const weakScore = Math.min(...Object.values(weakScores));
const idleDetectMs = 10_000;
const trackingDetectMs = 5_000;

export interface Pass {
  readonly status: 'ok' | 'failed' | 'none';
  readonly detections: readonly Detection[];
  /** those of them that one of the tiles told; each tile has its turn once in `tilesInPass` samples */
  readonly ofTile: ReadonlySet<Detection>;
}

function noPass(status: 'none' | 'failed'): Pass {
  return { status, detections: [], ofTile: new Set() };
}

/** Inference only when the gate, a picture or learning asks for it. */
export async function detectIn(by: Sampling, memory: CameraMemory, frame: Frame, seen: Look, due: boolean, nowMs: number): Promise<Pass> {
  const { detector, config } = by;
  if (!detector || !seen.usable) return noPass('none');
  const sinceMs = nowMs - memory.detectedAtMs;
  const learning = !seen.scene.ready;
  const pending = memory.tracked.some((t) => t !== 0) && sinceMs >= trackingDetectMs;
  if (!learning && !due && !seen.stirring && nowMs >= memory.activeUntilMs && !pending && sinceMs < idleDetectMs) return noPass('none');
  const minScore = Math.min(weakScore, config.maskScore);
  const whole = await detectWhole(detector, frame.cameraId, frame, minScore);
  if (whole.status !== 'ok') return noPass('failed');
  memory.detectedAtMs = nowMs;
  if (!learning && !memory.wantsPass) return { ...whole, ofTile: new Set() };
  const tile = await detectTile(detector, frame.cameraId, frame, memory.nextTile, minScore);
  if (tile.status !== 'ok') return noPass('failed');
  memory.nextTile = (memory.nextTile + 1) % tilesInPass;
  if (memory.nextTile === 0) memory.passes++;
  return { status: 'ok', detections: [...whole.detections, ...tile.detections], ofTile: new Set(tile.detections) };
}
