/** What needs another time than ours: dead workers, growing delays, a week of failed jobs. On the simulated clock. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { JobHandlers, Queue } from '../../src/contract/jobs.js';
import { SystemClock } from '../../src/core/clock.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { queueJobs } from '../../src/db/schema/index.js';
import { createEmbeddedQueue } from '../../src/queue/adapters/embedded-queue.js';
import { eachDatabase, silentLog } from '../support/databases.js';

const real = new SystemClock();
const drain = { name: 'delivery.drain' } as const;

describe.each(eachDatabase())('embedded queue on $name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock = new SimulatedClock();
    await database.orm.delete(queueJobs);
  });

  const queue = (): Queue => createEmbeddedQueue({ database, clock, log: silentLog });
  const handlers = (run: (signal: AbortSignal) => Promise<void> | void): JobHandlers => ({
    'camera.onboard': () => Promise.resolve(),
    'credentials.rotate': () => Promise.resolve(),
    'delivery.drain': async (_job, signal) => run(signal),
    'retention.sweep': async (_job, signal) => run(signal),
  });
  const work = (q: Queue, run: (signal: AbortSignal) => Promise<void> | void): Promise<void> => q.work(handlers(run), { concurrency: 1, signal: new AbortController().signal });
  const rows = () => database.orm.select().from(queueJobs);

  it('takes a job again 30 s after its worker died, and not before', async () => {
    const dead = queue();
    let started = 0;
    await dead.enqueue(drain);
    // A worker that is killed never settles and never renews: here, one whose row is put back to the time of its claim.
    await database.orm.update(queueJobs).set({ state: 'active', attempts: 1, claimedUntil: new Date(clock.nowMs() + 30_000) });
    const other = queue();
    await work(other, () => void started++);
    await pass(clock, 29_000);
    expect(started).toBe(0);
    await pass(clock, 3_000);
    await until(() => started === 1);
    await until(async () => (await rows()).length === 0);
    await other.close();
  });

  it('keeps the claim of a handler that runs for long', async () => {
    const [first, second] = [queue(), queue()];
    let started = 0;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await first.enqueue(drain);
    await work(first, () => {
      started++;
      return held;
    });
    await until(() => started === 1);
    await work(second, () => void started++);
    for (let i = 0; i < 12; i++) await pass(clock, 10_000);
    expect(started).toBe(1);
    release();
    await until(async () => (await rows()).length === 0);
    await first.close();
    await second.close();
  });

  it('gives up on a job that kills every worker', async () => {
    const q = queue();
    await q.enqueue(drain, { attempts: 2 });
    await database.orm.update(queueJobs).set({ state: 'active', attempts: 2, claimedUntil: new Date(clock.nowMs() - 1) });
    let started = 0;
    await work(q, () => void started++);
    await until(async () => (await q.counts()).failed === 1);
    expect(started).toBe(0);
    expect((await rows())[0]?.lastError).toContain('worker');
    await q.close();
  });

  it('waits longer after each failure', async () => {
    const q = queue();
    await q.enqueue(drain, { attempts: 4 });
    let tries = 0;
    await work(q, () => {
      tries++;
      throw new Error(`try ${tries}`);
    });
    const delays: number[] = [];
    for (let expected = 1; expected <= 3; expected++) {
      await until(async () => tries === expected && (await rows())[0]?.state === 'waiting');
      const delayMs = ((await rows())[0]?.runAt.getTime() ?? 0) - clock.nowMs();
      delays.push(delayMs);
      await pass(clock, delayMs + 1_000);
    }
    await until(async () => (await rows())[0]?.state === 'failed');
    expect(tries).toBe(4);
    expect((await rows())[0]?.lastError).toBe('try 4');
    // Half of a delay is jitter; of the later ones up to a second has passed when we look.
    expect(delays[0]).toBeGreaterThanOrEqual(500);
    expect(delays[0]).toBeLessThanOrEqual(1_000);
    expect(delays[2]).toBeGreaterThan(1_000);
    expect(delays[2]).toBeLessThanOrEqual(4_000);
    await q.close();
  });

  it('forgets failed jobs after a week', async () => {
    const q = queue();
    await q.enqueue(drain);
    await database.orm.update(queueJobs).set({ state: 'failed', runAt: new Date(clock.nowMs()) });
    await work(q, () => undefined);
    await pass(clock, 6 * 86_400_000);
    await until(async () => (await rows()).length === 1);
    await pass(clock, 86_400_000 + 61_000);
    await until(async () => {
      await pass(clock, 61_000);
      return (await rows()).length === 0;
    });
    await q.close();
  });

  it('fails a row that no handler knows, at once', async () => {
    const q = queue();
    await q.enqueue(drain);
    await database.orm.update(queueJobs).set({ job: { name: 'face.match' } as never });
    await work(q, () => undefined);
    await until(async () => (await q.counts()).failed === 1);
    await q.close();
  });

  it('does not make up for repetitions that were missed', async () => {
    const sleeping = queue();
    await sleeping.repeat({ name: 'retention.sweep' }, 60_000);
    clock.jump(10 * 60_000 + 5_000);
    let runs = 0;
    await work(sleeping, () => void runs++);
    await until(async () => runs === 1 && (await rows())[0]?.state === 'waiting');
    const [row] = await database.orm.select().from(queueJobs).where(eq(queueJobs.name, 'retention.sweep'));
    expect((row?.runAt.getTime() ?? 0) - clock.nowMs()).toBe(55_000);
    await sleeping.close();
  });

  it('leaves no timer behind', async () => {
    const q = queue();
    await q.enqueue(drain);
    let done = false;
    await work(q, () => void (done = true));
    await until(() => done);
    await q.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

/** Moves time on in steps, leaving the database time to answer between them. */
async function pass(clock: SimulatedClock, ms: number): Promise<void> {
  const steps = Math.min(10, Math.ceil(ms / 500));
  for (let i = 0; i < steps; i++) {
    await clock.advance(ms / steps);
    await real.sleep(15);
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return;
    await real.sleep(10);
  }
  throw new Error('what was waited for did not happen');
}
