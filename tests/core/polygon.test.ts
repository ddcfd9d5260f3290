import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zonePolygon } from '../../src/contract/zone.js';
import { containsPoint, isSimplePolygon, polygonArea, type Point } from '../../src/core/polygon.js';

const square: Point[] = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]];

describe('polygons', () => {
  it('knows inside from outside', () => {
    expect(containsPoint(square, 0.5, 0.5)).toBe(true);
    expect(containsPoint(square, 0.1, 0.5)).toBe(false);
    const horseshoe: Point[] = [[0, 0], [1, 0], [1, 1], [0.7, 1], [0.7, 0.3], [0.3, 0.3], [0.3, 1], [0, 1]];
    expect(containsPoint(horseshoe, 0.5, 0.8)).toBe(false);
    expect(containsPoint(horseshoe, 0.1, 0.8)).toBe(true);
  });

  it('measures the area the same for either direction of travel', () => {
    expect(polygonArea(square)).toBeCloseTo(0.36);
    expect(polygonArea([...square].reverse())).toBeCloseTo(0.36);
  });

  it('agrees with the area by counting points, for random triangles', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(unit, unit), fc.tuple(unit, unit), fc.tuple(unit, unit), (a, b, c) => {
        let inside = 0;
        const n = 60;
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (containsPoint([a, b, c], (i + 0.5) / n, (j + 0.5) / n)) inside++;
        return Math.abs(inside / (n * n) - polygonArea([a, b, c])) < 0.06;
      }),
    );
  });

  it('refuses a ring that crosses itself, has no area, or leaves the picture', () => {
    expect(isSimplePolygon(square)).toBe(true);
    const bowTie: Point[] = [[0.2, 0.2], [0.8, 0.8], [0.8, 0.2], [0.2, 0.8]];
    expect(zonePolygon.safeParse(bowTie).error?.issues[0]?.message).toMatch(/crosses itself/);
    expect(zonePolygon.safeParse([[0, 0], [0.5, 0.5], [1, 1]]).success).toBe(false);
    expect(zonePolygon.safeParse([[0, 0], [1.2, 0], [0, 1]]).success).toBe(false);
    expect(zonePolygon.safeParse(square).success).toBe(true);
  });
});
