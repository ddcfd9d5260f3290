/** What the fuzz tests of register's readers share: our error or a result, and what it cost. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HedgerowError } from '../../src/core/errors.js';

/** @returns 'ok', or the code and message of our error; any other error is thrown */
export async function judged(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError) || thrown.kind === 'internal') throw thrown;
    return `${thrown.code}: ${thrown.message}`;
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * @returns wall time; the most processor time that was spent without a turn of the event loop (a busy machine adds nothing to
 * it); and the most that was in use at any time above the start, in heap and buffers, without what a collection frees
 */
export async function measured(work: () => Promise<void>): Promise<{ tookMs: number; heldMs: number; grewBytes: number; outcome: string }> {
  collect();
  const inUse = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = inUse();
  let [most, heldMs, lookedMs, running] = [before, 0, 0, true];
  let spent = process.cpuUsage();
  const tick = (): void => {
    const { user, system } = process.cpuUsage(spent);
    heldMs = Math.max(heldMs, (user + system) / 1000);
    // Garbage is not growth: only what is still there after a collection counts.
    if (performance.now() - lookedMs > 25) {
      if (inUse() - most > 8 * 1024 * 1024) collect();
      most = Math.max(most, inUse());
      lookedMs = performance.now();
    }
    spent = process.cpuUsage();
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  const startedMs = performance.now();
  try {
    const outcome = (await judged(work)).slice(0, 80);
    const tookMs = performance.now() - startedMs;
    running = false;
    tick();
    collect();
    return { tookMs, heldMs, grewBytes: Math.max(most, inUse()) - before, outcome };
  } finally {
    running = false;
  }
}
