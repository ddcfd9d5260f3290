import dgram from 'node:dgram';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import { createDiscovery } from '../../src/register/discovery.js';
import { multicast, probeTypes, reachableAddress, readProbeMatches, writeProbe } from '../../src/register/discovery-message.js';
import { normalEndpointReference } from '../../src/register/endpoint-reference.js';
import { chooseInterfaces } from '../../src/register/network-interfaces.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { fixture } from './device-server.js';

describe('probes', () => {
  it('hold no white space between elements, and ask for one type each', () => {
    const texts = probeTypes.map((t) => writeProbe(t, 'id-1'));
    expect(texts.every((t) => !/>\s+</.test(t) && !t.includes('\n'))).toBe(true);
    expect(texts[0]).toContain('<d:Types xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">tds:Device</d:Types>');
    expect(texts[1]).toContain('>dn:NetworkVideoTransmitter<');
  });
});

describe('what devices answer', () => {
  it.each([
    ['axis-encoder-probe-match-link-local-first.xml', '192.168.1.125', { endpointReference: 'urn:uuid:accc8e00-1111-2222-3333-444455556666', address: 'http://192.168.1.125/onvif/device_service', name: 'AXIS M7001', hardware: 'M7001' }],
    ['dafang-probe-match-loopback.xml', '10.0.0.44', { endpointReference: 'urn:uuid:1419d68a-1dd2-11b2-a105-000000000001', address: 'http://10.0.0.44:2020/onvif/service', name: null, xaddrs: ['http://127.0.0.1:2020/onvif/service'] }],
    ['hikvision-probe-match-ipv6-second.xml', '10.3.3.7', { endpointReference: 'urn:uuid:0a0b0c0d-0000-1000-8000-c056e3aabbcc', address: 'http://10.3.3.7:8000/onvif/device_service' }],
    ['hikvision-probe-match-ipv6-second.xml', '10.99.0.1', { address: 'http://10.99.0.1:8000/onvif/device_service' }],
    ['onvif-bridge-probe-match-empty-host.xml', '10.0.0.9', { address: 'http://10.0.0.9:80/' }],
  ])('%s from %s', (file, source, expected) => {
    expect(readProbeMatches(fixture(file), source)).toMatchObject([expected]);
  });

  it('keeps the address of a device on this very machine', () => {
    const own = new Set(['127.0.0.1', '10.0.0.2']);
    expect(reachableAddress(['http://127.0.0.1:8001/onvif/device_service'], '10.0.0.2', own)).toBe('http://127.0.0.1:8001/onvif/device_service');
    expect(reachableAddress(['http://127.0.0.1:8001/onvif/device_service'], '10.0.0.3', own)).toBe('http://10.0.0.3:8001/onvif/device_service');
    expect(reachableAddress([], '10.0.0.3')).toBe('http://10.0.0.3/onvif/device_service');
  });

  it('is empty for junk, for other messages, and for any bytes', () => {
    for (const text of [fixture('junk-probe-match.txt'), fixture('entity-bomb.xml'), fixture('tapo-fault-not-authorized.xml'), writeProbe(probeTypes[0], 'x'), '']) expect(readProbeMatches(text, '10.0.0.1')).toEqual([]);
    const base = fixture('axis-encoder-probe-match-link-local-first.xml');
    fc.assert(
      fc.property(fc.nat({ max: base.length }), fc.string({ maxLength: 30 }), fc.nat({ max: 60 }), (at, put, cut) => {
        for (const match of readProbeMatches(base.slice(0, at) + put + base.slice(at + cut), '10.0.0.1')) expect(match.endpointReference).not.toBe('');
      }),
      { numRuns: 2000, interruptAfterTimeLimit: 15_000 },
    );
  });

  it('spells one reference in one way', () => {
    for (const text of ['urn:uuid:AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee', 'uuid:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', ' AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE ', '{aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee}']) {
      expect(normalEndpointReference(text)).toBe('urn:uuid:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee');
    }
    expect(normalEndpointReference('urn:uuid:00000000-0000-0000-0000-000000000000')).toBeNull();
  });
});

