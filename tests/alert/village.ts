/** A site with a guarded pump station, written straight into the tables, and samples to hand in. */
import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import type { NewRule, NewSchedule } from '../../src/contract/alert.js';
import type { Sample, ZoneHit } from '../../src/contract/analysis.js';
import type { Database } from '../../src/contract/database.js';
import type { Principal } from '../../src/contract/principal.js';
import type { PlaceKind } from '../../src/contract/site.js';
import { newId } from '../../src/core/ids.js';
import { cameras, places, rules, schedules, sites, zones } from '../../src/db/schema/index.js';

export const operator: Principal = { id: randomUUID(), name: 'wang', kind: 'user', grants: [{ role: 'operator', siteId: null }] };
export const admin: Principal = { id: randomUUID(), name: 'root', kind: 'user', grants: [{ role: 'admin', siteId: null }] };

/** Armed all day, every day. */
export const always: NewSchedule['weekly'] = Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 1440 }]);
/** Armed from 00:00 to 20:00: not round the clock. */
export const mostly: NewSchedule['weekly'] = Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 1200 }]);
export const never: NewSchedule['weekly'] = Array.from({ length: 7 }, () => []);

export interface Village {
  readonly siteId: string;
  readonly placeId: string;
  readonly cameraId: string;
  readonly zoneId: string;
  readonly scheduleId: string;
  readonly ruleId: string;
}

export interface VillageOptions {
  readonly timeZone?: string;
  readonly placeKind?: PlaceKind;
  readonly consent?: { reference: string; until: string } | null;
  readonly zoneKind?: 'guard' | 'privacy' | 'ignore';
  /** false: the zone is bound to no place */
  readonly bound?: boolean;
  readonly schedule?: Partial<NewSchedule>;
  readonly rule?: Partial<NewRule> | null;
  readonly sampleIntervalMs?: number;
}

export async function settle(database: Database, options: VillageOptions = {}): Promise<Village> {
  const [siteId, placeId, cameraId, zoneId, scheduleId, ruleId] = [newId(), newId(), newId(), newId(), newId(), newId()];
  const now = new Date(Date.UTC(2026, 0, 1));
  const { orm } = database;
  await orm.insert(sites).values({ id: siteId, name: `village ${siteId}`, timeZone: options.timeZone ?? 'UTC', boundary: [], requireDetector: false, retentionDays: 30, createdAt: now });
  await orm.insert(places).values({
    id: placeId,
    siteId,
    kind: options.placeKind ?? 'pump-station',
    name: 'Pump house',
    position: null,
    consentReference: options.consent?.reference ?? null,
    consentUntil: options.consent?.until ?? null,
  });
  await addCamera(database, siteId, cameraId, options.sampleIntervalMs);
  await addZone(database, { siteId, cameraId, zoneId, placeId: (options.bound ?? true) ? placeId : null, kind: options.zoneKind ?? 'guard' });
  await orm.insert(schedules).values({ id: scheduleId, siteId, name: 'Night', weekly: always, reason: 'thefts of pumps', reviewOn: '2026-12-01', ...options.schedule });
  if (options.rule !== null) await addRule(database, { siteId, cameraId, zoneId, scheduleId, ruleId }, options.rule);
  return { siteId, placeId, cameraId, zoneId, scheduleId, ruleId };
}

export async function addCamera(database: Database, siteId: string, cameraId: string, sampleIntervalMs = 500): Promise<void> {
  const now = new Date(Date.UTC(2026, 0, 1));
  await database.orm.insert(cameras).values({
    id: cameraId,
    siteId,
    name: `Pump ${cameraId.slice(-12)}`,
    protocol: 'rtsp',
    address: 'rtsp://192.168.1.20/1',
    purpose: 'theft of pumps',
    owner: 'water board',
    legalBasis: 'by-law 7',
    reviewOn: '2026-12-01',
    sampleIntervalMs,
    enabled: true,
    onboarding: [],
    createdAt: now,
    updatedAt: now,
  });
}

export async function addZone(database: Database, zone: { siteId: string; cameraId: string; zoneId: string; placeId: string | null; kind?: 'guard' | 'privacy' | 'ignore' }): Promise<void> {
  const { siteId, cameraId, zoneId, placeId, kind } = zone;
  await database.orm.insert(zones).values({ id: zoneId, cameraId, siteId, kind: kind ?? 'guard', name: 'Pump door', polygon: [[0, 0], [1, 0], [1, 1]], placeId });
}

export async function addRule(database: Database, at: Omit<Village, 'placeId'>, over: Partial<NewRule> = {}): Promise<void> {
  const { siteId, cameraId, zoneId, scheduleId, ruleId } = at;
  await database.orm.insert(rules).values({
    id: ruleId,
    siteId,
    cameraId,
    zoneId,
    scheduleId,
    name: 'Pump',
    classes: ['person', 'vehicle'],
    reason: 'thefts of pumps',
    endsOn: '2026-12-31',
    dwellMs: 0,
    minHeightRatio: 0.04,
    quietMs: 30_000,
    enabled: true,
    createdAt: new Date(Date.UTC(2026, 0, 1)),
    ...over,
  });
}

export function hit(zoneId: string, counts: ZoneHit['counts'] = { person: 1 }, tallestRatio = 0.3): ZoneHit {
  return { zoneId, counts, tallestRatio };
}

export function sampleOf(village: Village, atMs: number, hits: readonly ZoneHit[], over: Partial<Sample> = {}): Sample {
  return {
    cameraId: village.cameraId,
    siteId: village.siteId,
    runId: randomUUID(),
    sequence: 0,
    capturedAtMs: null,
    receivedAtMs: atMs,
    detections: [],
    counts: {},
    hits,
    changeRatio: 0,
    maskRatio: 0,
    picture: { status: 'not-due' },
    pictureStatus: 'ready',
    pictureReason: null,
    detector: 'onnx',
    meanLuma: 110,
    ...over,
  };
}

/** Waits for something that a real database or socket does; looks every few milliseconds. */
export function eventually<T>(look: () => T | Promise<T>, timeout = 5_000): Promise<T> {
  return vi.waitFor(look, { timeout, interval: 5 });
}
