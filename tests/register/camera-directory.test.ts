import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { cameras, zones } from '../../src/db/schema/register.js';
import { cameraStatus } from '../../src/db/schema/watch.js';
import { queueJobs } from '../../src/db/schema/platform.js';
import { createCameraDirectory } from '../../src/register/camera-directory.js';
import { createReprobe } from '../../src/register/reprobe.js';
import { admin, newCameraInput, newSite, openRegisterBench, startMs, type RegisterBench } from './register-bench.js';

const clock = new SimulatedClock(startMs);
let bench: RegisterBench;
let siteId: string;
let directory: ReturnType<typeof createCameraDirectory>;
const polygon: [number, number][] = [[0, 0], [0.5, 0], [0.5, 0.5]];

beforeAll(async () => {
  bench = await openRegisterBench({ clock });
  siteId = (await bench.registry.createSite({ ...newSite('Mill'), requireDetector: true }, admin)).id;
  directory = createCameraDirectory({ database: bench.database, sealer: bench.sealer, guard: bench.guard, clock, log: bench.log });
});
afterAll(async () => {
  await directory.close();
  await bench.close();
});

async function onboarded(name: string, address: string, more: object = {}): Promise<string> {
  const { id } = await bench.registry.createCamera(newCameraInput(siteId, name, address, more), admin);
  await bench.database.orm.update(cameras).set({ onboardedAt: new Date(startMs), streamUrl: address }).where(eq(cameras.id, id));
  return id;
}
const running = async (): Promise<string[]> => (await directory.runnable()).map((r) => r.cameraId);

describe('what may run', () => {
  it('is enabled, onboarded, and not overdue on its site', async () => {
    const id = await onboarded('Runs', 'rtsp://10.0.0.1/s', { reviewOn: '2026-06-02' });
    await bench.registry.createCamera(newCameraInput(siteId, 'Not onboarded', 'rtsp://10.0.0.2/s'), admin);
    const off = await onboarded('Off', 'rtsp://10.0.0.3/s', { enabled: false });
    await onboarded('Overdue', 'rtsp://10.0.0.4/s', { reviewOn: '2026-05-31' });
    expect(await running()).toEqual([id]);
    await bench.registry.updateCamera(off, { enabled: true }, admin);
    expect(await running()).toEqual([id, off]);
    clock.jump(36 * 3_600_000 - 8 * 3_600_000 - 60_000); // 2026-06-02 23:59 in Asia/Shanghai
    expect(await running()).toContain(id);
    clock.jump(120_000);
    expect(await running()).toEqual([off]);
    clock.jump(-28 * 3_600_000 - 60_000);
    await bench.registry.removeCamera(off, admin);
    expect(await running()).toEqual([id]);
  });
});

