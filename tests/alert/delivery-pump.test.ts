/** The pump against real receivers and both databases: at least once, in time, and never two senders of one row. */
import { eq, inArray } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookTransport } from '../../src/alert/adapters/webhook-transport.js';
import { createAlertEngine } from '../../src/alert/alert-engine.js';
import { channelContext } from '../../src/alert/alert-channels.js';
import { createDeliveryPump } from '../../src/alert/delivery-pump.js';
import { createSealer } from '../../src/auth/sealer.js';
import type { ChannelTransport, SendOutcome } from '../../src/contract/alert-ports.js';
import type { Database } from '../../src/contract/database.js';
import type { Config } from '../../src/config/schema.js';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock, type Clock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { channels, deliveries } from '../../src/db/schema/index.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { eachDatabase, silentLog } from '../support/databases.js';
import { eventually, hit, sampleOf, settle } from './village.js';
import { listen, verify, type Receiver } from './webhook-receiver.js';

const secret = 'a secret of sixteen or more';
const sealer = createSealer({ key: Buffer.alloc(32, 9).toString('base64'), keyFile: '/nowhere' });
const config: Config['alert'] = {
  webhook: { allowNetworks: ['127.0.0.0/8'], denyNetworks: [], timeoutMs: 2_000, attempts: 3, retry: { initialMs: 1_000, factor: 2, capMs: 60_000, jitterRatio: 0.5 } },
};
const guard = new AddressGuard({ allowed: config.webhook.allowNetworks, lookup: (host) => Promise.resolve([host]) });
type Pump = ReturnType<typeof createDeliveryPump>;

