/** What other people's ONVIF servers want, found by running against them: each by a reply of ours that shows it. */
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import type { DeviceServices, OnvifDevice } from '../../src/register/onvif-client.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { fault, fixture, soap, startDevice, type DeviceReply, type DeviceRequest, type DeviceServer } from './device-server.js';
import { filled, httpReply } from './http-fixture.js';

const clock = new SystemClock({ unref: true });
const log = createLogger('error', { write: () => undefined });
const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
const limits = { connectTimeoutMs: 2000, replyTimeoutMs: 5000, maxReplyBytes: 1 << 20 };
const nothingListed = soap('<tmd:GetDigitalInputsResponse xmlns:tmd="http://www.onvif.org/ver10/deviceIO/wsdl"/>');

let server: DeviceServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function device(answer: (request: DeviceRequest) => DeviceReply): Promise<OnvifDevice> {
  server = await startDevice(answer);
  return createOnvifClient({ guard, clock, log, limits }).open({ url: server.url, username: 'op', password: 'pass-word-1', authMode: 'none' }, new AbortController().signal);
}
const sent = (operation: string): DeviceRequest[] => (server?.requests ?? []).filter((r) => r.operation === operation);
const at = (given: Partial<DeviceServices>): DeviceServices => ({ media1: null, media2: null, events: null, deviceIo: null, recording: null, search: null, analytics: null, told: [], ...given });
const here = (path: string): string => new URL(path, server?.url).href;

describe('requests of the event service', () => {
  it('are named, each by another name, so that a subscription is renewed (onvif_simple_server)', async () => {
    const nameOf = (body: string): string | undefined => /<wsa:MessageID>(urn:uuid:[0-9a-f-]{36})<\/wsa:MessageID>/.exec(body)?.[1];
    const dev = await device((r) => {
      if (r.operation === 'CreatePullPointSubscription') return { body: filled('tapo-c200-subscription-rising-port.xml', { port: server?.port ?? 0 }) };
      if (nameOf(r.body) === undefined) return { status: 500, body: fixture('onvif-simple-server-fault-renew-unnamed.xml') };
      return { body: r.operation === 'PullMessages' ? fixture('hikvision-ds2cd-pull-empty.xml') : soap(`<wsnt:${r.operation}Response xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"/>`) };
    });
    const point = await dev.subscribe(at({ events: here('/onvif/events') }));
    expect(await point.pull(1000)).toEqual([]);
    await point.renew();
    await point.renew();
    await point.close();
    expect(sent('Renew')).toHaveLength(2);
    expect(dev.deviations).not.toContain('no-renewal');
    const names = (server?.requests ?? []).map((r) => nameOf(r.body));
    expect(new Set(names).size).toBe(5);
  });
});

describe('a device behind a port forward', () => {
  const profiles = fixture('uniview-profiles-mixed.xml');
  /** A port where nothing listens: one that was ours a moment ago. */
  async function closedPort(): Promise<number> {
    const gone = await startDevice(() => ({}));
    await gone.close();
    return gone.port;
  }

  it('is asked on the port that we reached, after one try on the one that it names', async () => {
    const inside = await closedPort();
    const dev = await device((r) => (r.operation === 'GetServices' ? { body: filled('unnamed-services-behind-forward.xml', { inside }) } : r.path === '/onvif/media_service' && r.operation === 'GetProfiles' ? { body: profiles } : { status: 400, body: fault('ActionNotSupported', 'Not supported') }));
    const services = await dev.services();
    expect(services.media1).toBe(`http://127.0.0.1:${inside}/onvif/media_service`);
    expect((await dev.profiles(services)).length).toBeGreaterThan(0);
    expect((await dev.profiles(services)).length).toBeGreaterThan(0);
    expect(dev.deviations).toEqual(['reached-host', 'reached-port']);
  });

  it('keeps the reason where the port that we reached has a web page and no service', async () => {
    const inside = await closedPort();
    const dev = await device((r) => (r.operation === 'GetServices' ? { body: filled('unnamed-services-behind-forward.xml', { inside }) } : { status: 404, body: '<html>not here</html>' }));
    await expect(dev.profiles(await dev.services())).rejects.toMatchObject({ code: 'camera.unreachable', context: { code: 'ECONNREFUSED' } });
    expect(dev.deviations).not.toContain('reached-port');
  });
});

