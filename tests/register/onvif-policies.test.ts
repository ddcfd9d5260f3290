/** Each policy of docs/device-policies.md over a real socket, against a reply that shows the habit. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import type { AuthMode, DeviceServices, MediaProfile, OnvifDevice } from '../../src/register/onvif-client.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { dateTime, fault, fixture, information, soap, startDevice, type DeviceReply, type DeviceRequest, type DeviceServer } from './device-server.js';
import { filled, httpReply } from './http-fixture.js';

const clock = new SystemClock({ unref: true });
const lines: string[] = [];
const log = createLogger('debug', { write: (line) => lines.push(line) });
const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
const limits = { connectTimeoutMs: 2000, replyTimeoutMs: 2000, maxReplyBytes: 1 << 20 };
const secret = 'pass <&> word';
const hourMs = 3_600_000;

let server: DeviceServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function device(answer: (request: DeviceRequest) => DeviceReply, options: { authMode?: AuthMode | null; maxRefusals?: number } = {}): Promise<OnvifDevice> {
  server = await startDevice(answer);
  return createOnvifClient({ guard, clock, log, limits }).open({ url: server.url, username: 'op', password: secret, authMode: null, ...options }, new AbortController().signal);
}
const port = (): number => server?.port ?? 0;
const requests = (): DeviceRequest[] => server?.requests ?? [];
const here = (path: string): string => `http://127.0.0.1:${port()}${path}`;
const at = (some: Partial<DeviceServices>): DeviceServices => ({ media1: null, media2: null, events: null, deviceIo: null, recording: null, search: null, analytics: null, told: [], ...some });
const profile = (media: 1 | 2): MediaProfile => ({ token: 'p1', name: '', media, codec: null, widthPx: null, heightPx: null, fps: null, bitrateKbps: null, gopFrames: null, sourceToken: null, audio: null, analytics: null });

const part = (body: string, name: string): string => new RegExp(`<ws\\w+:${name}[^>]*>([^<]*)<`).exec(body)?.[1] ?? '';
/** Whether a UsernameToken is right for a device whose clock differs from ours by `skewMs`, within five seconds. */
function tokenIsRight({ body }: DeviceRequest, skewMs = 0): boolean {
  const [nonce, created] = [Buffer.from(part(body, 'Nonce'), 'base64'), part(body, 'Created')];
  return part(body, 'Password') === createHash('sha1').update(nonce).update(created).update(secret).digest('base64') && Math.abs(Date.parse(created) - (Date.now() + skewMs)) < 5000;
}
/** Whether a digest answer is right for that nonce and the address of the request. */
function digestIsRight({ headers, path }: DeviceRequest, nonce: string, realm: string, algorithm = 'md5'): boolean {
  const sent = headers.authorization ?? '';
  const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(sent)?.[1] ?? '';
  const hash = (text: string): string => createHash(algorithm).update(text).digest('hex');
  const [secretHash, subject] = [hash(`op:${realm}:${secret}`), hash(`POST:${path}`)];
  const expected = field('qop') === '' ? hash(`${secretHash}:${nonce}:${subject}`) : hash(`${secretHash}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${subject}`);
  return field('nonce') === nonce && field('uri') === path && field('response') === expected;
}
const credentialed = (r: DeviceRequest): boolean => r.headers.authorization !== undefined || r.body.includes('UsernameToken');
const sent = (operation: string): DeviceRequest[] => requests().filter((r) => r.operation === operation);
const notAuthorized = fixture('tapo-fault-not-authorized.xml');

