/** No picture without its leaf and no leaf without its picture: creates, deletions, failures between, older rows; on both databases. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Executor } from '../../src/contract/database.js';
import type { ObjectStore } from '../../src/contract/object-store.js';
import type { ReceiptLeaf, ReceiptLog } from '../../src/contract/receipt-log.js';
import type { CheckReport } from '../../src/contract/store-ports.js';
import { canonicalJson } from '../../src/core/canonical-json.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { migrationsFolder } from '../../src/db/migrations-folder.js';
import { deletionReceipts, pictures as table, receiptLeaves } from '../../src/db/schema/index.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { deletionHash, finishDeletion } from '../../src/store/deletion.js';
import { pictureKey } from '../../src/store/object-keys.js';
import { createPictureStore } from '../../src/store/picture-store.js';
import { createStoreCheck } from '../../src/store/store-check.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { eachDatabase, silentLog, temporaryFolder } from '../support/databases.js';
import { testPicture, testSite } from '../support/pictures.js';

const noon = Date.UTC(2026, 0, 1, 12);

describe.each(eachDatabase())('leaves of pictures on $name', ({ open }) => {
  let database: Database;
  let remove: () => Promise<void>;
  let objects: ObjectStore;
  let receipts: ReceiptLog;
  let siteId: string;
  const clock = new SimulatedClock(noon);
  beforeAll(async () => {
    database = await open();
    receipts = createReceiptLog({ database, clock });
  });
  beforeEach(async () => {
    await behindItsBack(sql`truncate receipt_leaves, pictures, deletion_receipts, events, sites cascade`);
    siteId = await testSite(database);
    const made = await temporaryFolder();
    ({ remove } = made);
    objects = createFsObjectStore({ folder: made.folder, log: silentLog });
  });
  afterEach(() => remove());
  afterAll(() => database.close());

  async function behindItsBack(statement: ReturnType<typeof sql>): Promise<void> {
    await database.orm.execute(sql`alter table receipt_leaves disable trigger all`);
    await database.orm.execute(statement);
    await database.orm.execute(sql`alter table receipt_leaves enable trigger all`);
  }
  const storeOver = (over: Database = database, log = receipts) =>
    createPictureStore({ database: over, objects, events: createEventLog({ database: over, clock, log: silentLog }), receipts: log, clock, log: silentLog, metrics: createMetrics() });
  const leaves = (): Promise<readonly ReceiptLeaf[]> => receipts.after(0, 1000);
  const check = async (): Promise<CheckReport['problems']> =>
    (await createStoreCheck({ database, objects, receipts, clock, log: silentLog }).check({ repair: false, readBytes: false, signal: new AbortController().signal })).problems;
  const rows = async (): Promise<string[]> => (await database.orm.select({ id: table.id }).from(table)).map((row) => row.id);
  const keys = new Map<string, string>();
  const deletion = async (id: string, log = receipts): Promise<boolean> => {
    const [row] = await database.orm.select({ objectKey: table.objectKey }).from(table).where(eq(table.id, id));
    keys.set(id, row?.objectKey ?? keys.get(id) ?? '');
    return finishDeletion({ database, objects, receipts: log, clock }, { id, objectKey: keys.get(id) ?? '' }, 'retention');
  };

  it('a picture has the leaf of its receipt, once, however often it is saved', async () => {
    const picture = await testPicture({ siteId });
    const store = storeOver();
    const row = await store.save(picture);
    await store.save(picture);
    const hash = createHash('sha256').update(canonicalJson(picture.receipt)).digest('hex');
    expect(await leaves()).toMatchObject([{ kind: 'picture', subjectId: row.id, siteId, receiptHash: hash }]);
    expect(row.receiptHash).toBe(hash);
    expect(await check()).toEqual([]);
  });

  it('a deletion adds its own leaf and keeps that of the picture', async () => {
    const { id } = await storeOver().save(await testPicture({ siteId }));
    expect([await deletion(id), await deletion(id)]).toEqual([true, false]);
    const [receipt] = await database.orm.select().from(deletionReceipts);
    expect(await leaves()).toMatchObject([
      { kind: 'picture', subjectId: id },
      { kind: 'deletion', subjectId: receipt?.id, siteId, receiptHash: receipt && deletionHash(receipt) },
    ]);
    // The hash can be made again by whoever has the receipt as JSON.
    const asJson = { ...receipt, expiredAt: receipt?.expiredAt.toISOString(), deletedAt: receipt?.deletedAt.toISOString() };
    expect(receipt && deletionHash(receipt)).toBe(createHash('sha256').update(canonicalJson(asJson as never)).digest('hex'));
  });

  it.each(['before the leaf', 'after the leaf', 'at the commit'])('a transaction that fails %s leaves neither picture nor leaf', async (when) => {
    const away = new HedgerowError('store.unavailable', 'gone in the middle');
    const failing: ReceiptLog = {
      ...receipts,
      async record(leaf, tx) {
        if (when === 'before the leaf') throw away;
        await receipts.record(leaf, tx);
        if (when === 'after the leaf') throw away;
      },
    };
    const atCommit: Database = { ...database, transaction: <T>(work: (tx: Executor) => Promise<T>) => database.transaction(async (tx) => { await work(tx); throw away; }) };
    const picture = await testPicture({ siteId });
    await expect(storeOver(when === 'at the commit' ? atCommit : database, failing).save(picture)).rejects.toBe(away);
    expect([await rows(), await leaves(), await objects.get(pictureKey(picture.receipt))]).toEqual([[], [], undefined]);
    const { id } = await storeOver().save(picture);
    if (when !== 'at the commit') await expect(deletion(id, failing)).rejects.toBe(away);
    expect([await rows(), (await leaves()).map((l) => l.subjectId)]).toEqual([[id], [id]]);
    expect((await check()).filter((p) => p.kind.startsWith('leaf-'))).toEqual([]);
  });

  it('a commit whose answer was lost stands whole', async () => {
    const lost = new HedgerowError('database.unavailable', 'the line went dead');
    const deaf: Database = { ...database, transaction: async <T>(work: (tx: Executor) => Promise<T>): Promise<T> => { await database.transaction(work); throw lost; } };
    const picture = await testPicture({ siteId });
    await expect(storeOver(deaf).save(picture)).rejects.toBe(lost);
    expect([await rows(), (await leaves()).map((l) => l.subjectId), await check()]).toEqual([[picture.receipt.pictureId], [picture.receipt.pictureId], []]);
  });

  it('many writers at once: one leaf each, in the order of their numbers', async () => {
    const [one, two] = [storeOver(), storeOver()];
    const saved = await Promise.all(Array.from({ length: 24 }, async (_, i) => (i % 2 ? one : two).save(await testPicture({ siteId }))));
    const all = await leaves();
    expect(all.map((l) => l.subjectId).sort()).toEqual(saved.map((row) => row.id).sort());
    expect(all.map((l) => l.seq)).toEqual([...all.map((l) => l.seq)].sort((a, b) => a - b));
    expect(await check()).toEqual([]);
  });

  it('the check names what has no leaf, another hash, or nothing left', async () => {
    const store = storeOver();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await store.save(await testPicture({ siteId }))).id);
    const [noLeaf, receiptChanged, hashesChanged, rowVanished, receiptGone, deletionChanged] = ids as [string, string, string, string, string, string];
    await behindItsBack(sql`delete from receipt_leaves where subject_id = ${noLeaf}`);
    await database.orm.execute(sql`update pictures set receipt = jsonb_set(receipt, '{maskRatio}', '0.9') where id = ${receiptChanged}`);
    await database.orm.execute(sql`update pictures set receipt_hash = ${'0'.repeat(64)} where id = ${hashesChanged}`);
    await database.orm.delete(table).where(eq(table.id, rowVanished));
    for (const id of [receiptGone, deletionChanged]) await deletion(id);
    const [removed] = await database.orm.delete(deletionReceipts).where(eq(deletionReceipts.pictureId, receiptGone)).returning();
    const [forged] = await database.orm.update(deletionReceipts).set({ reason: 'object-missing' }).where(eq(deletionReceipts.pictureId, deletionChanged)).returning();
    expect(removed).toBeDefined();
    const found = (await check()).map((p) => [p.kind, p.subject]);
    expect(found.filter(([kind]) => kind?.startsWith('leaf-')).sort()).toEqual(
      [['leaf-missing', noLeaf], ['leaf-differs', receiptChanged], ['leaf-differs', hashesChanged], ['leaf-alone', rowVanished], ['leaf-alone', receiptGone], ['leaf-differs', forged?.id]].sort(),
    );
  });

  it('rows from before the leaves are given theirs, with the hashes of the code', async () => {
    const store = storeOver();
    const kept = await store.save(await testPicture({ siteId }));
    const { id } = await store.save(await testPicture({ siteId }));
    await deletion(id);
    const before = (await leaves()).filter((l) => l.subjectId !== id).map((l) => [l.kind, l.subjectId, l.receiptHash]);
    await behindItsBack(sql`delete from receipt_leaves`);
    expect((await check()).map((p) => p.kind)).toEqual(['leaf-missing', 'leaf-missing']);
    const statements = readFileSync(path.join(migrationsFolder(), '0008_receipt_leaves.sql'), 'utf8').split('--> statement-breakpoint').filter((s) => s.includes('INSERT INTO'));
    expect(statements).toHaveLength(2);
    for (const statement of statements) await database.orm.execute(sql.raw(statement));
    expect((await leaves()).map((l) => [l.kind, l.subjectId, l.receiptHash])).toEqual(before);
    expect(before[0]?.[1]).toBe(kept.id);
    expect(await check()).toEqual([]);
    expect(await database.orm.select().from(receiptLeaves)).toHaveLength(2);
  });
});
