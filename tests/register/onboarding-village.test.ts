/** The whole way with the simulated village over real sockets: discover, register, onboard. */
import net from 'node:net';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Camera, CameraState, Rung } from '../../src/contract/camera.js';
import type { FrameSource } from '../../src/contract/frame-source.js';
import { SystemClock } from '../../src/core/clock.js';
import { cameras } from '../../src/db/schema/register.js';
import { createNodeAvFrameSource } from '../../src/ingest/adapters/node-av-frame-source.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { createCameraDirectory } from '../../src/register/camera-directory.js';
import { createDiscovery } from '../../src/register/discovery.js';
import { createOnboarding } from '../../src/register/onboarding.js';
import { createInputWatch, type InputChange } from '../../src/register/panic-inputs.js';
import { startVillage, type Village } from '../../src/simulate/village.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { dateTime, fault, fixture, information, soap, startDevice } from './device-server.js';
import { admin, newCameraInput, newSite, openRegisterBench, type RegisterBench } from './register-bench.js';

const limits = { connectTimeoutMs: 2000, replyTimeoutMs: 1500, maxReplyBytes: 4 * 1024 * 1024 };
const config = { allowNetworks: [], denyNetworks: [], ...limits, onboardingsAtOnce: 4, climbsPerHost: 4, allowOwnNetworks: true, lockout: { refusedLogins: 3, windowMs: 1_800_000 }, sweep: { perSecond: 400, bridges: false }, discoveryListenMs: 1500, probeEveryMs: 60_000 };
const never = new AbortController().signal;
const clock = new SystemClock({ unref: true });

let bench: RegisterBench;
let village: Village;
let source: FrameSource;
let siteId: string;
const reported = new Map<string, [CameraState, string | null]>();
const skews = new Map<string, number>();

beforeAll(async () => {
  bench = await openRegisterBench({ clock });
  village = await startVillage({ cameras: 6, video: null, host: '127.0.0.1', discovery: true, controlPort: 0, clock, log: bench.log, seed: process.pid });
  source = createNodeAvFrameSource({ clock, log: bench.log, metrics: createMetrics() });
  siteId = (await bench.registry.createSite({ ...newSite('Village'), timeZone: 'UTC' }, admin)).id;
  await village.contentComplete;
}, 120_000);
afterAll(async () => {
  await source.close();
  await village.close();
  await bench.close();
});

function onboarding() {
  const onvif = createOnvifClient({ guard: bench.guard, clock, log: bench.log, limits });
  return createOnboarding({
    config, database: bench.database, sealer: bench.sealer, guard: bench.guard, onvif, source, events: bench.events, ledger: bench.ledger, clock, log: bench.log,
    reports: {
      probed: (id, state, reason) => void reported.set(id, [state, reason]),
      clockMeasured: (id, skewMs) => void skews.set(id, skewMs),
      runStarted: () => undefined, runEnded: () => undefined, sampled: () => undefined, released: () => undefined,
    },
  });
}
const register = (index: number, more: object = {}): Promise<Camera> => {
  const camera = village.cameras[index];
  if (!camera) throw new Error('no such camera');
  return bench.registry.createCamera({ ...newCameraInput(siteId, `Camera ${index}`, camera.onvifUrl, { username: camera.username, password: camera.password }), reviewOn: '2099-01-01', ...more }, admin);
};
const statuses = (rungs: readonly Rung[]): string => rungs.map((r) => `${r.name}:${r.status}`).join(' ');
const allPass = 'reach:pass clock:pass auth:pass services:pass profiles:pass keyframe:pass';