describe('contacts', () => {
  const answer =
    (inputs: DeviceReply, topics: DeviceReply) =>
    (r: DeviceRequest): DeviceReply =>
      r.operation === 'GetDigitalInputs' ? inputs : r.operation === 'GetEventProperties' ? topics : { status: 500, body: fault('ActionNotSupported', 'Not supported') };
  const withInput: DeviceReply = { body: fixture('onvif-simple-server-topics-input-unlisted.xml') };
  const deviceIo = '/onvif/deviceio';
  const events = '/onvif/events';

  it.each<[string, DeviceReply, string | null]>([
    ['the list is empty', { body: nothingListed }, deviceIo],
    ['the list is refused', { status: 400, body: fault('ActionNotSupported', 'Not supported') }, deviceIo],
    ['there is no such service', { body: '' }, null],
  ])('are taken from the events where %s', async (_name, inputs, service) => {
    const dev = await device(answer(inputs, withInput));
    expect(await dev.digitalInputs(at({ events: here(events), deviceIo: service === null ? null : here(service) }))).toEqual(['digital-input']);
    expect(dev.deviations).toContain('inputs-by-event');
  });

  it('are those of the list where there is one', async () => {
    const listed = soap('<tmd:GetDigitalInputsResponse xmlns:tmd="http://www.onvif.org/ver10/deviceIO/wsdl"><tmd:DigitalInputs token="in1"/><tmd:DigitalInputs token="in2"/></tmd:GetDigitalInputsResponse>');
    const dev = await device(answer({ body: listed }, withInput));
    expect(await dev.digitalInputs(at({ events: here(events), deviceIo: here(deviceIo) }))).toEqual(['in1', 'in2']);
    expect(sent('GetEventProperties')).toEqual([]);
  });

  it.each<[string, DeviceReply]>([
    ['has no such event', { body: fixture('axis-topics-own-prefix.xml').replace(/<[\w:]*(DigitalInput|AlarmIn|InputPort)[\s\S]*?<\/[\w:]*\1>/g, '') }],
    ['does not tell its events', { status: 400, body: fault('ActionNotSupported', 'Not supported') }],
  ])('are none where the device lists none and %s', async (_name, topics) => {
    const dev = await device(answer({ body: nothingListed }, topics));
    expect(await dev.digitalInputs(at({ events: here(events), deviceIo: here(deviceIo) }))).toEqual([]);
    expect(dev.deviations).not.toContain('inputs-by-event');
  });
});

describe('a serial number', () => {
  it.each(['SerialNumber', 'Serial Number', 'SN1234567890', 'sn', '0000'])('is none where the device tells "%s"', async (told) => {
    const dev = await device(() => ({ body: soap(`<tds:GetDeviceInformationResponse><tds:Manufacturer>Maker</tds:Manufacturer><tds:SerialNumber>${told}</tds:SerialNumber></tds:GetDeviceInformationResponse>`) }));
    expect((await dev.information()).serialNumber).toBeNull();
  });

  it.each(['SN-7-0042', 'EM82V102329001403', 'S1'])('is kept: "%s"', async (told) => {
    const dev = await device(() => ({ body: soap(`<tds:GetDeviceInformationResponse><tds:SerialNumber>${told}</tds:SerialNumber></tds:GetDeviceInformationResponse>`) }));
    expect((await dev.information()).serialNumber).toBe(told);
  });
});

describe('a device that takes HTTP Basic only', () => {
  it('is refused with the reason, and never gets the password', async () => {
    const dev = await device(() => httpReply('rtsp-bridge-401-basic.http'));
    await expect(dev.information()).rejects.toMatchObject({ code: 'camera.auth', message: expect.stringMatching(/HTTP Basic.*Digest/) as string });
    for (const { headers, body } of server?.requests ?? []) {
      expect(headers.authorization ?? '').not.toMatch(/basic/i);
      expect(body).not.toContain('pass-word-1');
    }
  });
});
