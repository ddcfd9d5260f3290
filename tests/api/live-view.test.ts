/** The live masked view over a real socket: form, order, slow clients, withheld pictures, who may look, the ledger, the end. */
import http from 'node:http';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPartReader, boundaryOf, type Part } from '../../src/console/live/multipart-pictures.js';
import type { LedgerEntry } from '../../src/contract/auth-ports.js';
import type { Database } from '../../src/contract/database.js';
import type { Grant, Principal } from '../../src/contract/principal.js';
import { SystemClock } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import type { LiveMessage } from '../../src/contract/live-view.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { testPicture, testSample, tinyJpeg } from '../support/pictures.js';
import { openVillage, system, type Village } from './two-sites.js';

let database: Database;
let clock: SimulatedClock;
let village: Village;
const others: Village[] = [];

beforeAll(async () => {
  database = await openPgliteDatabase({ folder: null, clock: new SystemClock({ unref: true }), log: createLogger('silent') });
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  clock = new SimulatedClock();
  village = await openVillage({ database, clock });
  await village.api.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const v of [village, ...others.splice(0)]) {
    v.stop();
    await v.api.close();
  }
});

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 600 && !(await what()); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await what()).toBe(true);
};
const cameraId = (): string => village.here.camera.id;
const fleet = (role: Grant['role']): Grant[] => [{ role, siteId: null }];
const urlOf = (v: Village, query = ''): URL => {
  const { port } = v.api.server.address() as net.AddressInfo;
  return new URL(`http://127.0.0.1:${port}/api/v1/cameras/${v.here.camera.id}/live${query}`);
};
const picture = async (overrides: Parameters<typeof testPicture>[0] = {}) => testPicture({ cameraId: cameraId(), siteId: village.here.site.id, receivedAtMs: clock.nowMs(), ...overrides });
const offer = async (overrides: Parameters<typeof testPicture>[0] = {}, v = village) => {
  const made = await picture({ ...overrides, cameraId: v.here.camera.id });
  v.live.offer(made);
  return made;
};
const entries = async (action: string, v = village): Promise<LedgerEntry[]> =>
  (await v.ledger.entries({ limit: 200 })).items.filter((e) => e.action === action && e.objectId === v.here.camera.id);

async function look(who: readonly Grant[] | { token: string }, options: { query?: string; v?: Village } = {}) {
  const v = options.v ?? village;
  const secret = 'token' in who ? who.token : await v.token(who);
  const request = http.get(urlOf(v, options.query), { headers: { authorization: `Bearer ${secret}` }, agent: false });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => request.on('response', resolve).on('error', reject));
  const parts: Part[] = [];
  const client = { status: response.statusCode, headers: response.headers, parts, ended: false, body: '', response, close: () => request.destroy(), texts: () => parts.filter((p) => p.headers.get('content-type') === 'application/json').map((p) => Buffer.from(p.body).toString()) };
  const boundary = boundaryOf(response.headers['content-type'] ?? null);
  const reader = boundary === null ? undefined : createPartReader(boundary, (part) => parts.push(part));
  response.on('data', (bytes: Buffer) => (reader ? reader.feed(bytes) : (client.body += bytes.toString()))).on('close', () => (client.ended = true)).on('error', () => undefined);
  return client;
}
const ids = (client: { parts: Part[] }): (string | undefined)[] => client.parts.filter((p) => p.headers.get('content-type') === 'image/jpeg').map((p) => p.headers.get('x-picture-id'));

