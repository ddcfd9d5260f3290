/**
 * A spreadsheet of cameras into the inventory: a verdict a row first, then one transaction for all rows that are good.
 * A row is the same camera as a registered one when it has its site and its address, or its site and its name, so
 * that a second run of the same file changes nothing.
 */
import { and, eq, inArray, isNull } from 'drizzle-orm';
import { newCamera, type CameraPatch, type NewCamera } from '../contract/camera.js';
import type { Executor } from '../contract/database.js';
import { actorOf, inScope, scopeOf, type Principal } from '../contract/principal.js';
import type { ImportReport, ImportRow, Registry } from '../contract/registry.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { cameras, sites } from '../db/schema/register.js';
import { isUniqueViolation } from '../db/sql-state.js';
import { parseCameraAddress } from './camera-address.js';
import { changeCameraRow, newCameraRow } from './camera-changes.js';
import type { CameraRow } from './camera-rows.js';
import { queueOnboarding, type CameraParts } from './cameras.js';
import { fieldOf, readCells, type CellFault, type ColumnName } from './csv-columns.js';
import { readCsvTable, type CsvRow, type CsvTable } from './csv-table.js';

interface Planned {
  readonly rows: ImportRow[];
  readonly inserts: CameraRow[];
  readonly updates: { readonly row: CameraRow; readonly columns: Partial<CameraRow> }[];
  readonly onboard: string[];
}

/** Rows in one statement: well under the 65,535 parameters that PostgreSQL takes. */
const batchRows = 500;
/** Beyond so many changed cameras one notification says "any of them", and one event a site has the page read its list anew. */
const namedAtMost = 100;

export function createCameraImport(parts: CameraParts): Registry['importCameras'] {
  const { database, events, ledger } = parts;

  return async (bytes, options, by) => {
    const table = readCsvTable(bytes);
    const { planned, applied } = await orExists(() =>
      database.transaction(async (tx) => {
        const plan = await planImport(tx, table, options.defaultSiteId, by, parts);
        const bad = plan.rows.some((r) => r.verdict === 'bad');
        const apply = !options.dryRun && (!bad || options.skipBad);
        if (!apply) return { planned: plan, applied: false };
        for (let i = 0; i < plan.inserts.length; i += batchRows) await tx.insert(cameras).values(plan.inserts.slice(i, i + batchRows));
        for (const { row, columns } of plan.updates) await tx.update(cameras).set(columns).where(eq(cameras.id, row.id));
        const touched = [...plan.inserts, ...plan.updates.map((u) => u.row)];
        const many = touched.length > namedAtMost;
        const told = many ? [...new Map(touched.map((t) => [t.siteId, t])).values()] : touched;
        for (const { id, siteId } of told) await events.append({ type: 'camera.registered', siteId, data: { id } }, tx);
        for (const { id } of many ? [{ id: '' }] : touched) await database.notify('hg_camera', id, tx);
        return { planned: plan, applied: true };
      }),
    );
    const report = reportOf(planned.rows, options.dryRun, applied, table.ignored);
    if (applied && report.created + report.updated > 0) {
      const { created, updated, unchanged, bad } = report;
      await ledger.append({ actor: actorOf(by), action: 'camera.import', objectType: 'inventory', objectId: 'cameras', outcome: 'ok', details: { created, updated, unchanged, bad } });
      await queueOnboarding(parts, planned.onboard);
    }
    parts.log.info({ rows: report.rows.length, created: report.created, updated: report.updated, bad: report.bad, applied }, 'table of cameras read');
    return report;
  };
}