describe('from discovery to a running camera', () => {
  it('finds all, registers one, brings it up the ladder, and hands its stream to ingest', async () => {
    const live: string[] = [];
    const discovery = createDiscovery({ config, guard: bench.guard, clock, log: bench.log, database: bench.database });
    // A busy machine answers late: what counts is that all of them are found, each once.
    await vi.waitFor(async () => {
      const found = await discovery.discover({ interfaces: [], listenMs: 1500, signal: never, onFound: (d) => void live.push(d.endpointReference) });
      for (const camera of village.cameras) {
        expect(found.filter((d) => d.endpointReference === camera.endpointReference)).toMatchObject([{ address: camera.onvifUrl, cameraId: null }]);
        expect(live).toContain(camera.endpointReference);
      }
    }, { timeout: 25_000, interval: 100 });
    const camera = await register(0);
    const directory = createCameraDirectory({ database: bench.database, sealer: bench.sealer, guard: bench.guard, clock, log: bench.log });
    expect(await directory.runnable()).toEqual([]);
    const rungs = await onboarding().probe(camera.id, never);
    expect(statuses(rungs)).toBe(allPass);
    expect(rungs.every((r) => r.todo === '')).toBe(true);
    expect(rungs.find((r) => r.name === 'auth')?.seen).toContain('HTTP Digest');
    expect(reported.get(camera.id)).toEqual(['online', null]);
    expect(Math.abs(skews.get(camera.id) ?? 1e9)).toBeLessThan(2000);
    expect(await bench.registry.camera(camera.id)).toMatchObject({ endpointReference: village.cameras[0]?.endpointReference, onboarding: rungs });
    const running = await directory.runnable();
    expect(running).toMatchObject([{ cameraId: camera.id, siteId }]);
    expect(await directory.target(camera.id)).toMatchObject({ url: village.cameras[0]?.rtspUrl, username: village.cameras[0]?.username, password: village.cameras[0]?.password, configVersion: running[0]?.configVersion });
    await vi.waitFor(async () => {
      const again = await discovery.discover({ interfaces: ['lo'], listenMs: 800, signal: never });
      expect(again.find((d) => d.endpointReference === village.cameras[0]?.endpointReference)?.cameraId).toBe(camera.id);
    }, { timeout: 15_000, interval: 100 });
    await onboarding().probe(camera.id, never);
    expect((await directory.runnable())[0]?.configVersion).toBe(running[0]?.configVersion);
    await directory.close();
    expect(bench.lines.join('')).not.toContain(village.cameras[0]?.password);
  }, 60_000);

  it('does not take one device twice', async () => {
    const twin = await register(0, { name: 'Twin', address: village.cameras[0]?.onvifUrl.replace('127.0.0.1', 'localhost') });
    const rungs = await onboarding().probe(twin.id, never);
    expect(rungs.find((r) => r.status === 'fail')).toMatchObject({ name: 'services', seen: expect.stringContaining('already registered as "Camera 0"') as string });
    await bench.registry.removeCamera(twin.id, admin);
    // Somebody of another site learns that it is taken, not by which camera at which address.
    const elsewhere = (await bench.registry.createSite({ ...newSite('Elsewhere'), timeZone: 'UTC' }, admin)).id;
    const stranger = await register(0, { siteId: elsewhere, name: 'Stranger' });
    const seen = (await onboarding().probe(stranger.id, never)).find((r) => r.status === 'fail')?.seen ?? '';
    expect(seen).toContain('already registered as a camera of another site');
    expect(seen).not.toContain('Camera 0');
    await bench.registry.removeCamera(stranger.id, admin);
  }, 30_000);

  it('uses the host that it reached when the device names another', async () => {
    await village.applyFault(1, { fault: 'wrong-xaddr', host: '192.0.2.7' });
    const camera = await register(1);
    const rungs = await onboarding().probe(camera.id, never);
    expect(statuses(rungs)).toBe(allPass);
    expect(rungs.find((r) => r.name === 'services')?.seen).toContain('another host');
    const [row] = await bench.database.orm.select().from(cameras).where(eq(cameras.id, camera.id));
    expect(row?.streamUrl).toBe(village.cameras[1]?.rtspUrl);
    expect(row?.streamUrlTold).toContain('192.0.2.7');
    await village.applyFault(1, { fault: 'clear' });
  }, 30_000);

  it('logs in to a camera whose clock is an hour off, and reports the offset', async () => {
    await village.applyFault(2, { fault: 'clock', offsetSeconds: -3600 });
    const camera = await register(2);
    const rungs = await onboarding().probe(camera.id, never);
    expect(statuses(rungs)).toBe(allPass);
    expect(rungs[1]?.seen).toMatch(/(3599|3600|3601) s behind/);
    expect(skews.get(camera.id)).toBeGreaterThan(-3_601_500);
    expect(skews.get(camera.id)).toBeLessThan(-3_598_500);
    await village.applyFault(2, { fault: 'clear' });
  }, 30_000);

  it('stops at a wrong password with the hint, and takes the right one afterwards', async () => {
    const camera = await register(3, { password: 'wrong-one' });
    const rungs = await onboarding().probe(camera.id, never);
    expect(statuses(rungs)).toBe('reach:pass clock:pass auth:fail services:skipped profiles:skipped keyframe:skipped');
    expect(rungs[2]?.todo).toMatch(/Hikvision.*We stopped after [12] tr/);
    expect(reported.get(camera.id)?.[0]).toBe('answering');
    expect(JSON.stringify(rungs)).not.toContain('wrong-one');
    await bench.registry.updateCamera(camera.id, { password: village.cameras[3]?.password }, admin);
    expect(statuses(await onboarding().probe(camera.id, never))).toBe(allPass);
  }, 30_000);

  it('comes up with a camera that knows tokens only', async () => {
    const camera = village.cameras[3];
    const known = (await bench.registry.cameras('all', { limit: 500 })).items.find((c) => c.name === 'Camera 3');
    if (!camera || !known) throw new Error('no such camera');
    // A front that knows no Digest: a challenge becomes the fault that such a device answers with.
    const gate = await startDevice((request) => ({
      raw: (response) => {
        void fetch(camera.onvifUrl, { method: 'POST', body: request.body, headers: { 'Content-Type': request.headers['content-type'] ?? '' } }).then(async (reply) => {
          const text = await reply.text();
          response.writeHead(reply.status === 401 ? 400 : reply.status).end(reply.status === 401 ? fixture('tapo-fault-not-authorized.xml') : text);
        });
      },
    }));
    await bench.registry.updateCamera(known.id, { address: gate.url }, admin);
    const rungs = await onboarding().probe(known.id, never);
    expect(statuses(rungs)).toBe(allPass);
    expect(rungs[2]?.seen).toContain('WS-UsernameToken');
    expect((await bench.database.orm.select().from(cameras).where(eq(cameras.id, known.id)))[0]).toMatchObject({ authMode: 'username-token', endpointReference: camera.endpointReference });
    await gate.close();
  }, 30_000);

  it('tells when the panic button is pressed, and ends its subscription', async () => {
    const pressed: InputChange[] = [];
    const onvif = createOnvifClient({ guard: bench.guard, clock, log: bench.log, limits });
    const watch = createInputWatch({ database: bench.database, sealer: bench.sealer, onvif, clock, log: bench.log, onInput: (change) => void pressed.push(change) });
    await watch.start();
    const camera = (await bench.registry.cameras('all', { limit: 500 })).items.find((c) => c.name === 'Camera 1');
    await vi.waitFor(() => expect(bench.lines.filter((l) => l.includes('PullMessagesRequest') || l.includes('CreatePullPoint')).length).toBeGreaterThan(0), 5000);
    await village.applyFault(1, { fault: 'press', on: true });
    await vi.waitFor(() => expect(pressed.filter((p) => p.cameraId === camera?.id)).toMatchObject([{ siteId, input: 'DigitalInput_1', active: true }]), 10_000);
    await village.applyFault(1, { fault: 'press', on: false });
    await vi.waitFor(() => expect(pressed.filter((p) => p.cameraId === camera?.id).map((p) => p.active)).toEqual([true, false]), 10_000);
    const startedMs = performance.now();
    await watch.close();
    expect(performance.now() - startedMs).toBeLessThan(5000);
    const count = (action: string): number => bench.lines.filter((l) => l.includes(action) && l.includes('"status":200')).length;
    expect(count('UnsubscribeRequest')).toBe(count('CreatePullPointSubscriptionRequest'));
  }, 40_000);

  it('does not hurry when a device answers its pulls at once and for ever', async () => {
    let pulls = 0;
    const device = await startDevice(({ operation }) => {
      const at = `http://127.0.0.1:${device.port}/events`;
      const service = (namespace: string): string => `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>${at}</tds:XAddr></tds:Service>`;
      if (operation === 'GetServices') return { body: soap(`<tds:GetServicesResponse>${['http://www.onvif.org/ver10/media/wsdl', 'http://www.onvif.org/ver10/events/wsdl', 'http://www.onvif.org/ver10/deviceIO/wsdl'].map(service).join('')}</tds:GetServicesResponse>`) };
      if (operation === 'GetDigitalInputs') return { body: soap('<GetDigitalInputsResponse><DigitalInputs token="in1"/></GetDigitalInputsResponse>') };
      if (operation === 'CreatePullPointSubscription') return { body: soap(`<CreatePullPointSubscriptionResponse><SubscriptionReference><Address>${at}</Address></SubscriptionReference></CreatePullPointSubscriptionResponse>`) };
      if (operation === 'PullMessages') pulls++;
      return { body: soap('<PullMessagesResponse/>') };
    });
    const { id } = await bench.registry.createCamera({ ...newCameraInput(siteId, 'Hasty', device.url), reviewOn: '2099-01-01' }, admin);
    await bench.database.orm.update(cameras).set({ onboardedAt: new Date() }).where(eq(cameras.id, id));
    const onvif = createOnvifClient({ guard: bench.guard, clock, log: bench.log, limits });
    const watch = createInputWatch({ database: bench.database, sealer: bench.sealer, onvif, clock, log: bench.log, onInput: () => undefined, mine: (cameraId) => cameraId === id });
    await watch.start();
    await vi.waitFor(() => expect(pulls).toBeGreaterThan(0), 5_000);
    await clock.sleep(1_600);
    expect(pulls).toBeLessThanOrEqual(6);
    await watch.close();
    await device.close();
    await bench.registry.removeCamera(id, admin);
  }, 30_000);

  it('takes a plain stream too, and tells a wrong path from a wrong password', async () => {
    const camera = village.cameras[4];
    if (!camera) throw new Error('no such camera');
    const plain = await register(4, { name: 'Plain', address: camera.rtspUrl });
    expect(statuses(await onboarding().probe(plain.id, never))).toBe('reach:pass clock:skipped auth:pass services:skipped profiles:skipped keyframe:pass');
    expect(reported.get(plain.id)).toEqual(['online', null]);
    const wrong = await register(4, { name: 'Wrong', address: camera.mainRtspUrl, password: 'no' });
    expect((await onboarding().probe(wrong.id, never)).find((r) => r.status === 'fail')).toMatchObject({ name: 'auth' });
    const lost = await register(4, { name: 'Lost', address: camera.rtspUrl.replace(/\/sub$/, '/elsewhere') });
    expect((await onboarding().probe(lost.id, never)).find((r) => r.status === 'fail')).toMatchObject({ name: 'keyframe', todo: expect.stringContaining('path') as string });
  }, 60_000);

  it('loses only the camera that lies, floods, redirects, drips or dies', async () => {
    const camera = await register(5);
    const other = (await bench.registry.cameras('all', { limit: 500 })).items.find((c) => c.name === 'Camera 1');
    for (const [fault, name] of [
      [{ fault: 'garbage-soap' }, 'clock'],
      [{ fault: 'huge-reply' }, 'clock'],
      [{ fault: 'endless-redirect' }, 'clock'],
      [{ fault: 'drip', everyMs: 200 }, 'clock'],
      [{ fault: 'refuse-auth' }, 'auth'],
      [{ fault: 'die' }, 'reach'],
    ] as const) {
      await village.applyFault(5, fault);
      const startedMs = performance.now();
      const [rungs, fine] = await Promise.all([onboarding().probe(camera.id, never), onboarding().probe(other?.id ?? '', never)]);
      expect([fault.fault, rungs.find((r) => r.status === 'fail')?.name]).toEqual([fault.fault, name]);
      expect(rungs.find((r) => r.status === 'fail')?.todo).not.toBe('');
      expect(statuses(fine)).toBe(allPass);
      expect(performance.now() - startedMs).toBeLessThan(15_000);
      await village.applyFault(5, { fault: 'clear' });
    }
    expect(statuses(await onboarding().probe(camera.id, never))).toBe(allPass);
  }, 120_000);

  it('opens no stream on this machine because a device says so', async () => {
    let visits = 0;
    const here = net.createServer((socket) => {
      visits++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => here.listen(0, '127.0.0.2', resolve));
    const { port } = here.address() as net.AddressInfo;
    const device = await startDevice(({ operation }) => {
      const media = `http://127.0.0.1:${device.port}/media`;
      if (operation === 'GetSystemDateAndTime') return { body: dateTime(clock.nowMs()) };
      if (operation === 'GetDeviceInformation') return { body: information };
      if (operation === 'GetServices') return { body: soap(`<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace><tds:XAddr>${media}</tds:XAddr></tds:Service></tds:GetServicesResponse>`) };
      if (operation === 'GetProfiles') return { body: soap('<GetProfilesResponse><Profiles token="p"><Name>p</Name><VideoEncoderConfiguration><Encoding>H264</Encoding></VideoEncoderConfiguration></Profiles></GetProfilesResponse>') };
      if (operation === 'GetStreamUri') return { body: soap(`<GetStreamUriResponse><MediaUri><Uri>rtsp://127.0.0.2:${port}/s</Uri></MediaUri></GetStreamUriResponse>`) };
      return { status: 500, body: fault('ActionNotSupported', 'no') };
    });
    const camera = await bench.registry.createCamera({ ...newCameraInput(siteId, 'Liar', device.url), reviewOn: '2099-01-01' }, admin);
    const rungs = await onboarding().probe(camera.id, never);
    expect(rungs.find((r) => r.status === 'fail')?.name).toBe('keyframe');
    expect(visits).toBe(0);
    await device.close();
    await new Promise((resolve) => here.close(resolve));
  }, 30_000);

  it('knows no removed camera, and stops when told', async () => {
    await expect(onboarding().probe('0190a000-0000-7000-8000-000000000000', never)).rejects.toMatchObject({ code: 'camera.unknown' });
    const [first] = (await bench.registry.cameras('all', { limit: 1 })).items;
    await expect(onboarding().probe(first?.id ?? '', AbortSignal.abort())).rejects.toMatchObject({ kind: 'aborted' });
  });
});
