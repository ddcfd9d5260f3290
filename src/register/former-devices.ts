/**
 * Which device stood at a camera's place, from when to when. The history stays with the place; the identity goes with the
 * device. The present device is the camera's own row and becomes a former one when it is replaced or taken down.
 */
import { desc, eq } from 'drizzle-orm';
import type { Executor } from '../contract/database.js';
import type { DeviceRecord } from '../contract/device-change.js';
import { toRfc3339 } from '../core/clock.js';
import { newId } from '../core/ids.js';
import { cameras, formerDevices } from '../db/schema/register.js';
import type { CameraRow } from './camera-rows.js';

/** Writes down that the device of a camera has gone. Call it in the transaction that changes or removes the camera. */
export async function closeDevice(tx: Executor, row: CameraRow, until: Date, reason: string): Promise<void> {
  await tx.insert(formerDevices).values({ id: newId(), cameraId: row.id, ...identityOf(row), from: await standsSince(tx, row), until, reason });
}

/** Every device of a camera, the newest first; the present one has the camera's id, and no `until`. */
export async function devicesOf(executor: Executor, cameraId: string): Promise<readonly DeviceRecord[]> {
  const [row] = await executor.select().from(cameras).where(eq(cameras.id, cameraId));
  if (!row) return [];
  const former = await executor.select().from(formerDevices).where(eq(formerDevices.cameraId, cameraId)).orderBy(desc(formerDevices.until), desc(formerDevices.id));
  const since = former[0]?.until ?? row.createdAt;
  const present: DeviceRecord[] = row.removedAt === null ? [{ id: row.id, cameraId, ...identityOf(row), from: toRfc3339(since.getTime()), until: null, reason: null }] : [];
  return [...present, ...former.map((f) => ({ ...f, from: toRfc3339(f.from.getTime()), until: toRfc3339(f.until.getTime()) }))];
}

async function standsSince(executor: Executor, row: CameraRow): Promise<Date> {
  const [last] = await executor
    .select({ until: formerDevices.until })
    .from(formerDevices)
    .where(eq(formerDevices.cameraId, row.id))
    .orderBy(desc(formerDevices.until))
    .limit(1);
  return last?.until ?? row.createdAt;
}

function identityOf({ address, manufacturer, model, serialNumber, macAddress, endpointReference }: CameraRow) {
  return { address, manufacturer, model, serialNumber, macAddress, endpointReference };
}
