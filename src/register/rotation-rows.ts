/** Rotations of credentials as they are written down, and as they are answered: without a password, sealed or not. */
import { and, asc, eq, inArray, isNull, ne } from 'drizzle-orm';
import type { Database, Executor } from '../contract/database.js';
import type { DeviceChanges, Rotation } from '../contract/device-change.js';
import { toRfc3339 } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras, rotationCameras, rotations } from '../db/schema/register.js';
import { pageWhere, readPage } from './paging.js';

export type RotationRow = typeof rotations.$inferSelect;
export type RotationCameraRow = typeof rotationCameras.$inferSelect;

/** Not settled: the job still has work with them. */
export const openStatuses = ['waiting', 'writing', 'unknown'] as const;

/** What a password is sealed for while a rotation holds it. */
export function rotationContext(rotationCameraId: string): string {
  return `rotation:${rotationCameraId}`;
}

export function createRotationReader(database: Database): Pick<DeviceChanges, 'rotation' | 'rotations'> {
  async function withCameras(rows: readonly RotationRow[]): Promise<Rotation[]> {
    if (rows.length === 0) return [];
    const found = await database.orm
      .select({ rotationId: rotationCameras.rotationId, cameraId: cameras.id, name: cameras.name, status: rotationCameras.status, seen: rotationCameras.seen, todo: rotationCameras.todo })
      .from(rotationCameras)
      .innerJoin(cameras, eq(cameras.id, rotationCameras.cameraId))
      .where(inArray(rotationCameras.rotationId, rows.map((r) => r.id)))
      .orderBy(asc(cameras.name), asc(cameras.id));
    return rows.map(({ id, siteId, username, by, startedAt, finishedAt }) => ({
      id,
      siteId,
      username,
      by,
      startedAt: toRfc3339(startedAt.getTime()),
      finishedAt: finishedAt ? toRfc3339(finishedAt.getTime()) : null,
      cameras: found.filter((c) => c.rotationId === id).map(({ rotationId: _of, ...camera }) => camera),
    }));
  }

  return {
    async rotation(id) {
      const [found] = await withCameras([await rotationRow(database.orm, id)]);
      if (!found) throw unknownRotation(id);
      return found;
    },
    async rotations(scope, page) {
      const also = [page.siteId === undefined ? undefined : eq(rotations.siteId, page.siteId)];
      const { items, nextCursor } = await readPage(page, (limit) =>
        database.orm.select().from(rotations).where(pageWhere({ id: rotations.id, siteId: rotations.siteId, scope, page, also })).orderBy(asc(rotations.id)).limit(limit),
      );
      return { items: await withCameras(items), nextCursor };
    },
  };
}

/** @throws HedgerowError `rotation.unknown` */
export async function rotationRow(executor: Executor, id: string): Promise<RotationRow> {
  const row = isId(id) ? (await executor.select().from(rotations).where(eq(rotations.id, id)))[0] : undefined;
  if (!row) throw unknownRotation(id);
  return row;
}

/** The device of a camera is gone: what rotations hold for it is destroyed, and they wait for it no more. */
export async function leaveRotations(tx: Executor, cameraId: string, now: Date, seen: string): Promise<void> {
  await tx
    .update(rotationCameras)
    .set({ status: 'failed', seen, todo: '', restUntil: null, updatedAt: now })
    .where(and(eq(rotationCameras.cameraId, cameraId), inArray(rotationCameras.status, [...openStatuses])));
  await tx.update(rotationCameras).set({ sealedPassword: null }).where(eq(rotationCameras.cameraId, cameraId));
  const touched = await tx.selectDistinct({ id: rotationCameras.rotationId }).from(rotationCameras).where(eq(rotationCameras.cameraId, cameraId));
  for (const { id } of touched) await closeRotation(tx, id, now);
}

/** Writes down that a rotation is over when none of its cameras is open. @returns how many still are */
export async function closeRotation(tx: Executor, rotationId: string, now: Date): Promise<number> {
  const open = await tx
    .select({ id: rotationCameras.id })
    .from(rotationCameras)
    .where(and(eq(rotationCameras.rotationId, rotationId), inArray(rotationCameras.status, [...openStatuses])));
  if (open.length === 0) await tx.update(rotations).set({ finishedAt: now }).where(and(eq(rotations.id, rotationId), isNull(rotations.finishedAt)));
  return open.length;
}

/** A password that was sent and never seen to work; kept until what the device has is certain. Newest first, without one's own. */
export async function keptPasswords(executor: Executor, row: RotationCameraRow, username: string): Promise<RotationCameraRow[]> {
  const found = await executor
    .select({ row: rotationCameras })
    .from(rotationCameras)
    .innerJoin(rotations, eq(rotations.id, rotationCameras.rotationId))
    .where(and(eq(rotationCameras.cameraId, row.cameraId), eq(rotations.username, username), ne(rotationCameras.id, row.id)));
  return found
    .map((f) => f.row)
    .filter((r) => r.sealedPassword !== null)
    .sort((a, b) => (a.id < b.id ? 1 : -1));
}

function unknownRotation(id: string): HedgerowError {
  return new HedgerowError('rotation.unknown', 'There is no such rotation of credentials.', { context: { rotationId: id } });
}
