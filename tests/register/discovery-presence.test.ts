/** Who announces itself: the map of announced devices, and registered ones that moved. */
import dgram from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameras } from '../../src/db/schema/register.js';
import type { Discovery } from '../../src/contract/registry.js';
import { createDiscovery } from '../../src/register/discovery.js';
import { multicast } from '../../src/register/discovery-message.js';
import { startDeviceSwarm } from '../../src/simulate/discovery/swarm.js';
import { parts, clock, seed, silentLog, until } from './discovery-bench.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

let bench: RegisterBench;
let discovery: Discovery;
beforeAll(async () => {
  bench = await openRegisterBench();
  discovery = createDiscovery(parts({ database: bench.database, log: bench.log }));
  await discovery.listen();
  await discovery.listen();
});
afterAll(async () => {
  await discovery.close();
  await bench.close();
});
const announced = async (references: readonly string[]) => (await discovery.announced()).filter((d) => references.includes(d.endpointReference));

describe('announcements', () => {
  it('are listed from Hello to Bye, the newest first, and a registered device elsewhere is told', async () => {
    const site = await bench.registry.createSite(newSite(`Mill ${seed}`), admin);
    const camera = await bench.registry.createCamera(newCameraInput(site.id, 'Gate', 'http://127.0.0.1:20000/onvif/device_service'), admin);
    const swarm = await startDeviceSwarm({ devices: 3, clock, log: silentLog, seed: seed + 10 });
    const references = swarm.devices.map((d) => d.endpointReference);
    const [first] = swarm.devices;
    await bench.database.orm.update(cameras).set({ endpointReference: first?.endpointReference ?? null });
    await until(async () => (await announced(references)).length === 3);
    expect((await announced(references)).find((d) => d.endpointReference === first?.endpointReference)).toMatchObject({ address: first?.address, name: 'Swarm 0', macAddress: first?.macAddress, cameraId: camera.id, moved: false, via: 'hello' });
    expect(bench.lines.join('')).not.toContain('at another address');

    await swarm.move(0, 'http://127.0.0.1:20777/onvif/device_service');
    await until(async () => (await announced(references))[0]?.address === 'http://127.0.0.1:20777/onvif/device_service');
    expect((await announced(references))[0]).toMatchObject({ endpointReference: first?.endpointReference, cameraId: camera.id, moved: true });
    await until(() => bench.lines.some((line) => line.includes('announced itself at another address')));
    expect(bench.lines.find((line) => line.includes('announced itself at another address'))).toContain(camera.id);
    expect((await bench.registry.camera(camera.id)).address).toBe('http://127.0.0.1:20000/onvif/device_service');

    await swarm.close();
    await until(async () => (await announced(references)).length === 0);
  }, 60_000);

  it('of a flood are bounded, and junk is passed over', async () => {
    const socket = dgram.createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    socket.setMulticastInterface('127.0.0.1');
    const send = (text: string): Promise<void> => new Promise((resolve) => socket.send(text, multicast.port, multicast.address, () => resolve()));
    const hello = (i: number): string => `<Envelope><Body><Hello><EndpointReference><Address>urn:uuid:f100d000-0000-4000-8000-${String(i).padStart(12, '0')}</Address></EndpointReference><XAddrs>http://127.0.0.1:${i + 1}/onvif</XAddrs></Hello></Body></Envelope>`;
    await send('lollipop');
    for (let i = 0; i < 3_000; i++) await send(hello(i));
    await until(async () => (await discovery.announced()).some((d) => d.endpointReference.includes('f100d000')));
    expect((await discovery.announced()).length).toBeLessThanOrEqual(1_024);
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }, 30_000);

  it('are not waited for where the port is taken, and nothing is left open', async () => {
    const other = createDiscovery(parts());
    await other.close();
    await other.listen();
    expect(await other.announced()).toEqual([]);
  });
});
