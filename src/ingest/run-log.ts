/**
 * Writes down when a run began, how it ended and what it brought. A database that is away costs the row, not the run:
 * frames go on, and the row is missing.
 */
import { eq, sql } from 'drizzle-orm';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Database } from '../contract/database.js';
import type { RunEnd, StreamInfo } from '../contract/frame-source.js';
import { runs } from '../db/schema/index.js';
import type { Logger } from '../telemetry/logger.js';

/** How long rows of ended runs are kept. */
const keepDays = 90;

export interface RunLog {
  started(run: { runId: string; cameraId: string }): void;
  ended(runId: string, end: RunEnd, stream: StreamInfo | null): void;
  /** Deletes what is older than 90 days. */
  prune(): Promise<void>;
  /** Resolves when everything that was told so far is written or has failed. */
  drain(): Promise<void>;
}

export function createRunLog(parts: { database: Database; workerId: string; clock: Clock; log: Logger }): RunLog {
  const { database, workerId, clock, log } = parts;
  let tail: Promise<void> = Promise.resolve();
  const write = (work: () => Promise<unknown>): void => {
    tail = tail.then(work).then(
      () => undefined,
      (thrown: unknown) => log.warn({ error: messageOf(thrown) }, 'a run could not be written down'),
    );
  };
  return {
    started({ runId, cameraId }) {
      const startedAt = new Date(clock.nowMs());
      write(() => database.orm.insert(runs).values({ id: runId, cameraId, workerId, startedAt }));
    },
    ended(runId, end, stream) {
      const endedAt = new Date(clock.nowMs());
      const { reason: endReason, detail, frames, dropped, bytes } = end;
      const seen = stream && { codec: stream.codec, widthPx: stream.widthPx, heightPx: stream.heightPx };
      write(() => database.orm.update(runs).set({ endedAt, endReason, detail, frames, dropped, bytes, ...seen }).where(eq(runs.id, runId)));
    },
    async prune() {
      await database.orm.delete(runs).where(sql`${runs.endedAt} < now() - ${keepDays} * interval '1 day'`);
    },
    drain: () => tail,
  };
}
