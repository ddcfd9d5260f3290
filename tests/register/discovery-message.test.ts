import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reachableAddress } from '../../src/register/discovery-address.js';
import { questions, readDiscoveryMessage, writeProbe, writeResolve, type ToldDevice } from '../../src/register/discovery-message.js';
import { readScopes } from '../../src/register/discovery-scopes.js';
import { normalEndpointReference } from '../../src/register/endpoint-reference.js';
import { fixture } from './device-server.js';

const read = (text: string) => readDiscoveryMessage(Buffer.from(text));
const devices = (text: string): readonly ToldDevice[] => {
  const message = read(text);
  return 'devices' in message ? message.devices : [];
};

describe('questions', () => {
  const texts = questions.map((question) => writeProbe(question, 'id-1'));
  it('hold no white space between elements', () => {
    expect([...texts, writeResolve('urn:uuid:x', 'id-1')].every((t) => !/>\s+</.test(t) && !t.includes('\n'))).toBe(true);
  });

  it('ask for each type by itself, for none, and in the words of 2009', () => {
    expect(texts[0]).toContain('<d:Types xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">tds:Device</d:Types>');
    expect(texts[1]).toContain('>dn:NetworkVideoTransmitter<');
    expect(texts[2]).toContain('<Probe xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery"></Probe>');
    expect(texts[3]).toContain('<Probe xmlns="http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01">');
    expect(texts[3]).toContain('urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01');
  });

  it('put a reference into a Resolve that cannot break out of it', () => {
    expect(writeResolve('urn:uuid:<a>&"', 'id-1')).toContain('<a:Address>urn:uuid:&#60;a&#62;&#38;&#34;</a:Address>');
  });
});

describe('what devices answer', () => {
  it.each([
    ['axis-encoder-probe-match-link-local-first.xml', '192.168.1.125', 'http://192.168.1.125/onvif/device_service', { endpointReference: 'urn:uuid:accc8e00-1111-2222-3333-444455556666', name: 'AXIS M7001', hardware: 'M7001' }],
    ['dafang-probe-match-loopback.xml', '10.0.0.44', 'http://10.0.0.44:2020/onvif/service', { endpointReference: 'urn:uuid:1419d68a-1dd2-11b2-a105-000000000001', name: null, xaddrs: ['http://127.0.0.1:2020/onvif/service'] }],
    ['hikvision-probe-match-ipv6-second.xml', '10.3.3.7', 'http://10.3.3.7:8000/onvif/device_service', { endpointReference: 'urn:uuid:0a0b0c0d-0000-1000-8000-c056e3aabbcc' }],
    ['hikvision-probe-match-ipv6-second.xml', '10.99.0.1', 'http://10.99.0.1:8000/onvif/device_service', {}],
    ['hikvision-probe-match-gb18030-name.xml', '10.3.3.9', 'http://10.3.3.9/onvif/device_service', { name: '泵房', macAddress: 'c0:56:e3:11:22:33' }],
    ['onvif-bridge-probe-match-empty-host.xml', '10.0.0.9', 'http://10.0.0.9:80/', {}],
    ['bosch-probe-match-http-https-pair.xml', '10.20.0.31', 'http://10.20.0.31/onvif/device_service', { name: 'FLEXIDOME IP', macAddress: '00:07:5f:d6:4b:0c', endpointReference: 'urn:uuid:00075fd6-4b0c-4d20-8d0d-00075fd64b0c' }],
    ['oasis-2009-probe-match.xml', '10.5.0.9', 'http://10.5.0.9/onvif/device_service', { endpointReference: 'urn:uuid:77000000-0000-4000-8000-000000000009', name: '2009' }],
    ['uniview-probe-match-no-xaddrs.xml', '10.7.0.3', 'http://10.7.0.3/onvif/device_service', { xaddrs: [] }],
    ['uniview-resolve-match.xml', '10.7.0.3', 'http://10.7.0.3:8899/onvif/device_service', { endpointReference: 'urn:uuid:48ea6300-5500-0000-0000-000000000007' }],
  ])('%s from %s', (file, source, address, expected) => {
    const [device, ...others] = devices(fixture(file));
    expect(others).toEqual([]);
    expect(device).toMatchObject(expected);
    expect(reachableAddress(device?.xaddrs ?? [], source)).toBe(address);
  });

  it('tells the channels of a recorder apart', () => {
    expect(devices(fixture('recorder-probe-matches-two-channels.xml')).map((d) => d.xaddrs)).toEqual([['http://10.6.0.2:8001/onvif/device_service'], ['http://10.6.0.2:8002/onvif/device_service']]);
  });

  it('keeps the address of a device on this very machine', () => {
    const own = new Set(['127.0.0.1', '10.0.0.2']);
    expect(reachableAddress(['http://127.0.0.1:8001/onvif/device_service'], '10.0.0.2', own)).toBe('http://127.0.0.1:8001/onvif/device_service');
    expect(reachableAddress(['http://127.0.0.1:8001/onvif/device_service'], '10.0.0.3', own)).toBe('http://10.0.0.3:8001/onvif/device_service');
    expect(reachableAddress([], '10.0.0.3')).toBe('http://10.0.0.3/onvif/device_service');
  });

  it('prefers the port of a real address to that of a link-local one', () => {
    expect(reachableAddress(['http://169.254.1.1:81/a', 'http://192.168.1.2:82/b'], '10.0.0.3')).toBe('http://10.0.0.3:82/b');
  });

  it('reads Hello and Bye', () => {
    const hello = fixture('oasis-2009-probe-match.xml').replaceAll('ProbeMatches>', 'Gone>').replaceAll('wsd:ProbeMatch>', 'wsd:Hello>').replaceAll(/<\/?wsd:Gone>/g, '');
    expect(read(hello)).toMatchObject({ kind: 'hello', devices: [{ endpointReference: 'urn:uuid:77000000-0000-4000-8000-000000000009' }] });
    expect(read(hello.replaceAll('wsd:Hello>', 'wsd:Bye>'))).toEqual({ kind: 'bye', endpointReference: 'urn:uuid:77000000-0000-4000-8000-000000000009' });
  });

  it('makes nothing of computers, junk, faults, entities and questions', () => {
    const texts = ['computer-probe-match.xml', 'junk-probe-match.txt', 'entity-bomb.xml', 'tapo-fault-not-authorized.xml'].map(fixture);
    for (const text of [...texts, ...questions.map((q) => writeProbe(q, 'x')), '', `<!DOCTYPE a [<!ENTITY b "c">]>${fixture('oasis-2009-probe-match.xml')}`]) expect(read(text)).toEqual({ kind: 'none' });
  });
});