/** Puts a time into a reply about the clock. */
function clockAt(name: string, utcMs: number, localMs = utcMs): string {
  const put = (text: string, element: string, ms: number): string =>
    text.replace(new RegExp(`(<tt:${element}>)(.*?)(</tt:${element}>)`, 's'), (_all, open: string, inner: string, close: string) => {
      const d = new Date(ms);
      const values = { Hour: d.getUTCHours(), Minute: d.getUTCMinutes(), Second: d.getUTCSeconds(), Year: d.getUTCFullYear(), Month: d.getUTCMonth() + 1, Day: d.getUTCDate() };
      return open + Object.entries(values).reduce((t, [key, value]) => t.replace(new RegExp(`(:${key}>)\\d+`), `$1${value}`), inner) + close;
    });
  return put(put(fixture(name), 'UTCDateTime', utcMs), 'LocalDateTime', localMs);
}

describe('the log-in', () => {
  it('Digest: a nonce for each address, asked for there (Hikvision)', async () => {
    const dev = await device((r) => {
      const nonce = `nonce-of-${r.path}`;
      if (!digestIsRight(r, nonce, 'DS-2CD2143G2-I')) return httpReply('hikvision-ds2cd-401-nonce-of-another-address.http', { nonce });
      return r.operation === 'GetStreamUri' ? { body: fixture('dahua-stream-uri-ampersand.xml') } : { body: information };
    });
    await dev.information();
    expect(await dev.streamAddress(at({ media1: here('/onvif/Media') }), profile(1))).toContain('realmonitor');
    await dev.information();
    expect(dev.authMode).toBe('digest');
    expect(requests().map((r) => r.headers.authorization !== undefined)).toEqual([false, true, false, true, true]);
    expect(requests().some((r) => r.body.includes('UsernameToken'))).toBe(false);
  });

  it('Digest: of several challenges the first in the order of the device, SHA-256 here', async () => {
    const dev = await device((r) => (digestIsRight(r, 'sha-nonce', 'IP Camera', 'sha256') ? { body: information } : httpReply('hikvision-ds2cd-401-three-challenges.http')));
    await dev.information();
    expect(requests().at(-1)?.headers.authorization).toMatch(/algorithm=SHA-256.*opaque="oq"/);
    expect(requests()).toHaveLength(2);
  });

  it('Digest: a stale nonce is no refusal, however often it happens', async () => {
    let nonce = 0;
    const dev = await device((r) => {
      const right = digestIsRight(r, `n${nonce}`, 'AXIS_ACCC8E000000');
      if (!right) nonce++;
      return right ? { body: information } : httpReply('axis-m1065-401-stale.http', { nonce: `n${nonce}` });
    });
    for (let i = 0; i < 4; i++) {
      await dev.information();
      nonce++;
    }
    expect(dev.authMode).toBe('digest');
    expect(dev.deviations).not.toContain('aged-nonce');
  });

  it('Digest: a nonce that aged without a word is answered anew', async () => {
    let nonce = 1;
    const dev = await device((r) => (digestIsRight(r, `n-${nonce}`, 'INSTAR') ? { body: information } : httpReply('instar-in9408-401-empty.http', { nonce: String(nonce) })));
    await dev.information();
    nonce++;
    await dev.information();
    expect(dev.deviations).toEqual(['aged-nonce']);
    expect(sent('GetDeviceInformation').at(-1)?.headers.authorization).not.toContain('qop');
  });

  it.each<[string, () => DeviceReply]>([
    ['401 with Basic only', () => httpReply('rtsp-bridge-401-basic.http')],
    ['a fault in words of its own', () => ({ status: 500, body: fixture('tapo-c520ws-fault-authority-failure.xml') })],
    ['a fault that counts log-ins', () => ({ status: 400, body: filled('dahua-ipc-fault-attempts-left.xml', { left: 26 }) })],
  ])('UsernameToken after %s: 16 bytes, milliseconds, Z; and no Digest beside it', async (_what, refusal) => {
    const dev = await device((r) => (tokenIsRight(r) ? { body: information } : refusal()));
    await dev.information();
    const last = requests().at(-1);
    expect(Buffer.from(part(last?.body ?? '', 'Nonce'), 'base64')).toHaveLength(16);
    expect(part(last?.body ?? '', 'Created')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(last?.body.match(/Created>/g)).toHaveLength(2);
    expect(last?.headers.authorization).toBeUndefined();
    await dev.information();
    const nonces = requests().filter(credentialed).map((r) => part(r.body, 'Nonce'));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it.each([
    [9, 2],
    [2, 1],
    [1, 0],
  ])('attempts-left: with %i left before the first one, %i are sent', async (before, expected) => {
    let left = before;
    const dev = await device((r) => {
      if (r.operation === 'GetSystemDateAndTime') return { body: dateTime(Date.now() + 20 * hourMs) };
      if (credentialed(r)) left--;
      return { status: 400, body: filled('dahua-ipc-fault-attempts-left.xml', { left }) };
    });
    const refused = expect.objectContaining({ code: 'camera.auth', context: expect.objectContaining({ attemptsLeft: left - expected }) as object }) as object;
    await expect(dev.information()).rejects.toEqual(refused);
    for (let i = 0; i < 3; i++) await expect(dev.services()).rejects.toMatchObject({ code: 'camera.auth' });
    expect(requests().filter(credentialed)).toHaveLength(expected);
    expect(dev.deviations).toContain('attempts-left');
  });

  it('attempts-left: read from a page as well', async () => {
    const dev = await device(() => ({ status: 401, headers: { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' }, body: fixture('hikvision-401.html').replace('4 attempt', '1 attempt') }));
    await expect(dev.information()).rejects.toMatchObject({ code: 'camera.auth', context: { attemptsLeft: 1, tries: 2 } });
    expect(requests().some(credentialed)).toBe(false);
  });

  it('keeps no log-in that a reply echoes (D-Link)', async () => {
    const dev = await device((r) => (tokenIsRight(r) ? { body: filled('dlink-dcs8635lh-echoes-log-in.xml', { echoed: 'echo-of-a-secret' }) } : { status: 400, body: notAuthorized }));
    expect(await dev.information()).toEqual({ manufacturer: 'D-Link', model: 'DCS-8635LH', firmware: '1.03', serialNumber: null });
    if (server) server.answer = () => ({ status: 500, body: filled('dlink-dcs8635lh-echoes-log-in.xml', { echoed: 'echo-of-a-secret' }) });
    const failed = await dev.services().catch((thrown: unknown) => thrown);
    expect(JSON.stringify(failed) + String(failed) + lines.join('')).not.toContain('echo-of-a-secret');
  });
});

describe('the clock', () => {
  it.each(['BRT3', 'UTC+0', 'CST-8', 'MoroccoStandardTime0', 'EST5EDT,M3.2.0,M11.1.0', '', 'GMT+08:00 <Beijing>'])('a zone written %j changes nothing', async (zone) => {
    const utcMs = Math.floor(Date.now() / 1000) * 1000;
    const dev = await device(() => ({ body: clockAt('openipc-majestic-clock-local-as-utc.xml', utcMs).replace('AEST-10', zone.replace('<', '&lt;')) }));
    expect(await dev.clock()).toMatchObject({ utcMs, source: 'ntp' });
  });

  it('no-utc-time: goes on without one', async () => {
    const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { body: fixture('unnamed-clock-without-utc.xml') } : tokenIsRight(r) ? { body: information } : { status: 400, body: notAuthorized }));
    expect(await dev.clock()).toMatchObject({ utcMs: null, skewMs: null, source: 'ntp' });
    await dev.information();
    expect(dev.deviations).toEqual(['no-utc-time']);
  });

  it('no-utc-time: takes the local time for the log-in when ours is refused', async () => {
    const skewMs = 3 * hourMs;
    const local = clockAt('openipc-majestic-clock-local-as-utc.xml', Date.now() + skewMs).replace(/<tt:UTCDateTime>.*?<\/tt:UTCDateTime>/s, '');
    const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { body: local } : tokenIsRight(r, skewMs) ? { body: information } : { status: 400, body: notAuthorized }));
    await dev.clock();
    await dev.information();
    expect(dev.deviations).toEqual(['no-utc-time', 'local-time-as-utc']);
    expect(requests().filter(credentialed)).toHaveLength(2);
  });

  it('a device that does not tell the time is spoken to in ours (HiKam)', async () => {
    const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { status: 500, body: fixture('hikam-a7-clock-not-implemented.xml') } : tokenIsRight(r) ? { body: information } : { status: 400, body: notAuthorized }));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply', context: { unsupported: true } });
    await dev.information();
    expect(dev.skewMs).toBeNull();
  });

  it('overflowing-time: carries over', async () => {
    const dev = await device(() => ({ body: fixture('typographic-declaration.xml') }));
    expect((await dev.clock()).utcMs).toBe(Date.UTC(2026, 5, 1, 1, 1, 16));
    expect(dev.deviations).toEqual(['overflowing-time']);
  });

  it('local-time-as-utc: ten hours of a time zone are taken off when the token is refused (OpenIPC)', async () => {
    const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { body: clockAt('openipc-majestic-clock-local-as-utc.xml', Date.now() + 10 * hourMs) } : tokenIsRight(r) ? { body: information } : { status: 400, body: notAuthorized }));
    await dev.clock();
    await dev.information();
    expect(dev.deviations).toEqual(['local-time-as-utc']);
    expect(Math.abs(dev.skewMs ?? hourMs)).toBeLessThan(2000);
    expect(requests().filter(credentialed)).toHaveLength(2);
  });

  it('clock-read-again: a camera that was switched off tells 1970, before and in the middle of a conversation', async () => {
    let bornMs = Date.now();
    const skewMs = (): number => -bornMs;
    const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { body: dateTime(Date.now() + skewMs()) } : tokenIsRight(r, skewMs()) ? { body: information } : { status: 400, body: fixture('dahua-ipc-fault-time-check.xml') }));
    await dev.clock();
    await dev.information();
    expect(dev.deviations).toEqual([]);
    for (let i = 1; i <= 3; i++) {
      bornMs += i * hourMs;
      await dev.information();
    }
    expect(dev.deviations).toEqual(['clock-read-again']);
    expect(requests().filter((r) => r.operation === 'GetSystemDateAndTime')).toHaveLength(4);
  });

  it('an operation that the account may not use makes no more log-ins, however often the clock is read', async () => {
    const dev = await device((r) => (r.operation === 'GetSystemDateAndTime' ? { body: dateTime(Date.now(), Date.now() + 8 * hourMs) } : tokenIsRight(r) && r.operation === 'GetDeviceInformation' ? { body: information } : { status: 400, body: notAuthorized }));
    await dev.clock();
    await dev.information();
    const before = requests().filter(credentialed).length;
    await dev.identity();
    expect(requests().filter(credentialed)).toHaveLength(before + 2);
    await dev.information();
    expect(dev.deviations).toEqual([]);
  });

  it('clock-behind-log-in: is read with the log-in that was proven (Panasonic)', async () => {
    const dev = await device((r) => (tokenIsRight(r) ? { body: r.operation === 'GetSystemDateAndTime' ? dateTime(Date.now() + 2500) : information } : { status: 400, body: fixture('panasonic-wv-fault-clock-wants-log-in.xml') }));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.auth' });
    await dev.information();
    expect((await dev.clock()).skewMs).toBeGreaterThan(1000);
    expect(dev.deviations).toEqual(['clock-behind-log-in']);
  });
});

