import dgram from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMeant, parseQuestion, type Announced } from '../../src/simulate/discovery/messages.js';
import { startDiscoveryResponder } from '../../src/simulate/discovery/responder.js';
import type { Village } from '../../src/simulate/village.js';
import { silent, village } from './support/village.js';

const device = (uuid: string): Announced => ({ uuid, scopes: ['onvif://www.onvif.org/name/Pump%20station', 'onvif://www.onvif.org/location/village'], xaddr: 'http://127.0.0.1:1/onvif/device_service', metadataVersion: 1 });

const probe = (types: string, scopes = '', id: string = randomUUID()): Buffer =>
  Buffer.from(`<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><Header><MessageID xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing">uuid:${id}</MessageID></Header><Body><Probe xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery">${types}${scopes}</Probe></Body></Envelope>`);

/** Asks the multicast group on loopback. @returns what came back within the time, or as soon as `enough` */
async function ask(message: Buffer, enough: (texts: string[]) => boolean, waitMs = 3000): Promise<string[]> {
  const socket = dgram.createSocket('udp4');
  const texts: string[] = [];
  try {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    socket.setMulticastInterface('127.0.0.1');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      socket.on('message', (bytes) => {
        texts.push(bytes.toString());
        if (enough(texts)) {
          clearTimeout(timer);
          resolve();
        }
      });
      socket.send(message, 3702, '239.255.255.250');
    });
  } finally {
    socket.close();
  }
  return texts;
}

describe('WS-Discovery on loopback', () => {
  let house: Village;
  beforeAll(async () => {
    house = await village({ cameras: 3, discovery: true, seed: 4711 });
  });
  afterAll(() => house.close());
  const ours = (texts: string[]): string[] => texts.filter((t) => house.cameras.some((c) => t.includes(c.endpointReference)));

  it.each(['<Types>dn:NetworkVideoTransmitter</Types>', '<Types>tds:Device</Types>', ''])('answers a probe with types "%s" for each camera', async (types) => {
    const id = randomUUID();
    const texts = ours(await ask(probe(types, '', id), (t) => ours(t).length === 3));
    expect(texts).toHaveLength(3);
    for (const camera of house.cameras) {
      const mine = texts.find((t) => t.includes(camera.endpointReference)) ?? '';
      expect(mine).toContain(`uuid:${id}</a:RelatesTo>`);
      expect(mine).toContain(`<d:XAddrs>${camera.onvifUrl}</d:XAddrs>`);
      expect(mine).toContain('<d:MetadataVersion>1</d:MetadataVersion>');
      expect(mine).toContain('dn:NetworkVideoTransmitter tds:Device');
    }
  });

  it('answers Resolve for the one that was asked for', async () => {
    const camera = house.cameras[2];
    const message = Buffer.from(probe('').toString().replace(/<Probe.*<\/Probe>/, `<Resolve xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery"><EndpointReference><Address>${camera?.endpointReference}</Address></EndpointReference></Resolve>`));
    const texts = ours(await ask(message, (t) => ours(t).length > 0));
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain('ResolveMatches');
  });

  it('is silent for a dead camera, and names the wrong host when told to', async () => {
    await house.applyFault(0, { fault: 'die' });
    await house.applyFault(1, { fault: 'wrong-xaddr', host: '192.0.2.7' });
    const texts = ours(await ask(probe(''), (t) => ours(t).length === 3, 700));
    expect(texts).toHaveLength(2);
    expect(texts.some((t) => /<d:XAddrs>http:\/\/192\.0\.2\.7:\d+\/onvif\/device_service</.test(t))).toBe(true);
    for (const i of [0, 1]) await house.applyFault(i, { fault: 'clear' });
    expect(ours(await ask(probe(''), (t) => ours(t).length === 3))).toHaveLength(3);
  });
});

describe('discovery messages', () => {
  it('matches types without regard to prefixes, and scopes by their beginning', () => {
    const meant = (bytes: Buffer): boolean => {
      const question = parseQuestion(bytes);
      return question !== undefined && isMeant(question, device('a'));
    };
    expect(meant(probe('<Types>x:Printer</Types>'))).toBe(false);
    expect(meant(probe('<Types> tdn:NetworkVideoTransmitter\n tds:Device </Types>'))).toBe(true);
    expect(meant(probe('', '<Scopes>onvif://www.onvif.org/location</Scopes>'))).toBe(true);
    expect(meant(probe('', '<Scopes>onvif://www.onvif.org/loc</Scopes>'))).toBe(false);
    expect(meant(probe('', '<Scopes>onvif://www.onvif.org/name/Other</Scopes>'))).toBe(false);
  });

  it('makes nothing of junk, replies, document types and floods', () => {
    for (const junk of ['lollipop', '', '<a/>', '<Envelope><Body><ProbeMatches/></Body></Envelope>', `<!DOCTYPE a>${probe('').toString()}`, '<Envelope><Body><Probe/></Body></Envelope>']) {
      expect(parseQuestion(Buffer.from(junk))).toBeUndefined();
    }
    expect(parseQuestion(Buffer.from(probe(`<Types>${'x'.repeat(70_000)}</Types>`)))).toBeUndefined();
  });

  it('goes on without discovery when the port is taken', async () => {
    const taken = dgram.createSocket({ type: 'udp4', reuseAddr: false });
    await new Promise<void>((resolve) => taken.bind(0, '0.0.0.0', resolve));
    const warnings: string[] = [];
    const responder = await startDiscoveryResponder({ devices: () => [device('a')], instanceId: 1, port: taken.address().port, log: { ...silent, warn: (_c, m) => warnings.push(m) } });
    expect(responder.listening).toBe(false);
    expect(warnings).toEqual(['the simulated village does not answer discovery']);
    await responder.close();
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  });
});
