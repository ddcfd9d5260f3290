/** From what a recorder says of its tracks (`tns1:RecordingHistory/Track/State`) to the stretches that it holds. */
import type { RecordedSpan } from '../../onvif-client.js';

export interface TrackState {
  /** recording and track */
  readonly track: string;
  readonly atMs: number;
  readonly present: boolean;
  /** tells how it was when the searched stretch began */
  readonly start: boolean;
}

/** Ends of this age are the last block that was written, not an end. */
const stillWritingMs = 10 * 60_000;

/**
 * Data of any track counts: they are one camera's. What is not told is not assumed: a track without a start state holds
 * nothing before its first "present", and something before its first "absent", for that is what "absent" ends.
 * @param range.latestMs the newest recording, where it is told: a stretch without an end goes no further
 */
export function spansOf(states: readonly TrackState[], range: { fromMs: number; untilMs: number; earliestMs: number | null; latestMs: number | null }): RecordedSpan[] {
  const fromMs = Math.max(range.fromMs, range.earliestMs ?? range.fromMs);
  const stopped = range.latestMs !== null && range.latestMs < range.untilMs - stillWritingMs;
  const endMs = stopped ? Math.min(range.untilMs, range.latestMs ?? range.untilMs) : range.untilMs;
  const pieces: { fromMs: number; untilMs: number; open: boolean }[] = [];
  for (const track of new Set(states.map((s) => s.track))) {
    // At one moment the start state comes before the changes.
    const own = states.filter((s) => s.track === track).sort((a, b) => Number(b.start) - Number(a.start) || a.atMs - b.atMs);
    const first = own[0];
    let sinceMs: number | null = first !== undefined && (first.start ? first.present : !first.present) ? fromMs : null;
    for (const state of own) {
      if (state.start) continue;
      if (state.present) sinceMs ??= Math.max(fromMs, state.atMs);
      else if (sinceMs !== null) {
        pieces.push({ fromMs: sinceMs, untilMs: Math.min(state.atMs, range.untilMs), open: false });
        sinceMs = null;
      }
    }
    if (sinceMs !== null) pieces.push({ fromMs: sinceMs, untilMs: endMs, open: !stopped });
  }
  return merged(pieces.filter((p) => p.untilMs > p.fromMs));
}

function merged(pieces: readonly { fromMs: number; untilMs: number; open: boolean }[]): RecordedSpan[] {
  const spans: { fromMs: number; untilMs: number; open: boolean }[] = [];
  for (const piece of [...pieces].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = spans.at(-1);
    if (last === undefined || piece.fromMs > last.untilMs) spans.push({ ...piece });
    else {
      last.untilMs = Math.max(last.untilMs, piece.untilMs);
      last.open ||= piece.open;
    }
  }
  return spans.map((s) => ({ fromMs: s.fromMs, untilMs: s.open ? null : s.untilMs }));
}
