/** Sweeps: what is refused, how fast they ask, whom they find, that they stop. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiscoveryProgress } from '../../src/contract/registry.js';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { createDiscovery } from '../../src/register/discovery.js';
import { planSweep } from '../../src/register/discovery-blocks.js';
import { createPace } from '../../src/register/discovery-pace.js';
import { sweep } from '../../src/register/discovery-sweep.js';
import { startDeviceSwarm } from '../../src/simulate/discovery/swarm.js';
import { dateTime, fault, fixture } from './device-server.js';
import { clock, never, parts, seed, silentLog, startTalker } from './discovery-bench.js';

const guard = new AddressGuard({ allowed: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], denied: ['10.9.0.0/16'], lookup: () => Promise.resolve([]) });
const interfaces = [{ name: 'eth0', address: '10.0.1.2', network: '10.0.1.0/24' }, { name: 'docker0', address: '172.17.0.1', network: '172.17.0.0/16' }];
const plan = (blocks: readonly string[], more: { force?: boolean; bridges?: boolean } = {}) => planSweep(blocks, { guard, interfaces, force: false, bridges: false, ...more });
const refusal = (blocks: readonly string[], more: { force?: boolean; bridges?: boolean } = {}): string => {
  try {
    plan(blocks, more);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'discovery.sweep' });
    return (thrown as Error).message;
  }
  return '';
};

describe('the plan of a sweep', () => {
  it('leaves out network and broadcast addresses, also those of our own networks inside', () => {
    expect(plan(['10.0.0.0/30']).addresses).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(plan(['10.0.0.6/31']).addresses).toEqual(['10.0.0.6', '10.0.0.7']);
    expect(plan(['10.0.0.9']).addresses).toEqual(['10.0.0.9']);
    const wide = plan(['10.0.0.0/22']).addresses;
    expect(wide).toHaveLength(1024 - 4);
    for (const own of ['10.0.1.0', '10.0.1.255', '10.0.0.0', '10.0.3.255']) expect(wide).not.toContain(own);
    expect(wide).toContain('10.0.2.0');
    expect(plan(['10.0.4.0/24', '10.0.4.128/25', '10.0.4.128/25']).addresses).toHaveLength(254);
    expect(plan(['10.0.1.17/24']).networks).toEqual([{ interface: 'eth0', network: '10.0.1.0/24' }]);
  });

  it('refuses more than a /20 and says how many, takes it by force up to a /16', () => {
    expect(plan(['10.4.0.0/20']).addresses).toHaveLength(4094);
    expect(refusal(['10.4.0.0/19'])).toContain('8192 addresses');
    expect(refusal(['10.4.0.0/20', '10.5.0.5/32'])).toContain('4097 addresses');
    expect(plan(['10.4.0.0/20', '10.4.8.0/24']).addresses).toHaveLength(4094);
    expect(plan(['10.4.0.0/19'], { force: true }).addresses).toHaveLength(8190);
    expect(refusal(['10.0.0.0/8'], { force: true })).toMatch(/outside|16777216/);
    expect(refusal(['172.16.0.0/12'], { force: true })).toContain('1048576 addresses');
  });

  it.each(['', 'x', '10.0.0.0/33', '10.0.0/24', '300.0.0.1/24', '::1/128', '10.0.0.0/-1', '10.0.0.0/24;ls'])('refuses "%s" as no block', (text) => expect(refusal([text])).toContain('no IPv4 network'));
  it.each(['8.8.8.0/24', '127.0.0.0/24', '192.168.0.0/15', '10.9.1.0/24', '0.0.0.0/0'])('refuses %s as not allowed', (block) => expect(refusal([block], { force: true })).toContain('outside the networks'));

  it('asks nobody who is denied inside of an allowed block', () => {
    const narrow = new AddressGuard({ allowed: ['10.0.0.0/8'], denied: ['10.0.0.128/25'], lookup: () => Promise.resolve([]) });
    expect(planSweep(['10.0.0.0/24'], { guard: narrow, interfaces: [], force: false, bridges: false }).addresses).toHaveLength(127);
  });

  it('enters networks between containers only when it is asked to', () => {
    expect(refusal(['172.17.3.0/24'])).toMatch(/docker0.*bridges/);
    expect(plan(['172.17.3.0/24'], { bridges: true }).addresses).toHaveLength(254);
    expect(plan(['172.17.255.0/30', '172.18.0.0/30'])).toMatchObject({ addresses: ['172.18.0.1', '172.18.0.2'], skipped: [{ interface: 'docker0' }] });
  });

  it('names every address of any allowed blocks once, in them, and none at their edges', () => {
    const block = fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 22, max: 32 })).map(([c, d, bits]) => `192.168.${c}.${d}/${bits}`);
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 3 }), (blocks) => {
        const { addresses, networks } = plan(blocks, { force: true });
        expect(new Set(addresses).size).toBe(addresses.length);
        const inside = new AddressGuard({ allowed: networks.map((n) => n.network), lookup: () => Promise.resolve([]) });
        expect(addresses.every((a) => inside.allows(a) && guard.allows(a))).toBe(true);
      }),
      { numRuns: 100, interruptAfterTimeLimit: 5_000 },
    );
  });
});

describe('the pace of a sweep', () => {
  it('keeps to so many a second, asks silent addresses once more, and leaves answered ones alone', async () => {
    const simulated = new SimulatedClock();
    const sentAt: { address: string; atMs: number }[] = [];
    const addresses = Array.from({ length: 100 }, (_, i) => `10.0.0.${i + 1}`);
    const answered = new Set(addresses.slice(0, 10));
    let done = 0;
    const running = sweep({
      addresses, clock: simulated, signal: never, onvif: undefined, ports: undefined, pace: createPace({ clock: simulated, perSecond: 20 }),
      socket: { send: (_text, _port, address) => void sentAt.push({ address, atMs: simulated.monotonicMs() }), close: () => Promise.resolve() },
      hasAnswered: (address) => answered.has(address), onService: () => undefined, onAsked: () => done++,
    });
    let over = false;
    void running.then(() => (over = true));
    for (let i = 0; i < 400 && !over; i++) await simulated.advance(50);
    await running;
    expect(done).toBe(100);
    const asks = sentAt.filter((s, i) => sentAt[i - 1]?.address !== s.address || sentAt[i - 1]?.atMs !== s.atMs);
    expect(asks).toHaveLength(190);
    for (const { atMs } of asks) expect(asks.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1000).length).toBeLessThanOrEqual(21);
    expect(simulated.monotonicMs()).toBeGreaterThanOrEqual((190 / 20) * 1000);
    expect(asks.filter((a) => a.address === '10.0.0.1')).toHaveLength(1);
    expect(simulated.pendingTimers).toBe(0);
  });
});

describe('a sweep on the loopback network', () => {
  /** Four addresses of our own: others test on this network, too. */
  const base = `127.${77 + (seed % 100)}.${process.pid % 250}`;
  const block = `${base}.8/29`;
  const onvif = createOnvifClient({ guard: parts().guard, clock, log: parts().log, limits: { connectTimeoutMs: 2000, replyTimeoutMs: 3000, maxReplyBytes: 65_536 } });
  const serve = async (host: string, answer: (request: http.IncomingMessage) => [number, string]): Promise<{ port: number; close(): Promise<void> }> => {
    const server = http.createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(...[answer(request)[0], { 'Content-Type': 'application/soap+xml', 'WWW-Authenticate': 'Digest realm="r", nonce="n"' }] as const).end(answer(request)[1]));
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    };
  };

  it('finds who answers a probe, and by its port who has discovery off, but no other server', async () => {
    // Whoever is bound to one address takes its datagrams from those that are bound to all.
    const mute = await Promise.all([9, 11, 12, 13, 14].map((n) => startTalker({ address: `${base}.${n}`, answer: () => [] })));
    const talker = await startTalker({ address: `${base}.10`, answer: () => [fixture('dafang-probe-match-loopback.xml').replace('http://127.0.0.1', 'http://192.168.9.9')] });
    const device = await serve(`${base}.11`, () => [200, dateTime(Date.UTC(2026, 0, 1))]);
    const website = await serve(`${base}.12`, (request) => (request.url === '/' ? [200, '<html/>'] : [404, 'not found']));
    const fussy = await serve(`${base}.13`, () => [401, '<html>log in</html>']);
    const faulty = await serve(`${base}.14`, () => [400, fault('ActionNotSupported', 'not implemented')]);
    const progress: DiscoveryProgress[] = [];
    const ports = [device.port, website.port, fussy.port, faulty.port];
    const found = await createDiscovery(parts({ onvif, ports })).discover({ interfaces: ['lo'], listenMs: 300, sweep: [block], signal: never, onProgress: (p) => progress.push(p) });
    await Promise.all([...mute, talker, device, website, fussy, faulty].map((one) => one.close()));
    expect(found.filter((d) => d.address.includes(`${base}.`))).toMatchObject([
      { endpointReference: 'urn:uuid:1419d68a-1dd2-11b2-a105-000000000001', address: `http://${base}.10:2020/onvif/service`, xaddrs: ['http://192.168.9.9:2020/onvif/service'], via: 'sweep', interfaces: ['lo'] },
      { endpointReference: `address:http://${base}.11:${device.port}/onvif/device_service`, via: 'sweep' },
      { endpointReference: `address:http://${base}.14:${faulty.port}/onvif/device_service`, via: 'sweep' },
    ]);
    expect(progress.at(-1)).toMatchObject({ asked: 6, total: 6, scanning: [{ via: 'multicast' }, { interface: 'lo', network: block, via: 'sweep' }] });
  }, 25_000);

  it('finds one that only tells its clock, of a swarm', async () => {
    const swarm = await startDeviceSwarm({ devices: 1, clock, log: silentLog, seed, host: `${base}.12`, http: true, interfaces: [] });
    const mute = await startTalker({ address: `${base}.12`, answer: () => [] });
    const found = await createDiscovery(parts({ onvif, ports: [swarm.httpPort ?? 0] })).discover({ interfaces: ['lo'], listenMs: 200, sweep: [`${base}.12`], signal: never });
    await Promise.all([swarm.close(), mute.close()]);
    expect(found.find((d) => d.address.includes(`${base}.12`))?.endpointReference).toBe(`address:http://${base}.12:${swarm.httpPort}/onvif/device_service`);
  }, 20_000);

  it('shows what it asks, and stops at once', async () => {
    const stop = new AbortController();
    const progress: DiscoveryProgress[] = [];
    let stoppedMs = Infinity;
    const config = { ...parts().config, sweep: { perSecond: 20, bridges: false } };
    await createDiscovery(parts({ config, onvif, ports: [9] })).discover({
      interfaces: ['lo'], listenMs: 200, sweep: [`${base}.0/21`], signal: stop.signal,
      onProgress: (p) => {
        progress.push(p);
        if (progress.length < 4 || stop.signal.aborted) return;
        stoppedMs = performance.now();
        stop.abort();
      },
    });
    expect(performance.now() - stoppedMs).toBeLessThan(2_000);
    expect(progress.length).toBeGreaterThanOrEqual(4);
    expect(progress.at(-1)).toMatchObject({ total: 2046 });
    expect(progress.at(-1)?.asked).toBeLessThan(200);
  }, 25_000);

  it('is refused before anything is sent', async () => {
    const discovery = createDiscovery(parts({ onvif }));
    await expect(discovery.discover({ interfaces: [], sweep: ['8.8.8.0/24'], signal: never })).rejects.toMatchObject({ code: 'discovery.sweep' });
    await expect(discovery.discover({ interfaces: [], sweep: ['10.0.0.0/16'], signal: never })).rejects.toMatchObject({ code: 'discovery.sweep', message: expect.stringContaining('65536') as string });
  });
});
