import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlertEngine } from '../../src/alert/alert-engine.js';
import type { Database } from '../../src/contract/database.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { alerts, channels, deliveries, places, rules } from '../../src/db/schema/index.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { eachDatabase, memoryDatabase, silentLog } from '../support/databases.js';
import { addRule, addZone, eventually, hit, mostly, sampleOf, settle, type Village } from './village.js';

const t0 = Date.UTC(2026, 5, 1, 12);
type Engine = ReturnType<typeof createAlertEngine>;

describe.each(eachDatabase())('alert engine on $name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  let engine: Engine;
  let outbox: number;
  const running: Engine[] = [];

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(() => {
    clock = new SimulatedClock(t0);
    outbox = 0;
    engine = build();
  });
  afterEach(async () => {
    for (const e of running.splice(0)) await e.close();
  });

  function build(over: Database = database): Engine {
    const events = createEventLog({ database: over, clock, log: silentLog });
    const made = createAlertEngine({ database: over, events, clock, log: silentLog, metrics: createMetrics(), onOutbox: () => outbox++, baseUrl: 'https://hedgerow.example' });
    running.push(made);
    return made;
  }
  const rowsOf = (village: Village) => database.orm.select().from(alerts).where(eq(alerts.cameraId, village.cameraId)).orderBy(alerts.raisedAt, alerts.id);
  const eventsOf = async (village: Village) =>
    (await createEventLog({ database, clock, log: silentLog }).after(0, 100_000)).filter((e) => e.siteId === village.siteId).map((e) => e.type);
  async function see(village: Village, atMs: number, hits = [hit(village.zoneId)], pictureId: string | null = null, from = engine) {
    await clock.advance(atMs - clock.nowMs());
    return from.observe(sampleOf(village, atMs, hits), pictureId);
  }

  it('raises once for what goes on, tells counts as they grow, ends it when it was quiet', async () => {
    const v = await settle(database);
    const first = await see(v, t0);
    expect(first).toHaveLength(1);
    expect(first[0]).toMatchObject({ kind: 'guard-zone', state: 'raised', version: 1, zoneName: 'Pump door', placeName: 'Pump house', ruleName: 'Pump', counts: { person: 1 } });
    expect(first[0]?.noPictureReason).toBe('No picture of this moment was made.');
    for (let s = 1; s < 20; s++) await see(v, t0 + s * 1000, [hit(v.zoneId, { person: s < 10 ? 1 : 2, animal: 3 })]);
    await clock.advance(40_000);
    await eventually(async () => expect((await rowsOf(v))[0]?.endedAt).not.toBeNull());
    const [row, ...more] = await rowsOf(v);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ state: 'raised', version: 1, counts: { person: 2 }, lastSeenAt: new Date(t0 + 19_000), endedAt: new Date(t0 + 49_000) });
    expect(await eventsOf(v)).toEqual(['alert.raised', 'alert.changed', 'alert.changed']);
    expect(await see(v, t0 + 120_000)).toHaveLength(1);
    expect(await rowsOf(v)).toHaveLength(2);
  });

  it('says beforehand whether a hit would raise', async () => {
    const v = await settle(database);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0)).toBe(true); // rules not read yet
    await engine.refresh(v.cameraId);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0)).toBe(true);
    expect(engine.wouldRaise(v.cameraId, [], t0)).toBe(false);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId, { animal: 1 })], t0)).toBe(false);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId, { person: 1 }, 0.03)], t0)).toBe(false);
    expect(engine.wouldRaise(v.cameraId, [hit(newId())], t0)).toBe(false);
    await see(v, t0, [hit(v.zoneId)], randomUUID());
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0 + 500)).toBe(false);
  });

  it('waits for the dwell time, over frames that the detector missed, and begins anew after a real absence', async () => {
    const v = await settle(database, { rule: { dwellMs: 5_000 } });
    for (const s of [0, 1, 3, 4]) expect(await see(v, t0 + s * 1000)).toEqual([]);
    await see(v, t0 + 12_000);
    for (const s of [13, 14, 15, 16]) expect(await see(v, t0 + s * 1000)).toEqual([]);
    expect(await see(v, t0 + 17_000)).toHaveLength(1);
  });

  it('two rules of one zone make one alert of one happening', async () => {
    const v = await settle(database);
    await addRule(database, { ...v, ruleId: newId() }, { name: 'Vehicles', classes: ['vehicle'] });
    await see(v, t0, [hit(v.zoneId, { person: 1, vehicle: 1 })]);
    await see(v, t0 + 1000, [hit(v.zoneId, { vehicle: 2 })]);
    expect(await rowsOf(v)).toHaveLength(1);
  });

  it('two zones of one camera are two happenings', async () => {
    const v = await settle(database);
    const other = newId();
    await addZone(database, { siteId: v.siteId, cameraId: v.cameraId, zoneId: other, placeId: v.placeId });
    await addRule(database, { ...v, zoneId: other, ruleId: newId() });
    expect(await see(v, t0, [hit(v.zoneId), hit(other)])).toHaveLength(2);
  });

  it('a picture that comes later fills the alert, once', async () => {
    const v = await settle(database);
    await engine.observe(sampleOf(v, t0, [hit(v.zoneId)], { picture: { status: 'withheld', reason: 'learning' } }), null);
    expect((await rowsOf(v))[0]?.noPictureReason).toBe('The empty scene behind the camera is not learned yet.');
    const [pictureId, later] = [randomUUID(), randomUUID()];
    const told = await see(v, t0 + 1000, [hit(v.zoneId)], pictureId);
    expect(told[0]).toMatchObject({ pictureId, noPictureReason: null });
    await see(v, t0 + 2000, [hit(v.zoneId)], later);
    expect((await rowsOf(v))[0]).toMatchObject({ pictureId, noPictureReason: null });
  });

  it('a picture that could not be stored is said so', async () => {
    const v = await settle(database);
    const made = { status: 'made', keep: true, picture: {} as never } as const;
    await engine.observe(sampleOf(v, t0, [hit(v.zoneId)], { picture: made }), null);
    expect((await rowsOf(v))[0]?.noPictureReason).toBe('The picture could not be stored.');
  });

  it('writes one delivery for every channel in scope, in the transaction of the alert', async () => {
    const v = await settle(database);
    const [own, every, off, gone, foreign] = [newId(), newId(), newId(), newId(), newId()];
    const channel = (id: string, siteId: string | null, over: Partial<typeof channels.$inferInsert> = {}) => ({ id, siteId, kind: 'webhook' as const, name: 'desk', url: 'https://desk.example/', sealedSecret: '', enabled: true, createdAt: new Date(t0), ...over });
    await database.orm.insert(channels).values([channel(own, v.siteId), channel(every, null), channel(off, null, { enabled: false }), channel(gone, null, { removedAt: new Date(t0) }), channel(foreign, newId())]);
    const [alert] = await see(v, t0);
    const rows = await database.orm.select().from(deliveries).where(eq(deliveries.alertId, alert?.id ?? ''));
    expect(rows.map((r) => r.channelId).sort()).toEqual([own, every].sort());
    expect(outbox).toBe(1);
    const body = JSON.parse(rows.find((r) => r.channelId === own)?.body ?? '') as Record<string, unknown>;
    expect(body).toEqual({
      type: 'alert.raised',
      idempotencyKey: `${alert?.id}.${own}`,
      alert: {
        id: alert?.id,
        site: { id: v.siteId, name: `village ${v.siteId}` },
        camera: { id: v.cameraId, name: `Pump ${v.cameraId.slice(-12)}` },
        zone: { id: v.zoneId, name: 'Pump door' },
        place: { name: 'Pump house', kind: 'pump-station' },
        input: null,
        kind: 'guard-zone',
        counts: { person: 1 },
        raisedAt: new Date(t0).toISOString(),
        pictureId: null,
        noPictureReason: 'No picture of this moment was made.',
        url: `https://hedgerow.example/api/v1/alerts/${alert?.id}`,
      },
    });
    await database.orm.delete(channels);
  });

  it('goes on after a restart in mid-happening, and after a crash that wrote nothing more', async () => {
    const v = await settle(database, { rule: { quietMs: 10_000 } });
    for (let s = 0; s < 8; s++) await see(v, t0 + s * 1000);
    await engine.close();
    const second = build();
    await see(v, t0 + 25_000, [hit(v.zoneId)], null, second); // 18 s later, 15 s of them nobody looked
    const third = build(); // the second one "crashed"
    await see(v, t0 + 29_000, [hit(v.zoneId)], null, third);
    expect(await rowsOf(v)).toHaveLength(1);
  });

  it('ends what was over long before the restart', async () => {
    const v = await settle(database);
    await see(v, t0);
    await engine.close();
    const second = build();
    await see(v, t0 + 600_000, [hit(v.zoneId)], null, second);
    const rows = await rowsOf(v);
    expect(rows).toHaveLength(2);
    expect(rows[0]?.endedAt).toEqual(new Date(t0 + 30_000));
    expect(rows[1]?.endedAt).toBeNull();
  });

  it('two workers that see the same at once raise one alert', async () => {
    const v = await settle(database);
    const second = build();
    await Promise.all([engine.refresh(v.cameraId), second.refresh(v.cameraId)]);
    const both = await Promise.all([engine.observe(sampleOf(v, t0, [hit(v.zoneId)]), null), second.observe(sampleOf(v, t0 + 5, [hit(v.zoneId)]), null)]);
    expect(both.flat()).toHaveLength(1);
    expect(await rowsOf(v)).toHaveLength(1);
  });

  it('takes up a changed rule without being asked, and stops at its removal', async () => {
    const v = await settle(database, { rule: { enabled: false } });
    await engine.start();
    expect(await see(v, t0)).toEqual([]);
    await database.orm.update(rules).set({ enabled: true }).where(eq(rules.id, v.ruleId));
    await database.notify('hg_camera', v.cameraId);
    await eventually(() => expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0)).toBe(true));
    await database.orm.update(rules).set({ removedAt: new Date(t0) }).where(eq(rules.id, v.ruleId));
    await database.notify('hg_camera', v.cameraId);
    await eventually(() => expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0)).toBe(false));
  });

  it('is armed by the schedule in the zone of the site, and not after the rule ended', async () => {
    const v = await settle(database, { timeZone: 'Asia/Kolkata', schedule: { weekly: mostly }, rule: { endsOn: '2026-06-02' } });
    await engine.refresh(v.cameraId);
    const at = (iso: string): boolean => engine.wouldRaise(v.cameraId, [hit(v.zoneId)], Date.parse(iso));
    expect(at('2026-06-01T14:29:59Z')).toBe(true); // 19:59:59
    expect(at('2026-06-01T14:30:00Z')).toBe(false); // 20:00
    expect(at('2026-06-01T18:30:00Z')).toBe(true); // midnight
    expect(at('2026-06-02T14:00:00Z')).toBe(true);
    expect(at('2026-06-02T18:30:00Z')).toBe(false); // 3 June
  });

  it('the consent of a resident ends during the happening: nothing more counts', async () => {
    const v = await settle(database, { placeKind: 'dwelling', consent: { reference: 'file 12', until: '2026-06-01' } });
    await engine.refresh(v.cameraId);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], Date.UTC(2026, 5, 1, 23, 59))).toBe(true);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], Date.UTC(2026, 5, 2))).toBe(false);
    await database.orm.update(places).set({ consentUntil: null, consentReference: null }).where(eq(places.id, v.placeId));
    await engine.refresh(v.cameraId);
    expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0)).toBe(false);
  });

  describe('contacts', () => {
    const press = (v: Village, atMs: number, active: boolean, input = 'DI1', from = engine) =>
      clock.advance(Math.max(0, atMs - clock.nowMs())).then(() => from.input({ siteId: v.siteId, cameraId: v.cameraId, input, active, atMs }));

    it('one alert from the press until the contact was open for ten seconds', async () => {
      const v = await settle(database);
      await press(v, t0, true);
      await press(v, t0 + 100, true);
      await press(v, t0 + 2_000, false);
      await press(v, t0 + 9_000, true);
      await press(v, t0 + 9_500, false);
      expect(await rowsOf(v)).toHaveLength(1);
      await press(v, t0 + 19_600, true);
      const rows = await rowsOf(v);
      expect(rows).toHaveLength(2);
      expect(rows[0]).toMatchObject({ kind: 'input', inputName: 'DI1', zoneId: null, counts: {} });
      expect(rows[0]?.steps[0]?.note).toBe('Contact DI1');
      await eventually(async () => expect((await eventsOf(v)).filter((t) => t === 'input.changed')).toHaveLength(6));
    });
    it('a release without a press, and another contact', async () => {
      const v = await settle(database);
      await press(v, t0, false);
      expect(await rowsOf(v)).toHaveLength(0);
      await press(v, t0 + 1, true);
      await press(v, t0 + 2, true, 'DI2');
      expect(await rowsOf(v)).toHaveLength(2);
    });
    it('a contact that stays closed is one alert, over a restart too; one that never opens lets the next press through', async () => {
      const v = await settle(database);
      await press(v, t0, true);
      for (let s = 0; s < 60; s += 5) {
        await clock.advance(5_000);
        await eventually(async () => expect((await rowsOf(v))[0]?.lastSeenAt.getTime()).toBeGreaterThanOrEqual(t0 + s * 1000));
      }
      await engine.close();
      const second = build();
      await press(v, t0 + 65_000, true, 'DI1', second);
      expect(await rowsOf(v)).toHaveLength(1);
      await press(v, t0 + 65_000 + 700_000, true, 'DI1', second);
      expect(await rowsOf(v)).toHaveLength(2);
    });
    it('asks for a picture of the press, and takes the next one', async () => {
      const v = await settle(database);
      await press(v, t0, true);
      expect(engine.wouldRaise(v.cameraId, [], t0 + 100)).toBe(true);
      const pictureId = randomUUID();
      await see(v, t0 + 500, [], pictureId);
      expect((await rowsOf(v))[0]).toMatchObject({ pictureId, noPictureReason: null });
      expect(engine.wouldRaise(v.cameraId, [], t0 + 600)).toBe(false);
    });
  });

  it('one happening is one alert, whatever the order of hits, restarts and crashes', async () => {
    const quietMs = 10_000;
    const step = fc.record({ gapMs: fc.integer({ min: 200, max: 40_000 }), hits: fc.boolean(), restart: fc.constantFrom('no', 'no', 'no', 'stop', 'crash') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const v = await settle(database, { rule: { quietMs }, sampleIntervalMs: 500 });
        clock = new SimulatedClock(t0);
        let current = build();
        let [atMs, lastHitMs, restarted, crashed] = [t0, -Infinity, false, false];
        let expected = 0;
        for (const { gapMs, hits, restart } of steps) {
          if (restart === 'stop') await current.close();
          if (restart === 'crash') clock = new SimulatedClock(clock.nowMs()); // the timers of the old one never fire
          if (restart !== 'no') {
            current = build();
            restarted = true;
            crashed ||= restart === 'crash';
          }
          atMs += gapMs;
          // A crash forgets up to 5 s of what was seen: not a time to be asked about.
          const nearMs = quietMs + 15_000 - (atMs - lastHitMs);
          if (crashed && nearMs > 0 && nearMs <= 5_000) atMs += 5_000;
          await see(v, atMs, hits ? [hit(v.zoneId)] : [], null, current);
          // Time without a worker is not quiet: until the first sign after a restart there are 15 s more.
          const limitMs = quietMs + (restarted ? 15_000 : 0);
          if (atMs - lastHitMs >= limitMs) lastHitMs = -Infinity;
          if (hits) {
            if (lastHitMs === -Infinity) expected++;
            lastHitMs = atMs;
          }
          restarted &&= !hits && lastHitMs !== -Infinity;
          crashed &&= restarted;
        }
        await current.close();
        expect(await rowsOf(v)).toHaveLength(expected);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

describe('alert engine while the database is away', () => {
  it('keeps raises in order, tries again, loses nothing', async () => {
    const real = await memoryDatabase();
    const clock = new SimulatedClock(t0);
    let away = false;
    const down = (): never => {
      throw new HedgerowError('database.unavailable', 'The database does not answer.');
    };
    const database: Database = { ...real, transaction: (work) => (away ? Promise.reject(new HedgerowError('database.unavailable', 'away')) : real.transaction(work)), probe: async () => (away ? down() : real.probe()) };
    const engine = createAlertEngine({ database, events: createEventLog({ database, clock, log: silentLog }), clock, log: silentLog, metrics: createMetrics() });
    const villages = [await settle(real), await settle(real), await settle(real)];
    for (const v of villages) await engine.refresh(v.cameraId);
    away = true;
    for (const [i, v] of villages.entries()) expect(await engine.observe(sampleOf(v, t0 + i, [hit(v.zoneId)]), null)).toEqual([]);
    // It goes on meanwhile, with more people, and one of them is over before the database is back.
    await clock.advance(20_000);
    const [a, b] = villages as [Village, Village, Village];
    await engine.observe(sampleOf(a, t0 + 20_000, [hit(a.zoneId, { person: 3 })]), null);
    await engine.observe(sampleOf(b, t0 + 20_000, [hit(b.zoneId)]), null);
    await clock.advance(20_000);
    expect(await real.orm.select().from(alerts)).toHaveLength(0);
    away = false;
    await clock.advance(16_000);
    await eventually(async () => expect(await real.orm.select().from(alerts)).toHaveLength(3));
    const rows = await real.orm.select().from(alerts).orderBy(alerts.raisedAt);
    expect(rows.map((r) => r.cameraId)).toEqual(villages.map((v) => v.cameraId));
    await clock.advance(60_000);
    await eventually(async () => {
      const ended = await real.orm.select().from(alerts).orderBy(alerts.raisedAt);
      expect(ended.map((r) => r.endedAt?.getTime())).toEqual([t0 + 50_000, t0 + 50_000, t0 + 30_002]);
      expect(ended[0]?.counts).toEqual({ person: 3 });
    });
    await engine.close();
    expect(clock.pendingTimers).toBe(0);
    await real.close();
  });
});
