/** A village for tests: on loopback, without discovery, silent. */
import { sleepOn, SystemClock, type Clock } from '../../../src/core/clock.js';
import { startVillage, type Village, type VillageOptions } from '../../../src/simulate/village.js';

export const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

export function village(options: Partial<VillageOptions> = {}): Promise<Village> {
  return startVillage({ cameras: 1, video: null, host: '127.0.0.1', discovery: false, controlPort: 0, clock: new SystemClock(), log: silent, ...options });
}

/** The machine's time of day, with timers that run so many times faster: streams play at that rate. */
export function hurriedClock(times: number): Clock {
  const real = new SystemClock();
  const after: Clock['after'] = (delayMs, fn) => real.after(delayMs / times, fn);
  return { nowMs: () => real.nowMs(), monotonicMs: () => real.monotonicMs() * times, after, sleep: (delayMs, signal) => sleepOn({ after }, delayMs, signal) };
}
