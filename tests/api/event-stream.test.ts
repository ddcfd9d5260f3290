import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeAll, beforeEach, afterAll, describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/contract/events.js';
import type { Database } from '../../src/contract/database.js';
import type { Grant } from '../../src/contract/principal.js';
import { SystemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { memoryDatabase } from '../support/databases.js';
import { openVillage, system, type SiteContent, type Village } from './two-sites.js';

let database: Database;
let clock: SimulatedClock;
let village: Village;
let url: URL;
let seq = 0;

beforeAll(async () => {
  database = await memoryDatabase({ clock: new SystemClock({ unref: true }) });
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  seq = 0;
  clock = new SimulatedClock();
  village = await openVillage({ database, clock });
  url = new URL(await village.api.listen({ host: '127.0.0.1', port: 0 }));
});
afterEach(async () => {
  village.stop();
  await village.api.close();
  expect(village.subscribers()).toBe(0);
});

const at = '2026-01-01T00:00:00.000Z';
const raised = (c: SiteContent): StreamEvent => ({ seq: ++seq, at, siteId: c.site.id, type: 'alert.raised', data: c.alert });
const stored = (c: SiteContent): StreamEvent => ({ seq: ++seq, at, siteId: c.site.id, type: 'picture.stored', data: { id: newId(), cameraId: c.camera.id, receivedAt: at, maskRatio: 0.1 } });
const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(what()).toBe(true);
};

async function listen(grants: readonly Grant[] | { token: string }, headers: Record<string, string> = {}, query = '') {
  const secret = 'token' in grants ? grants.token : await village.token(grants);
  const request = http.get(new URL(`/api/v1/events${query}`, url), { headers: { authorization: `Bearer ${secret}`, ...headers }, agent: false });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => request.on('response', resolve).on('error', reject));
  const client = { status: response.statusCode, headers: response.headers, text: '', ended: false, close: () => request.destroy() };
  response.setEncoding('utf8').on('data', (d: string) => (client.text += d)).on('close', () => (client.ended = true)).on('error', () => undefined);
  return { ...client, get text() { return client.text; }, get ended() { return client.ended; }, seqs: () => [...client.text.matchAll(/^id: (\d+)$/gm)].map((m) => Number(m[1])) };
}
const ready = (client: { text: string }) => until(() => client.text.startsWith('retry: '));
const fleet = (role: Grant['role']): Grant[] => [{ role, siteId: null }];

