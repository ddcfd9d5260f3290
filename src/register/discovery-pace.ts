/** Spreads what is sent evenly over time: so many a second, whoever asks, first come first served. */
import type { Clock } from '../core/clock.js';

export interface Pace {
  /** Resolves when it is this caller's turn; rejects with the signal's reason when that comes first. */
  turn(signal: AbortSignal): Promise<void>;
}

export function createPace({ clock, perSecond }: { clock: Clock; perSecond: number }): Pace {
  const stepMs = 1000 / perSecond;
  let nextMs = clock.monotonicMs();
  return {
    async turn(signal) {
      signal.throwIfAborted();
      const nowMs = clock.monotonicMs();
      const mineMs = Math.max(nowMs, nextMs);
      nextMs = mineMs + stepMs;
      if (mineMs > nowMs) await clock.sleep(mineMs - nowMs, signal);
    },
  };
}
