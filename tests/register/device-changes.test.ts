/** Replacement and decommissioning: what stays with the place, what goes with the device, and what is destroyed. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameras, refusedLogins, zones } from '../../src/db/schema/register.js';
import { newId } from '../../src/core/ids.js';
import { createAlertRules } from '../../src/alert/alert-rules.js';
import { createCameraDirectory } from '../../src/register/camera-directory.js';
import { openChangesBench, type ChangesBench } from './device-changes-bench.js';
import { admin, newCameraInput } from './register-bench.js';

let bench: ChangesBench;
let siteId: string;
let directory: ReturnType<typeof createCameraDirectory>;
beforeAll(async () => {
  bench = await openChangesBench();
  siteId = await bench.newSiteId();
  directory = createCameraDirectory(bench);
});
afterAll(async () => {
  await directory.close();
  await bench.close();
});

const polygon: [number, number][] = [[0, 0], [0.5, 0], [0.5, 0.5]];

/** A camera that was onboarded, with all that a device tells of itself. */
async function onboarded(name: string, more: object = {}) {
  const host = bench.nextHost();
  const camera = await bench.register(siteId, host, { name, ...more });
  const told = { manufacturer: 'Maker', model: 'M1', firmware: '1.0', serialNumber: `S-${name}`, macAddress: '02:00:00:00:00:01', endpointReference: `urn:uuid:${newId()}`, authMode: 'digest', streamUrl: `rtsp://${host}/sub`, profileToken: 'p', onboardedAt: new Date(bench.clock.nowMs()), commissionedAt: new Date(bench.clock.nowMs()), commissioning: { verdict: 'commissioned' as const, warnings: 0, unverified: 0 } };
  await bench.database.orm.update(cameras).set(told).where(eq(cameras.id, camera.id));
  return { id: camera.id, host, ...told };
}
const replacement = (address: string, more: object = {}) => ({ address, username: null, password: null, reason: 'struck by lightning', ...more });
const ledgerOf = async (id: string) => (await bench.ledger.entries({ limit: 500 })).items.filter((e) => e.objectId === id);

