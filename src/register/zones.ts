/**
 * Zones on a camera's picture. A guard zone stands only on a registered place of a guardable kind on the same site
 * (DESIGN.md 2.7); a refusal is in the ledger as well. Every change of a zone changes what is masked or guarded.
 */
import { and, asc, eq, isNull } from 'drizzle-orm';
import type { Ledger } from '../contract/auth-ports.js';
import type { Database, Executor } from '../contract/database.js';
import { actorOf, type Principal } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import { guardableKinds } from '../contract/site.js';
import { zonePolygon, type NewZone, type Zone, type ZonePatch } from '../contract/zone.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId, newId } from '../core/ids.js';
import { cameras, places, sites, zones } from '../db/schema/register.js';
import { pageWhere, readPage } from './paging.js';
import { localDate } from './review-date.js';

type ZoneParts = Pick<Registry, 'zones' | 'zone' | 'createZone' | 'updateZone' | 'removeZone'>;

export function createZones({ database, ledger, clock }: { database: Database; ledger: Ledger; clock: Clock }): ZoneParts {
  async function zoneRow(executor: Executor, id: string): Promise<typeof zones.$inferSelect> {
    const row = isId(id) ? (await executor.select().from(zones).where(eq(zones.id, id)))[0] : undefined;
    if (!row) throw new HedgerowError('zone.unknown', 'There is no such zone.', { context: { zoneId: id } });
    return row;
  }

  /** The row, held until the end of the transaction, and its site's time zone. A zone of a removed camera is gone. */
  async function zoneToChange(tx: Executor, id: string): Promise<typeof zones.$inferSelect & { camera: { timeZone: string } }> {
    const row = await zoneRow(tx, id);
    const [camera] = await tx.select({ timeZone: sites.timeZone }).from(cameras).innerJoin(sites, eq(sites.id, cameras.siteId)).where(and(eq(cameras.id, row.cameraId), isNull(cameras.removedAt)));
    if (!camera) throw new HedgerowError('zone.unknown', 'There is no such zone.', { context: { zoneId: id } });
    return { ...row, camera };
  }

  async function refuse(input: NewZone, by: Principal, reason: string, zoneId?: string): Promise<never> {
    const details = { cameraId: input.cameraId, kind: input.kind, name: input.name, placeId: input.placeId, reason };
    const on = zoneId === undefined ? { action: 'zone.create', objectType: 'camera', objectId: input.cameraId } : { action: 'zone.update', objectType: 'zone', objectId: zoneId };
    await ledger.append({ actor: actorOf(by), ...on, outcome: 'refused', details });
    throw new HedgerowError('zone.place', reason, { context: { cameraId: input.cameraId, placeId: input.placeId } });
  }

  return {
    async zones(scope, page) {
      const also = [page.cameraId === undefined ? undefined : eq(zones.cameraId, page.cameraId), isNull(cameras.removedAt)];
      const { items, nextCursor } = await readPage(page, async (limit) => {
        const rows = await database.orm
          .select({ zone: zones })
          .from(zones)
          .innerJoin(cameras, eq(cameras.id, zones.cameraId))
          .where(pageWhere({ id: zones.id, siteId: zones.siteId, scope, page, also }))
          .orderBy(asc(zones.id))
          .limit(limit);
        return rows.map((r) => r.zone);
      });
      return { items: items.map(toZone), nextCursor };
    },

    async zone(id) {
      return toZone(await zoneRow(database.orm, id));
    },

    async createZone(input, by) {
      const polygon = checkedPolygon(input.polygon);
      const outcome = await database.transaction(async (tx) => {
        const [camera] = isId(input.cameraId)
          ? await tx
              .select({ siteId: cameras.siteId, timeZone: sites.timeZone })
              .from(cameras)
              .innerJoin(sites, eq(sites.id, cameras.siteId))
              .where(and(eq(cameras.id, input.cameraId), isNull(cameras.removedAt)))
          : [];
        if (!camera) throw new HedgerowError('camera.unknown', 'There is no such camera.', { context: { cameraId: input.cameraId } });
        const reason = await refusalOf(tx, input, camera.siteId, localDate(camera.timeZone, clock.nowMs()));
        if (reason !== null) return { status: 'refused', reason } as const;
        const row = { id: newId(), ...input, polygon, siteId: camera.siteId };
        await tx.insert(zones).values(row);
        await database.notify('hg_camera', input.cameraId, tx);
        return { status: 'made', row } as const;
      });
      if (outcome.status === 'refused') return refuse(input, by, outcome.reason);
      const { row } = outcome;
      const details = { cameraId: row.cameraId, kind: row.kind, name: row.name, placeId: row.placeId, points: row.polygon.length };
      await ledger.append({ actor: actorOf(by), action: 'zone.create', objectType: 'zone', objectId: row.id, outcome: 'ok', details });
      return toZone(row);
    },

    async updateZone(id, patch, by) {
      const polygon = patch.polygon === undefined ? undefined : checkedPolygon(patch.polygon);
      const outcome = await database.transaction(async (tx) => {
        const { camera, ...before } = await zoneToChange(tx, id);
        const change: Partial<NewZone> = { ...(patch.name !== undefined && { name: patch.name }), ...(polygon && { polygon }), ...(patch.placeId !== undefined && { placeId: patch.placeId }) };
        const row = { ...before, ...change };
        const reason = await refusalOf(tx, toZone(row), row.siteId, localDate(camera.timeZone, clock.nowMs()));
        if (reason !== null) return { status: 'refused', row, reason } as const;
        await tx.update(zones).set(change).where(eq(zones.id, id));
        await database.notify('hg_camera', row.cameraId, tx);
        return { status: 'changed', row, before } as const;
      });
      if (outcome.status === 'refused') return refuse(outcome.row, by, outcome.reason, id);
      const { row, before } = outcome;
      const details = { cameraId: row.cameraId, kind: row.kind, name: row.name, placeId: row.placeId, points: row.polygon.length, ...changesOf(before, patch) };
      await ledger.append({ actor: actorOf(by), action: 'zone.update', objectType: 'zone', objectId: id, outcome: 'ok', details });
      return toZone(row);
    },

    async removeZone(id, by) {
      const row = await database.transaction(async (tx) => {
        const found = await zoneRow(tx, id);
        await tx.delete(zones).where(eq(zones.id, id));
        await database.notify('hg_camera', found.cameraId, tx);
        return found;
      });
      const details = { cameraId: row.cameraId, kind: row.kind, name: row.name, placeId: row.placeId };
      await ledger.append({ actor: actorOf(by), action: 'zone.remove', objectType: 'zone', objectId: id, outcome: 'ok', details });
    },
  };
}

