/**
 * Writes alerts down. Raising is one transaction: the lock of the zone or contact; a look for an alert that is open
 * already (another worker's, or our own whose commit was not confirmed); the row with its first step; the event; one
 * delivery for every channel in scope. A crash before the commit leaves nothing, one after it leaves everything.
 */
import { and, eq, isNull, or, sql } from 'drizzle-orm';
import type { Alert } from '../contract/alert.js';
import type { Database, EventLog, Executor } from '../contract/database.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { newId } from '../core/ids.js';
import { alerts, cameras, channels, deliveries, places, sites, zones } from '../db/schema/index.js';
import { alertOf, type AlertRow } from './alert-row.js';
import { deliveryBody } from './delivery-body.js';
import { keyOf, largerCounts, sameCounts, type Happening } from './happening.js';

export type Raised =
  | { readonly status: 'raised'; readonly alert: Alert; readonly deliveries: number }
  /** the same happening has an alert already */
  | { readonly status: 'adopted'; readonly row: AlertRow };

export interface AlertWriter {
  raise(happening: Happening): Promise<Raised>;
  /** Writes what is known by now. @returns the alert, or undefined when it is gone or nothing worth telling changed */
  update(happening: Happening, announce: boolean): Promise<Alert | undefined>;
  /** Ends it, unless another worker saw it later than we did. */
  end(happening: Happening): Promise<void>;
  /** Appends what happened at a contact, on its own. */
  inputChanged(siteId: string, event: { cameraId: string; input: string; active: boolean }): Promise<void>;
}

