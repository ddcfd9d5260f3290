/** What a sample is judged with, and who wants a picture of it. */
import type { Config } from '../config/schema.js';
import type { ZoneHit } from '../contract/analysis.js';
import type { Detector } from '../contract/detector.js';
import type { CameraMemory } from './camera-memory.js';
import type { Mask } from './mask/build-mask.js';
import type { ShiftMeter } from './view-shift.js';

export interface Sampling {
  readonly config: Config['analyse'];
  readonly detector: Detector | null;
  readonly meter: ShiftMeter;
  readonly warn: (context: object, message: string) => void;
  /** for benches and tests: the mask of each sample, and what the backdrop would show under it */
  readonly inspect?: (mask: Mask, backdrop: Uint8Array, memory: CameraMemory) => void;
}

/** Who wants a picture of this sample: one that is stored, or one that only passes (a reel, a live view). */
export interface Wants {
  readonly picture: (hits: readonly ZoneHit[]) => boolean;
  readonly passing: (stirring: boolean) => boolean;
}
