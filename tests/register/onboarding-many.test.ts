/** Many cameras at once: hosts never overlap, bad ones spoil nothing, channels of a recorder, another device at an address. */
import net from 'node:net';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Rung } from '../../src/contract/camera.js';
import { SystemClock } from '../../src/core/clock.js';
import { cameras } from '../../src/db/schema/register.js';
import { createDeviceLeases } from '../../src/register/device-lease.js';
import { startLockedDevice, type LockedDevice, type LockedDeviceOptions } from './locked-device.js';
import { allPass, frameSource, never, onboardingOn, rungOf, statuses } from './onboarding-bench.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

const clock = new SystemClock({ unref: true });
let bench: RegisterBench;
let siteId: string;
let count = 0;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  bench = await openRegisterBench({ clock });
}, 120_000);
afterAll(() => bench.close());
beforeEach(async () => {
  siteId = (await bench.registry.createSite(newSite(`Site ${++count}`), admin)).id;
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function device(options: LockedDeviceOptions = {}): Promise<LockedDevice> {
  const started = await startLockedDevice({ username: 'admin', password: 'right', ...options });
  closing.push(() => started.close());
  return started;
}
const register = async (address: string, more: object = {}): Promise<string> => (await bench.registry.createCamera({ ...newCameraInput(siteId, `Camera ${++count}`, address, { username: 'admin', password: 'right' }), reviewOn: '2099-01-01', ...more }, admin)).id;
const rowOf = async (id: string) => (await bench.database.orm.select().from(cameras).where(eq(cameras.id, id)))[0];
const reference = (n: number): string => `urn:uuid:00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
async function silentServer(host: string): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://${host}:${(server.address() as net.AddressInfo).port}/onvif/device_service`;
}

describe('many cameras', () => {
  it('come up together, and the dead, the refusing and the silent ones cost themselves only', async () => {
    const expected = new Map<string, string>();
    for (let i = 0; i < 64; i++) {
      const host = `127.0.${10 + (i % 5)}.${1 + i}`;
      if (i % 16 === 3) expected.set(await register(`http://${host}:1/onvif/device_service`), 'reach');
      else if (i % 16 === 7) expected.set(await register((await device({ host })).url, { password: 'wrong' }), 'auth');
      else if (i % 16 === 11) expected.set(await register(await silentServer(host)), 'clock');
      else expected.set(await register((await device({ host, endpointReference: reference(i) })).url), 'passes');
    }
    const told = new Map<string, readonly Rung[]>();
    let running = 0;
    let most = 0;
    const onboarding = onboardingOn(bench, frameSource().source, {
      config: { replyTimeoutMs: 1500 },
      onvif: (real) => ({
        open: (target, signal) => {
          most = Math.max(most, ++running);
          return real.open(target, signal).finally(() => running--);
        },
      }),
    });
    const gone = '0190a000-0000-7000-8000-000000000000';
    await onboarding.probeMany([...expected.keys(), gone], never, ({ cameraId, rungs }) => void told.set(cameraId, rungs));
    expect(most).toBeLessThanOrEqual(8);
    expect(told.size).toBe(65);
    expect(rungOf(told.get(gone) ?? [], 'reach')).toMatchObject({ status: 'fail', seen: 'The camera was removed.' });
    for (const [id, at] of expected) {
      const failed = told.get(id)?.find((r) => r.status === 'fail');
      expect(failed?.name ?? 'passes').toBe(at);
      if (failed) expect(failed.todo).not.toBe('');
    }
  }, 60_000);

  it('on one host climb one after the other, also from two processes, and tell each rung', async () => {
    const recorder = await device({ sources: ['V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6', 'V7'], endpointReference: reference(900), slowMs: 5 });
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) ids.push(await register(recorder.url, { sourceToken: `V${i}` }));
    const [one, two] = [onboardingOn(bench, frameSource().source), onboardingOn(bench, frameSource().source)];
    const outcomes: string[] = [];
    const onDone = ({ rungs }: { rungs: readonly Rung[] }): void => void outcomes.push(statuses(rungs));
    await Promise.all([one.probeMany(ids.slice(0, 5), never, onDone), two.probeMany(ids.slice(5), never, onDone)]);
    expect(outcomes).toEqual(ids.map(() => allPass));
    expect(recorder.seen.mostInFlight).toBe(1);
    expect(new Set(await Promise.all(ids.map(async (id) => (await rowOf(id))?.profileToken))).size).toBe(8);
    const rungs: string[] = [];
    await one.probe(ids[0] ?? '', never, (r) => rungs.push(`${r.name}:${r.status}`));
    expect(rungs.join(' ')).toBe(allPass);
  }, 60_000);

  it('a hold of a host ends with its work, is followed when its holder died, and is waited for', async () => {
    const leases = createDeviceLeases({ database: bench.database, clock, log: bench.log, lifeMs: 600, askAgainMs: 20 });
    const order: string[] = [];
    const first = leases.hold('10.9.9.9', never, async () => {
      order.push('first begins');
      // Longer than a life: it is renewed.
      await clock.sleep(900);
      order.push('first ends');
    });
    await clock.sleep(100);
    await Promise.all([first, leases.hold('10.9.9.9', never, () => Promise.resolve(order.push('second')))]);
    expect(order).toEqual(['first begins', 'first ends', 'second']);
    await expect(leases.hold('10.9.9.8', never, () => Promise.reject(new Error('fails')))).rejects.toThrow('fails');
    await leases.hold('10.9.9.8', never, () => Promise.resolve());
    await expect(leases.hold('10.9.9.8', AbortSignal.abort(), () => Promise.resolve())).rejects.toMatchObject({ code: 'process.aborted' });
  }, 20_000);
});

