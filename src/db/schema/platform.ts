/** Tables that db and queue write: stream events, the embedded queue. */
import { bigserial, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import { sql } from 'drizzle-orm';
import type { Job } from '../../contract/jobs.js';

export const events = pgTable(
  'events',
  {
    seq: bigserial('seq', { mode: 'number' }).primaryKey(),
    at: time('at').notNull(),
    siteId: uuid('site_id').notNull(),
    type: text('type').notNull(),
    data: jsonb('data').notNull(),
  },
  (t) => [index('events_at').on(t.at)],
);

export const queueJobs = pgTable(
  'queue_jobs',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    job: jsonb('job').$type<Job>().notNull(),
    dedupeKey: text('dedupe_key'),
    state: text('state').$type<'waiting' | 'active' | 'failed'>().notNull(),
    runAt: time('run_at').notNull(),
    /** an active job whose worker did not renew by then is taken again */
    claimedUntil: time('claimed_until'),
    attempts: integer('attempts').notNull(),
    maxAttempts: integer('max_attempts').notNull(),
    lastError: text('last_error'),
    /** repeats: the interval; the row stays and its run time moves on */
    everyMs: integer('every_ms'),
    createdAt: time('created_at').notNull(),
  },
  (t) => [
    index('queue_jobs_due').on(t.state, t.runAt),
    uniqueIndex('queue_jobs_dedupe').on(t.dedupeKey).where(sql`state = 'waiting' and dedupe_key is not null`),
  ],
);
