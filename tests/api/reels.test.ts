/** The film of an alert over HTTP: whole and in parts, for whom and from when, and the view in the ledger. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteRange } from '../../src/api/byte-range.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { adminToken, openVillage, type Village } from './two-sites.js';

const admin = { authorization: `Bearer ${adminToken}` };

describe('a range of bytes', () => {
  const etag = '"x"';
  it.each([
    [undefined, { status: 'whole' }],
    ['bytes=0-', { status: 'part', from: 0, to: 9 }],
    ['bytes=0-0', { status: 'part', from: 0, to: 0 }],
    ['bytes=3-5', { status: 'part', from: 3, to: 5 }],
    ['bytes=3-500', { status: 'part', from: 3, to: 9 }],
    ['bytes=-4', { status: 'part', from: 6, to: 9 }],
    ['bytes=-40', { status: 'part', from: 0, to: 9 }],
    ['bytes=9-', { status: 'part', from: 9, to: 9 }],
    ['bytes=10-', { status: 'outside' }],
    ['bytes=-0', { status: 'outside' }],
    ['bytes=5-3', { status: 'whole' }],
    ['bytes=0-1,3-4', { status: 'whole' }],
    ['bytes=-', { status: 'whole' }],
    ['lines=0-1', { status: 'whole' }],
    ['bytes=99999999999999999999-', { status: 'whole' }],
  ])('%s of ten', (range, expected) => {
    expect(byteRange(range, undefined, etag, 10)).toEqual(expected);
  });

  it('is for the file that is meant, else it is sent whole', () => {
    expect(byteRange('bytes=1-2', etag, etag, 10)).toEqual({ status: 'part', from: 1, to: 2 });
    expect(byteRange('bytes=1-2', '"y"', etag, 10)).toEqual({ status: 'whole' });
  });
});

describe('reels', () => {
  let village: Village;
  const clock = new SimulatedClock(Date.parse('2026-01-01T00:00:00.000Z'));
  beforeAll(async () => {
    village = await openVillage({ clock });
  });
  afterAll(() => village.close());
  const film = (headers: Record<string, string>) => village.api.inject({ url: `/api/v1/reels/${village.here.reel.id}/file`, headers });

  it('have a receipt that is found by the alert', async () => {
    const reply = await village.api.inject({ url: `/api/v1/alerts/${village.here.alert.id}/reel`, headers: admin });
    expect([reply.statusCode, reply.json()]).toEqual([200, village.here.reel]);
  });

  it('are sent whole, in parts, or not at all when the browser has them', async () => {
    const whole = await film(admin);
    expect([whole.statusCode, [...whole.rawPayload]]).toEqual([200, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    expect(whole.headers).toMatchObject({ 'content-type': 'video/webm', 'accept-ranges': 'bytes', 'content-length': '10', 'cache-control': 'private, no-cache', 'etag': `"${village.here.reel.sha256}"` });
    const part = await film({ ...admin, range: 'bytes=2-4' });
    expect([part.statusCode, [...part.rawPayload], part.headers['content-range'], part.headers['content-length']]).toEqual([206, [2, 3, 4], 'bytes 2-4/10', '3']);
    const outside = await film({ ...admin, range: 'bytes=10-' });
    expect([outside.statusCode, outside.headers['content-range'], outside.body]).toEqual([416, 'bytes */10', '']);
    const again = await film({ ...admin, 'if-none-match': String(whole.headers.etag) });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it('open for an auditor a quarter of an hour after the last picture; every view is in the ledger, its ranges as one', async () => {
    const token = await village.token([{ role: 'auditor', siteId: village.here.site.id }]);
    const auditor = { authorization: `Bearer ${token}` };
    await clock.advance(15 * 60_000 - 1);
    expect((await film(auditor)).json()).toMatchObject({ code: 'auth.forbidden' });
    await clock.advance(1);
    const views = async () => (await village.ledger.entries({ limit: 500 })).items.filter((e) => e.action === 'reel.view' && e.objectId === village.here.reel.id && e.actor !== 'system').length;
    const before = await views();
    for (const range of ['bytes=0-', 'bytes=4-', 'bytes=8-']) expect((await film({ ...auditor, range })).statusCode).toBe(206);
    expect(await views()).toBe(before + 1);
  });
});
