/** Who takes the pictures of samples as they pass, beside the store: the reel desk, the live view. */
import type { Alert } from './alert.js';
import type { Sample } from './analysis.js';

export interface PictureTaker {
  /** Whether a picture of this sample is wanted. Cheap and without I/O. @param stirring something moves or differs in the view */
  wants(cameraId: string, stirring: boolean, atMs: number): boolean;
  /** Every sample, after its alerts were raised; `alerts`: those that it raised or changed. Never throws, never waits. */
  sampled(sample: Sample, alerts: readonly Alert[]): void;
  /** The camera leaves this worker. */
  forget(cameraId: string): void;
}
