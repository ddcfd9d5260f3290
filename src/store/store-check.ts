/**
 * Proves that rows and objects agree, and finishes what a crash left half done (README.md). Rows and objects are walked
 * side by side in the order of their keys, a page of each in memory. Saves and deletions go on meanwhile, so every suspect
 * is looked at once more before it is reported.
 */
import { createHash } from 'node:crypto';
import { and, asc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ObjectInfo, ObjectStore } from '../contract/object-store.js';
import type { ReceiptLog } from '../contract/receipt-log.js';
import type { CheckReport, StoreCheck } from '../contract/store-ports.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, isAbort, messageOf } from '../core/errors.js';
import { alerts } from '../db/schema/alert.js';
import { deletionReceipts, pictures } from '../db/schema/store.js';
import type { Logger } from '../telemetry/logger.js';
import { finishDeletion } from './deletion.js';
import { checkLeaves } from './leaf-check.js';
import { kindOfKey, madeAtMs } from './object-keys.js';
import { createAtMostMs, findOrphans } from './orphans.js';
import { storedTables, tableOf, type StoredKind, type StoredRow, type StoredTable } from './stored-tables.js';

type Row = Pick<StoredRow, 'id' | 'objectKey' | 'bytes' | 'sha256' | 'deletingAt'>;
type Problem = CheckReport['problems'][number];

const rowsAtOnce = 1_000;
/** More problems than this are counted, not listed: the report stays readable. */
const listAtMost = 1_000;
/** how long the start waits for the search for orphans */
const recoverWaitMs = 5_000;
const columnsOf = ({ id, objectKey, bytes, sha256, deletingAt }: StoredTable) => ({ id, objectKey, bytes, sha256, deletingAt });

