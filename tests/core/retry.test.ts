import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/core/retry.js';

describe('backoffMs', () => {
  it('doubles up to the cap without jitter', () => {
    const b = { initialMs: 100, factor: 2, capMs: 1000, jitterRatio: 0 };
    expect([1, 2, 3, 4, 5, 99].map((n) => backoffMs(n, b))).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('stays between the unjittered share and the cap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (n, r, jitterRatio) => {
        const delay = backoffMs(n, { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio }, () => r);
        return Number.isFinite(delay) && delay >= Math.floor(500 * (1 - jitterRatio)) && delay <= 60_000;
      }),
    );
  });
});
