/** Deletion on time, proved, and the check that finds every kind of disagreement. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { v7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { ObjectStore } from '../../src/contract/object-store.js';
import type { CheckReport, PictureStore } from '../../src/contract/store-ports.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { alerts, deletionReceipts, observations, pictures as table } from '../../src/db/schema/index.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { createS3ObjectStore } from '../../src/store/adapters/s3-object-store.js';
import { pictureKey } from '../../src/store/object-keys.js';
import { createPictureStore } from '../../src/store/picture-store.js';
import { createRetention } from '../../src/store/retention.js';
import { createStoreCheck } from '../../src/store/store-check.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { eachDatabase, silentLog, temporaryFolder } from '../support/databases.js';
import { testPicture, testSite } from '../support/pictures.js';
import { s3Endpoint, s3Keys, services } from '../support/services.js';

const noon = Date.UTC(2026, 0, 1, 12);
const dayMs = 86_400_000;
const signal = new AbortController().signal;

const kinds = [
  ...eachDatabase().map(({ name, open }) => ({ name: `${name}, file system`, s3: false, open })),
  ...(services.s3 ? eachDatabase(['memory']).map(({ name, open }) => ({ name: `${name}, S3`, s3: true, open })) : []),
];
if (!services.postgres) describe.skip('retention and check: Postgres (needs Postgres)', () => it('agrees', () => undefined));
if (!services.s3) describe.skip('retention and check: S3 (needs an S3 server: .ci/services/s3.sh start)', () => it('agrees', () => undefined));

describe.each(kinds)('retention and check: $name', ({ open, s3 }) => {
  let database: Database;
  let folder: string;
  let remove: () => Promise<void>;
  let objects: ObjectStore;
  let clock: SimulatedClock;
  let store: PictureStore;
  const bucket = `hedgerow-test-${randomBytes(6).toString('hex')}`;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock = new SimulatedClock(noon);
    ({ folder, remove } = await temporaryFolder());
    objects = s3
      ? createS3ObjectStore({ endpoint: s3Endpoint, bucket, ...s3Keys, forcePathStyle: true, log: silentLog })
      : createFsObjectStore({ folder, log: silentLog });
    store = createPictureStore({ database, objects, events: createEventLog({ database, clock, log: silentLog }), receipts: createReceiptLog({ database, clock }), clock, log: silentLog, metrics: createMetrics() });
  });
  afterEach(async () => {
    await database.orm.execute(sql`alter table receipt_leaves disable trigger all`);
    await database.orm.execute(sql`truncate receipt_leaves, pictures, observations, deletion_receipts, alerts, events, sites cascade`);
    await database.orm.execute(sql`alter table receipt_leaves enable trigger all`);
    if (s3) await Promise.all((await keys()).map((key) => objects.delete(key)));
    await objects.close();
    await remove();
  });

  const retention = (over = objects) => createRetention({ database, objects: over, receipts: createReceiptLog({ database, clock }), clock, log: silentLog });
  const checker = () => createStoreCheck({ database, objects, receipts: createReceiptLog({ database, clock }), clock, log: silentLog });
  const check = (options: { repair?: boolean; readBytes?: boolean } = {}): Promise<CheckReport> => checker().check({ repair: false, readBytes: true, signal, ...options });
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of objects.list('')) found.push(key);
    return found;
  };
  /** a picture made `ageMs` before the clock's now, as its id says, too */
  const aged = (ageMs: number, siteId: string) => testPicture({ siteId, pictureId: v7({ msecs: clock.nowMs() - ageMs }), receivedAtMs: clock.nowMs() - ageMs });

  it('deletes on time, leaves the rest, and writes a receipt for each', async () => {
    const [short, long] = [await testSite(database, { retentionDays: 1 }), await testSite(database, { retentionDays: 30 })];
    const gone = await Promise.all(Array.from({ length: 130 }, () => testPicture({ siteId: short }).then((picture) => store.save(picture))));
    const kept = await store.save(await testPicture({ siteId: long }));
    const young = await store.save(await testPicture({ siteId: short, receivedAtMs: noon + 3_600_000 }));
    clock.jump(dayMs - 1);
    expect(await retention().sweep(signal)).toBe(0);
    clock.jump(1);
    expect(await retention().sweep(signal)).toBe(130);
    expect(await retention().sweep(signal)).toBe(0);

    expect((await database.orm.select({ id: table.id }).from(table)).map((row) => row.id).sort()).toEqual([kept.id, young.id].sort());
    expect(await keys()).toHaveLength(2);
    const receipts = await database.orm.select().from(deletionReceipts);
    expect(receipts.map((r) => r.pictureId).sort()).toEqual(gone.map((row) => row.id).sort());
    const first = gone[0];
    expect(receipts.find((r) => r.pictureId === first?.id)).toMatchObject({
      siteId: short,
      sha256: first?.sha256,
      receiptHash: first?.receiptHash,
      expiredAt: new Date(noon + dayMs),
      deletedAt: new Date(noon + dayMs),
      reason: 'retention',
    });
    expect(await store.bytes(kept.id)).toHaveLength(kept.bytes);
    expect(await check()).toEqual({ clean: true, pictures: 2, reels: 0, objects: 2, problems: [] });
  });

  it('deletes observations at the same time', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    const row = (at: number): typeof observations.$inferInsert => ({ id: newId(), siteId, cameraId: newId(), at: new Date(at), counts: {}, zones: [], maskRatio: 0, changeRatio: 0, pictureId: null });
    await database.orm.insert(observations).values([row(noon - dayMs - 1), row(noon - dayMs - 2), row(noon - dayMs + 1_000)]);
    expect(await retention().sweep(signal)).toBe(2);
    expect(await database.orm.select().from(observations)).toHaveLength(1);
  });

  it('writes one receipt when two sweep at once', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    for (let i = 0; i < 20; i++) await store.save(await testPicture({ siteId }));
    clock.jump(dayMs);
    const counts = await Promise.all([retention().sweep(signal), retention().sweep(signal)]);
    expect(counts[0] + counts[1]).toBe(20);
    expect(await database.orm.select().from(deletionReceipts)).toHaveLength(20);
  });

  it('stops when told, and goes on later', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    for (let i = 0; i < 5; i++) await store.save(await testPicture({ siteId }));
    clock.jump(dayMs);
    await expect(retention().sweep(AbortSignal.abort())).rejects.toMatchObject({ code: 'process.aborted' });
    expect(await retention().sweep(signal)).toBe(5);
  });

  it('hides what it cannot delete, still deletes the rest, and tries again', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    const stuck = await testPicture({ siteId });
    for (const picture of [stuck, await testPicture({ siteId }), await testPicture({ siteId })]) await store.save(picture);
    clock.jump(dayMs);
    const key = pictureKey(stuck.receipt);
    const partly: ObjectStore = { ...objects, delete: (k) => (k === key ? Promise.reject(new HedgerowError('store.unavailable', 'away')) : objects.delete(k)) };
    await expect(retention(partly).sweep(signal)).rejects.toMatchObject({ code: 'store.unavailable' });
    const left = await database.orm.select().from(table);
    expect(left.map((row) => [row.objectKey, row.deletingAt !== null])).toEqual([[key, true]]);
    expect((await check()).clean).toBe(true);
    expect(await retention().sweep(signal)).toBe(1);
    expect(await keys()).toEqual([]);
  });

  it('finishes deletions that a crash left after either step', async () => {
    const siteId = await testSite(database);
    const [marked, objectGone] = [await testPicture({ siteId }), await testPicture({ siteId })];
    for (const picture of [marked, objectGone]) {
      await store.save(picture);
      await database.orm.update(table).set({ deletingAt: new Date(noon) }).where(eq(table.id, picture.receipt.pictureId));
    }
    await objects.delete(pictureKey(objectGone.receipt));
    expect((await check()).clean).toBe(true);
    await checker().recover();
    expect(await database.orm.select().from(table)).toEqual([]);
    expect(await database.orm.select().from(deletionReceipts)).toHaveLength(2);
    expect(await keys()).toEqual([]);
  });

  it('recovers from a create that stopped between object and row', async () => {
    const siteId = await testSite(database);
    const kept = await store.save(await testPicture({ siteId }));
    const [old, fresh] = [await aged(3_600_000, siteId), await aged(1_000, siteId)];
    for (const picture of [old, fresh]) await objects.put(pictureKey(picture.receipt), picture);
    await checker().recover();
    // With Postgres the fresh one may be another process's, in the middle of its create.
    const expected = [...(database.kind === 'postgres' ? [pictureKey(fresh.receipt)] : [])];
    expect((await keys()).filter((key) => !key.includes(kept.id))).toEqual(expected);
    expect((await check()).clean).toBe(true);
    clock.jump(7 * 3_600_000);
    const sweeper = retention();
    clock.jump(7 * 3_600_000);
    await sweeper.sweep(signal);
    expect(await keys()).toHaveLength(1);
  });

  it('starts although the object store is away', async () => {
    const siteId = await testSite(database);
    const { id } = await store.save(await testPicture({ siteId }));
    await database.orm.update(table).set({ deletingAt: new Date(noon) }).where(eq(table.id, id));
    const gone = (): never => {
      throw new HedgerowError('store.unavailable', 'away');
    };
    const away: ObjectStore = { ...objects, delete: () => Promise.reject(new HedgerowError('store.unavailable', 'away')), list: gone };
    await createStoreCheck({ database, objects: away, receipts: createReceiptLog({ database, clock }), clock, log: silentLog }).recover();
    expect(await database.orm.select().from(table)).toHaveLength(1);
  });

  it('finds and mends every kind of disagreement, and leaves the rest alone', async () => {
    const siteId = await testSite(database);
    const good = await testPicture({ siteId });
    const [missing, short, changed] = [await testPicture({ siteId }), await testPicture({ siteId }), await testPicture({ siteId })];
    for (const picture of [good, missing, short, changed]) await store.save(picture);
    const orphan = await aged(3_600_000, siteId);
    await objects.put(pictureKey(orphan.receipt), orphan);
    await objects.delete(pictureKey(missing.receipt));
    await objects.put(pictureKey(short.receipt), await testPicture({ ...short.receipt, jpeg: short.jpeg.slice(0, -1) }));
    const flipped = Uint8Array.from(changed.jpeg, (byte, i) => (i === 200 ? byte ^ 1 : byte));
    await objects.put(pictureKey(changed.receipt), await testPicture({ ...changed.receipt, jpeg: flipped }));
    const alertId = await alertWith(missing.receipt.siteId, newId());
    await alertWith(good.receipt.siteId, good.receipt.pictureId);
    const expected = [
      ['alert-picture-missing', alertId],
      ['object-corrupt', changed.receipt.pictureId],
      ['object-corrupt', short.receipt.pictureId],
      ['object-missing', missing.receipt.pictureId],
      ['row-missing', pictureKey(orphan.receipt)],
    ];
    if (!s3) {
      const temporary = `${pictureKey((await aged(3_600_000, siteId)).receipt)}.0123456789abcdef.tmp`;
      await mkdir(path.dirname(path.join(folder, temporary)), { recursive: true });
      await writeFile(path.join(folder, temporary), 'half');
      await writeFile(path.join(folder, 'pictures', 'readme.txt'), 'mine');
      expected.push(['temp-file', temporary], ['key-foreign', 'pictures/readme.txt']);
    }
    const found = (report: CheckReport): string[][] => report.problems.map((p) => [p.kind, p.subject]).sort(byText);

    expect(found(await check())).toEqual([...expected].sort(byText));
    expect((await check({ readBytes: false })).problems.filter((p) => p.kind === 'object-corrupt').map((p) => p.subject)).toEqual([short.receipt.pictureId]);
    const mended = await check({ repair: true });
    expect(mended.problems.filter((p) => p.repaired).map((p) => p.kind).sort()).toEqual(['object-missing', 'row-missing', ...(s3 ? [] : ['temp-file'])].sort());
    expect(found(await check())).toEqual(expected.filter(([kind]) => ['alert-picture-missing', 'object-corrupt', 'key-foreign'].includes(kind ?? '')).sort(byText));
    expect(await store.bytes(good.receipt.pictureId)).toEqual(good.jpeg);
    expect((await database.orm.select().from(deletionReceipts)).map((r) => [r.pictureId, r.reason])).toEqual([[missing.receipt.pictureId, 'object-missing']]);
  });

  it('is not misled by saves and sweeps that go on meanwhile', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    for (let i = 0; i < 30; i++) await store.save(await testPicture({ siteId }));
    clock.jump(dayMs);
    const fresh = Array.from({ length: 30 }, () => testPicture({ siteId, pictureId: v7({ msecs: clock.nowMs() }), receivedAtMs: clock.nowMs() }).then((p) => store.save(p)));
    const [report] = await Promise.all([check(), retention().sweep(signal), ...fresh]);
    expect(report.problems).toEqual([]);
    expect(await check()).toEqual({ clean: true, pictures: 30, reels: 0, objects: 30, problems: [] });
  });

  it('an alert whose picture was deleted on time is in order', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    const { id } = await store.save(await testPicture({ siteId }));
    await alertWith(siteId, id);
    clock.jump(dayMs);
    await retention().sweep(signal);
    expect((await check()).clean).toBe(true);
  });

  async function alertWith(siteId: string, pictureId: string): Promise<string> {
    const id = newId();
    await database.orm.insert(alerts).values({
      id, siteId, cameraId: newId(), cameraName: 'Gate', kind: 'guard-zone', state: 'raised', raisedAt: new Date(noon), lastSeenAt: new Date(noon), counts: {}, pictureId, steps: [], version: 1,
    });
    return id;
  }
});

function byText(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}
