/** Discovery over real sockets on the loopback network, and how what is seen becomes a list. */
import { describe, expect, it } from 'vitest';
import type { Discovered, DiscoveryProgress } from '../../src/contract/registry.js';
import { createDiscovery } from '../../src/register/discovery.js';
import { knownCameras } from '../../src/register/discovery-inventory.js';
import type { ToldDevice } from '../../src/register/discovery-message.js';
import { createDeviceTable } from '../../src/register/discovery-table.js';
import { chooseInterfaces, interfaceToward, ipv4Interfaces, ownNetworks } from '../../src/register/network-interfaces.js';
import { startDeviceSwarm } from '../../src/simulate/discovery/swarm.js';
import { clock, never, parts, seed, silentLog, startTalker } from './discovery-bench.js';
import { fixture } from './device-server.js';

const present = [
  { name: 'lo', address: '127.0.0.1', network: '127.0.0.0/8' }, { name: 'eth0', address: '10.0.0.2', network: '10.0.0.0/24' }, { name: 'br-lan', address: '10.1.0.2', network: '10.1.0.0/24' },
  { name: 'docker0', address: '172.17.0.1', network: '172.17.0.0/16' }, { name: 'br-12ab34cd56ef', address: '172.18.0.1', network: '172.18.0.0/16' }, { name: 'veth9', address: '172.19.0.1', network: '172.19.0.0/16' },
  { name: 'wg0', address: '10.8.0.2', network: '10.8.0.2/32' },
];

describe('interfaces', () => {
  it('leaves container bridges out, and says so, unless they are asked for', () => {
    const { chosen, skipped } = chooseInterfaces([], { present });
    expect(chosen.map((i) => i.name)).toEqual(['lo', 'eth0', 'br-lan', 'wg0']);
    expect(skipped.map((s) => s.interface)).toEqual(['docker0', 'br-12ab34cd56ef', 'veth9']);
    expect(skipped[0]?.reason).toContain('containers');
    expect(chooseInterfaces([], { present, bridges: true })).toEqual({ chosen: present, skipped: [] });
    expect(chooseInterfaces(['docker0', '10.0.0.2', 'eth0'], { present }).chosen.map((i) => i.name)).toEqual(['docker0', 'eth0']);
    expect(() => chooseInterfaces(['eth7'], { present })).toThrow(expect.objectContaining({ code: 'discovery.interface', message: expect.stringContaining('eth0 (10.0.0.2)') as string }) as Error);
  });

  it('knows which one leads to an address', () => {
    expect(interfaceToward('10.0.0.77', present)).toBe('eth0');
    expect(interfaceToward('10.8.0.2', [...present, { name: 'wide', address: '10.9.9.9', network: '10.0.0.0/8' }])).toBe('wg0');
    expect(interfaceToward('8.8.8.8', present)).toBeNull();
    expect(interfaceToward('fe80::1', present)).toBeNull();
  });

  it('has networks of its own, without loopback and without the whole world', () => {
    const one = (address: string, cidr: string | null, family: 'IPv4' | 'IPv6', internal = false) => ({ address, cidr, family, internal, netmask: '', mac: '', ...(family === 'IPv6' ? { scopeid: 0 } : {}) }) as never;
    expect(ownNetworks({ lo: [one('127.0.0.1', '127.0.0.1/8', 'IPv4', true)], eth0: [one('203.0.113.9', '203.0.113.9/25', 'IPv4'), one('2001:db8:5:1::2', '2001:db8:5:1::2/64', 'IPv6')], odd: [one('10.0.0.1', '10.0.0.1/0', 'IPv4'), one('1.1.1.1', null, 'IPv4')] })).toEqual([
      '203.0.113.0/25', '2001:db8:5:1::/64',
    ]);
  });
});

const told = (more: Partial<ToldDevice>): ToldDevice => ({ endpointReference: null, xaddrs: [], name: null, hardware: null, macAddress: null, ...more });
const rows = (...list: { id: string; reference?: string; mac?: string; address: string }[]) => knownCameras(list.map((r) => ({ reference: null, mac: null, ...r })));

