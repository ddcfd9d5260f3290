/** What analyse says about one sample, and what it is asked for. */
import type { ClassCounts, Detection } from './detection.js';
import type { Frame } from './frame.js';
import type { MaskedPicture } from './picture.js';
import type { CameraView } from './registry.js';

/** Why there is no picture; the alert says it in words. */
export const withheldReasons = {
  learning: 'The empty scene behind the camera is not learned yet.',
  moved: 'The camera was moved: its zones must be confirmed first.',
  'scene-changed': 'Too much of the view changed at once.',
  'detector-failed': 'The site requires a detector, and it does not work.',
  'detector-missing': 'The site requires a detector, and there is none.',
  'mask-failed': 'The mask could not be computed.',
  'too-dense': 'The picture would show the nearest ground with more pixels a metre than the standard allows.',
  'too-much-held': 'Too much of the scene has never been seen empty.',
  'size-changed': 'The size of the picture changed; the scene is learned anew.',
} as const;
export type WithheldReason = keyof typeof withheldReasons;

export type PictureOutcome =
  /** `keep`: it is stored; otherwise it is for a reel or a live view and passes */
  | { readonly status: 'made'; readonly picture: MaskedPicture; readonly keep: boolean }
  /** nobody asked for a picture of this sample */
  | { readonly status: 'not-due' }
  | { readonly status: 'withheld'; readonly reason: WithheldReason };

export interface ZoneHit {
  readonly zoneId: string;
  readonly counts: ClassCounts;
  /** tallest detection in the zone, share of the picture's height */
  readonly tallestRatio: number;
}

export interface Sample {
  readonly cameraId: string;
  readonly siteId: string;
  readonly runId: string;
  readonly sequence: number;
  readonly capturedAtMs: number | null;
  readonly receivedAtMs: number;
  /** detections at alert strength; positions are not kept beyond this object */
  readonly detections: readonly Detection[];
  readonly counts: ClassCounts;
  readonly hits: readonly ZoneHit[];
  /** share of blocks that differ from the backdrop, 0..1 */
  readonly changeRatio: number;
  readonly maskRatio: number;
  readonly picture: PictureOutcome;
  readonly pictureStatus: 'learning' | 'ready' | 'moved' | 'withheld';
  readonly pictureReason: string | null;
  readonly detector: 'onnx' | 'change-only' | 'failed';
  /** numbers of the gate, for camera health */
  readonly meanLuma: number;
}

/** One camera's way from frame to sample. Frames of one camera come in order; a late one replaces a waiting one. */
export interface Analyst {
  /**
   * @param wantPicture decides, once the hits are known, whether a picture of this very sample is due
   * @param wantPassing decides whether one is made that is not kept (a reel, a live view); `stirring`: something moves or differs
   * @throws never for a frame's content
   */
  analyse(frame: Frame, view: CameraView, wantPicture: (hits: readonly ZoneHit[]) => boolean, wantPassing?: (stirring: boolean) => boolean): Promise<Sample | 'dropped'>;
  /** Forgets what is known about a camera (removed, or leased elsewhere). */
  forget(cameraId: string): void;
}
