/** Maps from outside: whatever the bytes, features or our error, within a second and 64 MB. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureGeometry } from '../../src/contract/site-map.js';
import { takeTurn } from '../../src/core/clock.js';
import { checkFeatures } from '../../src/register/site-map-check.js';
import { readMapFile } from '../../src/register/site-map-file.js';
import { pointInside } from '../../src/register/site-map-geometry.js';
import { judged, measured } from './hostile-bytes.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All that an import does before it asks the database. */
async function take(content: Uint8Array): Promise<void> {
  for (const [i, { drawn, faults }] of (await checkFeatures(await readMapFile(content), [])).entries()) {
    if (i % 100 === 99) await takeTurn();
    const right = (drawn === null) === faults.length > 0 && faults.every(({ reason }) => reason.length < 400) && (!drawn || pointInside(drawn.geometry).every((n) => Number.isFinite(n)));
    if (!right || (drawn && i < 100 && !featureGeometry.safeParse(drawn.geometry).success)) throw new Error(`feature ${i} is judged wrongly: ${JSON.stringify({ drawn, faults }).slice(0, 500)}`);
  }
}

const number = fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 }), fc.constantFrom(117, 36.5, -0, 180, 90));
const position = fc.oneof(fc.array(number, { maxLength: 4 }), fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })), fc.jsonValue({ maxDepth: 1 }));
const nested = fc.oneof(position, fc.array(position, { maxLength: 8 }), fc.array(fc.array(position, { maxLength: 8 }), { maxLength: 4 }), fc.array(fc.array(fc.array(position, { maxLength: 6 }), { maxLength: 3 }), { maxLength: 3 }));
const type = fc.constantFrom('Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon', 'GeometryCollection', 'Circle');
const small = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), { minLength: 3, maxLength: 12 });
const kind = fc.constantFrom('boundary', 'entrance', 'place', 'dwelling', 'prohibited', 'occluder', '边界', '遮挡物', 'x');
const feature = fc.record({
  type: fc.constantFrom('Feature', 'Feature', 'Feature', 'Thing'),
  id: fc.option(fc.oneof(fc.string(), fc.integer(), fc.jsonValue({ maxDepth: 1 }))),
  properties: fc.oneof(fc.record({ kind, name: fc.string({ unit: 'binary' }), height_m: fc.oneof(number, fc.string()), place_kind: fc.constantFrom('well', '泵站', 'dwelling', 'y') }), fc.jsonValue({ maxDepth: 2 })),
  geometry: fc.oneof(fc.record({ type, coordinates: nested }), fc.record({ type: fc.constant('Polygon'), coordinates: fc.array(small, { minLength: 1, maxLength: 3 }) }), fc.jsonValue({ maxDepth: 2 })),
});
const collection = fc.record({ type: fc.constantFrom('FeatureCollection', 'FeatureCollection', 'Feature'), features: fc.oneof(fc.array(feature, { maxLength: 4 }), fc.array(fc.oneof(feature, fc.jsonValue({ maxDepth: 2 })), { maxLength: 4 })), name: fc.string(), crs: fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 3 })) });
const text = collection.map((c) => JSON.stringify(c));
const cut = fc.tuple(text, fc.nat(), fc.nat({ max: 4 }), fc.constantFrom('', '[', ']', '{', '}', '"', ',', ':', '\\', '\0', '1e999', 'NaN')).map(([t, at, drop, put]) => `${t.slice(0, at % (t.length + 1))}${put}${t.slice((at % (t.length + 1)) + drop)}`);

describe('any bytes', () => {
  it('are a map or our error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof({ arbitrary: text, weight: 3 }, { arbitrary: cut, weight: 2 }).map(bytes), async (content) => {
        await judged(() => take(content));
      }),
      { numRuns: 18_000 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (content) => {
        await judged(() => take(content));
      }),
      { numRuns: 2_500 },
    );
  }, 90_000);
});

