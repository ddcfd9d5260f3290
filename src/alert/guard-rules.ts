/**
 * Reads rules with everything that decides whether they are armed (schedule, zone, place, site), and decides it. Reads
 * the tables of register; writes nothing.
 */
import { and, inArray, isNull, eq } from 'drizzle-orm';
import type { Executor } from '../contract/database.js';
import type { DetectionClass } from '../contract/detection.js';
import { cameras, places, rules, schedules, sites, zones } from '../db/schema/index.js';
import { guardRefusal, type GuardFacts, type GuardRefusal } from './guard-boundary.js';
import { holds, isRoundTheClock, localTime, type Week } from './week-schedule.js';

export interface GuardRule extends GuardFacts {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  readonly cameraId: string;
  readonly zoneId: string;
  readonly zoneName: string;
  readonly placeName: string | null;
  readonly weekly: Week;
  readonly classes: readonly DetectionClass[];
  readonly endsOn: string;
  readonly dwellMs: number;
  readonly minHeightRatio: number;
  readonly quietMs: number;
  readonly enabled: boolean;
  readonly sampleIntervalMs: number;
}

export type Arming = { readonly status: 'armed' } | { readonly status: 'idle' } | ({ readonly status: 'refused' } & GuardRefusal);

/** Rules of some cameras, oldest first; a camera that is out of service has none. */
export async function loadGuardRules(executor: Executor, cameraIds: readonly string[]): Promise<GuardRule[]> {
  if (cameraIds.length === 0) return [];
  const rows = await executor
    .select({
      id: rules.id,
      name: rules.name,
      siteId: rules.siteId,
      timeZone: sites.timeZone,
      cameraId: rules.cameraId,
      zoneId: rules.zoneId,
      zoneName: zones.name,
      zoneKind: zones.kind,
      zoneSiteId: zones.siteId,
      placeName: places.name,
      placeKind: places.kind,
      placeSiteId: places.siteId,
      consentReference: places.consentReference,
      consentUntil: places.consentUntil,
      weekly: schedules.weekly,
      scheduleReason: schedules.reason,
      reviewOn: schedules.reviewOn,
      classes: rules.classes,
      endsOn: rules.endsOn,
      dwellMs: rules.dwellMs,
      minHeightRatio: rules.minHeightRatio,
      quietMs: rules.quietMs,
      enabled: rules.enabled,
      sampleIntervalMs: cameras.sampleIntervalMs,
    })
    .from(rules)
    .innerJoin(sites, eq(sites.id, rules.siteId))
    .innerJoin(cameras, eq(cameras.id, rules.cameraId))
    .innerJoin(zones, and(eq(zones.id, rules.zoneId), eq(zones.cameraId, rules.cameraId)))
    .innerJoin(schedules, eq(schedules.id, rules.scheduleId))
    .leftJoin(places, eq(places.id, zones.placeId))
    .where(and(inArray(rules.cameraId, [...cameraIds]), isNull(rules.removedAt), isNull(cameras.removedAt)))
    .orderBy(rules.id);
  const always = roundTheClockZones(rows);
  return rows.map((row) => ({ ...row, roundTheClock: always.has(row.zoneId) }));
}

/** Zones that their enabled rules, taken together, arm round the clock. */
function roundTheClockZones(rows: readonly { zoneId: string; weekly: Week; enabled: boolean }[]): Set<string> {
  const weeks = new Map<string, Week[]>();
  for (const row of rows) if (row.enabled) weeks.set(row.zoneId, [...(weeks.get(row.zoneId) ?? []), row.weekly]);
  return new Set([...weeks].filter(([, of]) => isRoundTheClock(of)).map(([zoneId]) => zoneId));
}

/** Whether a rule is armed at a time. The boundary is asked for every enabled rule that has not ended. */
export function armingOf(rule: GuardRule, atMs: number): Arming {
  const local = localTime(rule.timeZone, atMs);
  if (!rule.enabled || !local || local.date > rule.endsOn) return { status: 'idle' };
  const refusal = guardRefusal(rule, local.date);
  if (refusal) return { status: 'refused', ...refusal };
  return holds(rule.weekly, local) ? { status: 'armed' } : { status: 'idle' };
}
