import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fastify from 'fastify';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { requireAccess } from '../../src/api/access.js';
import { SystemClock } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import type { Database } from '../../src/contract/database.js';
import { memoryDatabase } from '../support/databases.js';
import { adminToken, openVillage, system, type Village } from './two-sites.js';

const admin = { authorization: `Bearer ${adminToken}` };
const password = 'correct horse battery';
let database: Database;
let village: Village;
let url: URL;

beforeAll(async () => {
  database = await memoryDatabase({ clock: new SystemClock({ unref: true }) });
  village = await openVillage({ database });
  url = new URL(await village.api.listen({ host: '127.0.0.1', port: 0 }));
  await village.auth.createUser({ name: 'mei', password, grants: [{ role: 'admin', siteId: null }] }, system);
}, 60_000);
afterAll(() => village.close());
beforeEach(() => {
  village.done.length = 0;
});

/** Sends bytes as they are; resolves with all that came back until the server closed or was quiet. */
function raw(bytes: string | Buffer, quietMs = 400): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: url.hostname, port: Number(url.port) }, () => socket.write(bytes));
    let text = '';
    socket.setTimeout(quietMs, () => socket.destroy());
    socket.on('data', (d) => (text += d.toString('latin1'))).on('close', () => resolve(text));
    // The server may close while we still write; what it said before counts.
    socket.on('error', (thrown: NodeJS.ErrnoException) => (thrown.code === 'EPIPE' || thrown.code === 'ECONNRESET' ? undefined : reject(thrown)));
  });
}
const problemIn = (reply: string): Record<string, unknown> => JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
const post = (target: string, type: string, body: string | Buffer, more = ''): Buffer =>
  Buffer.concat([Buffer.from(`POST ${target} HTTP/1.1\r\nhost: localhost\r\n${more}authorization: Bearer ${adminToken}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`), Buffer.from(body)]);

describe('default deny', () => {
  it.each([undefined, {}, { access: { roles: [], scope: 'site' } }])('a route that says %j of access cannot be built', (config) => {
    const app = fastify();
    requireAccess(app);
    expect(() => app.get('/x', { ...(config ? { config: config as object } : {}) }, () => 'x')).toThrow(/does not say who may use it/);
  });
});

describe('problems over a real socket', () => {
  it('malformed JSON, wrong types, empty bodies, forbidden keys', async () => {
    for (const [type, body] of [
      ['application/json', '{"name":'], ['application/json', ''], ['application/json', '\xff\xfe'], ['application/json', '{"__proto__":{"x":1}}'], ['application/json', '[]'],
      ['application/json', 'null'], ['text/plain', '{}'], ['application/xml', '<a/>'], ['multipart/form-data', 'x'], ['', '{}'], ['application/json; charset=utf-16', '{}'],
    ] as const) {
      const reply = await raw(post('/api/v1/sites', type, body));
      expect(reply, `${type} ${body}`).toMatch(/^HTTP\/1\.1 400 /);
      expect(reply.toLowerCase()).toContain('content-type: application/problem+json');
      expect(problemIn(reply)).toMatchObject({ code: 'request.invalid', status: 400, type: 'urn:hedgerow:error:request.invalid' });
    }
    expect(village.done).toEqual([]);
  });

  it('a body over the limit is 413, announced or not', async () => {
    const announced = await raw(`POST /api/v1/sites HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${adminToken}\r\ncontent-type: application/json\r\ncontent-length: 999999999\r\n\r\n`);
    expect(announced).toMatch(/^HTTP\/1\.1 413 /);
    expect(problemIn(announced)).toMatchObject({ code: 'request.too-large' });
    const chunk = 'a'.repeat(65_536);
    const chunks = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(20);
    const sneaked = await raw(`POST /api/v1/sites HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${adminToken}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect(sneaked).toMatch(/^HTTP\/1\.1 413 /);
    const table = await raw(post('/api/v1/cameras/import', 'text/csv', 'x'.repeat(2 * 1_048_576)), 2000);
    expect(table).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw(post('/api/v1/cameras/import', 'text/csv', 'x'.repeat(4 * 1_048_576 + 1)), 2000)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('nobody uploads a body before being known', async () => {
    const reply = await raw(`POST /api/v1/cameras/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\ncontent-length: 4000000\r\n\r\nabc`);
    expect(reply).toMatch(/^HTTP\/1\.1 401 /);
    expect(reply.toLowerCase()).toContain('www-authenticate: bearer');
  });

  it('what is not HTTP, and headers that never end', async () => {
    expect(problemIn(await raw('\x16\x03\x01\x02\x00 hello\r\n\r\n'))).toMatchObject({ code: 'request.invalid' });
    expect(problemIn(await raw(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`))).toMatchObject({ code: 'request.too-large' });
    expect(await raw('GET /api/v1/sites/%ff%fe%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('garbage cookies and headers are nobody', async () => {
    for (const header of ['cookie: hedgerow', 'cookie: hedgerow=', `cookie: hedgerow=${'A'.repeat(43)}`, 'cookie: =;;;=;hedgerow=%%%\xff', `cookie: ${'a=b; '.repeat(2000)}`, 'authorization: Bearer', 'authorization: Basic YTpi', 'authorization: Bearer \xff\xfe', `authorization: Bearer ${'x'.repeat(9000)}`]) {
      const reply = await raw(`GET /api/v1/session/me HTTP/1.1\r\nhost: localhost\r\n${header}\r\nconnection: close\r\n\r\n`);
      expect(reply, header.slice(0, 40)).toMatch(/^HTTP\/1\.1 401 /);
    }
  });

  it('any bytes at all leave the server standing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await raw(Buffer.concat([Buffer.from('POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'), Buffer.from(bytes), Buffer.from('\r\n\r\n')]), 30);
        expect((await village.api.inject('/healthz')).statusCode).toBe(200);
      }),
      { numRuns: 40 },
    );
  });
});

