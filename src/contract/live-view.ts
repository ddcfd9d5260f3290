/**
 * The live masked view: whoever may look asks, the worker that holds the camera makes a sealed picture of every sample while
 * somebody looks, and the newest one is handed over. One slot a camera, written over; nothing of it is kept.
 */
import { withheldReasons } from './analysis.js';
import type { MaskedPicture, Receipt } from './picture.js';
import type { PictureTaker } from './picture-taker.js';

/** Why a live view shows nothing now: the masker's reasons, and those of the way to the viewer. */
export const liveReasons = {
  ...withheldReasons,
  'no-sample': 'No picture comes from the camera.',
  'not-checked': 'It cannot be checked for the moment whether you may look.',
  ended: 'The live view has ended.',
} as const;
export type LiveReason = keyof typeof liveReasons;

export type LiveMessage =
  | { readonly kind: 'picture'; readonly receipt: Receipt; readonly jpeg: Uint8Array }
  /** whatever was shown before is no longer live */
  | { readonly kind: 'withheld'; readonly reason: LiveReason };

export interface WatchOptions {
  /** after so long without news of the camera, and again each time, the viewer is told `no-sample` */
  readonly quietAfterMs: number;
  /** a message was replaced by a newer one before it was fetched */
  readonly onSkipped?: () => void;
}

/** What the API asks. */
export interface LiveViews {
  /** Messages of a camera as they come, the newest only (one that was not fetched is skipped), until the signal aborts. Never throws. */
  watch(cameraId: string, options: WatchOptions, signal: AbortSignal): AsyncIterableIterator<LiveMessage>;
}

/** What the worker offers: it takes the samples' pictures while somebody looks. */
export interface LiveDesk extends PictureTaker {
  /** Whether somebody looks at this camera now. Cheap and without I/O; at most two seconds old. */
  wanted(cameraId: string): boolean;
  /** Puts the picture into the camera's slot; what the masker did not make is refused. Never throws: a live view that fails costs nothing else. */
  offer(picture: MaskedPicture): void;
  /** Begins to listen to the other processes. */
  start(): Promise<void>;
  /** Ends every view, and takes away what this process put into slots. */
  close(): Promise<void>;
}
