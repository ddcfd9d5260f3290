/**
 * Proves that receipts and the leaves of the ledger's tree agree: every picture, reel and deletion has its leaf with the hash of
 * its receipt as it stands now, and every leaf of a picture or reel has that or the receipt of its deletion. A row and its
 * leaf are committed together, so one statement sees both or neither.
 */
import { createHash } from 'node:crypto';
import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { CheckReport } from '../contract/store-ports.js';
import { canonicalJson } from '../core/canonical-json.js';
import { HedgerowError } from '../core/errors.js';
import { receiptLeaves } from '../db/schema/ledger.js';
import { deletionReceipts } from '../db/schema/store.js';
import { deletionHash } from './deletion.js';
import { storedTables } from './stored-tables.js';

type Report = (kind: CheckReport['problems'][number]['kind'], subject: string, detail: string) => void;

const rowsAtOnce = 1_000;

export async function checkLeaves({ orm }: Database, report: Report, signal: AbortSignal): Promise<void> {
  function judge(what: string, id: string, receiptHash: string, leafHash: string | null): void {
    if (leafHash === null) report('leaf-missing', id, `The receipt of this ${what} is not among the leaves of the ledger.`);
    else if (leafHash !== receiptHash) report('leaf-differs', id, `The receipt of this ${what} is not the one whose hash is among the leaves of the ledger.`);
  }

  async function pages<T>(read: (after: T | undefined) => Promise<readonly unknown[]>, last: () => T | undefined): Promise<void> {
    for (let after: T | undefined; ; after = last()) {
      if (signal.aborted) throw new HedgerowError('process.aborted', 'The check was stopped.', { cause: signal.reason });
      if ((await read(after)).length < rowsAtOnce) return;
    }
  }

  let lastId: string | undefined;
  for (const { kind, table } of storedTables) {
    lastId = undefined;
    await pages<string>(
      async (after) => {
        const page = await orm
          .select({ id: table.id, receipt: table.receipt, receiptHash: table.receiptHash, leafHash: receiptLeaves.receiptHash })
          .from(table)
          .leftJoin(receiptLeaves, and(eq(receiptLeaves.subjectId, table.id), eq(receiptLeaves.kind, kind)))
          .where(after === undefined ? undefined : sql`${table.id} > ${after}::uuid`)
          .orderBy(asc(table.id))
          .limit(rowsAtOnce);
        for (const row of page) {
          const now = createHash('sha256').update(canonicalJson(row.receipt)).digest('hex');
          // Both the receipt and the hash beside it may have been written over.
          judge(kind, row.id, now === row.leafHash ? row.receiptHash : now, row.leafHash);
        }
        lastId = page.at(-1)?.id;
        return page;
      },
      () => lastId,
    );
  }

  await pages<string>(
    async (after) => {
      const page = await orm
        .select({ receipt: deletionReceipts, leafHash: receiptLeaves.receiptHash })
        .from(deletionReceipts)
        .leftJoin(receiptLeaves, and(eq(receiptLeaves.subjectId, deletionReceipts.id), eq(receiptLeaves.kind, 'deletion')))
        .where(after === undefined ? undefined : sql`${deletionReceipts.id} > ${after}::uuid`)
        .orderBy(asc(deletionReceipts.id))
        .limit(rowsAtOnce);
      for (const { receipt, leafHash } of page) judge('deletion', receipt.id, deletionHash(receipt), leafHash);
      lastId = page.at(-1)?.receipt.id;
      return page;
    },
    () => lastId,
  );

  let lastSeq: number | undefined;
  for (const { kind, table } of storedTables) {
    lastSeq = undefined;
    await pages<number>(
      async (after) => {
        const page = await orm
          .select({ seq: receiptLeaves.seq, subjectId: receiptLeaves.subjectId })
          .from(receiptLeaves)
          .leftJoin(table, eq(table.id, receiptLeaves.subjectId))
          .leftJoin(deletionReceipts, eq(deletionReceipts.pictureId, receiptLeaves.subjectId))
          .where(and(eq(receiptLeaves.kind, kind), isNull(table.id), isNull(deletionReceipts.id), after === undefined ? undefined : gt(receiptLeaves.seq, after)))
          .orderBy(asc(receiptLeaves.seq))
          .limit(rowsAtOnce);
        for (const { seq, subjectId } of page) report('leaf-alone', subjectId, `Leaf ${seq} tells of a ${kind} that is gone, and no receipt says why.`);
        lastSeq = page.at(-1)?.seq;
        return page;
      },
      () => lastSeq,
    );
  }
}
