import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';

describe('SimulatedClock', () => {
  it('fires timers in order of time, then of asking', async () => {
    const clock = new SimulatedClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('b'));
    clock.after(10, () => fired.push('a'));
    clock.after(20, () => fired.push('c'));
    await clock.advance(19);
    expect(fired).toEqual(['a']);
    await clock.advance(1);
    expect(fired).toEqual(['a', 'b', 'c']);
  });

  it('fires what a fired timer sets within the same advance', async () => {
    const clock = new SimulatedClock();
    let seenAtMs = -1;
    clock.after(5, () => clock.after(5, () => (seenAtMs = clock.monotonicMs())));
    await clock.advance(30);
    expect(seenAtMs).toBe(10);
  });

  it('ends a sleep at once when the signal aborts, and leaves no timer', async () => {
    const clock = new SimulatedClock();
    const stop = new AbortController();
    const slept = clock.sleep(1000, stop.signal);
    stop.abort(new Error('stop'));
    await expect(slept).rejects.toThrow('stop');
    expect(clock.pendingTimers).toBe(0);
  });

  it('jumps the wall clock without moving elapsed time', () => {
    const clock = new SimulatedClock(0);
    clock.jump(3600_000);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([3600_000, 0]);
  });
});

describe('SystemClock', () => {
  it('rejects a sleep whose signal was aborted before', async () => {
    await expect(new SystemClock().sleep(10_000, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});
