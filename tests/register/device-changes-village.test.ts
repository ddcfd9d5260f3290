/** Rotation of credentials against simulated cameras over real sockets: one of each kind, all at once. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import { cameras } from '../../src/db/schema/register.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { openPassword } from '../../src/register/credentials.js';
import { createDeviceChanges } from '../../src/register/device-changes.js';
import { startVillage, type FaultInput, type Village } from '../../src/simulate/village.js';
import { never, registerConfig } from './device-changes-bench.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

const clock = new SystemClock({ unref: true });
let bench: RegisterBench;
let village: Village;

/** What each camera of the village does with a new password, and what becomes of it. */
const kinds: readonly { fault: FaultInput | null; status: string; has: 'old' | 'new' }[] = [
  { fault: null, status: 'done', has: 'new' },
  { fault: { fault: 'set-password', mode: 'refuse' }, status: 'failed', has: 'old' },
  { fault: { fault: 'set-password', mode: 'lie' }, status: 'failed', has: 'old' },
  // Longer than a reply is waited for.
  { fault: { fault: 'set-password', mode: 'slow', seconds: 3 }, status: 'done', has: 'new' },
  { fault: { fault: 'set-password', mode: 'die-after', seconds: 4 }, status: 'done', has: 'new' },
  { fault: { fault: 'account-level', level: 'Operator' }, status: 'failed', has: 'old' },
  { fault: { fault: 'clock', offsetSeconds: -3600 }, status: 'done', has: 'new' },
];

beforeAll(async () => {
  bench = await openRegisterBench({ clock });
  village = await startVillage({ cameras: kinds.length, video: null, host: '127.0.0.1', discovery: false, controlPort: 0, clock, log: bench.log, seed: 7 });
}, 120_000);
afterAll(async () => {
  await village.close();
  await bench.close();
});

describe('simulated cameras', () => {
  it('end with a password that they take, whatever they do with the new one', async () => {
    const onvif = createOnvifClient({ guard: bench.guard, clock, log: bench.log, limits: registerConfig });
    const changes = createDeviceChanges({ ...bench, config: registerConfig, onvif, source: { run: () => Promise.reject(new Error('no stream')), close: () => Promise.resolve() } });
    // Each is a device of its own, though all are on one host: a rotation goes through them one after the other.
    const rotations = [];
    for (const [i, { fault }] of kinds.entries()) {
      const { onvifUrl, username, password } = village.cameras[i] ?? { onvifUrl: '', username: '', password: '' };
      if (fault) await village.applyFault(i, fault);
      const { id: siteId } = await bench.registry.createSite(newSite(`Village ${i}`), admin);
      const camera = await bench.registry.createCamera(newCameraInput(siteId, `Camera ${i}`, onvifUrl, { username, password }), admin);
      // Known as devices of their own, as the ladder would have learned: otherwise refusals count for the whole host.
      const known = await onvif.open({ url: onvifUrl, username, password, authMode: null }, never);
      await known.clock();
      const { endpointReference } = await known.identity();
      expect(endpointReference).not.toBeNull();
      await bench.database.orm.update(cameras).set({ endpointReference, onboardedAt: new Date() }).where(eq(cameras.id, camera.id));
      rotations.push({ cameraId: camera.id, password, url: onvifUrl, ...(await changes.rotate({ siteId, username, password: null, cameraIds: null }, admin)) });
    }
    for (const { id } of rotations) await changes.carryOut(id, never);
    for (const [i, made] of rotations.entries()) {
      const [result] = (await changes.rotation(made.id)).cameras;
      expect({ i, status: result?.status }, result?.seen).toEqual({ i, status: kinds[i]?.status });
      const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, made.cameraId));
      const password = openPassword(bench.sealer, made.cameraId, row?.sealedPassword ?? null);
      expect(password === made.password ? 'old' : 'new', `camera ${i}`).toBe(kinds[i]?.has);
      const device = await onvif.open({ url: made.url, username: made.username, password, authMode: null }, never);
      await device.clock();
      expect(await device.information(), `camera ${i}`).toMatchObject({ manufacturer: expect.any(String) as string });
      expect(bench.lines.join('')).not.toContain(password);
    }
  }, 120_000);
});
