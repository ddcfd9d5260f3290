/**
 * Everything that can happen to a device, at once, in the whole program: one camera's device is replaced, one gets another
 * address, one another password, one goes for good, one comes. Nobody else's run ends, and nobody else's samples pause;
 * nor does the run of the camera whose password changes.
 */
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Camera } from '../../src/contract/camera.js';
import type { DeviceRecord, Rotation } from '../../src/contract/device-change.js';
import type { Observation } from '../../src/contract/picture.js';
import { SystemClock } from '../../src/core/clock.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { runs } from '../../src/db/schema/index.js';
import { silentLog } from '../support/databases.js';
import { eventually, temporaryFolder } from '../support/program.js';
import { startVillageProgram, type VillageProgram } from '../support/village-program.js';

const { folder: data, remove } = temporaryFolder('hedgerow-changes-');
const sampleIntervalMs = 1_000;
/** Two intervals, and what a machine with other things to do may take. */
const longestGapMs = 2 * sampleIntervalMs + 4_000;
const config = `
analyse: { detector: "off", learnMs: 2000, quietPictureMs: 3000, busyPictureMs: 500 }
register: { replyTimeoutMs: 5000, connectTimeoutMs: 4000 }
ingest: { stallMs: 10000, connectTimeoutMs: 6000, reconnect: { initialMs: 300, factor: 2, capMs: 4000, jitterRatio: 0.5 } }
`;

/** Places in the village. The device of `spare` is registered nowhere in the beginning; `gone`’s goes to `replaced`. */
const [replaced, readdressed, rotated, gone, spare, left, right] = [0, 1, 2, 3, 4, 5, 6] as const;
const bystanders = [left, right] as const;

let village: VillageProgram;
let samples = new Map<number, readonly Observation[]>();
let added: Camera;
let rotation: Rotation;

/** Another way to a device: what a changed address leads to. */
let door: net.Server;
let [sinceMs, doneMs] = [0, 0];

const isGood = (index: number, withinMs: number): Promise<unknown> =>
  eventually(
    async () => {
      const { state, stateReason } = await village.camera(index);
      if (state !== 'good') throw new Error(`${state}: ${stateReason}`);
      return true;
    },
    withinMs,
    `camera ${index} good`,
  );
const at = (index: number, rest = ''): string => `/api/v1/cameras/${village.idOf(index)}${rest}`;

function longestGap(index: number): number {
  const times = (samples.get(index) ?? []).map((s) => Date.parse(s.at)).sort((a, b) => a - b);
  return Math.max(...times.slice(1).map((t, i) => t - (times[i] as number)));
}

beforeAll(async () => {
  village = await startVillageProgram({ cameras: 7, data, config });
  await village.api.post(at(spare, '/decommission'), { reason: 'kept in the cupboard' });
  await Promise.all([replaced, readdressed, rotated, gone, ...bystanders].map((i) => isGood(i, 90_000)));
  await village.api.post('/api/v1/zones', { cameraId: village.idOf(replaced), kind: 'privacy', name: 'window', polygon: [[0.6, 0.1], [0.8, 0.1], [0.8, 0.3]] });

  const onvifPort = Number(new URL(village.simulated[readdressed]?.onvifUrl ?? '').port);
  door = net.createServer((socket) => {
    const inside = net.connect(onvifPort, '127.0.0.1');
    for (const [from, to] of [[socket, inside], [inside, socket]] as const) from.on('error', () => to.destroy()).pipe(to);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));

  sinceMs = Date.now();
  const endedBefore = await village.metric('hedgerow_runs_ended_total{reason="stopped"}');
  const { siteId } = await village.camera(rotated);
  const device = (index: number) => {
    const found = village.simulated[index];
    if (!found) throw new Error('no such device');
    return found;
  };
  await eventually(async () => (await village.samples(left, sinceMs)).length >= 3, 30_000, 'samples before the changes');

  await village.api.post(at(gone, '/decommission'), { reason: 'the pump house is gone' });
  const [begun] = await Promise.all([
    village.api.post<Rotation>('/api/v1/rotations', { siteId, username: device(rotated).username, cameraIds: [village.idOf(rotated)] }),
    village.api.post(at(replaced, '/replace'), { address: device(gone).onvifUrl, username: device(gone).username, password: device(gone).password, reason: 'struck by lightning' }),
    village.api.patch(at(readdressed), { address: `127.0.0.1:${(door.address() as AddressInfo).port}` }),
    village.api.post<Camera>('/api/v1/cameras', {
      siteId, name: 'From the cupboard', address: device(spare).onvifUrl, username: device(spare).username, password: device(spare).password,
      purpose: 'theft of fuel at the pump house', owner: 'Village committee', legalBasis: 'Order 799, art. 7', reviewOn: '2099-01-01',
    }).then((made) => (added = made)),
  ]);
  rotation = await eventually(async () => {
    const now = await village.api.get<Rotation>(`/api/v1/rotations/${begun.id}`);
    return now.finishedAt !== null && now;
  }, 60_000, 'the rotation finished');
  await Promise.all([
    isGood(readdressed, 90_000),
    eventually(async () => ['online', 'good'].includes((await village.camera(replaced)).state) && (await village.camera(replaced)).serialNumber !== null, 90_000, 'the replaced camera runs'),
    eventually(async () => (await village.api.get<Camera>(`/api/v1/cameras/${added.id}`)).state === 'good', 90_000, 'the new camera good'),
  ]);
  doneMs = Date.now();
  await eventually(async () => (await village.samples(left, doneMs)).length >= 3 && (await village.samples(rotated, doneMs)).length >= 3, 30_000, 'samples after the changes');
  samples = new Map(await Promise.all([replaced, readdressed, rotated, ...bystanders].map(async (i) => [i, await village.samples(i, sinceMs)] as const)));
  expect(await village.metric('hedgerow_runs_ended_total{reason="stopped"}')).toBeGreaterThan(endedBefore);
}, 400_000);

