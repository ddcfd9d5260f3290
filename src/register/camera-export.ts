/** The inventory as a table: what the import reads, CSV or JSON, without passwords. */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { Registry } from '../contract/registry.js';
import { takeTurn } from '../core/clock.js';
import { cameras, sites } from '../db/schema/register.js';
import type { CameraRow } from './camera-rows.js';
import { columnNames, fieldOf, guardFormula } from './csv-columns.js';

/** Rows that are written before the event loop has a turn. */
const turnRows = 1_000;
const columns = columnNames.filter((c) => c !== 'password');

/**
 * CSV: UTF-8 with a byte order mark (Excel takes it for UTF-8 only so), comma, CRLF (RFC 4180). JSON: an array of objects
 * with the API's field names, a line each.
 */
export function createCameraExport({ database }: { database: Database }): Registry['exportCameras'] {
  return async (scope, format) => {
    const rows = await database.orm
      .select({ camera: cameras, site: sites.name })
      .from(cameras)
      .innerJoin(sites, eq(sites.id, cameras.siteId))
      .where(and(isNull(cameras.removedAt), scope === 'all' ? undefined : inArray(cameras.siteId, [...scope])))
      .orderBy(asc(sites.name), asc(cameras.name), asc(cameras.id));
    const lines: string[] = [];
    for (const [i, row] of rows.entries()) {
      lines.push(format === 'json' ? JSON.stringify(objectOf(row)) : columns.map((c) => (c === 'site' ? cell(row.site) : cell(row.camera[fieldOf[c]]))).join(','));
      if (i % turnRows === turnRows - 1) await takeTurn();
    }
    return format === 'json' ? `[${lines.length > 0 ? '\n' : ''}${lines.join(',\n')}\n]\n` : `\ufeff${[columns.join(','), ...lines].join('\r\n')}\r\n`;
  };
}

function objectOf({ camera, site }: { camera: CameraRow; site: string }): Record<string, unknown> {
  return Object.fromEntries(columns.map((c) => (c === 'site' ? ['site', site] : [fieldOf[c], camera[fieldOf[c]]])));
}

function cell(value: string | number | boolean | null): string {
  const text = typeof value === 'string' ? guardFormula(value) : value === null ? '' : String(value);
  return /[",;\t\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