describe('addresses', () => {
  it.each<[string, string, Partial<DeviceServices>, string[]]>([
    ['tapo-c200-services-one-address.xml', 'GetServices', { media1: '/onvif/service', events: '/onvif/service', media2: null }, ['reached-host']],
    ['sonoff-gk200-services-empty-host.xml', 'GetServices', { media1: '/onvif/media_service' }, ['reached-host']],
    ['camhipro-capabilities-factory-address.xml', 'GetCapabilities', { media1: '/onvif/media_service', events: '/onvif/event_service' }, ['capabilities-instead-of-services', 'reached-host', 'credentials-dropped']],
  ])('%s: on the host that was reached, and what was told is kept', async (name, operation, expected, deviations) => {
    const dev = await device((r) => (r.operation === operation ? { body: filled(name, { port: port() }) } : { status: 500, body: fault('ActionNotSupported', 'Optional Action Not Implemented') }));
    const services = await dev.services();
    const placed = Object.fromEntries(Object.entries(expected).map(([key, path]) => [key, path === null ? null : here(String(path))]));
    expect(services).toMatchObject(placed);
    expect(services.told.join(' ')).toMatch(/http:\/\/(admin:12345@)?(192\.168\.[\d.]+)?:/);
    expect([...dev.deviations].sort()).toEqual([...deviations].sort());
    expect(lines.join('')).not.toContain('12345');
  });

  it('service-at-another-address: media is found where PTZ was said to be (YooSee)', async () => {
    const dev = await device((r) => {
      if (r.operation === 'GetCapabilities') return { body: filled('yoosee-cam10-capabilities-swapped.xml', { port: port() }) };
      if (r.path === '/onvif/media_service' && r.operation === 'GetProfiles') return { body: fixture('uniview-profiles-mixed.xml') };
      if (r.path === '/onvif/media_service' && r.operation === 'GetStreamUri') return { body: fixture('dahua-stream-uri-ampersand.xml') };
      return { status: 500, body: fault('ActionNotSupported', 'not here') };
    });
    const services = await dev.services();
    expect(services.media1).toBe(here('/onvif/ptz_service'));
    const profiles = await dev.profiles(services);
    expect(profiles).toHaveLength(3);
    expect(await dev.streamAddress(services, profile(1))).toContain('realmonitor');
    expect(dev.deviations).toContain('service-at-another-address');
    expect(sent('GetStreamUri').map((r) => r.path)).toEqual(['/onvif/media_service']);
  });

  it('stays with the told address when no other one answers', async () => {
    const dev = await device((r) => (r.operation === 'GetProfiles' ? { status: 400, body: fault('ActionNotSupported', 'never') } : { body: filled('yoosee-cam10-capabilities-swapped.xml', { port: port() }) }));
    await expect(dev.services().then((services) => dev.profiles(services))).rejects.toMatchObject({ code: 'camera.reply', context: { unsupported: true } });
    expect(sent('GetProfiles').map((r) => r.path)).toEqual(['/onvif/ptz_service', '/onvif/media_service']);
  });
});