describe('event stream', () => {
  it('is server-sent events: a head that nothing buffers, a retry, and each event with id, type and data', async () => {
    const client = await listen(fleet('operator'));
    await ready(client);
    expect(client.status).toBe(200);
    expect(client.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
    const event = raised(village.here);
    village.events.emit(event);
    await until(() => client.seqs().length === 1);
    expect(client.text).toBe(`retry: 2000\n\nid: 1\nevent: alert.raised\ndata: ${JSON.stringify(event)}\n\n`);
    client.close();
    await until(() => village.subscribers() === 0);
  });

  it('holds only what the principal may see: site by site, and no live pictures for an auditor', async () => {
    const here = await listen([{ role: 'operator', siteId: village.here.site.id }]);
    const mixed = await listen([{ role: 'auditor', siteId: village.here.site.id }, { role: 'technician', siteId: village.there.site.id }]);
    const auditor = await listen(fleet('auditor'));
    const all = await listen(fleet('admin'));
    for (const c of [here, mixed, auditor, all]) await ready(c);
    for (const e of [raised(village.here), raised(village.there), stored(village.here), stored(village.there)]) village.events.emit(e);
    await until(() => all.seqs().length === 4);
    expect([here.seqs(), mixed.seqs(), auditor.seqs(), all.seqs()]).toEqual([[1, 3], [1, 2, 4], [1, 2], [1, 2, 3, 4]]);
    expect(here.text).not.toContain(village.there.site.id);
  });

  it('catches up after Last-Event-ID or ?after=, each event once and in order, while new ones come', async () => {
    for (let i = 0; i < 500; i++) village.events.emit(raised(village.here));
    const byHeader = await listen(fleet('operator'), { 'last-event-id': '100' }, '?after=490');
    const byQuery = await listen(fleet('operator'), {}, '?after=490');
    const fresh = await listen(fleet('operator'));
    await ready(fresh);
    for (let i = 0; i < 50; i++) village.events.emit(raised(village.here));
    await until(() => byHeader.seqs().length === 450 && byQuery.seqs().length === 60 && fresh.seqs().length === 50);
    expect(byHeader.seqs()).toEqual(Array.from({ length: 450 }, (_, i) => 101 + i));
    expect(byQuery.seqs()).toEqual(Array.from({ length: 60 }, (_, i) => 491 + i));
  });

  it('is not silenced by a number from another database, nor by garbage', async () => {
    village.events.emit(raised(village.here));
    const client = await listen(fleet('operator'), { 'last-event-id': '999999' });
    const garbage = await listen(fleet('operator'), { 'last-event-id': '; drop' });
    for (const c of [client, garbage]) await ready(c);
    village.events.emit(raised(village.here));
    await until(() => client.seqs().length === 1 && garbage.seqs().length === 1);
    expect([client.seqs(), garbage.seqs()]).toEqual([[2], [2]]);
    expect((await listen(fleet('operator'), {}, '?after=-1')).status).toBe(400);
  });

  it('beats every 15 s, and ends with its token', async () => {
    const { token, secret } = await village.auth.createToken({ name: 'x', grants: fleet('operator'), expiresAt: null }, system);
    const client = await listen({ token: secret });
    await ready(client);
    await clock.advance(15_000);
    await until(() => client.text.includes(': still here'));
    await village.auth.removeToken(token.id, system);
    await clock.advance(15_000);
    await until(() => client.ended);
    village.events.emit(raised(village.here));
    expect(client.seqs()).toEqual([]);
    expect((await listen({ token: secret })).status).toBe(401);
  });

  it('ends when who it is cannot be asked', async () => {
    const v = await openVillage({ database, clock });
    const secret = await v.token(fleet('operator'));
    let down = false;
    const cut = await openVillage({ database, clock, deps: { auth: { ...v.auth, byToken: (s) => (down ? Promise.reject(new Error('database away')) : v.auth.byToken(s)) } } });
    url = new URL(await cut.api.listen({ host: '127.0.0.1', port: 0 }));
    const client = await listen({ token: secret });
    await ready(client);
    down = true;
    await clock.advance(15_000);
    await until(() => client.ended);
    for (const x of [v, cut]) {
      x.stop();
      await x.api.close();
    }
  });

  it('follows a change of roles within a heartbeat', async () => {
    let grants: Grant[] = fleet('operator');
    const v = await openVillage({ database, clock, deps: {} });
    const cut = await openVillage({ database, clock, deps: { auth: { ...v.auth, byToken: () => Promise.resolve({ id: 'p', name: 'p', kind: 'token', grants }) } } });
    url = new URL(await cut.api.listen({ host: '127.0.0.1', port: 0 }));
    const client = await listen({ token: 'any' });
    await ready(client);
    cut.events.emit(raised(cut.there));
    grants = [{ role: 'operator', siteId: cut.here.site.id }];
    await until(() => client.seqs().length === 1);
    await clock.advance(15_000);
    await until(() => client.text.includes(': still here'));
    cut.events.emit(raised(cut.there));
    cut.events.emit(raised(cut.here));
    await until(() => client.seqs().length === 2);
    expect(client.seqs()).toEqual([1, 3]);
    for (const x of [v, cut]) {
      x.stop();
      await x.api.close();
    }
  });

  it('closes a client that does not read, and nobody else', async () => {
    const secret = await village.token(fleet('operator'));
    const slow = net.connect({ host: url.hostname, port: Number(url.port) });
    slow.write(`GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${secret}\r\n\r\n`);
    await until(() => village.subscribers() === 1);
    slow.pause();
    const good = await listen(fleet('operator'));
    await ready(good);
    const big = { ...village.here, alert: { ...village.here.alert, steps: Array.from({ length: 200 }, () => ({ step: 'raised' as const, at, actor: 'x'.repeat(50), note: null })) } };
    for (let i = 0; i < 4000 && village.subscribers() === 2; i++) {
      village.events.emit(raised(big));
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(village.subscribers()).toBe(1);
    await until(() => good.seqs().length === seq);
    slow.destroy();
  });

  it('lets nobody hold them all', async () => {
    const secret = await village.token(fleet('operator'));
    const clients = [];
    for (let i = 0; i < 50; i++) clients.push(await listen({ token: secret }));
    const more = await listen({ token: secret });
    expect([more.status, more.headers['retry-after']]).toEqual([429, '30']);
    clients[0]?.close();
    await until(() => village.subscribers() === 49);
    expect((await listen({ token: secret })).status).toBe(200);
    expect((await listen(fleet('operator'))).status).toBe(200);
  });

  it('ends when the server stops', async () => {
    const client = await listen(fleet('operator'));
    await ready(client);
    village.stop();
    await until(() => client.ended);
    expect(clock.pendingTimers).toBe(0);
  });
});
