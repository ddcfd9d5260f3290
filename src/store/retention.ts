/**
 * Deletes what is past its time: pictures and reels by the steps of README.md, observations in batches. What has an object that
 * cannot be deleted now stays marked (nobody is answered it any more) and is tried again by the next sweep.
 */
import { and, asc, eq, inArray, lt, lte, sql } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ObjectStore } from '../contract/object-store.js';
import type { ReceiptLog } from '../contract/receipt-log.js';
import type { Retention } from '../contract/store-ports.js';
import type { Clock } from '../core/clock.js';
import { asHedgerowError, HedgerowError, isAbort } from '../core/errors.js';
import { sites } from '../db/schema/register.js';
import { observations } from '../db/schema/store.js';
import type { Logger } from '../telemetry/logger.js';
import { finishDeletion } from './deletion.js';
import { createAtMostMs, findOrphans } from './orphans.js';
import { storedTables, type StoredRow, type StoredTable } from './stored-tables.js';

const rowsAtOnce = 100;
const deletionsAtOnce = 8;
const observationsAtOnce = 5_000;
const orphansEveryMs = 6 * 3_600_000;
const dayMs = 86_400_000;

export function createRetention(deps: { database: Database; objects: ObjectStore; receipts: ReceiptLog; clock: Clock; log: Logger }): Retention {
  const { database, objects, clock, log } = deps;
  const { orm } = database;
  // Recovery has just looked when we start.
  let orphansAtMs = clock.nowMs();

  function goOn(signal: AbortSignal): void {
    if (signal.aborted) throw new HedgerowError('process.aborted', 'The sweep was stopped; the next one goes on.', { cause: signal.reason });
  }

  /** Step 1 for one batch. Marked rows come again: whoever marked them may have died. */
  async function mark(table: StoredTable, after: string | undefined): Promise<Pick<StoredRow, 'id' | 'objectKey'>[]> {
    const now = new Date(clock.nowMs());
    const due = orm
      .select({ id: table.id })
      .from(table)
      .where(and(lte(table.expiresAt, now), after === undefined ? undefined : sql`${table.id} > ${after}::uuid`))
      .orderBy(asc(table.id))
      .limit(rowsAtOnce)
      .for('update', { skipLocked: true });
    const marked = await orm
      .update(table)
      .set({ deletingAt: sql`coalesce(${table.deletingAt}, ${now.toISOString()}::timestamptz)` })
      .where(inArray(table.id, due))
      .returning({ id: table.id, objectKey: table.objectKey });
    return marked.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async function sweepRows(table: StoredTable, signal: AbortSignal): Promise<{ deleted: number; error: HedgerowError | undefined }> {
    let deleted = 0;
    let failed = 0;
    let firstError: HedgerowError | undefined;
    for (let after: string | undefined; ; ) {
      goOn(signal);
      const batch = await mark(table, after);
      if (batch.length === 0) break;
      after = batch.at(-1)?.id;
      const rest = [...batch];
      const lane = async (): Promise<void> => {
        for (let row = rest.shift(); row; row = rest.shift()) {
          goOn(signal);
          try {
            if (await finishDeletion(deps, row, 'retention', signal)) deleted++;
          } catch (thrown) {
            if (isAbort(thrown)) throw thrown;
            failed++;
            firstError ??= asHedgerowError(thrown);
          }
        }
      };
      const lanes = await Promise.allSettled(Array.from({ length: deletionsAtOnce }, lane));
      for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
      // A store that refuses everything is not asked for everything of the village.
      if (failed >= rowsAtOnce) break;
    }
    if (failed > 0) log.error({ deleted, failed, error: firstError?.message }, 'pictures or reels past their time could not be deleted yet');
    return { deleted, error: firstError };
  }

  async function sweepObservations(signal: AbortSignal): Promise<number> {
    let deleted = 0;
    const all = await orm.select({ id: sites.id, retentionDays: sites.retentionDays }).from(sites);
    for (const site of all) {
      const before = new Date(clock.nowMs() - site.retentionDays * dayMs);
      for (let gone = observationsAtOnce; gone >= observationsAtOnce; deleted += gone) {
        goOn(signal);
        const old = orm
          .select({ id: observations.id })
          .from(observations)
          .where(and(eq(observations.siteId, site.id), lt(observations.at, before)))
          .limit(observationsAtOnce);
        gone = (await orm.delete(observations).where(inArray(observations.id, old)).returning({ id: observations.id })).length;
      }
    }
    return deleted;
  }

  async function sweepOrphans(signal: AbortSignal): Promise<number> {
    if (clock.nowMs() - orphansAtMs < orphansEveryMs) return 0;
    let deleted = 0;
    for await (const { key } of findOrphans(deps, { leaveAlone: (madeMs) => madeMs > clock.nowMs() - createAtMostMs, signal })) {
      await objects.delete(key, signal);
      deleted++;
    }
    orphansAtMs = clock.nowMs();
    if (deleted > 0) log.warn({ deleted }, 'objects without a row were deleted');
    return deleted;
  }

  return {
    async sweep(signal) {
      let deleted = 0;
      let error: HedgerowError | undefined;
      for (const { table } of storedTables) {
        const swept = await sweepRows(table, signal);
        deleted += swept.deleted;
        error ??= swept.error;
      }
      const deletedObservations = await sweepObservations(signal);
      // A failure is the sweep's failure, but it holds up nothing that can be deleted.
      if (error) throw error;
      const orphans = await sweepOrphans(signal);
      if (deleted + deletedObservations > 0) log.info({ picturesAndReels: deleted, observations: deletedObservations }, 'deleted what was past its time');
      return deleted + deletedObservations + orphans;
    },
  };
}