describe('interfaces', () => {
  const present = [{ name: 'lo', address: '127.0.0.1' }, { name: 'eth0', address: '10.0.0.2' }, { name: 'docker0', address: '172.17.0.1' }, { name: 'br-12ab', address: '172.18.0.1' }, { name: 'veth9', address: '172.19.0.1' }];
  it('leaves container bridges out unless they are asked for', () => {
    expect(chooseInterfaces([], present).map((i) => i.name)).toEqual(['lo', 'eth0']);
    expect(chooseInterfaces(['docker0', '10.0.0.2'], present).map((i) => i.name)).toEqual(['docker0', 'eth0']);
    expect(() => chooseInterfaces(['eth7'], present)).toThrow(expect.objectContaining({ code: 'discovery.interface', message: expect.stringContaining('eth0 (10.0.0.2)') as string }) as Error);
  });
});

describe('a discovery on the loopback interface', () => {
  const log = createLogger('silent');
  const clock = new SystemClock({ unref: true });

  /** Answers probes from another port than 3702, twice each, with junk in between. */
  async function responder(devices: number): Promise<{ probes: string[]; close(): Promise<void> }> {
    const ear = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    const mouth = dgram.createSocket('udp4');
    const probes: string[] = [];
    ear.on('message', (message, from) => {
      const text = message.toString();
      if (!text.includes('discovery/Probe<')) return;
      probes.push(text);
      if (!text.includes('NetworkVideoTransmitter')) return;
      mouth.send('lollipop', from.port, from.address);
      for (let i = 0; i < devices; i++) {
        const reference = `1419d68a-1dd2-11b2-a105-${String(i).padStart(12, '0')}`;
        const reply = fixture('dafang-probe-match-loopback.xml').replace('1419d68a-1dd2-11b2-a105-000000000001', i % 2 ? reference : reference.toUpperCase()).replace(':2020', `:${3000 + i}`);
        mouth.send(reply, from.port, from.address);
        mouth.send(reply, from.port, from.address);
      }
    });
    await new Promise<void>((resolve) => ear.bind({ port: multicast.port, address: '0.0.0.0' }, () => resolve()));
    ear.addMembership(multicast.address, '127.0.0.1');
    return {
      probes,
      close: () => new Promise((resolve) => ear.close(() => mouth.close(() => resolve()))),
    };
  }
  const ours = (reference: string): boolean => reference.startsWith('urn:uuid:1419d68a-1dd2-11b2-a105-');

  it('lists every device once, as it answers, and asks three times in both ways', async () => {
    const network = await responder(120);
    const live: string[] = [];
    const found = await createDiscovery({ clock, log }).discover({ interfaces: ['lo'], listenMs: 1600, signal: new AbortController().signal, onFound: (d) => void live.push(d.endpointReference) });
    await network.close();
    expect(found.filter((d) => ours(d.endpointReference))).toHaveLength(120);
    expect(live.filter(ours)).toHaveLength(120);
    expect(found.find((d) => d.address === 'http://127.0.0.1:3007/onvif/service')).toMatchObject({ interfaces: ['lo'], cameraId: null });
    expect(network.probes.filter((p) => p.includes('tds:Device')).length).toBeGreaterThanOrEqual(3);
    expect(network.probes.filter((p) => p.includes('dn:Net')).length).toBeGreaterThanOrEqual(3);
  });

  it('ends early with what it has when it is told to', async () => {
    const network = await responder(1);
    const stop = new AbortController();
    const startedMs = performance.now();
    const found = await createDiscovery({ clock, log }).discover({ interfaces: ['lo'], listenMs: 20_000, signal: stop.signal, onFound: (d) => void (ours(d.endpointReference) && stop.abort()) });
    await network.close();
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(found.some((d) => ours(d.endpointReference))).toBe(true);
  });
});
