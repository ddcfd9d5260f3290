/** Where a device can send us, and what it can cost: redirects, names that change, slow, endless and huge replies, TLS. */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import type { OnvifDevice } from '../../src/register/onvif-client.js';
import { onReachedHost, readToldAddress } from '../../src/register/told-address.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { dateTime, information, soap, startDevice, type DeviceReply, type DeviceRequest, type DeviceServer } from './device-server.js';
import { selfSigned } from './self-signed.js';

const clock = new SystemClock({ unref: true });
const log = createLogger('error', { write: () => undefined });
const limits = { connectTimeoutMs: 2000, replyTimeoutMs: 800, maxReplyBytes: 4 << 20 };
const signal = new AbortController().signal;

let server: DeviceServer | undefined;
const others: Server[] = [];
afterEach(async () => {
  await server?.close();
  server = undefined;
  await Promise.all(others.splice(0).map((other) => new Promise((resolve) => other.close(resolve))));
});

/** Answers names in turn, and counts how often it was asked. */
function resolver(...answers: readonly (readonly string[])[]): { lookup: (host: string) => Promise<readonly string[]>; asked: string[] } {
  const asked: string[] = [];
  return { asked, lookup: (host) => Promise.resolve(answers[Math.min(asked.push(host), answers.length) - 1] ?? []) };
}

function open(url: string, lookup: (host: string) => Promise<readonly string[]> = () => Promise.resolve([]), allowed = ['127.0.0.0/8']): Promise<OnvifDevice> {
  return createOnvifClient({ guard: new AddressGuard({ allowed, lookup }), clock, log, limits }).open({ url, username: 'op', password: 'secret-77', authMode: null }, signal);
}

async function device(answer: (request: DeviceRequest) => DeviceReply): Promise<OnvifDevice> {
  server = await startDevice(answer);
  return open(server.url);
}

/** Whoever connects to it was sent there. */
async function trap(address: string, port: number): Promise<string[]> {
  const seen: string[] = [];
  const other = http.createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end(dateTime(Date.now()));
  });
  others.push(other);
  await new Promise<void>((resolve) => other.listen(port, address, resolve));
  return seen;
}

