/**
 * Who runs which camera, in the database. Every comparison of times is made with the database's own clock, so that workers
 * with wrong clocks harm nobody. A lease is valid here for less long than there: it is counted from before the question.
 *
 * take:    a row whose end has passed (or that is ours) becomes ours, its epoch grows; rows that others hold locked are skipped
 * renew:   the end of our rows moves on; a row that does not come back is another worker's now
 * release: the end of our rows becomes now
 */
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database, Executor } from '../contract/database.js';
import { leases, runs, workers } from '../db/schema/index.js';

/** A worker that is silent for so many lease times is struck off. */
const forgottenAfterLeases = 6;
/** Rows in one statement; keeps statements small with thousands of cameras. */
const rowsAtOnce = 1_000;
/** Holder of a row that nobody has taken yet. */
const nobody = '00000000-0000-0000-0000-000000000000';

export interface LeaseBook {
  /** Writes this worker down. */
  enroll(host: string, capacity: number): Promise<void>;
  /** Heartbeat, and the end of the held leases moved on. @returns those that are still ours */
  renew(cameraIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Capacities of the workers that live, this one too. */
  liveCapacities(): Promise<readonly number[]>;
  /** Takes at most `most` of the cameras that are free. @returns camera id and epoch */
  take(candidates: readonly string[], most: number): Promise<readonly { cameraId: string; epoch: number }[]>;
  release(cameraIds: readonly string[]): Promise<void>;
  /** Strikes off workers that died, and ends the runs that they left open. @returns how many */
  bury(): Promise<number>;
  /** Gives everything back and strikes this worker off. */
  leave(): Promise<void>;
}

/** @param options.leaseMs how long a lease or a heartbeat holds without being renewed */
export function createLeaseBook(options: { database: Database; workerId: string; leaseMs: number }): LeaseBook {
  const { database, workerId, leaseMs } = options;
  const fromNow = (ms: number) => sql`now() + ${ms} * interval '1 millisecond'`;
  let enrolled = { host: '', capacity: 0 };

  const writeWorker = async (db: Executor): Promise<void> => {
    await db
      .insert(workers)
      .values({ id: workerId, host: enrolled.host, capacity: enrolled.capacity, startedAt: sql`now()`, heartbeatAt: sql`now()` })
      .onConflictDoUpdate({ target: workers.id, set: { heartbeatAt: sql`now()`, capacity: enrolled.capacity } });
  };

  return {
    async enroll(host, capacity) {
      enrolled = { host, capacity };
      await writeWorker(database.orm);
    },
    async renew(cameraIds) {
      await writeWorker(database.orm);
      const ours = new Set<string>();
      for (const part of parts(cameraIds)) {
        const rows = await database.orm
          .update(leases)
          .set({ expiresAt: fromNow(leaseMs) })
          .where(and(eq(leases.workerId, workerId), inArray(leases.cameraId, part)))
          .returning({ cameraId: leases.cameraId });
        for (const row of rows) ours.add(row.cameraId);
      }
      return ours;
    },
    async liveCapacities() {
      const rows = await database.orm
        .select({ capacity: workers.capacity })
        .from(workers)
        .where(sql`${workers.heartbeatAt} > now() - ${leaseMs} * interval '1 millisecond'`);
      return rows.map((r) => r.capacity);
    },
    async take(candidates, most) {
      const taken: { cameraId: string; epoch: number }[] = [];
      for (const part of parts(candidates)) {
        if (taken.length >= most) break;
        const rows = await database.transaction(async (tx) => {
          await tx
            .insert(leases)
            .values(part.map((cameraId) => ({ cameraId, workerId: nobody, expiresAt: new Date(0), epoch: 0 })))
            .onConflictDoNothing();
          const free = await tx
            .select({ cameraId: leases.cameraId })
            .from(leases)
            .where(and(inArray(leases.cameraId, part), sql`(${leases.expiresAt} <= now() or ${leases.workerId} = ${workerId})`))
            .limit(most - taken.length)
            .for('update', { skipLocked: true });
          if (free.length === 0) return [];
          return tx
            .update(leases)
            .set({ workerId, expiresAt: fromNow(leaseMs), epoch: sql`${leases.epoch} + 1` })
            .where(inArray(leases.cameraId, free.map((f) => f.cameraId)))
            .returning({ cameraId: leases.cameraId, epoch: leases.epoch });
        });
        taken.push(...rows);
      }
      return taken;
    },
    async release(cameraIds) {
      for (const part of parts(cameraIds)) {
        await database.orm
          .update(leases)
          .set({ expiresAt: sql`now()` })
          .where(and(eq(leases.workerId, workerId), inArray(leases.cameraId, part)));
      }
    },
    async bury() {
      const dead = await database.orm
        .delete(workers)
        .where(sql`${workers.heartbeatAt} < now() - ${forgottenAfterLeases * leaseMs} * interval '1 millisecond'`)
        .returning({ id: workers.id });
      // Their last words are not known: the end of such a run is the time at which somebody noticed.
      await database.orm
        .update(runs)
        .set({ endedAt: sql`now()`, endReason: 'lost', detail: 'The worker died.' })
        .where(sql`${runs.endedAt} is null and ${runs.workerId} not in (select id from ${workers})`);
      return dead.length;
    },
    async leave() {
      await database.transaction(async (tx) => {
        await tx.update(leases).set({ expiresAt: sql`now()` }).where(and(eq(leases.workerId, workerId), sql`${leases.expiresAt} > now()`));
        await tx.delete(workers).where(eq(workers.id, workerId));
      });
    },
  };
}

function* parts(ids: readonly string[]): Generator<string[]> {
  for (let i = 0; i < ids.length; i += rowsAtOnce) yield ids.slice(i, i + rowsAtOnce);
}
