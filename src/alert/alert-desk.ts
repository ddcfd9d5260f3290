/**
 * What people do with alerts: raised → acknowledged → assigned → resolved, every step with who and when. The row is locked
 * for a step, so of two operators who press at once one wins and the other is told who did. Assigning or resolving an
 * alert that nobody acknowledged acknowledges it on the way, as a step of its own.
 */
import { and, eq } from 'drizzle-orm';
import type { Alert } from '../contract/alert.js';
import type { AlertDesk } from '../contract/alert-ports.js';
import type { Ledger } from '../contract/auth-ports.js';
import type { Database, EventLog } from '../contract/database.js';
import { actorOf, type Principal } from '../contract/principal.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { alerts } from '../db/schema/index.js';
import type { Logger } from '../telemetry/logger.js';
import { alertOf, pageFrom, pageStart, within, type AlertRow } from './alert-row.js';

type StepName = 'acknowledged' | 'assigned' | 'resolved';

interface Step {
  readonly name: StepName;
  readonly note: string | undefined;
  readonly version: number | undefined;
  readonly assignee?: string;
  readonly resolveReason?: string;
}

/** From which states a step may be taken. */
const allowedFrom: Record<StepName, readonly AlertRow['state'][]> = {
  acknowledged: ['raised'],
  assigned: ['raised', 'acknowledged', 'assigned'],
  resolved: ['raised', 'acknowledged', 'assigned'],
};

export function createAlertDesk({ database, events, ledger, clock, log }: { database: Database; events: EventLog; ledger: Ledger; clock: Clock; log: Logger }): AlertDesk {
  async function take(id: string, by: Principal, step: Step): Promise<Alert> {
    const alert = await database.transaction(async (tx) => {
      const [row] = await tx.select().from(alerts).where(eq(alerts.id, id)).for('update');
      if (!row) throw unknown(id);
      requireState(row, step);
      const at = toRfc3339(clock.nowMs());
      const steps = [...row.steps];
      if (row.state === 'raised' && step.name !== 'acknowledged') steps.push({ step: 'acknowledged', at, actor: by.name, note: null });
      const said = step.name === 'assigned' ? [`To ${step.assignee ?? ''}`, step.note] : step.name === 'resolved' ? [step.resolveReason, step.note] : [step.note];
      steps.push({ step: step.name, at, actor: by.name, note: said.filter((part) => part !== undefined && part !== '').join(': ') || null });
      const next: AlertRow = {
        ...row,
        state: step.name,
        assignee: step.assignee ?? row.assignee,
        resolveReason: step.resolveReason ?? row.resolveReason,
        steps,
        version: row.version + steps.length - row.steps.length,
      };
      await tx
        .update(alerts)
        .set({ state: next.state, assignee: next.assignee, resolveReason: next.resolveReason, steps, version: next.version })
        .where(eq(alerts.id, id));
      const changed = alertOf(next);
      await events.append({ type: 'alert.changed', siteId: changed.siteId, data: changed }, tx);
      return changed;
    });
    log.info({ alertId: id, step: step.name, by: by.name, version: alert.version }, 'alert step');
    await ledger.append({
      actor: actorOf(by),
      action: `alert.${step.name}`,
      objectType: 'alert',
      objectId: id,
      outcome: 'ok',
      details: { siteId: alert.siteId, version: alert.version, ...(step.assignee && { assignee: step.assignee }), ...(step.resolveReason && { reason: step.resolveReason }) },
    });
    return alert;
  }

  return {
    async alerts(scope, page) {
      if (scope.length === 0) return { items: [], nextCursor: null };
      const { after, by, limit } = pageStart('alerts', alerts.id, page, 'newest');
      const filters = [
        within(alerts.siteId, scope),
        page.siteId === undefined ? undefined : eq(alerts.siteId, page.siteId),
        page.state === undefined ? undefined : eq(alerts.state, page.state),
        page.cameraId === undefined ? undefined : eq(alerts.cameraId, page.cameraId),
        after,
      ];
      const rows = await database.orm.select().from(alerts).where(and(...filters)).orderBy(by).limit(limit);
      return pageFrom('alerts', rows, page, alertOf);
    },
    async alert(id) {
      const [row] = await database.orm.select().from(alerts).where(eq(alerts.id, id));
      if (!row) throw unknown(id);
      return alertOf(row);
    },
    acknowledge: (id, by, { note, version }) => take(id, by, { name: 'acknowledged', note, version }),
    assign: (id, by, { assignee, note, version }) => take(id, by, { name: 'assigned', note, version, assignee }),
    resolve: (id, by, { reason, note, version }) => take(id, by, { name: 'resolved', note, version, resolveReason: reason }),
  };
}

function requireState(row: AlertRow, step: Step): void {
  const last = row.steps.at(-1);
  const context = { alertId: row.id, state: row.state, version: row.version };
  const who = last ? `${last.actor} ${last.step === row.state ? row.state : last.step} it at ${last.at}` : `It is ${row.state}`;
  if (!allowedFrom[step.name].includes(row.state)) throw new HedgerowError('alert.state', `The alert cannot be ${step.name} now: ${who}.`, { context });
  if (step.version !== undefined && step.version !== row.version) {
    throw new HedgerowError('alert.state', `The alert changed since you saw version ${step.version}: ${who}. It is at version ${row.version} now.`, { context });
  }
}

function unknown(id: string): HedgerowError {
  return new HedgerowError('alert.unknown', `There is no alert ${id}.`, { context: { alertId: id } });
}
