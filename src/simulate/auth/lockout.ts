/** Locks an account after wrong tries, as real cameras do: whoever retries wrong credentials in a loop is shut out. */
import type { Clock } from '../../core/clock.js';

export interface Lockout {
  locked(): boolean;
  wrong(): void;
  /** A right try forgets the wrong ones before it. */
  right(): void;
  reset(): void;
}

export interface LockoutPolicy {
  /** the try with this number locks */
  readonly maxWrong: number;
  readonly lockMs: number;
}

/** @param options.policy asked at each wrong try */
export function createLockout(options: { clock: Clock; policy?: () => LockoutPolicy }): Lockout {
  const { clock, policy = () => ({ maxWrong: 8, lockMs: 60_000 }) } = options;
  let wrong = 0;
  let lockedUntilMs = -Infinity;
  return {
    locked: () => clock.monotonicMs() < lockedUntilMs,
    wrong() {
      const { maxWrong, lockMs } = policy();
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
