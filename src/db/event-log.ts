/**
 * The stream events: rows with a growing number, kept for a day, told to every process by NOTIFY.
 *
 * Order without gaps. A bigserial is handed out before the commit, so on Postgres number 8 may become visible before
 * number 7, and a reader that has passed 8 would never see 7. Therefore `append` takes a transaction-wide advisory lock
 * before it takes its number: whoever holds number n commits before n + 1 is handed out. A rolled-back transaction leaves
 * a hole that nobody ever fills. Append last in a transaction: the lock is held to its end.
 */
import { asc, gt, inArray, lt, sql } from 'drizzle-orm';
import type { Database, EventLog, Executor } from '../contract/database.js';
import { streamEvent, type NewStreamEvent, type StreamEvent } from '../contract/events.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { events } from './schema/platform.js';

/** Any number that nobody else uses as an advisory lock in the same database. */
const orderLock = 4_107_002;
const keepMs = 24 * 3_600_000;
const readAtOnce = 500;
const pruneAtOnce = 5_000;
/** a lost notification costs no more than this */
const pollMs = 5_000;

export interface RunningEventLog extends EventLog {
  /** Begins to hand live events to subscribers. Throws `database.unavailable`. */
  start(): Promise<void>;
  /** Deletes rows that are older than a day. @returns how many */
  prune(): Promise<number>;
  close(): Promise<void>;
}

export function createEventLog({ database, clock, log }: { database: Database; clock: Clock; log: Logger }): RunningEventLog {
  const subscribers = new Set<(event: StreamEvent) => void>();
  let lastSeq = 0;
  let started = false;
  let closed = false;
  /** the reading that is under way, and whether something was told since it began */
  let reading: Promise<void> | undefined;
  let again = false;
  let unlisten: (() => Promise<void>) | undefined;
  let cancelPoll = (): void => undefined;

  async function insert(event: NewStreamEvent, executor: Executor): Promise<void> {
    await executor.execute(sql`select pg_advisory_xact_lock(${orderLock})`);
    await executor.insert(events).values({ at: new Date(clock.nowMs()), siteId: event.siteId, type: event.type, data: event.data });
    await database.notify('hg_event', '', executor);
  }

  async function rows(seq: number, limit: number): Promise<{ seq: number; event: StreamEvent | undefined }[]> {
    const found = await database.orm.select().from(events).where(gt(events.seq, seq)).orderBy(asc(events.seq)).limit(limit);
    return found.map((row) => {
      const parsed = streamEvent.safeParse({ seq: row.seq, at: toRfc3339(row.at.getTime()), siteId: row.siteId, type: row.type, data: row.data });
      if (!parsed.success) log.warn({ seq: row.seq, type: row.type }, 'a stream event has a form that this version does not know');
      return { seq: row.seq, event: parsed.data };
    });
  }

  async function read(): Promise<void> {
    for (;;) {
      const page = await rows(lastSeq, readAtOnce);
      for (const { seq, event } of page) {
        if (closed) return;
        lastSeq = seq;
        if (event) for (const subscriber of [...subscribers]) tell(subscriber, event);
      }
      if (page.length < readAtOnce) return;
    }
  }

  function tell(subscriber: (event: StreamEvent) => void, event: StreamEvent): void {
    try {
      subscriber(event);
    } catch (thrown) {
      log.error({ type: event.type, error: messageOf(thrown) }, 'a subscriber of stream events failed');
    }
  }

  function wake(): void {
    again = true;
    if (reading || closed || !started) return;
    reading = (async () => {
      while (again && !closed) {
        again = false;
        await read();
      }
    })()
      .catch((thrown: unknown) => {
        if (!closed) log.warn({ error: messageOf(thrown) }, 'stream events could not be read; trying again');
      })
      .finally(() => (reading = undefined));
  }

  function poll(): void {
    cancelPoll = clock.after(pollMs, () => {
      wake();
      if (!closed) poll();
    });
  }

  async function latestSeq(): Promise<number> {
    const [row] = await database.orm.select({ seq: sql<number | string>`coalesce(max(${events.seq}), 0)` }).from(events);
    return Number(row?.seq ?? 0);
  }

  return {
    async append(event, executor) {
      if (executor && executor !== database.orm) await insert(event, executor);
      else await database.transaction((tx) => insert(event, tx));
    },
    async after(seq, limit) {
      return (await rows(seq, limit)).flatMap(({ event }) => event ?? []);
    },
    latestSeq,
    subscribe(onEvent) {
      // A wrapper of its own: the same function may subscribe twice.
      const own = (event: StreamEvent): void => onEvent(event);
      subscribers.add(own);
      return () => void subscribers.delete(own);
    },
    async start() {
      if (started) return;
      unlisten = await database.listen('hg_event', wake);
      lastSeq = await latestSeq();
      started = true;
      wake();
      poll();
    },
    async prune() {
      const before = new Date(clock.nowMs() - keepMs);
      for (let pruned = 0; ; ) {
        const old = database.orm.select({ seq: events.seq }).from(events).where(lt(events.at, before)).limit(pruneAtOnce);
        const gone = await database.orm.delete(events).where(inArray(events.seq, old)).returning({ seq: events.seq });
        pruned += gone.length;
        if (gone.length < pruneAtOnce || closed) return pruned;
      }
    },
    async close() {
      closed = true;
      cancelPoll();
      subscribers.clear();
      await unlisten?.().catch(() => undefined);
      await reading;
    },
  };
}
