/** Commissioning over HTTP: at once or check by check, its lists, and the press test's bounds. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HedgerowError } from '../../src/core/errors.js';
import { openVillage, type Village } from './two-sites.js';

let village: Village;
let token: string;
beforeAll(async () => {
  village = await openVillage();
  token = await village.token([{ role: 'technician', siteId: village.here.site.id }]);
}, 60_000);
afterAll(() => village.close());

const ask = (method: 'GET' | 'POST', url: string, more: { payload?: object; accept?: string } = {}) =>
  village.api.inject({ method, url: `/api/v1${url}`, headers: { authorization: `Bearer ${token}`, ...(more.accept ? { accept: more.accept } : {}) }, ...(more.payload ? { payload: more.payload } : {}) });
const lines = (body: string): unknown[] => body.trim().split('\n').map((line) => JSON.parse(line) as unknown);

it('answers with the result, or with each check as it comes', async () => {
  const { camera, commissioning } = village.here;
  expect((await ask('POST', `/cameras/${camera.id}/commission`)).json()).toEqual(commissioning);
  const streamed = await ask('POST', `/cameras/${camera.id}/commission`, { accept: 'application/x-ndjson' });
  expect(streamed.headers['content-type']).toContain('application/x-ndjson');
  expect(lines(streamed.body)).toEqual([...commissioning.checks.map((check) => ({ check })), { commissioning }]);
});

it('ends a stream that fails with the problem', async () => {
  const { commissionings } = village.deps;
  const whole = { ...commissionings };
  commissionings.run = () => Promise.reject(new HedgerowError('database.unavailable', 'host db.internal is away'));
  try {
    const streamed = await ask('POST', `/cameras/${village.here.camera.id}/commission`, { accept: 'application/x-ndjson' });
    expect(lines(streamed.body)).toMatchObject([{ code: 'database.unavailable', status: 503 }]);
    expect(streamed.body).not.toContain('db.internal');
  } finally {
    Object.assign(commissionings, whole);
  }
});

it('lists the newest of each camera, and all of one', async () => {
  expect((await ask('GET', '/commissionings')).json()).toEqual({ items: [village.here.commissioning], nextCursor: null });
  expect((await ask('GET', `/cameras/${village.here.camera.id}/commissionings?limit=1`)).json()).toMatchObject({ items: [{ id: village.here.commissioning.id }] });
  expect((await ask('GET', `/cameras/${village.there.camera.id}/commissionings`)).statusCode).toBe(404);
});

it('waits for a press within bounds, thirty seconds by itself', async () => {
  const url = `/cameras/${village.here.camera.id}/press-test`;
  village.done.length = 0;
  expect((await ask('POST', url)).json()).toMatchObject({ status: 'silent', cameraId: village.here.camera.id });
  expect((await ask('POST', url, { payload: { waitMs: 120_000 } })).statusCode).toBe(200);
  expect(village.done).toEqual(['pressTest 30000', 'pressTest 120000']);
  for (const waitMs of [999, 120_001, 'soon']) expect((await ask('POST', url, { payload: { waitMs } })).statusCode).toBe(400);
});
