/**
 * Objects that no row points at: a create that stopped between object and row, or an interrupted write. Nobody was ever
 * told of them. Young ones are left alone where somebody else may be in the middle of their create.
 */
import { inArray } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ObjectStore } from '../contract/object-store.js';
import { HedgerowError } from '../core/errors.js';
import { kindOfKey, madeAtMs } from './object-keys.js';
import { storedTables, type StoredKind } from './stored-tables.js';

/** A create that takes longer than this has failed: object store and database give up much sooner. */
export const createAtMostMs = 600_000;

const lookUpAtOnce = 500;

export interface Orphan {
  readonly key: string;
  readonly kind: StoredKind | 'temporary';
}

/**
 * Every orphan, in key order; memory for one page of keys.
 * @param options.leaveAlone says of the time at which a picture or reel was made (epoch ms) whether its create may be under way
 */
export async function* findOrphans(
  deps: { database: Database; objects: ObjectStore },
  options: { leaveAlone: (madeMs: number) => boolean; signal?: AbortSignal | undefined },
): AsyncGenerator<Orphan> {
  let page: { key: string; id: string; kind: StoredKind }[] = [];
  async function* withoutRow(): AsyncGenerator<Orphan> {
    if (page.length === 0) return;
    const known = new Set<string>();
    for (const { kind, table } of storedTables) {
      const ids = page.flatMap((one) => (one.kind === kind ? [one.id] : []));
      if (ids.length === 0) continue;
      for (const row of await deps.database.orm.select({ objectKey: table.objectKey }).from(table).where(inArray(table.id, ids))) known.add(row.objectKey);
    }
    for (const { key, kind } of page) if (!known.has(key)) yield { key, kind };
    page = [];
  }
  for await (const { key } of deps.objects.list('', options.signal)) {
    if (options.signal?.aborted) throw new HedgerowError('process.aborted', 'Stopped while looking for orphaned objects.');
    const found = kindOfKey(key);
    if (found.kind === 'foreign' || options.leaveAlone(madeAtMs(found.id))) continue;
    if (found.kind === 'temporary') {
      yield { key, kind: 'temporary' };
      continue;
    }
    page.push({ key, id: found.id, kind: found.kind });
    if (page.length >= lookUpAtOnce) yield* withoutRow();
  }
  yield* withoutRow();
}