describe('the corpus', () => {
  const folder = path.join(import.meta.dirname, '../fixtures/geojson');
  it.each(readdirSync(folder).filter((f) => f !== 'README.md'))('%s', async (file) => {
    const content = readFileSync(path.join(folder, file));
    let faults: unknown;
    const outcome = await judged(async () => {
      faults = (await checkFeatures(await readMapFile(content), [])).map((f) => [f.index, f.name, f.faults]);
    });
    expect([outcome, faults]).toMatchSnapshot();
  });
});

const million = 1024 * 1024;
const repeated = (what: string, head = ''): Uint8Array => Buffer.concat([Buffer.from(head), Buffer.alloc(16 * million - head.length, what)]);
const start = '{"type":"FeatureCollection","features":[';
const polygons = (rings: number[][][][]): Uint8Array => bytes(`${start}${rings.map((coordinates, id) => JSON.stringify({ type: 'Feature', id, properties: { kind: 'prohibited' }, geometry: { type: 'Polygon', coordinates } })).join()}]}`);
const circle = (n: number, radius = 0.01, at = 0): number[][] => Array.from({ length: n }, (_, i) => [117 + at + radius * Math.cos((2 * Math.PI * i) / n), 36 + radius * Math.sin((2 * Math.PI * i) / n)]);
/** Long edges that all but lie on each other: the boxes around them overlap, and none crosses. */
const comb = (n: number, slope: number): number[][] => [...Array.from({ length: n }, (_, i) => (i % 2 ? [117 + i * 1e-6 + 0.01, 36 + 0.01 * slope - i * 1e-6] : [117 + i * 1e-6, 36 - i * 1e-6])), [117 - 0.01, 35.9]];

describe('heavy', () => {
  it.each<[string, () => Uint8Array]>([
    ['16 MB of opening brackets', () => repeated('[', start)],
    ['16 MB of braces in a feature', () => repeated('{"a":', start)],
    ['16 MB of empty features', () => repeated('{},', start)],
    ['16 MB of positions', () => repeated('[1,2],', `${start}{"type":"Feature","properties":{"kind":"prohibited"},"geometry":{"type":"Polygon","coordinates":[[`)],
    ['16 MB of one name', () => repeated('x', `${start}{"type":"Feature","properties":{"name":"`)],
    ['16 MB beside the features', () => repeated('[1],', '{"type":"FeatureCollection","name":[')],
    ['a ring of 100,000 vertices', () => polygons([[circle(100_000)]])],
    ['50 rings of 1,999 vertices', () => polygons(Array.from({ length: 50 }, (_, i) => [circle(1_999, 0.001, i * 0.01)]))],
    ['20 combs of 1,990 edges', () => polygons(Array.from({ length: 20 }, () => [comb(1_989, 1)]))],
    ['20 combs of another slope', () => polygons(Array.from({ length: 20 }, () => [comb(1_989, 2.4)]))],
    ['20,000 small features', () => polygons(Array.from({ length: 20_000 }, (_, i) => [circle(5, 0.0001, i * 1e-6)]))],
    ['more vertices than may be', () => polygons(Array.from({ length: 200 }, (_, i) => [circle(1_999, 0.001, i * 0.01)]))],
    ['a polygon of 50 rings', () => polygons([[circle(1_999, 0.1), ...Array.from({ length: 49 }, (_, i) => circle(1_999, 0.0005, (i - 24) * 0.002))]])],
  ])('%s', async (what, make) => {
    const content = make();
    const { tookMs, heldMs, grewBytes, outcome } = await measured(() => take(content));
    console.log(`${what}: ${Math.round(tookMs)} ms, event loop held for ${Math.round(heldMs)} ms, ${Math.round(grewBytes / million)} MB, ${outcome}`);
    expect(heldMs).toBeLessThan(1_000);
    expect(grewBytes).toBeLessThan(64 * million);
  }, 30_000);
});
