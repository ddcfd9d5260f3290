/** Degrees and metres, the cone on the ground, what a hand does to a pose, undo, and where a file is at fault. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coneRing, drawnReach, longestReachM, reachOf, verticalFovDeg } from '../../src/console/map/ground-cone.js';
import { begin, redo, settle, step, undo, type History } from '../../src/console/map/history.js';
import { bearingDeg, distanceM, metresPerDegree, movedBy, offsetM, pointToward, turn, turnBetween } from '../../src/console/map/local-plane.js';
import { linesOf, vertexAt } from '../../src/console/map/geojson-vertex.js';
import { changedFields, missingFields, nudged, openedBy, openedTo, placeOf, poseOf, putAt, toldDifferences, turnedBy, turnedTo } from '../../src/console/map/pose-edit.js';
import { pose, type Pose } from '../../src/contract/camera.js';

const spot = fc.record({ longitude: fc.double({ min: -180, max: 180, noNaN: true }), latitude: fc.double({ min: -80, max: 80, noNaN: true }) });
const deg = fc.double({ min: -720, max: 720, noNaN: true });
const none: Pose = pose.parse({});
const village: Pose = { longitude: 120.15, latitude: 30.25, azimuthDeg: 350, horizontalFovDeg: 60, tiltDeg: 20, mountHeightM: 4 };

describe('metres and degrees', () => {
  it('know the length of a degree (WGS 84, to a metre)', () => {
    for (const [latitude, north, east] of [[0, 110_574, 111_320], [30, 110_852, 96_486], [60, 111_412, 55_800]] as const) {
      expect(Math.abs(metresPerDegree(latitude).north - north)).toBeLessThan(2);
      expect(Math.abs(metresPerDegree(latitude).east - east)).toBeLessThan(2);
    }
  });

  it('go out and come back, over the date line too', () => {
    fc.assert(
      fc.property(spot, deg, fc.double({ min: 0.1, max: 500, noNaN: true }), (at, bearing, metres) => {
        const there = pointToward(at, bearing, metres);
        expect(Math.abs(there.longitude)).toBeLessThanOrEqual(180);
        expect(distanceM(at, there)).toBeCloseTo(metres, 3);
        expect(Math.abs(turnBetween(bearing, bearingDeg(at, there) ?? NaN))).toBeLessThan(0.01);
      }),
    );
    expect(offsetM({ longitude: 179.9999, latitude: 0 }, { longitude: -179.9999, latitude: 0 }).eastM).toBeCloseTo(22.26, 1);
    expect(bearingDeg({ longitude: 1, latitude: 1 }, { longitude: 1, latitude: 1 })).toBeNull();
  });

  it('turn within a circle', () => {
    fc.assert(fc.property(deg, deg, (a, b) => {
      expect(turn(a)).toBeGreaterThanOrEqual(0);
      expect(turn(a)).toBeLessThan(360);
      expect(Math.abs(turnBetween(a, b))).toBeLessThanOrEqual(180);
      expect(Math.abs(turnBetween(turn(a + turnBetween(a, b)), b))).toBeLessThan(1e-6);
    }));
    expect(turn(-1e-15)).toBe(0);
    expect([bearingDeg(movedBy({ longitude: 5, latitude: 5 }, 0, -3), { longitude: 5, latitude: 5 }), turnBetween(350, 10)]).toEqual([0, 20]);
  });
});

describe('the cone on the ground', () => {
  it('reaches as far as the worked examples of EN 62676-4 say', () => {
    const at = (mountHeightM: number, tiltDeg: number, horizontalFovDeg: number) => reachOf({ mountHeightM, tiltDeg, horizontalFovDeg, azimuthDeg: 0 });
    expect(verticalFovDeg(90, 16 / 9)).toBeCloseTo(58.7, 1);
    const level = at(3.5, 15, 79.8) as { nearM: number; farM: number | null };
    expect(level.nearM).toBeCloseTo(4.13, 1);
    expect(level.farM).toBeNull();
    const far = at(4, 20, 52.4) as { nearM: number; farM: number };
    expect(far.nearM).toBeCloseTo(5.61, 1);
    expect(Math.abs(far.farM - 50.82)).toBeLessThan(2);
  });

  it('says when there is no ground in the view, when it is not known, and when it looks straight down', () => {
    expect(reachOf({ ...village, tiltDeg: -40 }).status).toBe('sky');
    expect(drawnReach({ ...village, tiltDeg: -40 })).toBeNull();
    expect(reachOf({ ...village, mountHeightM: null }).status).toBe('unknown');
    expect(drawnReach({ ...village, tiltDeg: null })).toMatchObject({ nearM: 0, guessed: true });
    expect(reachOf({ ...village, tiltDeg: 90 })).toMatchObject({ nearM: 0 });
  });

  it('is a ring of finite points, all between near and far, all within the angle', () => {
    const view = fc.record({ mountHeightM: fc.option(fc.double({ min: 0, max: 200, noNaN: true })), tiltDeg: fc.option(fc.double({ min: -90, max: 90, noNaN: true })), azimuthDeg: fc.constant(null), horizontalFovDeg: fc.option(fc.double({ min: 1, max: 180, noNaN: true })) });
    fc.assert(
      fc.property(spot, deg, view, (at, azimuth, seen) => {
        const reach = drawnReach(seen);
        if (reach === null) return;
        expect(reach.nearM).toBeLessThanOrEqual(reach.farM);
        expect(reach.farM).toBeLessThanOrEqual(longestReachM);
        const fov = seen.horizontalFovDeg ?? 60;
        for (const corner of coneRing(at, azimuth, fov, reach)) {
          const metres = distanceM(at, corner);
          expect(metres).toBeLessThan(reach.farM + 0.1);
          if (metres > 1) expect(Math.abs(turnBetween(azimuth, bearingDeg(at, corner) ?? NaN))).toBeLessThan(fov / 2 + 0.5);
        }
      }),
    );
  });
});

describe('a pose under the hand', () => {
  it('turns to where the tip is dragged and opens to where the edge is', () => {
    const at = placeOf(village) ?? { longitude: 0, latitude: 0 };
    expect(turnedTo(village, pointToward(at, 92.04, 40)).azimuthDeg).toBe(92);
    expect(turnedTo(village, pointToward(at, 359.99, 40)).azimuthDeg).toBe(0);
    expect(openedTo(village, pointToward(at, 20, 40)).horizontalFovDeg).toBe(60);
    expect(openedTo(village, pointToward(at, 10, 7)).horizontalFovDeg).toBe(40);
    expect(openedTo(village, pointToward(at, 170, 7)).horizontalFovDeg).toBe(180);
    expect(turnedTo(village, at)).toBe(village);
    expect([turnedBy(village, 15).azimuthDeg, openedBy(village, -200).horizontalFovDeg, openedBy(none, 1).horizontalFovDeg]).toEqual([5, 1, 61]);
    expect(nudged(none, 5, 5)).toBe(none);
  });

  it('is always one that the contract takes', () => {
    fc.assert(
      fc.property(spot, spot, deg, fc.double({ min: -500, max: 500, noNaN: true }), (at, to, angle, metres) => {
        for (const made of [putAt(none, at), turnedTo(putAt(village, at), to), openedTo(putAt(village, at), to), turnedBy(village, angle), openedBy(village, angle), nudged(putAt(village, at), metres, -metres)]) {
          expect(pose.safeParse(made).success, JSON.stringify(made)).toBe(true);
        }
      }),
    );
  });

  it('names what changed, what the device says otherwise, and what nobody has said', () => {
    expect(changedFields(village, { ...village, azimuthDeg: 1, tiltDeg: null })).toEqual({ azimuthDeg: 1, tiltDeg: null });
    expect(changedFields(village, poseOf({ ...village }))).toEqual({});
    expect(toldDifferences(village, { azimuthDeg: 350.3, tiltDeg: 25, mountHeightM: null, longitude: 120.15 })).toEqual({ tiltDeg: 25 });
    expect(toldDifferences({ ...village, azimuthDeg: 0 }, { azimuthDeg: 359.8 })).toEqual({});
    expect(toldDifferences(none, { azimuthDeg: 0 })).toEqual({ azimuthDeg: 0 });
    expect(toldDifferences(village, null)).toEqual({});
    expect(missingFields({ ...none, longitude: 1, latitude: 2 })).toEqual(['azimuthDeg', 'horizontalFovDeg', 'tiltDeg', 'mountHeightM']);
  });
});

describe('undo', () => {
  it('takes a gesture back in one step, and gives everything back', () => {
    let h: History<number> = begin(0);
    for (const n of [1, 2, 3]) h = step(h, n, 'drag');
    h = step(settle(h), 4, 'drag');
    h = step(h, 5);
    expect([h.now, (h = undo(h)).now, (h = undo(h)).now, (h = undo(h)).now, (h = undo(h)).now]).toEqual([5, 4, 3, 0, 0]);
    expect([(h = redo(h)).now, (h = redo(h)).now, (h = redo(h)).now, (h = redo(h)).now]).toEqual([3, 4, 5, 5]);
    h = undo(h);
    expect(step(h, h.now)).toBe(h);
    expect(redo(step(h, 9)).now).toBe(9);
  });

  it('is exact: n steps back and n forth are where it began', () => {
    const command = fc.oneof(fc.integer().map((n) => (h: History<number>) => step(h, n)), fc.integer().map((n) => (h: History<number>) => step(h, n, 'g')), fc.constant((h: History<number>) => undo(h)), fc.constant((h: History<number>) => redo(h)), fc.constant((h: History<number>) => settle(h)));
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const end = commands.reduce((h, c) => c(h), begin(0));
        let back: History<number> = end;
        for (let i = 0; i < end.past.length; i++) back = undo(back);
        expect(back.past).toEqual([]);
        for (let i = 0; i < end.past.length; i++) back = redo(back);
        expect([back.now, back.past, back.future]).toEqual([end.now, end.past, end.future]);
      }),
    );
  });
});

describe('a fault in a map file', () => {
  const file = { type: 'FeatureCollection', features: [{ geometry: { type: 'Point', coordinates: [1, 2] } }, { geometry: { type: 'LineString', coordinates: [[1, 2], [3, 4]] } }, { geometry: { type: 'Polygon', coordinates: [[[0, 0], [5, 0], [5, 95], [0, 0]], [[1, 1], [2, 1], [2, 2]]] } }] };

  it('is found by feature, ring and vertex', () => {
    expect([vertexAt(file, 0, null, null), vertexAt(file, 1, null, 1), vertexAt(file, 2, 1, 2), vertexAt(file, 2, null, 1)]).toEqual([[1, 2], [3, 4], [2, 2], [5, 0]]);
    expect([vertexAt(file, 2, 0, 2), vertexAt(file, null, 0, 0), vertexAt(file, 9, 0, 0)]).toEqual([null, null, null]);
    expect(linesOf(file, 2)).toEqual([{ closed: true, positions: [[0, 0], [5, 0], [0, 0]] }, { closed: true, positions: [[1, 1], [2, 1], [2, 2]] }]);
    expect(linesOf(file, 0)).toEqual([{ closed: false, positions: [[1, 2]] }]);
  });

  it('is looked for in anything without a fall', () => {
    fc.assert(fc.property(fc.anything(), fc.nat(), fc.nat(), (thing, a, b) => {
      expect(() => [vertexAt(thing, a, b, a), linesOf(thing, a), vertexAt({ features: [{ geometry: thing }] }, 0, a, b), linesOf({ features: [{ geometry: { type: 'Polygon', coordinates: [thing] } }] }, 0)]).not.toThrow();
    }));
  });
});
