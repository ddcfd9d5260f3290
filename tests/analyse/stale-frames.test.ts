/** A frame that is older than two sample intervals when its turn comes is not analysed: it is dropped and counted. */
import { describe, expect, it } from 'vitest';
import { createAnalyst } from '../../src/analyse/analyst.js';
import type { Detector } from '../../src/contract/detector.js';
import type { Frame } from '../../src/contract/frame.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { config, draw, frameOf, scriptedDetector, view } from './drawn-scene.js';

function bench(detector: Detector = scriptedDetector()) {
  const clock = new SimulatedClock();
  const metrics = createMetrics();
  const analyst = createAnalyst({ config, detector, clock, log: createLogger('silent'), metrics });
  const rgb = draw({ seed: 1 });
  let sequence = 0;
  return {
    clock, analyst,
    /** received now */
    frame: (): Frame => ({ ...frameOf(rgb, sequence++), receivedAtMs: clock.nowMs(), receivedMonotonicMs: clock.monotonicMs() }),
    dropped: async (at: string): Promise<number> => (await metrics.framesDropped.get()).values.find((v) => v.labels.at === at)?.value ?? 0,
  };
}

describe('a frame that waited', () => {
  it('is analysed up to two sample intervals, and not a millisecond longer', async () => {
    const b = bench();
    const [young, old] = [b.frame(), b.frame()];
    await b.clock.advance(2 * view.sampleIntervalMs);
    expect(await b.analyst.analyse(young, view, () => true)).not.toBe('dropped');
    await b.clock.advance(1);
    expect(await b.analyst.analyse(old, view, () => true)).toBe('dropped');
    expect(await b.dropped('stale')).toBe(1);
    // The next one is taken as usual.
    expect(await b.analyst.analyse(b.frame(), view, () => true)).not.toBe('dropped');
  });

  it('goes by the camera’s own interval', async () => {
    const b = bench();
    const frame = b.frame();
    await b.clock.advance(5_000);
    expect(await b.analyst.analyse(frame, { ...view, sampleIntervalMs: 2_500 }, () => true)).not.toBe('dropped');
    expect(await b.analyst.analyse(frame, { ...view, sampleIntervalMs: 2_000 }, () => true)).toBe('dropped');
  });

  it('is as old as it is, however the wall clock was set', async () => {
    const b = bench();
    const [first, second] = [b.frame(), b.frame()];
    b.clock.jump(3_600_000);
    expect(await b.analyst.analyse(first, view, () => true)).not.toBe('dropped');
    b.clock.jump(-7_200_000);
    await b.clock.advance(2_001);
    expect(await b.analyst.analyse(second, view, () => true)).toBe('dropped');
  });

  it('is judged when its turn comes, behind a slow one before it too; without a stamp its age counts from when it came here', async () => {
    let answer = (): void => undefined;
    const slow: Detector = { info: { name: 'slow', modelHash: 'f'.repeat(64) }, detect: () => new Promise((done) => (answer = () => done({ status: 'ok', detections: [], inferenceMs: 1 }))), close: () => Promise.resolve() };
    const b = bench(slow);
    const before = b.analyst.analyse(b.frame(), view, () => true);
    const { receivedMonotonicMs, ...unstamped } = b.frame();
    expect(receivedMonotonicMs).toBeDefined();
    const waiting = b.analyst.analyse(unstamped, view, () => true);
    await b.clock.advance(2_001);
    let over = false;
    void before.then(() => (over = true));
    while (!over) {
      answer();
      await Promise.resolve();
    }
    expect(await waiting).toBe('dropped');
    expect(await b.dropped('stale')).toBe(1);
    expect(await b.dropped('analyse')).toBe(0);
  });
});
