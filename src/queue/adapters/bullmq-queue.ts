/**
 * The queue in Redis, by BullMQ. Jobs are told apart by the same key as in the embedded queue, tries wait by the same
 * backoff, and repeats are job schedulers. Redis being away is an answer (`queue.unavailable`) for who asks, and a line in
 * the log now and then for the worker, which goes on trying; it is never an uncaught error.
 */
import { Queue as BullQueue, UnrecoverableError, WaitingError, Worker, type Job as BullJob } from 'bullmq';
import { Redis } from 'ioredis';
import type { Job, Queue } from '../../contract/jobs.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, isAbort, messageOf } from '../../core/errors.js';
import { backoffMs } from '../../core/retry.js';
import type { Logger } from '../../telemetry/logger.js';
import { claimMs, defaultAttempts, handle, jobBackoff, keepFailedMs, keyOf, logEveryMs, parseJob, requireWhole } from '../job-rules.js';

export interface BullmqOptions {
  /** redis://host:6379 or rediss://user:password@host:6379/0 */
  readonly redisUrl: string;
  /** of the keys in Redis: fleets that share a Redis have different ones */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const queueName = 'jobs';
/** an answer of Redis that takes longer is none */
const answerMs = 5_000;
/** how long running handlers are waited for when Redis does not answer any more */
const closeMs = 4_000;
/** and the rest of the way out, where nothing of ours runs any more */
const farewellMs = 1_000;

export function createBullmqQueue({ redisUrl, prefix, clock, log }: BullmqOptions): Queue {
  const stopping = new AbortController();
  const loggedAtMs = new Map<string, number>();
  let worker: Worker<Job> | undefined;
  let closing: Promise<void> | undefined;

  const clients: Redis[] = [];
  const retryStrategy = (times: number): number => backoffMs(times, { initialMs: 100, factor: 2, capMs: 10_000, jitterRatio: 0.5 });

  function connect(kind: 'asking' | 'working'): Redis {
    const client = new Redis(redisUrl, {
      retryStrategy,
      connectTimeout: answerMs,
      keepAlive: 10_000,
      connectionName: `hedgerow ${kind}`,
      // Who asks gets an answer now; the worker's blocking commands wait for Redis to come back.
      ...(kind === 'asking' ? { maxRetriesPerRequest: 1, commandTimeout: answerMs } : { maxRetriesPerRequest: null }),
    });
    client.on('error', (thrown) => complain(thrown, 'Redis does not answer'));
    clients.push(client);
    return client;
  }

  function complain(thrown: unknown, message: string): void {
    if (closing) return;
    const last = loggedAtMs.get(message) ?? -Infinity;
    if (clock.monotonicMs() - last < logEveryMs) return;
    loggedAtMs.set(message, clock.monotonicMs());
    log.warn({ error: messageOf(thrown) }, message);
  }

  const asking = connect('asking');
  const queue = new BullQueue<Job>(queueName, {
    connection: asking,
    prefix,
    defaultJobOptions: {
      removeOnComplete: true,
      removeOnFail: { age: keepFailedMs / 1000 },
      backoff: { type: 'custom' },
      stackTraceLimit: 1,
    },
  });
  queue.on('error', (thrown) => complain(thrown, 'Redis does not answer'));

  async function asked<T>(work: () => Promise<T>): Promise<T> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(answerMs, () => reject(new Error(`no answer within ${answerMs} ms`)));
    });
    try {
      return await Promise.race([work(), late]);
    } catch (cause) {
      throw new HedgerowError('queue.unavailable', `Redis does not answer: ${messageOf(cause)}`, { cause });
    } finally {
      cancel();
    }
  }

  return {
    async enqueue(value, options = {}) {
      const job = parseJob(value);
      const attempts = options.attempts ?? defaultAttempts;
      requireWhole('attempts', attempts, 1);
      requireWhole('delayMs', options.delayMs ?? 0, 0);
      await asked(() =>
        queue.add(job.name, job, {
          attempts,
          ...(options.delayMs ? { delay: options.delayMs } : {}),
          // While one runs, one more may wait: a wake-up that comes during the work is not lost.
          ...(options.dedupeKey === undefined ? {} : { deduplication: { id: options.dedupeKey, keepLastIfActive: true } }),
        }),
      );
    },
    async repeat(value, everyMs) {
      const job = parseJob(value);
      requireWhole('everyMs', everyMs, 100);
      await asked(() => queue.upsertJobScheduler(keyOf(job), { every: everyMs }, { name: job.name, data: job, opts: { attempts: 1, removeOnFail: true } }));
    },
    async work(handlers, { concurrency, signal }) {
      if (worker) throw new HedgerowError('process.defect', 'This queue is being worked already.');
      requireWhole('concurrency', concurrency, 1);
      const both = AbortSignal.any([signal, stopping.signal]);

      async function process(bullJob: BullJob<Job>, token?: string): Promise<void> {
        let job: Job | undefined;
        try {
          job = parseJob(bullJob.data);
          await handle(handlers, job, both);
        } catch (thrown) {
          if (job && both.aborted && isAbort(thrown)) {
            await bullJob.moveToWait(token);
            throw new WaitingError();
          }
          log.warn({ job: bullJob.name, attempt: bullJob.attemptsMade + 1, of: bullJob.opts.attempts ?? 1, error: messageOf(thrown) }, 'a job failed');
          if (job === undefined) throw new UnrecoverableError(messageOf(thrown));
          throw thrown;
        }
      }

      const made = new Worker<Job>(queueName, process, {
        connection: connect('working'),
        prefix,
        concurrency,
        lockDuration: claimMs,
        stalledInterval: claimMs / 2,
        maxStalledCount: defaultAttempts,
        settings: { backoffStrategy: (attemptsMade) => backoffMs(attemptsMade, jobBackoff) },
      });
      worker = made;
      made.on('error', (thrown) => complain(thrown, 'jobs could not be taken; trying again'));
      // No new job after the signal; the running ones see it themselves.
      both.addEventListener('abort', () => void made.pause(true).catch(() => undefined), { once: true });
      await asked(() => made.waitUntilReady());
    },
    counts: () =>
      asked(async () => {
        const counts = await queue.getJobCounts('wait', 'delayed', 'prioritized', 'active', 'failed');
        const of = (state: string): number => counts[state] ?? 0;
        return { waiting: of('wait') + of('delayed') + of('prioritized'), active: of('active'), failed: of('failed') };
      }),
    async probe() {
      await asked(() => asking.ping());
    },
    close() {
      closing ??= (async () => {
        stopping.abort(new DOMException('the queue closes', 'AbortError'));
        if (worker) await within(closeMs, worker.close(), () => worker?.close(true));
        await within(farewellMs, queue.close(), () => undefined);
        for (const client of clients) client.disconnect();
      })();
      return closing;
    },
  };

  /** Waits for an orderly end as long as Redis answers: one that is gone cannot confirm anything. */
  async function within(ms: number, orderly: Promise<unknown>, otherwise: () => unknown): Promise<void> {
    while ((await settledIn(ms, orderly)) === 'late') {
      if (clients.every((client) => client.status === 'ready')) continue;
      // Forced, it may hang on the same connection.
      await settledIn(farewellMs, Promise.resolve(otherwise()));
      return;
    }
  }

  async function settledIn(ms: number, work: Promise<unknown>): Promise<'settled' | 'late'> {
    let cancel = (): void => undefined;
    const late = new Promise<'late'>((resolve) => (cancel = clock.after(ms, () => resolve('late'))));
    const settled = work.then(() => 'settled' as const, () => 'settled' as const);
    return Promise.race([settled, late]).finally(cancel);
  }
}
