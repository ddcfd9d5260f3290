import fc from 'fast-check';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SiteMap, SiteMapReport } from '../../src/contract/site-map.js';
import { places, siteFeatures, sites } from '../../src/db/schema/register.js';
import { createSiteMap } from '../../src/register/site-map.js';
import { areaM2, ringFaults } from '../../src/register/site-map-rings.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

let bench: RegisterBench;
let map: SiteMap;
beforeAll(async () => {
  bench = await openRegisterBench();
  map = createSiteMap(bench);
});
afterAll(() => bench.close());

let sitesMade = 0;
const makeSite = async (): Promise<string> => (await bench.registry.createSite(newSite(`site ${++sitesMade}`), admin)).id;

type Json = Record<string, unknown>;
const square = (lon: number, lat: number, size = 0.001): number[][] => [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]];
const feature = (properties: Json, type: string, coordinates: unknown, more: Json = {}): Json => ({ type: 'Feature', properties, geometry: { type, coordinates }, ...more });
const bytesOf = (...features: unknown[]): Uint8Array => Buffer.from(JSON.stringify({ type: 'FeatureCollection', features }));
const village = (): Json[] => [
  feature({ kind: 'boundary', name: 'Village' }, 'Polygon', [square(117, 36, 0.02)], { id: 'b' }),
  feature({ type: '入口', name: '东门' }, 'LineString', [[117.001, 36.001], [117.0011, 36.001]], { id: 7 }),
  feature({ kind: 'place', name: 'Pump', place_kind: 'pump-station' }, 'Point', [117.002, 36.002, 88]),
  feature({ kind: 'dwelling', name: 'House' }, 'MultiPolygon', [[square(117.003, 36.003)], [square(117.006, 36.003)]]),
  feature({ kind: 'prohibited' }, 'Polygon', [square(117.008, 36.003, 0.003), square(117.009, 36.004).reverse()]),
  feature({ kind: 'occluder', name: 'Wall', height_m: 2.5 }, 'LineString', [[117.004, 36.008], [117.005, 36.008]]),
];
const load = (siteId: string, bytes: Uint8Array, options: Partial<{ dryRun: boolean; skipBad: boolean; replace: boolean }> = {}): Promise<SiteMapReport> =>
  map.importGeoJson(siteId, bytes, { dryRun: false, skipBad: false, replace: false, ...options }, admin);
/** What is said of one feature. */
const problemsOf = async (one: Json, ...others: Json[]): Promise<string[]> => {
  const report = await load(await makeSite(), bytesOf(...others, one), { dryRun: true });
  return (report.features.at(-1)?.problems ?? []).map((p) => `${p.ring ?? '-'}/${p.vertex ?? '-'} ${p.reason}`);
};
const prohibited = (...rings: number[][][]): Json => feature({ kind: 'prohibited', name: 'P' }, 'Polygon', rings);