export function createAlertWriter({ database, events, clock, baseUrl }: { database: Database; events: EventLog; clock: Clock; baseUrl: string }): AlertWriter {
  async function raise(happening: Happening): Promise<Raised> {
    const { facts } = happening;
    return database.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`alert:${facts.cameraId}:${keyOf(facts)}`}, 0))`);
      const open = await openAlert(tx, happening);
      if (open) return { status: 'adopted', row: open };
      const names = await namesOf(tx, happening);
      const row = rowOf(happening, names.cameraName);
      await tx.insert(alerts).values(row);
      const alert = alertOf(row);
      const receivers = await tx
        .select({ id: channels.id })
        .from(channels)
        .where(and(eq(channels.enabled, true), isNull(channels.removedAt), or(isNull(channels.siteId), eq(channels.siteId, facts.siteId))));
      const now = new Date(clock.nowMs());
      const outbox = receivers.map((channel) => {
        const id = newId();
        const idempotencyKey = `${alert.id}.${channel.id}`;
        const body = deliveryBody(alert, { ...names, inputName: facts.inputName }, idempotencyKey, baseUrl);
        return { id, alertId: alert.id, channelId: channel.id, siteId: alert.siteId, idempotencyKey, body, state: 'pending' as const, attempts: 0, nextAttemptAt: now, createdAt: now };
      });
      if (outbox.length > 0) await tx.insert(deliveries).values(outbox);
      // The event comes last: its place in the order is held until the commit.
      await events.append({ type: 'alert.raised', siteId: alert.siteId, data: alert }, tx);
      return { status: 'raised', alert, deliveries: outbox.length };
    });
  }

  /** The alert that this happening continues. Alerts of the same key that were quiet for long enough are ended on the way. */
  async function openAlert(tx: Executor, happening: Happening): Promise<AlertRow | undefined> {
    const { facts } = happening;
    const [own] = await tx.select().from(alerts).where(eq(alerts.id, happening.alertId));
    if (own) return own;
    const sameKey = facts.kind === 'input' ? eq(alerts.inputName, facts.inputName ?? '') : eq(alerts.zoneId, facts.zoneId ?? '');
    const open = await tx
      .select()
      .from(alerts)
      .where(and(eq(alerts.cameraId, facts.cameraId), eq(alerts.kind, facts.kind), isNull(alerts.endedAt), sameKey))
      .orderBy(alerts.id);
    let going: AlertRow | undefined;
    for (const row of open) {
      const quietAtMs = row.lastSeenAt.getTime() + happening.quietMs;
      if (happening.raisedAtMs < quietAtMs) going = row;
      else await tx.update(alerts).set({ endedAt: new Date(quietAtMs) }).where(eq(alerts.id, row.id));
    }
    return going;
  }

  async function namesOf(tx: Executor, { facts }: Happening): Promise<{ cameraName: string; siteName: string; placeKind: string | null }> {
    const [camera] = await tx.select({ name: cameras.name, siteName: sites.name }).from(cameras).innerJoin(sites, eq(sites.id, cameras.siteId)).where(eq(cameras.id, facts.cameraId));
    const [place] = facts.zoneId === null ? [] : await tx.select({ kind: places.kind }).from(zones).innerJoin(places, eq(places.id, zones.placeId)).where(eq(zones.id, facts.zoneId));
    return { cameraName: camera?.name ?? '', siteName: camera?.siteName ?? '', placeKind: place?.kind ?? null };
  }

  async function update(happening: Happening, announce: boolean): Promise<Alert | undefined> {
    const { alertId, lastSeenMs, counts, pictureId } = { ...happening };
    return database.transaction(async (tx) => {
      const [row] = await tx.select().from(alerts).where(eq(alerts.id, alertId)).for('update');
      if (!row) return undefined;
      const next: AlertRow = {
        ...row,
        lastSeenAt: new Date(Math.max(row.lastSeenAt.getTime(), lastSeenMs)),
        endedAt: null,
        counts: largerCounts(row.counts, counts),
        pictureId: row.pictureId ?? pictureId,
        noPictureReason: row.pictureId ?? pictureId ? null : row.noPictureReason,
      };
      await tx
        .update(alerts)
        .set({ lastSeenAt: next.lastSeenAt, endedAt: null, counts: next.counts, pictureId: next.pictureId, noPictureReason: next.noPictureReason })
        .where(eq(alerts.id, row.id));
      if (!announce || (sameCounts(next.counts, row.counts) && next.pictureId === row.pictureId)) return undefined;
      const alert = alertOf(next);
      await events.append({ type: 'alert.changed', siteId: alert.siteId, data: alert }, tx);
      return alert;
    });
  }

  async function end(happening: Happening): Promise<void> {
    await database.transaction(async (tx) => {
      const [row] = await tx.select().from(alerts).where(and(eq(alerts.id, happening.alertId), isNull(alerts.endedAt))).for('update');
      if (!row || row.lastSeenAt.getTime() > happening.lastSeenMs) return;
      const pictureId = row.pictureId ?? happening.pictureId;
      const next: AlertRow = {
        ...row,
        lastSeenAt: new Date(happening.lastSeenMs),
        endedAt: new Date(happening.lastSeenMs + happening.quietMs),
        counts: largerCounts(row.counts, happening.counts),
        pictureId,
        noPictureReason: pictureId ? null : row.noPictureReason,
      };
      await tx.update(alerts).set(next).where(eq(alerts.id, row.id));
      const alert = alertOf(next);
      await events.append({ type: 'alert.changed', siteId: alert.siteId, data: alert }, tx);
    });
  }

  return {
    raise,
    update,
    end,
    async inputChanged(siteId, event) {
      await events.append({ type: 'input.changed', siteId, data: event });
    },
  };
}

function rowOf(happening: Happening, cameraName: string): AlertRow {
  const { facts } = happening;
  const raisedAt = new Date(happening.raisedAtMs);
  const note = facts.kind === 'input' ? `Contact ${facts.inputName ?? ''}` : null;
  return {
    id: happening.alertId,
    ...facts,
    cameraName,
    state: 'raised',
    raisedAt,
    lastSeenAt: new Date(happening.lastSeenMs),
    endedAt: null,
    counts: happening.counts,
    pictureId: happening.pictureId,
    noPictureReason: happening.noPictureReason,
    assignee: null,
    resolveReason: null,
    steps: [{ step: 'raised', at: toRfc3339(happening.raisedAtMs), actor: 'system', note }],
    version: 1,
  };
}
