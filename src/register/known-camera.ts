/** One camera that is in service, locked for a change. */
import { and, eq, isNull } from 'drizzle-orm';
import type { Executor } from '../contract/database.js';
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras } from '../db/schema/register.js';
import type { CameraRow } from './camera-rows.js';

/** @throws HedgerowError `camera.unknown` */
export async function lockedCamera(tx: Executor, id: string): Promise<CameraRow> {
  const row = isId(id) ? (await tx.select().from(cameras).where(and(eq(cameras.id, id), isNull(cameras.removedAt))).for('update'))[0] : undefined;
  if (!row) throw unknownCamera(id);
  return row;
}

export function unknownCamera(id: string): HedgerowError {
  return new HedgerowError('camera.unknown', 'There is no such camera.', { context: { cameraId: id } });
}