export function createStoreCheck(deps: { database: Database; objects: ObjectStore; receipts: ReceiptLog; clock: Clock; log: Logger }): StoreCheck {
  const { database, objects, clock, log } = deps;
  const { orm } = database;

  async function* rowsByKey(): AsyncGenerator<Row> {
    for (const { table } of storedTables) {
      const byteOrder = sql`${table.objectKey} collate "C"`;
      let after = '';
      for (let more = true; more; ) {
        const page = await orm.select(columnsOf(table)).from(table).where(sql`${byteOrder} > ${after}`).orderBy(byteOrder).limit(rowsAtOnce);
        yield* page;
        after = page.at(-1)?.objectKey ?? after;
        more = page.length === rowsAtOnce;
      }
    }
  }

  async function rowAgain({ id, objectKey }: Pick<Row, 'id' | 'objectKey'>): Promise<Row | undefined> {
    const table = tableOf(objectKey);
    const [row] = await orm.select(columnsOf(table)).from(table).where(eq(table.id, id));
    return row?.objectKey === objectKey ? row : undefined;
  }

  async function objectAgain(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    for await (const object of objects.list(key, signal)) return object.key === key ? object : undefined;
    return undefined;
  }

  async function check({ repair, readBytes, signal }: Parameters<StoreCheck['check']>[0]): Promise<CheckReport> {
    const problems: Problem[] = [];
    const counts = { picture: 0, reel: 0, objects: 0, problems: 0 };

    function report(kind: Problem['kind'], subject: string, detail: string, repaired = false): void {
      counts.problems++;
      if (problems.length < listAtMost) problems.push({ kind, subject, detail, repaired });
    }

    function countRow(row: Row): void {
      const kind: StoredKind = kindOfKey(row.objectKey).kind === 'reel' ? 'reel' : 'picture';
      counts[kind]++;
    }

    async function repaired(work: () => Promise<unknown>): Promise<boolean> {
      if (!repair) return false;
      try {
        await work();
        return true;
      } catch (thrown) {
        if (isAbort(thrown)) throw thrown;
        log.error({ error: messageOf(thrown) }, 'a repair failed');
        return false;
      }
    }

    async function objectAlone(object: ObjectInfo): Promise<void> {
      const found = kindOfKey(object.key);
      if (found.kind === 'foreign') {
        report('key-foreign', object.key, 'This is not an object of ours. It is left as it is: move it away by hand.');
        return;
      }
      // A create may be between its object and its row.
      const ageMs = clock.nowMs() - madeAtMs(found.id);
      if (ageMs >= 0 && ageMs < createAtMostMs) return;
      if (found.kind !== 'temporary' && (await rowAgain({ id: found.id, objectKey: object.key }))) return;
      if (!(await objectAgain(object.key, signal))) return;
      const mended = await repaired(() => objects.delete(object.key, signal));
      if (found.kind === 'temporary') report('temp-file', object.key, 'A write was interrupted and left this file.', mended);
      else report('row-missing', object.key, 'No row points at this object: it was never acknowledged.', mended);
    }

    async function rowAlone(row: Row): Promise<void> {
      const again = await rowAgain(row);
      // Being deleted: the object goes first.
      if (!again || again.deletingAt !== null) return;
      if (await objectAgain(row.objectKey, signal)) return;
      const mended = await repaired(() => finishDeletion(deps, row, 'object-missing', signal));
      report('object-missing', row.id, `The row has no object ${row.objectKey}.`, mended);
    }

    async function both(row: Row, object: ObjectInfo): Promise<void> {
      let detail: string | undefined;
      if (object.bytes !== row.bytes) detail = `The object has ${object.bytes} bytes, the row says ${row.bytes}.`;
      else if (readBytes) {
        const content = await objects.get(row.objectKey, signal);
        if (content && createHash('sha256').update(content).digest('hex') !== row.sha256) detail = 'The SHA-256 of the object differs from the row.';
      }
      if (detail === undefined) return;
      const again = await rowAgain(row);
      if (again?.deletingAt === null) report('object-corrupt', row.id, detail);
    }

    const rows = rowsByKey()[Symbol.asyncIterator]();
    const listing = objects.list('', signal)[Symbol.asyncIterator]();
    const nextRow = async (): Promise<Row | undefined> => ((await rows.next()).value as Row | undefined);
    const nextObject = async (): Promise<ObjectInfo | undefined> => ((await listing.next()).value as ObjectInfo | undefined);
    try {
      let row = await nextRow();
      let object = await nextObject();
      while (row || object) {
        if (signal.aborted) throw new HedgerowError('process.aborted', 'The check was stopped.', { cause: signal.reason });
        if (row && object && row.objectKey === object.key) {
          countRow(row);
          counts.objects++;
          await both(row, object);
          [row, object] = [await nextRow(), await nextObject()];
        } else if (!object || (row && row.objectKey < object.key)) {
          if (row) {
            countRow(row);
            await rowAlone(row);
          }
          row = await nextRow();
        } else {
          counts.objects++;
          await objectAlone(object);
          object = await nextObject();
        }
      }
    } finally {
      await rows.return?.(undefined);
      await listing.return?.(undefined);
    }
    await checkAlerts(report, signal);
    await checkLeaves(database, report, signal);
    return { clean: counts.problems === 0, pictures: counts.picture, reels: counts.reel, objects: counts.objects, problems };
  }

  /** A picture that an alert shows is there until its time is over, and then there is a receipt. */
  async function checkAlerts(report: (kind: Problem['kind'], subject: string, detail: string) => void, signal: AbortSignal): Promise<void> {
    for (let after: string | undefined; ; ) {
      if (signal.aborted) throw new HedgerowError('process.aborted', 'The check was stopped.', { cause: signal.reason });
      const page = await orm
        .select({ id: alerts.id, pictureId: alerts.pictureId })
        .from(alerts)
        .leftJoin(pictures, eq(pictures.id, alerts.pictureId))
        .leftJoin(deletionReceipts, and(eq(deletionReceipts.pictureId, alerts.pictureId), eq(deletionReceipts.reason, 'retention')))
        .where(and(isNotNull(alerts.pictureId), isNull(pictures.id), isNull(deletionReceipts.id), after === undefined ? undefined : sql`${alerts.id} > ${after}::uuid`))
        .orderBy(asc(alerts.id))
        .limit(rowsAtOnce);
      for (const { id, pictureId } of page) report('alert-picture-missing', id, `Its picture ${pictureId} is gone, and no receipt says why.`);
      after = page.at(-1)?.id;
      if (page.length < rowsAtOnce) return;
    }
  }

  async function recover(): Promise<void> {
    try {
      let deletions = 0;
      for (const { table } of storedTables) {
        for (let left = true; left; ) {
          const batch = await orm.select(columnsOf(table)).from(table).where(isNotNull(table.deletingAt)).orderBy(asc(table.id)).limit(rowsAtOnce);
          for (const row of batch) if (await finishDeletion(deps, row, 'retention')) deletions++;
          left = batch.length === rowsAtOnce;
        }
      }
      if (deletions > 0) log.warn({ deletions }, 'finished deletions that were left half done');
    } catch (thrown) {
      if (!away(thrown)) throw thrown;
      log.error({ error: messageOf(thrown) }, 'deletions that were left half done wait for the sweep: the object store is away');
      return;
    }
    // A large store is listed for minutes: what is left after a while is done beside the work that begins then.
    const startMs = clock.nowMs();
    let alone = database.kind === 'pglite';
    const pass = removeOrphans((madeMs) => {
      if (alone) return false;
      return madeMs > (database.kind === 'pglite' ? startMs : clock.nowMs() - createAtMostMs);
    });
    const waiting = new AbortController();
    const longEnough = clock.sleep(recoverWaitMs, waiting.signal).catch(() => undefined);
    await Promise.race([pass, longEnough]);
    waiting.abort();
    alone = false;
  }

  async function removeOrphans(leaveAlone: (madeMs: number) => boolean): Promise<void> {
    const removed = { picture: 0, reel: 0, temporary: 0 };
    try {
      for await (const { key, kind } of findOrphans(deps, { leaveAlone })) {
        await objects.delete(key);
        removed[kind]++;
      }
    } catch (thrown) {
      // The sweep does the same work later.
      log.warn({ error: messageOf(thrown) }, 'orphaned objects could not all be looked for');
    }
    if (removed.picture + removed.reel + removed.temporary > 0) log.warn({ pictures: removed.picture, reels: removed.reel, temporaryFiles: removed.temporary }, 'removed what nobody was told of');
  }

  return { check, recover };
}

/** A store that is away must not keep the village from starting. */
function away(thrown: unknown): boolean {
  return thrown instanceof HedgerowError && (thrown.code === 'store.unavailable' || thrown.code === 'store.full');
}
