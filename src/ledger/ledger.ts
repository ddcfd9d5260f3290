/**
 * Appends entries to the hash chain and checks it. Procedure of an append: wait for a place in the batch; take the
 * fleet's lock; read the last row; write the rows that follow it; commit; acknowledge. A crash before the commit leaves
 * the chain as it was, and nobody was told otherwise.
 */
import { asc, desc, gt, lt, sql } from 'drizzle-orm';
import type { Ledger, LedgerEntry, NewLedgerEntry } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import type { Page } from '../contract/page.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { ledgerEntries } from '../db/schema/index.js';
import { checkEntry, entryOf, genesisHash, holds, rowOf, type LedgerRow } from './entry.js';

/** Key of the advisory lock that orders the appends of all processes ("HGLEDGER" cut to 63 bits). */
const appendLock = 0x4847_4c45_4447n;
const batchSize = 100;
const verifyPageSize = 500;

interface Waiting {
  readonly entry: ReturnType<typeof checkEntry>;
  resolve(entry: LedgerEntry): void;
  reject(reason: unknown): void;
}

export function createLedger({ database, clock }: { database: Database; clock: Clock }): Ledger {
  const waiting: Waiting[] = [];
  let writing = false;

  async function write(batch: readonly Waiting[]): Promise<readonly LedgerRow[]> {
    return database.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${appendLock.toString()}::bigint)`);
      const [last] = await tx.select().from(ledgerEntries).orderBy(desc(ledgerEntries.seq)).limit(1);
      const tsUtc = toRfc3339(clock.nowMs());
      const rows: LedgerRow[] = [];
      let { seq, hash } = last ?? { seq: 0, hash: genesisHash };
      for (const { entry } of batch) {
        const row = rowOf(entry, seq + 1, tsUtc, hash);
        rows.push(row);
        ({ seq, hash } = row);
      }
      await tx.insert(ledgerEntries).values(rows);
      return rows;
    });
  }

  async function drain(): Promise<void> {
    if (writing) return;
    writing = true;
    try {
      while (waiting.length > 0) {
        const batch = waiting.splice(0, batchSize);
        try {
          const rows = await write(batch);
          batch.forEach((w, i) => w.resolve(entryOf(rows[i] as LedgerRow)));
        } catch (thrown) {
          for (const w of batch) w.reject(thrown);
        }
      }
    } finally {
      writing = false;
    }
  }

  return {
    async append(entry: NewLedgerEntry): Promise<LedgerEntry> {
      const checked = checkEntry(entry);
      return new Promise((resolve, reject) => {
        waiting.push({ entry: checked, resolve, reject });
        void drain();
      });
    },

    async entries(page): Promise<Page<LedgerEntry>> {
      const before = page.cursor === undefined ? undefined : lt(ledgerEntries.seq, seqOf(page.cursor));
      const rows = await database.orm.select().from(ledgerEntries).where(before).orderBy(desc(ledgerEntries.seq)).limit(page.limit + 1);
      const items = rows.slice(0, page.limit).map(entryOf);
      return { items, nextCursor: rows.length > page.limit ? cursorOf(items.at(-1)?.seq ?? 0) : null };
    },

    async verify(signal) {
      let [seq, prevHash] = [0, genesisHash];
      for (;;) {
        if (signal.aborted) throw new HedgerowError('process.aborted', `Stopped after ${seq} entries of the ledger.`, { cause: signal.reason });
        const rows = await database.orm.select().from(ledgerEntries).where(gt(ledgerEntries.seq, seq)).orderBy(asc(ledgerEntries.seq)).limit(verifyPageSize);
        for (const row of rows) {
          if (!holds(row, seq + 1, prevHash)) return { entries: seq, brokenAt: seq + 1 };
          ({ seq, hash: prevHash } = row);
        }
        if (rows.length < verifyPageSize) {
          // A row numbered below 1 would never have been read.
          const [stray] = await database.orm.select({ seq: ledgerEntries.seq }).from(ledgerEntries).where(lt(ledgerEntries.seq, 1)).limit(1);
          return { entries: seq, brokenAt: stray ? stray.seq : null };
        }
      }
    },
  };
}

function cursorOf(seq: number): string {
  return Buffer.from(`ledger:${seq}`).toString('base64url');
}

function seqOf(cursor: string): number {
  const match = /^ledger:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!match) throw new HedgerowError('request.cursor', 'The cursor is not one of the ledger.');
  return Number(match[1]);
}
