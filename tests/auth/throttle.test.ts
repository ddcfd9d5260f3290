import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createThrottle, networkOf } from '../../src/auth/throttle.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';

describe('throttle', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('counts %s as %s', (ip, network) => expect(networkOf(ip)).toBe(network));

  it('never lets a guesser have more than the burst and what time gave back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(120_000), { maxLength: 60 }), async (pauses) => {
        const clock = new SimulatedClock();
        const throttle = createThrottle(clock);
        let allowed = 0;
        for (const pause of pauses) {
          for (let i = 0; i < 3; i++) if (throttle.begin('mei', '10.0.0.1') === 0) allowed++;
          await clock.advance(pause);
        }
        expect(allowed).toBeLessThanOrEqual(5 + Math.floor(clock.monotonicMs() / 30_000));
      }),
      { numRuns: 50 },
    );
  });

  it('says how long to wait, and that is enough', async () => {
    const clock = new SimulatedClock();
    const throttle = createThrottle(clock);
    for (let i = 0; i < 5; i++) expect(throttle.begin('mei', '10.0.0.1')).toBe(0);
    const waitMs = throttle.begin('mei', '10.0.0.1');
    expect(waitMs).toBeGreaterThan(0);
    await clock.advance(waitMs - 1);
    expect(throttle.begin('mei', '10.0.0.1')).toBeGreaterThan(0);
    await clock.advance(1);
    expect(throttle.begin('mei', '10.0.0.1')).toBe(0);
  });

  it('right tries are free', () => {
    const throttle = createThrottle(new SimulatedClock());
    for (let i = 0; i < 500; i++) {
      expect(throttle.begin('mei', '10.0.0.1')).toBe(0);
      throttle.succeeded('mei', '10.0.0.1');
    }
  });
});
