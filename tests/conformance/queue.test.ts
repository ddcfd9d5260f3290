/**
 * One suite for every queue, on the real thing: embedded on PGlite and on Postgres, BullMQ on Redis. Time is real here,
 * because Redis has no other; delays are short.
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import type { Job, JobHandlers, JobName, Queue } from '../../src/contract/jobs.js';
import { SystemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { queueJobs } from '../../src/db/schema/index.js';
import { createBullmqQueue } from '../../src/queue/adapters/bullmq-queue.js';
import { createEmbeddedQueue } from '../../src/queue/adapters/embedded-queue.js';
import { memoryDatabase, postgresDatabase, silentLog } from '../support/databases.js';
import { redisUrl, services } from '../support/services.js';

const clock = new SystemClock();

interface Backend {
  /** another queue on the same backend: another process, as it were */
  queue(): Queue;
  empty(): Promise<void>;
  close(): Promise<void>;
}

async function embedded(open: () => Promise<Database>): Promise<Backend> {
  const database = await open();
  return {
    queue: () => createEmbeddedQueue({ database, clock, log: silentLog }),
    empty: async () => void (await database.orm.delete(queueJobs)),
    close: () => database.close(),
  };
}

function bullmq(): Backend {
  const redis = new Redis(redisUrl);
  const root = `hedgerow-test-${randomBytes(6).toString('hex')}`;
  let round = 0;
  const remove = async (): Promise<void> => {
    const keys = await redis.keys(`${root}*`);
    if (keys.length > 0) await redis.del(...keys);
  };
  return {
    queue: () => createBullmqQueue({ redisUrl, prefix: `${root}-${round}`, clock, log: silentLog }),
    async empty() {
      await remove();
      round++;
    },
    async close() {
      await remove();
      await redis.quit();
    },
  };
}

const backends = [
  { name: 'embedded on PGlite', here: true, open: () => embedded(memoryDatabase) },
  { name: 'embedded on Postgres', here: services.postgres, open: () => embedded(postgresDatabase) },
  { name: 'BullMQ on Redis', here: services.redis, open: () => Promise.resolve(bullmq()) },
];