describe('problems', () => {
  it('name every field that is wrong', async () => {
    const reply = await village.api.inject({ method: 'POST', url: '/api/v1/cameras', headers: admin, payload: { siteId: 'x', name: '', address: 'rtsp://a', purpose: 'cctv', owner: 'o', legalBasis: 'l', reviewOn: '2026-02-30', typo: 1 } });
    expect(reply.statusCode).toBe(400);
    const { errors } = reply.json<{ errors: { path: string; reason: string }[] }>();
    expect(errors.map((e) => e.path)).toEqual(expect.arrayContaining(['purpose', 'reviewOn', 'siteId', 'name']));
  });

  it.each(['/api/v1/nothing', '/api/v1/cameras/x/y/z', '/api', '/api/', '/favicon.xyz'])('%s is no address', async (target) => {
    const reply = await village.api.inject({ url: target, headers: admin });
    expect(reply.statusCode).toBe(404);
    expect(reply.json()).toMatchObject({ code: 'route.unknown' });
  });

  it('unknown and repeated query fields, odd cursors and limits are refused', async () => {
    for (const query of ['stie=1', 'limit=0', 'limit=501', 'limit=x', 'limit=1&limit=2', 'cursor=x', `cursor=${'a'.repeat(300)}`, 'siteId=1']) {
      const reply = await village.api.inject({ url: `/api/v1/places?${query}`, headers: admin });
      expect(reply.statusCode, query).toBe(400);
    }
  });

  it('an unforeseen error shows neither its message nor its cause, but its id', async () => {
    const broken = await openVillage({ database, deps: { observations: { record: () => Promise.resolve(), observations: () => Promise.reject(new Error('password=hunter2 at 10.0.0.3')) } } });
    const reply = await broken.api.inject({ url: '/api/v1/observations', headers: admin });
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('hunter2');
    expect(reply.json()).toEqual({ type: 'urn:hedgerow:error:process.defect', title: 'Something went wrong inside', status: 500, code: 'process.defect', requestId: reply.headers['x-request-id'] });
    const wrong = await openVillage({ database, deps: { ready: () => Promise.resolve({ database: 'connect ECONNREFUSED 10.0.0.3' }) } });
    const ready = await wrong.api.inject('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([503, { ready: false, parts: { database: 'failed' } }]);
    for (const v of [broken, wrong]) await v.api.close();
  });

  it('an error of ours keeps its code, and says when to come back', async () => {
    const busy = await openVillage({ database, deps: { onboarding: { probe: () => Promise.reject(new HedgerowError('request.rate', 'busy', { context: { retryAfterMs: 1500 } })), probeMany: () => Promise.resolve() } } });
    const reply = await busy.api.inject({ method: 'POST', url: `/api/v1/cameras/${busy.here.camera.id}/probe`, headers: admin });
    expect([reply.statusCode, reply.headers['retry-after']]).toEqual([429, '2']);
    await busy.api.close();
  });
});

describe('session', () => {
  const logIn = (headers: Record<string, string> = {}) => village.api.inject({ method: 'POST', url: '/api/v1/session', payload: { name: 'mei', password }, headers });
  const cookieOf = (reply: { headers: Record<string, unknown> }): string => String(reply.headers['set-cookie']).split(';')[0] ?? '';

  it('sets a strict cookie that works until log-out', async () => {
    const reply = await logIn();
    expect(reply.statusCode).toBe(200);
    expect(String(reply.headers['set-cookie'])).toMatch(/^hedgerow=[\w-]{43}; Max-Age=43\d\d\d; Path=\/; HttpOnly; SameSite=Strict$/);
    const cookie = cookieOf(reply);
    expect((await village.api.inject({ url: '/api/v1/session/me', headers: { cookie } })).json()).toMatchObject({ name: 'mei', kind: 'user' });
    const out = await village.api.inject({ method: 'DELETE', url: '/api/v1/session', headers: { cookie, origin: 'http://localhost:80' } });
    expect([out.statusCode, out.body]).toEqual([204, '']);
    expect((await village.api.inject({ url: '/api/v1/session/me', headers: { cookie } })).statusCode).toBe(401);
  });

  it('changes something only from our own page', async () => {
    const cookie = cookieOf(await logIn());
    const change = async (headers: Record<string, string>) =>
      (await village.api.inject({ method: 'POST', url: '/api/v1/sites', payload: { name: 'n', timeZone: 'UTC' }, headers: { cookie, ...headers } })).statusCode;
    for (const bad of [{}, { origin: 'http://evil.example' }, { origin: 'null' }, { origin: 'http://localhost:81' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'http://localhost.evil.example' }, { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' }]) {
      expect(await change(bad), JSON.stringify(bad)).toBe(403);
    }
    expect(village.done).toEqual([]);
    for (const good of [{ origin: 'http://localhost:80' }, { origin: 'http://localhost' }, { 'sec-fetch-site': 'same-origin' }]) expect(await change(good)).toBe(201);
    // A token is no ambient authority: no page can make a browser send it.
    expect((await village.api.inject({ method: 'POST', url: '/api/v1/sites', payload: { name: 'n', timeZone: 'UTC' }, headers: { ...admin, origin: 'http://evil.example' } })).statusCode).toBe(201);
  });

  it('cannot be opened from another page', async () => {
    expect((await logIn({ origin: 'http://evil.example' })).json()).toMatchObject({ code: 'auth.origin', status: 403 });
    expect((await logIn({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  });

  it('opens by a one-time link, once', async () => {
    const secret = await village.auth.createLink(60_000);
    const redeem = () => village.api.inject({ method: 'POST', url: '/api/v1/session/link', payload: { secret } });
    const [a, b] = await Promise.all([redeem(), redeem()]);
    expect([a.statusCode, b.statusCode].sort()).toEqual([200, 401]);
  });

  it('is secure behind a proxy that is believed, and only then', async () => {
    const believing = await openVillage({ database, config: { trustProxy: true } });
    const headers = { 'x-forwarded-proto': 'https' };
    const reply = await believing.api.inject({ method: 'POST', url: '/api/v1/session', payload: { name: 'mei', password }, headers });
    expect(String(reply.headers['set-cookie'])).toMatch(/^__Host-hedgerow=.*; Secure; SameSite=Strict$/);
    expect(reply.headers['strict-transport-security']).toBeDefined();
    expect((await believing.api.inject({ url: '/api/v1/session/me', headers: { ...headers, cookie: cookieOf(reply) } })).statusCode).toBe(200);
    expect(String((await logIn(headers)).headers['set-cookie'])).not.toContain('Secure');
    await believing.api.close();
  });

  it('holds log-in tries to a fiftieth of the requests', async () => {
    const tight = await openVillage({ database, config: { requestsPerMinute: 300 } });
    const codes: number[] = [];
    for (let i = 0; i < 8; i++) codes.push((await tight.api.inject({ method: 'POST', url: '/api/v1/session/link', payload: { secret: 'x' } })).statusCode);
    expect(codes).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    expect((await tight.api.inject({ url: '/api/v1/session/me', headers: admin })).statusCode).toBe(200);
    await tight.api.close();
  });

  it('holds an address to its requests a minute', async () => {
    const tight = await openVillage({ database, config: { requestsPerMinute: 10 } });
    const codes: number[] = [];
    for (let i = 0; i < 12; i++) codes.push((await tight.api.inject({ url: '/api/v1/sites', headers: admin })).statusCode);
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429]);
    const refused = await tight.api.inject({ url: '/api/v1/sites', headers: admin });
    expect(refused.json()).toMatchObject({ code: 'request.rate' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await tight.api.close();
  });
});

describe('host', () => {
  const status = async (v: Village, host: string) => (await v.api.inject({ url: '/healthz', headers: { host } })).statusCode;

  it('must name this machine on loopback', async () => {
    for (const good of ['localhost', 'localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST']) expect(await status(village, good), good).toBe(200);
    for (const bad of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '169.254.169.254', 'localhost@evil.example', '[::2]', 'a b']) expect(await status(village, bad), bad).toBe(403);
    expect(await raw('GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.\d 403 /);
  });

  it('may be a configured origin, whose page may call', async () => {
    const open = await openVillage({ database, config: { allowedOrigins: ['https://desk.example'] } });
    expect(await status(open, 'desk.example')).toBe(200);
    const reply = await open.api.inject({ url: '/healthz', headers: { origin: 'https://desk.example' } });
    expect(reply.headers['access-control-allow-origin']).toBe('https://desk.example');
    expect((await open.api.inject({ url: '/healthz', headers: { origin: 'https://evil.example' } })).headers['access-control-allow-origin']).toBeUndefined();
    const preflight = await open.api.inject({ method: 'OPTIONS', url: '/api/v1/sites', headers: { origin: 'https://desk.example', 'access-control-request-method': 'POST' } });
    expect([preflight.statusCode, preflight.headers['access-control-allow-methods']]).toEqual([204, 'GET, POST, PATCH, DELETE']);
    await open.api.close();
  });

  it('may be the public address', async () => {
    const open = await openVillage({ database, config: { publicUrl: 'https://village.example/hedgerow' } });
    expect(await status(open, 'village.example')).toBe(200);
    expect(await status(open, 'other.example')).toBe(403);
    await open.api.close();
  });

  it('is free when the server does not listen on loopback', async () => {
    const open = await openVillage({ database, config: { host: '0.0.0.0' } });
    expect(await status(open, 'desk.village.example')).toBe(200);
    await open.api.close();
  });
});

describe('pictures', () => {
  const auditor = async (siteId: string | null = null) => ({ authorization: `Bearer ${await village.token([{ role: 'auditor', siteId }])}` });

  it('are sent as they are, privately, and with the headers that keep a browser honest', async () => {
    const reply = await village.api.inject({ url: `/api/v1/cameras/${village.here.camera.id}/pictures/newest`, headers: admin });
    expect(reply.statusCode).toBe(200);
    expect([...reply.rawPayload]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
    expect(reply.headers).toMatchObject({ 'content-type': 'image/jpeg', 'cache-control': 'private, no-cache', 'x-content-type-options': 'nosniff', etag: `"${village.here.picture.id}"` });
    expect(reply.headers['content-security-policy']).toContain("default-src 'self'");
    const again = await village.api.inject({ url: `/api/v1/cameras/${village.here.camera.id}/pictures/newest`, headers: { ...admin, 'if-none-match': String(reply.headers.etag) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it.each(['learning', 'moved', 'withheld'] as const)('none is shown of a camera that is %s', async (pictureStatus) => {
    const closed = await openVillage({ database });
    closed.here.camera.pictureStatus = pictureStatus;
    closed.here.camera.pictureReason = 'because';
    const reply = await closed.api.inject({ url: `/api/v1/cameras/${closed.here.camera.id}/pictures/newest`, headers: admin });
    expect([reply.statusCode, reply.json<{ code: string; detail: string }>()]).toEqual([422, expect.objectContaining({ code: 'picture.withheld', detail: 'because' })]);
    await closed.api.close();
  });

  it('an auditor opens stored evidence after a quarter of an hour, never the live view', async () => {
    const clock = new SimulatedClock(Date.parse('2026-01-01T00:00:00.000Z'));
    const v = await openVillage({ database, clock });
    const headers = await auditor();
    const image = () => v.api.inject({ url: `/api/v1/pictures/${v.here.picture.id}/image`, headers });
    await clock.advance(15 * 60_000 - 1);
    expect((await image()).json()).toMatchObject({ code: 'auth.forbidden' });
    expect((await v.api.inject({ url: `/api/v1/pictures/${v.here.picture.id}/image`, headers: admin })).statusCode).toBe(200);
    await clock.advance(1);
    expect((await image()).statusCode).toBe(200);
    expect((await v.api.inject({ url: `/api/v1/cameras/${v.here.camera.id}/pictures/newest`, headers })).statusCode).toBe(403);
    await v.api.close();
  });

  it('a view is in the ledger, once a minute for a person and a camera; without the ledger there is no view', async () => {
    const clock = new SimulatedClock();
    const v = await openVillage({ database, clock });
    const token = { authorization: `Bearer ${await v.token([{ role: 'operator', siteId: null }])}` };
    const look = (cameraId: string) => v.api.inject({ url: `/api/v1/cameras/${cameraId}/pictures/newest`, headers: token });
    const views = async () => (await v.ledger.entries({ limit: 500 })).items.filter((e) => e.action === 'picture.view-newest' && [v.here.camera.id, v.there.camera.id].includes(e.objectId)).length;
    await Promise.all(Array.from({ length: 10 }, () => look(v.here.camera.id)));
    expect(await views()).toBe(1);
    await look(v.there.camera.id);
    expect(await views()).toBe(2);
    await clock.advance(60_000);
    await look(v.here.camera.id);
    expect(await views()).toBe(3);
    const down = await openVillage({ database, deps: { ledger: { ...v.ledger, append: () => Promise.reject(new HedgerowError('database.unavailable', 'away')) } } });
    const refused = await down.api.inject({ url: `/api/v1/cameras/${down.here.camera.id}/pictures/newest`, headers: admin });
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([503, 'database.unavailable']);
    for (const x of [v, down]) await x.api.close();
  });
});

describe('the ledger hears', () => {
  it('of refusals, exports and its own readings', async () => {
    const clock = new SimulatedClock();
    const v = await openVillage({ database, clock });
    const token = { authorization: `Bearer ${await v.token([{ role: 'auditor', siteId: v.here.site.id }])}` };
    for (let i = 0; i < 3; i++) await v.api.inject({ method: 'POST', url: '/api/v1/check', headers: token });
    await v.api.inject({ url: `/api/v1/cameras/${v.there.camera.id}`, headers: token });
    await v.api.inject({ url: '/api/v1/cameras/export', headers: token });
    await v.api.inject({ url: '/api/v1/ledger', headers: admin });
    const mine = (await v.ledger.entries({ limit: 12 })).items.map((e) => `${e.action} ${e.objectType} ${e.objectId} ${e.outcome}`);
    expect(mine.filter((e) => e === 'request.refused route POST /api/v1/check refused')).toHaveLength(1);
    expect(mine).toEqual(expect.arrayContaining(['request.refused route GET /api/v1/cameras/:id refused', 'export cameras all ok', 'export ledger all ok']));
    await v.api.close();
  });
});

describe('cameras', () => {
  it('a patch changes what it names and nothing else', async () => {
    await village.api.inject({ method: 'PATCH', url: `/api/v1/cameras/${village.here.camera.id}`, headers: admin, payload: { name: 'gate' } });
    expect(village.done).toEqual(['updateCamera {"name":"gate"}']);
  });

  it('come as a table, as bytes or in JSON, on a site by id or by name', async () => {
    const send = (query: string, type: string, payload: string) => village.api.inject({ method: 'POST', url: `/api/v1/cameras/import?${query}`, headers: { ...admin, 'content-type': type }, payload });
    const { site } = village.here;
    await send('dryRun=true', 'text/csv', 'name\n村');
    await send(`skipBad=true&siteId=${site.id}`, 'application/json', JSON.stringify({ csv: 'name\nx' }));
    await send(`site=${encodeURIComponent(site.name)}`, 'text/csv; charset=utf-8', 'name\ny');
    expect(village.done).toEqual([
      'importCameras name\n村 {"format":"csv","dryRun":true,"skipBad":false}',
      `importCameras name\nx {"format":"csv","dryRun":false,"skipBad":true,"defaultSiteId":"${site.id}"}`,
      `importCameras name\ny {"format":"csv","dryRun":false,"skipBad":false,"defaultSiteId":"${site.id}"}`,
    ]);
    village.done.length = 0;
    await send('', 'application/json', '[{"name":"z"}]');
    expect(village.done).toEqual(['importCameras [{"name":"z"}] {"format":"json","dryRun":false,"skipBad":false}']);
    expect((await send('', 'application/json', '{"csv":"x","y":[[]]}')).json()).toMatchObject({ code: 'request.invalid', errors: [{ path: 'csv' }] });
    const lines = await village.api.inject({ method: 'POST', url: '/api/v1/cameras/import', headers: { ...admin, 'content-type': 'text/csv', accept: 'application/x-ndjson' }, payload: 'name' });
    expect([lines.headers['content-type'], Object.keys(JSON.parse(lines.body.trim().split('\n').at(-1) ?? '') as object)]).toEqual(['application/x-ndjson', ['report']]);
    expect((await send('site=Nowhere', 'text/csv', 'x')).statusCode).toBe(404);
    expect((await send('dryRun=maybe', 'text/csv', 'x')).statusCode).toBe(400);
  });

  it('a technician imports to no other site', async () => {
    const token = { authorization: `Bearer ${await village.token([{ role: 'technician', siteId: village.here.site.id }])}` };
    const reply = await village.api.inject({ method: 'POST', url: `/api/v1/cameras/import?siteId=${village.there.site.id}`, headers: { ...token, 'content-type': 'text/csv' }, payload: 'x' });
    expect([reply.statusCode, village.done]).toEqual([403, []]);
  });

  it('a rule reaches no zone and no schedule of another site', async () => {
    const { here, there } = village;
    const token = { authorization: `Bearer ${await village.token([{ role: 'technician', siteId: here.site.id }])}` };
    const body = { siteId: here.site.id, name: 'r', zoneId: here.zone.id, scheduleId: here.schedule.id, classes: ['person'], reason: 'theft of copper', endsOn: '2027-01-01' };
    for (const foreign of [{ zoneId: there.zone.id }, { scheduleId: there.schedule.id }]) {
      expect((await village.api.inject({ method: 'POST', url: '/api/v1/rules', headers: token, payload: { ...body, ...foreign } })).statusCode).toBe(404);
    }
    expect(village.done).toEqual([]);
  });

  it('discovery comes as a list or line by line, without ids of other sites', async () => {
    const token = { authorization: `Bearer ${await village.token([{ role: 'technician', siteId: village.here.site.id }])}` };
    const ids = (await village.api.inject({ method: 'POST', url: '/api/v1/discovery', headers: token })).json<{ items: { cameraId: string | null }[] }>().items.map((d) => d.cameraId);
    expect(ids).toEqual([village.here.camera.id, null]);
    const lines = await village.api.inject({ method: 'POST', url: '/api/v1/discovery', headers: { ...token, accept: 'application/x-ndjson' }, payload: { listenMs: 100 } });
    expect(lines.headers['content-type']).toBe('application/x-ndjson');
    expect(lines.body.trim().split('\n').map((l) => (JSON.parse(l) as { device: { cameraId: string | null } }).device.cameraId)).toEqual([village.here.camera.id, null]);
  });

  it('health counts them by state, on the sites of who asks', async () => {
    const token = { authorization: `Bearer ${await village.token([{ role: 'operator', siteId: village.here.site.id }])}` };
    const count = async (headers: Record<string, string>) => (await village.api.inject({ url: '/api/v1/health', headers })).json<{ cameras: { total: number; byState: Record<string, number> } }>().cameras;
    expect(await count(token)).toMatchObject({ total: 1, byState: { good: 1, online: 0 } });
    expect(await count(admin)).toMatchObject({ total: 2 });
  });
});

describe('console', () => {
  it('says how to build it when it is not there', async () => {
    const reply = await village.api.inject('/');
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toContain('npm run build');
  });

  it('serves its files and nothing beside them; other addresses get the page', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'console-'));
    mkdirSync(path.join(folder, 'dist', 'assets'), { recursive: true });
    writeFileSync(path.join(folder, 'secret.txt'), 'secret');
    writeFileSync(path.join(folder, 'dist', 'index.html'), '<p>page</p>');
    writeFileSync(path.join(folder, 'dist', 'assets', 'a-1.js'), 'js');
    const v = await openVillage({ database, deps: { consoleFolder: path.join(folder, 'dist') } });
    const get = (target: string, accept = 'text/html') => v.api.inject({ url: target, headers: { accept } });
    expect((await get('/')).body).toBe('<p>page</p>');
    expect((await get('/cameras/1')).body).toBe('<p>page</p>');
    expect((await get('/assets/a-1.js', '*/*')).headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', 'content-type': 'application/javascript; charset=utf-8' });
    for (const bad of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/..%2f..%2fsecret.txt', '/%2e%2e%5csecret.txt', '/assets/none.js']) {
      const reply = await get(bad);
      expect(reply.body, bad).not.toBe('secret');
      expect(reply.statusCode, bad).toBe(404);
    }
    expect((await get('/api/v1/none')).headers['content-type']).toContain('application/problem+json');
    await v.api.close();
    rmSync(folder, { recursive: true });
  });
});
