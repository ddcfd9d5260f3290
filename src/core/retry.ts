/** Exponential backoff with jitter and a cap, as numbers only: who waits does so on a `Clock`. */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** Share of the delay that is random, 0..1. 1 is "full jitter". */
  readonly jitterRatio: number;
}

export const defaultBackoff: Backoff = { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio: 0.5 };

/**
 * Delay before try `attempt` (1 is the first retry), milliseconds.
 * @param random returns 0 <= x < 1
 */
export function backoffMs(attempt: number, backoff: Backoff = defaultBackoff, random: () => number = Math.random): number {
  const exponent = Math.max(0, Math.min(attempt - 1, 60));
  const full = Math.min(backoff.capMs, backoff.initialMs * backoff.factor ** exponent);
  return Math.round(full * (1 - backoff.jitterRatio) + full * backoff.jitterRatio * random());
}
