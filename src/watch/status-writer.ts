/** Reads and writes `camera_status`: the row and its event in one transaction; frame times in one statement for many. */
import { and, count, eq, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { Database, EventLog } from '../contract/database.js';
import { cameraStates, type CameraState } from '../contract/camera.js';
import { toRfc3339 } from '../core/clock.js';
import { cameras, cameraStatus } from '../db/schema/index.js';

/** Without the moved view: the writer notes that by itself. */
export type StatusRow = Omit<typeof cameraStatus.$inferSelect, 'movedViewVersion'>;

export interface LoadedCamera {
  readonly siteId: string;
  readonly protocol: 'onvif' | 'rtsp';
  readonly sampleIntervalMs: number;
  readonly status: StatusRow | null;
}

export interface StatusWriter {
  /** @returns undefined when there is no such camera */
  load(cameraId: string): Promise<LoadedCamera | undefined>;
  /** Row and event, together. */
  write(row: StatusRow): Promise<void>;
  /** Frame times and clock offsets only, without an event. @returns the states that stand in the rows, by camera */
  touch(rows: readonly Pick<StatusRow, 'cameraId' | 'lastFrameAt' | 'clockSkewMs'>[], now: Date): Promise<ReadonlyMap<string, CameraState>>;
  /** Marks cameras that claim to run, of which nobody wrote a frame since `cutoff`. @returns how many */
  markSilent(cutoff: Date, now: Date, reason: string): Promise<number>;
  counts(): Promise<Record<CameraState, number>>;
}

export function createStatusWriter({ database, events }: { database: Database; events: EventLog }): StatusWriter {
  const eventOf = (row: StatusRow) => ({
    type: 'camera.state' as const,
    siteId: row.siteId,
    data: {
      id: row.cameraId,
      siteId: row.siteId,
      state: row.state,
      stateReason: row.reason,
      stateSince: toRfc3339(row.since.getTime()),
      pictureStatus: row.pictureStatus,
      pictureReason: row.pictureReason,
      detector: row.detector,
    },
  });

  return {
    async load(cameraId) {
      const [found] = await database.orm
        .select({ siteId: cameras.siteId, protocol: cameras.protocol, sampleIntervalMs: cameras.sampleIntervalMs, status: cameraStatus })
        .from(cameras)
        .leftJoin(cameraStatus, eq(cameraStatus.cameraId, cameras.id))
        .where(eq(cameras.id, cameraId));
      return found;
    },

    async write(row) {
      await database.transaction(async (tx) => {
        // Never taken back here: a newer view that somebody confirmed makes it void.
        const moved = row.pictureStatus === 'moved' ? { movedViewVersion: sql<number>`(select ${cameras.viewVersion} from ${cameras} where ${cameras.id} = ${row.cameraId})` } : {};
        const values = { ...row, ...moved };
        await tx.insert(cameraStatus).values(values).onConflictDoUpdate({ target: cameraStatus.cameraId, set: values });
        await events.append(eventOf(row), tx);
      });
    },

    async touch(rows, now) {
      if (rows.length === 0) return new Map();
      const values = rows.map((r) => sql`(${r.cameraId}::uuid, ${r.lastFrameAt?.toISOString() ?? null}::timestamptz, ${r.clockSkewMs}::double precision)`);
      await database.orm.execute(sql`
        update camera_status as s set last_frame_at = greatest(s.last_frame_at, v.last_frame_at), clock_skew_ms = coalesce(v.clock_skew_ms, s.clock_skew_ms), updated_at = ${now.toISOString()}::timestamptz
        from (values ${sql.join(values, sql`, `)}) as v(camera_id, last_frame_at, clock_skew_ms) where s.camera_id = v.camera_id`);
      const ids = rows.map((r) => r.cameraId);
      const states = await database.orm.select({ cameraId: cameraStatus.cameraId, state: cameraStatus.state }).from(cameraStatus).where(inArray(cameraStatus.cameraId, ids));
      return new Map(states.map((r) => [r.cameraId, r.state]));
    },

    async markSilent(cutoff, now, reason) {
      const silent = await database.orm
        .select({ cameraId: cameraStatus.cameraId, enabled: cameras.enabled })
        .from(cameraStatus)
        .innerJoin(cameras, eq(cameras.id, cameraStatus.cameraId))
        .where(
          and(
            inArray(cameraStatus.state, ['online', 'good']),
            lt(cameraStatus.lastFrameAt, sql`least(${cutoff.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz - ${cameras.sampleIntervalMs} * interval '2.5 milliseconds')`),
            isNull(cameras.removedAt),
          ),
        );
      let marked = 0;
      for (const { cameraId, enabled } of silent) {
        marked += await database.transaction(async (tx) => {
          const [row] = await tx.select().from(cameraStatus).where(eq(cameraStatus.cameraId, cameraId)).for('update');
          if (!row || (row.state !== 'online' && row.state !== 'good') || (row.lastFrameAt ?? cutoff) >= cutoff) return 0;
          const next: StatusRow = { ...row, state: 'authenticated', since: now, reason: enabled ? reason : 'The camera is switched off in the inventory.', updatedAt: now };
          await tx.update(cameraStatus).set(next).where(eq(cameraStatus.cameraId, cameraId));
          await events.append(eventOf(next), tx);
          return 1;
        });
      }
      return marked;
    },

    async counts() {
      const rows = await database.orm
        .select({ state: cameraStatus.state, count: count() })
        .from(cameraStatus)
        .innerJoin(cameras, eq(cameras.id, cameraStatus.cameraId))
        .where(isNull(cameras.removedAt))
        .groupBy(cameraStatus.state);
      const counts = Object.fromEntries(cameraStates.map((state) => [state, 0])) as Record<CameraState, number>;
      for (const row of rows) counts[row.state] = row.count;
      return counts;
    },
  };
}
