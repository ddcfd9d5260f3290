/** Rules, schedules, alerts, channels, deliveries. An alert is about a place; it never says who. */
import { z } from 'zod';
import { classCounts, detectionClass } from './detection.js';
import { calendarDate, id, timestamp } from './page.js';

/** Minutes from local midnight, 0..1440; `to` is exclusive. A span over midnight is two spans. */
export const daySpan = z
  .strictObject({ fromMinute: z.number().int().min(0).max(1439), toMinute: z.number().int().min(1).max(1440) })
  .refine((s) => s.fromMinute < s.toMinute, 'ends before it begins; write a span over midnight as two');

/** Spans a day of the week, Monday first, in the site's time zone. */
export const weekly = z.array(z.array(daySpan).max(24)).length(7);

export const newSchedule = z.strictObject({
  siteId: id,
  name: z.string().trim().min(1).max(120),
  weekly,
  /** why it is armed then */
  reason: z.string().trim().max(500).default(''),
  /** when somebody looks at it again; both are needed for round-the-clock arming (DESIGN.md 2.7) */
  reviewOn: calendarDate.nullable().default(null),
});
export type NewSchedule = z.infer<typeof newSchedule>;
export const schedule = newSchedule.extend({ id });
export type Schedule = z.infer<typeof schedule>;

export const newRule = z.strictObject({
  siteId: id,
  name: z.string().trim().min(1).max(120),
  zoneId: id,
  scheduleId: id,
  classes: z.array(detectionClass).min(1).max(4),
  /** why this place is guarded */
  reason: z.string().trim().min(3).max(500),
  /** the last day on which it is armed: a guard zone ends */
  endsOn: calendarDate,
  /** how long something must be in the zone, milliseconds */
  dwellMs: z.number().int().min(0).max(3_600_000).default(0),
  /** smallest height of a detection, share of the picture's height */
  minHeightRatio: z.number().min(0).max(1).default(0.04),
  /** after the zone was empty for this long, the next one is a new happening */
  quietMs: z.number().int().min(1_000).max(3_600_000).default(30_000),
  enabled: z.boolean().default(true),
});
export type NewRule = z.infer<typeof newRule>;
export const rule = newRule.extend({ id, cameraId: id, armed: z.boolean() });
export type Rule = z.infer<typeof rule>;

export const alertStates = ['raised', 'acknowledged', 'assigned', 'resolved'] as const;
export const alertState = z.enum(alertStates);
export const resolveReason = z.enum(['handled', 'false-alarm', 'expected', 'test', 'duplicate', 'equipment']);

export const alertStep = z.object({
  step: z.enum(['raised', 'acknowledged', 'assigned', 'resolved']),
  at: timestamp,
  actor: z.string(),
  note: z.string().nullable(),
});

export const alert = z.object({
  id,
  siteId: id,
  cameraId: id,
  cameraName: z.string(),
  kind: z.enum(['guard-zone', 'input']),
  ruleId: id.nullable(),
  ruleName: z.string().nullable(),
  zoneId: id.nullable(),
  zoneName: z.string().nullable(),
  placeName: z.string().nullable(),
  state: alertState,
  raisedAt: timestamp,
  lastSeenAt: timestamp,
  /** largest number of each class that was in the zone at once */
  counts: classCounts,
  pictureId: id.nullable(),
  /** why there is no picture; null when there is one */
  noPictureReason: z.string().nullable(),
  assignee: z.string().nullable(),
  resolveReason: resolveReason.nullable(),
  steps: z.array(alertStep),
  /** grows with every step; send it back to act on what was seen */
  version: z.number().int(),
});
export type Alert = z.infer<typeof alert>;

export const newChannel = z.strictObject({
  /** null: alerts of every site */
  siteId: id.nullable().default(null),
  kind: z.literal('webhook'),
  name: z.string().trim().min(1).max(120),
  url: z.url({ protocol: /^https?$/ }).max(1000),
  /** key of the HMAC-SHA256 signature; sealed at once, never answered */
  secret: z.string().min(16).max(200),
  enabled: z.boolean().default(true),
});
export type NewChannel = z.infer<typeof newChannel>;
export const channel = newChannel.omit({ secret: true }).extend({ id });
export type Channel = z.infer<typeof channel>;

export const delivery = z.object({
  id,
  alertId: id,
  channelId: id,
  siteId: id,
  /** the same for every try of one delivery: a receiver drops what it has */
  idempotencyKey: z.string(),
  state: z.enum(['pending', 'delivered', 'dead']),
  attempts: z.number().int(),
  nextAttemptAt: timestamp.nullable(),
  lastError: z.string().nullable(),
  deliveredAt: timestamp.nullable(),
  createdAt: timestamp,
});
export type Delivery = z.infer<typeof delivery>;