describe('scopes', () => {
  it.each([
    ['onvif://www.onvif.org/name/Pump%20house\n\tonvif://www.onvif.org/hardware/X1', { name: 'Pump house', hardware: 'X1', macAddress: null }],
    ['onvif://www.onvif.org/name/100%', { name: '100%' }],
    ['ONVIF://www.ONVIF.org/Name/A onvif://www.onvif.org/name/B', { name: 'A' }],
    ['onvif://www.onvif.org/name/ onvif://www.onvif.org/name/B', { name: 'B' }],
    ['onvif://www.onvif.org/name/%1b%5b31mred%0d%0a', { name: '[31mred' }],
    ['onvif://www.onvif.org/MacAddress/ABBBCCDDEEF0', { macAddress: null }],
    ['onvif://www.onvif.org/MacAddress/A0BBCCDDEEF0', { macAddress: 'a0:bb:cc:dd:ee:f0' }],
    ['onvif://www.onvif.org/macaddress/00%3A11%3A22%3A33%3A44%3A55', { macAddress: '00:11:22:33:44:55' }],
    ['onvif://www.onvif.org/MacAddress/00:00:00:00:00:00', { macAddress: null }],
    ['', { name: null, hardware: null, macAddress: null }],
  ])('%j', (text, expected) => expect(readScopes(text)).toMatchObject(expected));
});

describe('any bytes', () => {
  const bases = ['axis-encoder-probe-match-link-local-first.xml', 'bosch-probe-match-http-https-pair.xml', 'recorder-probe-matches-two-channels.xml', 'uniview-resolve-match.xml'].map((name) => Buffer.from(fixture(name)));
  const holds = (bytes: Uint8Array): void => {
    const message = readDiscoveryMessage(bytes);
    if (message.kind === 'bye') expect(message.endpointReference).not.toBe('');
    if (message.kind !== 'matches' && message.kind !== 'hello') return;
    for (const device of message.devices) {
      expect(JSON.stringify([device.endpointReference, device.xaddrs, device.name, device.hardware])).not.toMatch(/\\u00[01][0-9a-f]|[\u007f-\u009f]/);
      expect(device.endpointReference).not.toBe('');
      if (device.macAddress !== null) expect(device.macAddress).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      expect(() => new URL(reachableAddress(device.xaddrs, '10.0.0.1').replace(/(:\/\/[^/]*).*/, '$1'))).not.toThrow();
    }
  };

  it('are read without a throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), holds), { numRuns: 20_000, interruptAfterTimeLimit: 6_000 });
  });

  it('put into a reply are read without a throw', () => {
    const mutated = fc.tuple(fc.constantFrom(...bases), fc.nat(1200), fc.uint8Array({ maxLength: 30 }), fc.nat(60)).map(([base, at, put, cut]) => Buffer.concat([base.subarray(0, at), put, base.subarray(at + cut)]));
    fc.assert(fc.property(mutated, holds), { numRuns: 20_000, interruptAfterTimeLimit: 6_000 });
  });

  it('in the largest datagrams take no second', () => {
    const wrap = (inner: string): string => `<Envelope><Body><ProbeMatches><ProbeMatch>${inner}</ProbeMatch></ProbeMatches></Body></Envelope>`;
    const floods = [
      wrap(`<Scopes>${' '.repeat(60_000)}</Scopes>`), wrap(`<Scopes>${'onvif://www.onvif.org/name/a '.repeat(2_200)}</Scopes>`), wrap(`<XAddrs>${'http://a/ '.repeat(6_000)}</XAddrs>`),
      wrap('<a>'.repeat(20_000)), '<ProbeMatch/>'.repeat(5_000), wrap(`<Scopes>onvif://www.onvif.org/name/${'%'.repeat(60_000)}</Scopes>`), wrap('&amp;'.repeat(12_000)), '<'.repeat(65_000), `<a ${'b="c" '.repeat(10_000)}>`,
    ];
    for (const flood of floods) {
      const startMs = performance.now();
      holds(Buffer.from(flood));
      expect(performance.now() - startMs).toBeLessThan(1000);
    }
  });

  it('beyond a datagram are not read at all', () => {
    expect(readDiscoveryMessage(Buffer.concat([bases[0] ?? Buffer.alloc(0), Buffer.alloc(65_536, 32)]))).toEqual({ kind: 'none' });
  });
});

it('one reference is spelt in one way', () => {
  for (const text of ['urn:uuid:AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee', 'uuid:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', ' AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE ', '{aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee}']) {
    expect(normalEndpointReference(text)).toBe('urn:uuid:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee');
  }
  expect(normalEndpointReference('urn:uuid:00000000-0000-0000-0000-000000000000')).toBeNull();
});
