import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { answerDigest, readDigestChallenge } from '../../src/register/adapters/onvif/http-digest.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { passwordDigest } from '../../src/register/adapters/onvif/username-token.js';
import type { AuthMode, OnvifDevice } from '../../src/register/onvif-client.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { dateTime, fault, fixture, information, soap, startDevice, type DeviceReply, type DeviceRequest, type DeviceServer } from './device-server.js';

const clock = new SystemClock({ unref: true });
const lines: string[] = [];
const log = createLogger('debug', { write: (line) => lines.push(line) });
const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
const limits = { connectTimeoutMs: 1000, replyTimeoutMs: 600, maxReplyBytes: 1 << 20 };
const secret = 'pass <&> word "ü"';
const notAuthorized = fixture('tapo-fault-not-authorized.xml');

let server: DeviceServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function device(answer: (request: DeviceRequest) => DeviceReply, options: { username?: string | null; authMode?: AuthMode | null } = {}): Promise<OnvifDevice> {
  server = await startDevice(answer);
  const target = { url: server.url, username: options.username === undefined ? 'op' : options.username, password: secret, authMode: options.authMode ?? null };
  return createOnvifClient({ guard, clock, log, limits }).open(target, new AbortController().signal);
}

/** Whether a UsernameToken is right for a device whose clock differs from ours by `skewMs`, within five seconds. */
function tokenIsRight(body: string, password: string, skewMs = 0): boolean {
  const part = (name: string): string => new RegExp(`<ws\\w+:${name}[^>]*>([^<]*)<`).exec(body)?.[1] ?? '';
  const nonce = Buffer.from(part('Nonce'), 'base64');
  const created = part('Created');
  return nonce.length === 16 && part('Password') === createHash('sha1').update(nonce).update(created).update(password).digest('base64') && Math.abs(Date.parse(created) - (Date.now() + skewMs)) < 5000;
}
const credentialed = (r: DeviceRequest): boolean => r.headers.authorization !== undefined || r.body.includes('UsernameToken');
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('UsernameToken', () => {
  it('has the digest of the published vector', () => {
    expect(passwordDigest(Buffer.from('LKqI6G/AikKCQrN0zqZFlg==', 'base64'), '2010-09-16T07:50:45Z', 'userpassword')).toBe('tuOSpGlFlIXsozq4HFNeeGeFLEI=');
  });
});

