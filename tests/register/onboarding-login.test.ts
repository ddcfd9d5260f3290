/** Credential sets and the lock-out policy, against devices that lock over real HTTP. */
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { SystemClock } from '../../src/core/clock.js';
import { cameras, credentialSets, refusedLogins } from '../../src/db/schema/register.js';
import { createRtspFrameSource } from '../../src/ingest/adapters/rtsp-frame-source.js';
import { createCameraDirectory } from '../../src/register/camera-directory.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { askContacts } from '../../src/register/contact-question.js';
import { createLoginBudget } from '../../src/register/login-budget.js';
import { createCredentialSets } from '../../src/register/credential-sets.js';
import { startLockedDevice, type LockedDevice, type LockedDeviceOptions } from './locked-device.js';
import { allPass, frameSource, limits, never, onboardingOn, registerConfig, rungOf, statuses } from './onboarding-bench.js';
import { admin, newCameraInput, newSite, openRegisterBench, startMs, type RegisterBench } from './register-bench.js';

let bench: RegisterBench;
let clock: SimulatedClock;
let siteId: string;
let count = 0;
const devices: LockedDevice[] = [];

beforeAll(async () => {
  clock = new SimulatedClock(startMs);
  bench = await openRegisterBench({ clock });
}, 120_000);
afterAll(() => bench.close());
beforeEach(async () => {
  siteId = (await bench.registry.createSite(newSite(`Site ${++count}`), admin)).id;
});
afterEach(async () => {
  await Promise.all(devices.splice(0).map((d) => d.close()));
});

const sets = () => createCredentialSets(bench);
async function addSets(...passwords: string[]): Promise<void> {
  for (const [i, password] of passwords.entries()) await sets().create({ siteId, name: `set ${password}`, username: 'admin', password, order: i }, admin);
}
async function device(options: LockedDeviceOptions = {}): Promise<LockedDevice> {
  const started = await startLockedDevice({ endpointReference: `urn:uuid:00000000-0000-4000-8000-${String(count).padStart(6, '0')}${String(devices.length).padStart(6, '0')}`, ...options });
  devices.push(started);
  return started;
}
const register = async (address: string, more: object = {}): Promise<string> => (await bench.registry.createCamera({ ...newCameraInput(siteId, `Camera ${Math.random()}`, address), ...more }, admin)).id;
const rowOf = async (id: string) => (await bench.database.orm.select().from(cameras).where(eq(cameras.id, id)))[0];
/** As after a restart: nothing but the database is kept. */
const probe = (id: string) => onboardingOn(bench, frameSource().source).probe(id, never);

describe('a device that closes only some doors', () => {
  // Devices of this file share a host, whose refusals count together.
  const forget = async () => void (await bench.database.orm.delete(refusedLogins));
  afterEach(forget);

  it('is asked for the one of its stream where refusals are counted, however often it is looked at', async () => {
    const locked = await device({ closedOnly: 'GetStreamUri', locksAfter: 50 });
    const id = await register(locked.url, { username: 'admin', password: 'wrong' });
    const rungs = await probe(id);
    expect(rungOf(rungs, 'auth')).toMatchObject({ status: 'fail' });
    for (let i = 0; i < 4; i++) await probe(id);
    expect(locked.seen.wrong).toBeLessThanOrEqual(registerConfig.lockout.refusedLogins);
    await bench.registry.updateCamera(id, { password: 'right' }, admin);
    expect(statuses(await probe(id))).toBe(allPass);
  });

  it('refuses the question for its contacts once, and is not asked again', async () => {
    const locked = await device({ locksAfter: 50 });
    const onvif = createOnvifClient({ guard: bench.guard, clock, log: bench.log, limits });
    const budget = createLoginBudget({ database: bench.database, sealer: bench.sealer, clock, config: registerConfig.lockout });
    const ask = (password: string) => askContacts({ url: locked.url, username: 'admin', password, authMode: 'digest' }, { onvif, budget }, never);
    await expect(ask('wrong')).rejects.toMatchObject({ code: 'camera.auth' });
    for (let i = 0; i < 3; i++) expect(await ask('wrong')).toBeNull();
    expect(locked.seen.wrong).toBe(1);
  });
});