describe('live masked view', () => {
  it('gives JPEG parts with their facts, wanted from the first viewer to the last', async () => {
    expect(village.live.wanted(cameraId())).toBe(false);
    const one = await look(fleet('operator'));
    expect([one.status, one.headers['cache-control'], one.headers['x-accel-buffering']]).toEqual([200, 'no-store, no-transform', 'no']);
    expect(one.headers['content-type']).toMatch(/^multipart\/x-mixed-replace; boundary=hedgerow[0-9a-f]{32}$/);
    expect(village.live.wants(cameraId(), false, 0)).toBe(true);
    expect(village.live.wanted(village.there.camera.id)).toBe(false);
    const first = await offer({ maskRatio: 0.375 });
    await until(() => one.parts.length === 1);
    expect(Object.fromEntries(one.parts[0]?.headers ?? [])).toEqual({
      'content-type': 'image/jpeg', 'content-length': String(first.jpeg.byteLength), 'x-received-at': first.receipt.receivedAt, 'x-picture-id': first.receipt.pictureId, 'x-mask-ratio': '0.375',
    });
    expect(Buffer.from(one.parts[0]?.body ?? []).equals(first.jpeg)).toBe(true);
    const two = await look(fleet('technician'));
    await until(() => two.parts.length === 1);
    const second = await offer();
    await until(() => one.parts.length === 2 && two.parts.length === 2);
    expect(ids(two)).toEqual([first.receipt.pictureId, second.receipt.pictureId]);
    one.close();
    await until(async () => (await entries('live-view.end')).length === 1);
    expect(village.live.wanted(cameraId())).toBe(true);
    two.close();
    await until(() => !village.live.wanted(cameraId()));
    expect((await village.deps.metrics.liveViewers.get()).values[0]?.value).toBe(0);
  });

  it('takes nothing but what the masker made, and nothing of another camera', async () => {
    const client = await look(fleet('operator'));
    village.live.offer({ ...(await picture()) });
    await offer({ cameraId: village.there.camera.id }, { ...village, here: village.there });
    const real = await offer();
    await until(() => client.parts.length === 1);
    expect(ids(client)).toEqual([real.receipt.pictureId]);
  });

  it('says why there is no picture, and shows none that is old', async () => {
    const client = await look(fleet('operator'));
    const sample = (status: 'learning' | 'moved' | 'detector-failed') => testSample({ cameraId: cameraId(), picture: { status: 'withheld', reason: status } });
    village.live.sampled(sample('moved'), []);
    await until(() => client.parts.length === 1);
    village.live.sampled(sample('detector-failed'), []);
    await until(() => client.parts.length === 2);
    await clock.advance(4_000);
    expect(client.parts.length).toBe(2);
    await clock.advance(1_100);
    await until(() => client.parts.length === 3);
    expect(client.texts()).toEqual(['{"withheld":"moved"}', '{"withheld":"detector-failed"}', '{"withheld":"no-sample"}']);
    // Who comes now is not shown what came before the silence.
    const made = await offer();
    await until(() => client.parts.length === 4);
    await clock.advance(5_100);
    const late = await look(fleet('operator'));
    await clock.advance(5_100);
    await until(() => late.parts.length === 1);
    expect([ids(late), late.texts(), ids(client)]).toEqual([[], ['{"withheld":"no-sample"}'], [made.receipt.pictureId]]);
  });

  it('for an <img> every part is a picture: a grey one where there is none', async () => {
    const client = await look(fleet('operator'), { query: '?form=image' });
    await offer();
    village.live.sampled(testSample({ cameraId: cameraId(), picture: { status: 'withheld', reason: 'moved' } }), []);
    await until(() => client.parts.length >= 1);
    await until(() => client.parts.at(-1)?.headers.get('x-withheld') === 'moved');
    village.stop();
    await until(() => client.ended);
    expect(client.parts.map((p) => p.headers.get('content-type')).every((type) => type === 'image/jpeg')).toBe(true);
    expect([client.parts.at(-1)?.headers.get('x-withheld'), client.parts.at(-1)?.headers.has('x-picture-id')]).toEqual(['ended', false]);
    expect((await look(fleet('operator'), { query: '?form=gif' })).status).toBe(400);
  });

  it('a slow client skips pictures; what waits for it is at most one part', async () => {
    const jpeg = Buffer.concat([await tinyJpeg(), Buffer.alloc(400_000)]);
    const secret = await village.token(fleet('operator'));
    const url = urlOf(village);
    const slow = net.connect({ host: url.hostname, port: Number(url.port) });
    slow.on('error', () => undefined);
    slow.write(`GET ${url.pathname} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${secret}\r\n\r\n`);
    await until(() => village.live.wanted(cameraId()));
    slow.pause();
    const quick = await look(fleet('operator'));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 120; i++) {
      await offer({ jpeg });
      await until(() => quick.parts.length === i + 1);
      quick.parts[i] = { headers: quick.parts[i]?.headers ?? new Map<string, string>(), body: new Uint8Array() };
    }
    const counted = (await village.deps.metrics.livePictures.get()).values;
    const [sent, skipped] = ['sent', 'skipped'].map((outcome) => counted.find((v) => v.labels.outcome === outcome)?.value ?? 0) as [number, number];
    expect(sent + skipped).toBeGreaterThanOrEqual(238);
    expect(skipped).toBeGreaterThan(60);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
    // It took nothing for half a minute: it is gone.
    await clock.advance(31_000);
    await until(async () => (await entries('live-view.end')).length === 1);
    expect((await entries('live-view.end'))[0]?.details['why']).toBe('client took nothing');
    slow.destroy();
  });

  it('is never for an auditor, nor for another site, and the refusal is in the ledger', async () => {
    const auditor = await look(fleet('auditor'));
    expect([auditor.status, auditor.body.length >= 0]).toEqual([403, true]);
    const elsewhere = await look([{ role: 'operator', siteId: village.there.site.id }]);
    expect(elsewhere.status).toBe(404);
    const mixed = await look([{ role: 'auditor', siteId: village.here.site.id }, { role: 'operator', siteId: village.there.site.id }]);
    expect(mixed.status).toBe(404);
    await until(async () => (await village.ledger.entries({ limit: 50 })).items.filter((e) => e.action === 'request.refused' && e.objectId === 'GET /api/v1/cameras/:id/live').length >= 3);
    expect(await entries('live-view.begin')).toEqual([]);
    expect(village.live.wanted(cameraId())).toBe(false);
  });

  it('is in the ledger from when to when, by whom', async () => {
    const { token, secret } = await village.auth.createToken({ name: 'desk', grants: fleet('operator'), expiresAt: null }, system);
    const client = await look({ token: secret });
    const [begin] = await entries('live-view.begin');
    expect(begin).toMatchObject({ actor: `token:desk ${token.id}`, objectType: 'camera', outcome: 'ok', details: { siteId: village.here.site.id } });
    await offer();
    await until(() => client.parts.length === 1);
    await clock.advance(2_000);
    client.close();
    await until(async () => (await entries('live-view.end')).length === 1);
    expect((await entries('live-view.end'))[0]).toMatchObject({
      actor: begin?.actor, details: { viewId: begin?.details['viewId'], from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:00:02.000Z', pictures: 1, why: 'left' },
    });
  });

  it('without the ledger there is no view', async () => {
    const cut = await openVillage({ database, clock, deps: { ledger: { ...village.ledger, append: () => Promise.reject(new HedgerowError('database.unavailable', 'away')) } } });
    others.push(cut);
    await cut.api.listen({ host: '127.0.0.1', port: 0 });
    const client = await look(fleet('operator'), { v: cut });
    expect(client.status).toBe(503);
    expect(cut.live.wanted(cut.here.camera.id)).toBe(false);
  });

  it('ends within seconds when the token is withdrawn', async () => {
    const { token, secret } = await village.auth.createToken({ name: 'x', grants: fleet('operator'), expiresAt: null }, system);
    const client = await look({ token: secret });
    await offer();
    await until(() => client.parts.length === 1);
    await village.auth.removeToken(token.id, system);
    await clock.advance(5_000);
    await until(() => client.ended);
    expect(client.texts().at(-1)).toBe('{"withheld":"ended"}');
    expect((await look({ token: secret })).status).toBe(401);
    await until(async () => (await entries('live-view.end'))[0]?.details['why'] === 'not allowed any more');
  });

  it('ends when the role or the site is taken away, or the camera is removed; pauses while it cannot be asked', async () => {
    let who: () => Promise<Principal> = () => Promise.reject(new Error('unset'));
    let removed = false;
    const as = (grants: Grant[]) => () => Promise.resolve({ id: 'p', name: 'p', kind: 'token' as const, grants });
    const base = village.deps;
    const cut: Village = await openVillage({ database, clock, deps: { auth: { ...base.auth, byToken: () => who() } } });
    others.push(cut);
    const { registry } = cut.deps;
    const plain = registry.camera.bind(registry);
    Object.assign(registry, { camera: (id: string) => (removed ? Promise.reject(new HedgerowError('camera.unknown', 'gone')) : plain(id)) });
    await cut.api.listen({ host: '127.0.0.1', port: 0 });
    const operator = as([{ role: 'operator', siteId: cut.here.site.id }]);

    for (const taken of [as([{ role: 'auditor', siteId: cut.here.site.id }]), as([{ role: 'operator', siteId: cut.there.site.id }])]) {
      who = operator;
      const client = await look({ token: 'any' }, { v: cut });
      who = taken;
      await clock.advance(5_000);
      await until(() => client.ended);
    }

    who = operator;
    const client = await look({ token: 'any' }, { v: cut });
    who = () => Promise.reject(new HedgerowError('database.unavailable', 'away'));
    await clock.advance(5_000);
    await until(() => client.texts().includes('{"withheld":"not-checked"}'));
    await offer({}, cut);
    await until(() => client.texts().filter((t) => t === '{"withheld":"not-checked"}').length === 2);
    who = operator;
    await clock.advance(5_000);
    const back = await offer({}, cut);
    await until(() => ids(client).length === 1);
    expect(ids(client)).toEqual([back.receipt.pictureId]);

    removed = true;
    await clock.advance(5_000);
    await until(() => client.ended);
    await until(async () => (await entries('live-view.end', cut)).some((e) => e.details['why'] === 'camera removed'));

    removed = false;
    const lost = await look({ token: 'any' }, { v: cut });
    who = () => Promise.reject(new HedgerowError('database.unavailable', 'away'));
    await clock.advance(70_000);
    await until(() => lost.ended);
  });

  it('shows nothing while the question who looks hangs', async () => {
    let who: () => Promise<Principal> = () => Promise.reject(new Error('unset'));
    const cut = await openVillage({ database, clock, deps: { auth: { ...village.deps.auth, byToken: () => who() } } });
    others.push(cut);
    await cut.api.listen({ host: '127.0.0.1', port: 0 });
    who = () => Promise.resolve({ id: 'p', name: 'p', kind: 'token', grants: fleet('operator') });
    const client = await look({ token: 'any' }, { v: cut });
    who = () => new Promise<never>(() => undefined);
    const seen = await offer({}, cut);
    await until(() => ids(client).length === 1);
    await clock.advance(15_000);
    await offer({}, cut);
    await until(() => client.texts().includes('{"withheld":"not-checked"}'));
    expect(ids(client)).toEqual([seen.receipt.pictureId]);
  });

  it('shows that the line works while nothing comes', async () => {
    village.here.camera.sampleIntervalMs = 60_000;
    const client = await look(fleet('operator'));
    for (let i = 1; i <= 3; i++) {
      await clock.advance(10_000);
      await until(() => client.texts().filter((t) => t === '{"alive":true}').length === i);
    }
    expect(client.texts()).not.toContain('{"withheld":"no-sample"}');
  });

  it('lets nobody hold them all', async () => {
    const secret = await village.token(fleet('operator'));
    const clients = [];
    for (let i = 0; i < 16; i++) clients.push(await look({ token: secret }));
    const more = await look({ token: secret });
    expect([more.status, more.headers['retry-after']]).toEqual([429, '10']);
    expect((await look(fleet('operator'))).status).toBe(200);
    clients[0]?.close();
    await until(async () => (await entries('live-view.end')).length === 1);
    expect((await look({ token: secret })).status).toBe(200);
  });

  it('ends when the server stops, with its entries, and leaves no timer', async () => {
    const client = await look(fleet('operator'));
    await offer();
    await until(() => client.parts.length === 1);
    village.stop();
    await village.api.close();
    await until(() => client.ended);
    expect((await entries('live-view.end'))[0]?.details['why']).toBe('stopping');
    expect(clock.pendingTimers).toBe(0);
    expect(village.live.wanted(cameraId())).toBe(false);
  });

  it('does not begin for who has gone meanwhile', async () => {
    let goOn = (): void => undefined;
    const slowLedger = { ...village.ledger, append: async (entry: Parameters<typeof village.ledger.append>[0]) => {
      if (entry.action === 'live-view.begin') await new Promise<void>((resolve) => (goOn = resolve));
      return village.ledger.append(entry);
    } };
    const cut = await openVillage({ database, clock, deps: { ledger: slowLedger } });
    others.push(cut);
    await cut.api.listen({ host: '127.0.0.1', port: 0 });
    const request = http.get(urlOf(cut), { headers: { authorization: `Bearer ${await cut.token(fleet('operator'))}` }, agent: false });
    request.on('error', () => undefined);
    const began = (await cut.deps.metrics.liveViewers.get()).values;
    expect(began).toBeDefined();
    await until(async () => ((await cut.deps.metrics.liveViewers.get()).values[0]?.value ?? 0) === 1);
    request.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    goOn();
    await until(async () => ((await cut.deps.metrics.liveViewers.get()).values[0]?.value ?? 0) === 0);
    expect(cut.live.wanted(cut.here.camera.id)).toBe(false);
  });

  it('hands over what came between the seat and the first look', async () => {
    const stop = new AbortController();
    const messages = village.live.watch(cameraId(), { quietAfterMs: 5_000 }, stop.signal);
    const made = await offer();
    const seen: LiveMessage[] = [(await messages.next()).value as LiveMessage];
    expect(seen[0]).toMatchObject({ kind: 'picture', receipt: { pictureId: made.receipt.pictureId } });
    const pending = messages.next();
    stop.abort();
    expect(await pending).toEqual({ done: true, value: undefined });
  });
});
