/** Rows to what the API and the event stream say, and the cursor of the lists. */
import { asc, desc, gt, inArray, lt, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Alert } from '../contract/alert.js';
import type { Page, PageQuery } from '../contract/page.js';
import type { SiteScope } from '../contract/principal.js';
import { toRfc3339 } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';
import type { alerts } from '../db/schema/index.js';

export type AlertRow = typeof alerts.$inferSelect;

export function alertOf(row: AlertRow): Alert {
  return {
    id: row.id,
    siteId: row.siteId,
    cameraId: row.cameraId,
    cameraName: row.cameraName,
    kind: row.kind,
    ruleId: row.ruleId,
    ruleName: row.ruleName,
    zoneId: row.zoneId,
    zoneName: row.zoneName,
    placeName: row.placeName,
    state: row.state,
    raisedAt: toRfc3339(row.raisedAt.getTime()),
    lastSeenAt: toRfc3339(row.lastSeenAt.getTime()),
    counts: row.counts,
    pictureId: row.pictureId,
    noPictureReason: row.noPictureReason,
    assignee: row.assignee,
    resolveReason: row.resolveReason as Alert['resolveReason'],
    steps: row.steps,
    version: row.version,
  };
}

/** The sites of a scope as a condition; undefined for all of them. Never asked with an empty scope: that is an empty page. */
export function within(column: PgColumn, scope: SiteScope): SQL | undefined {
  return scope === 'all' ? undefined : inArray(column, [...scope]);
}

/** What a list must ask for: where it goes on, in which order, and one row more than fits. */
export function pageStart(list: string, column: PgColumn, page: PageQuery, order: 'newest' | 'oldest'): { after: SQL | undefined; by: SQL; limit: number } {
  const id = page.cursor === undefined ? undefined : idOf(list, page.cursor);
  const by = order === 'newest' ? desc(column) : asc(column);
  if (id === undefined) return { after: undefined, by, limit: page.limit + 1 };
  return { after: order === 'newest' ? lt(column, id) : gt(column, id), by, limit: page.limit + 1 };
}

export function pageFrom<Row extends { id: string }, Item>(list: string, rows: readonly Row[], page: PageQuery, item: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { items: shown.map(item), nextCursor: rows.length > page.limit && last ? Buffer.from(`${list}:${last.id}`).toString('base64url') : null };
}

function idOf(list: string, cursor: string): string {
  const [name, id, ...rest] = Buffer.from(cursor, 'base64url').toString('utf8').split(':');
  if (name !== list || id === undefined || rest.length > 0 || !isId(id)) throw new HedgerowError('request.cursor', `The cursor is not one of the list of ${list}.`);
  return id;
}