describe('credential sets', () => {
  it('are sealed for their own row, answered without passwords, and named in the ledger without values', async () => {
    const made = await sets().create({ siteId, name: 'installers', username: 'admin', password: 'top-secret-1', order: 5 }, admin);
    expect(await sets().get(made.id)).toEqual({ id: made.id, siteId, name: 'installers', username: 'admin', order: 5, createdAt: made.createdAt });
    const [row] = await bench.database.orm.select().from(credentialSets).where(eq(credentialSets.id, made.id));
    expect(row?.sealedPassword).not.toContain('top-secret-1');
    expect(bench.sealer.open(row?.sealedPassword ?? '', `credential-set:${made.id}`)).toBe('top-secret-1');
    expect(() => bench.sealer.open(row?.sealedPassword ?? '', `credential-set:${siteId}`)).toThrow();
    await expect(sets().create({ siteId, name: 'installers', username: 'x', password: 'y', order: 1 }, admin)).rejects.toMatchObject({ code: 'credential-set.exists' });
    await expect(sets().create({ siteId: made.id, name: 'n', username: 'x', password: 'y', order: 1 }, admin)).rejects.toMatchObject({ code: 'site.unknown' });
    expect((await sets().list([siteId], { limit: 10 })).items).toHaveLength(1);
    expect((await sets().list([], { limit: 10 })).items).toEqual([]);
    await sets().remove(made.id, admin);
    await expect(sets().get(made.id)).rejects.toMatchObject({ code: 'credential-set.unknown' });
    await expect(sets().remove(made.id, admin)).rejects.toMatchObject({ code: 'credential-set.unknown' });
    const entries = JSON.stringify((await bench.ledger.entries({ limit: 500 })).items);
    expect(entries).toContain('credential-set.create');
    expect(entries).toContain('credential-set.remove');
    expect(entries + bench.lines.join('')).not.toContain('top-secret-1');
  });

  it('are tried in their order, and the one that works is copied onto the camera, sealed for it', async () => {
    await addSets('wrong', 'right', 'never');
    const locked = await device();
    const id = await register(locked.url);
    const rungs = await probe(id);
    expect(statuses(rungs)).toBe(allPass);
    expect(rungOf(rungs, 'auth').seen).toContain('It took the credential set "set right". Refused before: the set "set wrong" (1 try;');
    expect(locked.seen.wrong).toBe(1);
    const row = await rowOf(id);
    expect(row).toMatchObject({ username: 'admin', fromCredentialSet: true, configVersion: 2 });
    expect(bench.sealer.open(row?.sealedPassword ?? '', `camera:${id}`)).toBe('right');
    expect(JSON.stringify([rungs, (await bench.ledger.entries({ limit: 500 })).items])).not.toMatch(/"(wrong|right|never)"/);
    // The second climb uses what was copied; nothing is tried anew.
    expect(statuses(await probe(id))).toBe(allPass);
    expect(locked.seen.wrong).toBe(1);
    const directory = createCameraDirectory({ ...bench, guard: bench.guard });
    expect(await directory.target(id)).toMatchObject({ username: 'admin', password: 'right', digestOnly: true });
    await directory.close();
    await bench.registry.updateCamera(id, { password: 'another' }, admin);
    expect(await rowOf(id)).toMatchObject({ fromCredentialSet: false });
  });

  it('come after the camera’s own log-in, and are not needed where nobody is asked', async () => {
    await addSets('wrong');
    const own = await device({ username: 'mine', password: 'mine' });
    expect(statuses(await probe(await register(own.url, { username: 'mine', password: 'mine' })))).toBe(allPass);
    expect(own.seen.users.every((u) => u === 'mine')).toBe(true);
    const open = await device({ open: true });
    const rungs = await probe(await register(open.url));
    expect(statuses(rungs)).toBe(allPass);
    expect(rungOf(rungs, 'auth').seen).toContain('it tells everybody who asks');
    expect(open.seen.users).toEqual([]);
  });

  it('of another site go nowhere', async () => {
    await addSets('right');
    const locked = await device();
    const elsewhere = (await bench.registry.createSite(newSite(`Elsewhere ${count}`), admin)).id;
    const rungs = await probe(await register(locked.url, { siteId: elsewhere }));
    expect(rungOf(rungs, 'auth')).toMatchObject({ status: 'fail', todo: expect.stringContaining('Enter the user name and the password') as string });
    expect(locked.seen.users).toEqual([]);
    expect(statuses(await probe(await register(locked.url)))).toBe(allPass);
  });
});