describe('a map', () => {
  it('comes in, comes in again without a change, and goes out as it came', async () => {
    const siteId = await makeSite();
    expect(await load(siteId, bytesOf(...village()), { dryRun: true })).toMatchObject({ created: 7, applied: false });
    expect(await map.features(siteId)).toEqual([]);
    expect(await load(siteId, bytesOf(...village()))).toMatchObject({ created: 7, bad: 0, applied: true });
    expect(await load(siteId, bytesOf(...village()))).toMatchObject({ created: 0, updated: 0, unchanged: 7 });
    const features = await map.features(siteId);
    expect(features.map((f) => [f.kind, f.name, f.sourceId?.replace(/^auto:.*/, 'auto'), f.heightM])).toEqual([
      ['boundary', 'Village', 'b', null], ['entrance', '东门', '7', null], ['place', 'Pump', 'auto', null], ['dwelling', 'House', 'auto', null], ['dwelling', 'House (2)', 'auto', null],
      ['prohibited', 'prohibited 1', 'auto', null], ['occluder', 'Wall', 'auto', 2.5],
    ]);
    expect(features[2]?.geometry).toEqual({ type: 'Point', coordinates: [117.002, 36.002] });
    const [site] = await bench.database.orm.select().from(sites).where(eq(sites.id, siteId));
    expect(site?.boundary).toEqual(square(117, 36, 0.02));
    const registered = await bench.database.orm.select().from(places).where(eq(places.siteId, siteId));
    expect(registered.map((p) => [p.kind, p.name]).sort()).toEqual([['dwelling', 'House'], ['dwelling', 'House (2)'], ['pump-station', 'Pump']]);
    expect(await load(siteId, Buffer.from(await map.exportGeoJson(siteId)), { replace: true })).toMatchObject({ unchanged: 7, updated: 0, created: 0, removed: 0, bad: 0 });
  });

  it('changes what changed, and removes what is gone only when it is asked to', async () => {
    const siteId = await makeSite();
    await load(siteId, bytesOf(...village()));
    const placeOf = async (): Promise<string | null | undefined> => (await map.features(siteId)).find((f) => f.name === 'Pump')?.placeId;
    const before = await placeOf();
    const less = village().slice(0, 3);
    less[2] = feature({ kind: 'place', name: 'Pump', place_kind: 'pump-station' }, 'Polygon', [square(117.0021, 36.0021)]);
    expect(await load(siteId, bytesOf(...less))).toMatchObject({ updated: 1, unchanged: 2, removed: 0 });
    expect(await placeOf()).toBe(before);
    expect(await load(siteId, bytesOf(...less), { replace: true })).toMatchObject({ unchanged: 3, removed: 4, applied: true });
    expect((await map.features(siteId)).map((f) => f.name)).toEqual(['Village', '东门', 'Pump']);
    expect((await bench.database.orm.select().from(places).where(eq(places.siteId, siteId))).map((p) => p.name)).toEqual(['Pump']);
  });

  it('keeps a place that a zone is bound to, its kind, and what a resident consented to', async () => {
    const siteId = await makeSite();
    const own = await bench.registry.createPlace({ siteId, kind: 'dwelling', name: 'House', position: null, consent: { reference: 'file 4', until: '2027-01-01' } }, admin);
    await load(siteId, bytesOf(...village()));
    expect((await map.features(siteId)).find((f) => f.name === 'House')?.placeId).toBe(own.id);
    expect((await bench.registry.place(own.id)).consent).toEqual({ reference: 'file 4', until: '2027-01-01' });
    const pump = (await map.features(siteId)).find((f) => f.name === 'Pump');
    const camera = await bench.registry.createCamera(newCameraInput(siteId, 'c', 'rtsp://10.0.0.1/s'), admin);
    await bench.registry.createZone({ cameraId: camera.id, kind: 'guard', name: 'door', polygon: [[0, 0], [1, 0], [1, 1]], placeId: pump?.placeId ?? null }, admin);
    const gone = await load(siteId, bytesOf(...village().filter((f) => (f['properties'] as Json)['name'] !== 'Pump')), { replace: true });
    expect(gone).toMatchObject({ bad: 1, applied: false });
    expect(gone.features.at(-1)).toMatchObject({ index: null, name: 'Pump', problems: [{ reason: expect.stringContaining('zone "door"') as string }] });
    const exported = JSON.parse(await map.exportGeoJson(siteId)) as { features: Json[] };
    const turned = exported.features.map((f) => ((f['properties'] as Json)['name'] === 'Pump' ? { ...f, properties: { kind: 'dwelling', name: 'Pump' } } : f));
    expect((await load(siteId, bytesOf(...turned))).features.find((f) => f.name === 'Pump')).toMatchObject({ verdict: 'bad', problems: [{ reason: expect.stringContaining('bound to it') as string }] });
  });

  it('writes the good features only when it is asked to leave out the bad ones', async () => {
    const siteId = await makeSite();
    const bytes = bytesOf(...village(), feature({ kind: 'lake' }, 'Point', [117, 36]));
    expect(await load(siteId, bytes)).toMatchObject({ bad: 1, created: 7, applied: false });
    expect(await map.features(siteId)).toEqual([]);
    expect(await load(siteId, bytes, { skipBad: true })).toMatchObject({ bad: 1, created: 7, applied: true });
    const entries = await bench.ledger.entries({ limit: 500 });
    expect(entries.items.some((e) => e.action === 'site.map' && e.objectId === siteId)).toBe(true);
  });
});

