/** Tables of cameras from outside: whatever the bytes, rows or our error, within a second and 64 MB. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeTurn } from '../../src/core/clock.js';
import { readCameraJson } from '../../src/register/camera-json.js';
import { readCsvTable } from '../../src/register/csv-table.js';
import { judgeRow } from '../../src/register/camera-import-rows.js';
import type { CameraTable } from '../../src/register/camera-table.js';
import { judged, measured } from './hostile-bytes.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const header = 'name,address,username,password,site,purpose,owner,legal_basis,review_on,longitude,latitude';
const sites = { known: [{ id: 'x', name: 'North' }], defaultSiteId: 'x', byText: new Map([['north', 'x'], ['x', 'x']]) };

/** Reads and judges: what an import does before it asks the database. */
async function take(table: Promise<CameraTable>): Promise<void> {
  for (const [i, row] of (await table).rows.entries()) {
    if (i % 200 === 199) await takeTurn();
    const { problems } = judgeRow(row, sites);
    if (row.fault !== null) expect(problems.length).toBe(1);
    for (const { reason } of problems) expect(reason.length).toBeLessThan(600);
  }
}

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
        await judged(() => take(readCsvTable(content)));
      }), { numRuns: 12_000 });
  }, 60_000);

  const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom('10.0.0.1', 'North', '2027-03-01', 117.2, true));
  const object = fc.dictionary(fc.oneof(fc.constantFrom('name', 'address', 'site', 'siteId', 'longitude', 'enabled', 'purpose', 'sourceToken', 'password', 'reviewOn', '__proto__'), fc.string()), value, { maxKeys: 8 });
  const document = fc.oneof(fc.array(object, { maxLength: 4 }), fc.record({ items: fc.array(object, { maxLength: 3 }), nextCursor: fc.jsonValue() }), value).map((v) => JSON.stringify(v));
  const cut = fc.tuple(document, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom('', '[', ']', '{', '}', '"', ',', ':', '\\', '\0', '\ud83d')).map(([t, at, drop, put]) => `${t.slice(0, at % (t.length + 1))}${put}${t.slice((at % (t.length + 1)) + drop)}`);

  it('are a table or our error, as JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(document, cut), async (content) => {
        await judged(() => take(readCameraJson(bytes(content))));
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
    expect(await judged(() => take(file.endsWith('.json') ? readCameraJson(content) : readCsvTable(content)))).toMatchSnapshot();
  });
});

const million = 1024 * 1024;
const repeated = (text: string, size = 16 * million, head = `${header}\n`): Uint8Array => Buffer.concat([Buffer.from(head), Buffer.alloc(size - head.length, text)]);

describe('16 MB', () => {
  it.each<[string, () => Uint8Array, 'csv' | 'json']>([
    ['of quote marks', () => repeated('"'), 'csv'],
    ['of quoted cells', () => repeated('"",'), 'csv'],
    ['of commas', () => repeated(','), 'csv'],
    ['of line ends', () => repeated('\r'), 'csv'],
    ['of one letter', () => repeated('x'), 'csv'],
    ['of letters in the header', () => repeated('x', 16 * million, ''), 'csv'],
    ['of columns in the header', () => repeated('name,', 16 * million, ''), 'csv'],
    ['of short rows', () => repeated('a,b\n'), 'csv'],
    ['of long rows', () => repeated(`${'x'.repeat(60_000)}\n`), 'csv'],
    ['of full rows', () => repeated(`name,10.0.0.1,user,pass,North,${'purpose '.repeat(30)},owner,basis,2027-03-01,117.25,36.25\n`), 'csv'],
    ['of GB18030', () => Buffer.concat([Buffer.from(`${header}\n`), Buffer.alloc(411 * 40_000, Buffer.concat([Buffer.alloc(400, Buffer.of(0xc9, 0xe3)), Buffer.from(`${','.repeat(10)}\n`)]))]), 'csv'],
    ['of UTF-16', () => Buffer.from(`\ufeff${header}\n${`${'名'.repeat(90)},10.0.0.1,,,,a,b,c,d,,\n`.repeat(75_000)}`, 'utf16le').subarray(0, 16 * million), 'csv'],
    ['of opening brackets', () => repeated('[', 16 * million, ''), 'json'],
    ['of opening braces', () => repeated('{"a":', 16 * million, ''), 'json'],
    ['of empty objects', () => repeated('{},', 16 * million, '['), 'json'],
    ['of numbers', () => repeated('1,', 16 * million, '['), 'json'],
    ['of one object with many keys', () => Buffer.from(`[{${Array.from({ length: 1_400_000 }, (_, i) => `"${i}":1`).join()}}]`), 'json'],
    ['of one text', () => repeated('x', 16 * million, '["'), 'json'],
    ['of another member', () => repeated('[1,', 16 * million, '{"other":'), 'json'],
  ])('%s', async (what, make, format) => {
    const content = make();
    const { tookMs, heldMs, grewBytes, outcome } = await measured(() => take(format === 'csv' ? readCsvTable(content) : readCameraJson(content)));
    console.log(`16 MB ${what}: ${Math.round(tookMs)} ms, event loop held up ${Math.round(heldMs)} ms, ${Math.round(grewBytes / million)} MB, ${outcome}`);
    expect(heldMs).toBeLessThan(1_000);
    expect(grewBytes).toBeLessThan(64 * million);
  }, 30_000);
});
