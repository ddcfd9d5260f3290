/**
 * Heavy tables and maps, and what reading them does before an import asks the database. Each is read alone in a process of its
 * own, which says what it cost: the memory of a test runner says nothing.
 */
import { takeTurn } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { featureGeometry } from '../../src/contract/site-map.js';
import { judgeRow } from '../../src/register/camera-import-rows.js';
import { readCameraJson } from '../../src/register/camera-json.js';
import type { CameraTable } from '../../src/register/camera-table.js';
import { readCsvTable } from '../../src/register/csv-table.js';
import { checkFeatures } from '../../src/register/site-map-check.js';
import { readMapFile } from '../../src/register/site-map-file.js';
import { pointInside } from '../../src/register/site-map-geometry.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const megabyte = 1 << 20;
const header = 'name,address,username,password,site,purpose,owner,legal_basis,review_on,longitude,latitude';
const sites = { known: [{ id: 'x', name: 'North' }], defaultSiteId: 'x', byText: new Map([['north', 'x'], ['x', 'x']]) };

/** Reads and judges: what an import does before it asks the database. */
export async function takeTable(table: Promise<CameraTable>): Promise<void> {
  for (const [i, row] of (await table).rows.entries()) {
    if (i % 200 === 199) await takeTurn();
    const { problems } = judgeRow(row, sites);
    if ((row.fault !== null && problems.length !== 1) || problems.some(({ reason }) => reason.length >= 600)) throw new Error(`line ${row.line} is judged wrongly: ${JSON.stringify(problems).slice(0, 500)}`);
  }
}

/** All that an import does before it asks the database. */
export async function takeMap(content: Uint8Array): Promise<void> {
  for (const [i, { drawn, faults }] of (await checkFeatures(await readMapFile(content), [])).entries()) {
    if (i % 100 === 99) await takeTurn();
    const right = (drawn === null) === faults.length > 0 && faults.every(({ reason }) => reason.length < 400) && (!drawn || pointInside(drawn.geometry).every((n) => Number.isFinite(n)));
    if (!right || (drawn && i < 100 && !featureGeometry.safeParse(drawn.geometry).success)) throw new Error(`feature ${i} is judged wrongly: ${JSON.stringify({ drawn, faults }).slice(0, 500)}`);
  }
}

const repeated = (text: string, head = `${header}\n`): Uint8Array => Buffer.concat([Buffer.from(head), Buffer.alloc(16 * megabyte - head.length, text)]);

const tables: readonly (readonly [string, () => Uint8Array, 'csv' | 'json'])[] = [
  ['of quote marks', () => repeated('"'), 'csv'],
  ['of quoted cells', () => repeated('"",'), 'csv'],
  ['of commas', () => repeated(','), 'csv'],
  ['of line ends', () => repeated('\r'), 'csv'],
  ['of one letter', () => repeated('x'), 'csv'],
  ['of letters in the header', () => repeated('x', ''), 'csv'],
  ['of columns in the header', () => repeated('name,', ''), 'csv'],
  ['of short rows', () => repeated('a,b\n'), 'csv'],
  ['of long rows', () => repeated(`${'x'.repeat(60_000)}\n`), 'csv'],
  ['of full rows', () => repeated(`name,10.0.0.1,user,pass,North,${'purpose '.repeat(30)},owner,basis,2027-03-01,117.25,36.25\n`), 'csv'],
  ['of GB18030', () => Buffer.concat([Buffer.from(`${header}\n`), Buffer.alloc(411 * 40_000, Buffer.concat([Buffer.alloc(400, Buffer.of(0xc9, 0xe3)), Buffer.from(`${','.repeat(10)}\n`)]))]), 'csv'],
  ['of UTF-16', () => Buffer.from(`\ufeff${header}\n${`${'名'.repeat(90)},10.0.0.1,,,,a,b,c,d,,\n`.repeat(75_000)}`, 'utf16le').subarray(0, 16 * megabyte), 'csv'],
  ['of opening brackets', () => repeated('[', ''), 'json'],
  ['of opening braces', () => repeated('{"a":', ''), 'json'],
  ['of empty objects', () => repeated('{},', '['), 'json'],
  ['of numbers', () => repeated('1,', '['), 'json'],
  ['of one object with many keys', () => Buffer.from(`[{${Array.from({ length: 1_400_000 }, (_, i) => `"${i}":1`).join()}}]`), 'json'],
  ['of one text', () => repeated('x', '["'), 'json'],
  ['of another member', () => repeated('[1,', '{"other":'), 'json'],
];

const start = '{"type":"FeatureCollection","features":[';
const polygons = (rings: number[][][][]): Uint8Array => bytes(`${start}${rings.map((coordinates, id) => JSON.stringify({ type: 'Feature', id, properties: { kind: 'prohibited' }, geometry: { type: 'Polygon', coordinates } })).join()}]}`);
const circle = (n: number, radius = 0.01, at = 0): number[][] => Array.from({ length: n }, (_, i) => [117 + at + radius * Math.cos((2 * Math.PI * i) / n), 36 + radius * Math.sin((2 * Math.PI * i) / n)]);
/** Long edges that all but lie on each other: the boxes around them overlap, and none crosses. */
const comb = (n: number, slope: number): number[][] => [...Array.from({ length: n }, (_, i) => (i % 2 ? [117 + i * 1e-6 + 0.01, 36 + 0.01 * slope - i * 1e-6] : [117 + i * 1e-6, 36 - i * 1e-6])), [117 - 0.01, 35.9]];


const maps: readonly (readonly [string, () => Uint8Array])[] = [
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
];

async function measure(what: string, content: Uint8Array, work: (content: Uint8Array) => Promise<void>): Promise<void> {
  const inUse = (): number => {
    for (let i = 0; i < 2; i++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = inUse();
  let [most, heldMs, lookedMs, running] = [before, 0, performance.now(), true];
  let spent = process.cpuUsage();
  const tick = (): void => {
    const { user, system } = process.cpuUsage(spent);
    heldMs = Math.max(heldMs, (user + system) / 1000);
    // Garbage is not growth: what is there after a collection counts.
    if (performance.now() - lookedMs > 250) {
      most = Math.max(most, inUse());
      lookedMs = performance.now();
    }
    spent = process.cpuUsage();
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  const started = process.cpuUsage();
  let outcome = 'ok';
  try {
    await work(content);
  } catch (thrown) {
    outcome = thrown instanceof HedgerowError && thrown.kind !== 'internal' ? thrown.code : `not ours: ${String(thrown)}`;
  }
  running = false;
  tick();
  const { user, system } = process.cpuUsage(started);
  process.send?.({ what, outcome, cpuMs: Math.round((user + system) / 1000), heldMs: Math.round(heldMs), grewMb: Math.round((Math.max(most, inUse()) - before) / megabyte) });
}

if (process.argv[2] === 'tables') for (const [what, make, format] of tables) await measure(what, make(), (content) => takeTable(format === 'csv' ? readCsvTable(content) : readCameraJson(content)));
if (process.argv[2] === 'maps') for (const [what, make] of maps) await measure(what, make(), takeMap);
