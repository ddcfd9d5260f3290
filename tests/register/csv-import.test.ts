import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eq } from 'drizzle-orm';
import { HedgerowError } from '../../src/core/errors.js';
import type { ImportReport } from '../../src/contract/registry.js';
import type { Principal } from '../../src/contract/principal.js';
import { cameras } from '../../src/db/schema/register.js';
import { readCsvTable } from '../../src/register/csv-table.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const header = 'name,address,username,password,site,purpose,owner,legal_basis,review_on,longitude,latitude';
const row = (name: string, address: string, more: Partial<Record<'user' | 'pass' | 'site' | 'review' | 'lon', string>> = {}): string =>
  [name, address, more.user ?? 'op', more.pass ?? 'pw', more.site ?? 'North', 'theft at the granary', 'Committee', 'Order 799', more.review ?? '2027-03-01', more.lon ?? '117.25', '36.1'].join(',');
const table = (...rows: string[]): Uint8Array => bytes([header, ...rows].join('\n'));
const write = { dryRun: false, skipBad: false };
const verdicts = (report: ImportReport): string[] => report.rows.map((r) => r.verdict);

let bench: RegisterBench;
let northId: string;
beforeAll(async () => {
  bench = await openRegisterBench();
  northId = (await bench.registry.createSite(newSite('North'), admin)).id;
  await bench.registry.createSite(newSite('South'), admin);
});
afterAll(() => bench.close());

const load = (content: Uint8Array, options = write, by: Principal = admin): Promise<ImportReport> => bench.registry.importCsv(content, options, by);
const cameraNamed = async (name: string) => (await bench.database.orm.select().from(cameras).where(eq(cameras.name, name)))[0];

