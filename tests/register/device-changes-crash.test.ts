/** A rotation that is cut off at any point can be run again: the password that a device has is always one that we hold. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rotation } from '../../src/contract/device-change.js';
import { cameras } from '../../src/db/schema/register.js';
import { createDeviceChanges } from '../../src/register/device-changes.js';
import { never, openChangesBench, registerConfig, type ChangesBench } from './device-changes-bench.js';
import { Crash, type PaperDevice } from './paper-device.js';
import { admin } from './register-bench.js';

let bench: ChangesBench;
beforeAll(async () => {
  bench = await openChangesBench();
});
afterAll(() => bench.close());

interface Made {
  readonly device: PaperDevice;
  readonly camera: { readonly id: string };
  readonly id: string;
}

async function one(more: Partial<PaperDevice> = {}, rotation: object = {}): Promise<Made> {
  const device = bench.paper.add(bench.nextHost(), more);
  const { siteId, camera } = await bench.place(device.host);
  const begun = await bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null, ...rotation }, admin);
  return { device, camera, id: begun.id };
}

const only = (rotation: Rotation) => {
  const [camera] = rotation.cameras;
  if (!camera || rotation.cameras.length !== 1) throw new Error('not one camera');
  return camera;
};

/** Runs the job until it is over; a device that seems to lock is left alone for its time. */
async function toTheEnd(id: string): Promise<Rotation> {
  for (let turn = 0; turn < 3; turn++) {
    await bench.changes.carryOut(id, never);
    const rotation = await bench.changes.rotation(id);
    if (rotation.finishedAt !== null) return rotation;
    bench.clock.pass(registerConfig.lockout.windowMs + 60_000);
  }
  throw new Error('it does not come to an end');
}

async function inHand({ device, camera }: Made, when: string): Promise<void> {
  expect([await bench.passwordOf(camera.id), ...(await bench.heldFor(camera.id))], when).toContain(device.password);
}

/** Cuts the job off at point after point until a run is not reached by it. @returns how far it came */
async function survive(make: () => Promise<Made>, after: boolean, ends: readonly string[], from = 1, stride = 1): Promise<number> {
  for (let at = from; ; at += stride) {
    const made = await make();
    bench.paper.crashAt(at, after);
    const crashed = await bench.changes.carryOut(made.id, never).then(() => false, (thrown: unknown) => thrown instanceof Crash || Promise.reject(thrown as Error));
    bench.paper.crashAt(null);
    await inHand(made, `crash at ${at}`);
    const { status, seen } = only(await toTheEnd(made.id));
    expect(ends, `crash at ${at}: ${seen}`).toContain(status);
    expect(await bench.passwordOf(made.camera.id), `crash at ${at}: ${seen}`).toBe(made.device.password);
    if (!crashed) return at - 1;
  }
}

describe('a crash', () => {
  it.each(['before', 'after'] as const)('%s any word to an honest device loses no password', async (when) => {
    const points = await survive(() => one(), when === 'after', ['done', 'failed'], when === 'after' ? 1 : 4);
    // Two conversations of four words, and the one that writes.
    expect(points).toBeGreaterThanOrEqual(9);
  }, 60_000);

  it.each(['lie', 'silent', 'deny', 'demote'] as const)('after any word to a device of the habit "%s" loses no password', async (habit) => {
    expect(await survive(() => one({ habit }), true, ['done', 'failed'], 4, 3)).toBeGreaterThanOrEqual(7);
  }, 60_000);

  it('in the middle of a rollback loses no password', async () => {
    bench.refusedByStream.add('Rolls-Back-99');
    const make = async () => {
      const made = await one({}, { password: 'Rolls-Back-99' });
      await bench.database.orm.update(cameras).set({ streamUrl: `rtsp://${made.device.host}/s`, onboardedAt: new Date() }).where(eq(cameras.id, made.camera.id));
      return made;
    };
    expect(await survive(make, true, ['rolled-back', 'failed'], 9)).toBeGreaterThanOrEqual(13);
  }, 60_000);

  it('in any transaction loses no password', async () => {
    const { database } = bench;
    for (const after of [false, true]) {
      for (let at = 1; ; at++) {
        const made = await one();
        const { device, camera, id } = made;
        let n = 0;
        let crashed = false;
        const frail = createDeviceChanges({
          ...bench, config: registerConfig, onvif: bench.paper.client, source: { run: () => Promise.reject(new Error('no stream')), close: () => Promise.resolve() },
          database: {
            ...database,
            transaction: async (work) => {
              const mine = ++n === at;
              if (mine) crashed = true;
              if (mine && !after) throw new Crash('before');
              const value = await database.transaction(work);
              if (mine) throw new Crash('after');
              return value;
            },
          },
        });
        await frail.carryOut(id, never).catch((thrown: unknown) => (thrown instanceof Crash ? undefined : Promise.reject(thrown as Error)));
        await inHand(made, `crash in transaction ${at}`);
        // One that is cut off while a log-in is counted counts as refused: the policy may then stop before it writes.
        expect(['done', 'failed']).toContain(only(await toTheEnd(id)).status);
        expect(await bench.passwordOf(camera.id)).toBe(device.password);
        if (!crashed) break;
      }
    }
  }, 60_000);

  it('by a stop ends the job and leaves the rest for the next', async () => {
    const { device, camera, id } = await one();
    await expect(bench.changes.carryOut(id, AbortSignal.abort())).rejects.toMatchObject({ kind: 'aborted' });
    expect(device.writes).toBe(0);
    expect(only(await toTheEnd(id)).status).toBe('done');
    expect(await bench.passwordOf(camera.id)).toBe(device.password);
  });
});