afterAll(async () => {
  await village.program.stop();
  door.close();
  remove();
});

describe('while devices change', () => {
  it('no other camera pauses', () => {
    for (const index of bystanders) {
      expect(samples.get(index)?.length, `camera ${index}`).toBeGreaterThan(5);
      expect(longestGap(index), `camera ${index}`).toBeLessThan(longestGapMs);
    }
  });

  it('a camera whose password changes plays on, and connects with the new one the next time', async () => {
    expect(rotation.cameras).toMatchObject([{ status: 'done' }]);
    expect(longestGap(rotated)).toBeLessThan(longestGapMs);
    const { rungs } = await village.api.post<{ rungs: { name: string; status: string }[] }>(at(rotated, '/probe'));
    expect(rungs.filter((r) => r.status === 'fail')).toEqual([]);
    await village.api.patch(at(rotated), { sampleIntervalMs: 1_200 });
    const again = Date.now() + 3_000;
    await eventually(async () => (await village.samples(rotated, again)).length >= 2, 60_000, 'samples with the new password');
  });

  it('the replaced and the readdressed camera have new runs; the place keeps its history', async () => {
    const { items } = await village.api.get<{ items: DeviceRecord[] }>(at(replaced, '/devices'));
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ until: null, reason: null });
    expect(items[1]).toMatchObject({ reason: 'struck by lightning' });
    expect(items[0]?.endpointReference).not.toBe(items[1]?.endpointReference);
    expect(await village.camera(readdressed)).toMatchObject({ address: `http://127.0.0.1:${(door.address() as AddressInfo).port}/onvif/device_service`, endpointReference: village.simulated[readdressed]?.endpointReference });
  });

  it('the replaced camera stores no picture until a person has confirmed its view', async () => {
    expect(await village.camera(replaced)).toMatchObject({ pictureStatus: 'moved' });
    expect((await village.newestPicture(replaced)).status).toBe(422);
    const last = (await village.pictures(replaced))[0]?.receivedAt ?? '';
    const { items } = await village.api.get<{ items: DeviceRecord[] }>(at(replaced, '/devices'));
    // The frame that was in work when the device went is of the old view, and its own.
    // On a slow machine there was none before: the empty scene is learned first.
    if (last !== '') expect(Date.parse(last)).toBeLessThan(Date.parse(items[0]?.from ?? '') + 2_000);
    await village.api.post(at(replaced, '/confirm-view'));
    await eventually(async () => (await village.pictures(replaced)).some((p) => p.receivedAt > last), 120_000, 'a picture of the confirmed view');
  }, 180_000);

  it('the camera that is gone is gone, and tells no secret', async () => {
    await expect(village.camera(gone)).rejects.toThrow('camera.unknown');
    const { items } = await village.api.get<{ items: { action: string; outcome: string }[] }>('/api/v1/ledger?limit=500');
    for (const action of ['camera.replace', 'camera.decommission', 'credentials.rotate']) expect(items.some((e) => e.action === action && e.outcome === 'ok'), action).toBe(true);
    for (const { password } of village.simulated) expect(village.program.output()).not.toContain(password);
  });

  it('no run ended but those of the devices that changed', async () => {
    await village.program.stop();
    const database = await openPgliteDatabase({ folder: path.join(data, 'database'), clock: new SystemClock(), log: silentLog });
    try {
      const during = async (index: number): Promise<readonly (typeof runs.$inferSelect)[]> => {
        const all = await database.orm.select().from(runs).where(eq(runs.cameraId, village.idOf(index))).orderBy(asc(runs.startedAt));
        return all.filter((r) => r.startedAt.getTime() <= doneMs && (r.endedAt?.getTime() ?? Infinity) >= sinceMs);
      };
      for (const index of [...bystanders, rotated]) {
        const found = await during(index);
        expect(found, `camera ${index}`).toHaveLength(1);
        expect(found[0]?.startedAt.getTime(), `camera ${index}`).toBeLessThan(sinceMs);
        expect(found[0]?.endedAt?.getTime(), `camera ${index}`).toBeGreaterThan(doneMs);
      }
      for (const index of [replaced, readdressed]) expect((await during(index)).length, `camera ${index}`).toBeGreaterThan(1);
      expect(await during(gone)).toHaveLength(1);
    } finally {
      await database.close();
    }
  }, 60_000);
});
