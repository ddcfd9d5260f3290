/**
 * Writes that must not be lost while the database is away: raises and ends of happenings, in order, tried again with
 * backoff until they are in. A write that fails while the database does answer lets the others pass.
 */
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { backoffMs } from '../core/retry.js';
import type { Logger } from '../telemetry/logger.js';

export interface PendingWrites {
  /**
   * Writes now, or as soon as what waits before it is written.
   * @returns `done`, `waiting` (it will be tried again), or `full`: not taken, and nothing will be tried
   */
  submit(name: string, write: () => Promise<void>): Promise<'done' | 'waiting' | 'full'>;
  readonly waiting: number;
  /** Tries what waits once more, then gives up. @returns how many writes are lost with this process */
  close(): Promise<number>;
}

const backoff = { initialMs: 250, factor: 2, capMs: 15_000, jitterRatio: 0.5 };

/** @param limit how many writes may wait */
export function createPendingWrites(deps: { limit: number; probe: () => Promise<void>; clock: Clock; log: Logger; random?: () => number }): PendingWrites {
  const { limit, probe, clock, log } = deps;
  const queue: { name: string; write: () => Promise<void> }[] = [];
  let failures = 0;
  let cancelTimer: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  function later(): void {
    if (closed || cancelTimer) return;
    cancelTimer = clock.after(backoffMs(failures, backoff, deps.random), () => {
      cancelTimer = undefined;
      running = work().finally(() => {
        running = undefined;
        if (queue.length > 0) later();
      });
    });
  }

  async function work(): Promise<void> {
    for (let head = queue[0]; head; head = queue[0]) {
      try {
        await head.write();
        queue.shift();
        failures = 0;
        if (queue.length === 0) log.info({}, 'alerts that waited for the database are written');
      } catch (thrown) {
        failures++;
        log.warn({ write: head.name, waiting: queue.length, error: messageOf(thrown) }, 'alerts wait for the database');
        // When the database answers, this one write is at fault: it goes to the end so that it holds up nobody.
        if (await answers()) queue.push(...queue.splice(0, 1));
        return;
      }
    }
  }

  async function answers(): Promise<boolean> {
    return probe().then(
      () => true,
      () => false,
    );
  }

  return {
    async submit(name, write) {
      if (queue.length >= limit) {
        log.error({ write: name, limit }, 'the database is away for too long: a write is not kept');
        return 'full';
      }
      if (queue.length === 0) {
        try {
          await write();
          return 'done';
        } catch (thrown) {
          failures = Math.max(1, failures);
          log.warn({ write: name, error: messageOf(thrown) }, 'an alert waits for the database');
        }
      }
      queue.push({ name, write });
      later();
      return 'waiting';
    },
    get waiting() {
      return queue.length;
    },
    async close() {
      closed = true;
      cancelTimer?.();
      await running;
      const before = queue.length;
      for (let tries = 0; tries < before && queue.length > 0; tries++) await work();
      if (queue.length > 0) log.error({ lost: queue.length }, 'stopped while alerts still waited for the database');
      return queue.length;
    },
  };
}
