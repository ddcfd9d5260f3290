/**
 * Objects that no row points at: a create that stopped between object and row, or an interrupted write. Nobody was ever
 * told of them. Young ones are left alone where somebody else may be in the middle of their create.
 */
import { inArray } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ObjectStore } from '../contract/object-store.js';
import { HedgerowError } from '../core/errors.js';
import { pictures } from '../db/schema/store.js';
import { kindOfKey, madeAtMs } from './object-keys.js';

/** A create that takes longer than this has failed: object store and database give up much sooner. */
export const createAtMostMs = 600_000;

const lookUpAtOnce = 500;

export interface Orphan {
  readonly key: string;
  readonly kind: 'picture' | 'temporary';
}

/**
 * Every orphan, in key order; memory for one page of keys.
 * @param options.leaveAlone says of the time at which a picture was made (epoch ms) whether its create may be under way
 */
export async function* findOrphans(
  deps: { database: Database; objects: ObjectStore },
  options: { leaveAlone: (madeMs: number) => boolean; signal?: AbortSignal | undefined },
): AsyncGenerator<Orphan> {
  let page: { key: string; pictureId: string }[] = [];
  async function* withoutRow(): AsyncGenerator<Orphan> {
    if (page.length === 0) return;
    const found = await deps.database.orm.select({ objectKey: pictures.objectKey }).from(pictures).where(inArray(pictures.id, page.map((p) => p.pictureId)));
    const known = new Set(found.map((row) => row.objectKey));
    for (const { key } of page) if (!known.has(key)) yield { key, kind: 'picture' };
    page = [];
  }
  for await (const { key } of deps.objects.list('', options.signal)) {
    if (options.signal?.aborted) throw new HedgerowError('process.aborted', 'Stopped while looking for orphaned objects.');
    const found = kindOfKey(key);
    if (found.kind === 'foreign' || options.leaveAlone(madeAtMs(found.pictureId))) continue;
    if (found.kind === 'temporary') {
      yield { key, kind: 'temporary' };
      continue;
    }
    page.push({ key, pictureId: found.pictureId });
    if (page.length >= lookUpAtOnce) yield* withoutRow();
  }
  yield* withoutRow();
}
