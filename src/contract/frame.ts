/** A decoded picture as the camera sent it. It never leaves the process that analyses it (DESIGN.md 2.2). */
export interface Frame {
  readonly cameraId: string;
  readonly runId: string;
  /** 0-based number of the sample in its run */
  readonly sequence: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** packed RGB24, rows top to bottom, `widthPx * heightPx * 3` bytes, no padding */
  readonly rgb: Uint8Array;
  /** the camera's clock, epoch ms; null when the stream does not tell (no RTCP sender report) */
  readonly capturedAtMs: number | null;
  /** our clock when the key frame's last packet came, epoch ms */
  readonly receivedAtMs: number;
  /** the same moment on our monotonic clock: how old a frame is goes by it, because the wall clock may be set at any time */
  readonly receivedMonotonicMs?: number;
}
