/**
 * Writes down what a device turned out to hold, in one transaction: the camera's sealed password, those of cameras that
 * are the same device, the rotation's row. A run that plays is not disturbed: log-ins are read when a run connects, so
 * `configVersion` stays; who listens to contacts sees the new seal by itself.
 */
import { and, eq, inArray, isNull, ne } from 'drizzle-orm';
import type { Sealer } from '../contract/auth-ports.js';
import type { Database, EventLog, Executor } from '../contract/database.js';
import { cameras, rotationCameras } from '../db/schema/register.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import { openPassword, sealPassword } from './credentials.js';
import { keptPasswords, openStatuses, type RotationCameraRow } from './rotation-rows.js';
import type { RotationOutcome } from './rotation-step.js';

/**
 * @param camera as it was when the step began
 * @returns false when the camera or the row was changed meanwhile: the row is open still, or somebody has closed it
 */
export async function recordOutcome(
  { database, sealer, events }: { database: Database; sealer: Sealer; events: EventLog },
  camera: CameraRow,
  member: RotationCameraRow,
  outcome: RotationOutcome,
  nowMs: number,
): Promise<boolean> {
  const now = new Date(nowMs);
  return database.transaction(async (tx) => {
    const [row] = await tx.select().from(cameras).where(eq(cameras.id, camera.id)).for('update');
    const [mine] = await tx.select().from(rotationCameras).where(eq(rotationCameras.id, member.id)).for('update');
    // Replaced or taken down meanwhile: what the rotation held for it is destroyed already.
    if (!row || row.removedAt !== null || !mine || mine.sealedPassword === null) return false;
    const of = eq(rotationCameras.id, member.id);
    if (row.address !== camera.address || row.username !== camera.username || row.sealedPassword !== camera.sealedPassword) {
      const seen = 'The camera was changed in the inventory while its password was.';
      await tx.update(rotationCameras).set({ status: 'unknown', seen, todo: 'It is tried again by itself.', restUntil: null, updatedAt: now }).where(of);
      return false;
    }
    const { seen, todo } = outcome;
    switch (outcome.status) {
      case 'unknown':
        await tx.update(rotationCameras).set({ status: outcome.status, seen, todo, restUntil: new Date(nowMs + outcome.restMs), updatedAt: now }).where(of);
        return true;
      case 'late':
        await swapPassword(tx, row, outcome, now);
        await dropKept(tx, member, row);
        return true;
      case 'done':
      case 'rolled-back':
      case 'failed': {
        const keep = outcome.status === 'failed' && outcome.keep;
        await tx.update(rotationCameras).set({ status: outcome.status, seen, todo, restUntil: null, updatedAt: now, ...(keep ? {} : { sealedPassword: null }) }).where(of);
        if (outcome.holds !== null) {
          await swapPassword(tx, row, outcome, now);
          if (!keep) await dropKept(tx, member, row);
        }
        return true;
      }
    }
  });

  async function swapPassword(tx: Executor, row: CameraRow, outcome: Exclude<RotationOutcome, { status: 'unknown' }>, now: Date): Promise<void> {
    const before = openPassword(sealer, row.id, row.sealedPassword);
    if (outcome.holds === null || outcome.holds === before) return;
    const near = await tx.select().from(cameras).where(and(eq(cameras.siteId, row.siteId), isNull(cameras.removedAt), eq(cameras.username, row.username ?? '')));
    const same = near.filter((c) => c.id === row.id || (isSameDevice(row, c, near) && openPassword(sealer, c.id, c.sealedPassword) === before));
    for (const one of same) {
      const authMode = one.id === row.id && outcome.status === 'done' && outcome.authMode !== null ? { authMode: outcome.authMode } : {};
      await tx.update(cameras).set({ sealedPassword: sealPassword(sealer, one.id, outcome.holds), updatedAt: now, ...authMode }).where(eq(cameras.id, one.id));
      if (one.id !== row.id) {
        await tx
          .update(rotationCameras)
          .set({ status: 'done', seen: `It is the same device as "${row.name}", which has the new password.`, todo: '', sealedPassword: null, restUntil: null, updatedAt: now })
          .where(and(eq(rotationCameras.rotationId, member.rotationId), eq(rotationCameras.cameraId, one.id), inArray(rotationCameras.status, [...openStatuses, 'failed'])));
      }
    }
    for (const one of same) {
      await events.append({ type: 'camera.registered', siteId: one.siteId, data: { id: one.id } }, tx);
      await database.notify('hg_camera', one.id, tx);
    }
  }
}

/**
 * Whether another row is the same device: a channel of the recorder, or a plain stream beside the only device of its host.
 * Behind one forwarded address there are many devices, with one account each.
 */
function isSameDevice(row: CameraRow, other: CameraRow, near: readonly CameraRow[]): boolean {
  const [here, there] = [parseCameraAddress(row.address), parseCameraAddress(other.address)];
  if (here.host !== there.host) return false;
  if (here.port === there.port) return true;
  if (other.protocol === 'onvif' && row.protocol === 'onvif') return row.endpointReference !== null && row.endpointReference === other.endpointReference;
  const devices = near.filter((c) => c.protocol === 'onvif' && parseCameraAddress(c.address).host === here.host);
  return new Set(devices.map((c) => c.endpointReference ?? String(parseCameraAddress(c.address).port))).size === 1;
}

/** What was sent before and never worked is void now that the device was seen to take another one. */
async function dropKept(tx: Executor, member: RotationCameraRow, { username }: CameraRow): Promise<void> {
  const older = await keptPasswords(tx, member, username ?? '');
  if (older.length === 0) return;
  await tx.update(rotationCameras).set({ sealedPassword: null }).where(and(inArray(rotationCameras.id, older.map((o) => o.id)), ne(rotationCameras.status, 'unknown')));
}