describe('a target', () => {
  it('has the numeric address, the opened password, and no credentials in its address', async () => {
    const id = await onboarded('Named', 'rtsp://localhost:8554/s?x=1', { username: 'u', password: 'geheim' });
    expect(await directory.target(id)).toEqual({ digestOnly: false, cameraId: id, siteId, url: 'rtsp://127.0.0.1:8554/s?x=1', username: 'u', password: 'geheim', sampleIntervalMs: 1000, pose: { mountHeightM: null, tiltDeg: null, horizontalFovDeg: null }, configVersion: 1 });
  });

  it('sends no log-in in clear to another host than the one that it was entered for', async () => {
    const id = await onboarded('Two hosts', 'http://10.0.0.11/onvif/device_service', { username: 'u', password: 'geheim' });
    const streamsFrom = async (streamUrl: string) => bench.database.orm.update(cameras).set({ streamUrl }).where(eq(cameras.id, id));
    await streamsFrom('rtsp://10.0.0.11:8554/s');
    expect(await directory.target(id)).toMatchObject({ digestOnly: false });
    await streamsFrom('rtsp://10.0.0.12/s');
    expect(await directory.target(id)).toMatchObject({ digestOnly: true, password: 'geheim' });
    await streamsFrom('rtsp://10.0.0.12/password={password}');
    await expect(directory.target(id)).rejects.toMatchObject({ code: 'camera.stream' });
    await bench.registry.removeCamera(id, admin);
  });

  it('is refused outside the networks, and unknown or not ready otherwise', async () => {
    await expect(directory.target(await onboarded('Outside', 'rtsp://8.8.8.8/s'))).rejects.toMatchObject({ code: 'address.refused' });
    await expect(directory.target(await onboarded('Nameless', 'rtsp://nowhere.example/s'))).rejects.toMatchObject({ code: 'address.refused' });
    const waiting = await bench.registry.createCamera(newCameraInput(siteId, 'Waiting', '10.0.0.9'), admin);
    await expect(directory.target(waiting.id)).rejects.toMatchObject({ code: 'camera.stream' });
    await expect(directory.target('0190a000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'camera.unknown' });
  });
});

describe('a view', () => {
  it('is kept, and new as soon as a zone, the view or the camera changes', async () => {
    const id = await onboarded('Viewed', 'rtsp://10.0.0.20/s');
    const first = await directory.view(id);
    expect(first).toMatchObject({ siteId, requireDetector: true, zones: [], viewVersion: 1 });
    expect(await directory.view(id)).toBe(first);
    const zone = await bench.registry.createZone({ cameraId: id, kind: 'privacy', name: 'window', polygon, placeId: null }, admin);
    await vi.waitFor(async () => expect((await directory.view(id)).zones).toEqual([zone]));
    await bench.registry.confirmView(id, admin);
    await vi.waitFor(async () => expect((await directory.view(id)).viewVersion).toBe(2));
    await bench.registry.removeCamera(id, admin);
    await vi.waitFor(async () => expect(directory.view(id)).rejects.toMatchObject({ code: 'camera.unknown' }));
  });

  it('tells that it was found moved until somebody has confirmed a newer one', async () => {
    const id = await onboarded('Turned', 'rtsp://10.0.0.22/s');
    expect((await directory.view(id)).knownMoved).toBe(false);
    const at = new Date(startMs);
    await bench.database.orm.insert(cameraStatus).values({ cameraId: id, siteId, state: 'online', since: at, pictureStatus: 'withheld', movedViewVersion: 1, detector: 'unknown', updatedAt: at });
    await clock.advance(2_000);
    expect((await directory.view(id)).knownMoved).toBe(true);
    await bench.registry.confirmView(id, admin);
    await vi.waitFor(async () => expect(await directory.view(id)).toMatchObject({ viewVersion: 2, knownMoved: false }));
  });

  it('ages, so that a lost notification delays a privacy zone by two seconds and no more', async () => {
    const id = await onboarded('Aged', 'rtsp://10.0.0.21/s');
    const first = await directory.view(id);
    await bench.database.orm.insert(zones).values({ id: '0190a000-0000-7000-8000-0000000000aa', cameraId: id, siteId, kind: 'privacy', name: 'n', polygon, placeId: null });
    expect(await directory.view(id)).toBe(first);
    await clock.advance(2_000);
    expect((await directory.view(id)).zones).toHaveLength(1);
  });
});

describe('the reprobe', () => {
  it('queues cameras that wait, but none whose log-in was refused', async () => {
    const waiting = await bench.registry.createCamera(newCameraInput(siteId, 'Was off', '10.0.0.30'), admin);
    const refused = await bench.registry.createCamera(newCameraInput(siteId, 'Refused', '10.0.0.31'), admin);
    await bench.database.orm.update(cameras).set({ onboarding: [{ name: 'auth', status: 'fail', seen: '', todo: '', tookMs: 1 }] }).where(eq(cameras.id, refused.id));
    await bench.database.orm.delete(queueJobs);
    const reprobe = createReprobe({ config: { probeEveryMs: 60_000 }, database: bench.database, queue: bench.queue, clock, log: bench.log });
    await clock.advance(60_000);
    await reprobe.sweep();
    const queued = (await bench.database.orm.select().from(queueJobs)).map((j) => (j.job.name === 'camera.onboard' ? j.job.cameraId : ''));
    expect(queued).toContain(waiting.id);
    expect(queued).not.toContain(refused.id);
    await reprobe.sweep();
    expect(await bench.database.orm.select().from(queueJobs)).toHaveLength(queued.length);
  });
});
