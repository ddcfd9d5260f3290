/**
 * The queue in the database's own table. A worker claims rows (for update skip locked) until a time that it moves on while
 * the handler runs; a row whose claim has run out is taken again. The number of tries doubles as the fence: who lost a
 * claim finds another number and changes nothing. NOTIFY wakes workers; a poll finds what a lost notification left.
 */
import { createHash } from 'node:crypto';
import { and, asc, count, eq, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type { Database } from '../../contract/database.js';
import type { Job, JobHandlers, Queue } from '../../contract/jobs.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, isAbort, messageOf } from '../../core/errors.js';
import { newId } from '../../core/ids.js';
import { backoffMs } from '../../core/retry.js';
import { queueJobs } from '../../db/schema/platform.js';
import { isUniqueViolation } from '../../db/sql-state.js';
import type { Logger } from '../../telemetry/logger.js';
import { claimMs, defaultAttempts, handle, jobBackoff, keepFailedMs, keyOf, logEveryMs, parseJob, requireWhole } from '../job-rules.js';

type Row = typeof queueJobs.$inferSelect;

const pollMs = 1_000;
const cleanEveryMs = 60_000;

export function createEmbeddedQueue({ database, clock, log }: { database: Database; clock: Clock; log: Logger }): Queue {
  const { orm } = database;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let unlisten: (() => Promise<void>) | undefined;
  let loggedAtMs = -Infinity;
  let cleanedAtMs = -Infinity;
  let wake = (): void => undefined;

  const at = (ms: number): Date => new Date(ms);

  /** A database that is away is a queue that is away. */
  async function asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof HedgerowError && thrown.code === 'database.unavailable') {
        throw new HedgerowError('queue.unavailable', `The queue does not answer: ${thrown.message}`, { cause: thrown });
      }
      throw thrown;
    }
  }

  function complain(thrown: unknown, message: string): void {
    if (clock.monotonicMs() - loggedAtMs < logEveryMs) return;
    loggedAtMs = clock.monotonicMs();
    log.warn({ error: messageOf(thrown) }, message);
  }

  async function claim(limit: number): Promise<Row[]> {
    const now = clock.nowMs();
    if (clock.monotonicMs() - cleanedAtMs > cleanEveryMs) {
      cleanedAtMs = clock.monotonicMs();
      await orm.delete(queueJobs).where(and(eq(queueJobs.state, 'failed'), lt(queueJobs.runAt, at(now - keepFailedMs))));
    }
    const lost = and(eq(queueJobs.state, 'active'), lt(queueJobs.claimedUntil, at(now)));
    // A job whose every worker died is not tried for ever.
    await orm
      .update(queueJobs)
      .set({ state: 'failed', claimedUntil: null, lastError: 'its worker ended before it was done' })
      .where(and(lost, isNull(queueJobs.everyMs), sql`${queueJobs.attempts} >= ${queueJobs.maxAttempts}`));
    const due = orm
      .select({ id: queueJobs.id })
      .from(queueJobs)
      .where(or(and(eq(queueJobs.state, 'waiting'), lte(queueJobs.runAt, at(now))), lost))
      .orderBy(asc(queueJobs.runAt))
      .limit(limit)
      .for('update', { skipLocked: true });
    return orm
      .update(queueJobs)
      .set({ state: 'active', attempts: sql`${queueJobs.attempts} + 1`, claimedUntil: at(now + claimMs) })
      .where(inArray(queueJobs.id, due))
      .returning();
  }

  const mine = (row: Row) => and(eq(queueJobs.id, row.id), eq(queueJobs.state, 'active'), eq(queueJobs.attempts, row.attempts));

  async function settle(row: Row, outcome: 'done' | 'stopped' | { failed: unknown; final: boolean }): Promise<void> {
    const now = clock.nowMs();
    if (outcome === 'stopped') {
      // The number of tries only grows (it is the fence), so the limit moves on instead.
      await giveBack(row, { runAt: at(now), maxAttempts: row.maxAttempts + 1 });
    } else if (row.everyMs !== null) {
      // The next place in the row of times; those that were missed are left out.
      const late = Math.max(0, now - row.runAt.getTime());
      const runAt = at(row.runAt.getTime() + (Math.floor(late / row.everyMs) + 1) * row.everyMs);
      await giveBack(row, { runAt, lastError: outcome === 'done' ? null : messageOf(outcome.failed) });
    } else if (outcome === 'done') {
      await orm.delete(queueJobs).where(mine(row));
    } else if (outcome.final || row.attempts >= row.maxAttempts) {
      await orm.update(queueJobs).set({ state: 'failed', claimedUntil: null, runAt: at(now), lastError: messageOf(outcome.failed) }).where(mine(row));
    } else {
      await giveBack(row, { runAt: at(now + backoffMs(row.attempts, jobBackoff)), lastError: messageOf(outcome.failed) });
    }
  }

  async function giveBack(row: Row, change: { runAt: Date; maxAttempts?: number; lastError?: string | null }): Promise<void> {
    try {
      await orm.update(queueJobs).set({ state: 'waiting', claimedUntil: null, ...change }).where(mine(row));
    } catch (thrown) {
      // One with the same key waits already, and does the work of both.
      if (!isUniqueViolation(thrown)) throw thrown;
      await orm.delete(queueJobs).where(mine(row));
    }
  }

  async function run(row: Row, handlers: JobHandlers, signal: AbortSignal): Promise<void> {
    let cancel = (): void => undefined;
    const renew = (): void => {
      cancel = clock.after(claimMs / 3, () => {
        orm
          .update(queueJobs)
          .set({ claimedUntil: at(clock.nowMs() + claimMs) })
          .where(mine(row))
          .catch((thrown: unknown) => complain(thrown, 'the claim on a job could not be renewed'));
        renew();
      });
    };
    renew();
    let outcome: Parameters<typeof settle>[1] = 'done';
    let job: Job | undefined;
    try {
      job = parseJob(row.job);
      await handle(handlers, job, signal);
    } catch (thrown) {
      outcome = job && signal.aborted && isAbort(thrown) ? 'stopped' : { failed: thrown, final: job === undefined };
      if (outcome !== 'stopped') log.warn({ job: row.name, attempt: row.attempts, of: row.maxAttempts, error: messageOf(thrown) }, 'a job failed');
    } finally {
      cancel();
    }
    try {
      await settle(row, outcome);
    } catch (thrown) {
      // The claim runs out and the job runs again: at least once.
      complain(thrown, 'the outcome of a job could not be written down');
    }
  }

  async function untilNext(): Promise<number> {
    const [next] = await orm
      .select({ runAt: queueJobs.runAt })
      .from(queueJobs)
      .where(eq(queueJobs.state, 'waiting'))
      .orderBy(asc(queueJobs.runAt))
      .limit(1);
    return next ? Math.min(pollMs, Math.max(10, next.runAt.getTime() - clock.nowMs())) : pollMs;
  }

  async function take(handlers: JobHandlers, concurrency: number, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => wake(), { once: true });
    while (!signal.aborted) {
      let waitMs = pollMs;
      // From here on every wake-up counts, also one that comes while we are asking.
      const resting = new Promise<void>((resolve) => (wake = resolve));
      try {
        const free = concurrency - running.size;
        const rows = free > 0 ? await claim(free) : [];
        for (const row of rows) {
          const work: Promise<void> = run(row, handlers, signal).finally(() => {
            running.delete(work);
            wake();
          });
          running.add(work);
        }
        if (rows.length > 0 && running.size < concurrency) continue;
        if (free > 0) waitMs = await untilNext();
      } catch (thrown) {
        if (signal.aborted) return;
        complain(thrown, 'jobs could not be taken; trying again');
      }
      if (signal.aborted) return;
      const cancel = clock.after(waitMs, wake);
      await resting;
      cancel();
    }
  }

  return {
    async enqueue(value, options = {}) {
      const job = parseJob(value);
      requireWhole('attempts', options.attempts ?? defaultAttempts, 1);
      requireWhole('delayMs', options.delayMs ?? 0, 0);
      const now = clock.nowMs();
      await asked(async () => {
        await orm
          .insert(queueJobs)
          .values({
            id: newId(),
            name: job.name,
            job,
            dedupeKey: options.dedupeKey ?? null,
            state: 'waiting',
            runAt: at(now + (options.delayMs ?? 0)),
            attempts: 0,
            maxAttempts: options.attempts ?? defaultAttempts,
            createdAt: at(now),
          })
          .onConflictDoNothing();
        if (!options.delayMs) await database.notify('hg_queue', job.name);
      });
    },
    async repeat(value, everyMs) {
      const job = parseJob(value);
      requireWhole('everyMs', everyMs, 100);
      const now = clock.nowMs();
      await asked(async () => {
        await orm
          .insert(queueJobs)
          .values({ id: repeatId(job), name: job.name, job, state: 'waiting', runAt: at(now), attempts: 0, maxAttempts: 1, everyMs, createdAt: at(now) })
          .onConflictDoUpdate({
            target: queueJobs.id,
            // A waiting repeat keeps its time unless the new interval asks for an earlier one.
            set: { everyMs, runAt: sql`case when ${queueJobs.state} = 'waiting' then least(${queueJobs.runAt}, ${at(now + everyMs).toISOString()}::timestamptz) else ${queueJobs.runAt} end` },
          });
        await database.notify('hg_queue', job.name);
      });
    },
    async work(handlers, { concurrency, signal }) {
      if (loop) throw new HedgerowError('process.defect', 'This queue is being worked already.');
      requireWhole('concurrency', concurrency, 1);
      await asked(async () => {
        unlisten = await database.listen('hg_queue', () => wake());
      });
      const both = AbortSignal.any([signal, stopping.signal]);
      loop = take(handlers, concurrency, both);
    },
    counts: () =>
      asked(async () => {
        const rows = await orm.select({ state: queueJobs.state, n: count() }).from(queueJobs).groupBy(queueJobs.state);
        const of = (state: Row['state']): number => rows.find((row) => row.state === state)?.n ?? 0;
        return { waiting: of('waiting'), active: of('active'), failed: of('failed') };
      }),
    probe: () => asked(() => database.probe()),
    async close() {
      stopping.abort(new DOMException('the queue closes', 'AbortError'));
      await loop;
      await Promise.allSettled([...running]);
      await unlisten?.().catch(() => undefined);
    },
  };
}

/** One row a repeated job, whoever asks: an id made of the job (UUID version 8, RFC 9562). */
function repeatId(job: Job): string {
  const hex = createHash('sha256').update(`repeat ${keyOf(job)}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
