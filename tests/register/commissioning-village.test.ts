/** The whole checklist and the press test against the simulated village over real sockets. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAlertEngine } from '../../src/alert/alert-engine.js';
import type { Camera } from '../../src/contract/camera.js';
import { checkNames, type Commissioning, type CommissioningCheck, type Commissionings } from '../../src/contract/commissioning.js';
import type { FrameSource } from '../../src/contract/frame-source.js';
import { SystemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { createEventLog, type RunningEventLog } from '../../src/db/event-log.js';
import { refusedLogins, siteFeatures, zones } from '../../src/db/schema/register.js';
import { createNodeAvFrameSource } from '../../src/ingest/adapters/node-av-frame-source.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { createCommissionings } from '../../src/register/commissioning.js';
import { createOnboarding } from '../../src/register/onboarding.js';
import { createInputWatch } from '../../src/register/panic-inputs.js';
import type { FaultInput } from '../../src/simulate/fault.js';
import { startVillage, type Village } from '../../src/simulate/village.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

const limits = { connectTimeoutMs: 2000, replyTimeoutMs: 3000, maxReplyBytes: 4 * 1024 * 1024 };
const config = { allowNetworks: [], denyNetworks: [], ...limits, onboardingsAtOnce: 4, climbsPerHost: 4, allowOwnNetworks: true, lockout: { refusedLogins: 3, windowMs: 1_800_000 }, sweep: { perSecond: 400, bridges: false }, discoveryListenMs: 1500, probeEveryMs: 60_000 };
const never = new AbortController().signal;
const clock = new SystemClock({ unref: true });

let bench: RegisterBench;
let village: Village;
let source: FrameSource;
let events: RunningEventLog;
let siteId: string;
let commissionings: Commissionings;
const cameras: Camera[] = [];

beforeAll(async () => {
  bench = await openRegisterBench({ clock });
  const { database, sealer, guard, ledger, log } = bench;
  events = createEventLog({ database, clock, log });
  await events.start();
  village = await startVillage({ cameras: 3, video: null, host: '127.0.0.1', discovery: false, controlPort: 0, clock, log, seed: process.pid });
  source = createNodeAvFrameSource({ clock, log, metrics: createMetrics() });
  siteId = (await bench.registry.createSite({ ...newSite('Village'), timeZone: 'UTC' }, admin)).id;
  for (const { index, onvifUrl, username, password } of village.cameras) {
    cameras.push(await bench.registry.createCamera({ ...newCameraInput(siteId, `Camera ${index}`, onvifUrl, { username, password }), reviewOn: '2099-01-01' }, admin));
  }
  const onvif = createOnvifClient({ guard, clock, log, limits });
  const reports = { probed: () => undefined, clockMeasured: () => undefined, runStarted: () => undefined, runEnded: () => undefined, sampled: () => undefined, released: () => undefined };
  const onboarding = createOnboarding({ config, database, sealer, guard, onvif, source, reports, events, ledger, clock, log });
  commissionings = createCommissionings({ config, database, sealer, guard, onvif, onboarding, ledger, events, clock, log });
}, 120_000);
afterAll(async () => {
  await source.close();
  await village.close();
  await events.close();
  await bench.close();
});

const faults = async (index: number, ...list: FaultInput[]): Promise<void> => {
  for (const fault of list) await village.applyFault(index, fault);
};
const idOf = (index: number): string => cameras[index]?.id ?? '';
const run = (index: number, onCheck?: (check: CommissioningCheck) => void): Promise<Commissioning> => commissionings.run(idOf(index), admin, never, onCheck);
const of = (result: Commissioning, name: CommissioningCheck['name']): CommissioningCheck | undefined => result.checks.find((c) => c.name === name);

describe('the checklist of a simulated camera', () => {
  it('passes a camera that is set up well, tells each check as it comes, and writes it all down', async () => {
    const told: string[] = [];
    const startMs = performance.now();
    const result = await run(0, (check) => void told.push(check.name));
    expect(performance.now() - startMs).toBeLessThan(60_000);
    expect(told).toEqual(checkNames);
    const summary = Object.fromEntries(result.checks.map((c) => [c.name, `${c.status}: ${c.seen}`]));
    expect(result.verdict, JSON.stringify(summary, null, 1)).toBe('commissioned');
    for (const name of ['ladder', 'clock', 'time-source', 'recorder', 'audio', 'recognition', 'default-password'] as const) expect(of(result, name)?.status, summary[name]).toBe('pass');
    expect(of(result, 'recorder')?.evidence).toMatchObject({ support: 'events', completenessRatio: 1 });
    expect(of(result, 'default-password')?.evidence).toMatchObject({ outcome: 'refused', logInsSent: 1, account: 'admin' });
    expect(of(result, 'privacy-zones')?.status).toBe('unverified');
    expect(of(result, 'panic-inputs')?.status).toBe('warn');
    expect(result).toMatchObject({ cameraId: idOf(0), siteId, by: 'tess', device: { name: 'Camera 0', manufacturer: expect.any(String) as string } });
    expect(JSON.stringify(result)).not.toContain(village.cameras[0]?.password);

    const camera = await bench.registry.camera(idOf(0));
    expect(camera.commissioning).toEqual({ at: result.at, verdict: 'commissioned', warnings: result.checks.filter((c) => c.status === 'warn').length, unverified: result.checks.filter((c) => c.status === 'unverified').length });
    expect((await events.after(0, 1000)).at(-1)).toMatchObject({ type: 'camera.registered', data: { id: idOf(0) } });
    expect((await bench.ledger.entries({ limit: 100 })).items.find((e) => e.action === 'camera.commission')).toMatchObject({ objectId: idOf(0), outcome: 'ok', details: { verdict: 'commissioned' } });
  }, 60_000);

  it('sends the well-known log-in once in a while, never at every run', async () => {
    const again = await run(0);
    expect(of(again, 'default-password')).toMatchObject({ status: 'pass', evidence: { outcome: 'refused', logInsSent: 0 } });
    expect(await bench.database.orm.select().from(refusedLogins).where(eq(refusedLogins.username, 'admin'))).toHaveLength(1);
    const { items, nextCursor } = await commissionings.history(idOf(0), { limit: 1 });
    expect(items).toMatchObject([{ id: again.id }]);
    const older = await commissionings.history(idOf(0), { limit: 1, cursor: nextCursor ?? '' });
    expect([older.items.length, older.nextCursor]).toEqual([1, null]);
    expect(older.items[0]?.id).not.toBe(again.id);
    expect((await commissionings.newest('all', { limit: 10 })).items.map((c) => c.id)).toEqual([again.id]);
    expect((await commissionings.newest([newId()], { limit: 10 })).items).toEqual([]);
  }, 60_000);

  it('refuses one with a face rule, sound and a default password, and is honest about its recorder', async () => {
    await faults(1, { fault: 'recognition' }, { fault: 'audio' }, { fault: 'default-password' }, { fault: 'summary-only' }, { fault: 'ntp', how: 'off' }, { fault: 'retention', days: 90 }, { fault: 'long-gop', seconds: 10 }, { fault: 'clock', offsetSeconds: 12 });
    const result = await run(1);
    const statuses = Object.fromEntries(result.checks.map((c) => [c.name, c.status]));
    expect(result.verdict).toBe('refused');
    expect(statuses, JSON.stringify(result.checks, null, 1)).toMatchObject({ ladder: 'pass', recognition: 'fail', audio: 'fail', 'default-password': 'fail', 'time-source': 'warn', recorder: 'warn', clock: 'warn', 'sub-stream': 'warn', 'main-stream': 'warn' });
    expect(of(result, 'recorder')?.seen).toMatch(/90 days, the site allows 30.*not whether there are gaps/);
    expect(of(result, 'recorder')?.evidence['support']).toBe('summary');
    expect(of(result, 'default-password')?.seen).toContain('"admin" gets in');
    expect(of(result, 'sub-stream')?.seen).toMatch(/every 10 s, but a sample is due every 1 s/);
    expect((await bench.registry.camera(idOf(1))).commissioning).toMatchObject({ verdict: 'refused' });
    await faults(1, { fault: 'clear' });
    expect((await run(1)).verdict).toBe('commissioned');
  }, 60_000);

  it('knows a topic from a rule, one stream from two, a gap from none, and a dead camera', async () => {
    await faults(2, { fault: 'recognition', what: 'topic' }, { fault: 'main-only' }, { fault: 'recorder-gap', hoursAgo: 30, hours: 6 });
    const result = await run(2);
    expect(of(result, 'recognition')).toMatchObject({ status: 'warn', seen: expect.stringContaining('can send') as string });
    expect(of(result, 'main-stream')?.seen).toContain('is watched');
    expect(of(result, 'recorder')).toMatchObject({ status: 'warn', evidence: { gaps: 1, gap1Seconds: 21_600 } });
    await faults(2, { fault: 'clear' }, { fault: 'no-search' });
    expect(of(await run(2), 'recorder')).toMatchObject({ status: 'unverified', seen: expect.stringContaining('no Profile G') as string });
    await faults(2, { fault: 'clear' }, { fault: 'die' });
    const dead = await run(2);
    expect(dead.verdict).toBe('refused');
    expect(dead.checks.map((c) => c.name)).toEqual(checkNames);
    expect(of(dead, 'ladder')).toMatchObject({ status: 'fail', seen: expect.stringContaining('reach') as string });
    expect(of(dead, 'audio')).toMatchObject({ status: 'unverified', seen: expect.stringContaining('stops at "reach"') as string });
    await faults(2, { fault: 'clear' });
  }, 60_000);

  it('holds a placed camera against the dwellings of the map, its zones and the device\'s masks', async () => {
    const at = village.cameras[0];
    if (!at) throw new Error('no such camera');
    await bench.registry.updateCamera(idOf(0), { longitude: at.longitude, latitude: at.latitude, mountHeightM: 4, azimuthDeg: 0, tiltDeg: 15, horizontalFovDeg: 90 }, admin);
    const [west, east, south, north] = [at.longitude - 0.00005, at.longitude + 0.00005, at.latitude + 0.0002, at.latitude + 0.0003];
    const geometry = { type: 'Polygon' as const, coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]] as [number, number][]] };
    const now = new Date(clock.nowMs());
    await bench.database.orm.insert(siteFeatures).values({ id: newId(), siteId, kind: 'dwelling', name: 'House 7', geometry, heightM: null, placeId: null, sourceId: null, createdAt: now, updatedAt: now });
    const bare = await run(0);
    expect(of(bare, 'pose')?.status).toBe('pass');
    expect(of(bare, 'privacy-zones')).toMatchObject({ status: 'fail', seen: expect.stringContaining('"House 7" 0.0 %') as string });
    await faults(0, { fault: 'mask', x: 0, y: 0, width: 0.5, height: 1 });
    await bench.registry.createZone({ cameraId: idOf(0), kind: 'privacy', name: 'house', polygon: [[0.45, 0], [1, 0], [1, 1], [0.45, 1]], placeId: null }, admin);
    expect(of(await run(0), 'privacy-zones')).toMatchObject({ status: 'pass', evidence: { deviceMasks: 1, privacyZones: 1, dwellingsInSight: 1, leastCoveredRatio: 1 } });
    await bench.database.orm.delete(zones).where(eq(zones.cameraId, idOf(0)));
    await faults(0, { fault: 'clear' });
  }, 60_000);

  it('is honest about a plain stream', async () => {
    const plain = village.cameras[2];
    if (!plain) throw new Error('no such camera');
    const camera = await bench.registry.createCamera({ ...newCameraInput(siteId, 'Plain', plain.rtspUrl, { username: plain.username, password: plain.password }), reviewOn: '2099-01-01' }, admin);
    const result = await commissionings.run(camera.id, admin, never);
    expect(Object.fromEntries(result.checks.map((c) => [c.name, c.status]))).toMatchObject({ ladder: 'pass', 'sub-stream': 'unverified', clock: 'unverified', recorder: 'unverified', recognition: 'unverified', 'default-password': 'unverified', 'panic-inputs': 'not-applicable' });
    expect(await commissionings.pressTest(camera.id, 5_000, admin, never)).toMatchObject({ status: 'no-inputs' });
    await bench.registry.removeCamera(camera.id, admin);
    expect((await commissionings.newest('all', { limit: 10 })).items.map((c) => c.cameraId)).not.toContain(camera.id);
  }, 60_000);

  it('stops when it is told to, and keeps nothing', async () => {
    const stop = new AbortController();
    const before = (await commissionings.history(idOf(0), { limit: 500 })).items.length;
    await expect(commissionings.run(idOf(0), admin, stop.signal, (check) => void (check.name === 'sub-stream' && stop.abort()))).rejects.toMatchObject({ code: 'process.aborted' });
    expect((await commissionings.history(idOf(0), { limit: 500 })).items).toHaveLength(before);
    await expect(commissionings.run(newId(), admin, never)).rejects.toMatchObject({ code: 'camera.unknown' });
  }, 60_000);
});

describe('the press test', () => {
  it('follows a press from the contact to the alert, and the checklist takes it', async () => {
    const { database, sealer, guard, log } = bench;
    const onvif = createOnvifClient({ guard, clock, log, limits });
    const engine = createAlertEngine({ database, events, clock, log, metrics: createMetrics() });
    const watch = createInputWatch({ database, sealer, onvif, clock, log, onInput: (change) => engine.input(change), mine: (id) => id === idOf(1) });
    await engine.start();
    await watch.start();
    try {
      const test = commissionings.pressTest(idOf(1), 60_000, admin, never);
      // Pressed again until it was heard: the subscription may still be on its way.
      let heard = false;
      const pressing = (async () => {
        while (!heard) {
          await faults(1, { fault: 'press' });
          await clock.sleep(700);
          await faults(1, { fault: 'press', on: false });
          await clock.sleep(700);
        }
      })();
      const result = await test;
      heard = true;
      await pressing;
      expect(result).toMatchObject({ cameraId: idOf(1), status: 'seen', input: expect.any(String) as string, seen: expect.stringContaining('raised an alert') as string });
      expect(result.toAlertMs).toBeGreaterThanOrEqual(0);
      expect(result.toAlertMs).toBeLessThan(10_000);
      expect(of(await run(1), 'panic-inputs')).toMatchObject({ status: 'pass' });
      expect((await bench.ledger.entries({ limit: 500 })).items.some((e) => e.action === 'camera.press-test' && e.outcome === 'ok')).toBe(true);
    } finally {
      await watch.close();
      await engine.close();
    }
  }, 90_000);

  it('is silent when nobody presses, says that nobody listens, and leaves no listener behind', async () => {
    expect(await commissionings.pressTest(idOf(2), 1_000, admin, never)).toMatchObject({ status: 'silent', pressedAt: null, toAlertMs: null, seen: expect.stringContaining('no worker runs this camera') as string });
    const stop = new AbortController();
    const waiting = commissionings.pressTest(idOf(2), 60_000, admin, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'process.aborted' });
  }, 30_000);
});
