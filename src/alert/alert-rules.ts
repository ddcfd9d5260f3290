/**
 * Schedules and rules. Making one enforces DESIGN.md 2.7 (and evaluating it does again, see `guard-boundary.ts`); what is
 * refused stands in the ledger with who asked for it.
 */
import { and, eq, isNull } from 'drizzle-orm';
import { newId } from '../core/ids.js';
import type { NewRule, NewSchedule, Rule, Schedule } from '../contract/alert.js';
import type { AlertRules } from '../contract/alert-ports.js';
import type { Ledger, NewLedgerEntry } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import { actorOf, type Principal } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { places, rules, schedules, sites, zones } from '../db/schema/index.js';
import type { Logger } from '../telemetry/logger.js';
import { pageFrom, pageStart, within } from './alert-row.js';
import { alwaysRefusal, guardRefusal, type GuardRefusal } from './guard-boundary.js';
import { armingOf, loadGuardRules } from './guard-rules.js';
import { addDays, isRoundTheClock, localTime } from './week-schedule.js';

/** A guard zone ends, and a review comes, within a year. */
const longestDays = 366;

export function createAlertRules({ database, ledger, clock, log }: { database: Database; ledger: Ledger; clock: Clock; log: Logger }): AlertRules {
  async function todayAt(siteId: string): Promise<string> {
    const [site] = await database.orm.select({ timeZone: sites.timeZone }).from(sites).where(eq(sites.id, siteId));
    if (!site) throw new HedgerowError('site.unknown', `There is no site ${siteId}.`, { context: { siteId } });
    return localTime(site.timeZone, clock.nowMs())?.date ?? new Date(clock.nowMs()).toISOString().slice(0, 10);
  }

  async function refuse(refusal: GuardRefusal, by: Principal, subject: Pick<NewLedgerEntry, 'action' | 'objectType' | 'objectId'> & { siteId: string }): Promise<never> {
    const { siteId, ...entry } = subject;
    await ledger.append({ ...entry, actor: actorOf(by), outcome: 'refused', details: { siteId, code: refusal.code, reason: refusal.reason } });
    throw new HedgerowError(refusal.code, refusal.reason, { context: { siteId, objectId: subject.objectId } });
  }

  async function scheduleRow(id: string): Promise<typeof schedules.$inferSelect> {
    const [row] = await database.orm.select().from(schedules).where(eq(schedules.id, id));
    if (!row) throw new HedgerowError('schedule.unknown', `There is no schedule ${id}.`, { context: { scheduleId: id } });
    return row;
  }

  async function ruleRow(id: string): Promise<typeof rules.$inferSelect> {
    const [row] = await database.orm.select().from(rules).where(and(eq(rules.id, id), isNull(rules.removedAt)));
    if (!row) throw new HedgerowError('rule.unknown', `There is no rule ${id}.`, { context: { ruleId: id } });
    return row;
  }

  /** Adds whether each rule is armed now. */
  async function ruled(rows: readonly (typeof rules.$inferSelect)[]): Promise<Map<string, boolean>> {
    const facts = await loadGuardRules(database.orm, [...new Set(rows.map((r) => r.cameraId))]);
    return new Map(facts.map((rule) => [rule.id, armingOf(rule, clock.nowMs()).status === 'armed']));
  }

  async function createSchedule(input: NewSchedule, by: Principal): Promise<Schedule> {
    const today = await todayAt(input.siteId);
    const subject = { action: 'schedule.create', objectType: 'site', objectId: input.siteId, siteId: input.siteId };
    if (isRoundTheClock([input.weekly])) {
      const refusal = alwaysRefusal({ scheduleReason: input.reason, reviewOn: input.reviewOn }, today) ?? reviewTooFar(input.reviewOn, today);
      if (refusal) await refuse(refusal, by, subject);
    }
    const row = { id: newId(), ...input };
    await database.orm.insert(schedules).values(row);
    await ledger.append({ ...entryOf(by, 'schedule.create', 'schedule', row.id), details: { siteId: row.siteId, name: row.name, reviewOn: row.reviewOn } });
    return row;
  }

  async function createRule(input: NewRule, by: Principal): Promise<Rule> {
    const today = await todayAt(input.siteId);
    const [found] = await database.orm.select({ zone: zones, place: places }).from(zones).leftJoin(places, eq(places.id, zones.placeId)).where(eq(zones.id, input.zoneId));
    if (!found || found.zone.siteId !== input.siteId) throw new HedgerowError('zone.unknown', `There is no zone ${input.zoneId} on this site.`, { context: { zoneId: input.zoneId } });
    const schedule = await scheduleRow(input.scheduleId);
    if (schedule.siteId !== input.siteId) throw new HedgerowError('schedule.unknown', `There is no schedule ${input.scheduleId} on this site.`, { context: { scheduleId: input.scheduleId } });
    const { zone, place } = found;
    const others = (await loadGuardRules(database.orm, [zone.cameraId])).filter((r) => r.zoneId === zone.id && r.enabled);
    const roundTheClock = isRoundTheClock([schedule.weekly, ...others.map((r) => r.weekly)]);
    const refusal =
      guardRefusal(
        {
          siteId: input.siteId,
          zoneKind: zone.kind,
          zoneSiteId: zone.siteId,
          placeKind: place?.kind ?? null,
          placeSiteId: place?.siteId ?? null,
          consentReference: place?.consentReference ?? null,
          consentUntil: place?.consentUntil ?? null,
          roundTheClock,
          scheduleReason: schedule.reason,
          reviewOn: schedule.reviewOn,
        },
        today,
      ) ?? endRefusal(input.endsOn, today, place?.kind === 'dwelling' ? (place.consentUntil ?? null) : null);
    if (refusal) await refuse(refusal, by, { action: 'rule.create', objectType: 'zone', objectId: zone.id, siteId: input.siteId });
    const row = { ...input, id: newId(), cameraId: zone.cameraId, createdAt: new Date(clock.nowMs()), removedAt: null };
    await database.transaction(async (tx) => {
      await tx.insert(rules).values(row);
      await database.notify('hg_camera', zone.cameraId, tx);
    });
    log.info({ ruleId: row.id, siteId: row.siteId, cameraId: row.cameraId }, 'rule made');
    await ledger.append({
      ...entryOf(by, 'rule.create', 'rule', row.id),
      details: { siteId: row.siteId, cameraId: row.cameraId, zoneId: row.zoneId, scheduleId: row.scheduleId, classes: row.classes.join(' '), endsOn: row.endsOn, reason: row.reason },
    });
    return ruleOf(row, await ruled([row]));
  }

  return {
    async schedules(scope, page) {
      if (scope.length === 0) return { items: [], nextCursor: null };
      const { after, by, limit } = pageStart('schedules', schedules.id, page, 'oldest');
      const site = page.siteId === undefined ? undefined : eq(schedules.siteId, page.siteId);
      const rows = await database.orm.select().from(schedules).where(and(within(schedules.siteId, scope), site, after)).orderBy(by).limit(limit);
      return pageFrom('schedules', rows, page, (row) => row);
    },
    schedule: scheduleRow,
    createSchedule,
    async rules(scope, page) {
      if (scope.length === 0) return { items: [], nextCursor: null };
      const { after, by, limit } = pageStart('rules', rules.id, page, 'oldest');
      const site = page.siteId === undefined ? undefined : eq(rules.siteId, page.siteId);
      const rows = await database.orm.select().from(rules).where(and(isNull(rules.removedAt), within(rules.siteId, scope), site, after)).orderBy(by).limit(limit);
      const armed = await ruled(rows);
      return pageFrom('rules', rows, page, (row) => ruleOf(row, armed));
    },
    async rule(id) {
      const row = await ruleRow(id);
      return ruleOf(row, await ruled([row]));
    },
    createRule,
    async removeRule(id, by) {
      const row = await ruleRow(id);
      await database.transaction(async (tx) => {
        await tx.update(rules).set({ removedAt: new Date(clock.nowMs()) }).where(and(eq(rules.id, id), isNull(rules.removedAt)));
        await database.notify('hg_camera', row.cameraId, tx);
      });
      await ledger.append({ ...entryOf(by, 'rule.remove', 'rule', id), details: { siteId: row.siteId, cameraId: row.cameraId, zoneId: row.zoneId } });
    },
  };
}