describe('import', () => {
  it('says in a dry run what it would do, and does nothing', async () => {
    const report = await load(table(row('D1', '10.1.0.1'), row('D2', 'rtsp://10.1.0.2/s')), { dryRun: true, skipBad: false });
    expect(report).toMatchObject({ dryRun: true, applied: false, created: 2, bad: 0 });
    expect(await cameraNamed('D1')).toBeUndefined();
  });

  it('creates, and changes nothing when the same file comes again', async () => {
    const file = table(row('C1', '10.2.0.1'), row('C2', 'rtsp://x:y@10.2.0.2/s', { user: '', pass: '' }));
    const first = await load(file);
    expect([verdicts(first), first.applied]).toEqual([['create', 'create'], true]);
    const made = await cameraNamed('C2');
    expect(made).toMatchObject({ address: 'rtsp://10.2.0.2/s', username: 'x', longitude: 117.25 });
    expect(bench.sealer.open(made?.sealedPassword ?? '', `camera:${made?.id}`)).toBe('y');
    const sealedBefore = (await cameraNamed('C1'))?.sealedPassword;
    expect(verdicts(await load(file))).toEqual(['unchanged', 'unchanged']);
    expect((await cameraNamed('C1'))?.sealedPassword).toBe(sealedBefore);
    expect(await cameraNamed('C1')).toMatchObject({ configVersion: 1 });
  });

  it('knows a camera by its address or by its name', async () => {
    await load(table(row('K1', '10.3.0.1'), row('K2', '10.3.0.2')));
    const report = await load(table(row('K1 renamed', '10.3.0.1'), row('K2', '10.3.0.9'), row('K3', '10.3.0.3', { pass: 'new' })));
    expect(verdicts(report)).toEqual(['update', 'update', 'create']);
    expect(await cameraNamed('K1 renamed')).toMatchObject({ address: 'http://10.3.0.1/onvif/device_service' });
    expect(await cameraNamed('K2')).toMatchObject({ address: 'http://10.3.0.9/onvif/device_service', configVersion: 2 });
    expect(verdicts(await load(table(row('K1 renamed', '10.3.0.1', { pass: 'changed' }))))).toEqual(['update']);
    expect((await load(table(row('K2', '10.3.0.10', { pass: '' })))).rows[0]).toMatchObject({ verdict: 'bad', problems: [{ reason: expect.stringContaining('password') as string }] });
    const tangled = await load(table(row('K2', '10.3.0.3')));
    expect(tangled.rows[0]).toMatchObject({ verdict: 'bad', problems: [{ column: 'name' }] });
  });

  it('names line, column and reason, and writes the good rows only when asked', async () => {
    const file = table(
      row('B1', '10.4.0.1'),
      row('B2', 'ftp://10.4.0.2'),
      row('B3', '10.4.0.3', { review: '31/03/2027' }),
      row('B4', '10.4.0.4', { lon: '217' }),
      row('B5', '10.4.0.5', { site: 'Nowhere' }),
      ',10.4.0.6,u,p,North,,Committee,Order 799,2027-01-01,1,1',
      row('B7', '10.4.0.1'),
      'B8,10.4.0.8,u,p,North,theft, of fuel,Committee,Order 799,2027-01-01,1,1',
    );
    const refused = await load(file);
    expect(refused).toMatchObject({ applied: false, created: 1, bad: 7 });
    expect(refused.rows.slice(1).map((r) => [r.line, r.problems.map((p) => p.column)])).toEqual([
      [3, ['address']], [4, ['review_on']], [5, ['longitude']], [6, ['site']], [7, ['purpose', 'name']], [8, ['address']], [9, ['']],
    ]);
    expect(await cameraNamed('B1')).toBeUndefined();
    expect(await load(file, { dryRun: false, skipBad: true })).toMatchObject({ applied: true, created: 1, bad: 7 });
    expect(await cameraNamed('B1')).toBeDefined();
    expect(await cameraNamed('B7')).toBeUndefined();
  });

  it('writes only to the sites of the person who asks', async () => {
    const technician: Principal = { id: 't', name: 't', kind: 'user', grants: [{ role: 'technician', siteId: northId }, { role: 'auditor', siteId: null }] };
    const report = await load(table(row('S1', '10.5.0.1', { site: 'South' }), row('S2', '10.5.0.2', { site: northId })), { dryRun: true, skipBad: false }, technician);
    expect(verdicts(report)).toEqual(['bad', 'create']);
  });

  it('reads what spreadsheet programs write: byte order mark, semicolons, tabs, other headings, a default site', async () => {
    const headings = ['Camera Name', 'IP-Address', 'Purpose', 'Responsible', 'legalBasis', 'Review Date', 'Remarks', '是'];
    const cells = ['P1', '10.6.0.1', '"fuel; and ""tools"""', 'Wang', 'Order', '2027/3/1', 'by the well', ''];
    for (const [index, delimiter] of [';', '\t', ','].entries()) {
      const text = `\ufeff${delimiter === ';' ? 'sep=;\r\n' : ''}${headings.join(delimiter)}\r\n${cells.map((c, i) => (i === 0 ? `P${index}` : i === 1 ? `10.6.0.${index}` : c)).join(delimiter)}\r\n\r\n`;
      const report = await bench.registry.importCsv(bytes(text), { ...write, defaultSiteId: northId }, admin);
      expect(report).toMatchObject({ created: 1, bad: 0, ignoredColumns: ['Remarks', '是'] });
      expect(report.rows[0]?.line).toBe(delimiter === ';' ? 3 : 2);
      expect(await cameraNamed(`P${index}`)).toMatchObject({ purpose: 'fuel; and "tools"', reviewOn: '2027-03-01', owner: 'Wang' });
    }
  });

  it('names the line where a row begins, with blank lines, line breaks in cells and mixed line ends', () => {
    const text = `${header}\r\n\n"a\r\nb",1\n\r\n"c\nd\ne",2\r\rf,3`;
    expect(readCsvTable(bytes(text)).rows.map((r) => [r.line, r.cells.get('name')])).toEqual([[3, 'a\r\nb'], [6, 'c\nd\ne'], [10, 'f']]);
  });

  it.each([
    ['an empty file', bytes(''), 'csv.invalid', /empty/],
    ['a quote that is never closed', table('"C,10.0.0.1'), 'csv.invalid', /Line \d+ opens a quote mark/],
    ['a stray quote', table('C"x",10.0.0.1'), 'csv.invalid', /quote mark in the middle/],
    ['zero bytes', table('C\0,10.0.0.1'), 'csv.invalid', /Line 2 holds a zero byte/],
    ['Latin-1 text', Buffer.from(`${header}\nCaf\xe9,10.0.0.1`, 'latin1'), 'csv.invalid', /not UTF-8/],
    ['UTF-16', Buffer.from(`\ufeff${header}`, 'utf16le'), 'csv.invalid', /UTF-16/],
    ['a missing column', bytes('name,address,purpose,owner,legal_basis\na,b,c,d,e'), 'csv.invalid', /"review_on"/],
    ['a column twice', bytes(`${header},IP\n`), 'csv.invalid', /two columns mean "address"/],
    ['a line without end', bytes(`${header}\n${'x'.repeat(200_000)}`), 'csv.invalid', /longer than/],
    ['too much', new Uint8Array(17 * 1024 * 1024), 'request.too-large', /bytes/],
  ])('says what is wrong with %s', async (_what, content, code, message) => {
    await expect(load(content)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('reads any bytes as a table or says our error, in bounded time', () => {
    const cell = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('"', '""', ',', ';', '\t', '\r\n', '\n', '=1+1', '\ufeff', 'sep=;\n', header));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.array(cell, { maxLength: 40 }).map((p) => bytes(p.join('')))), (content) => {
        for (const source of [content, Buffer.concat([bytes(`${header}\n`), content])]) {
          try {
            for (const r of readCsvTable(source).rows) expect(r.line).toBeGreaterThan(1);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(HedgerowError);
          }
        }
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 15_000 },
    );
  });
});

