/** A clock that moves only when told to: for tests and for scenes that must be the same on every run. */
import { sleepOn, type Clock } from './clock.js';

interface Timer {
  atMs: number;
  order: number;
  fn: () => void;
}

export class SimulatedClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param startMs epoch milliseconds that `nowMs` begins with */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer: Timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Timers that wait; for tests that assert nothing is left behind. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time on by `byMs`, firing timers in order and letting promises settle between them. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter((t) => t.atMs <= endMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#nowMs += due.atMs - this.#elapsedMs;
      this.#elapsedMs = due.atMs;
      due.fn();
      await settle();
    }
    this.#nowMs += endMs - this.#elapsedMs;
    this.#elapsedMs = endMs;
    await settle();
  }

  /** Moves the wall clock without moving elapsed time: a clock that was set. */
  jump(byMs: number): void {
    this.#nowMs += byMs;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