describe('media', () => {
  const isMedia2 = (r: DeviceRequest): boolean => /<tr2:Get/.test(r.body);
  const both = (): DeviceServices => at({ media1: here('/m1'), media2: here('/m2') });

  it.each<[string, () => DeviceReply]>([
    ['a fault (D-Link)', () => ({ status: 500, body: fixture('dlink-dcs8635lh-media2-fault.xml') })],
    ['HTTP 500 and nothing', () => ({ status: 500 })],
    ['an empty list', () => ({ body: soap('<tr2:GetProfilesResponse/>') })],
    ['a closed connection', () => ({ raw: (response) => void response.socket?.destroy() })],
  ])('media1-instead-of-media2: media 2 answers with %s', async (_what, reply) => {
    const dev = await device((r) => (isMedia2(r) ? reply() : { body: fixture('uniview-profiles-mixed.xml') }));
    expect((await dev.profiles(both())).map((p) => p.media)).toEqual([1, 1, 1]);
    expect(dev.deviations).toEqual(['media1-instead-of-media2']);
  });

  it('takes H.265 from media 2, which media 1 cannot name (Reolink)', async () => {
    const dev = await device((r) => ({ body: isMedia2(r) ? fixture('reolink-profiles2-h265.xml') : fixture('uniview-profiles-mixed.xml') }));
    expect((await dev.profiles(both())).map((p) => p.codec)).toEqual(['H265', 'H265']);
    expect(dev.deviations).toEqual([]);
  });

  it.each([
    [1, 'media2-stream-address'],
    [2, 'media1-stream-address'],
  ] as const)('the stream address of a profile of media %i comes from the other one when its own refuses (Huawei)', async (media, policy) => {
    const dev = await device((r) => (isMedia2(r) === (media === 2) ? { status: 500, body: fixture('huawei-stream-uri-fault.xml') } : { body: media === 1 ? soap('<GetStreamUriResponse><Uri>rtsp://127.0.0.1:554/1</Uri></GetStreamUriResponse>') : fixture('onvif-simple-server-stream-uri-flat.xml') }));
    expect(await dev.streamAddress(both(), profile(media))).toMatch(/^rtsp:/);
    expect(dev.deviations[0]).toBe(policy);
  });

  it('names what is wrong with a stream address, and tells it as it came', async () => {
    const dev = await device(() => ({ body: fixture('xm-stream-uri-bare-ampersand.xml') }));
    expect(await dev.streamAddress(both(), profile(1))).toContain('10.0.0.4:80:554');
    expect(dev.deviations).toEqual(['reached-host', 'last-of-several-ports', 'credentials-dropped']);
  });

  it('cut-reply: takes what came of a list of profiles', async () => {
    const dev = await device(() => httpReply('unnamed-nvr-profiles-cut.http'));
    expect((await dev.profiles(at({ media1: here('/m1') }))).map((p) => p.token)).toEqual(['ch1']);
    expect(dev.deviations).toEqual(['cut-reply']);
  });
});

