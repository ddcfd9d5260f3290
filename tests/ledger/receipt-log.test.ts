/** The leaves of receipts: in the caller's transaction, in the order of their commits, never changed; on both databases. */
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { ReceiptLeaf, ReceiptLog } from '../../src/contract/receipt-log.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { eachDatabase } from '../support/databases.js';

describe.each(eachDatabase())('receipt log on $name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  let log: ReceiptLog;
  beforeAll(async () => {
    database = await open();
    clock = new SimulatedClock();
    log = createReceiptLog({ database, clock });
  });
  afterAll(() => database.close());

  const leaf = (kind: ReceiptLeaf['kind'] = 'picture') => ({ kind, subjectId: newId(), siteId: newId(), receiptHash: randomBytes(32).toString('hex') });
  const record = (what: ReturnType<typeof leaf>): Promise<void> => database.transaction((tx) => log.record(what, tx));
  const last = async (): Promise<number> => (await log.after(0, 10_000)).at(-1)?.seq ?? 0;

  it('gives leaves back in order, in pages, and by subject', async () => {
    const from = await last();
    const made = [leaf(), leaf('reel'), leaf('deletion')];
    for (const one of made) await record(one);
    const [a, b, c] = await log.after(from, 10);
    expect([a, b, c]).toEqual(made.map((one, i) => ({ ...one, seq: [a, b, c][i]?.seq, at: '2026-01-01T00:00:00.000Z' })));
    expect((a?.seq ?? 0) < (b?.seq ?? 0) && (b?.seq ?? 0) < (c?.seq ?? 0)).toBe(true);
    expect(await log.after(a?.seq ?? 0, 1)).toEqual([b]);
    expect(await log.of(made[1]?.subjectId ?? '')).toEqual(b);
    expect(await log.of(newId())).toBeNull();
  });

  it('has one leaf for a subject, and nothing that is no hash', async () => {
    const one = leaf();
    await record(one);
    await expect(record(one)).rejects.toThrow('receipt_leaves_subject');
    await expect(record({ ...leaf(), receiptHash: 'x' })).rejects.toMatchObject({ code: 'process.defect' });
    expect((await log.of(one.subjectId))?.receiptHash).toBe(one.receiptHash);
  });

  it('leaves a hole, and no leaf, where a transaction was rolled back', async () => {
    const [before, lost, after] = [leaf(), leaf(), leaf()];
    await record(before);
    await expect(database.transaction(async (tx) => { await log.record(lost, tx); throw new Error('not today'); })).rejects.toThrow('not today');
    await record(after);
    expect(await log.of(lost.subjectId)).toBeNull();
    const seqs = (await log.after((await log.of(before.subjectId))?.seq ?? 0, 10)).map((l) => l.seq);
    expect(seqs).toEqual([((await log.of(before.subjectId))?.seq ?? 0) + 2]);
  });

  it('a reader that follows writers at work misses none', async () => {
    let from = await last();
    const seen: string[] = [];
    const wanted = Array.from({ length: 60 }, () => leaf());
    let writing = true;
    const writers = Promise.all(
      wanted.map((one, i) =>
        database.transaction(async (tx) => {
          await log.record(one, tx);
          // Every third one takes its time between its number and its commit.
          if (i % 3 === 0 && database.kind === 'postgres') await tx.execute(sql`select pg_sleep(0.01)`);
        }),
      ),
    ).finally(() => (writing = false));
    for (let more = true; more; ) {
      more = writing;
      const page = await log.after(from, 7);
      seen.push(...page.map((l) => l.subjectId));
      from = page.at(-1)?.seq ?? from;
      more ||= page.length > 0;
    }
    await writers;
    expect([...seen].sort()).toEqual(wanted.map((one) => one.subjectId).sort());
  });

  it('refuses update, delete and truncate in the database', async () => {
    await record(leaf());
    for (const statement of [sql`update receipt_leaves set receipt_hash = 'x'`, sql`delete from receipt_leaves`, sql`truncate receipt_leaves`]) {
      await expect(database.orm.execute(statement)).rejects.toThrow();
    }
  });
});
