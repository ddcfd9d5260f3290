/** A zone under the hand keeps its corners inside the picture, never has too few or too many, and says what is wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossesItself, faultOf, type ZonePoint } from '../../src/console/camera/zone-drawing.js';
import { closed, cornerInserted, cornerMoved, cornerRemoved, emptySketch, shifted, sketchFault, snapped, withCorner, withoutLast, type Sketch } from '../../src/console/camera/zone-sketch.js';
import { zonePolygon } from '../../src/contract/zone.js';

const square: Sketch = { points: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]], closed: true };
const anywhere = fc.tuple(fc.double({ min: -2, max: 3, noNaN: true }), fc.double({ min: -2, max: 3, noNaN: true }));
const act = fc.oneof(
  anywhere.map((p) => (s: Sketch) => withCorner(s, [Math.min(1, Math.max(0, p[0])), Math.min(1, Math.max(0, p[1]))])),
  fc.tuple(fc.nat(70), anywhere).map(([i, p]) => (s: Sketch) => cornerMoved(s, i, p)),
  fc.nat(70).map((i) => (s: Sketch) => cornerInserted(s, i)),
  fc.nat(70).map((i) => (s: Sketch) => cornerRemoved(s, i)),
  anywhere.map((p) => (s: Sketch) => shifted(s, p[0], p[1])),
  fc.constant(closed),
);

describe('a zone under the hand', () => {
  it('stays a polygon within the picture, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 90 }), (acts) => {
        const end = acts.reduce((s, a) => a(s), square);
        expect(end.points.length).toBeGreaterThanOrEqual(3);
        expect(end.points.length).toBeLessThanOrEqual(64);
        for (const [x, y] of end.points) expect(x >= 0 && x <= 1 && y >= 0 && y <= 1).toBe(true);
        expect(sketchFault(end) === null).toBe(zonePolygon.safeParse(end.points).success);
      }),
    );
  });

  it('keeps its shape when it is shifted, also against the edge', () => {
    fc.assert(
      fc.property(anywhere, ([dx, dy]) => {
        const to = shifted(square, dx, dy).points;
        const size = (p: readonly ZonePoint[]): number[] => [(p[1]?.[0] ?? 0) - (p[0]?.[0] ?? 0), (p[2]?.[1] ?? 0) - (p[1]?.[1] ?? 0)];
        for (const [i, n] of size(to).entries()) expect(n).toBeCloseTo(size(square.points)[i] ?? 0, 3);
      }),
    );
    expect(shifted(square, -5, 0).points[0]).toEqual([0, 0.1]);
  });

  it('adds a corner in the middle of a side, takes one away, and keeps three', () => {
    expect(cornerInserted(square, 3).points[4]).toEqual([0.1, 0.3]);
    expect(cornerRemoved(square, 0).points).toEqual(square.points.slice(1));
    const triangle = cornerRemoved(square, 0);
    expect(cornerRemoved(triangle, 0)).toBe(triangle);
    expect(cornerMoved(square, 9, [0, 0])).toBe(square);
    expect(withoutLast(emptySketch)).toBe(emptySketch);
    expect(closed({ points: square.points.slice(0, 2), closed: false }).closed).toBe(false);
  });

  it('snaps to the edge of the picture and nowhere else', () => {
    expect(snapped([0.008, 0.995], 0.01, 0.01)).toEqual([0, 1]);
    expect(snapped([0.02, 0.98], 0.01, 0.01)).toEqual([0.02, 0.98]);
  });

  it('says at once when a line crosses itself, and does not ask an open one for area', () => {
    const bow: ZonePoint[] = [[0.1, 0.1], [0.5, 0.5], [0.5, 0.1], [0.1, 0.5]];
    expect(sketchFault({ points: bow, closed: false })).toBe('crosses');
    // Closing it would cross; the line itself does not yet.
    const hook: ZonePoint[] = [[0.5, 0.5], [0.1, 0.1], [0.6, 0.1], [0.4, 0]];
    expect([crossesItself(hook, false), sketchFault({ points: hook, closed: false }), faultOf(hook)]).toEqual([false, null, 'crosses']);
    expect(sketchFault({ points: [[0.1, 0.1]], closed: false })).toBeNull();
  });
});