async function planImport(tx: Executor, table: CsvTable, givenSiteId: string | undefined, by: Principal, { sealer, clock }: CameraParts): Promise<Planned> {
  const scope = scopeOf(by, ['admin', 'technician']);
  const known = (await tx.select({ id: sites.id, name: sites.name }).from(sites)).filter((s) => inScope(scope, s.id));
  // Where there is only one site, a table need not name it.
  const defaultSiteId = givenSiteId ?? (known.length === 1 ? known[0]?.id : undefined);
  const siteByText = new Map(known.flatMap((s) => [[s.id, s.id] as const, [s.name.toLowerCase(), s.id] as const]));
  const named = new Set(table.rows.flatMap((r) => siteByText.get(siteText(r, defaultSiteId).toLowerCase()) ?? []));
  // Locked in one order, so that two imports never wait for each other in a ring.
  if (named.size > 0) await tx.select({ id: sites.id }).from(sites).where(inArray(sites.id, [...named])).orderBy(sites.id).for('update');
  const present = named.size === 0 ? [] : await tx.select().from(cameras).where(and(inArray(cameras.siteId, [...named]), isNull(cameras.removedAt)));
  const byAddress = new Map(present.map((c) => [`${c.siteId} ${c.address}`, c]));
  const byName = new Map(present.map((c) => [`${c.siteId} ${c.name.toLowerCase()}`, c]));
  const seen = new Map<string, number>();
  const planned: Planned = { rows: [], inserts: [], updates: [], onboard: [] };
  const nowMs = clock.nowMs();

  for (const row of table.rows) {
    const { fields, faults } = readCells(row.cells);
    const problems: { column: string; reason: string }[] = row.fault === null ? [...faults] : [{ column: '', reason: row.fault }];
    const name = fields.name ?? '';
    const bad = (): void => void planned.rows.push({ line: row.line, name, verdict: 'bad', cameraId: null, problems });
    if (row.fault !== null) {
      bad();
      continue;
    }
    const siteId = siteByText.get(siteText(row, defaultSiteId).toLowerCase());
    if (siteId === undefined) problems.push({ column: 'site', reason: siteText(row, defaultSiteId) === '' ? 'is missing, and no site is given for the whole table' : `names no site of yours: "${siteText(row, defaultSiteId)}"; ${sitesInWords(known)}` });
    const address = addressOf(fields.address, problems);
    if (siteId === undefined || address === undefined || faults.length > 0) {
      problems.push(...fieldProblems({ ...fields, siteId: siteId ?? '00000000-0000-7000-8000-000000000000' }, problems));
      bad();
      continue;
    }
    const twinByAddress = byAddress.get(`${siteId} ${address}`);
    const twinByName = byName.get(`${siteId} ${name.toLowerCase()}`);
    if (twinByAddress && twinByName && twinByAddress.id !== twinByName.id) {
      problems.push({ column: 'name', reason: `is the name of another camera (${twinByName.address}); the address belongs to "${twinByAddress.name}"` });
    }
    for (const [column, key] of [['address', `${siteId} ${address}`], ['name', `${siteId} ${name.toLowerCase()}`]] as const) {
      const line = seen.get(`${column} ${key}`);
      if (line === undefined) seen.set(`${column} ${key}`, row.line);
      else problems.push({ column, reason: `stands in line ${line} already` });
    }
    const twin = twinByAddress ?? twinByName;
    const input = { ...(twin === undefined ? {} : presentFields(twin)), ...fields, siteId };
    problems.push(...fieldProblems(input, problems));
    if (problems.length > 0) {
      bad();
      continue;
    }
    try {
      if (twin === undefined) {
        const created = newCameraRow(newCamera.parse(input), sealer, nowMs);
        planned.inserts.push(created);
        planned.onboard.push(created.id);
        planned.rows.push({ line: row.line, name, verdict: 'create', cameraId: created.id, problems });
      } else {
        const change = changeCameraRow(twin, fields, sealer, nowMs);
        if (change.changed.length > 0) planned.updates.push({ row: twin, columns: change.columns });
        if (change.onboard) planned.onboard.push(twin.id);
        planned.rows.push({ line: row.line, name, verdict: change.changed.length > 0 ? 'update' : 'unchanged', cameraId: twin.id, problems });
      }
    } catch (thrown) {
      if (!(thrown instanceof HedgerowError) || (thrown.kind !== 'invalid' && thrown.kind !== 'boundary')) throw thrown;
      problems.push({ column: '', reason: messageOf(thrown) });
      bad();
    }
  }
  return planned;
}

/** What the user may write instead. */
function sitesInWords(known: readonly { name: string }[]): string {
  if (known.length === 0) return 'there is none yet: make it in the console under Set-up, or with POST /api/v1/sites';
  return `there ${known.length === 1 ? 'is' : 'are'} ${known.slice(0, 5).map((s) => `"${s.name}"`).join(', ')}${known.length > 5 ? ', …' : ''}`;
}

function siteText(row: CsvRow, defaultSiteId: string | undefined): string {
  return row.cells.get('site')?.trim() || (defaultSiteId ?? '');
}

/** The address in normal form, or undefined with a problem noted. */
function addressOf(text: string | undefined, problems: { column: string; reason: string }[]): string | undefined {
  if (text === undefined) {
    problems.push({ column: 'address', reason: 'is missing' });
    return undefined;
  }
  try {
    return parseCameraAddress(text).address;
  } catch (thrown) {
    problems.push({ column: 'address', reason: messageOf(thrown).replace(/^The address /, '') });
    return undefined;
  }
}

/** What the form of a camera says about the row, column by column; columns that have a problem already are left out. */
function fieldProblems(input: CameraPatch & { siteId: string }, already: readonly { column: string }[]): CellFault[] {
  const checked = newCamera.safeParse(input);
  if (checked.success) return [];
  return checked.error.issues.flatMap((issue) => {
    const field = issue.path[0];
    const column = (Object.keys(fieldOf) as Exclude<ColumnName, 'site'>[]).find((c) => fieldOf[c] === field);
    if (column === undefined || already.some((p) => p.column === column)) return [];
    const missing = input[fieldOf[column]] === undefined;
    return [{ column, reason: missing ? 'is missing' : issue.message }];
  });
}

function presentFields(row: CameraRow): Omit<NewCamera, 'siteId' | 'username' | 'password'> {
  const { name, address, purpose, owner, legalBasis, reviewOn, longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, sampleIntervalMs, enabled, sourceToken } = row;
  return { name, address, purpose, owner, legalBasis, reviewOn, longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, sampleIntervalMs, enabled, sourceToken };
}

function reportOf(rows: ImportRow[], dryRun: boolean, applied: boolean, ignoredColumns: readonly string[]): ImportReport {
  const count = (verdict: ImportRow['verdict']): number => rows.filter((r) => r.verdict === verdict).length;
  return { dryRun, applied, created: count('create'), updated: count('update'), unchanged: count('unchanged'), bad: count('bad'), rows, ignoredColumns: [...ignoredColumns] };
}

async function orExists<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (isUniqueViolation(thrown)) throw new HedgerowError('camera.exists', 'Two rows swap names that are in use; change them in two steps.', { cause: thrown });
    throw thrown;
  }
}
