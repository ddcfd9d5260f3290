/** Tables that ingest writes: workers, leases, runs. */
import { bigint, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';

export const workers = pgTable('workers', {
  id: uuid('id').primaryKey(),
  host: text('host').notNull(),
  startedAt: time('started_at').notNull(),
  heartbeatAt: time('heartbeat_at').notNull(),
  capacity: integer('capacity').notNull(),
});

/** One row a camera. A row whose end has passed may be taken by anybody (for update skip locked). */
export const leases = pgTable(
  'leases',
  {
    cameraId: uuid('camera_id').primaryKey(),
    workerId: uuid('worker_id').notNull(),
    expiresAt: time('expires_at').notNull(),
    /** grows with every change of hands: a worker that was away too long sees that it lost */
    epoch: integer('epoch').notNull(),
  },
  (t) => [index('leases_worker').on(t.workerId)],
);

export const runs = pgTable(
  'runs',
  {
    id: uuid('id').primaryKey(),
    cameraId: uuid('camera_id').notNull(),
    workerId: uuid('worker_id').notNull(),
    startedAt: time('started_at').notNull(),
    endedAt: time('ended_at'),
    endReason: text('end_reason'),
    detail: text('detail'),
    codec: text('codec'),
    widthPx: integer('width_px'),
    heightPx: integer('height_px'),
    frames: integer('frames').notNull().default(0),
    dropped: integer('dropped').notNull().default(0),
    bytes: bigint('bytes', { mode: 'number' }).notNull().default(0),
  },
  (t) => [index('runs_camera').on(t.cameraId, t.startedAt)],
);
