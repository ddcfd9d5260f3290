/**
 * The port that pulls frames from one camera. An adapter connects, decodes key frames, scales, and hands out at most one
 * frame per sample interval; it never queues more than one frame (a newer one replaces it, and `dropped` counts it).
 */
import type { Frame } from './frame.js';
import type { StreamTarget } from './camera.js';

export type EndReason =
  | 'stopped' // by us: the signal
  | 'unreachable' // no TCP connection
  | 'auth' // 401/403
  | 'not-found' // 404 or no video stream
  | 'stalled' // no usable key frame within the stall time
  | 'closed' // the camera ended the stream
  | 'corrupt' // nothing decodable in what came
  | 'protocol' // the answer cannot be used
  | 'refused'; // the address guard said no

/** A width, px, or how to tell it from the size that the stream really has. */
export type WidthLimit = number | ((stream: Pick<StreamInfo, 'widthPx' | 'heightPx'>) => number);

export interface FrameSourceOptions {
  readonly target: StreamTarget;
  readonly runId: string;
  /** frames are scaled down to at most this width, keeping the aspect; both sides even. Asked anew when the stream's size changes */
  readonly maxWidthPx: WidthLimit;
  readonly connectTimeoutMs: number;
  /** no decoded key frame for this long ends the run as `stalled` */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly onFrame: (frame: Frame) => void;
  /** called once, when the stream is known */
  readonly onStream?: (info: StreamInfo) => void;
}

export interface StreamInfo {
  readonly codec: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fps: number | null;
}

export interface RunEnd {
  readonly reason: EndReason;
  /** one line for people, without addresses' credentials */
  readonly detail: string;
  /** with `auth`: false when no log-in was sent, because none was given or the camera asks for it in a way that is not used */
  readonly loginSent?: boolean;
  readonly frames: number;
  readonly dropped: number;
  readonly bytes: number;
}

export interface FrameSource {
  /** most runs at once that this process can carry; absent: no limit of its own */
  readonly capacity?: number;
  /** Runs until the stream ends or the signal aborts. Never throws for what a camera does: that is a `RunEnd`. */
  run(options: FrameSourceOptions): Promise<RunEnd>;
  close(): Promise<void>;
}
