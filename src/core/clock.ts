/**
 * The one place that reads the time or sets a timer. Whatever waits takes a `Clock` and an `AbortSignal`,
 * so that tests run in virtual time and shutdown is never held up by a sleep.
 */
export interface Clock {
  /** Wall time, epoch milliseconds (UTC). May jump; never use it for durations. */
  nowMs(): number;
  /** Monotonic milliseconds since an arbitrary start, with fractions. */
  monotonicMs(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `delayMs`. The returned function cancels it. */
  after(delayMs: number, fn: () => void): () => void;
}

/** Largest delay that Node's timers take without overflowing to 1 ms. */
const maxTimerMs = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep the process alive by themselves when `unref` is set. */
export class SystemClock implements Clock {
  readonly #unref: boolean;

  constructor(options: { unref?: boolean } = {}) {
    this.#unref = options.unref ?? false;
  }

  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = setTimeout(fn, Math.min(Math.max(0, delayMs), maxTimerMs));
    if (this.#unref) timer.unref();
    return () => clearTimeout(timer);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }
}

/** `sleep` in terms of `after`, shared by every clock. */
export function sleepOn(clock: Pick<Clock, 'after'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** RFC 3339 in UTC, the only form in which a time leaves the process. */
export function toRfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Lets the event loop take a turn: work of seconds on the main thread calls it often, so that streams and requests go on. */
export function takeTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