describe('a replaced device', () => {
  it('leaves the place as it was, and takes its identity and log-in away', async () => {
    const old = await onboarded('Gate');
    const zone = await bench.registry.createZone({ cameraId: old.id, kind: 'ignore', name: 'tree', polygon, placeId: null }, admin);
    const before = await bench.row(old.id);
    bench.clock.pass(1000);
    const host = bench.nextHost();
    const camera = await bench.changes.replace(old.id, replacement(host, { username: 'keeper', password: 'of-the-new-one' }), admin);
    expect(camera).toMatchObject({ id: old.id, name: 'Gate', purpose: before.purpose, address: `http://${host}/onvif/device_service`, username: 'keeper', hasPassword: true, serialNumber: null, endpointReference: null, macAddress: null, manufacturer: null, onboarding: [], commissioning: null });
    const after = await bench.row(old.id);
    expect(after).toMatchObject({ configVersion: before.configVersion + 1, viewVersion: before.viewVersion + 1, unverifiedViewVersion: null, onboardedAt: null, streamUrl: null, profileToken: null, authMode: null, toldPose: null });
    expect(await bench.passwordOf(old.id)).toBe('of-the-new-one');
    expect((await bench.registry.zone(zone.id)).cameraId).toBe(old.id);
    expect((await directory.runnable()).some((c) => c.cameraId === old.id)).toBe(false);
    expect(await directory.view(old.id)).toMatchObject({ viewVersion: after.viewVersion, knownMoved: false });

    const devices = await bench.changes.devices(old.id);
    expect(devices).toMatchObject([
      { cameraId: old.id, address: camera.address, serialNumber: null, until: null, reason: null },
      { serialNumber: old.serialNumber, endpointReference: old.endpointReference, macAddress: old.macAddress, model: 'M1', reason: 'struck by lightning', from: before.createdAt.toISOString() },
    ]);
    expect(devices[0]?.from).toBe(devices[1]?.until);
    bench.clock.pass(1000);
    await bench.changes.replace(old.id, replacement(bench.nextHost(), { reason: 'broken again' }), admin);
    const all = await bench.changes.devices(old.id);
    expect(all.map((d) => d.reason)).toEqual([null, 'broken again', 'struck by lightning']);
    expect(all[1]?.from).toBe(all[2]?.until);
    const entries = await ledgerOf(old.id);
    expect(entries.filter((e) => e.action === 'camera.replace')).toHaveLength(2);
    expect(JSON.stringify([entries, bench.lines])).not.toContain('of-the-new-one');
  });

  it('gets no stored password, not even at the same address', async () => {
    const old = await onboarded('Pump');
    await bench.database.orm.insert(refusedLogins).values({ id: newId(), device: `${old.host}:80`, username: 'admin', credentialHash: 'h', at: new Date(bench.clock.nowMs()) });
    const same = await bench.changes.replace(old.id, replacement(old.host), admin);
    expect(same).toMatchObject({ address: `http://${old.host}/onvif/device_service`, username: null, hasPassword: false });
    expect(await bench.database.orm.select().from(refusedLogins).where(eq(refusedLogins.device, `${old.host}:80`))).toEqual([]);
    const written = await bench.changes.replace(old.id, replacement(`http://keeper:in-the-address@${bench.nextHost()}`), admin);
    expect(written).toMatchObject({ username: 'keeper', hasPassword: true });
    expect(written.address).not.toContain('keeper');
  });

  it('with privacy zones shows and stores nothing until a person has confirmed its view', async () => {
    const old = await onboarded('Window');
    await bench.registry.createZone({ cameraId: old.id, kind: 'privacy', name: 'window', polygon, placeId: null }, admin);
    const camera = await bench.changes.replace(old.id, replacement(bench.nextHost()), admin);
    expect(camera).toMatchObject({ pictureStatus: 'moved', pictureReason: expect.stringContaining('Another device stands here') as string });
    expect(await directory.view(old.id)).toMatchObject({ knownMoved: true });
    // Taking the zone away, or another device again, does not make it known.
    const { items } = await bench.registry.zones('all', { limit: 500, cameraId: old.id });
    for (const zone of items) await bench.registry.removeZone(zone.id, admin);
    await bench.changes.replace(old.id, replacement(bench.nextHost()), admin);
    bench.clock.pass(10_000);
    expect(await directory.view(old.id)).toMatchObject({ knownMoved: true });
    expect(await bench.registry.confirmView(old.id, admin)).toMatchObject({ pictureStatus: 'none' });
    bench.clock.pass(10_000);
    expect(await directory.view(old.id)).toMatchObject({ knownMoved: false });
  });

  it('is refused where another camera stands, and may come from a camera that is out of service', async () => {
    const [here, there] = [await onboarded('Here'), await onboarded('There')];
    await expect(bench.changes.replace(here.id, replacement(there.host), admin)).rejects.toMatchObject({ code: 'camera.exists', message: expect.stringContaining('"There"') as string });
    await expect(bench.changes.replace(here.id, replacement('ftp://x'), admin)).rejects.toMatchObject({ code: 'camera.address' });
    await expect(bench.changes.replace(newId(), replacement('10.9.9.9'), admin)).rejects.toMatchObject({ code: 'camera.unknown' });
    expect(await bench.changes.devices(here.id)).toHaveLength(1);
    await bench.changes.decommission(there.id, { reason: 'its device is needed elsewhere' }, admin);
    await expect(bench.changes.replace(here.id, replacement(there.host), admin)).resolves.toMatchObject({ id: here.id });
    const elsewhere = await bench.newSiteId();
    await expect(bench.register(elsewhere, there.host)).resolves.toMatchObject({ siteId: elsewhere });
  });

  it('may be one channel of a recorder beside another', async () => {
    const first = await onboarded('Channel 1', { sourceToken: 'ch1' });
    const second = await onboarded('Channel 2', { sourceToken: 'ch2' });
    await expect(bench.changes.replace(second.id, replacement(first.host), admin)).resolves.toMatchObject({ sourceToken: 'ch2' });
  });

  it('is taken by one of two who replace at once', async () => {
    const [a, b] = [await onboarded('Both A'), await onboarded('Both B')];
    const host = bench.nextHost();
    const both = await Promise.allSettled([a, b].map((c) => bench.changes.replace(c.id, replacement(host), admin)));
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('another address', () => {
  const inDoubt = async (id: string): Promise<boolean> => {
    bench.clock.pass(10_000);
    return (await directory.view(id)).knownMoved === true;
  };
  const withZone = async (id: string) => bench.registry.createZone({ cameraId: id, kind: 'privacy', name: 'window', polygon, placeId: null }, admin);

  it('of a plain stream with privacy zones is another view until somebody has looked', async () => {
    const address = (path: string): string => `rtsp://10.7.0.1/${path}`;
    const { id } = await bench.registry.createCamera(newCameraInput(siteId, 'Plain', address('1')), admin);
    await withZone(id);
    await bench.registry.updateCamera(id, { address: address('2') }, admin);
    expect(await inDoubt(id)).toBe(false);
    await bench.database.orm.update(cameras).set({ onboardedAt: new Date() }).where(eq(cameras.id, id));
    await bench.registry.updateCamera(id, { address: address('3') }, admin);
    expect(await inDoubt(id)).toBe(true);
    await bench.registry.confirmView(id, admin);
    expect(await inDoubt(id)).toBe(false);
  });

  it('of a device that can tell who it is changes nothing of the view, and its source after it does', async () => {
    const old = await onboarded('Told');
    await withZone(old.id);
    await bench.registry.updateCamera(old.id, { address: bench.nextHost(), password: 'again' }, admin);
    expect(await inDoubt(old.id)).toBe(false);
    await bench.registry.updateCamera(old.id, { sourceToken: 'other' }, admin);
    expect(await inDoubt(old.id)).toBe(true);
  });
});

describe('a camera that is taken out of service', () => {
  it('keeps its history readable and no secret; its rules are not armed', async () => {
    const old = await onboarded('Store');
    const place = await bench.registry.createPlace({ siteId, kind: 'store', name: 'store', position: null, consent: null }, admin);
    const zone = await bench.registry.createZone({ cameraId: old.id, kind: 'guard', name: 'door', polygon, placeId: place.id }, admin);
    const rules = createAlertRules(bench);
    const evening = Array.from({ length: 7 }, () => [{ fromMinute: 1140, toMinute: 1380 }]);
    const schedule = await rules.createSchedule({ siteId, name: 'evening', weekly: evening, reason: '', reviewOn: null }, admin);
    const rule = await rules.createRule({ siteId, name: 'r', zoneId: zone.id, scheduleId: schedule.id, classes: ['person'], reason: 'theft', endsOn: '2027-01-01', dwellMs: 0, minHeightRatio: 0.04, quietMs: 30_000, enabled: true }, admin);
    expect((await rules.rule(rule.id)).armed).toBe(true);
    await bench.database.orm.insert(refusedLogins).values({ id: newId(), device: `${old.host}:80`, username: 'admin', credentialHash: 'h', at: new Date(bench.clock.nowMs()) });

    await bench.changes.decommission(old.id, { reason: 'the store has closed' }, admin);
    const row = await bench.row(old.id);
    expect(row).toMatchObject({ enabled: false, removedReason: 'the store has closed', sealedPassword: null, username: null, authMode: null, serialNumber: old.serialNumber });
    expect(row.removedAt).not.toBeNull();
    await expect(bench.registry.camera(old.id)).rejects.toMatchObject({ code: 'camera.unknown' });
    await expect(directory.target(old.id)).rejects.toMatchObject({ code: 'camera.unknown' });
    expect((await directory.runnable()).some((c) => c.cameraId === old.id)).toBe(false);
    expect(await rules.rule(rule.id)).toMatchObject({ armed: false, enabled: true });
    expect(await bench.database.orm.select().from(zones).where(eq(zones.id, zone.id))).toHaveLength(1);
    expect(await bench.database.orm.select().from(refusedLogins).where(eq(refusedLogins.device, `${old.host}:80`))).toEqual([]);
    expect(await bench.changes.devices(old.id)).toMatchObject([{ serialNumber: old.serialNumber, reason: 'the store has closed', until: row.removedAt?.toISOString() }]);
    expect((await ledgerOf(old.id)).find((e) => e.action === 'camera.decommission')).toMatchObject({ outcome: 'ok', details: { name: 'Store', reason: 'the store has closed' } });
    await expect(bench.changes.decommission(old.id, { reason: 'once more' }, admin)).rejects.toMatchObject({ code: 'camera.unknown' });
    await expect(bench.register(siteId, old.host, { name: 'Store' })).resolves.toMatchObject({ name: 'Store' });
  });

  it('is the same as one that was removed, but for the word', async () => {
    const old = await onboarded('Removed');
    await bench.registry.removeCamera(old.id, admin);
    expect(await bench.row(old.id)).toMatchObject({ removedReason: 'removed', sealedPassword: null, username: null });
    expect(await bench.changes.devices(old.id)).toMatchObject([{ serialNumber: old.serialNumber, reason: 'removed' }]);
    expect((await ledgerOf(old.id)).some((e) => e.action === 'camera.remove')).toBe(true);
  });
});
