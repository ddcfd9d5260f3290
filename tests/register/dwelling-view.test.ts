/** Geometry of privacy zones against dwellings: the numbers of reference/standards 1.2, and what must always hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Polygon } from '../../src/core/polygon.js';
import { dwellingsInSight, standsInside, type Dwelling, type Occluder } from '../../src/register/dwelling-view.js';
import { createLocalPlane, type PlanePoint } from '../../src/register/local-plane.js';
import { createPinholeView, verticalFovDegOf } from '../../src/core/pinhole-view.js';

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const box = (west: number, south: number, east: number, north: number): PlanePoint[][] => [[[west, south], [east, south], [east, north], [west, north], [west, south]]];
const house = (id: string, ...side: [number, number, number, number]): Dwelling => ({ id, rings: box(...side), heightM: 3 });
const whole: Polygon = [[0, 0], [1, 0], [1, 1], [0, 1]];
/** Looks north from 4 m, 15° down. */
const north = { mountHeightM: 4, azimuthDeg: 0, tiltDeg: 15, horizontalFovDeg: 90, verticalFovDeg: 58.7 };

// H, t, HFOV, VFOV, width, fx, dNear, dFar (at z = 1 m), PPM at 5, 10, 20, 40 m, dMax at 25, 62.5, 125, 250
const vectors = [
  { H: 3.5, t: 15, hfov: 90, vfov: 50.5, widthPx: 1920, fx: 960.0, near: 2.95, far: Infinity, ppm: [175.3, 93.1, 48.1, 24.4], max: [39.1, 15.2, 7.3, 3.3], groundNear: 4.13 },
  { H: 4.0, t: 20, hfov: 54, vfov: 31, widthPx: 2560, fx: 2512.1, near: 4.21, far: 38.1, ppm: [438.8, 241.0, 126.7, 65.1], max: [105.8, 41.7, 20.3, 9.6], groundNear: 5.61 },
  { H: 6.0, t: 25, hfov: 97, vfov: 54, widthPx: 2688, fx: 1189.1, near: 3.91, far: Infinity, ppm: [179.0, 106.4, 58.8, 31.0], max: [50.1, 18.7, 8.2, 2.9], groundNear: 4.69 },
];

describe.each(vectors)('a camera at $H m, $t° down, $hfov°×$vfov°', ({ H, t, hfov, vfov, widthPx, fx, near, far, ppm, max, groundNear }) => {
  const view = createPinholeView({ mountHeightM: H, azimuthDeg: 0, tiltDeg: t, horizontalFovDeg: hfov, verticalFovDeg: vfov });
  const focalPx = widthPx / (2 * Math.tan(radians(hfov) / 2));
  /** how far from the foot the ray through the picture's point meets the height */
  const reach = (y: number, z: number): number => {
    const [, northward, up] = view.ray(0.5, y);
    return up < 0 ? ((z - H) / up) * northward : Infinity;
  };

  it('sees from dNear to dFar', () => {
    expect(focalPx).toBeCloseTo(fx, 1);
    expect(reach(1, 1)).toBeCloseTo(near, 2);
    expect(reach(1, 0)).toBeCloseTo(groundNear, 2);
    if (far === Infinity) expect(reach(0, 1)).toBe(Infinity);
    else expect(reach(0, 1)).toBeCloseTo(far, 1);
  });

  it('has the pixels per metre of the table', () => {
    expect([5, 10, 20, 40].map((d) => Math.round((focalPx / (view.project([0, d, 1])?.depthM ?? Number.NaN)) * 10) / 10)).toEqual(ppm);
  });

  it('reaches each level at dMax', () => {
    for (const [i, level] of [25, 62.5, 125, 250].entries()) expect(Math.abs(focalPx / (view.project([0, max[i] ?? 0, 1])?.depthM ?? 1) - level) / level).toBeLessThan(0.02);
  });
});

describe('the pinhole', () => {
  it('projects what its rays meet back to where they started, whichever way it looks', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 50, noNaN: true }), fc.double({ min: 0, max: 360, noNaN: true }), fc.double({ min: -60, max: 89, noNaN: true }), fc.double({ min: 5, max: 130, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.1, max: 500, noNaN: true }), (mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, x, y, s) => {
        const view = createPinholeView({ mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, verticalFovDeg: verticalFovDegOf(horizontalFovDeg, 16, 9) });
        const ray = view.ray(x, y);
        const back = view.project([s * ray[0], s * ray[1], mountHeightM + s * ray[2]]);
        expect(back?.x).toBeCloseTo(x, 6);
        expect(back?.y).toBeCloseTo(y, 6);
        expect(back?.depthM).toBeCloseTo(s, 5);
      }),
      { numRuns: 2_000 },
    );
  });

  it('shows east on the right when it looks north, and nothing behind it', () => {
    const view = createPinholeView(north);
    expect(view.project([3, 20, 1])?.x).toBeGreaterThan(0.5);
    expect(view.project([0, 20, 5])?.y).toBeLessThan(view.project([0, 20, 0])?.y ?? 0);
    expect(view.project([0, -20, 1])).toBeNull();
    expect(verticalFovDegOf(90, 1920, 1080)).toBeCloseTo(58.716, 3);
  });
});

