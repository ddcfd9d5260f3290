/** Observations: batches, a database that is away, and paging. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import { SystemClock } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createObservationStore } from '../../src/store/observation-store.js';
import { eachDatabase, silentLog } from '../support/databases.js';
import { testSample } from '../support/pictures.js';

const noon = Date.UTC(2026, 0, 1, 12);

describe.each(eachDatabase())('observation store on $name', ({ open }) => {
  let database: Database;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  it('writes within a quarter of a second what was recorded, as it was', async () => {
    const store = createObservationStore({ database, clock: new SystemClock(), log: silentLog });
    const zoneId = newId();
    const pictureId = newId();
    const sample = testSample({ hits: [{ zoneId, counts: { vehicle: 2 }, tallestRatio: 0.5 }] });
    const began = performance.now();
    await store.record(sample, pictureId);
    expect(performance.now() - began).toBeLessThan(2_000);
    const { items } = await store.observations('all', { limit: 10, cameraId: sample.cameraId });
    expect(items).toEqual([
      {
        id: items[0]?.id,
        siteId: sample.siteId,
        cameraId: sample.cameraId,
        at: new Date(sample.receivedAtMs).toISOString(),
        counts: { person: 1 },
        zones: [{ zoneId, counts: { vehicle: 2 } }],
        maskRatio: 0.2,
        changeRatio: 0.1,
        pictureId,
      },
    ]);
    await store.close();
  });

  it('writes a full batch at once, without waiting for time to pass', async () => {
    const store = createObservationStore({ database, clock: new SimulatedClock(), log: silentLog });
    const siteId = newId();
    await Promise.all(Array.from({ length: 100 }, () => store.record(testSample({ siteId }), null)));
    expect((await store.observations([siteId], { limit: 500 })).items).toHaveLength(100);
    await store.close();
  });

  it('writes the rest when it closes', async () => {
    const store = createObservationStore({ database, clock: new SimulatedClock(), log: silentLog });
    const siteId = newId();
    const recorded = Promise.all(Array.from({ length: 7 }, () => store.record(testSample({ siteId }), null)));
    await store.close();
    await recorded;
    expect((await store.observations([siteId], { limit: 500 })).items).toHaveLength(7);
  });

  it('holds nobody up while the database is away, keeps a bounded number, and writes them later', async () => {
    const clock = new SimulatedClock();
    const siteId = newId();
    let away = true;
    const orm = new Proxy(database.orm, {
      get(target, name, receiver) {
        if (name === 'insert' && away) throw new HedgerowError('database.unavailable', 'away');
        const value: unknown = Reflect.get(target, name, receiver);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const store = createObservationStore({ database: { ...database, orm }, clock, log: silentLog });
    const first = store.record(testSample({ siteId, receivedAtMs: noon }), null);
    await clock.advance(300);
    await first;
    for (let i = 1; i <= 10_050; i++) await store.record(testSample({ siteId, receivedAtMs: noon + i }), null);
    expect(store.dropped()).toBe(51);
    away = false;
    await store.flush();
    const { items } = await store.observations([siteId], { limit: 1 });
    expect(items[0]?.at).toBe(new Date(noon + 10_050).toISOString());
    let n = 0;
    let oldest = '';
    for (let cursor: string | undefined; ; ) {
      const page = await store.observations([siteId], { limit: 500, cursor });
      n += page.items.length;
      oldest = page.items.at(-1)?.at ?? oldest;
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(n).toBe(10_000);
    expect(oldest).toBe(new Date(noon + 51).toISOString());
    await store.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('looks at no site outside the scope', async () => {
    const store = createObservationStore({ database, clock: new SystemClock(), log: silentLog });
    const sample = testSample();
    await store.record(sample, null);
    expect((await store.observations([], { limit: 5 })).items).toEqual([]);
    expect((await store.observations([newId()], { limit: 5, siteId: sample.siteId })).items).toEqual([]);
    await store.close();
  });
});