describe('what is wrong', () => {
  it.each<[string, () => Json, RegExp]>([
    ['a point as an entrance', () => feature({ kind: 'entrance', name: 'E' }, 'Point', [117, 36]), /^-\/- is a Point: draw an entrance as a line/],
    ['an occluder without height', () => feature({ kind: 'occluder' }, 'LineString', [[117, 36], [117.1, 36]]), /height_m" is missing/],
    ['an occluder too high', () => feature({ kind: 'occluder', height: 301 }, 'LineString', [[117, 36], [117.1, 36]]), /height_m" is 301/],
    ['a place of no kind', () => feature({ kind: 'place', name: 'x', place_kind: 'pub' }, 'Point', [117, 36]), /unknown "place_kind" "pub"/],
    ['an unknown kind', () => feature({ kind: 'lake' }, 'Point', [117, 36]), /unknown kind "lake"/],
    ['text for a number', () => prohibited([[117, 36], ['a' as never, 36], [117, 37], [117, 36]]), /^0\/1 has a longitude that is not a number: "a"/],
    ['swapped coordinates', () => prohibited([[36, 117], [36.1, 117], [36.1, 117.1], [36, 117]]), /^0\/0 has the latitude 117, beyond 90; are longitude and latitude swapped/],
    ['metres', () => prohibited([[13024444, 4300621], [13024445, 4300621], [13024445, 4300622]]), /no degrees .* WGS 84/],
    ['two vertices', () => prohibited([[117, 36], [117.1, 36], [117, 36]]), /^0\/- has 2 different vertices/],
    ['a repeated vertex', () => prohibited([[117, 36], [117.1, 36], [117.1, 36], [117.1, 36.1], [117, 36]]), /^0\/2 repeats the vertex before it/],
    ['a bow tie', () => prohibited([[117, 36], [117.1, 36.1], [117.1, 36], [117, 36.1], [117, 36]]), /^0\/2 the edge from vertex 2 to 3 crosses the one from vertex 0 to 1|^0\/0 the edge from vertex 0 to 1 crosses the one from vertex 2 to 3/],
    ['a touching vertex', () => prohibited([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]), /touches/],
    ['a spike', () => prohibited([[0, 0], [4, 0], [4, 4], [4, 8], [4, 4], [0, 4], [0, 0]]), /goes straight back|touches/],
    ['no area', () => prohibited([[0, 0], [1, 1], [2, 2], [0, 0]]), /encloses no area/],
    ['a hole outside', () => prohibited(square(117, 36), square(118, 36)), /^1\/0 is a hole outside the outer ring/],
    ['a hole across the edge', () => prohibited(square(117, 36), square(117.0005, 36.0005)), /crosses the one .* of ring/],
    ['a hole in a hole', () => prohibited(square(117, 36, 0.01), square(117.001, 36.001, 0.005), square(117.002, 36.002)), /is a hole inside the hole/],
    ['too many vertices', () => prohibited(Array.from({ length: 2001 }, (_, i) => [Math.cos(i / 1000), Math.sin(i / 1000)])), /has 2001 vertices; at most 2000/],
    ['a collection of geometries', () => ({ type: 'Feature', properties: { kind: 'place', name: 'x', place_kind: 'well' }, geometry: { type: 'GeometryCollection', geometries: [] } }), /GeometryCollection/],
    ['no geometry', () => ({ type: 'Feature', properties: { kind: 'prohibited' }, geometry: null }), /has no geometry/],
  ])('%s', async (_what, make, reason) => {
    const problems = await problemsOf(make());
    expect(problems[0]).toMatch(reason);
  });

  it('is not: either winding, a ring that is left open, a third dimension, a hole that touches the shell in a point', async () => {
    for (const good of [prohibited(square(117, 36).reverse()), prohibited(square(117, 36).slice(0, 4)), prohibited(square(117, 36).map((p): number[] => [...p, 5])), prohibited(square(0, 0, 4), [[0, 2], [1, 1], [1, 3], [0, 2]])]) {
      expect(await problemsOf(good)).toEqual([]);
    }
  });

  it('stands far from the boundary, or would stand inside if it were turned round', async () => {
    const boundary = feature({ kind: 'boundary' }, 'Polygon', [square(36, 35, 0.02)]);
    expect(await problemsOf(prohibited(square(36.5, 35)), boundary)).toEqual([expect.stringMatching(/^0\/0 is more than 1000 m outside the site's boundary$/)]);
    expect((await problemsOf(prohibited(square(35.001, 36.001)), boundary))[0]).toMatch(/longitude and latitude seem to be swapped/);
    expect(await problemsOf(prohibited(square(36.028, 35)), boundary)).toEqual([]);
    const [, second] = [boundary, await problemsOf(boundary, boundary)];
    expect(second.join()).toMatch(/second boundary|kind and the name of feature 0/);
  });

  it.each([
    ['another system', { crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::3857' } } }, /EPSG::3857.*GCJ-02/],
    ['no system', { crs: null }, /WGS 84/],
    ['a bare feature', { type: 'Feature', features: undefined }, /FeatureCollection/],
    ['another type', { type: 'Topology' }, /no FeatureCollection/],
  ])('as a file: %s', async (_what, change, message) => {
    const bytes = Buffer.from(JSON.stringify({ type: 'FeatureCollection', features: [], ...change }));
    await expect(load(await makeSite(), bytes)).rejects.toMatchObject({ code: 'map.unreadable', message: expect.stringMatching(message) as string });
  });

  it('is not the name of WGS 84, nor that of the Chinese system that is the same', async () => {
    for (const name of ['urn:ogc:def:crs:OGC:1.3:CRS84', 'EPSG:4326', 'urn:ogc:def:crs:EPSG::4490']) {
      const bytes = Buffer.from(JSON.stringify({ type: 'FeatureCollection', crs: { type: 'name', properties: { name } }, features: [] }));
      expect(await load(await makeSite(), bytes)).toMatchObject({ bad: 0 });
    }
  });
});

describe('any ring', () => {
  it('is judged as the plain comparison of all edges judges it', () => {
    const turn = (a: number[], b: number[], c: number[]): number => Math.sign(((b[0] ?? 0) - (a[0] ?? 0)) * ((c[1] ?? 0) - (a[1] ?? 0)) - ((b[1] ?? 0) - (a[1] ?? 0)) * ((c[0] ?? 0) - (a[0] ?? 0)));
    const on = (a: number[], b: number[], p: number[]): boolean => turn(a, b, p) === 0 && [0, 1].every((d) => (p[d] ?? 0) >= Math.min(a[d] ?? 0, b[d] ?? 0) && (p[d] ?? 0) <= Math.max(a[d] ?? 0, b[d] ?? 0));
    const plain = (ring: number[][]): boolean => {
      const n = ring.length - 1;
      for (let i = 0; i < n; i++) {
        for (let j = i + 1; j < n; j++) {
          const [a, b, c, d] = [ring[i] ?? [], ring[i + 1] ?? [], ring[j] ?? [], ring[j + 1] ?? []];
          if (j === i + 1) {
            if (on(a, b, d) || on(c, d, a)) return false;
          } else if (i === 0 && j === n - 1) {
            if (on(a, b, c) || on(c, d, b)) return false;
          } else if ((turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0) || on(a, b, c) || on(a, b, d) || on(c, d, a) || on(c, d, b)) return false;
        }
      }
      return true;
    };
    // Small whole numbers: every degenerate case comes up, and the plain comparison is exact.
    const point = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }));
    const ring = fc.array(point, { minLength: 3, maxLength: 8 }).map((p) => [...p, p[0] ?? [0, 0]]).filter((r) => r.every((p, i) => i === 0 || p.join() !== r[i - 1]?.join()) && areaM2(r) >= 0.01);
    fc.assert(
      fc.property(ring, (r) => {
        expect(ringFaults([r]).length === 0).toBe(plain(r as number[][]));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a large map', () => {
  it('of 5,000 features is read, written and read again', async () => {
    const siteId = await makeSite();
    const many = Array.from({ length: 5_000 }, (_, i) => feature({ kind: i % 2 ? 'dwelling' : 'occluder', name: `F${i}`, ...(i % 2 ? {} : { height_m: 3 }) }, 'Polygon', [square(117 + (i % 70) * 0.0002, 36 + Math.floor(i / 70) * 0.0002, 0.0001)], { id: i }));
    const startedMs = performance.now();
    expect(await load(siteId, bytesOf(...many))).toMatchObject({ created: 5_000 });
    console.log(`5,000 features: ${Math.round(performance.now() - startedMs)} ms`);
    expect(await load(siteId, bytesOf(...many))).toMatchObject({ unchanged: 5_000 });
    expect((await bench.database.orm.select({ id: siteFeatures.id }).from(siteFeatures).where(eq(siteFeatures.siteId, siteId))).length).toBe(5_000);
  }, 60_000);
});