describe('a redirect', () => {
  it.each(['http://169.254.169.254/latest', 'http://8.8.8.8/', 'http://127.0.0.2:{port}/', '//127.0.0.2:{port}/x', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'http://[::1]/', 'https://camera.example/'])('to %s is not followed', async (location) => {
    const dev = await device(() => ({ status: 302, headers: { Location: location.replace('{port}', String(server?.port)) } }));
    const seen = await trap('127.0.0.2', server?.port ?? 0);
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply' });
    expect(server?.requests).toHaveLength(1);
    expect(seen).toEqual([]);
  });

  it('inside the device is followed, and the digest answer is for the address that it led to', async () => {
    const dev = await device((r) => {
      if (r.path !== '/new?a=1') return { status: 308, headers: { Location: '/new?a=1' } };
      return r.headers.authorization?.includes('uri="/new?a=1"') ? { body: information } : { status: 401, headers: { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' } };
    });
    expect((await dev.information()).manufacturer).toBe('Maker');
    await dev.information();
    expect(server?.requests.map((r) => [r.path, r.headers.authorization !== undefined])).toEqual([['/onvif/device_service', false], ['/new?a=1', false], ['/new?a=1', true], ['/new?a=1', true]]);
  });

  it('drops credentials that it carries', async () => {
    const dev = await device((r) => (r.path === '/b' ? { body: dateTime(Date.now()) } : { status: 301, headers: { Location: `http://admin:hunter2@127.0.0.1:${server?.port}/b` } }));
    await dev.clock();
    expect(JSON.stringify(server?.requests)).not.toContain('hunter2');
  });

  it('from one to the other and back ends', async () => {
    const dev = await device((r) => ({ status: 307, headers: { Location: r.path === '/a' ? '/b' : '/a' } }));
    await expect(dev.clock()).rejects.toThrow('again and again');
    expect(server?.requests).toHaveLength(2);
  });
});

describe('a name', () => {
  it('is resolved once for a conversation: what it resolves to later changes nothing', async () => {
    server = await startDevice((r) => {
      if (r.operation === 'GetSystemDateAndTime' && r.path !== '/moved') return { status: 302, headers: { Location: `http://127.0.0.1:${server?.port}/moved` } };
      if (r.operation === 'GetSystemDateAndTime') return { body: dateTime(Date.now()) };
      if (r.operation === 'GetServices') return { body: soap(`<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://cam.village:${server?.port}/media</XAddr></Service><Service><Namespace>http://www.onvif.org/ver10/events/wsdl</Namespace><XAddr>http://169.254.169.254:${server?.port}/events</XAddr></Service></GetServicesResponse>`) };
      if (r.operation === 'CreatePullPointSubscription') return { body: soap(`<CreatePullPointSubscriptionResponse><SubscriptionReference><Address>http://8.8.8.8:${server?.port}/sub</Address></SubscriptionReference></CreatePullPointSubscriptionResponse>`) };
      if (r.operation === 'GetProfiles') return { body: soap('<GetProfilesResponse/>') };
      return { body: soap('<PullMessagesResponse/>') };
    });
    const { lookup, asked } = resolver(['127.0.0.1'], ['127.0.0.2']);
    const seen = await trap('127.0.0.2', server.port);
    const dev = await open(`http://cam.village:${server.port}/onvif/device_service`, lookup);
    await dev.clock();
    const services = await dev.services();
    expect(services).toMatchObject({ media1: `http://cam.village:${server.port}/media`, events: `http://cam.village:${server.port}/events` });
    await dev.profiles(services);
    const point = await dev.subscribe(services);
    await point.pull(500);
    await point.close();
    expect(asked).toEqual(['cam.village']);
    expect(seen).toEqual([]);
    expect(server.requests.map((r) => r.path)).toEqual(['/onvif/device_service', '/moved', '/moved', '/media', '/events', '/sub', '/sub']);
    expect(new Set(server.requests.map((r) => r.headers.host))).toEqual(new Set([`cam.village:${server.port}`]));
  });

  it('that resolves to an address outside the allowed networks is not connected to', async () => {
    const { lookup, asked } = resolver(['8.8.8.8'], ['127.0.0.1']);
    await expect(open('http://cam.village/', lookup)).rejects.toMatchObject({ code: 'address.refused' });
    expect(asked).toHaveLength(1);
  });
});

describe('a reply', () => {
  it('that drips 16 bytes at a time ends with its time', async () => {
    let timer: NodeJS.Timeout | undefined;
    const dev = await device(() => ({
      raw: (response) => {
        response.writeHead(200, { 'Content-Type': 'application/soap+xml' });
        timer = setInterval(() => response.write('<a>0123456789</a>'.slice(0, 16)), 10);
        response.on('close', () => clearInterval(timer));
      },
    }));
    const startedMs = performance.now();
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.unreachable' });
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });

  it('of 64 MB is cut at the limit with an error that says so, and the rest is not read', async () => {
    let writtenBytes = 0;
    let closed = false;
    const dev = await device(() => ({
      raw: (response) => {
        response.writeHead(200);
        const block = Buffer.alloc(65_536, 'x');
        response.on('close', () => (closed = true));
        const more = (): void => {
          while (!closed && writtenBytes < 64 << 20) {
            writtenBytes += block.length;
            if (!response.write(block)) return void response.once('drain', more);
          }
        };
        more();
      },
    }));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply', message: 'The reply is longer than 4194304 bytes; it was cut.' });
    await expect.poll(() => closed).toBe(true);
    expect(writtenBytes).toBeLessThan(32 << 20);
  });

  it('that announces 64 MB is not waited for', async () => {
    const dev = await device(() => ({ raw: (response) => void response.writeHead(200, { 'Content-Length': 64 << 20 }).flushHeaders() }));
    const startedMs = performance.now();
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply' });
    expect(performance.now() - startedMs).toBeLessThan(700);
  });

  it('whose head never ends is refused', async () => {
    const dev = await device(() => ({ raw: (response) => void response.socket?.end(`HTTP/1.1 200 OK\r\n${'X-Fill: 0123456789\r\n'.repeat(5000)}\r\n`) }));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply' });
  });

  it('that ends before its first byte is no reply', async () => {
    const dev = await device(() => ({ raw: (response) => void response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n') }));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.unreachable' });
  });
});

describe('TLS', () => {
  async function secure(answer: (path: string, authorization: string | undefined) => { status?: number; headers?: http.OutgoingHttpHeaders; body?: string }): Promise<string> {
    const other = https.createServer(selfSigned('camera'), (request, response) => {
      request.resume().on('end', () => {
        const { status = 200, headers = {}, body = '' } = answer(request.url ?? '', request.headers.authorization);
        response.writeHead(status, headers).end(body);
      });
    });
    others.push(other);
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    return `https://127.0.0.1:${(other.address() as AddressInfo).port}/onvif/device_service`;
  }

  it('with a certificate that the device signed itself is taken', async () => {
    const dev = await open(await secure((_path, authorization) => (authorization === undefined ? { status: 401, headers: { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' } } : { body: information })));
    expect((await dev.information()).model).toBe('M1');
    expect(dev.authMode).toBe('digest');
  });

  it('is not left for plain HTTP', async () => {
    const seen = await trap('127.0.0.1', 0);
    const { port } = others[0]?.address() as AddressInfo;
    const dev = await open(await secure(() => ({ status: 302, headers: { Location: `http://127.0.0.1:${port}/` } })));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply' });
    expect(seen).toEqual([]);
  });
});

describe('an address that a device tells', () => {
  const text = fc.string({ minLength: 1, maxLength: 12 }).filter((t) => !/\s/.test(t));
  it('is put on the host that was reached, whatever credentials stand in it, and those are gone', () => {
    fc.assert(
      fc.property(text, text, fc.ipV4(), fc.option(fc.integer({ min: 1, max: 65_535 })), (user, password, host, port) => {
        const name = `u${user.replace(/[@/?#[\]:]/g, '')}`;
        const word = `p!${password}`;
        const placed = onReachedHost(`rtsp://${name}:${word}@${host}${port === null ? '' : `:${port}`}/live?ch=1&sub=1`, '192.0.2.7');
        expect(placed).toBe(`rtsp://192.0.2.7${port === null ? '' : `:${port}`}/live?ch=1&sub=1`);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['http://192.168.1.106:8106:8106/onvif/Subscription?Idx=43', 'http://h:8106/onvif/Subscription?Idx=43'],
    ['rtsp://10.0.0.4:80:554/live', 'rtsp://h:554/live'],
    ['rtsp://10.0.0.4:99999/live', 'rtsp://h/live'],
    ['http://:80', 'http://h:80/'],
    ['http:///onvif/media', 'http://h/onvif/media'],
    ['http://[fe80::1%25eth0]:8080/snap.jpg?x', 'http://h:8080/snap.jpg?x'],
    ['RTSP://Cam/Live@Main', 'rtsp://h/Live@Main'],
    ['rtsp://admin:a/b?c#d@10.0.0.4:554/x@y', 'rtsp://h:554/x@y'],
    ['rtsp://admin:pa/ss@camera.local/x', 'rtsp://h/x'],
    ['not an address', null],
    ['', null],
  ])('%s', (told, expected) => {
    expect(onReachedHost(told, 'h')).toBe(expected);
  });

  it('is read or is none, for any text, in no time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 100 }), (any) => void readToldAddress(any)), { numRuns: 2000 });
    const startedMs = performance.now();
    for (const nasty of ['rtsp://' + 'a:'.repeat(1000), 'rtsp://a/' + '@1.1.1.1/'.repeat(220), 'rtsp://' + '@'.repeat(2000), 'rtsp://a' + ':1'.repeat(900) + 'x/@', 'http://' + '['.repeat(2000), 'x'.repeat(1 << 20)]) readToldAddress(nasty);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});
