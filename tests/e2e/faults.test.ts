/**
 * A camera that dies, lies or floods costs only itself: a named state, bounded memory, the others keep their rate; and it
 * comes back by itself. One program for all faults; several cameras suffer from different ones at once.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Camera, Rung } from '../../src/contract/camera.js';
import type { FaultInput } from '../../src/simulate/village.js';
import { eventually, temporaryFolder } from '../support/program.js';
import { startVillageProgram, type VillageProgram } from '../support/village-program.js';

const { folder: data, remove } = temporaryFolder('hedgerow-faults-');
const cameraCount = 6;
const capMs = 8_000;
const sampleIntervalMs = 1_000;
/** Memory may grow by so much while a camera floods and others learn anew, bytes. */
const memoryBound = 150 * 1024 * 1024;
const config = `
analyse: { detector: "off", learnMs: 2000, quietPictureMs: 3000, busyPictureMs: 500 }
register: { replyTimeoutMs: 3000, connectTimeoutMs: 2000 }
ingest: { stallMs: 4000, connectTimeoutMs: 4000, reconnect: { initialMs: 300, factor: 2, capMs: ${capMs}, jitterRatio: 0.5 } }
watch: { downAfterMs: 6000 }
`;

let village: VillageProgram;
let memoryBefore = 0;
let memoryMost = 0;
let watching: NodeJS.Timeout | undefined;

const all = Array.from({ length: cameraCount }, (_, i) => i);

/** Waits until a camera says what is wrong with it. */
function says(index: number, wanted: { state?: Camera['state']; reason?: string | RegExp; picture?: Camera['pictureStatus']; pictureReason?: string }, withinMs: number): Promise<Camera> {
  const fits = (c: Camera): boolean =>
    (wanted.state === undefined || c.state === wanted.state) &&
    (wanted.reason === undefined || (typeof wanted.reason === 'string' ? c.stateReason === wanted.reason : wanted.reason.test(c.stateReason ?? ''))) &&
    (wanted.picture === undefined || c.pictureStatus === wanted.picture) &&
    (wanted.pictureReason === undefined || c.pictureReason === wanted.pictureReason);
  let last: Camera | undefined;
  return eventually(
    async () => {
      last = await village.camera(index);
      return fits(last) && last;
    },
    withinMs,
    `camera ${index}: ${JSON.stringify(wanted, (_k, v: unknown) => (v instanceof RegExp ? v.source : v))}`,
  ).catch((thrown: unknown) => {
    throw new Error(`${(thrown as Error).message}; it says: ${last?.state} "${last?.stateReason}", picture ${last?.pictureStatus} "${last?.pictureReason}"`);
  });
}

const wellAgain = (indexes: readonly number[], withinMs: number): Promise<unknown> => Promise.all(indexes.map((i) => says(i, { state: 'good', picture: 'ready' }, withinMs)));

/** Samples a second of these cameras, the slowest of them, over the time since. */
async function slowestRate(indexes: readonly number[], sinceMs: number): Promise<number> {
  const seconds = (Date.now() - sinceMs) / 1000;
  const counts = await Promise.all(indexes.map(async (i) => (await village.samples(i, sinceMs)).length));
  return Math.min(...counts) / seconds;
}

/** Lets at least so much time pass since, so that a rate means something. */
async function atLeast(ms: number, sinceMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, sinceMs + ms - Date.now())));
}

const probe = async (index: number): Promise<{ failed: Rung | undefined; rungs: readonly Rung[]; tookMs: number }> => {
  const began = performance.now();
  const { rungs } = await village.api.post<{ rungs: Rung[] }>(`/api/v1/cameras/${village.idOf(index)}/probe`);
  return { rungs, failed: rungs.find((r) => r.status === 'fail'), tookMs: performance.now() - began };
};

beforeAll(async () => {
  village = await startVillageProgram({ cameras: cameraCount, data, config });
  await wellAgain(all, 90_000);
  memoryBefore = village.memory();
  watching = setInterval(() => (memoryMost = Math.max(memoryMost, village.memory())), 500);
}, 150_000);

afterAll(async () => {
  clearInterval(watching);
  await village.program.stop();
  remove();
});

