/**
 * The live masked view: whoever may look asks, the worker that holds the camera makes a sealed picture of every sample while
 * somebody looks, and the newest one is handed over. One slot a camera, written over; nothing of it is kept.
 */
import type { MaskedPicture, Receipt } from './picture.js';

export interface LivePicture {
  readonly receipt: Receipt;
  readonly jpeg: Uint8Array;
}

/** What the API asks. */
export interface LiveViews {
  /** Masked pictures of a camera as they come, newest only (one that was not fetched is skipped), until the signal aborts. */
  watch(cameraId: string, signal: AbortSignal): AsyncIterable<LivePicture>;
}

/** What the worker offers. */
export interface LiveDesk {
  /** Whether somebody looks at this camera now. Cheap and without I/O; at most two seconds old. */
  wanted(cameraId: string): boolean;
  /** Puts the picture into the camera's slot. Never throws: a live view that fails costs nothing else. */
  offer(picture: MaskedPicture): void;
  start(): Promise<void>;
  close(): Promise<void>;
}
