/** Tables that alert writes: schedules, rules, alerts, channels, deliveries (the outbox). */
import { boolean, date, doublePrecision, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import type { z } from 'zod';
import type { alertStep, weekly } from '../../contract/alert.js';
import type { ClassCounts, DetectionClass } from '../../contract/detection.js';

export const schedules = pgTable('schedules', {
  id: uuid('id').primaryKey(),
  siteId: uuid('site_id').notNull(),
  name: text('name').notNull(),
  weekly: jsonb('weekly').$type<z.infer<typeof weekly>>().notNull(),
  reason: text('reason').notNull(),
  reviewOn: date('review_on'),
});

export const rules = pgTable(
  'rules',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull(),
    cameraId: uuid('camera_id').notNull(),
    zoneId: uuid('zone_id').notNull(),
    scheduleId: uuid('schedule_id').notNull().references(() => schedules.id),
    name: text('name').notNull(),
    classes: jsonb('classes').$type<DetectionClass[]>().notNull(),
    reason: text('reason').notNull(),
    endsOn: date('ends_on').notNull(),
    dwellMs: integer('dwell_ms').notNull(),
    minHeightRatio: doublePrecision('min_height_ratio').notNull(),
    quietMs: integer('quiet_ms').notNull(),
    enabled: boolean('enabled').notNull(),
    createdAt: time('created_at').notNull(),
    removedAt: time('removed_at'),
  },
  (t) => [index('rules_camera').on(t.cameraId)],
);

export const alerts = pgTable(
  'alerts',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull(),
    cameraId: uuid('camera_id').notNull(),
    cameraName: text('camera_name').notNull(),
    kind: text('kind').$type<'guard-zone' | 'input'>().notNull(),
    ruleId: uuid('rule_id'),
    ruleName: text('rule_name'),
    zoneId: uuid('zone_id'),
    zoneName: text('zone_name'),
    placeName: text('place_name'),
    inputName: text('input_name'),
    state: text('state').$type<'raised' | 'acknowledged' | 'assigned' | 'resolved'>().notNull(),
    raisedAt: time('raised_at').notNull(),
    lastSeenAt: time('last_seen_at').notNull(),
    /** set when the zone was quiet: the next hit is a new happening */
    endedAt: time('ended_at'),
    counts: jsonb('counts').$type<ClassCounts>().notNull(),
    pictureId: uuid('picture_id'),
    noPictureReason: text('no_picture_reason'),
    assignee: text('assignee'),
    resolveReason: text('resolve_reason'),
    steps: jsonb('steps').$type<z.infer<typeof alertStep>[]>().notNull(),
    version: integer('version').notNull(),
  },
  (t) => [index('alerts_site').on(t.siteId, t.id), index('alerts_camera').on(t.cameraId, t.endedAt)],
);

export const channels = pgTable('channels', {
  id: uuid('id').primaryKey(),
  siteId: uuid('site_id'),
  kind: text('kind').$type<'webhook'>().notNull(),
  name: text('name').notNull(),
  url: text('url').notNull(),
  sealedSecret: text('sealed_secret').notNull(),
  enabled: boolean('enabled').notNull(),
  createdAt: time('created_at').notNull(),
  removedAt: time('removed_at'),
});

/** The outbox: written in the transaction of the alert itself. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: uuid('id').primaryKey(),
    alertId: uuid('alert_id').notNull(),
    channelId: uuid('channel_id').notNull(),
    siteId: uuid('site_id').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    body: text('body').notNull(),
    state: text('state').$type<'pending' | 'delivered' | 'dead'>().notNull(),
    attempts: integer('attempts').notNull(),
    nextAttemptAt: time('next_attempt_at'),
    /** a pump that took the row holds it until then */
    claimedUntil: time('claimed_until'),
    lastError: text('last_error'),
    deliveredAt: time('delivered_at'),
    createdAt: time('created_at').notNull(),
  },
  (t) => [uniqueIndex('deliveries_key').on(t.idempotencyKey), index('deliveries_due').on(t.state, t.nextAttemptAt), index('deliveries_alert').on(t.alertId)],
);
