/**
 * What was counted in samples, written in batches: one statement for at most 100 rows or a quarter of a second. While the
 * database is away rows wait in memory, at most 10,000; then the oldest are dropped and counted.
 */
import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import type { Sample } from '../contract/analysis.js';
import type { Database } from '../contract/database.js';
import type { Page } from '../contract/page.js';
import type { Observation } from '../contract/picture.js';
import type { ObservationStore } from '../contract/store-ports.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { backoffMs } from '../core/retry.js';
import { observations } from '../db/schema/store.js';
import type { Logger } from '../telemetry/logger.js';
import { cursorOf, placeOf } from './page-cursors.js';
import { sitesOf } from './picture-store.js';

interface Waiting {
  readonly row: typeof observations.$inferInsert;
  readonly tell: () => void;
}

const batchRows = 100;
const batchMs = 250;
const keepRows = 10_000;
const backoff = { initialMs: 500, factor: 2, capMs: 15_000, jitterRatio: 0.5 };

export interface RunningObservationStore extends ObservationStore {
  /** Writes what waits, now. Rejects with `database.unavailable`; the rows then go on waiting. */
  flush(): Promise<void>;
  /** Rows that were dropped because the database was away for too long, since the start. */
  dropped(): number;
  close(): Promise<void>;
}

export function createObservationStore({ database, clock, log }: { database: Database; clock: Clock; log: Logger }): RunningObservationStore {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let failures = 0;
  let droppedRows = 0;
  let closed = false;

  function schedule(delayMs: number): void {
    if (cancelTimer || closed) return;
    cancelTimer = clock.after(delayMs, () => {
      cancelTimer = undefined;
      flush().catch(() => undefined);
    });
  }

  /** One writer at a time; who waits for a batch is told when it was written or has failed: nobody stands still on a lost database. */
  function flush(): Promise<void> {
    writing ??= write().finally(() => {
      writing = undefined;
      if (waiting.length > 0) schedule(failures > 0 ? backoffMs(failures, backoff) : batchMs);
    });
    return writing;
  }

  async function write(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchRows);
      try {
        await database.orm.insert(observations).values(batch.map(({ row }) => row)).onConflictDoNothing();
      } catch (thrown) {
        failures++;
        if (failures === 1 || failures % 10 === 0) log.warn({ waiting: waiting.length, error: messageOf(thrown) }, 'observations could not be written; they wait');
        for (const { tell } of waiting) tell();
        throw thrown;
      }
      failures = 0;
      const written = new Set(batch);
      // The oldest of the batch may have been dropped meanwhile.
      waiting = waiting.filter((one) => !written.has(one));
      for (const { tell } of batch) tell();
    }
  }

  return {
    record(sample: Sample, pictureId: string | null) {
      let tell = (): void => undefined;
      // While the database is away nobody is held up: the row waits here, its camera goes on.
      const heard = failures > 0 ? Promise.resolve() : new Promise<void>((resolve) => (tell = resolve));
      const row = {
        id: newId(),
        siteId: sample.siteId,
        cameraId: sample.cameraId,
        at: new Date(sample.receivedAtMs),
        counts: sample.counts,
        zones: sample.hits.map(({ zoneId, counts }) => ({ zoneId, counts })),
        maskRatio: sample.maskRatio,
        changeRatio: sample.changeRatio,
        pictureId,
      };
      waiting.push({ row, tell });
      if (waiting.length > keepRows) {
        waiting.shift()?.tell();
        droppedRows++;
        if (droppedRows === 1 || droppedRows % 1_000 === 0) log.error({ dropped: droppedRows }, 'observations were dropped: the database is away for too long');
      }
      if (failures === 0 && waiting.length >= batchRows) flush().catch(() => undefined);
      else if (!writing) schedule(batchMs);
      return heard;
    },
    async observations(scope, page): Promise<Page<Observation>> {
      const sitesWanted = sitesOf(scope, page.siteId);
      if (sitesWanted !== 'all' && sitesWanted.length === 0) return { items: [], nextCursor: null };
      const after = page.cursor === undefined ? undefined : placeOf(page.cursor);
      const rows = await database.orm
        .select()
        .from(observations)
        .where(
          and(
            sitesWanted === 'all' ? undefined : inArray(observations.siteId, [...sitesWanted]),
            page.cameraId === undefined ? undefined : eq(observations.cameraId, page.cameraId),
            after && sql`(${observations.at}, ${observations.id}) < (${new Date(after.atMs).toISOString()}::timestamptz, ${after.id}::uuid)`,
          ),
        )
        .orderBy(desc(observations.at), desc(observations.id))
        .limit(page.limit + 1);
      const items = rows.slice(0, page.limit);
      const last = items.at(-1);
      return {
        items: items.map((row) => ({ ...row, at: toRfc3339(row.at.getTime()) })),
        nextCursor: rows.length > page.limit && last ? cursorOf({ atMs: last.at.getTime(), id: last.id }) : null,
      };
    },
    flush,
    dropped: () => droppedRows,
    async close() {
      closed = true;
      cancelTimer?.();
      await writing?.catch(() => undefined);
      await flush().catch((thrown: unknown) => log.error({ lost: waiting.length, error: messageOf(thrown) }, 'observations were lost: the database is away at the end'));
      for (const { tell } of waiting.splice(0)) tell();
    },
  };
}
