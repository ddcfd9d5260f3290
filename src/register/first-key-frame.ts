/** Runs a stream until its first decoded key frame, and no longer. The frame itself is looked at by nobody and let go. */
import type { StreamTarget } from '../contract/camera.js';
import type { FrameSource, RunEnd, StreamInfo } from '../contract/frame-source.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { newId } from '../core/ids.js';

export type FirstKeyFrame =
  | { readonly status: 'seen'; readonly widthPx: number; readonly heightPx: number; readonly info: StreamInfo | null; readonly tookMs: number }
  | { readonly status: 'timeout' }
  | { readonly status: 'ended'; readonly end: RunEnd };

/** @throws HedgerowError `process.aborted` */
export async function firstKeyFrame(options: {
  source: FrameSource;
  target: StreamTarget;
  connectTimeoutMs: number;
  timeoutMs: number;
  clock: Clock;
  signal: AbortSignal;
}): Promise<FirstKeyFrame> {
  const { source, target, connectTimeoutMs, timeoutMs, clock, signal } = options;
  const enough = new AbortController();
  const startMs = clock.monotonicMs();
  let seen: Extract<FirstKeyFrame, { status: 'seen' }> | undefined;
  let info: StreamInfo | null = null;
  let late = false;
  const cancel = clock.after(timeoutMs, () => {
    late = true;
    enough.abort();
  });
  try {
    const end = await source.run({
      target,
      runId: newId(),
      maxWidthPx: 320,
      connectTimeoutMs,
      stallMs: timeoutMs,
      signal: AbortSignal.any([enough.signal, signal]),
      onStream: (stream) => {
        info = stream;
      },
      onFrame: ({ widthPx, heightPx }) => {
        seen ??= { status: 'seen', widthPx, heightPx, info, tookMs: clock.monotonicMs() - startMs };
        enough.abort();
      },
    });
    if (seen) return seen;
    if (signal.aborted) throw new HedgerowError('process.aborted', 'Stopped while waiting for a key frame.');
    return late ? { status: 'timeout' } : { status: 'ended', end };
  } finally {
    cancel();
  }
}