describe('XML that is none', () => {
  it('reads values without quotes (TP-Link TL-IPC)', async () => {
    const dev = await device((r) => (r.operation === 'GetEventProperties' ? { body: fixture('tplink-tlipc-unquoted-attributes.xml') } : { status: 500, body: fault('ActionNotSupported', 'no') }));
    const { topics } = await dev.analytics(at({ events: here('/events') }));
    expect(topics?.map((t) => t.replace(/^.*?\//, ''))).toEqual(['Trigger/DigitalInput', 'CellMotionDetector/Motion']);
  });

  it('takes an echo of the request for no answer (TP-Link TL-IPC)', async () => {
    const dev = await device(() => ({ status: 500, body: fixture('tplink-tlipc-request-echoed.xml') }));
    await expect(dev.clock()).rejects.toMatchObject({ code: 'camera.reply', context: { httpStatus: 500 } });
  });

  it('says that a web page is one', async () => {
    const dev = await device(() => ({ body: '\ufeff\n<!DOCTYPE html><html><body>Log in</body></html>' }));
    await expect(dev.clock()).rejects.toThrow('web page');
  });
});

describe('subscriptions', () => {
  const point = async (name: string, answer: (r: DeviceRequest) => DeviceReply, values: Record<string, string | number> = {}) => {
    const dev = await device((r) => (r.operation === 'CreatePullPointSubscription' ? { body: filled(name, { port: port(), ...values }) } : answer(r)));
    return { dev, point: await dev.subscribe(at({ events: here('/onvif/events') })) };
  };
  const empty = (): DeviceReply => ({ body: fixture('hikvision-ds2cd-pull-empty.xml') });

  it.each([
    ['tapo-c200-subscription-rising-port.xml', '/event-1024_1024', ['reached-host']],
    ['unnamed-ipc-subscription-two-ports.xml', '/onvif/Subscription?Idx=43&x=1', ['reached-host', 'last-of-several-ports']],
    ['unnamed-subscription-empty-address.xml', '/onvif/events', ['events-at-event-service']],
    ['xm-subscription-without-end.xml', '/onvif/event_service', ['reached-host']],
    ['axis-pull-point-reference-parameters.xml', '/onvif/services', ['reached-host', 'reference-parameters']],
  ])('%s is pulled at %s', async (name, path, deviations) => {
    const { dev, point: p } = await point(name, empty);
    if (!name.startsWith('axis')) {
      expect(await p.pull(1000)).toEqual([]);
      await p.close();
      expect(requests().slice(1).map((r) => [r.operation, r.path])).toEqual([['PullMessages', path], ['Unsubscribe', path]]);
      expect(requests()[1]?.body).toContain(`<wsa:To>${here(path).replaceAll('&', '&#38;')}</wsa:To>`);
    }
    expect(dev.deviations).toEqual(deviations);
    expect(requests()[0]?.body).toContain('<tev:InitialTerminationTime>PT120S</tev:InitialTerminationTime>');
  });

  it("absolute-termination-time: tells the end in the device's time where a span is not understood (Vista)", async () => {
    const { dev, point: p } = await point('vista-subscription-ends-now.xml', empty);
    await p.renew();
    const ends = sent('Renew').map((r) => /TerminationTime>([^<]*)</.exec(r.body)?.[1] ?? '');
    expect(ends).toHaveLength(2);
    for (const end of ends) {
      expect(end).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(Math.abs(Date.parse(end) - Date.parse('2000-01-01T00:12:00Z'))).toBeLessThan(15_000);
    }
    expect(dev.deviations).toContain('absolute-termination-time');
  });

  it('no-renewal: is not asked again where it is refused, and pulls go on (Bosch)', async () => {
    const { dev, point: p } = await point('tapo-c200-subscription-rising-port.xml', (r) => (r.operation === 'Renew' ? { status: 400, body: fixture('bosch-flexidome-fault-renew.xml') } : empty()));
    await p.renew();
    await p.renew();
    expect(await p.pull(1000)).toEqual([]);
    expect(dev.deviations).toContain('no-renewal');
    const renewals = sent('Renew').length;
    await p.renew();
    expect(sent('Renew')).toHaveLength(renewals);
  });

  it('a subscription that is gone is told to who listens (Axis)', async () => {
    const { point: p } = await point('tapo-c200-subscription-rising-port.xml', () => ({ status: 500, body: fixture('axis-fault-subscription-gone.xml') }));
    await expect(p.renew()).rejects.toMatchObject({ code: 'camera.reply' });
    await expect(p.pull(1000)).rejects.toMatchObject({ code: 'camera.reply' });
    await p.close();
  });

  it('pull-again: once, when the connection is closed in the middle', async () => {
    let hangUps = 1;
    const { dev, point: p } = await point('tapo-c200-subscription-rising-port.xml', () => (hangUps-- > 0 ? { raw: (response) => void response.socket?.destroy() } : empty()));
    expect(await p.pull(1000)).toEqual([]);
    expect(dev.deviations).toContain('pull-again');
    hangUps = 2;
    await expect(p.pull(1000)).rejects.toMatchObject({ code: 'camera.unreachable' });
    expect(sent('PullMessages')).toHaveLength(4);
  });

  it('knows states from events, and every way to say yes (Reolink, INSTAR)', async () => {
    const { point: p } = await point('tapo-c200-subscription-rising-port.xml', () => ({ body: fixture('reolink-pull-states-on-subscribe.xml') }));
    expect(await p.pull(1000)).toEqual([
      { input: 'in1', active: true, initial: true },
      { input: 'in1', active: true, initial: false },
      { input: 'input', active: true, initial: false },
    ]);
  });

  it('an answer that is no subscription is none', async () => {
    await expect(point('hikvision-ds2cd-pull-empty.xml', empty)).rejects.toMatchObject({ code: 'camera.reply' });
  });
});
