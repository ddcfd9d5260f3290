/** Locks an account after wrong tries, as real cameras do: whoever retries wrong credentials in a loop is shut out. */
import type { Clock } from '../../core/clock.js';

export interface Lockout {
  locked(): boolean;
  wrong(): void;
  /** A right try forgets the wrong ones before it. */
  right(): void;
  reset(): void;
}

/** @param maxWrong the try with this number locks */
export function createLockout(options: { clock: Clock; maxWrong?: number; lockMs?: number }): Lockout {
  const { clock, maxWrong = 8, lockMs = 60_000 } = options;
  let wrong = 0;
  let lockedUntilMs = -Infinity;
  return {
    locked: () => clock.monotonicMs() < lockedUntilMs,
    wrong() {
      if (++wrong < maxWrong) return;
      wrong = 0;
      lockedUntilMs = clock.monotonicMs() + lockMs;
    },
    right() {
      wrong = 0;
    },
    reset() {
      wrong = 0;
      lockedUntilMs = -Infinity;
    },
  };
}