describe('the lock-out policy', () => {
  it('counts refused log-ins over climbs and restarts, and says when the next is allowed', async () => {
    await addSets('a', 'b', 'c', 'right');
    const locked = await device({ locksAfter: 5 });
    const id = await register(locked.url);
    const first = rungOf(await probe(id), 'auth');
    expect(first).toMatchObject({ status: 'fail' });
    expect(first.seen).toContain('Refused: the set "set a", the set "set b", the set "set c" (3 tries). 1 more set was not tried. No try is left until 2026-06-01T12:30Z.');
    expect(first.todo).toContain('The next try is allowed at 2026-06-01T12:30Z');
    expect(locked.seen.wrong).toBe(3);
    for (let i = 0; i < 3; i++) await probe(id);
    expect(locked.seen.wrong).toBe(3);
    await clock.advance(29 * 60_000);
    await probe(id);
    expect(locked.seen.wrong).toBe(3);
    // What was never tried comes first: without that the fourth set would never have its turn.
    await clock.advance(61_000);
    expect(statuses(await probe(id))).toBe(allPass);
    expect(locked.seen).toMatchObject({ wrong: 3, locked: false });
    // Hashes, not values.
    const rows = await bench.database.orm.select().from(refusedLogins);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row.credentialHash).toMatch(/^[\w-]{43}$/);
  });

  it('sends nothing twice that was refused within the window, for another camera either', async () => {
    await addSets('a', 'b');
    const locked = await device({ sources: ['V0', 'V1'] });
    await probe(await register(locked.url, { sourceToken: 'V0' }));
    const wrong = locked.seen.wrong;
    expect(wrong).toBeLessThanOrEqual(3);
    const again = await probe(await register(locked.url, { sourceToken: 'V1' }));
    expect(locked.seen.wrong).toBe(wrong);
    expect(rungOf(again, 'auth').seen).toContain('Not sent again');
  });

  it('gives a changed password of the camera one try and no more', async () => {
    await addSets('a', 'b');
    const locked = await device({ locksAfter: 20 });
    const id = await register(locked.url, { username: 'admin', password: 'own' });
    await probe(id);
    await probe(id);
    await probe(id);
    const wrong = locked.seen.wrong;
    expect(wrong).toBe(3);
    await bench.registry.updateCamera(id, { password: 'own-2' }, admin);
    await probe(id);
    await probe(id);
    expect(locked.seen.wrong).toBe(wrong + 1);
    await bench.registry.updateCamera(id, { password: 'right' }, admin);
    expect(statuses(await probe(id))).toBe(allPass);
    expect(locked.seen.wrong).toBe(wrong + 1);
  });

  it('stops at once where the device says that few tries are left', async () => {
    await addSets('a', 'b', 'right');
    const locked = await device({ locksAfter: 5, saysLeft: 4 });
    const id = await register(locked.url);
    const auth = rungOf(await probe(id), 'auth');
    expect(locked.seen.wrong).toBe(1);
    expect(auth.todo).toContain('about to lock');
    await probe(id);
    expect(locked.seen.wrong).toBe(1);
    await clock.advance(31 * 60_000);
    locked.setPassword('b');
    await probe(id);
    expect(locked.seen.wrong).toBeLessThanOrEqual(2);
  });

  it('counts a try whose process died in the middle', async () => {
    const locked = await device();
    await addSets('a', 'b', 'c');
    const id = await register(locked.url);
    const gone = new AbortController();
    const dying = onboardingOn(bench, frameSource().source, {
      onvif: (real) => ({
        open: async (target, signal) => {
          if (target.username === null) return real.open(target, signal);
          gone.abort();
          return real.open(target, gone.signal);
        },
      }),
    });
    await expect(dying.probe(id, gone.signal)).rejects.toMatchObject({ kind: 'aborted' });
    await probe(id);
    expect(locked.seen.wrong).toBeLessThanOrEqual(2);
  });
});