function reviewTooFar(reviewOn: string | null, today: string): GuardRefusal | null {
  if (reviewOn === null || reviewOn <= addDays(today, longestDays)) return null;
  return { code: 'schedule.always', reason: `A schedule that arms round the clock is looked at again within ${longestDays} days; ${reviewOn} is later.` };
}

function endRefusal(endsOn: string, today: string, consentUntil: string | null): GuardRefusal | null {
  if (endsOn < today) return { code: 'rule.boundary', reason: `The rule would have ended on ${endsOn} already.` };
  if (endsOn > addDays(today, longestDays)) return { code: 'rule.boundary', reason: `A guard zone ends within ${longestDays} days; ${endsOn} is later.` };
  if (consentUntil !== null && endsOn > consentUntil) return { code: 'rule.boundary', reason: `The resident's consent ends on ${consentUntil}, before the rule does.` };
  return null;
}

function ruleOf(row: typeof rules.$inferSelect, armed: ReadonlyMap<string, boolean>): Rule {
  const { id, siteId, cameraId, zoneId, scheduleId, name, classes, reason, endsOn, dwellMs, minHeightRatio, quietMs, enabled } = row;
  return { id, siteId, cameraId, zoneId, scheduleId, name, classes, reason, endsOn, dwellMs, minHeightRatio, quietMs, enabled, armed: armed.get(id) ?? false };
}

function entryOf(by: Principal, action: string, objectType: string, objectId: string): NewLedgerEntry {
  return { actor: actorOf(by), action, objectType, objectId, outcome: 'ok' };
}
