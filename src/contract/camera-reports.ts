/** What ingest, register and analyse tell watch about a camera; watch alone decides the state. */
import type { CameraState } from './camera.js';
import type { Sample } from './analysis.js';
import type { RunEnd } from './frame-source.js';

export interface CameraReports {
  /** The ladder was climbed to this rung (probe or onboarding). */
  probed(cameraId: string, state: Exclude<CameraState, 'good'>, reason: string | null): void;
  runStarted(cameraId: string, runId: string): void;
  runEnded(cameraId: string, end: RunEnd, retryInMs: number | null): void;
  sampled(sample: Sample): void;
  /** Offset of the camera's clock from ours, ms (positive: the camera is ahead). */
  clockMeasured(cameraId: string, skewMs: number): void;
  /** The camera left this worker. */
  released(cameraId: string): void;
}
