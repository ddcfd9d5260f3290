/** Maps from outside: whatever the bytes, features or our error, within a second and 64 MB. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFeatures } from '../../src/register/site-map-check.js';
import { readMapFile } from '../../src/register/site-map-file.js';
import { heavyFilesAreBorne, judged } from './hostile-bytes.js';
import { takeMap } from './reader-cost-process.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

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
        await judged(() => takeMap(content));
      }),
      { numRuns: 18_000 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (content) => {
        await judged(() => takeMap(content));
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

describe('heavy maps', () => {
  it('cost under 64 MB and hold no turn of the event loop for a second', () => heavyFilesAreBorne('maps'), 120_000);
});
