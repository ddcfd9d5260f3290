/**
 * Decides which frames of a stream become samples, from what is seen of the stream. Key frames stand alone and cost an
 * eighth of a full decode, so they are all that is decoded; only when they come too rarely for the sample interval is
 * everything decoded and one frame taken per interval. Pure: times come in, decisions go out.
 */

/** From this distance of key frames on, milliseconds, a view is too old for any interval that is shorter. */
const longestGapMs = 5_000;
/** Key frames may come this many times more rarely than samples were asked for. */
const longestGapIntervals = 4;
/** Distances of key frames that must all be short before decoding everything ends again. */
const shortGapsToReturn = 3;

/** Largest distance of key frames, milliseconds, with which key frames alone serve a sample interval. */
export function longestKeyGapMs(intervalMs: number): number {
  return Math.max(intervalMs, Math.min(longestGapIntervals * intervalMs, longestGapMs));
}

export type DecodeMode = 'key-frames' | 'everything';

export interface SamplePolicy {
  mode(): DecodeMode;
  /** A packet came. A change of mode is reported and holds from this packet on. */
  packet(isKey: boolean, atMs: number): { readonly changedTo: DecodeMode; readonly keyGapMs: number } | null;
  /** Whether a frame that came at `atMs` becomes a sample; it is then counted as taken. */
  take(atMs: number): boolean;
}

/**
 * @param intervalMs time between two samples
 * @param mode what an earlier run of the same camera has shown
 */
export function createSamplePolicy(intervalMs: number, mode: DecodeMode = 'key-frames'): SamplePolicy {
  const limitMs = longestKeyGapMs(intervalMs);
  // Key frames of a steady stream come a little early or late: a sample may be this much early.
  const slackMs = Math.min(intervalMs / 4, 250);
  let lastKeyMs: number | null = null;
  let firstMs: number | null = null;
  let shortGaps = 0;
  let nextDueMs = -Infinity;
  return {
    mode: () => mode,
    packet(isKey, atMs) {
      if (!isKey) {
        // A stream that is refreshed bit by bit may never send a key frame.
        firstMs ??= atMs;
        if (lastKeyMs !== null || mode === 'everything' || atMs - firstMs <= limitMs) return null;
        mode = 'everything';
        return { changedTo: mode, keyGapMs: atMs - firstMs };
      }
      const keyGapMs = lastKeyMs === null ? null : atMs - lastKeyMs;
      lastKeyMs = atMs;
      if (keyGapMs === null) return null;
      if (keyGapMs > limitMs) {
        shortGaps = 0;
        if (mode === 'everything') return null;
        mode = 'everything';
        return { changedTo: mode, keyGapMs };
      }
      if (mode === 'key-frames') return null;
      shortGaps += 1;
      if (shortGaps < shortGapsToReturn) return null;
      shortGaps = 0;
      mode = 'key-frames';
      return { changedTo: mode, keyGapMs };
    },
    take(atMs) {
      if (atMs < nextDueMs - slackMs) return false;
      // On a steady grid, so that the rate holds; after a late one the next is not early by more than its slack.
      nextDueMs = atMs - nextDueMs > intervalMs ? atMs + intervalMs : Math.max(nextDueMs + intervalMs, atMs + intervalMs - slackMs);
      return true;
    },
  };
}
