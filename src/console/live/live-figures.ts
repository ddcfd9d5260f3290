/** What is said about a live picture: how old it is, whether it may still look live, how many come. Pure. */

export interface Arrival {
  /** when the server had it from the camera, in ms of the server's clock */
  readonly receivedAtMs: number;
  /** when it came to the page, in ms of the page's clock */
  readonly arrivedAtMs: number;
}

/** Counted over so long. */
const rateWindowMs = 10_000;

/**
 * The clocks of page and server may differ: the age is never less than the time that the picture is on the page already.
 * @param serverAheadMs how far the server's clock is ahead
 */
export function ageMs(newest: Arrival, serverAheadMs: number, nowMs: number): number {
  return Math.max(0, nowMs - newest.arrivedAtMs, nowMs + serverAheadMs - newest.receivedAtMs);
}

/** From this age on a picture must not look live. */
export function oldAfterMs(sampleIntervalMs: number): number {
  return Math.max(2_000, 3 * sampleIntervalMs);
}

/** Arrivals that still count, with the new one; oldest first. */
export function withArrival(arrivals: readonly number[], atMs: number): readonly number[] {
  return [...arrivals.filter((a) => a > atMs - rateWindowMs), atMs].slice(-200);
}

/** Pictures a second over the last ten seconds; falls once the next one is overdue. null: there were not two yet. */
export function picturesPerSecond(arrivals: readonly number[], nowMs: number): number | null {
  if (arrivals.length < 2) return null;
  const counted = arrivals.filter((a) => a > nowMs - rateWindowMs);
  const [first, last] = [counted[0], counted.at(-1)];
  if (first === undefined || last === undefined || counted.length < 2) return 0;
  const meanMs = (last - first) / (counted.length - 1);
  const overMs = nowMs - last > 2 * meanMs ? nowMs - first : last - first;
  return ((counted.length - 1) * 1000) / Math.max(overMs, 1);
}
