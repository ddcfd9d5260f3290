/** Reels in the store: like pictures from their create to their receipt of deletion, and one for each alert. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { v7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database, EventLog } from '../../src/contract/database.js';
import type { ObjectStore } from '../../src/contract/object-store.js';
import type { MaskedReel, ReelStore } from '../../src/contract/reel.js';
import type { CheckReport } from '../../src/contract/store-ports.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { alerts, deletionReceipts, reels as table } from '../../src/db/schema/index.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { deletionHash } from '../../src/store/deletion.js';
import { reelKey } from '../../src/store/object-keys.js';
import { createReelStore } from '../../src/store/reel-store.js';
import { createRetention } from '../../src/store/retention.js';
import { createStoreCheck } from '../../src/store/store-check.js';
import { memoryDatabase, silentLog, temporaryFolder } from '../support/databases.js';
import { testReel, testSite } from '../support/pictures.js';

const noon = Date.UTC(2026, 0, 1, 12);
const dayMs = 86_400_000;
const signal = new AbortController().signal;

describe('reels', () => {
  let database: Database;
  let folder: string;
  let remove: () => Promise<void>;
  let objects: ObjectStore;
  let clock: SimulatedClock;
  let events: EventLog;
  let store: ReelStore;
  let siteId: string;
  beforeAll(async () => {
    database = await memoryDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock = new SimulatedClock(noon);
    ({ folder, remove } = await temporaryFolder());
    objects = createFsObjectStore({ folder, log: silentLog });
    events = createEventLog({ database, clock, log: silentLog });
    store = make();
    siteId = await testSite(database, { retentionDays: 2 });
  });
  afterEach(async () => {
    await database.orm.execute(sql`alter table receipt_leaves disable trigger all`);
    await database.orm.execute(sql`truncate receipt_leaves, reels, deletion_receipts, alerts, events, sites cascade`);
    await database.orm.execute(sql`alter table receipt_leaves enable trigger all`);
    await remove();
  });

  const receipts = () => createReceiptLog({ database, clock });
  function make(over: Partial<Parameters<typeof createReelStore>[0]> = {}): ReelStore {
    return createReelStore({ database, objects, events, receipts: receipts(), afterMs: 20_000, clock, log: silentLog, ...over });
  }
  const checker = () => createStoreCheck({ database, objects, receipts: receipts(), clock, log: silentLog });
  const check = async (repair = false): Promise<CheckReport['problems']> => (await checker().check({ repair, readBytes: true, signal })).problems;
  const sweep = () => createRetention({ database, objects, receipts: receipts(), clock, log: silentLog }).sweep(signal);
  const fileOf = (reel: MaskedReel) => path.join(folder, reelKey(reel.receipt));

  async function raiseAlert(raisedAtMs: number): Promise<string> {
    const id = newId();
    const at = new Date(raisedAtMs);
    await database.orm.insert(alerts).values({
      id, siteId, cameraId: newId(), cameraName: 'c', kind: 'input', ruleId: null, ruleName: null, zoneId: null, zoneName: null, placeName: null, inputName: 'button', state: 'raised',
      raisedAt: at, lastSeenAt: at, endedAt: null, counts: {}, pictureId: null, noPictureReason: 'none', assignee: null, resolveReason: null, steps: [], version: 1,
    });
    return id;
  }

  it('are stored with row, leaf and event, and come back whole', async () => {
    const reel = await testReel({ siteId });
    const from = await events.latestSeq();
    const row = await store.saveReel(reel);
    expect(row).toMatchObject({ id: reel.receipt.reelId, alertId: reel.receipt.alertId, siteId, bytes: reel.file.byteLength, expiresAt: '2026-01-03T12:00:00.000Z' });
    expect(await store.reel(row.id)).toEqual(row);
    expect(await store.reelOfAlert(row.alertId)).toEqual(row);
    expect(await store.reelBytes(row.id)).toEqual(reel.file);
    expect(await receipts().of(row.id)).toMatchObject({ kind: 'reel', siteId, receiptHash: row.receiptHash });
    expect((await events.after(from, 10)).map((e) => [e.type, e.data])).toEqual([['reel.stored', { id: row.id, alertId: row.alertId, cameraId: row.cameraId }]]);
    expect(await check()).toEqual([]);
    expect((await checker().check({ repair: false, readBytes: true, signal })).reels).toBe(1);
  });

  it('are one for an alert: the first stays, and the second leaves no object', async () => {
    const first = await testReel({ siteId });
    const second = await testReel({ siteId, alertId: first.receipt.alertId });
    const row = await store.saveReel(first);
    expect(await store.saveReel(second)).toEqual(row);
    expect(await objects.get(reelKey(second.receipt))).toBeUndefined();
  });

  it('are not taken when they are not sealed, not whole, or of no site; a row that fails leaves no object', async () => {
    const reel = await testReel({ siteId });
    await expect(store.saveReel({ ...reel })).rejects.toMatchObject({ code: 'picture.unmasked' });
    await expect(store.saveReel(await testReel({ siteId, sha256: '0'.repeat(64) }))).rejects.toMatchObject({ code: 'store.corrupt' });
    await expect(store.saveReel(await testReel())).rejects.toMatchObject({ code: 'site.unknown' });
    await expect(make({ events: { ...events, append: () => Promise.reject(new Error('no room')) } }).saveReel(reel)).rejects.toThrow('no room');
    await expect(make({ objects: { ...objects, put: () => Promise.reject(new HedgerowError('store.full', 'full')) } }).saveReel(reel)).rejects.toMatchObject({ code: 'store.full' });
    expect(await objects.get(reelKey(reel.receipt))).toBeUndefined();
    await expect(store.reel(reel.receipt.reelId)).rejects.toMatchObject({ code: 'reel.unknown' });
  });

  it('say of an alert without one whether it is still to come', async () => {
    const alertId = await raiseAlert(noon);
    const why = async (of = store, id = alertId): Promise<string> => of.reelOfAlert(id).then(() => 'there', (thrown: unknown) => (thrown as HedgerowError).message);
    expect(await why()).toBe('Not yet: its pictures are collected until 2026-01-01T12:00:20.000Z.');
    clock.jump(21_000);
    expect(await why()).toBe('Not yet: it is being made.');
    clock.jump(600_000);
    expect(await why()).toContain('There is none');
    expect(await why(make({ afterMs: null }))).toContain('switched off');
    expect(await why(store, newId())).toContain('no such alert');
    expect(await why(store, "'; drop table reels; --")).toContain('no such alert');
  });

  it('are deleted on time, counted from the first picture, with a receipt and its leaf', async () => {
    const reel = await testReel({ siteId });
    const { id } = await store.saveReel(reel);
    clock.jump(2 * dayMs - 1);
    await sweep();
    expect(await store.reelBytes(id)).toEqual(reel.file);
    clock.jump(1);
    await expect(store.reelBytes(id)).rejects.toMatchObject({ code: 'reel.unknown' });
    await expect(store.reelOfAlert(reel.receipt.alertId)).rejects.toMatchObject({ code: 'reel.unknown' });
    expect(await sweep()).toBe(1);
    expect(await objects.get(reelKey(reel.receipt))).toBeUndefined();
    const [receipt] = await database.orm.select().from(deletionReceipts).where(eq(deletionReceipts.pictureId, id));
    expect(receipt).toMatchObject({ objectKey: reelKey(reel.receipt), sha256: reel.receipt.sha256, reason: 'retention' });
    expect(await receipts().of(receipt?.id ?? '')).toMatchObject({ kind: 'deletion', receiptHash: receipt && deletionHash(receipt) });
    expect(await check()).toEqual([]);
  });

  it('are checked: what is missing, changed, alone or half written is named, and repaired where it can be', async () => {
    const old = () => v7({ msecs: noon - dayMs });
    const [missing, corrupt, alone] = [await testReel({ siteId }), await testReel({ siteId }), await testReel({ siteId, reelId: old() })];
    for (const reel of [missing, corrupt]) await store.saveReel(reel);
    await objects.delete(reelKey(missing.receipt));
    await objects.put(reelKey(alone.receipt), alone);
    await writeFile(fileOf(corrupt), new Uint8Array(corrupt.file.byteLength));
    await writeFile(`${fileOf(alone)}.0123456789abcdef.tmp`, 'half');
    await writeFile(path.join(folder, 'reels', 'holiday.webm'), 'mine');
    const found = (await check(true)).map((p) => [p.kind, p.subject, p.repaired]);
    expect(found.sort()).toEqual(
      [
        ['object-missing', missing.receipt.reelId, true],
        ['object-corrupt', corrupt.receipt.reelId, false],
        ['row-missing', reelKey(alone.receipt), true],
        ['temp-file', `${reelKey(alone.receipt)}.0123456789abcdef.tmp`, true],
        ['key-foreign', 'reels/holiday.webm', false],
      ].sort(),
    );
    expect((await check()).map((p) => p.kind).sort()).toEqual(['key-foreign', 'object-corrupt']);
    await expect(store.reelBytes(corrupt.receipt.reelId)).rejects.toMatchObject({ code: 'store.corrupt' });
  });

  it('that were half created or half deleted by a crash are finished at the next start', async () => {
    const [halfDeleted, halfCreated] = [await testReel({ siteId }), await testReel({ siteId, reelId: v7({ msecs: noon - 1_000 }) })];
    const { id } = await store.saveReel(halfDeleted);
    await database.orm.update(table).set({ deletingAt: new Date(noon) }).where(eq(table.id, id));
    await expect(store.reel(id)).rejects.toMatchObject({ code: 'reel.unknown' });
    await objects.put(reelKey(halfCreated.receipt), halfCreated);
    await checker().recover();
    for (const reel of [halfDeleted, halfCreated]) expect(await objects.get(reelKey(reel.receipt))).toBeUndefined();
    expect(await database.orm.select().from(table)).toEqual([]);
    expect(await check()).toEqual([]);
  });
});
