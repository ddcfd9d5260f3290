/** Table that ledger writes: append-only entries in a hash chain. */
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';

export const ledgerEntries = pgTable('ledger_entries', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  /** canonical JSON of the entry: exactly these bytes are hashed */
  bytes: text('bytes').notNull(),
  prevHash: text('prev_hash').notNull(),
  hash: text('hash').notNull(),
});