describe('a camera in trouble', () => {
  let healthyRate = 0;

  it('has neighbours that take a sample a second, and frames are counted once', async () => {
    const sinceMs = Date.now();
    const frames = await village.metric('hedgerow_frames_total');
    await atLeast(8_000, sinceMs);
    healthyRate = await slowestRate(all, sinceMs);
    const counted = ((await village.metric('hedgerow_frames_total')) - frames) / ((Date.now() - sinceMs) / 1000);
    expect(healthyRate).toBeGreaterThan(0.6);
    expect(counted).toBeGreaterThan(healthyRate * cameraCount * 0.8);
    expect(counted).toBeLessThan((cameraCount * 1.25 * 1000) / sampleIntervalMs);
  }, 30_000);

  it('that dies, falls silent, sends rubbish or refuses the log-in names what is wrong; the others keep their rate', async () => {
    const refusedBefore = await village.metric('hedgerow_runs_ended_total{reason="auth"}');
    const sinceMs = Date.now();
    await village.fault(0, { fault: 'die' });
    await village.fault(1, { fault: 'silent-rtsp' });
    await village.fault(2, { fault: 'corrupt-h264', flipsPerKib: 20 });
    // A stream that plays goes on: the camera must let go of it once to ask for the log-in again.
    await village.fault(3, { fault: 'die' });
    await village.fault(3, { fault: 'refuse-auth' });
    await village.fault(3, { fault: 'die', on: false });
    const refusedMs = Date.now();
    await Promise.all([
      says(0, { state: 'reachable', reason: 'The camera ends the connection before a picture comes.' }, 20_000),
      says(1, { state: 'authenticated', reason: 'The camera sends no usable picture.' }, 20_000),
      says(2, { state: 'authenticated', reason: 'What the camera sends cannot be decoded.' }, 20_000),
      says(3, { state: 'answering', reason: 'The camera refused the password.' }, 20_000),
    ]);
    await atLeast(12_000, sinceMs);
    expect(await slowestRate([4, 5], sinceMs)).toBeGreaterThan(0.8 * healthyRate);

    const dead = await probe(0);
    expect(dead.failed).toMatchObject({ name: 'reach', seen: expect.stringContaining('nothing listens') as string, todo: expect.stringContaining('Check the port') as string });
    const refused = await probe(3);
    expect(refused.failed).toMatchObject({ name: 'auth', todo: expect.stringContaining('does not lock the account') as string });
    const tries = (await village.metric('hedgerow_runs_ended_total{reason="auth"}')) - refusedBefore;
    expect(tries).toBeGreaterThan(0);
    expect(tries, 'a refused password waits for the cap').toBeLessThanOrEqual(1 + Math.ceil((Date.now() - refusedMs) / capMs));

    for (const i of [0, 1, 2, 3]) await village.fault(i, { fault: 'clear' });
    // What a technician does when he has put the password right: it is tried again then, and not before.
    await village.api.patch(`/api/v1/cameras/${village.idOf(3)}`, { password: village.simulated[3]?.password });
    await wellAgain([0, 1, 2, 3], 45_000);
  }, 120_000);

  it('whose picture is frozen or black, whose clock is wrong, whose size changes says so', async () => {
    const sinceMs = Date.now();
    await village.fault(0, { fault: 'freeze' });
    await village.fault(1, { fault: 'black' });
    await village.fault(2, { fault: 'clock', offsetSeconds: 3_600 });
    await village.fault(3, { fault: 'resolution-change' });
    await Promise.all([
      says(1, { state: 'online', reason: 'The picture is black.', picture: 'withheld' }, 20_000),
      says(2, { state: 'online', reason: "The camera's clock is 60 min ahead." }, 25_000),
      says(3, { picture: 'learning', pictureReason: 'The size of the picture changed; the scene is learned anew.' }, 20_000),
      says(0, { state: 'online', reason: 'The picture is frozen: frames come, and nothing in them changes.' }, 40_000),
    ]);
    await atLeast(12_000, sinceMs);
    // These four send frames, too, and all of them are judged.
    expect(await slowestRate(all, sinceMs)).toBeGreaterThan(0.75 * healthyRate);
    const behindBlack = await village.newestPicture(1);
    expect(behindBlack.status).toBe(422);
    expect(((await behindBlack.json()) as { code: string }).code).toBe('picture.withheld');
    const [, clock] = (await probe(2)).rungs;
    expect(clock).toMatchObject({ name: 'clock', status: 'pass', seen: expect.stringMatching(/3600 s ahead/) as string });
    for (const i of [0, 1, 2, 3]) await village.fault(i, { fault: 'clear' });
    await wellAgain([0, 1, 2, 3], 60_000);
  }, 120_000);

  it('that talks nonsense over ONVIF fails on a named rung with something to do, and its frames go on', async () => {
    const sinceMs = Date.now();
    const nonsense: readonly (readonly [FaultInput, RegExp])[] = [
      [{ fault: 'garbage-soap' }, /XML|SOAP|tells no date|entit|empty|cut off|Envelope|web page/i],
      [{ fault: 'huge-reply' }, /longer than \d+ bytes/],
      [{ fault: 'endless-redirect' }, /redirects again and again/],
      [{ fault: 'drip' }, /No whole reply within 3000 ms/],
    ];
    await Promise.all(
      nonsense.map(async ([fault, seen], index) => {
        await village.fault(index, fault);
        // Garbage is of another kind every time.
        for (let turn = 0; turn < (fault.fault === 'garbage-soap' ? 5 : 1); turn++) {
          const { failed, tookMs } = await probe(index);
          expect(failed?.name, fault.fault).toBe('clock');
          expect(failed?.seen, fault.fault).toMatch(seen);
          expect(failed?.todo.length, fault.fault).toBeGreaterThan(40);
          expect(tookMs, fault.fault).toBeLessThan(10_000);
        }
      }),
    );
    await village.fault(4, { fault: 'wrong-xaddr' });
    const elsewhere = await probe(4);
    expect(elsewhere.failed).toBeUndefined();
    expect(elsewhere.rungs.find((r) => r.name === 'services')?.seen).toContain('It names addresses on another host; the one that we reached is used.');
    await atLeast(10_000, sinceMs);
    expect(await slowestRate(all, sinceMs)).toBeGreaterThan(0.75 * healthyRate);
    expect((await Promise.all(all.map((i) => village.camera(i)))).map((c) => c.state)).toEqual(all.map(() => 'good'));
    for (const i of all) await village.fault(i, { fault: 'clear' });
    for (const i of [0, 1, 2, 3, 4]) expect((await probe(i)).failed).toBeUndefined();
  }, 90_000);

  it('is not locked out by a wrong password in the inventory', async () => {
    // The camera locks its account at the eighth wrong try, for a minute.
    const at = `/api/v1/cameras/${village.idOf(0)}`;
    await village.api.patch(at, { password: 'not-the-password' });
    await says(0, { state: 'answering', reason: /refuse/ }, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    await village.api.patch(at, { password: village.simulated[0]?.password });
    await says(0, { state: 'good' }, 20_000);
  }, 80_000);

  it('costs no memory to speak of', () => {
    expect((memoryMost - memoryBefore) / 2 ** 20).toBeLessThan(memoryBound / 2 ** 20);
  });

  it('does not flood the log, and tells it no secret', () => {
    const lines = village.program.output().split('\n').filter((l) => l.startsWith('{"level"'));
    const minutes = new Map<string, number>();
    for (const line of lines) {
      const minute = /"time":"([^"]{16})/.exec(line)?.[1] ?? '';
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    }
    const [, ...afterStart] = [...minutes.values()];
    // Six cameras, each with a fault after the other: a handful of lines a fault.
    expect(Math.max(...afterStart)).toBeLessThan(120);
    expect(lines.filter((l) => /"level":"(error|fatal)"/.test(l))).toEqual([]);
    for (const { password } of village.simulated) expect(village.program.output()).not.toContain(password);
    expect(village.program.output()).not.toContain('not-the-password');
    expect(village.program.output()).not.toMatch(/rtsp:\/\/[^[\s"]*:[^@\s"]*@/);
  });
});
