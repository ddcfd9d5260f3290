/** DESIGN.md 2.7: what may be guarded, when, and for how long. Held when a rule is made and when it is evaluated. */
import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAlertEngine } from '../../src/alert/alert-engine.js';
import { createAlertRules } from '../../src/alert/alert-rules.js';
import type { NewRule } from '../../src/contract/alert.js';
import type { Database } from '../../src/contract/database.js';
import { guardableKinds, placeKind, protectedKinds } from '../../src/contract/site.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createEventLog } from '../../src/db/event-log.js';
import { alerts, zones } from '../../src/db/schema/index.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { admin, always, hit, mostly, never, sampleOf, settle, type Village, type VillageOptions } from '../alert/village.js';
import { memoryDatabase, silentLog } from '../support/databases.js';

const t0 = Date.UTC(2026, 5, 1, 12);
const consent = { reference: 'file 12', until: '2026-12-31' };

describe('guard zones', () => {
  const clock = new SimulatedClock(t0);
  let database: Database;

  beforeAll(async () => {
    database = await memoryDatabase();
  });
  afterAll(() => database.close());

  const newRule = (v: Village): NewRule => ({
    siteId: v.siteId, name: 'Pump', zoneId: v.zoneId, scheduleId: v.scheduleId, classes: ['person'], reason: 'thefts', endsOn: '2026-12-31', dwellMs: 0, minHeightRatio: 0, quietMs: 30_000, enabled: true,
  });

  /** Tries to make a rule by the door. @returns the code of the refusal, or "made" */
  async function make(options: VillageOptions): Promise<string> {
    const v = await settle(database, { schedule: { weekly: mostly }, ...options, rule: null });
    const ledger = createLedger({ database, clock });
    const rules = createAlertRules({ database, ledger, clock, log: silentLog });
    return rules.createRule(newRule(v), admin).then(
      () => 'made',
      async (thrown: unknown) => {
        expect((await ledger.entries({ limit: 1 })).items[0]).toMatchObject({ action: 'rule.create', outcome: 'refused', objectId: v.zoneId });
        return (thrown as { code: string }).code;
      },
    );
  }

  /** Writes the rule past the door, and walks somebody through its zone. @returns how many alerts were raised */
  async function walk(options: VillageOptions, after?: (v: Village) => Promise<unknown>): Promise<{ alerts: number; warnings: object[] }> {
    const v = await settle(database, options);
    await after?.(v);
    const warnings: object[] = [];
    const log = { ...silentLog, warn: (context: object) => void warnings.push(context), info: () => undefined, debug: () => undefined, error: () => undefined };
    const engine = createAlertEngine({ database, events: createEventLog({ database, clock, log: silentLog }), clock, log, metrics: createMetrics() });
    await engine.refresh(v.cameraId);
    for (let s = 0; s < 3; s++) {
      expect(engine.wouldRaise(v.cameraId, [hit(v.zoneId)], t0 + s)).toBe((await engine.observe(sampleOf(v, t0 + s, [hit(v.zoneId)]), randomUUID())).length > 0);
    }
    await engine.close();
    return { alerts: (await database.orm.select().from(alerts).where(eq(alerts.cameraId, v.cameraId))).length, warnings };
  }

  it('every kind of place is either guardable or protected', () => {
    expect([...guardableKinds, ...protectedKinds].sort()).toEqual([...placeKind.options].sort());
    expect(guardableKinds.filter((kind) => (protectedKinds as readonly string[]).includes(kind))).toEqual([]);
  });

  it.each(guardableKinds)('a %s can be guarded', async (kind) => {
    expect(await make({ placeKind: kind })).toBe('made');
  });

  it.each(protectedKinds)('a %s is never guarded, neither made nor evaluated', async (kind) => {
    expect(await make({ placeKind: kind })).toBe('rule.boundary');
    const walked = await walk({ placeKind: kind });
    expect(walked.alerts).toBe(0);
    expect(walked.warnings).toEqual([expect.objectContaining({ code: 'rule.boundary' })]); // said once, not with every sample
  });

  it.each(protectedKinds.filter((kind) => kind !== 'dwelling'))('a consent does not open a %s', async (kind) => {
    expect(await make({ placeKind: kind, consent })).toBe('rule.boundary');
    expect((await walk({ placeKind: kind, consent })).alerts).toBe(0);
  });

  it('a dwelling only while its resident consents', async () => {
    expect(await make({ placeKind: 'dwelling', consent })).toBe('made');
    expect((await walk({ placeKind: 'dwelling', consent })).alerts).toBe(1);
    expect(await make({ placeKind: 'dwelling', consent: { ...consent, until: '2026-05-31' } })).toBe('rule.boundary');
    expect((await walk({ placeKind: 'dwelling', consent: { ...consent, until: '2026-05-31' } })).alerts).toBe(0);
    // The rule may not outlive the consent.
    expect(await make({ placeKind: 'dwelling', consent: { ...consent, until: '2026-12-30' } })).toBe('rule.boundary');
  });

  it.each(['privacy', 'ignore'] as const)('a zone of the kind %s never alerts', async (zoneKind) => {
    expect(await make({ zoneKind })).toBe('rule.boundary');
    expect((await walk({ zoneKind })).alerts).toBe(0);
  });

  it('a zone without a registered place never alerts, nor one whose place stands on another site', async () => {
    expect(await make({ bound: false })).toBe('rule.boundary');
    expect((await walk({ bound: false })).alerts).toBe(0);
    const elsewhere = await settle(database, { rule: null });
    const moved = await walk({}, (v) => database.orm.update(zones).set({ placeId: elsewhere.placeId }).where(eq(zones.id, v.zoneId)));
    expect(moved.alerts).toBe(0);
  });

  it('not round the clock without a reason and a review date, and not past the review', async () => {
    const good = { weekly: always, reason: 'thefts at all hours', reviewOn: '2026-09-01' };
    expect(await make({ schedule: good })).toBe('made');
    expect((await walk({ schedule: good })).alerts).toBe(1);
    for (const bad of [{ reason: '' }, { reason: '  ' }, { reviewOn: null }, { reviewOn: '2026-05-31' }]) {
      expect(await make({ schedule: { ...good, ...bad } })).toBe('schedule.always');
      const walked = await walk({ schedule: { ...good, ...bad } });
      expect(walked.alerts).toBe(0);
      expect(walked.warnings).toEqual([expect.objectContaining({ code: 'schedule.always' })]);
    }
  });

  it('only while its schedule holds, and not after its end', async () => {
    expect((await walk({ schedule: { weekly: mostly } })).alerts).toBe(1);
    expect((await walk({ schedule: { weekly: never } })).alerts).toBe(0);
    expect((await walk({ rule: { endsOn: '2026-05-31' } })).alerts).toBe(0);
    expect((await walk({ rule: { endsOn: '2026-06-01' } })).alerts).toBe(1);
  });

  it('an alert has no place for an identity or a crop', async () => {
    const v = await settle(database);
    const engine = createAlertEngine({ database, events: createEventLog({ database, clock, log: silentLog }), clock, log: silentLog, metrics: createMetrics() });
    const [alert] = await engine.observe(sampleOf(v, t0, [hit(v.zoneId)], { detections: [{ class: 'person', score: 0.9, xPx: 1, yPx: 2, widthPx: 3, heightPx: 4 }] }), null);
    await engine.close();
    expect(Object.keys(alert ?? {}).sort()).toEqual(
      ['assignee', 'cameraId', 'cameraName', 'counts', 'id', 'kind', 'lastSeenAt', 'noPictureReason', 'pictureId', 'placeName', 'raisedAt', 'resolveReason', 'ruleId', 'ruleName', 'siteId', 'state', 'steps', 'version', 'zoneId', 'zoneName'],
    );
    expect(JSON.stringify(alert)).not.toMatch(/xPx|widthPx|score/);
  });
});
