import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookTransport, outcomeOf } from '../../src/alert/adapters/webhook-transport.js';
import { signatureOf } from '../../src/alert/webhook-signature.js';
import type { ChannelTransport } from '../../src/contract/alert-ports.js';
import type { Config } from '../../src/config/schema.js';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { silentLog } from '../support/databases.js';
import { listen, verify, type Receiver } from './webhook-receiver.js';

const clock = new SystemClock();
const secret = 'a secret of sixteen or more';
const body = '{"type":"alert.raised","text":"泵房"}';
const key = 'alert.channel';
const shipped = (parse(readFileSync(path.resolve(import.meta.dirname, '../../config/default.yaml'), 'utf8')) as Config).alert.webhook;
const config = { ...shipped, timeoutMs: 1_000 };
const signal = new AbortController().signal;

function transport(options: { denied?: readonly string[]; names?: Record<string, string[]>; timeoutMs?: number } = {}): { send: (url: string) => ReturnType<ChannelTransport['send']>; lookups: string[] } {
  const lookups: string[] = [];
  const lookup = async (host: string): Promise<string[]> => {
    lookups.push(host);
    const found = options.names?.[host];
    return found ? Promise.resolve(found) : Promise.reject(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }));
  };
  const guard = new AddressGuard({ allowed: shipped.allowNetworks, denied: options.denied ?? [], lookup });
  const webhook = createWebhookTransport({ config: { ...config, timeoutMs: options.timeoutMs ?? config.timeoutMs }, guard, clock, log: silentLog });
  return { lookups, send: (url) => webhook.send({ url, secret, idempotencyKey: key, body }, signal) };
}

