/**
 * The leaves of the tree over receipts, in `receipt_leaves`. Procedure of a record: within the caller's transaction, take the
 * fleet's lock, then write the row. The lock is held to the end of that transaction, so whoever holds number n commits
 * before n + 1 is handed out, and a reader that has passed n never misses one. A transaction that is rolled back leaves a
 * hole that nobody fills. The database refuses to change or drop a leaf.
 */
import { asc, eq, gt, sql } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ReceiptLeaf, ReceiptLog } from '../contract/receipt-log.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { receiptLeaves } from '../db/schema/ledger.js';

/** Any number that nobody else uses as an advisory lock in the same database. */
const orderLock = 4_107_003;
const sha256Hex = /^[0-9a-f]{64}$/;

export function createReceiptLog({ database, clock }: { database: Database; clock: Clock }): ReceiptLog {
  return {
    async record({ kind, subjectId, siteId, receiptHash }, tx) {
      if (!sha256Hex.test(receiptHash)) throw new HedgerowError('process.defect', 'The hash of a receipt is no SHA-256.', { context: { kind, subjectId } });
      await tx.execute(sql`select pg_advisory_xact_lock(${orderLock})`);
      await tx.insert(receiptLeaves).values({ kind, subjectId, siteId, receiptHash, at: new Date(clock.nowMs()) });
    },
    async after(seq, limit) {
      const rows = await database.orm.select().from(receiptLeaves).where(gt(receiptLeaves.seq, seq)).orderBy(asc(receiptLeaves.seq)).limit(limit);
      return rows.map(leafOf);
    },
    async of(subjectId) {
      const [row] = await database.orm.select().from(receiptLeaves).where(eq(receiptLeaves.subjectId, subjectId));
      return row ? leafOf(row) : null;
    },
  };
}

function leafOf({ seq, kind, subjectId, siteId, receiptHash, at }: typeof receiptLeaves.$inferSelect): ReceiptLeaf {
  return { seq, kind, subjectId, siteId, receiptHash, at: toRfc3339(at.getTime()) };
}