for (const { name, here, open } of backends) {
  describe.skipIf(!here)(`queue: ${name}${here ? '' : ` (needs ${name.split(' ').at(-1)})`}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.close());
    beforeEach(() => backend.empty());

    function queue(): Queue {
      const made = backend.queue();
      onTestFinished(() => made.close());
      return made;
    }
    const onboard = (cameraId = newId()): Job => ({ name: 'camera.onboard', cameraId });
    const drain: Job = { name: 'delivery.drain' };
    const signal = new AbortController().signal;

    it('hands a job to the handler of its name, with its content', async () => {
      const q = queue();
      const cameraId = newId();
      const seen: Job[] = [];
      await q.enqueue(onboard(cameraId));
      await q.work(handlers({ 'camera.onboard': (job) => void seen.push(job) }), { concurrency: 2, signal });
      await until(() => seen.length === 1);
      expect(seen).toEqual([{ name: 'camera.onboard', cameraId }]);
      await until(async () => sum(await q.counts()) === 0);
    });

    it('wakes a waiting worker at once, from another process', async () => {
      const worker = queue();
      const asker = queue();
      let doneAt = 0;
      await worker.work(handlers({ 'delivery.drain': () => void (doneAt = performance.now()) }), { concurrency: 1, signal });
      await clock.sleep(300);
      const askedAt = performance.now();
      await asker.enqueue(drain);
      await until(() => doneAt > 0);
      expect(doneAt - askedAt).toBeLessThan(500);
    });

    it('does every job of many exactly once while all goes well, on two workers', async () => {
      const [a, b] = [queue(), queue()];
      const ids = Array.from({ length: 60 }, () => newId());
      const seen: string[] = [];
      const each = handlers({ 'camera.onboard': (job) => void seen.push(job.cameraId) });
      await a.work(each, { concurrency: 4, signal });
      await b.work(each, { concurrency: 4, signal });
      await Promise.all(ids.map((id) => a.enqueue(onboard(id))));
      await until(() => seen.length >= ids.length);
      await clock.sleep(200);
      expect([...seen].sort()).toEqual([...ids].sort());
    });

    it('runs no more at once than it was told', async () => {
      const q = queue();
      let now = 0;
      let most = 0;
      let done = 0;
      for (let i = 0; i < 9; i++) await q.enqueue(onboard());
      const work = async (): Promise<void> => {
        most = Math.max(most, ++now);
        await clock.sleep(30);
        now--;
        done++;
      };
      await q.work(handlers({ 'camera.onboard': work }), { concurrency: 3, signal });
      await until(() => done === 9);
      expect(most).toBe(3);
    });

    it('waits for the delay', async () => {
      const q = queue();
      let doneAt = 0;
      await q.work(handlers({ 'delivery.drain': () => void (doneAt = performance.now()) }), { concurrency: 1, signal });
      const askedAt = performance.now();
      await q.enqueue(drain, { delayMs: 600 });
      await until(() => doneAt > 0);
      expect(doneAt - askedAt).toBeGreaterThanOrEqual(590);
      expect(doneAt - askedAt).toBeLessThan(2_500);
    });

    it('queues one waiting job a key, and one more while one runs', async () => {
      const q = queue();
      for (let i = 0; i < 5; i++) await q.enqueue(drain, { dedupeKey: 'drain' });
      await q.enqueue(onboard(), { dedupeKey: 'other' });
      expect((await q.counts()).waiting).toBe(2);
      let runs = 0;
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      await q.work(handlers({ 'delivery.drain': async () => (runs++ === 0 ? held : undefined), 'camera.onboard': () => undefined }), { concurrency: 1, signal });
      await until(() => runs === 1);
      for (let i = 0; i < 3; i++) await q.enqueue(drain, { dedupeKey: 'drain' });
      release();
      await until(() => runs === 2);
      await clock.sleep(300);
      expect(runs).toBe(2);
      expect(sum(await q.counts())).toBe(0);
      await q.enqueue(drain, { dedupeKey: 'drain' });
      await until(() => runs === 3);
    });

    it('tries again after a failure, and keeps what failed for good', async () => {
      const q = queue();
      const tries = { drain: 0, onboard: 0 };
      await q.work(
        handlers({
          'delivery.drain': () => {
            if (++tries.drain < 2) throw new Error('not yet');
          },
          'camera.onboard': () => {
            tries.onboard++;
            throw new Error('never');
          },
        }),
        { concurrency: 2, signal },
      );
      await q.enqueue(drain, { attempts: 3 });
      await q.enqueue(onboard(), { attempts: 2 });
      await until(() => tries.drain === 2 && tries.onboard === 2, 10_000);
      await until(async () => (await q.counts()).failed === 1);
      expect(await q.counts()).toEqual({ waiting: 0, active: 0, failed: 1 });
    });

    it('refuses a job that no handler knows', async () => {
      const q = queue();
      for (const bad of [{ name: 'face.match' }, { name: 'camera.onboard' }, { name: 'delivery.drain', frame: [1, 2] }, null]) {
        await expect(q.enqueue(bad as unknown as Job)).rejects.toMatchObject({ code: 'queue.job' });
      }
      await expect(q.enqueue(drain, { attempts: 0 })).rejects.toMatchObject({ code: 'queue.job' });
      expect(sum(await q.counts())).toBe(0);
    });

    it('repeats on one of many, and takes another interval', async () => {
      const [a, b] = [queue(), queue()];
      let runs = 0;
      const each = handlers({ 'retention.sweep': () => void runs++ });
      await a.work(each, { concurrency: 1, signal });
      await b.work(each, { concurrency: 1, signal });
      await Promise.all([a, b, a].map((q) => q.repeat({ name: 'retention.sweep' }, 400)));
      const before = performance.now();
      await until(() => runs >= 4, 8_000);
      // The first may be at once; three intervals lie between the first and the fourth.
      expect(performance.now() - before).toBeGreaterThan(900);
      await b.repeat({ name: 'retention.sweep' }, 60_000);
      await clock.sleep(700);
      const settled = runs;
      await clock.sleep(1_200);
      expect(runs - settled).toBeLessThanOrEqual(1);
      expect((await a.counts()).waiting).toBe(1);
    });

    it('goes on repeating after a repetition failed', async () => {
      const q = queue();
      let runs = 0;
      await q.work(
        handlers({
          'retention.sweep': () => {
            if (++runs === 1) throw new Error('once');
          },
        }),
        { concurrency: 1, signal },
      );
      await q.repeat({ name: 'retention.sweep' }, 200);
      await until(() => runs >= 3, 8_000);
    });

    it('closes when running handlers have ended, and takes nothing after the signal', async () => {
      const q = queue();
      const stop = new AbortController();
      const seen: string[] = [];
      await q.work(
        handlers({
          'camera.onboard': async () => {
            seen.push('begin');
            await clock.sleep(300);
            seen.push('end');
          },
        }),
        { concurrency: 1, signal: stop.signal },
      );
      await q.enqueue(onboard());
      await until(() => seen.length === 1);
      stop.abort();
      await q.enqueue(onboard());
      await q.close();
      expect(seen).toEqual(['begin', 'end']);
      expect((await queue().counts()).waiting).toBe(1);
    });

    it('gives a job back that was stopped, without losing a try', async () => {
      const first = queue();
      let begun = 0;
      await first.enqueue(drain, { attempts: 1 });
      await first.work(
        handlers({
          'delivery.drain': async (_job, jobSignal) => {
            begun++;
            await clock.sleep(20_000, jobSignal);
          },
        }),
        { concurrency: 1, signal },
      );
      await until(() => begun === 1);
      await first.close();
      let done = 0;
      const second = queue();
      await second.work(handlers({ 'delivery.drain': () => void done++ }), { concurrency: 1, signal });
      await until(() => done === 1);
      await until(async () => sum(await second.counts()) === 0);
    });

    it('answers a probe', async () => {
      await queue().probe();
    });
  });
}

describe('queue: BullMQ without Redis', () => {
  it('says that the queue is unavailable, and closes', async () => {
    const q = createBullmqQueue({ redisUrl: 'redis://127.0.0.1:1', prefix: 'none', clock, log: silentLog });
    await expect(q.probe()).rejects.toMatchObject({ code: 'queue.unavailable' });
    await expect(q.enqueue({ name: 'delivery.drain' })).rejects.toMatchObject({ code: 'queue.unavailable' });
    await q.close();
  });
});

function handlers(some: { [N in JobName]?: (job: Extract<Job, { name: N }>, signal: AbortSignal) => Promise<void> | void }): JobHandlers {
  const never = (job: Job): Promise<void> => Promise.reject(new Error(`unexpected ${job.name}`));
  return Object.fromEntries(
    (['camera.onboard', 'delivery.drain', 'retention.sweep'] as const).map((name) => [
      name,
      async (job: Job, signal: AbortSignal) => ((some[name] ?? never) as (job: Job, signal: AbortSignal) => Promise<void>)(job, signal),
    ]),
  ) as unknown as JobHandlers;
}

function sum(counts: { waiting: number; active: number; failed: number }): number {
  return counts.waiting + counts.active + counts.failed;
}

async function until(condition: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('what was waited for did not happen');
    await clock.sleep(10);
  }
}