describe('the plane', () => {
  it('measures metres, also across the 180th meridian', () => {
    const village = createLocalPlane({ longitude: 116.587, latitude: 35.415 });
    const [east, up] = village.toPlane([116.588, 35.416]);
    // geodesic on WGS 84: 90.83 m for 0.001° of longitude here, 110.95 m for 0.001° of latitude
    expect(east).toBeCloseTo(90.84, 1);
    expect(up).toBeCloseTo(110.95, 1);
    expect(createLocalPlane({ longitude: 179.9995, latitude: 0 }).toPlane([-179.9995, 0])[0]).toBeCloseTo(111.32, 1);
  });
});

describe('dwellings in sight', () => {
  const view = createPinholeView(north);
  const seen = (dwellings: Dwelling[], occluders: Occluder[] = [], covers: Polygon[] = []) => dwellingsInSight(view, dwellings, occluders, covers);

  it('tells what is in the picture from what is beside, behind, under or out of range', () => {
    const sights = seen([house('ahead', -5, 20, 5, 30), house('behind', -5, -30, 5, -20), house('beside', 60, 5, 70, 15), { ...house('under', -1, 1, 1, 2), heightM: 0.5 }, house('far', -5, 400, 5, 410)]);
    expect(Object.fromEntries(sights.map((s) => [s.id, s.seenSamples > 0]))).toEqual({ ahead: true, behind: false, beside: false, under: false });
  });

  it('shows of a front wall about what its corners span', () => {
    const [sight] = seen([house('ahead', -5, 20, 5, 20.001)]);
    const [bottomLeft, topRight] = [view.project([-5, 20, 0]), view.project([5, 20, 3])];
    const area = ((topRight?.x ?? 0) - (bottomLeft?.x ?? 0)) * ((bottomLeft?.y ?? 0) - (topRight?.y ?? 0));
    expect((sight?.seenSamples ?? 0) / 14_400).toBeCloseTo(area, 2);
  });

  it('counts a zone over all of it as all, none as nothing', () => {
    const dwellings = [house('ahead', -5, 20, 5, 30)];
    const [covered] = seen(dwellings, [], [whole]);
    expect(covered?.coveredSamples).toBe(covered?.seenSamples);
    expect(seen(dwellings)[0]?.coveredSamples).toBe(0);
    const [half] = seen(dwellings, [], [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]);
    expect((half?.coveredSamples ?? 0) / (half?.seenSamples ?? 1)).toBeCloseTo(0.5, 1);
  });

  it('sees no house behind a wall that is high enough, and its roof over one that is not', () => {
    const wall = (heightM: number): Occluder => ({ rings: [[[-30, 15], [30, 15]]], closed: false, heightM });
    const dwellings = [house('ahead', -5, 20, 5, 30)];
    const bare = seen(dwellings)[0]?.seenSamples ?? 0;
    const low = seen(dwellings, [wall(2)])[0]?.seenSamples ?? 0;
    expect(low).toBeLessThan(bare);
    expect(low).toBeGreaterThan(0);
    expect(seen(dwellings, [wall(5)])[0]?.seenSamples).toBe(0);
    // The nearer house hides the farther one too.
    const [, farther] = seen([{ ...house('near', -20, 10, 20, 12), heightM: 8 }, house('ahead', -5, 20, 5, 30)]);
    expect(farther?.seenSamples).toBe(0);
  });

  it('is not blinded by what it is mounted on', () => {
    const dwellings = [house('ahead', -5, 20, 5, 30)];
    const bare = seen(dwellings);
    expect(seen(dwellings, [{ rings: box(-4, -6, 4, 0.5), closed: true, heightM: 6 }])).toEqual(bare);
    expect(seen(dwellings, [{ rings: [[[-4, 1], [4, 1]]], closed: false, heightM: 6 }])).toEqual(bare);
    expect(standsInside(box(-1, -1, 1, 1))).toBe(true);
    expect(standsInside(box(1, 1, 2, 2))).toBe(false);
  });

  it('sees into a courtyard only over its roofs', () => {
    const [outer, hole] = [box(-10, 20, 10, 40)[0] ?? [], box(-6, 24, 6, 36)[0] ?? []];
    const closed: Dwelling = { id: 'yard', rings: [outer], heightM: 3 };
    const open: Dwelling = { id: 'yard', rings: [outer, hole], heightM: 3 };
    // From 4 m the far wall of the yard is seen over the near roof, the ground in between is not the dwelling's.
    const from = createPinholeView({ ...north, mountHeightM: 12, tiltDeg: 25 });
    const [a, b] = [dwellingsInSight(from, [closed], [], [])[0], dwellingsInSight(from, [open], [], [])[0]];
    expect(b?.seenSamples).toBeLessThan(a?.seenSamples ?? 0);
    expect(b?.seenSamples).toBeGreaterThan(0);
  });

  const scene = fc.record({
    pose: fc.record({ mountHeightM: fc.double({ min: 2, max: 15, noNaN: true }), azimuthDeg: fc.double({ min: 0, max: 360, noNaN: true }), tiltDeg: fc.double({ min: 0, max: 60, noNaN: true }), horizontalFovDeg: fc.double({ min: 30, max: 120, noNaN: true }), verticalFovDeg: fc.double({ min: 20, max: 70, noNaN: true }) }),
    houses: fc.array(fc.tuple(fc.integer({ min: -60, max: 60 }), fc.integer({ min: -60, max: 60 }), fc.integer({ min: 3, max: 25 }), fc.integer({ min: 3, max: 25 })), { minLength: 1, maxLength: 4 }),
    wall: fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 })),
    zone: fc.tuple(fc.double({ min: 0, max: 0.9, noNaN: true }), fc.double({ min: 0, max: 0.9, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true })),
    heights: fc.tuple(fc.double({ min: 0.1, max: 8, noNaN: true }), fc.double({ min: 0, max: 8, noNaN: true })),
    closed: fc.boolean(),
  });
  const dwellingsOf = (houses: [number, number, number, number][]): Dwelling[] => houses.map(([w, s, dx, dy], i) => house(String(i), w, s, w + dx, s + dy));

  it('never has less covered by a bigger zone', () => {
    fc.assert(
      fc.property(scene, ({ pose, houses, zone: [x, y, w, h] }) => {
        const at = createPinholeView(pose);
        const rectangle = (grow: number): Polygon => [[x - grow, y - grow], [x + w + grow, y - grow], [x + w + grow, y + h + grow], [x - grow, y + h + grow]];
        const [small, big] = [dwellingsInSight(at, dwellingsOf(houses), [], [rectangle(0)]), dwellingsInSight(at, dwellingsOf(houses), [], [rectangle(0.1)])];
        for (const [i, s] of small.entries()) {
          expect(big[i]?.seenSamples).toBe(s.seenSamples);
          expect(big[i]?.coveredSamples).toBeGreaterThanOrEqual(s.coveredSamples);
          expect(s.coveredSamples).toBeLessThanOrEqual(s.seenSamples);
        }
      }),
      { numRuns: 40 },
    );
  }, 30_000);

  it('never has more in sight behind a taller occluder', () => {
    fc.assert(
      fc.property(scene, ({ pose, houses, wall: [a, b, c, d], heights: [low, more], closed }) => {
        const at = createPinholeView(pose);
        const occluder = (heightM: number): Occluder => (closed ? { rings: box(Math.min(a, c), Math.min(b, d), Math.max(a, c) + 1, Math.max(b, d) + 1), closed, heightM } : { rings: [[[a, b], [c + 0.5, d]]], closed, heightM });
        const none = dwellingsInSight(at, dwellingsOf(houses), [], []);
        const [short, tall] = [dwellingsInSight(at, dwellingsOf(houses), [occluder(low)], []), dwellingsInSight(at, dwellingsOf(houses), [occluder(low + more)], [])];
        for (const [i, s] of short.entries()) {
          expect(tall[i]?.seenSamples).toBeLessThanOrEqual(s.seenSamples);
          expect(s.seenSamples).toBeLessThanOrEqual(none[i]?.seenSamples ?? 0);
        }
      }),
      { numRuns: 40 },
    );
  }, 30_000);

  it('judges a site of two hundred dwellings in well under a second', () => {
    const many = Array.from({ length: 200 }, (_, i) => house(String(i), (i % 20) * 12 - 120, 10 + Math.floor(i / 20) * 15, (i % 20) * 12 - 112, 18 + Math.floor(i / 20) * 15));
    const startMs = performance.now();
    expect(seen(many).some((s) => s.seenSamples > 0)).toBe(true);
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });
});