describe('the list of devices', () => {
  const tableOf = (known = rows()) => {
    const changes: Discovered[] = [];
    return { changes, table: createDeviceTable({ known, own: new Set(), isAllowed: (a) => a.startsWith('10.'), onChange: (d) => changes.push(d) }) };
  };
  const reference = 'urn:uuid:aaaaaaaa-0000-4000-8000-000000000001';

  it('holds a device once, however often and wherever it answers, and tells what is new of it', () => {
    const { table, changes } = tableOf();
    const device = told({ endpointReference: reference, xaddrs: ['http://10.0.0.5/onvif/device_service'] });
    for (let i = 0; i < 3; i++) table.see({ told: device, source: '10.0.0.5', interface: 'eth0', via: 'multicast' });
    table.see({ told: { ...device, name: 'Weir' }, source: '10.1.0.5', interface: 'eth1', via: 'multicast' });
    table.see({ told: device, source: '10.1.0.5', interface: 'eth1', via: 'sweep' });
    expect(changes).toHaveLength(2);
    expect(table.list()).toEqual([
      { endpointReference: reference, address: 'http://10.0.0.5/onvif/device_service', xaddrs: ['http://10.0.0.5/onvif/device_service', 'http://10.1.0.5/onvif/device_service'], name: 'Weir', hardware: null, macAddress: null, interfaces: ['eth0', 'eth1'], cameraId: null, moved: false, via: 'multicast' },
    ]);
  });

  it('holds two devices of one address that differ in port and reference, and two without a reference', () => {
    const { table } = tableOf();
    for (const port of [1, 2]) table.see({ told: told({ endpointReference: `${reference.slice(0, -1)}${port}`, xaddrs: [`http://10.0.0.5:${port}/a`] }), source: '10.0.0.5', interface: 'eth0', via: 'multicast' });
    for (const port of [3, 4, 4]) table.see({ told: told({ xaddrs: [`http://10.0.0.5:${port}/a`] }), source: '10.0.0.5', interface: 'eth0', via: 'multicast' });
    expect(table.list().map((d) => d.endpointReference)).toEqual([`${reference.slice(0, -1)}1`, `${reference.slice(0, -1)}2`, 'address:http://10.0.0.5:3/a', 'address:http://10.0.0.5:4/a']);
  });

  it('mends a guess, an address without a name, and one that may not be connected to', () => {
    const { table } = tableOf();
    table.see({ told: told({ endpointReference: reference }), source: '10.0.0.5', interface: 'eth0', via: 'multicast' });
    expect(table.list()[0]).toMatchObject({ address: 'http://10.0.0.5/onvif/device_service', xaddrs: [] });
    table.see({ told: told({ endpointReference: reference, xaddrs: ['http://10.0.0.5:8899/x'] }), source: '10.0.0.5', interface: 'eth0', via: 'multicast' });
    expect(table.list()).toMatchObject([{ address: 'http://10.0.0.5:8899/x', xaddrs: ['http://10.0.0.5:8899/x'] }]);
    table.see({ told: told({ xaddrs: ['http://10.0.0.6/y'] }), source: '10.0.0.6', interface: null, via: 'sweep' });
    table.see({ told: told({ endpointReference: `${reference.slice(0, -1)}6`, xaddrs: ['http://10.0.0.6/y'] }), source: '10.0.0.6', interface: null, via: 'sweep' });
    expect(table.list().filter((d) => d.address.includes('10.0.0.6'))).toHaveLength(1);
    const other = told({ endpointReference: `${reference.slice(0, -1)}7`, xaddrs: ['http://169.254.3.3/z', 'http://10.0.0.7/z'] });
    for (const source of ['169.254.3.3', '10.0.0.7']) table.see({ told: other, source, interface: 'eth0', via: 'multicast' });
    expect(table.list().find((d) => d.endpointReference.endsWith('7'))?.address).toBe('http://10.0.0.7/z');
  });

  it('ends at a bound', () => {
    const { table } = tableOf();
    for (let i = 0; i < 5_000; i++) table.see({ told: told({ endpointReference: `urn:uuid:${String(i).padStart(8, '0')}-0000-4000-8000-000000000001` }), source: '10.0.0.5', interface: 'eth0', via: 'multicast' });
    expect(table.size).toBe(4_096);
  });

  describe('recognises cameras', () => {
    const recognised = (known: ReturnType<typeof rows>, device: ToldDevice, source = '10.0.0.5') => {
      const { table } = tableOf(known);
      table.see({ told: device, source, interface: 'eth0', via: 'multicast' });
      const [found] = table.list();
      return [found?.cameraId, found?.moved];
    };
    const at = (port = '', host = '10.0.0.5') => told({ endpointReference: reference, macAddress: '02:00:00:00:00:09', xaddrs: [`http://${host}${port}/onvif/device_service`] });

    it.each([
      ['where it is registered', rows({ id: 'c', reference: reference.toUpperCase().replace('URN:UUID', 'uuid'), address: 'http://10.0.0.5/onvif/device_service' }), at(':80'), ['c', false]],
      ['at another address', rows({ id: 'c', reference, address: 'http://10.0.0.4/onvif/device_service' }), at(), ['c', true]],
      ['at another port', rows({ id: 'c', reference, address: 'http://10.0.0.5/onvif/device_service' }), at(':8080'), ['c', true]],
      ['registered by HTTPS', rows({ id: 'c', reference, address: 'https://10.0.0.5/onvif/device_service' }), at(), ['c', false]],
      ['registered as a stream', rows({ id: 'c', reference, address: 'rtsp://10.0.0.5:554/live' }), at(), ['c', false]],
      ['registered by name', rows({ id: 'c', reference, address: 'http://gate.village/onvif/device_service' }), at(), ['c', false]],
      ['registered at its other interface', rows({ id: 'c', reference, address: 'http://10.7.0.5/onvif/device_service' }), told({ ...at(), xaddrs: ['http://10.7.0.5/onvif/device_service', 'http://10.0.0.5/onvif/device_service'] }), ['c', false]],
      ['with a factory address that was registered', rows({ id: 'c', reference, address: 'http://192.168.1.10/onvif/device_service' }), at('', '192.168.1.10'), ['c', true]],
      ['as one channel of several', rows({ id: 'a', reference, address: 'http://10.0.0.4/x' }, { id: 'b', reference, address: 'http://10.0.0.5/x' }), at(), ['b', false]],
      ['by its hardware address', rows({ id: 'c', mac: '02:00:00:00:00:09', address: 'http://10.0.0.4/onvif/device_service' }), at(), ['c', true]],
      ['by its address when none of both told a reference', rows({ id: 'c', address: 'http://10.0.0.5/onvif/device_service' }), told({ xaddrs: ['http://10.0.0.5/onvif/device_service'] }), ['c', false]],
      ['not: another device stands at that address', rows({ id: 'c', reference: 'urn:uuid:bbbbbbbb-0000-4000-8000-000000000001', address: 'http://10.0.0.5/onvif/device_service' }), at(), [null, false]],
      ['not: a recorder has that hardware address', rows({ id: 'c', reference: 'urn:uuid:bbbbbbbb-0000-4000-8000-000000000001', mac: '02:00:00:00:00:09', address: 'http://10.0.0.4/' }), at(), [null, false]],
    ])('%s', (_what, known, device, expected) => expect(recognised(known, device)).toEqual(expected));
  });
});

