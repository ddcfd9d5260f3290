import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlertDesk } from '../../src/alert/alert-desk.js';
import type { AlertDesk } from '../../src/contract/alert-ports.js';
import type { Database } from '../../src/contract/database.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { alerts } from '../../src/db/schema/index.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { eachDatabase, silentLog } from '../support/databases.js';
import { operator } from './village.js';

const t0 = Date.UTC(2026, 5, 1, 12);
const li = { ...operator, id: newId(), name: 'li' };

describe.each(eachDatabase())('alert desk on $name', ({ open }) => {
  let database: Database;
  let desk: AlertDesk;
  let clock: SimulatedClock;
  let ledger: ReturnType<typeof createLedger>;
  let events: ReturnType<typeof createEventLog>;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(() => {
    clock = new SimulatedClock(t0);
    ledger = createLedger({ database, clock });
    events = createEventLog({ database, clock, log: silentLog });
    desk = createAlertDesk({ database, events, ledger, clock, log: silentLog });
  });

  async function raise(over: Partial<typeof alerts.$inferInsert> = {}): Promise<string> {
    const id = newId();
    const at = new Date(t0);
    await database.orm.insert(alerts).values({
      id, siteId: newId(), cameraId: newId(), cameraName: 'Pump', kind: 'guard-zone', state: 'raised', raisedAt: at, lastSeenAt: at,
      counts: { person: 1 }, noPictureReason: 'none', steps: [{ step: 'raised', at: at.toISOString(), actor: 'system', note: null }], version: 1, ...over,
    });
    return id;
  }

  it('goes raised, acknowledged, assigned, resolved; every step with who and when, in ledger and stream', async () => {
    const id = await raise();
    const before = await events.latestSeq();
    await desk.acknowledge(id, operator, { note: 'looking' });
    await clock.advance(1000);
    await desk.assign(id, operator, { assignee: 'li', version: 2 });
    const done = await desk.resolve(id, li, { reason: 'handled', note: 'sent home', version: 3 });
    expect(done).toMatchObject({ state: 'resolved', assignee: 'li', resolveReason: 'handled', version: 4 });
    expect(done.steps).toEqual([
      { step: 'raised', at: '2026-06-01T12:00:00.000Z', actor: 'system', note: null },
      { step: 'acknowledged', at: '2026-06-01T12:00:00.000Z', actor: 'wang', note: 'looking' },
      { step: 'assigned', at: '2026-06-01T12:00:01.000Z', actor: 'wang', note: 'To li' },
      { step: 'resolved', at: '2026-06-01T12:00:01.000Z', actor: 'li', note: 'handled: sent home' },
    ]);
    expect(await desk.alert(id)).toEqual(done);
    const told = await events.after(before, 10);
    expect(told.map((e) => (e.type === 'alert.changed' ? e.data.state : e.type))).toEqual(['acknowledged', 'assigned', 'resolved']);
    const entries = (await ledger.entries({ limit: 10 })).items.filter((e) => e.objectId === id);
    expect(entries.map((e) => [e.actor, e.action])).toEqual([[`user:li ${li.id}`, 'alert.resolved'], [`user:wang ${operator.id}`, 'alert.assigned'], [`user:wang ${operator.id}`, 'alert.acknowledged']]);
  });

  it('resolving at once acknowledges on the way', async () => {
    const id = await raise();
    const done = await desk.resolve(id, operator, { reason: 'test' });
    expect(done.steps.map((s) => s.step)).toEqual(['raised', 'acknowledged', 'resolved']);
    expect(done.version).toBe(3);
  });

  it('refuses a second acknowledgement and names who was first', async () => {
    const id = await raise();
    await desk.acknowledge(id, operator, {});
    await expect(desk.acknowledge(id, li, {})).rejects.toMatchObject({ code: 'alert.state', message: expect.stringContaining('wang acknowledged it at 2026-06-01T12:00:00.000Z') as string });
  });

  it('refuses to act on a version that is not the newest, and on what is resolved', async () => {
    const id = await raise();
    await desk.acknowledge(id, operator, { version: 1 });
    await expect(desk.resolve(id, li, { reason: 'handled', version: 1 })).rejects.toMatchObject({ code: 'alert.state', message: expect.stringContaining('version 2 now') as string });
    await desk.resolve(id, li, { reason: 'handled', version: 2 });
    for (const act of [() => desk.acknowledge(id, operator, {}), () => desk.assign(id, operator, { assignee: 'li' }), () => desk.resolve(id, operator, { reason: 'test' })]) {
      await expect(act()).rejects.toMatchObject({ code: 'alert.state', message: expect.stringContaining('li resolved it') as string });
    }
    await expect(desk.acknowledge(newId(), operator, {})).rejects.toMatchObject({ code: 'alert.unknown' });
  });

  it('of operators who press at once exactly one wins, and the others are told who', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await raise();
      const crowd = Array.from({ length: 5 }, (_, i) => ({ ...operator, name: `op${i}` }));
      const outcomes = await Promise.allSettled(crowd.map((by) => desk.acknowledge(id, by, { version: 1 })));
      const winner = (await desk.alert(id)).steps[1]?.actor ?? '';
      expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
      for (const o of outcomes) if (o.status === 'rejected') expect(o.reason).toMatchObject({ code: 'alert.state', message: expect.stringContaining(winner) as string });
      expect((await desk.alert(id)).version).toBe(2);
    }
  });

  it('pages newest first within the scope and the filters', async () => {
    const [siteId, other, cameraId] = [newId(), newId(), newId()];
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push(await raise({ siteId, state: i % 2 ? 'resolved' : 'raised', ...(i === 3 && { cameraId }) }));
    await raise({ siteId: other });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await desk.alerts([siteId], { limit: 3, cursor });
      seen.push(...page.items.map((a) => a.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual([...ids].reverse());
    expect((await desk.alerts([siteId], { limit: 10, state: 'resolved' })).items).toHaveLength(3);
    expect((await desk.alerts([siteId], { limit: 10, cameraId })).items.map((a) => a.id)).toEqual([ids[3]]);
    expect((await desk.alerts([other], { limit: 10, siteId })).items).toEqual([]);
    expect(await desk.alerts([], { limit: 10 })).toEqual({ items: [], nextCursor: null });
    await expect(desk.alerts('all', { limit: 10, cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({ code: 'request.cursor' });
    await expect(desk.alerts('all', { limit: 10, cursor: Buffer.from(`rules:${newId()}`).toString('base64url') })).rejects.toMatchObject({ code: 'request.cursor' });
  });
});