describe.each(eachDatabase())('delivery pump on $name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  let receiver: Receiver;
  const pumps: Pump[] = [];
  const go = new AbortController().signal;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock = new SimulatedClock();
    receiver = await listen();
    await database.orm.delete(deliveries);
    await database.orm.delete(channels);
  });
  afterEach(async () => {
    for (const pump of pumps.splice(0)) await pump.close();
    await receiver.close();
  });

  function build(transport?: ChannelTransport, over: { database?: Database; clock?: Clock } = {}): Pump {
    const time = over.clock ?? clock;
    const webhook = transport ?? createWebhookTransport({ config: config.webhook, guard, clock: new SystemClock(), log: silentLog });
    const pump = createDeliveryPump({ config, database: over.database ?? database, sealer, transports: { webhook }, clock: time, log: silentLog, metrics: createMetrics(), random: () => 0.5 });
    pumps.push(pump);
    return pump;
  }
  async function channel(over: Partial<typeof channels.$inferInsert> = {}): Promise<string> {
    const id = newId();
    await database.orm.insert(channels).values({ id, siteId: null, kind: 'webhook', name: 'desk', url: `http://127.0.0.1:${receiver.port}/`, sealedSecret: sealer.seal(secret, channelContext(id)), enabled: true, createdAt: new Date(0), ...over });
    return id;
  }
  async function put(channelId: string, n = 1): Promise<string[]> {
    const rows = Array.from({ length: n }, (_, i) => {
      const id = newId();
      return { id, alertId: newId(), channelId, siteId: newId(), idempotencyKey: id, body: `{"n":${i}}`, state: 'pending' as const, attempts: 0, nextAttemptAt: new Date(clock.nowMs() - 1_000_000 + i), createdAt: new Date(0) };
    });
    await database.orm.insert(deliveries).values(rows);
    return rows.map((r) => r.id);
  }
  const states = async (ids: readonly string[]) => {
    const rows = await database.orm.select().from(deliveries).where(inArray(deliveries.id, [...ids]));
    return ids.map((id) => rows.find((r) => r.id === id)?.state);
  };
  const one = async (id: string | undefined) => (await database.orm.select().from(deliveries).where(eq(deliveries.id, id ?? '')))[0];

  it('sends what is due, oldest first, signed, and only once', async () => {
    const ids = await put(await channel(), 9);
    const pump = build();
    expect(await pump.drain(go)).toBe(9);
    expect(await pump.drain(go)).toBe(0);
    expect(new Set(await states(ids))).toEqual(new Set(['delivered']));
    expect(receiver.received.map((r) => r.key).sort()).toEqual([...ids].sort());
    expect(receiver.received.slice(0, 4).map((r) => r.key).sort()).toEqual(ids.slice(0, 4).sort());
    for (const r of receiver.received) expect(verify(secret, r, Date.now())).toBe('good');
  });

  it('tries again with backoff, gives up after the last try, and keeps what was wrong', async () => {
    receiver.answer = () => ({ status: 503, body: 'SECRET STACK TRACE' });
    const [id] = await put(await channel());
    const pump = build();
    await pump.drain(go);
    expect(await one(id)).toMatchObject({ state: 'pending', attempts: 1, lastError: 'The receiver answered 503.', claimedUntil: null, nextAttemptAt: new Date(clock.nowMs() + 750) });
    await clock.advance(749);
    expect(await pump.drain(go)).toBe(0);
    await clock.advance(1);
    expect(await pump.drain(go)).toBe(1);
    await clock.advance(1_500);
    await pump.drain(go);
    expect(await one(id)).toMatchObject({ state: 'dead', attempts: 3, lastError: 'Given up after 3 tries: The receiver answered 503.', nextAttemptAt: null });
    expect(new Set(receiver.received.map((r) => r.key))).toEqual(new Set([id]));
    expect(new Set(receiver.received.map((r) => r.body)).size).toBe(1);
  });

  it('waits as long as the receiver asks for', async () => {
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '90' } });
    const [id] = await put(await channel());
    await build().drain(go);
    expect((await one(id))?.nextAttemptAt).toEqual(new Date(clock.nowMs() + 90_000));
  });

  it('a refusal is dead at once; one dead receiver holds up nobody', async () => {
    const slow = await listen();
    slow.answer = () => 'hang';
    const other = await channel({ url: `http://127.0.0.1:${slow.port}/` });
    const stuck = await put(other, 20);
    receiver.answer = (r) => (r.body === '{"n":0}' ? 410 : 204);
    const ids = await put(await channel(), 20);
    const pump = build();
    const draining = pump.drain(go);
    await eventually(async () => expect((await states(ids)).filter((s) => s === 'delivered')).toHaveLength(19));
    expect(slow.received.length).toBeLessThanOrEqual(4);
    expect((await states(ids))[0]).toBe('dead');
    await draining;
    expect((await states(stuck)).filter((s) => s === 'pending')).toHaveLength(20);
    await slow.close();
  });

  it('a channel that is switched off keeps what waits; one that was removed buries it', async () => {
    const [off, gone] = [await channel({ enabled: false }), await channel({ removedAt: new Date(0) })];
    const ids = [...(await put(off)), ...(await put(gone))];
    expect(await build().drain(go)).toBe(0);
    expect(await states(ids)).toEqual(['pending', 'dead']);
    expect(receiver.received).toEqual([]);
  });

  it('a secret that cannot be opened is not sent unsigned', async () => {
    const [id] = await put(await channel({ sealedSecret: sealer.seal(secret, channelContext(newId())) }));
    await build().drain(go);
    expect(receiver.received).toEqual([]);
    expect((await one(id))?.state).toBe('pending');
  });

  it('several pumps share the work: no row is with two of them at once', async () => {
    const ids = await put(await channel(), 60);
    const inWork = new Set<string>();
    let twice = 0;
    const transport: ChannelTransport = {
      async send({ idempotencyKey }): Promise<SendOutcome> {
        if (inWork.has(idempotencyKey)) twice++;
        inWork.add(idempotencyKey);
        await new Promise((resolve) => setTimeout(resolve, 2));
        return { status: 'delivered', httpStatus: 200 };
      },
    };
    const tries = await Promise.all([build(transport), build(transport), build(transport)].map((pump) => pump.drain(go)));
    expect(tries.reduce((a, b) => a + b)).toBe(60);
    expect(twice).toBe(0);
    expect(new Set(await states(ids))).toEqual(new Set(['delivered']));
  });

  /** Sends for real, and after `lives` sends never comes back: as when the process was killed between sending and writing down. */
  function dying(lives: number): { transport: ChannelTransport; buried: () => void } {
    const real = createWebhookTransport({ config: config.webhook, guard, clock: new SystemClock(), log: silentLog });
    let buried = (): void => undefined;
    const grave = new Promise<void>((resolve) => {
      buried = resolve;
    });
    return {
      buried: () => buried(),
      transport: {
        async send(message, signal) {
          const outcome = await real.send(message, signal);
          if (lives-- > 0) return outcome;
          await grave;
          return { status: 'dead', detail: 'from beyond' };
        },
      },
    };
  }

  it('a crash after sending sends again, with the same key, once the claim has ended', async () => {
    const [id] = await put(await channel());
    const { transport, buried } = dying(0);
    const died = build(transport).drain(go);
    await eventually(() => expect(receiver.received).toHaveLength(1));
    const pump = build();
    expect(await pump.drain(go)).toBe(0); // it is claimed still
    await clock.advance(40_000);
    await pump.drain(go);
    expect(receiver.received.map((r) => r.key)).toEqual([id, id]);
    buried();
    await died; // what the dead one would write has no effect
    expect(await one(id)).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  it('a process that slept through its claim does not send', async () => {
    const [id] = await put(await channel());
    const sleepy: Database = { ...database, transaction: (work) => database.transaction(work).finally(() => clock.advance(60_000)) };
    await build(undefined, { database: sleepy }).drain(AbortSignal.timeout(200));
    expect(receiver.received).toEqual([]);
    expect(await one(id)).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('runs by itself, is woken, and leaves nothing claimed when it stops', async () => {
    const channelId = await channel();
    const pump = build(undefined, { clock: new SystemClock() });
    const stop = new AbortController();
    pump.start(stop.signal);
    const ids = await put(channelId, 3);
    pump.wake();
    await eventually(async () => expect(new Set(await states(ids))).toEqual(new Set(['delivered'])));
    receiver.answer = () => 'hang';
    const [last] = await put(channelId);
    pump.wake();
    await eventually(() => expect(receiver.received).toHaveLength(4));
    stop.abort();
    await pump.close();
    expect(await one(last)).toMatchObject({ state: 'pending', claimedUntil: null });
  });

  it('raised through kills and restarts: every alert reaches the receiver, each key at least once, none comes back', async () => {
    let n = 0;
    receiver.answer = () => (++n % 5 === 0 ? 503 : n % 7 === 0 ? 'drop' : 204);
    await channel();
    const villages = [await settle(database), await settle(database)];
    const engine = createAlertEngine({ database, events: createEventLog({ database, clock, log: silentLog }), clock, log: silentLog, metrics: createMetrics() });
    const raised: string[] = [];
    const graves: (() => void)[] = [];
    const dead: Promise<unknown>[] = [];
    for (let round = 0; round < 50; round++) {
      for (const v of villages) {
        const told = await engine.observe(sampleOf(v, clock.nowMs(), [hit(v.zoneId)]), null);
        expect(told).toHaveLength(1);
        raised.push(...told.map((a) => a.id));
      }
      const { transport, buried } = dying(round % 4);
      const before = receiver.received.length;
      dead.push(build(transport).drain(go));
      graves.push(buried);
      await eventually(() => expect(receiver.received.length).toBeGreaterThan(before));
      await clock.advance(60_000);
    }
    await engine.close();
    receiver.answer = () => 204;
    const survivor = build();
    for (let i = 0; i < 10; i++) {
      await survivor.drain(go);
      await clock.advance(60_000);
    }
    graves.forEach((buried) => buried());
    await Promise.all(dead);
    const rows = await database.orm.select().from(deliveries);
    const keys = new Set(receiver.received.map((r) => r.key));
    const arrived = new Set(receiver.received.map((r) => (JSON.parse(r.body) as { alert: { id: string } }).alert.id));
    const deadRows = rows.filter((r) => r.state === 'dead');
    console.log(`${database.kind}: raised ${raised.length}, arrived ${arrived.size}, requests ${receiver.received.length}, keys ${keys.size}, killed ${graves.length}, dead ${deadRows.length}`);
    expect(arrived).toEqual(new Set(raised));
    expect(keys).toEqual(new Set(rows.map((r) => r.idempotencyKey)));
    expect(rows).toHaveLength(100);
    // A delivery that was killed with its sender too often is on the dead-letter list, never lost and never pending.
    expect(rows.filter((r) => r.state === 'pending')).toEqual([]);
    for (const r of deadRows) expect(r.lastError).toMatch(/tries/);
  }, 60_000);
});
