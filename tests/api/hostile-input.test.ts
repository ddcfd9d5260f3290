/** Requests of somebody who means harm: what they can store, what an answer repeats, what an error gives away. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { problemOf } from '../../src/api/problem.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { adminToken, openVillage, type Village } from './two-sites.js';

const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json', host: 'localhost' };
let village: Village;
beforeAll(async () => {
  village = await openVillage();
}, 60_000);
afterAll(() => village.close());
beforeEach(() => {
  village.done.length = 0;
});

const post = (url: string, payload: string) => village.api.inject({ method: 'POST', url, headers, payload });

describe('texts that are none', () => {
  it.each([
    ['a zero byte', '/api/v1/sites', { name: 'a\u0000b', timeZone: 'UTC' }],
    ['an escape sequence', '/api/v1/sites', { name: '\u001b[2Jb', timeZone: 'UTC' }],
    ['half a surrogate pair', '/api/v1/sites', { name: 'a\ud800', timeZone: 'UTC' }],
    ['a zero byte deep inside', '/api/v1/places', { siteId: 'x', consent: { reference: ['\u0000'] } }],
    ['a zero byte from somebody unknown', '/api/v1/session', { name: 'a\u0000', password: 'x' }],
  ])('%s is refused before anything is done', async (_what, url, body) => {
    const answer = await post(url, JSON.stringify(body));
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'request.invalid' });
    expect(village.done).toEqual([]);
  });

  it('a zero byte in the query and in the address', async () => {
    for (const url of ['/api/v1/sites?cursor=%00', '/api/v1/cameras/%00']) {
      expect((await village.api.inject({ url, headers: { authorization: headers.authorization, host: 'localhost' } })).statusCode).toBe(400);
    }
  });

  it('tabs, line ends and every script are text', async () => {
    expect((await post('/api/v1/sites', JSON.stringify({ name: '柳树渡 🌿\tnorth\nbank', timeZone: 'UTC' }))).statusCode).toBe(201);
  });

  it('a body that is nested as deep as it is long costs nothing', async () => {
    const depth = 400_000;
    const answer = await post('/api/v1/sites', `{"name":${'['.repeat(depth)}${']'.repeat(depth)},"timeZone":"UTC"}`);
    expect(answer.statusCode).toBe(400);
  });
});

describe('what a browser keeps', () => {
  it('a picture, but it asks each time whether it may still be shown', async () => {
    const url = `/api/v1/pictures/${village.here.picture.id}/image`;
    const mine = { authorization: headers.authorization, host: 'localhost' };
    const first = await village.api.inject({ url, headers: mine });
    expect(first.statusCode).toBe(200);
    expect(first.headers['cache-control']).toBe('private, no-cache');
    const etag = String(first.headers.etag);
    expect((await village.api.inject({ url, headers: { ...mine, 'if-none-match': etag } })).statusCode).toBe(304);
    expect((await village.api.inject({ url, headers: { host: 'localhost', 'if-none-match': etag } })).statusCode).toBe(401);
  });
});

describe('readiness, which anybody may ask for', () => {
  it('is tried once for all who ask within a second, and again afterwards', async () => {
    let tries = 0;
    const clock = new SimulatedClock(Date.UTC(2026, 0, 1));
    const other = await openVillage({ clock, deps: { ready: () => Promise.resolve({ database: tries++ < 1 ? 'ok' : 'gone: 10.0.0.5' }) } });
    const ask = async () => (await other.api.inject({ url: '/readyz', headers: { host: 'localhost' } })).statusCode;
    expect(await Promise.all(Array.from({ length: 50 }, ask))).toEqual(Array.from({ length: 50 }, () => 200));
    expect(tries).toBe(1);
    await clock.advance(1_001);
    expect([await ask(), tries]).toEqual([503, 2]);
    await other.close();
  });
});

describe('what an answer repeats', () => {
  it('of sixty thousand unknown keys only a few', async () => {
    const answer = await post('/api/v1/sites', `{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join(',')}}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.body.length).toBeLessThan(4_000);
  });

  it.each([
    ['store.unavailable', 'Writing an object failed in /srv/hedgerow/objects: EIO'],
    ['database.unavailable', 'password authentication failed for user "hedgerow" at 10.0.0.5'],
    ['queue.unavailable', 'Redis does not answer: connect ECONNREFUSED 10.0.0.6:6379'],
  ] as const)('%s says nothing of hosts and folders', (code, message) => {
    expect(problemOf(new HedgerowError(code, message), 'r')).not.toHaveProperty('detail');
  });
});
