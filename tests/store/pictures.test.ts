/** Pictures and observations: create, find, read back; on both databases, with the file system as object store. */
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { ObjectStore } from '../../src/contract/object-store.js';
import type { MaskedPicture } from '../../src/contract/picture.js';
import type { PictureStore } from '../../src/contract/store-ports.js';
import { canonicalJson } from '../../src/core/canonical-json.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog, type RunningEventLog } from '../../src/db/event-log.js';
import { pictures as table } from '../../src/db/schema/index.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { pictureKey } from '../../src/store/object-keys.js';
import { createPictureStore } from '../../src/store/picture-store.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { eachDatabase, silentLog, temporaryFolder } from '../support/databases.js';
import { testPicture, testSite, tinyJpeg } from '../support/pictures.js';

const noon = Date.UTC(2026, 0, 1, 12);
const dayMs = 86_400_000;

describe.each(eachDatabase())('picture store on $name', ({ open }) => {
  let database: Database;
  let folder: string;
  let remove: () => Promise<void>;
  let objects: ObjectStore;
  let events: RunningEventLog;
  let clock: SimulatedClock;
  let store: PictureStore;
  beforeAll(async () => {
    clock = new SimulatedClock(noon);
    database = await open();
    ({ folder, remove } = await temporaryFolder());
    objects = createFsObjectStore({ folder, log: silentLog });
    events = createEventLog({ database, clock, log: silentLog });
    store = make(objects);
  });
  afterAll(async () => {
    await database.close();
    await remove();
  });
  const make = (over: ObjectStore): PictureStore => createPictureStore({ database, objects: over, events, receipts: createReceiptLog({ database, clock }), clock, log: silentLog, metrics: createMetrics() });

  it('keeps object, row and event, and gives everything back', async () => {
    const siteId = await testSite(database, { retentionDays: 7 });
    const picture = await testPicture({ siteId });
    const from = await events.latestSeq();
    const row = await store.save(picture);
    expect(row).toEqual({
      ...picture.receipt,
      id: picture.receipt.pictureId,
      bytes: picture.jpeg.byteLength,
      receiptHash: createHash('sha256').update(canonicalJson(picture.receipt)).digest('hex'),
      expiresAt: new Date(noon + 7 * dayMs).toISOString(),
    });
    expect(await store.picture(row.id)).toEqual(row);
    expect(await store.bytes(row.id)).toEqual(picture.jpeg);
    expect(await objects.get(pictureKey(picture.receipt))).toEqual(picture.jpeg);
    expect((await events.after(from, 10)).map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'picture.stored', data: { id: row.id, cameraId: row.cameraId, receivedAt: row.receivedAt, maskRatio: row.maskRatio } },
    ]);
  });

  it('answers the same when the same picture is saved again', async () => {
    const picture = await testPicture({ siteId: await testSite(database) });
    const first = await store.save(picture);
    expect(await store.save(picture)).toEqual(first);
    const other = await testPicture({ ...picture.receipt, jpeg: await tinyJpeg(3), sha256: createHash('sha256').update(await tinyJpeg(3)).digest('hex') });
    await expect(store.save(other)).rejects.toMatchObject({ code: 'process.defect' });
    expect(await store.bytes(first.id)).toEqual(picture.jpeg);
  });

  it('takes nothing but what the masker made', async () => {
    const real = await testPicture({ siteId: await testSite(database) });
    for (const fake of [{ ...real }, structuredClone(real), real.jpeg, null] as unknown[]) {
      await expect(store.save(fake as MaskedPicture)).rejects.toMatchObject({ code: 'picture.unmasked' });
    }
    await expect(store.picture(real.receipt.pictureId)).rejects.toMatchObject({ code: 'picture.unknown' });
  });

  it('refuses a picture that is not the one of its receipt, and one of an unknown site, and keeps nothing of them', async () => {
    const wrong = await testPicture({ siteId: await testSite(database), sha256: '0'.repeat(64) });
    await expect(store.save(wrong)).rejects.toMatchObject({ code: 'store.corrupt' });
    const stray = await testPicture();
    await expect(store.save(stray)).rejects.toMatchObject({ code: 'site.unknown' });
    for (const { receipt } of [wrong, stray]) expect(await objects.get(pictureKey(receipt))).toBeUndefined();
  });

  it('has no row when the object store is away or full', async () => {
    for (const code of ['store.unavailable', 'store.full'] as const) {
      const away = make({ ...objects, put: () => Promise.reject(new HedgerowError(code, 'away')) });
      const picture = await testPicture({ siteId: await testSite(database) });
      await expect(away.save(picture)).rejects.toMatchObject({ code });
      await expect(store.picture(picture.receipt.pictureId)).rejects.toMatchObject({ code: 'picture.unknown' });
    }
  });

  it('has no object when the row surely was not written', async () => {
    const picture = await testPicture({ siteId: await testSite(database) });
    const broken = createPictureStore({
      database,
      objects,
      events: { ...events, append: () => Promise.reject(new Error('the event has no room')) },
      receipts: createReceiptLog({ database, clock }),
      clock,
      log: silentLog,
      metrics: createMetrics(),
    });
    await expect(broken.save(picture)).rejects.toThrow('no room');
    expect(await objects.get(pictureKey(picture.receipt))).toBeUndefined();
    await expect(store.picture(picture.receipt.pictureId)).rejects.toMatchObject({ code: 'picture.unknown' });
  });

  it('notices bytes that were changed, and an object that is gone', async () => {
    const picture = await testPicture({ siteId: await testSite(database) });
    const { id } = await store.save(picture);
    await writeFile(path.join(folder, pictureKey(picture.receipt)), 'something else');
    await expect(store.bytes(id)).rejects.toMatchObject({ code: 'store.corrupt' });
    await objects.delete(pictureKey(picture.receipt));
    await expect(store.bytes(id)).rejects.toMatchObject({ code: 'store.corrupt' });
  });

  it('pages from the newest on, by site and camera, inside the scope', async () => {
    const [siteA, siteB] = [await testSite(database), await testSite(database)];
    const cameraId = newId();
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push((await store.save(await testPicture({ siteId: siteA, cameraId, receivedAtMs: noon + Math.floor(i / 2) }))).id);
    const other = await store.save(await testPicture({ siteId: siteB, receivedAtMs: noon + 60_000 }));
    const walk = async (scope: 'all' | string[], query: { siteId?: string; cameraId?: string }): Promise<string[]> => {
      const found: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await store.pictures(scope, { limit: 3, cursor, ...query });
        expect(page.items.length).toBeLessThanOrEqual(3);
        found.push(...page.items.map((item) => item.id));
        if (page.nextCursor === null) return found;
        cursor = page.nextCursor;
      }
    };
    const newestFirst = [...ids].reverse();
    expect(await walk('all', { cameraId })).toEqual(newestFirst);
    expect(await walk([siteA], {})).toEqual(newestFirst);
    expect(await walk([siteA, siteB], {})).toEqual([other.id, ...newestFirst]);
    expect(await walk('all', { siteId: siteB })).toEqual([other.id]);
    expect(await walk([siteA], { siteId: siteB })).toEqual([]);
    expect(await walk([], {})).toEqual([]);
    expect((await walk('all', {})).filter((id) => [...ids, other.id].includes(id))).toEqual([other.id, ...newestFirst]);
    for (const cursor of ['x', '', Buffer.from('1 2').toString('base64url'), ...['NaN', '-1', '8640000000000000', '-8640000000000000', '1e15'].map((at) => Buffer.from(`${at} ${newId()}`).toString('base64url'))]) {
      await expect(store.pictures('all', { limit: 3, cursor })).rejects.toMatchObject({ code: 'request.cursor' });
    }
  });

  it('shows nothing of a picture whose time is over, even before the sweep', async () => {
    const siteId = await testSite(database, { retentionDays: 1 });
    const { id } = await store.save(await testPicture({ siteId }));
    clock.jump(dayMs - 1);
    expect((await store.pictures([siteId], { limit: 10 })).items).toHaveLength(1);
    clock.jump(1);
    expect((await store.pictures([siteId], { limit: 10 })).items).toHaveLength(0);
    await expect(store.picture(id)).rejects.toMatchObject({ code: 'picture.unknown' });
    await expect(store.bytes(id)).rejects.toMatchObject({ code: 'picture.unknown' });
    clock.jump(-dayMs);
  });

  it('shows nothing of a picture that is being deleted, and answers a wrong id as unknown', async () => {
    const { id } = await store.save(await testPicture({ siteId: await testSite(database) }));
    await database.orm.update(table).set({ deletingAt: new Date() }).where(eq(table.id, id));
    await expect(store.bytes(id)).rejects.toMatchObject({ code: 'picture.unknown' });
    await expect(store.picture("'; drop table pictures; --")).rejects.toMatchObject({ code: 'picture.unknown' });
  });

  it('leaves no temporary file', async () => {
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
