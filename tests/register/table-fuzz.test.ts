/** Tables of cameras from outside: whatever the bytes, rows or our error, within a second and 64 MB. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCameraJson } from '../../src/register/camera-json.js';
import { readCsvTable } from '../../src/register/csv-table.js';
import { heavyFilesAreBorne, judged } from './hostile-bytes.js';
import { takeTable } from './reader-cost-process.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const header = 'name,address,username,password,site,purpose,owner,legal_basis,review_on,longitude,latitude';

describe('any bytes', () => {
  const cell = fc.oneof(fc.string({ maxLength: 12, unit: 'binary' }), fc.constantFrom('"', '""', ',', ';', '\t', '\r\n', '\n', '\r', '=1+1', '\ufeff', 'sep=;\n', header, '10.0.0.1', 'rtsp://a:b@c/', '2027-03-01', '1e400', '名称'));
  const text = fc.array(cell, { maxLength: 30 }).map((parts) => parts.join(''));
  const source = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    text.map(bytes),
    text.map((t) => bytes(`${header}\n${t}`)),
    text.map((t) => Buffer.from(`\ufeff${header}\n${t}`, 'utf16le')),
    fc.tuple(fc.constant(Buffer.from(`${header}\n`)), fc.uint8Array({ maxLength: 60, min: 0x80 })).map(([h, b]) => Buffer.concat([h, b])),
  );

  it('are a table or our error, as CSV', async () => {
    await fc.assert(
      fc.asyncProperty(source, async (content) => {
        await judged(() => takeTable(readCsvTable(content)));
      }), { numRuns: 12_000 });
  }, 60_000);

  const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom('10.0.0.1', 'North', '2027-03-01', 117.2, true));
  const object = fc.dictionary(fc.oneof(fc.constantFrom('name', 'address', 'site', 'siteId', 'longitude', 'enabled', 'purpose', 'sourceToken', 'password', 'reviewOn', '__proto__'), fc.string()), value, { maxKeys: 8 });
  const document = fc.oneof(fc.array(object, { maxLength: 4 }), fc.record({ items: fc.array(object, { maxLength: 3 }), nextCursor: fc.jsonValue() }), value).map((v) => JSON.stringify(v));
  const cut = fc.tuple(document, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom('', '[', ']', '{', '}', '"', ',', ':', '\\', '\0', '\ud83d')).map(([t, at, drop, put]) => `${t.slice(0, at % (t.length + 1))}${put}${t.slice((at % (t.length + 1)) + drop)}`);

  it('are a table or our error, as JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(document, cut), async (content) => {
        await judged(() => takeTable(readCameraJson(bytes(content))));
      }), { numRuns: 12_000 });
  }, 60_000);

  it('in whole JSON are read as JSON.parse reads them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 5 }), fc.nat({ max: 3 }), async (values, indent) => {
        const { rows } = await readCameraJson(bytes(JSON.stringify(values, null, indent)));
        expect(rows.length).toBe(values.length);
        for (const [i, v] of values.entries()) expect(rows[i]?.fault === null).toBe(typeof v === 'object' && v !== null && !Array.isArray(v));
      }),
      { numRuns: 1_000 },
    );
  }, 30_000);
});

describe('the corpus', () => {
  const folder = path.join(import.meta.dirname, '../fixtures/csv');
  it.each(readdirSync(folder).filter((f) => f !== 'README.md'))('%s', async (file) => {
    const content = readFileSync(path.join(folder, file));
    expect(await judged(() => takeTable(file.endsWith('.json') ? readCameraJson(content) : readCsvTable(content)))).toMatchSnapshot();
  });
});

describe('16 MB', () => {
  it('cost under 64 MB and hold no turn of the event loop for a second, whatever they are', () => heavyFilesAreBorne('tables'), 120_000);
});