describe('a log-in of a credential set', () => {
  /** An RTSP server that asks for Basic alone, and keeps what it was sent. */
  async function basicServer() {
    const said: string[] = [];
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        said.push(text);
        const cseq = /CSeq: (\d+)/i.exec(text)?.[1] ?? '1';
        const status = text.startsWith('OPTIONS') ? '200 OK' : '401 Unauthorized';
        socket.write(`RTSP/1.0 ${status}\r\nCSeq: ${cseq}\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { said, port: (server.address() as AddressInfo).port, close: () => new Promise((resolve) => server.close(resolve)) };
  }

  it('is never sent in clear, to a plain stream or to the stream of a device', async () => {
    await addSets('right');
    const basic = await basicServer();
    const system = new SystemClock({ unref: true });
    const source = createRtspFrameSource({ clock: system, log: bench.log });
    const plain = await register(`rtsp://127.0.0.1:${basic.port}/s`);
    const rung = rungOf(await onboardingOn(bench, source).probe(plain, never), 'auth');
    expect(rung).toMatchObject({ status: 'fail', seen: expect.stringContaining('may not be sent in clear') as string, todo: expect.stringContaining('digest') as string });
    expect(await rowOf(plain)).toMatchObject({ username: null, sealedPassword: null });
    const locked = await device({ streamPath: '/live' });
    const behind = await register(locked.url);
    const rungs = await onboardingOn(bench, { run: (o) => source.run({ ...o, target: { ...o.target, url: `rtsp://127.0.0.1:${basic.port}/live` } }), close: () => source.close() }).probe(behind, never);
    expect(rungOf(rungs, 'auth').status).toBe('pass');
    expect(rungOf(rungs, 'keyframe')).toMatchObject({ status: 'fail' });
    expect(basic.said.join('')).not.toMatch(/authorization/i);
    expect(basic.said.length).toBeGreaterThan(3);
    await source.close();
    await basic.close();
  });

  it('is not put into the path of a stream', async () => {
    await addSets('right');
    const locked = await device({ streamPath: '/user=admin_password=tlJwpbo6_channel=1_stream=1.sdp' });
    const { source, targets } = frameSource();
    const rungs = await onboardingOn(bench, source).probe(await register(locked.url), never);
    expect(rungOf(rungs, 'keyframe')).toMatchObject({ status: 'fail', seen: expect.stringContaining('in clear') as string });
    expect(targets).toEqual([]);
    // The camera's own goes there: in memory, and nowhere else.
    const second = await device({ streamPath: '/user=admin_password=right_channel=1_stream=1.sdp' });
    const own = await register(second.url, { username: 'admin', password: 'right' });
    const passed = await onboardingOn(bench, source).probe(own, never);
    expect(statuses(passed)).toBe(allPass);
    expect(targets[0]?.url).toBe('rtsp://127.0.0.1:8554/user=admin_password=right_channel=1_stream=1.sdp');
    expect(await rowOf(own)).toMatchObject({ streamUrl: 'rtsp://127.0.0.1:8554/user={username}_password={password}_channel=1_stream=1.sdp', streamUrlTold: 'rtsp://127.0.0.1:8554/user={username}_password={password}_channel=1_stream=1.sdp' });
    expect(JSON.stringify(passed) + bench.lines.join('')).not.toContain('password=right');
    const directory = createCameraDirectory({ ...bench, guard: bench.guard });
    expect((await directory.target(own)).url).toBe(targets[0]?.url);
    await directory.close();
  });
});
