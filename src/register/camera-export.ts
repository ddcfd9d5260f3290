/** The inventory as a table: what the import reads, CSV or JSON, without passwords. */
import { and, asc, eq, gt, inArray, isNull } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { SiteScope } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import { takeTurn } from '../core/clock.js';
import { cameras, sites } from '../db/schema/register.js';
import type { CameraRow } from './camera-rows.js';
import { columnNames, fieldOf, guardFormula } from './csv-columns.js';

/** Rows that are written before the event loop has a turn. */
const turnRows = 1_000;
/** Rows of one answer of the database. */
const pageRows = 250;
const columns = columnNames.filter((c) => c !== 'password');

/**
 * CSV: UTF-8 with a byte order mark (Excel takes it for UTF-8 only so), comma, CRLF (RFC 4180). JSON: an array of objects
 * with the API's field names, a line each.
 */
export function createCameraExport({ database }: { database: Database }): Registry['exportCameras'] {
  return async (scope, format) => {
    const rows = await readRows(database, scope);
    const lines: string[] = [];
    for (const [i, row] of rows.entries()) {
      lines.push(format === 'json' ? JSON.stringify(objectOf(row)) : columns.map((c) => (c === 'site' ? cell(row.site) : cell(row.camera[fieldOf[c]]))).join(','));
      if (i % turnRows === turnRows - 1) await takeTurn();
    }
    return format === 'json' ? `[${lines.length > 0 ? '\n' : ''}${lines.join(',\n')}\n]\n` : `\ufeff${[columns.join(','), ...lines].join('\r\n')}\r\n`;
  };
}

interface ExportRow {
  readonly camera: CameraRow;
  readonly site: string;
}

/** In pages, for one answer of ten thousand rows would hold the event loop up; by site and name in the end. */
async function readRows(database: Database, scope: SiteScope): Promise<ExportRow[]> {
  const rows: ExportRow[] = [];
  for (let after: string | undefined; ; ) {
    const page = await database.orm
      .select({ camera: cameras, site: sites.name })
      .from(cameras)
      .innerJoin(sites, eq(sites.id, cameras.siteId))
      .where(and(isNull(cameras.removedAt), scope === 'all' ? undefined : inArray(cameras.siteId, [...scope]), after === undefined ? undefined : gt(cameras.id, after)))
      .orderBy(asc(cameras.id))
      .limit(pageRows);
    rows.push(...page);
    after = page.at(-1)?.camera.id;
    if (page.length < pageRows || after === undefined) break;
    await takeTurn();
  }
  const key = ({ camera, site }: ExportRow): string => `${site}\0${camera.name}\0${camera.id}`;
  return rows.map((row) => ({ row, key: key(row) })).sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row);
}

function objectOf({ camera, site }: ExportRow): Record<string, unknown> {
  return Object.fromEntries(columns.map((c) => (c === 'site' ? ['site', site] : [fieldOf[c], camera[fieldOf[c]]])));
}

function cell(value: string | number | boolean | null): string {
  const text = typeof value === 'string' ? guardFormula(value) : value === null ? '' : String(value);
  return /[",;\t\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