describe('a recorder', () => {
  it('names its sources, and each is registered once', async () => {
    const recorder = await device({ sources: ['V0', 'V1', 'V2'], endpointReference: reference(901), serial: 'R1' });
    const onboarding = onboardingOn(bench, frameSource().source);
    const first = await register(recorder.url);
    expect(rungOf(await onboarding.probe(first, never), 'profiles').seen).toContain('This device has 3 video sources, and this camera is "V0"; registered: "V0"; add the others ("V1", "V2")');
    const second = await register(recorder.url, { sourceToken: 'V1' });
    expect(statuses(await onboarding.probe(second, never))).toBe(allPass);
    expect(await rowOf(second)).toMatchObject({ profileToken: 'P_V1' });
    await expect(register(recorder.url, { sourceToken: 'V1' })).rejects.toMatchObject({ code: 'camera.exists' });
    await expect(register(recorder.url)).rejects.toMatchObject({ code: 'camera.exists' });
    const clash = await register(recorder.url, { sourceToken: 'V0' });
    expect(rungOf(await onboarding.probe(clash, never), 'profiles')).toMatchObject({ status: 'fail', seen: expect.stringContaining('"V0" of this device is registered already') as string, todo: expect.stringContaining('"V2"') as string });
    await bench.registry.updateCamera(clash, { sourceToken: 'V2' }, admin);
    expect(statuses(await onboarding.probe(clash, never))).toBe(allPass);
  }, 30_000);
});

describe('the device at an address', () => {
  it('that is another one than before is not taken, and nothing of it is kept', async () => {
    const onboarding = onboardingOn(bench, frameSource().source);
    const before = await device({ endpointReference: reference(910), serial: 'A1' });
    const id = await register(before.url);
    expect(statuses(await onboarding.probe(id, never))).toBe(allPass);
    const other = await device({ endpointReference: reference(911), serial: 'B2' });
    await bench.registry.updateCamera(id, { address: other.url }, admin);
    const rungs = await onboarding.probe(id, never);
    expect(rungOf(rungs, 'services')).toMatchObject({ status: 'fail', seen: 'Another device answers here: Maker M1, serial number B2; registered is Maker M1, serial number A1.', todo: expect.stringMatching(/^Replace the camera.*or correct the address\.$/) as string });
    expect(await rowOf(id)).toMatchObject({ endpointReference: reference(910), serialNumber: 'A1', onboardedAt: null });
    // After a replacement nothing is known: whatever answers is the camera.
    await bench.database.orm.update(cameras).set({ endpointReference: null, serialNumber: null, manufacturer: null, macAddress: null }).where(eq(cameras.id, id));
    expect(statuses(await onboarding.probe(id, never))).toBe(allPass);
    expect(await rowOf(id)).toMatchObject({ endpointReference: reference(911), serialNumber: 'B2' });
  }, 30_000);

  it('tells where it stands: what nobody entered is filled in, what somebody entered stays', async () => {
    const told = await device({ endpointReference: reference(920) });
    const id = await register(told.url, { azimuthDeg: 10 });
    const onboarding = onboardingOn(bench, frameSource().source, {
      onvif: (real) => ({
        open: async (target, signal) => Object.create(await real.open(target, signal), { toldPose: { value: () => Promise.resolve({ longitude: 116.5, latitude: 35.4, azimuthDeg: 90, tiltDeg: 400 }) } }) as Awaited<ReturnType<typeof real.open>>,
      }),
    });
    expect(statuses(await onboarding.probe(id, never))).toBe(allPass);
    expect(await rowOf(id)).toMatchObject({ longitude: 116.5, latitude: 35.4, azimuthDeg: 10, tiltDeg: null, toldPose: { longitude: 116.5, latitude: 35.4, azimuthDeg: 90 } });
    await bench.registry.updateCamera(id, { longitude: null }, admin);
    await onboarding.probe(id, never);
    expect(await rowOf(id)).toMatchObject({ longitude: null });
  }, 30_000);
});
