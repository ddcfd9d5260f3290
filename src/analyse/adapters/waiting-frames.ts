/**
 * Frames that wait for the inference thread: one a camera, the newest. Whose turn it is: the camera that was served longest
 * ago. When too many wait, the one that was served last gives way, so that no camera is starved by the rhythm of others.
 */
export interface Waiting {
  readonly cameraId: string;
}

export interface WaitingFrames<T extends Waiting> {
  readonly size: number;
  /** monotonic ms since when the first of them waits; Infinity when none does */
  readonly sinceMs: number;
  /** @returns who gave way: an older frame of the same camera, a frame of another one, or this very frame */
  put(frame: T, nowMs: number): T | undefined;
  /** Takes up to `count` frames of different cameras. */
  take(count: number): T[];
  takeAll(): T[];
}

/** Cameras whose turn is remembered; beyond it the one that was served longest ago is as good as new. */
const remembered = 10_000;

export function createWaitingFrames<T extends Waiting>(max: number): WaitingFrames<T> {
  const waiting = new Map<string, { frame: T; sinceMs: number }>();
  const servedAt = new Map<string, number>();
  let turn = 0;
  const order = (cameraId: string): number => servedAt.get(cameraId) ?? 0;

  const serve = (cameraId: string): T[] => {
    const entry = waiting.get(cameraId);
    if (!entry) return [];
    waiting.delete(cameraId);
    servedAt.delete(cameraId);
    servedAt.set(cameraId, ++turn);
    const [oldest] = servedAt.keys();
    if (servedAt.size > remembered && oldest !== undefined) servedAt.delete(oldest);
    return [entry.frame];
  };

  return {
    get size() {
      return waiting.size;
    },
    get sinceMs() {
      let since = Infinity;
      for (const entry of waiting.values()) since = Math.min(since, entry.sinceMs);
      return since;
    },
    put(frame, nowMs) {
      const { cameraId } = frame;
      const older = waiting.get(cameraId);
      // A newer frame keeps the place of the older one.
      waiting.set(cameraId, { frame, sinceMs: older?.sinceMs ?? nowMs });
      if (older) return older.frame;
      if (waiting.size <= max) return undefined;
      let last = cameraId;
      for (const other of waiting.keys()) if (order(other) > order(last)) last = other;
      const givesWay = waiting.get(last)?.frame;
      waiting.delete(last);
      return givesWay;
    },
    take(count) {
      // Sorting is stable: among cameras that were never served, the one that waits longer comes first.
      return [...waiting.keys()].sort((a, b) => order(a) - order(b)).slice(0, count).flatMap(serve);
    },
    takeAll() {
      const all = [...waiting.values()].map((entry) => entry.frame);
      waiting.clear();
      return all;
    },
  };
}