describe('a discovery on the loopback interface', () => {
  it('lists 250 devices that answer at once, each once, as they come', async () => {
    const swarm = await startDeviceSwarm({ devices: 250, clock, log: silentLog, seed, spreadMs: 0 });
    const wanted = new Set(swarm.devices.map((d) => d.endpointReference));
    const live = new Set<string>();
    const progress: DiscoveryProgress[] = [];
    const startMs = performance.now();
    let allAfterMs = Infinity;
    const found = await createDiscovery(parts()).discover({
      interfaces: ['lo'], listenMs: 5_000, signal: never, onProgress: (p) => progress.push(p),
      onFound: (d) => {
        if (wanted.has(d.endpointReference)) live.add(d.endpointReference);
        if (live.size === wanted.size) allAfterMs = Math.min(allAfterMs, performance.now() - startMs);
      },
    });
    await swarm.close();
    expect(live.size).toBe(250);
    expect(allAfterMs).toBeLessThan(10_000);
    const ours = found.filter((d) => wanted.has(d.endpointReference));
    expect(ours).toHaveLength(250);
    expect(ours.find((d) => d.endpointReference === swarm.devices[7]?.endpointReference)).toEqual({
      endpointReference: swarm.devices[7]?.endpointReference, address: swarm.devices[7]?.address, xaddrs: [swarm.devices[7]?.address], name: 'Swarm 7', hardware: 'SW-1', macAddress: swarm.devices[7]?.macAddress,
      interfaces: ['lo'], cameraId: null, moved: false, via: 'multicast',
    });
    expect(progress[0]).toMatchObject({ scanning: [{ interface: 'lo', network: '127.0.0.0/8', via: 'multicast' }], asked: 0, total: 0 });
    expect(progress.at(-1)?.found).toBe(found.length);
  }, 30_000);

  it('holds a device that answers on several interfaces as one', async (context) => {
    const others = chooseInterfaces([]).chosen.filter((i) => i.name !== 'lo');
    if (others.length === 0) context.skip();
    const swarm = await startDeviceSwarm({ devices: 3, clock, log: silentLog, seed: seed + 1 });
    const wanted = swarm.devices.map((d) => d.endpointReference);
    const found = await createDiscovery(parts()).discover({ interfaces: [], listenMs: 2_500, signal: never });
    await swarm.close();
    const ours = found.filter((d) => wanted.includes(d.endpointReference));
    expect(ours).toHaveLength(3);
    for (const device of ours) expect(device.interfaces).toEqual(expect.arrayContaining(['lo', others[0]?.name]));
  }, 20_000);

  it('asks three times in each way, takes answers from any port among junk, and asks for what was not told', async () => {
    const network = await startTalker({
      answer: (question) => (question.includes('Resolve<') ? [fixture('uniview-resolve-match.xml')] : question.includes('dn:NetworkVideoTransmitter') ? ['lollipop', Buffer.alloc(60_000, 60), fixture('computer-probe-match.xml'), fixture('uniview-probe-match-no-xaddrs.xml')] : []),
    });
    const seen: Discovered[] = [];
    const found = await createDiscovery(parts()).discover({ interfaces: ['127.0.0.1'], signal: never, onFound: (d) => seen.push(d) });
    await network.close();
    const reference = 'urn:uuid:48ea6300-5500-0000-0000-000000000007';
    expect(found.filter((d) => d.endpointReference === reference)).toMatchObject([{ address: 'http://127.0.0.1:8899/onvif/device_service', name: 'IPC' }]);
    expect(seen.filter((d) => d.endpointReference === reference).map((d) => d.address)).toEqual(['http://127.0.0.1/onvif/device_service', 'http://127.0.0.1:8899/onvif/device_service']);
    expect(found.some((d) => d.endpointReference.includes('cc000000'))).toBe(false);
    const count = (text: string): number => network.questions.filter((q) => q.includes(text)).length;
    expect(count('>tds:Device<')).toBeGreaterThanOrEqual(3);
    expect(count('>dn:NetworkVideoTransmitter<')).toBeGreaterThanOrEqual(3);
    expect(count('2005/04/discovery"></Probe>')).toBeGreaterThanOrEqual(2);
    expect(count('ns/discovery/2009/01/Probe<')).toBeGreaterThanOrEqual(2);
  }, 20_000);

  it('ends early with what it has when it is told to', async () => {
    const swarm = await startDeviceSwarm({ devices: 1, clock, log: silentLog, seed: seed + 2, spreadMs: 0 });
    const mine = swarm.devices[0]?.endpointReference;
    const stop = new AbortController();
    const startMs = performance.now();
    const found = await createDiscovery(parts()).discover({ interfaces: ['lo'], listenMs: 60_000, signal: stop.signal, onFound: (d) => void (d.endpointReference === mine && stop.abort()) });
    await swarm.close();
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(found.some((d) => d.endpointReference === mine)).toBe(true);
  }, 20_000);

  it('is not held up by a listener that throws, and refuses what is not there', async () => {
    const fails = () => {
      throw new Error('no');
    };
    await expect(createDiscovery(parts()).discover({ interfaces: ['lo'], listenMs: 100, signal: never, onFound: fails, onProgress: fails })).resolves.toBeInstanceOf(Array);
    await expect(createDiscovery(parts()).discover({ interfaces: ['none7'], signal: never })).rejects.toMatchObject({ code: 'discovery.interface' });
    expect(ipv4Interfaces().find((i) => i.name === 'lo')?.network).toBe('127.0.0.0/8');
  });
});
