/** The inventory as a spreadsheet: the columns that the import reads, without passwords. */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { Registry } from '../contract/registry.js';
import { cameras, sites } from '../db/schema/register.js';
import { columnNames, fieldOf, guardFormula } from './csv-columns.js';

/** UTF-8 with a byte order mark (Excel takes it for UTF-8 only so), comma, CRLF (RFC 4180). */
export function createCameraExport({ database }: { database: Database }): Registry['exportCameras'] {
  return async (scope) => {
    const rows = await database.orm
      .select({ camera: cameras, site: sites.name })
      .from(cameras)
      .innerJoin(sites, eq(sites.id, cameras.siteId))
      .where(and(isNull(cameras.removedAt), scope === 'all' ? undefined : inArray(cameras.siteId, [...scope])))
      .orderBy(asc(sites.name), asc(cameras.name));
    const columns = columnNames.filter((c) => c !== 'password');
    const lines = rows.map(({ camera, site }) => columns.map((c) => (c === 'site' ? cell(site) : cell(camera[fieldOf[c]]))).join(','));
    return `\ufeff${[columns.join(','), ...lines].join('\r\n')}\r\n`;
  };
}

function cell(value: string | number | boolean | null): string {
  const text = typeof value === 'string' ? guardFormula(value) : value === null ? '' : String(value);
  return /[",;\t\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
