import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlertRules } from '../../src/alert/alert-rules.js';
import type { NewRule, NewSchedule } from '../../src/contract/alert.js';
import type { AlertRules } from '../../src/contract/alert-ports.js';
import type { Database } from '../../src/contract/database.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { schedules } from '../../src/db/schema/index.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { eachDatabase, silentLog } from '../support/databases.js';
import { admin, always, eventually, mostly, never, settle, type Village } from './village.js';

describe.each(eachDatabase())('alert rules on $name', ({ open }) => {
  let database: Database;
  let rules: AlertRules;
  let ledger: ReturnType<typeof createLedger>;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(() => {
    const clock = new SimulatedClock(Date.UTC(2026, 5, 1, 12));
    ledger = createLedger({ database, clock });
    rules = createAlertRules({ database, ledger, clock, log: silentLog });
  });

  const newRule = (v: Village, over: Partial<NewRule> = {}): NewRule => ({
    siteId: v.siteId, name: 'Pump', zoneId: v.zoneId, scheduleId: v.scheduleId, classes: ['person'], reason: 'thefts', endsOn: '2026-12-31', dwellMs: 0, minHeightRatio: 0.04, quietMs: 30_000, enabled: true, ...over,
  });
  const newSchedule = (v: Village, over: Partial<NewSchedule> = {}): NewSchedule => ({ siteId: v.siteId, name: 'Night', weekly: mostly, reason: '', reviewOn: null, ...over });
  const lastEntry = async () => (await ledger.entries({ limit: 1 })).items[0];

  it('makes a rule for an allowed place, says whether it is armed, and tells the workers', async () => {
    const v = await settle(database, { rule: null, schedule: { weekly: mostly } });
    const told: string[] = [];
    const stop = await database.listen('hg_camera', (payload) => told.push(payload));
    const rule = await rules.createRule(newRule(v), admin);
    expect(rule).toEqual({ ...newRule(v), id: rule.id, cameraId: v.cameraId, armed: true });
    await eventually(() => expect(told).toContain(v.cameraId));
    expect(await rules.rule(rule.id)).toEqual(rule);
    expect((await rules.rules([v.siteId], { limit: 5 })).items).toEqual([rule]);
    expect(await lastEntry()).toMatchObject({ actor: `user:root ${admin.id}`, action: 'rule.create', outcome: 'ok', objectId: rule.id });
    const idle = await rules.createRule(newRule(v, { enabled: false }), admin);
    expect(idle.armed).toBe(false);
    await rules.removeRule(rule.id, admin);
    await expect(rules.rule(rule.id)).rejects.toMatchObject({ code: 'rule.unknown' });
    await expect(rules.removeRule(rule.id, admin)).rejects.toMatchObject({ code: 'rule.unknown' });
    expect((await rules.rules([v.siteId], { limit: 5 })).items.map((r) => r.id)).toEqual([idle.id]);
    await stop();
  });

  it('refuses an end too far away or past, with an entry in the ledger', async () => {
    const v = await settle(database, { rule: null });
    for (const endsOn of ['2027-06-03', '2026-05-31']) {
      await expect(rules.createRule(newRule(v, { endsOn }), admin)).rejects.toMatchObject({ code: 'rule.boundary', httpStatus: 422 });
      expect(await lastEntry()).toMatchObject({ action: 'rule.create', outcome: 'refused', objectType: 'zone', objectId: v.zoneId });
    }
    await rules.createRule(newRule(v, { endsOn: '2027-06-02' }), admin);
    await rules.createRule(newRule(v, { endsOn: '2026-06-01' }), admin);
  });

  it('knows no zone and no schedule of another site', async () => {
    const [v, w] = [await settle(database), await settle(database)];
    await expect(rules.createRule(newRule(v, { zoneId: w.zoneId }), admin)).rejects.toMatchObject({ code: 'zone.unknown' });
    await expect(rules.createRule(newRule(v, { scheduleId: w.scheduleId }), admin)).rejects.toMatchObject({ code: 'schedule.unknown' });
    await expect(rules.createRule(newRule(v, { siteId: newId() }), admin)).rejects.toMatchObject({ code: 'site.unknown' });
    await expect(rules.createSchedule(newSchedule(v, { siteId: newId() }), admin)).rejects.toMatchObject({ code: 'site.unknown' });
  });

  it('a schedule round the clock needs a reason and a review date within a year', async () => {
    const v = await settle(database);
    const wanted = { reason: 'thefts at all hours', reviewOn: '2026-09-01' };
    for (const bad of [{ reason: '' }, { reviewOn: null }, { reviewOn: '2026-05-31' }, { reviewOn: '2027-06-03' }]) {
      await expect(rules.createSchedule(newSchedule(v, { weekly: always, ...wanted, ...bad }), admin)).rejects.toMatchObject({ code: 'schedule.always' });
      expect(await lastEntry()).toMatchObject({ action: 'schedule.create', outcome: 'refused' });
    }
    const made = await rules.createSchedule(newSchedule(v, { weekly: always, ...wanted }), admin);
    expect(await rules.schedule(made.id)).toEqual(made);
    await rules.createSchedule(newSchedule(v, { weekly: mostly }), admin);
    await rules.createSchedule(newSchedule(v, { weekly: never }), admin);
    expect((await rules.schedules([v.siteId], { limit: 10 })).items).toHaveLength(4);
    await expect(rules.schedule(newId())).rejects.toMatchObject({ code: 'schedule.unknown' });
  });

  it('two schedules that together arm a zone round the clock need both, too', async () => {
    const v = await settle(database, { rule: null, schedule: { weekly: mostly, reason: '', reviewOn: null } });
    await rules.createRule(newRule(v), admin);
    const evenings = Array.from({ length: 7 }, () => [{ fromMinute: 1200, toMinute: 1440 }]);
    const rest = await rules.createSchedule(newSchedule(v, { weekly: evenings }), admin);
    await expect(rules.createRule(newRule(v, { scheduleId: rest.id }), admin)).rejects.toMatchObject({ code: 'schedule.always' });
    // Written past the door: then neither is armed.
    await database.orm.update(schedules).set({ weekly: always }).where(eq(schedules.id, v.scheduleId));
    expect((await rules.rules([v.siteId], { limit: 5 })).items.map((r) => r.armed)).toEqual([false]);
  });

  it('lists only the sites of the scope, page by page', async () => {
    const [v, w] = [await settle(database, { schedule: { weekly: mostly } }), await settle(database)];
    for (let i = 0; i < 4; i++) await rules.createRule(newRule(v), admin);
    const first = await rules.rules([v.siteId], { limit: 3 });
    const second = await rules.rules([v.siteId], { limit: 3, cursor: first.nextCursor ?? undefined });
    expect([...first.items, ...second.items].map((r) => r.siteId)).toEqual(Array.from({ length: 5 }, () => v.siteId));
    expect(second.nextCursor).toBeNull();
    expect((await rules.rules([v.siteId], { limit: 5, siteId: w.siteId })).items).toEqual([]);
    expect((await rules.rules([], { limit: 5 })).items).toEqual([]);
  });
});