describe('HTTP Digest', () => {
  const headers = [
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  ];
  const request = { method: 'GET', uri: '/dir/index.html', username: 'Mufasa', password: 'Circle of Life', count: 1, clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' };

  it.each([[0, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'], [1, '8ca523f5e9506fed4657c9700eebdbec']])('answers challenge %i of RFC 7616, 3.9.1', (index, response) => {
    const challenge = readDigestChallenge([headers[index] ?? '']);
    expect(challenge && answerDigest(challenge, request)).toContain(`response="${response}"`);
  });

  it('takes the first challenge that it can answer, from one header or several, quoted or not', () => {
    expect(readDigestChallenge(headers)?.algorithm).toBe('SHA-256');
    expect(readDigestChallenge(['Basic realm="x, y", Digest realm=cam,nonce=abc,stale=TRUE'])).toMatchObject({ realm: 'cam', nonce: 'abc', stale: true, qopAuth: false });
    expect(readDigestChallenge(['Digest realm="a\\"b", nonce="n", algorithm=MD5-sess, qop="auth"'])).toMatchObject({ realm: 'a"b', algorithm: 'MD5-sess' });
    expect(readDigestChallenge(['Basic realm="x"', 'Digest nonce="n", algorithm=ROT13', 'Digest realm="no nonce"'])).toBeNull();
  });

  it('sends a name in any script as UTF-8, and what the device sent as it came, without control characters', async () => {
    const dev = await device((r) => (r.headers.authorization === undefined ? { status: 401, raw: (response) => void response.socket?.end('HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="a\u0001\u00e9", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n', 'latin1') } : { body: information }), { username: '管理员' });
    expect((await dev.information()).manufacturer).toBe('Maker');
    const sent = server?.requests.at(-1)?.headers.authorization ?? '';
    const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(sent)?.[1] ?? '';
    expect(Buffer.from(field('username'), 'latin1').toString('utf8')).toBe('管理员');
    expect(field('realm')).toBe('a\u00e9');
    const md5 = (text: Buffer | string): string => createHash('md5').update(text).digest('hex');
    const a1 = md5(Buffer.concat([Buffer.from('管理员:', 'utf8'), Buffer.from('a\u0001\u00e9', 'latin1'), Buffer.from(`:${secret}`, 'utf8')]));
    expect(field('response')).toBe(md5(`${a1}:n:${field('nc')}:${field('cnonce')}:auth:${md5('POST:/onvif/device_service')}`));
  });

  it('reads any header or none', () => {
    fc.assert(fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 4 }), (list) => void readDigestChallenge(list)), { numRuns: 3000 });
    const startedMs = performance.now();
    for (const nasty of ['Digest ' + 'a='.repeat(20_000), 'Digest ' + 'a '.repeat(20_000), 'Digest nonce="' + '\\"'.repeat(20_000)]) readDigestChallenge([nasty]);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});

describe('the log-in ladder', () => {
  it('answers a digest challenge, keeps the nonce, and answers again when it aged', async () => {
    let nonce = 'n1';
    const counts: string[] = [];
    const dev = await device((r) => {
      const sent = r.headers.authorization ?? '';
      if (!sent.includes(`nonce="${nonce}"`)) return { status: 401, headers: { 'WWW-Authenticate': `Digest realm="r", nonce="${nonce}", qop="auth"` }, body: fixture('hikvision-401.html') };
      const [, uri, nc, cnonce, response] = /uri="([^"]*)".*response="(?:[^"]*)".*nc=(\w+), cnonce="([^"]*)"/.exec(sent) ?? [];
      void response;
      counts.push(nc ?? '');
      const ha1 = createHash('md5').update(`op:r:${secret}`).digest('hex');
      const ha2 = createHash('md5').update(`POST:${uri}`).digest('hex');
      expect(sent).toContain(`response="${createHash('md5').update(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`).digest('hex')}"`);
      return { body: information };
    });
    await dev.information();
    expect(dev.authMode).toBe('digest');
    await dev.information();
    nonce = 'n2';
    await dev.information();
    expect(counts).toEqual(['00000001', '00000002', '00000001']);
    expect(server?.requests.some((r) => r.body.includes('UsernameToken'))).toBe(false);
  });

  it.each([400, 200, 500, 401])("uses a token after a refusal without a challenge (HTTP %i), in the device's time", async (status) => {
    const skewMs = -400_000;
    const dev = await device((r) => {
      if (r.operation === 'GetSystemDateAndTime') return { body: dateTime(Date.now() + skewMs) };
      return tokenIsRight(r.body, secret, skewMs) ? { body: information } : { status, body: notAuthorized };
    });
    expect((await dev.clock()).skewMs).toBeGreaterThan(skewMs - 1500);
    expect(await dev.information()).toEqual({ manufacturer: 'Maker', model: 'M1', firmware: '1.0', serialNumber: null });
    expect(dev.authMode).toBe('username-token');
    expect(server?.requests.filter(credentialed)).toHaveLength(1);
  });

  it('measures the clock again once when a token is refused', async () => {
    let skewMs = 0;
    const dev = await device((r) => {
      if (r.operation === 'GetSystemDateAndTime') return { body: dateTime(Date.now() + skewMs) };
      return tokenIsRight(r.body, secret, skewMs) ? { body: information } : { status: 400, body: notAuthorized };
    });
    await dev.clock();
    skewMs = 3_600_000;
    await dev.information();
    expect(server?.requests.filter(credentialed)).toHaveLength(2);
  });

  it('tries the local time when a device labels it as UTC', async () => {
    const dev = await device((r) => {
      if (r.operation === 'GetSystemDateAndTime') return { body: dateTime(Date.now(), Date.now() + 8 * 3_600_000) };
      return tokenIsRight(r.body, secret, 8 * 3_600_000) ? { body: information } : { status: 400, body: notAuthorized };
    });
    await dev.clock();
    await dev.information();
    expect(dev.deviations).toContain('local-time-as-utc');
  });

  it('sends a wrong password at most twice, then never again in this conversation', async () => {
    for (const challenge of [{ 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' }, {}]) {
      const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { body: dateTime(Date.now()) } : { status: 401, headers: challenge, body: fault('NotAuthorized', `You still have 4 attempt(s), ${secret}`.replace(/[<&>"]/g, '')) }));
      await dev.clock();
      for (let i = 0; i < 3; i++) await expect(dev.information()).rejects.toMatchObject({ code: 'camera.auth', context: { given: true } });
      expect(server?.requests.filter(credentialed).length).toBeLessThanOrEqual(2);
      await expect(dev.services()).rejects.toEqual(code('camera.auth'));
      expect(server?.requests.filter(credentialed).length).toBeLessThanOrEqual(2);
      await server?.close();
    }
  });

  it('sends no log-in at all when there is none, and none where none is asked for', async () => {
    const dev = await device((r) => (r.operation === 'GetDeviceInformation' ? { status: 401 } : { body: information }), { username: null });
    await expect(dev.information()).rejects.toMatchObject({ code: 'camera.auth', context: { given: false } });
    await server?.close();
    const open = await device(() => ({ body: information }));
    await open.information();
    expect([open.authMode, server?.requests.some(credentialed)]).toEqual(['none', false]);
  });

  it('begins with what worked the last time', async () => {
    const dev = await device((r) => (tokenIsRight(r.body, secret) ? { body: information } : { status: 400, body: notAuthorized }), { authMode: 'username-token' });
    await dev.information();
    expect(server?.requests).toHaveLength(1);
  });

  it('tells a missing right from a wrong password', async () => {
    const dev = await device((r) => (r.operation === 'GetDeviceInformation' && tokenIsRight(r.body, secret) ? { body: information } : { status: 400, body: notAuthorized }));
    await dev.information();
    expect(await dev.identity()).toEqual({ endpointReference: null, macAddress: null });
  });
});

describe('services and media', () => {
  const media = (r: DeviceRequest, profiles: string): DeviceReply => {
    if (r.operation === 'GetServices') return { body: fixture('axis-services-own-namespaces.xml') };
    if (r.operation === 'GetProfiles') return { body: profiles };
    return { status: 400, body: fault('ActionNotSupported', 'not implemented') };
  };

  it('puts services on the host that it reached, by full namespace, with the last of several ports', async () => {
    const dev = await device((r) => media(r, ''));
    const services = await dev.services();
    expect(services).toMatchObject({ media1: 'http://127.0.0.1/onvif/services', media2: 'http://127.0.0.1/onvif/services', events: 'http://127.0.0.1:8106/onvif/services', deviceIo: null });
    expect(services.told).toContain('http://192.168.0.90/onvif/services');
    expect(dev.deviations).toEqual(['reached-host', 'last-of-several-ports']);
  });

  it('falls back to capabilities', async () => {
    const dev = await device((r) =>
      r.operation === 'GetCapabilities'
        ? { body: soap(`<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://10.9.9.9:${server?.port}/m</tt:XAddr></tt:Media><tt:Events><tt:XAddr/></tt:Events></tds:Capabilities></tds:GetCapabilitiesResponse>`) }
        : { status: 500, body: fault('ActionNotSupported', 'Optional Action Not Implemented') },
    );
    expect(await dev.services()).toMatchObject({ media1: `http://127.0.0.1:${server?.port}/m`, media2: null, events: null });
    expect(dev.deviations).toContain('capabilities-instead-of-services');
  });

  it('reads profiles of media 2, and of media 1 where media 2 fails', async () => {
    const dev = await device((r) => {
      const old = r.body.includes('ver10/media/wsdl"><trt:') || r.body.includes('<trt:GetProfiles/>');
      if (r.operation === 'GetProfiles' && !old) return { status: 500, body: '' };
      return { body: fixture('uniview-profiles-mixed.xml') };
    });
    const here = `http://127.0.0.1:${server?.port}/m`;
    const found = await dev.profiles({ media1: here, media2: here, events: null, deviceIo: null, recording: null, search: null, analytics: null, told: [] });
    expect(found.map((p) => [p.token, p.codec, p.widthPx, p.media])).toEqual([['main stream & 1', 'H264', 2688, 1], ['00000', null, null, 1], ['000', 'H264', 704, 1]]);
    expect(found[0]).toMatchObject({ name: 'Main', fps: 25, gopFrames: 50 });
    expect(dev.deviations).toContain('media1-instead-of-media2');
    if (server) server.answer = () => ({ body: fixture('reolink-profiles2-h265.xml') });
    expect((await dev.profiles({ media1: here, media2: here, events: null, deviceIo: null, recording: null, search: null, analytics: null, told: [] })).map((p) => [p.token, p.codec, p.media, p.gopFrames])).toEqual([['P000', 'H265', 2, 60], ['P001', 'H265', 2, 40]]);
  });

  it.each([
    ['dahua-stream-uri-ampersand.xml', 'rtsp://192.168.1.108:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif'],
    ['xm-stream-uri-bare-ampersand.xml', 'rtsp://admin:admin@10.0.0.4:80:554/live?ch=1&sub=1'],
  ])('decodes the stream address of %s once, and sends the token escaped', async (file, expected) => {
    const dev = await device(() => ({ body: fixture(file) }));
    const here = `http://127.0.0.1:${server?.port}/m`;
    const profile = { token: 'a & <b>', name: '', media: 1, codec: null, widthPx: null, heightPx: null, fps: null, bitrateKbps: null, gopFrames: null, sourceToken: null, audio: null, analytics: null } as const;
    expect(await dev.streamAddress({ media1: here, media2: null, events: null, deviceIo: null, recording: null, search: null, analytics: null, told: [] }, profile)).toBe(expected);
    expect(server?.requests[0]?.body).toContain('<trt:ProfileToken>a &#38; &#60;b&#62;</trt:ProfileToken>');
  });

  it('reads a clock with an overflowing minute behind a broken declaration and a cut end', async () => {
    const dev = await device(() => ({ body: fixture('typographic-declaration.xml') }));
    expect(await dev.clock()).toMatchObject({ utcMs: Date.UTC(2026, 5, 1, 1, 1, 16), source: 'ntp' });
  });
});

describe('a pull-point', () => {
  it('goes to the host that was reached, echoes its reference parameters, and is ended', async () => {
    const dev = await device((r) => {
      if (r.operation === 'CreatePullPointSubscription') return { body: fixture('axis-pull-point-reference-parameters.xml').replace('192.168.0.90', `192.168.0.90:${server?.port}`) };
      return r.operation === 'PullMessages' ? { body: fixture('input-events.xml') } : { status: 500, body: fault('ActionNotSupported', 'no') };
    });
    const here = `http://127.0.0.1:${server?.port}/events`;
    const point = await dev.subscribe({ media1: null, media2: null, events: here, deviceIo: null, recording: null, search: null, analytics: null, told: [] });
    expect((await point.pull(1000)).filter((e) => e.active).map((e) => e.input)).toEqual(['in1', 'A2']);
    await point.renew();
    await point.close();
    const [, ...later] = server?.requests ?? [];
    expect(later.map((r) => [r.operation, r.path])).toEqual([['PullMessages', '/onvif/services'], ['Renew', '/onvif/services'], ['Unsubscribe', '/onvif/services']]);
    for (const r of later) expect(r.body).toContain('<SubscriptionId xmlns="http://www.axis.com/2009/event" wsa:IsReferenceParameter="true">17</SubscriptionId>');
  });
});

describe('what a device may not cost', () => {
  const flood = (bytes: number) => ({ raw: (response: ServerResponse) => void response.writeHead(200).end(Buffer.alloc(bytes, 'x')) });
  it.each<[string, DeviceReply, string]>([
    ['a flood', flood(8 << 20), 'camera.reply'],
    ['junk', { body: 'lollipop' }, 'camera.reply'],
    ['nothing', { body: '' }, 'camera.reply'],
    ['a log-in page', { body: '<html><body><form>Login</form></body></html>' }, 'camera.reply'],
    ['entities', { body: fixture('entity-bomb.xml') }, 'camera.reply'],
    ['deep nesting', { body: '<a>'.repeat(100_000) }, 'camera.reply'],
    ['nothing but tags', { body: soap('<a/>'.repeat(200_000)) }, 'camera.reply'],
    ['nothing but attributes', { body: soap(`<a ${'b '.repeat(400_000)}/>`) }, 'camera.reply'],
    ['attributes without blanks', { body: soap(`<a ${'b="c"'.repeat(180_000)}/>`) }, 'camera.reply'],
    ['more children than a call takes arguments', { body: soap(`<x>${'<a/>'.repeat(90_000)}</x>`) }, 'camera.reply'],
    ['no end of redirects', { status: 302, headers: { Location: '/again' } }, 'camera.reply'],
    ['a redirect to another host', { status: 307, headers: { Location: 'http://127.0.0.2/onvif' } }, 'camera.reply'],
    ['no HTTP', { raw: (r) => void r.socket?.end('RTSP/1.0 400 Bad\r\n\r\n') }, 'camera.reply'],
    ['a closed connection', { raw: (r) => void r.socket?.destroy() }, 'camera.unreachable'],
    ['silence', { raw: () => undefined }, 'camera.unreachable'],
    ['a reply that never ends', { raw: (r) => void r.writeHead(200).write('<s:Envelope>') }, 'camera.unreachable'],
    ['its own request with a 500', { status: 500, body: soap('<tds:GetSystemDateAndTime/>') }, 'camera.reply'],
  ])('%s', async (_what, reply, expected) => {
    const dev = await device(() => reply);
    const startedMs = performance.now();
    await expect(dev.clock()).rejects.toEqual(code(expected));
    expect(performance.now() - startedMs).toBeLessThan(2500);
    expect(server?.requests.length).toBeLessThanOrEqual(2);
  });

  it('a subscription whose reply is full of opening tags', async () => {
    const dev = await device(() => ({ body: soap(`<CreatePullPointSubscriptionResponse a="${'<ReferenceParameters '.repeat(45_000)}"/>`) }));
    const startedMs = performance.now();
    await dev.subscribe({ media1: null, media2: null, events: `http://127.0.0.1:${server?.port}/events`, deviceIo: null, recording: null, search: null, analytics: null, told: [] }).catch(() => undefined);
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });

  it('the password in an error, when a fault repeats it', async () => {
    server = await startDevice(() => ({ status: 400, body: fault('Odd', 'no such thing as secret-77') }));
    const told = await createOnvifClient({ guard, clock, log, limits }).open({ url: server.url, username: 'op', password: 'secret-77', authMode: null }, new AbortController().signal);
    for (const asked of [told.clock(), told.information()]) await expect(asked).rejects.toThrow(/no such thing as \[sealed\]/);
  });

  it('control characters in what it calls itself', async () => {
    const dev = await device(() => ({ body: information.replace('Maker', 'Ma&#27;[2J&#x9b;31mker') }));
    expect((await dev.information()).manufacturer).toBe('Ma [2J 31mker');
  });

  it('follows one redirect on the same host', async () => {
    const dev = await device((r) => (r.path === '/new' ? { body: dateTime(Date.now()) } : { status: 308, headers: { Location: '/new' } }));
    expect((await dev.clock()).utcMs).not.toBeNull();
  });

  it('connects to no address outside the allowed networks', async () => {
    const client = createOnvifClient({ guard, clock, log, limits });
    await expect(client.open({ url: 'http://8.8.8.8/', username: null, password: null, authMode: null }, new AbortController().signal)).rejects.toEqual(code('address.refused'));
  });

  it('stops when told', async () => {
    server = await startDevice(() => ({ raw: () => undefined }));
    const stop = new AbortController();
    const dev = await createOnvifClient({ guard, clock, log, limits }).open({ url: server.url, username: null, password: null, authMode: null }, stop.signal);
    const asked = dev.clock();
    stop.abort();
    await expect(asked).rejects.toMatchObject({ kind: 'aborted' });
  });

  it('logs neither the password nor what the device said', () => {
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.join('')).not.toMatch(/pass <|PasswordDigest|attempt\(s\)/);
  });
});
