import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { channelContext, createAlertChannels } from '../../src/alert/alert-channels.js';
import { createSealer } from '../../src/auth/sealer.js';
import type { AlertChannels } from '../../src/contract/alert-ports.js';
import type { NewChannel } from '../../src/contract/alert.js';
import type { Database } from '../../src/contract/database.js';
import { AddressGuard } from '../../src/core/address-guard.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { channels, deliveries } from '../../src/db/schema/index.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { eachDatabase, silentLog } from '../support/databases.js';
import { admin } from './village.js';

const secret = 'do not tell anybody this';
const sealer = createSealer({ key: Buffer.alloc(32, 7).toString('base64'), keyFile: '/nowhere' });

describe.each(eachDatabase())('alert channels on $name', ({ open }) => {
  let database: Database;
  let desk: AlertChannels;
  let ledger: ReturnType<typeof createLedger>;
  let woken: number;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(() => {
    const clock = new SimulatedClock();
    ledger = createLedger({ database, clock });
    woken = 0;
    const guard = new AddressGuard({ allowed: ['0.0.0.0/0'], denied: ['127.0.0.0/8', '169.254.0.0/16'], lookup: (host) => Promise.resolve(host === 'inside.example' ? ['127.0.0.1'] : ['203.0.113.7']) });
    desk = createAlertChannels({ database, sealer, guard, ledger, clock, log: silentLog, onOutbox: () => woken++ });
  });
  const newChannel = (over: Partial<NewChannel> = {}): NewChannel => ({ siteId: newId(), kind: 'webhook', name: 'desk', url: 'https://desk.example/in?key=k-123&room=pump', secret, enabled: true, ...over });

  it('seals the secret, and answers neither it nor the values of the query', async () => {
    const input = newChannel();
    const made = await desk.createChannel(input, admin);
    expect(made).toEqual({ id: made.id, siteId: input.siteId, kind: 'webhook', name: 'desk', url: 'https://desk.example/in?key=***&room=***', enabled: true });
    expect(await desk.channel(made.id)).toEqual(made);
    const [row] = await database.orm.select().from(channels).where(eq(channels.id, made.id));
    expect(row?.url).toBe(input.url);
    expect(JSON.stringify(row)).not.toContain(secret);
    expect(sealer.open(row?.sealedSecret ?? '', channelContext(made.id))).toBe(secret);
    expect(() => sealer.open(row?.sealedSecret ?? '', channelContext(newId()))).toThrow();
    const entries = JSON.stringify((await ledger.entries({ limit: 50 })).items);
    expect(entries).not.toContain(secret);
    expect(entries).not.toContain('k-123');
  });

  it('refuses addresses that are not allowed or hold credentials', async () => {
    for (const url of ['http://127.0.0.1/', 'http://2130706433/', 'http://0177.0.0.1/', 'http://[::1]/', 'http://169.254.169.254/latest', 'https://inside.example/']) {
      await expect(desk.createChannel(newChannel({ url }), admin)).rejects.toMatchObject({ code: 'address.refused' });
      expect((await ledger.entries({ limit: 1 })).items[0]).toMatchObject({ action: 'channel.create', outcome: 'refused' });
    }
    for (const url of ['https://user@desk.example/', 'https://user:pass@desk.example/']) {
      await expect(desk.createChannel(newChannel({ url }), admin)).rejects.toMatchObject({ code: 'request.invalid' });
    }
  });

  it('lists by scope: a channel of all sites is for those who may see all', async () => {
    const [own, every] = [await desk.createChannel(newChannel(), admin), await desk.createChannel(newChannel({ siteId: null }), admin)];
    const ids = async (scope: 'all' | string[]) => (await desk.channels(scope, { limit: 100 })).items.map((c) => c.id);
    expect(await ids([own.siteId ?? ''])).toEqual([own.id]);
    expect(await ids('all')).toEqual(expect.arrayContaining([own.id, every.id]));
    expect(await ids([])).toEqual([]);
    await desk.removeChannel(own.id, admin);
    expect(await ids([own.siteId ?? ''])).toEqual([]);
    await expect(desk.channel(own.id)).rejects.toMatchObject({ code: 'channel.unknown' });
    await expect(desk.removeChannel(own.id, admin)).rejects.toMatchObject({ code: 'channel.unknown' });
  });

  it('replays a dead delivery, and only that', async () => {
    const siteId = newId();
    const row = (state: 'pending' | 'delivered' | 'dead') => ({ id: newId(), alertId: newId(), channelId: newId(), siteId, idempotencyKey: newId(), body: '{}', state, attempts: 12, lastError: 'it broke', nextAttemptAt: null, createdAt: new Date(0) });
    const [dead, delivered, pending] = [row('dead'), row('delivered'), row('pending')];
    await database.orm.insert(deliveries).values([dead, delivered, pending]);
    expect((await desk.deliveries([siteId], { limit: 5, state: 'dead' })).items).toMatchObject([{ id: dead.id, attempts: 12, lastError: 'it broke', nextAttemptAt: null }]);
    expect((await desk.deliveries([siteId], { limit: 5, alertId: pending.alertId })).items.map((d) => d.id)).toEqual([pending.id]);
    expect((await desk.deliveries([newId()], { limit: 5 })).items).toEqual([]);
    expect(await desk.replay(dead.id, admin)).toMatchObject({ state: 'pending', attempts: 0, idempotencyKey: dead.idempotencyKey, nextAttemptAt: '2026-01-01T00:00:00.000Z' });
    expect(woken).toBe(1);
    expect(await desk.replay(pending.id, admin)).toMatchObject({ state: 'pending', attempts: 12 });
    await expect(desk.replay(delivered.id, admin)).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(desk.replay(newId(), admin)).rejects.toMatchObject({ code: 'delivery.unknown' });
    expect(woken).toBe(1);
  });
});