describe('webhook transport', () => {
  let receiver: Receiver;
  let url: string;
  beforeEach(async () => {
    receiver = await listen();
    url = `http://127.0.0.1:${receiver.port}/in?room=1`;
  });
  afterEach(() => receiver.close());

  it('signs as written down: HMAC-SHA256 over timestamp, dot, body', () => {
    // openssl: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'k'
    expect(signatureOf('k', '1700000000', '{"a":1}')).toBe('v1=1b6ad1bc9bf48c52ce01939866d5877c6cc4e87ddad27e16673cb8c4964394a3');
  });

  it('is verified by a receiver that follows the README, which sees through a change and a replay', async () => {
    expect(await transport().send(url)).toEqual({ status: 'delivered', httpStatus: 204 });
    const [got] = receiver.received;
    expect(got).toMatchObject({ key, body });
    expect(got?.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', host: `127.0.0.1:${receiver.port}` });
    if (!got) return;
    expect(verify(secret, got, clock.nowMs())).toBe('good');
    expect(verify(secret, { ...got, body: got.body.replace('raised', 'closed') }, clock.nowMs())).toBe('forged');
    expect(verify('another secret', got, clock.nowMs())).toBe('forged');
    expect(verify(secret, { ...got, timestamp: String(Number(got.timestamp) + 1) }, clock.nowMs())).toBe('forged');
    expect(verify(secret, got, clock.nowMs() + 301_000)).toBe('stale');
  });

  it.each([
    [200, 'delivered'], [201, 'delivered'], [204, 'delivered'], [301, 'dead'], [302, 'dead'], [307, 'dead'], [400, 'dead'], [401, 'dead'],
    [404, 'dead'], [408, 'retry'], [410, 'dead'], [422, 'dead'], [429, 'retry'], [500, 'retry'], [503, 'retry'],
  ] as const)('an answer of %i means %s', async (status, outcome) => {
    receiver.answer = () => ({ status, headers: status >= 300 && status < 400 ? { location: `http://127.0.0.1:${receiver.port}/again` } : {} });
    expect((await transport().send(url)).status).toBe(outcome);
    expect(receiver.received).toHaveLength(1);
  });

  it('honours Retry-After in seconds and as a date, up to an hour', () => {
    const now = Date.UTC(2026, 0, 1);
    expect(outcomeOf(429, '7', now)).toMatchObject({ status: 'retry', afterMs: 7_000 });
    expect(outcomeOf(503, 'Thu, 01 Jan 2026 00:02:00 GMT', now)).toMatchObject({ afterMs: 120_000 });
    expect(outcomeOf(503, '999999999', now)).toMatchObject({ afterMs: 3_600_000 });
    expect(outcomeOf(503, 'Wed, 31 Dec 2025 00:00:00 GMT', now)).toMatchObject({ afterMs: 0 });
    for (const header of ['soon', '-3', '', '1e99', undefined]) expect(outcomeOf(503, header, now)).not.toHaveProperty('afterMs', expect.any(Number));
  });

  it('a receiver that hangs, drops, or is not there is tried again', async () => {
    receiver.answer = () => 'hang';
    expect(await transport({ timeoutMs: 150 }).send(url)).toMatchObject({ status: 'retry', detail: expect.stringContaining('150 ms') as string });
    receiver.answer = () => 'drop';
    expect(await transport().send(url)).toMatchObject({ status: 'retry' });
    const { port } = receiver;
    await receiver.close();
    expect(await transport().send(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 'retry', detail: expect.stringContaining('ECONNREFUSED') as string });
    receiver = await listen();
  });

  it('reads no more than 64 KB of an answer without end', async () => {
    let sent = 0;
    receiver.answer = () => ({
      status: 200,
      body: function* () {
        for (; sent < 200_000_000; sent += 65_536) yield 'x'.repeat(65_536);
      },
    });
    expect(await transport().send(url)).toEqual({ status: 'delivered', httpStatus: 200 });
    expect(sent).toBeLessThan(20_000_000); // what fits into the sockets' buffers, not the 200 MB
  });

  it('stops at once when asked to', async () => {
    receiver.answer = () => 'hang';
    const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
    const abort = new AbortController();
    const sending = createWebhookTransport({ config: { ...config, timeoutMs: 60_000 }, guard, clock, log: silentLog }).send({ url, secret, idempotencyKey: key, body }, abort.signal);
    setTimeout(() => abort.abort(), 50);
    expect((await sending).status).toBe('retry');
  });

  describe('addresses', () => {
    const denied = shipped.denyNetworks;

    it.each([
      'http://127.0.0.1:PORT/', 'http://2130706433:PORT/', 'http://0x7f000001:PORT/', 'http://0177.0.0.1:PORT/', 'http://0177.0x0.1:PORT/', 'http://127.1:PORT/', 'http://0:PORT/',
      'http://[::1]:PORT/', 'http://[::ffff:127.0.0.1]:PORT/', 'http://[::ffff:7f00:1]:PORT/', 'http://169.254.169.254/latest/meta-data/', 'http://[fe80::1]/', 'http://100.100.100.200/',
      'http://[fd00:ec2::254]/', 'http://①②⑦.0.0.1:PORT/', 'http://127.0.0.1.:PORT/',
    ])('%s is refused for good, and nothing is sent', async (template) => {
      const outcome = await transport({ denied }).send(template.replace('PORT', String(receiver.port)));
      expect(outcome.status).toBe('dead');
      expect(receiver.received).toEqual([]);
    });

    it('a name that resolves to this machine is refused', async () => {
      const names = { 'desk.example': ['127.0.0.1'], 'desk6.example': ['::1', 'fe80::2'], 'both.example': ['169.254.169.254', '127.0.0.1'], localhost: ['127.0.0.1', '::1'] };
      for (const name of Object.keys(names)) expect((await transport({ denied, names }).send(`http://${name}:${receiver.port}/`)).status).toBe('dead');
      expect(receiver.received).toEqual([]);
    });

    it('a name that does not resolve is tried again', async () => {
      expect((await transport({ denied }).send('http://nowhere.example/')).status).toBe('retry');
    });

    it('is asked anew for every try, and the answer is what is connected to', async () => {
      const names: Record<string, string[]> = { 'desk.example': ['127.0.0.1'] };
      const { send, lookups } = transport({ denied: ['127.0.0.2/32'], names });
      const target = `http://desk.example:${receiver.port}/`;
      // The system's resolver does not know desk.example: the request arrives because the checked address was dialled.
      expect((await send(target)).status).toBe('delivered');
      expect(receiver.received[0]?.headers.host).toBe(`desk.example:${receiver.port}`);
      names['desk.example'] = ['127.0.0.2'];
      expect((await send(target)).status).toBe('dead');
      expect(lookups).toEqual(['desk.example', 'desk.example']);
      expect(receiver.received).toHaveLength(1);
    });

    it('a redirect to this machine is not followed', async () => {
      const inner = await listen();
      receiver.answer = () => ({ status: 307, headers: { location: `http://127.0.0.1:${inner.port}/` } });
      expect(await transport().send(url)).toMatchObject({ status: 'dead', detail: expect.stringContaining('not followed') as string });
      expect(inner.received).toEqual([]);
      await inner.close();
    });

    it('knows http and https only', async () => {
      for (const bad of ['ftp://desk.example/', 'file:///etc/passwd', 'gopher://127.0.0.1/', 'no address']) expect((await transport().send(bad)).status).toBe('dead');
    });
  });
});
