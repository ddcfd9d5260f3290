/** Rotation of credentials: what each kind of device ends as, and that no crash loses the password that a device has. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rotation } from '../../src/contract/device-change.js';
import { cameras, credentialSets, rotationCameras, rotations } from '../../src/db/schema/register.js';
import { newId } from '../../src/core/ids.js';
import { queueJobs } from '../../src/db/schema/platform.js';
import { generatePassword } from '../../src/register/generated-password.js';
import { createReprobe } from '../../src/register/reprobe.js';
import { never, openChangesBench, registerConfig, type ChangesBench } from './device-changes-bench.js';
import type { PaperDevice } from './paper-device.js';
import { admin } from './register-bench.js';

let bench: ChangesBench;
beforeAll(async () => {
  bench = await openChangesBench();
});
afterAll(() => bench.close());

async function one(more: Partial<PaperDevice> = {}, rotation: object = {}) {
  const device = bench.paper.add(bench.nextHost(), more);
  const { siteId, camera } = await bench.place(device.host);
  const begun = await bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null, ...rotation }, admin);
  return { siteId, device, camera, id: begun.id };
}
const carryOut = async (id: string): Promise<Rotation> => {
  await bench.changes.carryOut(id, never);
  return bench.changes.rotation(id);
};
const only = (rotation: Rotation) => {
  const [camera] = rotation.cameras;
  if (!camera || rotation.cameras.length !== 1) throw new Error('not one camera');
  return camera;
};

describe('a device', () => {
  it('that is honest has the new password; the camera’s run sees no change, and the sealed copy is gone', async () => {
    const { device, camera, id } = await one();
    const before = await bench.row(camera.id);
    const rotation = await carryOut(id);
    expect(only(rotation)).toMatchObject({ status: 'done', name: camera.name, todo: '' });
    expect(rotation.finishedAt).not.toBeNull();
    expect(device.password).not.toBe('old-password');
    expect(await bench.passwordOf(camera.id)).toBe(device.password);
    expect(await bench.heldFor(camera.id)).toEqual([]);
    const after = await bench.row(camera.id);
    expect({ config: after.configVersion, view: after.viewVersion, onboarded: after.onboardedAt }).toEqual({ config: before.configVersion, view: before.viewVersion, onboarded: before.onboardedAt });
    expect(device.refused).toBe(0);
    const { items } = await bench.ledger.entries({ limit: 500 });
    expect(items.filter((e) => e.action === 'credentials.rotate' && (e.objectId === camera.id || e.details['rotationId'] === id)).map((e) => [e.objectType, e.outcome])).toEqual([['camera', 'ok'], ['site', 'ok']]);
    const told = JSON.stringify([rotation, items, bench.lines, await bench.events.after(0, 1000)]);
    expect(told).not.toContain(device.password);
    expect(told).not.toContain('old-password');
  });

  it('takes a given password, and says which credential sets were left alone', async () => {
    const { siteId, device, camera, id } = await one({}, { password: 'Given-By-Hand-7' });
    await bench.database.orm.insert(credentialSets).values({ id: newId(), siteId, name: 'Standard', username: 'admin', sealedPassword: 'sealed', order: 1, createdAt: new Date() });
    expect(only(await carryOut(id))).toMatchObject({ status: 'done', todo: expect.stringContaining('"Standard" of the site was not changed') as string });
    expect([device.password, await bench.passwordOf(camera.id)]).toEqual(['Given-By-Hand-7', 'Given-By-Hand-7']);
    const again = await bench.changes.rotate({ siteId, username: 'admin', password: 'Given-By-Hand-7', cameraIds: null }, admin);
    expect(only(await carryOut(again.id))).toMatchObject({ status: 'done', seen: 'The device has this password already.' });
    expect(device.writes).toBe(1);
  });

  const cases: readonly [string, Partial<PaperDevice>, { status: string; seen: RegExp; has: 'old' | 'new'; refused: number; writes: number; held?: number }][] = [
    ['that refuses the new password', { habit: 'refuse' }, { status: 'failed', seen: /too weak\. The old password still works/, has: 'old', refused: 0, writes: 1 }],
    ['that says yes and does nothing', { habit: 'lie' }, { status: 'failed', seen: /still takes only the old one/, has: 'old', refused: 1, writes: 1, held: 1 }],
    ['that says no and does it', { habit: 'deny' }, { status: 'done', seen: /new password/, has: 'new', refused: 1, writes: 1 }],
    ['that does not answer and does it', { habit: 'silent' }, { status: 'done', seen: /new password/, has: 'new', refused: 0, writes: 1 }],
    ['that takes it late', { habit: 'late' }, { status: 'done', seen: /new password/, has: 'new', refused: 2, writes: 1 }],
    ['that takes the account’s rights away', { habit: 'demote' }, { status: 'failed', seen: /may not read them any more.*new password is kept/s, has: 'new', refused: 0, writes: 2 }],
    ['that is away', { away: true }, { status: 'failed', seen: /does not answer\. Nothing was written/, has: 'old', refused: 0, writes: 0 }],
    ['that has another password', { password: 'something-else' }, { status: 'failed', seen: /registered with.*Nothing was written/s, has: 'old', refused: 1, writes: 0 }],
    ['whose account is no administrator', { user: { username: 'admin', level: 'Operator' } }, { status: 'failed', seen: /no administrator/, has: 'old', refused: 0, writes: 0 }],
    ['that asks nobody', { asksNobody: true }, { status: 'failed', seen: /asks nobody/, has: 'old', refused: 0, writes: 0 }],
  ];
  it.each(cases)('%s', async (_what, more, want) => {
    const { device, camera, id } = await one(more);
    const before = device.password;
    const rotation = await carryOut(id);
    expect(only(rotation)).toMatchObject({ status: want.status, seen: expect.stringMatching(want.seen) as string });
    expect(rotation.finishedAt).not.toBeNull();
    expect(device.password === before ? 'old' : 'new').toBe(want.has);
    expect({ refused: device.refused, writes: device.writes }).toEqual({ refused: want.refused, writes: want.writes });
    if (more.password === undefined) expect(await bench.passwordOf(camera.id)).toBe(device.password);
    expect(await bench.heldFor(camera.id)).toHaveLength(want.held ?? 0);
    if (want.status !== 'done') expect(only(rotation).todo).not.toBe('');
  });

  it('whose stream refuses the new password gets the old one back', async () => {
    const { device, camera, id } = await one({}, { password: 'Not-For-Streams-1' });
    bench.refusedByStream.add('Not-For-Streams-1');
    await bench.database.orm.update(cameras).set({ streamUrl: `rtsp://${device.host}/s`, onboardedAt: new Date() }).where(eq(cameras.id, camera.id));
    expect(only(await carryOut(id))).toMatchObject({ status: 'rolled-back', seen: expect.stringContaining('stream refuses the new password') as string });
    expect([device.password, await bench.passwordOf(camera.id), device.writes]).toEqual(['old-password', 'old-password', 2]);
    expect(await bench.heldFor(camera.id)).toEqual([]);
  });

  it('whose stream takes its log-in in the path is asked with the new password in it, and in no log-in of a set in clear', async () => {
    const inPath = await one({}, { password: 'In-The-Path-1' });
    await bench.database.orm.update(cameras).set({ streamUrl: `rtsp://${inPath.device.host}/user={username}_password={password}_channel=1.sdp`, onboardedAt: new Date() }).where(eq(cameras.id, inPath.camera.id));
    expect(only(await carryOut(inPath.id)).status).toBe('done');
    expect(bench.streamed.find((t) => t.cameraId === inPath.camera.id)?.url).toBe(`rtsp://${inPath.device.host}/user=admin_password=In-The-Path-1_channel=1.sdp`);
    const ofSet = await one();
    await bench.database.orm.update(cameras).set({ streamUrl: `rtsp://${ofSet.device.host}/s`, onboardedAt: new Date(), fromCredentialSet: true }).where(eq(cameras.id, ofSet.camera.id));
    expect(only(await carryOut(ofSet.id)).status).toBe('done');
    expect(bench.streamed.find((t) => t.cameraId === ofSet.camera.id)).toMatchObject({ digestOnly: true });
    const both = await one();
    await bench.database.orm.update(cameras).set({ streamUrl: `rtsp://${both.device.host}/password={password}`, onboardedAt: new Date(), fromCredentialSet: true }).where(eq(cameras.id, both.camera.id));
    expect(only(await carryOut(both.id)).status).toBe('done');
    expect(bench.streamed.some((t) => t.cameraId === both.camera.id)).toBe(false);
  });

  it('that is another one by now is not written to, though it takes the same password', async () => {
    const { device, camera, id } = await one({ endpointReference: 'urn:uuid:another' });
    await bench.database.orm.update(cameras).set({ endpointReference: 'urn:uuid:registered' }).where(eq(cameras.id, camera.id));
    expect(only(await carryOut(id))).toMatchObject({ status: 'failed', seen: expect.stringMatching(/Another device answers.*Nothing was written/s) as string });
    expect([device.password, device.writes, await bench.passwordOf(camera.id)]).toEqual(['old-password', 0, 'old-password']);
    const same = await one({ endpointReference: 'urn:uuid:same' });
    await bench.database.orm.update(cameras).set({ endpointReference: 'urn:uuid:same' }).where(eq(cameras.id, same.camera.id));
    expect(only(await carryOut(same.id)).status).toBe('done');
  });

  it('whose camera gets another account in the middle keeps the password that it may have', async () => {
    const { device, camera, id } = await one({ habit: 'die' });
    expect(only(await carryOut(id)).status).toBe('unknown');
    await bench.registry.updateCamera(camera.id, { username: 'viewer', password: 'of-the-viewer' }, admin);
    bench.clock.pass(60_000);
    expect(only(await carryOut(id))).toMatchObject({ status: 'failed', seen: expect.stringContaining('another account') as string });
    expect(await bench.heldFor(camera.id)).toEqual([device.password]);
  });

  it('that dies after the change is unknown with both passwords kept, and settled when it comes back', async () => {
    const { siteId, device, camera, id } = await one({ habit: 'die' });
    await bench.database.orm.delete(queueJobs);
    const first = await carryOut(id);
    expect(only(first)).toMatchObject({ status: 'unknown', todo: expect.stringContaining('tried again by itself') as string });
    expect(first.finishedAt).toBeNull();
    expect(await bench.passwordOf(camera.id)).toBe('old-password');
    expect(await bench.heldFor(camera.id)).toEqual([device.password]);
    const waiting = await bench.database.orm.select().from(queueJobs);
    expect(waiting.filter((j) => j.name === 'credentials.rotate' && j.runAt.getTime() > bench.clock.nowMs()).map((j) => j.job)).toContainEqual({ name: 'credentials.rotate', rotationId: id });
    // Not what another rotation may begin with.
    const second = await bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null }, admin);
    expect(only(await bench.changes.rotation(second.id))).toMatchObject({ status: 'failed', seen: expect.stringContaining('earlier rotation') as string });
    Object.assign(device, { away: false, habit: 'honest' });
    // Left alone for a while first.
    expect(only(await carryOut(id)).status).toBe('unknown');
    bench.clock.pass(60_000);
    const settled = await carryOut(id);
    expect(only(settled).status).toBe('done');
    expect(settled.finishedAt).not.toBeNull();
    expect([await bench.passwordOf(camera.id), device.writes, device.refused]).toEqual([device.password, 1, 0]);
  });

  it('that takes neither password is left alone for half an hour', async () => {
    const { device, id } = await one({ habit: 'mangle' });
    expect(only(await carryOut(id))).toMatchObject({ status: 'unknown', seen: expect.stringContaining('neither the old nor the new') as string });
    expect(device.refused).toBe(2);
    bench.clock.pass(20 * 60_000);
    await carryOut(id);
    expect(device.refused).toBe(2);
    bench.clock.pass(15 * 60_000);
    expect(only(await carryOut(id)).status).toBe('unknown');
    expect(device.refused).toBe(4);
  });

  it('that is about to lock the account is asked no more', async () => {
    const { device, id } = await one({ habit: 'mangle', attemptsLeft: 4 });
    expect(only(await carryOut(id)).status).toBe('unknown');
    expect(device.refused).toBe(1);
  });

  it('that took an earlier password late is found out by the next rotation', async () => {
    const { siteId, device, camera, id } = await one({ habit: 'lie' });
    expect(only(await carryOut(id)).status).toBe('failed');
    const [late] = await bench.heldFor(camera.id);
    Object.assign(device, { password: late, habit: 'honest' });
    bench.clock.pass(registerConfig.lockout.windowMs);
    const next = await bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null }, admin);
    expect(only(await carryOut(next.id)).status).toBe('done');
    expect(device.password).not.toBe(late);
    expect(await bench.passwordOf(camera.id)).toBe(device.password);
    expect(await bench.heldFor(camera.id)).toEqual([]);
  });
});

describe('a site', () => {
  it('changes many at once, never two on one host, and gives every channel of a recorder the password', async () => {
    const siteId = await bench.newSiteId();
    const devices = Array.from({ length: 8 }, () => bench.paper.add(bench.nextHost()));
    const registered = await Promise.all(devices.map((d) => bench.register(siteId, d.host)));
    const channels = await Promise.all([2, 3, 4].map((n) => bench.register(siteId, `${devices[0]?.host}:80/onvif/channel${n}`, { name: `Channel ${n}` })));
    const plain = await bench.register(siteId, `rtsp://${devices[0]?.host}/main`, { name: 'Plain stream of the recorder' });
    const stranger = await bench.register(siteId, `rtsp://${devices[1]?.host}/main`, { name: 'Same host, other password', password: 'its-own' });
    const other = await bench.register(siteId, bench.nextHost(), { name: 'Other account', username: 'viewer' });
    const { id } = await bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null }, admin);
    const rotation = await carryOut(id);
    expect(rotation.cameras).toHaveLength(11);
    expect(rotation.cameras.filter((c) => c.status !== 'done')).toEqual([]);
    for (const device of devices) expect({ most: device.mostBusy, writes: device.writes, refused: device.refused }).toEqual({ most: 1, writes: 1, refused: 0 });
    expect(new Set(devices.map((d) => d.password)).size).toBe(devices.length);
    for (const [i, camera] of registered.entries()) expect(await bench.passwordOf(camera.id)).toBe(devices[i]?.password);
    for (const camera of [...channels, plain]) expect(await bench.passwordOf(camera.id)).toBe(devices[0]?.password);
    expect(await bench.passwordOf(stranger.id)).toBe('its-own');
    expect(await bench.passwordOf(other.id)).toBe('old-password');
  });

  it('leaves other devices behind one forwarded address alone', async () => {
    const siteId = await bench.newSiteId();
    const host = bench.nextHost();
    const near = bench.paper.add(host);
    const here = await bench.register(siteId, host);
    const there = await bench.register(siteId, `${host}:8081`, { name: 'Another device, another port' });
    const { id } = await bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: [here.id] }, admin);
    expect(only(await carryOut(id)).status).toBe('done');
    expect(await bench.passwordOf(here.id)).toBe(near.password);
    expect(await bench.passwordOf(there.id)).toBe('old-password');
  });

  it('has one rotation at a time, and none without cameras', async () => {
    const siteId = await bench.newSiteId();
    await expect(bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null }, admin)).rejects.toMatchObject({ code: 'rotation.empty' });
    const camera = await bench.register(siteId, bench.paper.add(bench.nextHost()).host);
    const viewer = await bench.register(siteId, bench.nextHost(), { username: 'viewer', name: 'v' });
    await expect(bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: [camera.id, newId()] }, admin)).rejects.toMatchObject({ code: 'camera.unknown' });
    await expect(bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: [viewer.id] }, admin)).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(bench.changes.rotate({ siteId: newId(), username: 'admin', password: null, cameraIds: null }, admin)).rejects.toMatchObject({ code: 'site.unknown' });
    const both = await Promise.allSettled([1, 2].map(() => bench.changes.rotate({ siteId, username: 'admin', password: null, cameraIds: null }, admin)));
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((r) => r.status === 'rejected')?.reason).toMatchObject({ code: 'rotation.running' });
    expect((await bench.changes.rotations([siteId], { limit: 10 })).items).toHaveLength(1);
    expect((await bench.changes.rotations([], { limit: 10 })).items).toEqual([]);
    await expect(bench.changes.rotation('no-id')).rejects.toMatchObject({ code: 'rotation.unknown' });
  });

  it('finds a rotation whose job was lost', async () => {
    const { id } = await one();
    await bench.database.orm.delete(queueJobs);
    await createReprobe({ ...bench, config: registerConfig }).sweep();
    expect((await bench.database.orm.select().from(queueJobs)).map((j) => j.job)).toContainEqual({ name: 'credentials.rotate', rotationId: id });
    await carryOut(id);
  });

  it('keeps its password when a camera is replaced or changed in the middle', async () => {
    const { device, camera, id } = await one({ habit: 'die' });
    await carryOut(id);
    await bench.changes.replace(camera.id, { address: bench.nextHost(), username: null, password: null, reason: 'broken by hail' }, admin);
    expect(await bench.heldFor(camera.id)).toEqual([]);
    const over = await bench.changes.rotation(id);
    expect(only(over)).toMatchObject({ status: 'failed', seen: expect.stringContaining('replaced') as string });
    expect(over.finishedAt).not.toBeNull();
    const writes = device.writes;
    await carryOut(id);
    expect(device.writes).toBe(writes);
    expect(await bench.passwordOf(camera.id)).toBeNull();
  });
});

describe('what is written down', () => {
  it('holds the new password sealed before anything is written to a device', async () => {
    const { id } = await one();
    const rows = await bench.database.orm.select().from(rotationCameras).where(eq(rotationCameras.rotationId, id));
    expect(rows.map((r) => [r.status, r.sealedPassword?.startsWith('v')])).toEqual([['waiting', rows[0]?.sealedPassword?.startsWith('v')]]);
    expect(rows[0]?.sealedPassword).not.toBeNull();
    expect((await bench.database.orm.select().from(rotations).where(eq(rotations.id, id)))[0]?.finishedAt).toBeNull();
    await carryOut(id);
  });

  it('is a password that every device takes', () => {
    const made = Array.from({ length: 300 }, generatePassword);
    expect(new Set(made).size).toBe(300);
    for (const password of made) expect(password).toMatch(/^(?=.*[A-Z])(?=.*[a-z])(?=.*[2-9])[A-HJ-NP-Za-km-np-z2-9]{16}$/);
  });
});
