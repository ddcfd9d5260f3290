/** Where things lie in a reel, without a player: its pictures, its gaps, the alert's moment. Times in ms from the first picture. */
import type { ReelReceipt } from '../../contract/reel.js';

type Reel = Pick<ReelReceipt, 'alertAtMs' | 'lengthMs' | 'pictures' | 'gaps'>;

/** A reel goes on for so long after its alert, as the API has it when nothing else is configured. */
export const afterMs = 20_000;
/** and for so long it may be put together. */
const encodingMs = 5_000;
/** From this age of an alert on, a reel that is not there will not come. */
const lateMs = 120_000;

/** The picture that is shown at a time; the first one before it. */
export function pictureAt(reel: Reel, atMs: number): number {
  // A player's own times are rounded: half a frame of a video is more than that.
  return Math.max(0, reel.pictures.findLastIndex((p) => p.atMs <= atMs + 15));
}

/** Time of the next or previous picture; stays at both ends. */
export function stepFrom(reel: Reel, atMs: number, step: 1 | -1): number {
  const to = Math.min(reel.pictures.length - 1, Math.max(0, pictureAt(reel, atMs) + step));
  return reel.pictures[to]?.atMs ?? 0;
}

/** Where the alert's moment is marked: one that lies outside of the reel, at its end. */
export function momentMs(reel: Reel): number {
  return Math.min(reel.lengthMs, Math.max(0, reel.alertAtMs));
}

/** The gap at a time, when what the film shows there is no longer true: while nothing moves, the picture before it stands. */
export function blindAt(reel: Reel, atMs: number): Reel['gaps'][number] | undefined {
  return reel.gaps.find((g) => g.reason !== 'quiet' && atMs > g.fromMs + 15 && atMs + 15 < g.toMs);
}

export type ReelWait = { readonly status: 'recording'; readonly readyInMs: number } | { readonly status: 'late' } | { readonly status: 'none' };

/** What a reel that is not there waits for. */
export function reelWait(raisedAt: string, nowMs: number): ReelWait {
  const readyInMs = Date.parse(raisedAt) + afterMs + encodingMs - nowMs;
  if (readyInMs > 0) return { status: 'recording', readyInMs };
  return nowMs < Date.parse(raisedAt) + lateMs ? { status: 'late' } : { status: 'none' };
}

/** When to ask again, should the event not come. */
export function askAgainInMs(raisedAt: string, nowMs: number): number | false {
  const wait = reelWait(raisedAt, nowMs);
  return wait.status === 'recording' ? wait.readyInMs + 1_000 : wait.status === 'late' ? 5_000 : false;
}
