/** Pages of lists that are ordered by id. The cursor is the last id, opaque to the caller. */
import { and, gt, inArray, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Page, PageQuery } from '../contract/page.js';
import type { SiteScope } from '../contract/principal.js';
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';

/** @throws HedgerowError `request.cursor` */
export function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!isId(id)) throw new HedgerowError('request.cursor', 'The cursor does not come from this list; begin without one.');
  return id;
}

export function writeCursor(id: string): string {
  return Buffer.from(id, 'latin1').toString('base64url');
}

/** The condition of a page: scope, cursor, and whatever else is given. */
export function pageWhere(options: { id: PgColumn; siteId: PgColumn; scope: SiteScope; page: PageQuery; also?: readonly (SQL | undefined)[] }): SQL | undefined {
  const { id, siteId, scope, page, also = [] } = options;
  return and(
    scope === 'all' ? undefined : inArray(siteId, [...scope]),
    page.cursor === undefined ? undefined : gt(id, readCursor(page.cursor)),
    ...also,
  );
}

/**
 * One row more than the page is asked for tells whether there is a next one.
 * @param select runs the query with that limit, ordered by id
 */
export async function readPage<Row extends { id: string }>(page: PageQuery, select: (limit: number) => Promise<Row[]>): Promise<Page<Row>> {
  const rows = await select(page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > page.limit && last ? writeCursor(last.id) : null };
}

