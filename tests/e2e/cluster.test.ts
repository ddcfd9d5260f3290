/**
 * The roles as separate processes on Postgres, Redis and S3, with everything that goes wrong on a cluster: workers, jobs
 * and the API killed, every connection of the database cut, the database away. No alert is lost or doubled, and at the end
 * the check is clean and every process leaves in order.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert, Delivery } from '../../src/contract/alert.js';
import type { Camera } from '../../src/contract/camera.js';
import type { Page } from '../../src/contract/page.js';
import type { PictureRow } from '../../src/contract/picture.js';
import { SystemClock } from '../../src/core/clock.js';
import { startVillage, type Village } from '../../src/simulate/village.js';
import { listen, verify, type Receiver } from '../alert/webhook-receiver.js';
import { silentLog } from '../support/databases.js';
import { adminToken, apiOf, eventually, runCommand, startRole, type Role } from '../support/program.js';
import { services } from '../support/services.js';
import { addChannel, followEvents, freePort, openBackends, register, type Backends, type Client } from './cluster-parts.js';

const here = services.postgres && services.redis && services.s3;
const leaseMs = 6_000;
const secret = 'a-secret-of-the-watch-centre';
const cameraCount = 8;

describe.skipIf(!here)('a village on several processes (needs postgres, redis, s3)', () => {
  let backends: Backends;
  let village: Village;
  let receiver: Receiver;
  let api: Client;
  let url: string;
  let cameras: Camera[];
  let stream: ReturnType<typeof followEvents>;
  const roles = new Map<string, Role>();
  /** The delivery in whose middle the jobs process was killed. */
  let interrupted: Alert;
  /** Buttons that nobody pressed yet: a second press within ten seconds belongs to the first. */
  const fresh = new Set(Array.from({ length: cameraCount }, (_, i) => i));
  const port = freePort();

  async function start(name: string, role: 'api' | 'worker' | 'jobs'): Promise<Role> {
    const started = await startRole(role, { data: path.join(backends.folder, name), config: backends.configFile, env: { ...backends.env, HEDGEROW_PORT: String(await port) } });
    roles.set(name, started);
    return started;
  }

  beforeAll(async () => {
    backends = await openBackends({
      api: { requestsPerMinute: 100_000 },
      register: { probeEveryMs: 5_000 },
      ingest: { leaseMs },
      analyse: { detector: 'off', learnMs: 3_000, quietPictureMs: 4_000, busyPictureMs: 1_000 },
      alert: { webhook: { denyNetworks: [], timeoutMs: 2_000, retry: { initialMs: 300, capMs: 2_000 } } },
    });
    receiver = await listen();
    village = await startVillage({ cameras: cameraCount, video: null, host: '127.0.0.1', discovery: false, controlPort: 0, clock: new SystemClock(), log: silentLog });
    // All at once on an empty database: one of them migrates it, the others wait.
    const [first] = await Promise.all([start('api', 'api'), start('worker-a', 'worker'), start('worker-b', 'worker'), start('jobs', 'jobs')]);
    url = first.url ?? '';
    api = apiOf(url);
    stream = followEvents(url);
    await addChannel(api, receiver.port, secret);
    ({ cameras } = await register(api, village));
  }, 120_000);

  afterAll(async () => {
    await stream?.stop();
    await Promise.all([...roles.values()].filter((r) => r.exited() === undefined).map((r) => r.kill()));
    await village?.close();
    await receiver?.close();
    await backends?.close();
  }, 60_000);

  const alerts = async (): Promise<Alert[]> => (await api.get<Page<Alert>>('/api/v1/alerts?limit=500')).items;
  const inventory = async (): Promise<Camera[]> => (await api.get<Page<Camera>>('/api/v1/cameras')).items;
  const raisedOnStream = (): Alert[] => stream.events.filter((e) => e.type === 'alert.raised').map((e) => e.data);
  const keysOf = (alertId: string): string[] => receiver.received.filter((r) => r.key.startsWith(alertId)).map((r) => r.key);

  /** Cameras by the worker that holds a lease now. */
  async function holders(): Promise<Map<string, string[]>> {
    const rows = await backends.rows<{ camera_id: string; worker_id: string }>('select camera_id, worker_id from leases where expires_at > now()');
    const by = new Map<string, string[]>();
    for (const row of rows) by.set(row.worker_id, [...(by.get(row.worker_id) ?? []), row.camera_id]);
    return by;
  }

  async function sharedBy(workers: number, withinMs: number): Promise<Map<string, string[]>> {
    return eventually(
      async () => {
        const by = await holders();
        return [...by.values()].map((c) => c.length).join() === Array.from({ length: workers }, () => cameraCount / workers).join() && by;
      },
      withinMs,
      `${cameraCount} cameras on ${workers} workers`,
    );
  }

  async function framesAfter(atMs: number, withinMs: number): Promise<void> {
    await eventually(
      async () => {
        const late = (await inventory()).filter((c) => Date.parse(c.lastFrameAt ?? '0') < atMs || (c.state !== 'online' && c.state !== 'good'));
        if (late.length > 0) throw new Error(late.map((c) => `${c.name}: ${c.state}, ${c.lastFrameAt}: ${c.stateReason}`).join('; '));
        return true;
      },
      withinMs,
      'a new frame of every camera',
    );
  }

  function freshButton(of: readonly string[] = cameras.map((c) => c.id)): number {
    const index = [...fresh].find((i) => of.includes(cameras[i]?.id ?? '')) ?? -1;
    fresh.delete(index);
    return index;
  }

  /** Presses the panic button of a camera. @returns the alert, once the API lists it */
  async function press(index: number, withinMs = 15_000): Promise<Alert> {
    const atMs = Date.now();
    await village.applyFault(index, { fault: 'press' });
    return eventually(async () => (await alerts()).find((a) => a.kind === 'input' && a.cameraId === cameras[index]?.id && Date.parse(a.raisedAt) >= atMs - 100), withinMs, `the alert of button ${index}`);
  }

  const release = (index: number): Promise<void> => village.applyFault(index, { fault: 'press', on: false });

  it('brings every camera to frames, shared over both workers', async () => {
    await framesAfter(0, 60_000);
    await sharedBy(2, 20_000);
  }, 90_000);

  it('answers one state of a camera, whichever process looked at it', async () => {
    const { id } = cameras[0] as Camera;
    await eventually(async () => (await inventory()).every((c) => c.state === 'good'), 60_000, 'every camera good');
    const { rungs } = await api.post<{ rungs: { status: string }[] }>(`/api/v1/cameras/${id}/probe`);
    expect(rungs.map((r) => r.status)).toEqual(Array.from({ length: 6 }, () => 'pass'));
    await eventually(async () => (await api.get<Camera>(`/api/v1/cameras/${id}`)).state === 'good', 10_000, 'good again after the probe');
  }, 90_000);

  it('tells a pressed button to the stream and to the receiver, signed', async () => {
    // The workers listen to the contacts of their cameras some seconds after they took them.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const index = freshButton();
    const alert = await press(index);
    await eventually(() => Promise.resolve(raisedOnStream().some((a) => a.id === alert.id)), 5_000, 'the alert on the stream');
    await eventually(() => Promise.resolve(keysOf(alert.id).length > 0), 10_000, 'the delivery');
    await release(index);
    const received = receiver.received.find((r) => r.key.startsWith(alert.id));
    expect(received && verify(secret, received, Date.now())).toBe('good');
    expect(JSON.parse(received?.body ?? '{}')).toMatchObject({ type: 'alert.raised', idempotencyKey: received?.key, alert: { id: alert.id, kind: 'input' } });
  }, 60_000);

  it('raises an alert with a picture for a walk; its bytes are the object in the bucket', async () => {
    const alert = await eventually(async () => (await alerts()).find((a) => a.kind === 'guard-zone' && a.pictureId !== null), 75_000, 'an alert of a guard zone with a picture');
    const { bytes, type } = await api.bytes(`/api/v1/pictures/${alert.pictureId}/image`);
    expect(type).toBe('image/jpeg');
    const [row] = await backends.rows<{ object_key: string }>(`select object_key from pictures where id = '${alert.pictureId}'`);
    const stored = await backends.objects.get(row?.object_key ?? '');
    expect(stored && Buffer.compare(Buffer.from(stored), Buffer.from(bytes))).toBe(0);
    expect((await api.get<PictureRow>(`/api/v1/pictures/${alert.pictureId}`)).maskRatio).toBeGreaterThan(0);
  }, 90_000);

  it('moves the cameras of a worker that was killed, and its open alert with them', async () => {
    const [own] = await backends.rows<{ id: string }>('select id from workers order by started_at limit 1');
    const lost = (await sharedBy(2, 10_000)).get(own?.id ?? '') ?? [];
    const index = freshButton(lost);
    const open = await press(index);
    // Which process it is, the log says: it names the cameras that it runs.
    const [name, victim] = await eventually(() => Promise.resolve([...roles].find(([n, r]) => n.startsWith('worker') && r.output().includes(`"alertId":"${open.id}"`))), 5_000, 'the alert in a log');
    await victim.kill();
    roles.delete(name);
    const killedAtMs = Date.now();
    await eventually(async () => [...(await holders()).values()].some((c) => c.length === cameraCount), leaseMs + 4_000, 'every camera on the other worker');
    await framesAfter(killedAtMs + 1_000, 15_000);
    // The other worker hears the closed contact: it belongs to the alert that is open.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    await release(index);
    expect((await alerts()).filter((a) => a.kind === 'input' && a.cameraId === open.cameraId && Date.parse(a.raisedAt) >= Date.parse(open.raisedAt))).toHaveLength(1);
    await start('worker-c', 'worker');
    await sharedBy(2, 15_000);
  }, 90_000);

  it('delivers every alert when the jobs process was killed in the middle of a delivery', async () => {
    receiver.answer = () => 'hang';
    const buttons = [freshButton(), freshButton(), freshButton()] as const;
    interrupted = await press(buttons[0]);
    await eventually(() => Promise.resolve(keysOf(interrupted.id).length === 1), 10_000, 'a delivery in work');
    await roles.get('jobs')?.kill();
    receiver.answer = () => 204;
    const others = [await press(buttons[1]), await press(buttons[2])];
    expect(others.flatMap((a) => keysOf(a.id))).toEqual([]);
    await start('jobs', 'jobs');
    await eventually(() => Promise.resolve(others.every((a) => keysOf(a.id).length === 1)), 10_000, 'the deliveries of the time without jobs');
    await Promise.all(buttons.map(release));
    // The one that was in work is sent again when its claim is over, with the same key: awaited at the end.
    expect(keysOf(interrupted.id)).toHaveLength(1);
  }, 60_000);

  it('catches up on the event stream after the API was killed', async () => {
    await roles.get('api')?.kill();
    const before = stream.connections();
    const index = freshButton();
    await village.applyFault(index, { fault: 'press' });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await start('api', 'api');
    await eventually(() => Promise.resolve(stream.connections() > before), 10_000, 'the stream is back');
    await eventually(() => Promise.resolve(raisedOnStream().some((a) => a.kind === 'input' && a.cameraId === cameras[index]?.id)), 10_000, 'the alert from meanwhile');
    await release(index);
  }, 60_000);

  it('lives on when every connection of the database is cut, again and again', async () => {
    const index = freshButton();
    for (let round = 0; round < 6; round++) {
      await backends.cut();
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** round));
    }
    expect(await backends.cut()).toBeGreaterThan(4);
    const atMs = Date.now();
    const alert = await press(index);
    expect(await backends.cut()).toBeGreaterThan(0);
    await framesAfter(atMs + 1_000, 15_000);
    await eventually(() => Promise.resolve(keysOf(alert.id).length > 0 && raisedOnStream().some((a) => a.id === alert.id)), 20_000, 'the alert everywhere');
    await release(index);
    for (const [name, role] of roles) expect(role.exited(), `${name}: ${role.output().slice(-1500)}`).toBeUndefined();
  }, 60_000);

  it('lives on when the database is away for longer than a lease', async () => {
    const index = freshButton();
    await backends.allow(false);
    await backends.cut();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await village.applyFault(index, { fault: 'press' });
    await new Promise((resolve) => setTimeout(resolve, leaseMs + 4_000));
    await backends.allow(true);
    const backAtMs = Date.now();
    await framesAfter(backAtMs + 1_000, 25_000);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const alert = await eventually(async () => (await alerts()).find((a) => a.kind === 'input' && a.cameraId === cameras[index]?.id), 15_000, 'the button that was pressed meanwhile');
    await eventually(() => Promise.resolve(keysOf(alert.id).length > 0), 15_000, 'its delivery');
    await release(index);
    for (const [name, role] of roles) expect(role.exited(), name).toBeUndefined();
    await sharedBy(2, 15_000);
  }, 90_000);

  it('has lost no alert and doubled none', async () => {
    const all = await alerts();
    expect(all.length).toBeGreaterThan(8);
    const pending = async (): Promise<Delivery[]> => (await api.get<Page<Delivery>>('/api/v1/deliveries?limit=500')).items.filter((d) => d.state !== 'delivered');
    await eventually(async () => (await pending()).length === 0, 60_000, 'every delivery delivered');
    expect(keysOf(interrupted.id)).toHaveLength(2);
    // A process that was without its database reads the events again after five seconds at the latest.
    await eventually(() => Promise.resolve(all.every((a) => raisedOnStream().some((r) => r.id === a.id))), 8_000, 'every alert on the stream');
    for (const alert of all) {
      const keys = keysOf(alert.id);
      expect(keys.length, `${alert.kind} ${alert.raisedAt}`).toBeGreaterThan(0);
      expect(new Set(keys).size).toBe(1);
      expect(raisedOnStream().filter((a) => a.id === alert.id)).toHaveLength(1);
    }
    for (const received of receiver.received) expect(verify(secret, received, Date.now())).toBe('good');
    const numbers = stream.events.map((e) => e.seq);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    // One happening is one alert: the next of the same zone or contact comes after its quiet time.
    const quietMs = { 'guard-zone': 4_000, input: 10_000 };
    for (const later of all) {
      const before = all.filter((a) => a.id !== later.id && a.cameraId === later.cameraId && a.kind === later.kind && a.raisedAt <= later.raisedAt);
      for (const earlier of before) expect(Date.parse(later.raisedAt) - Date.parse(earlier.lastSeenAt), `${earlier.raisedAt} and ${later.raisedAt}`).toBeGreaterThanOrEqual(quietMs[later.kind] - 100);
    }
  }, 90_000);

  it('is clean by its own check, and lets go of everything in order', async () => {
    const done = runCommand(['--json', '--url', url, 'check'], { data: path.join(backends.folder, 'elsewhere'), env: { HEDGEROW_ADMIN_TOKEN: adminToken } });
    expect(JSON.parse(done.stdout || '{}'), done.stderr).toMatchObject({ clean: true });
    expect(done.status).toBe(0);
    for (const name of ['worker-b', 'worker-c', 'worker-a', 'jobs', 'api']) {
      const role = roles.get(name);
      if (!role) continue;
      const { code, tookMs } = await role.stop();
      expect({ name, code }, role.output().slice(-2000)).toEqual({ name, code: 0 });
      expect(tookMs, name).toBeLessThan(10_000);
    }
    // The one that was killed may still have its row, until another tidies up; those that were asked to stop have none.
    expect(await backends.rows(`select id from workers where heartbeat_at > now() - interval '30 seconds'`)).toEqual([]);
    const again = await backends.rows<{ n: number }>('select count(*)::int as n from leases where expires_at > now()');
    expect(again).toEqual([{ n: 0 }]);
    expect((await backends.rows<{ name: string }>('select name from tokens')).map((t) => t.name)).toEqual([]);
  }, 90_000);

  it('has no secret in any log', () => {
    for (const [name, role] of roles) {
      expect(role.output(), name).not.toContain(adminToken);
      expect(role.output(), name).not.toContain(secret);
      expect(role.output(), name).not.toMatch(/rtsp:\/\/[^[\s]*:[^@\s]*@/);
      for (const camera of village.cameras) expect(role.output(), name).not.toContain(camera.password);
    }
  });
});