function checkedPolygon(polygon: NewZone['polygon']): NewZone['polygon'] {
  const read = zonePolygon.safeParse(polygon);
  if (!read.success) throw new HedgerowError('zone.invalid', `The polygon ${read.error.issues.map((i) => i.message).join('; ')}.`);
  return read.data;
}

/** What the ledger says of a change: what was there before, so that a mask made smaller can be seen afterwards. */
function changesOf(before: typeof zones.$inferSelect, patch: ZonePatch): Record<string, string | null> {
  return {
    ...(patch.name !== undefined && patch.name !== before.name && { nameBefore: before.name }),
    ...(patch.placeId !== undefined && patch.placeId !== before.placeId && { placeIdBefore: before.placeId }),
    ...(patch.polygon !== undefined && { polygon: JSON.stringify(patch.polygon), polygonBefore: JSON.stringify(before.polygon) }),
  };
}

/** @returns why the zone may not be, or null */
async function refusalOf(tx: Executor, input: NewZone, siteId: string, today: string): Promise<string | null> {
  if (input.placeId === null) return input.kind === 'guard' ? 'A guard zone is bound to a registered place: name the place that it guards.' : null;
  const [place] = await tx.select().from(places).where(eq(places.id, input.placeId));
  if (!place || place.siteId !== siteId) return 'The place of a zone is registered on the site of its camera; this one is not.';
  if (input.kind !== 'guard' || guardableKinds.some((k) => k === place.kind)) return null;
  if (place.kind !== 'dwelling') return `A place of the kind ${place.kind} is kept free of guard zones.`;
  if (place.consentUntil === null) return "A dwelling is guarded only with its resident's own recorded consent.";
  return place.consentUntil < today ? `The resident's consent ended on ${place.consentUntil}.` : null;
}

export function toZone(row: typeof zones.$inferSelect): Zone {
  return { ...row, placeId: row.placeId ?? null };
}
