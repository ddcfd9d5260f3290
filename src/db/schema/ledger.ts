/** Tables that ledger writes: append-only entries in a hash chain, and the leaves of the tree over receipts. */
import { bigint, bigserial, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { ReceiptLeaf } from '../../contract/receipt-log.js';
import { time } from './time.js';

export const ledgerEntries = pgTable('ledger_entries', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  /** canonical JSON of the entry: exactly these bytes are hashed */
  bytes: text('bytes').notNull(),
  prevHash: text('prev_hash').notNull(),
  hash: text('hash').notNull(),
});

/** Append-only. `seq` may have holes (a transaction that was rolled back); the tree is built over what is there, in this order. */
export const receiptLeaves = pgTable(
  'receipt_leaves',
  {
    seq: bigserial('seq', { mode: 'number' }).primaryKey(),
    kind: text('kind').$type<ReceiptLeaf['kind']>().notNull(),
    subjectId: uuid('subject_id').notNull(),
    siteId: uuid('site_id').notNull(),
    receiptHash: text('receipt_hash').notNull(),
    at: time('at').notNull(),
  },
  (t) => [uniqueIndex('receipt_leaves_subject').on(t.subjectId)],
);