describe('a million rows', () => {
  it('are refused before they are all read', () => {
    const refusedAfterMs = (rows: number): number => {
      const file = bytes(`${header}\n${'a\n'.repeat(rows)}`);
      const startedMs = performance.now();
      expect(() => readCsvTable(file)).toThrow(expect.objectContaining({ code: 'request.too-large' }) as Error);
      return performance.now() - startedMs;
    };
    // Seventeen times as long a table; read to its end, it took seventeen times as long.
    const shortMs = refusedAfterMs(60_000);
    expect(refusedAfterMs(1_000_000)).toBeLessThan(5 * shortMs);
  });
});

describe('export', () => {
  it('comes back through the import unchanged, without passwords and without formulas', async () => {
    await bench.registry.createCamera(newCameraInput(northId, '=cmd|calc', 'rtsp://10.7.0.1/s', { password: 'topsecret', owner: '+49 "Li", east', purpose: '@well, line 1\nline 2', mountHeightM: 4.5, tiltDeg: -12, enabled: false }), admin);
    await bench.registry.createCamera(newCameraInput(northId, '＝HYPERLINK("http://evil.example")', 'rtsp://10.7.0.2/s', { owner: '＋1', purpose: '＠sum of the wells', username: '－2' }), admin);
    const text = await bench.registry.exportCameras('all');
    expect(text).not.toContain('topsecret');
    expect(text.split('\r\n')[0]).toBe('\ufeffname,address,username,site,purpose,owner,legal_basis,review_on,longitude,latitude,mount_height_m,azimuth_deg,tilt_deg,horizontal_fov_deg,sample_interval_ms,enabled');
    expect(text).not.toMatch(/(^|,|")[=+@＝＋－＠]/m);
    const report = await load(bytes(text));
    expect(report.bad).toBe(0);
    expect(new Set(verdicts(report))).toEqual(new Set(['unchanged']));
    expect(await bench.registry.exportCameras([])).toMatch(/^[^\n]*\n$/);
  });
});

describe('ten thousand rows', () => {
  it('are imported in one go, and a second time without a change', async () => {
    const big = table(...Array.from({ length: 10_000 }, (_, i) => row(`N${i}`, `10.${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, { site: 'South', pass: `p${i}` })));
    const startedMs = performance.now();
    expect(await load(big)).toMatchObject({ created: 10_000, applied: true });
    const importedMs = performance.now();
    expect(await load(big)).toMatchObject({ unchanged: 10_000 });
    console.log(`10,000 rows: first ${Math.round(importedMs - startedMs)} ms, again ${Math.round(performance.now() - importedMs)} ms`);
    expect(importedMs - startedMs).toBeLessThan(30_000);
  }, 120_000);
});
