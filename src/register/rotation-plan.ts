/**
 * Begins a rotation: which cameras take part, and the new password of each, sealed before anything is written to a device.
 * Credential sets of the site are left as they are: they are for cameras that come new, which have the old password still.
 */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm';
import type { Sealer } from '../contract/auth-ports.js';
import type { Database, Executor } from '../contract/database.js';
import type { NewRotation } from '../contract/device-change.js';
import { actorOf, type Principal } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { cameras, rotationCameras, rotations } from '../db/schema/register.js';
import type { CameraRow } from './camera-rows.js';
import { generatePassword } from './generated-password.js';
import { unknownCamera } from './known-camera.js';
import { closeRotation, rotationContext, type RotationCameraRow, type RotationRow } from './rotation-rows.js';
import { siteRow } from './sites.js';

export interface BegunRotation {
  readonly row: RotationRow;
  readonly cameras: number;
}

/** @throws HedgerowError `site.unknown`, `rotation.running`, `rotation.empty`, `camera.unknown`, `request.invalid` */
export async function beginRotation({ database, sealer, clock }: { database: Database; sealer: Sealer; clock: Clock }, input: NewRotation, by: Principal): Promise<BegunRotation> {
  const now = new Date(clock.nowMs());
  return database.transaction(async (tx) => {
    await siteRow(tx, input.siteId, true);
    await refuseSecond(tx, input.siteId);
    const chosen = await choose(tx, input);
    const inDoubt = await openElsewhere(tx, chosen);
    const row: RotationRow = { id: newId(), siteId: input.siteId, username: input.username, by: actorOf(by), startedAt: now, finishedAt: null };
    await tx.insert(rotations).values(row);
    const members = chosen.map((camera) => {
      const member: RotationCameraRow = { id: newId(), rotationId: row.id, cameraId: camera.id, sealedPassword: null, status: 'waiting', seen: '', todo: '', restUntil: null, updatedAt: now };
      if (camera.sealedPassword === null) return { ...member, status: 'failed' as const, seen: 'It is registered without a password.', todo: 'Enter the password that the device has, then rotate again.' };
      if (inDoubt.has(camera.id)) return { ...member, status: 'failed' as const, seen: 'An earlier rotation has not found out yet which password it has.', todo: 'Wait for that one, or replace or decommission the camera.' };
      return { ...member, sealedPassword: sealer.seal(input.password ?? generatePassword(), rotationContext(member.id)) };
    });
    for (let i = 0; i < members.length; i += 500) await tx.insert(rotationCameras).values(members.slice(i, i + 500));
    await closeRotation(tx, row.id, now);
    return { row, cameras: members.length };
  });
}

/** One whose devices are in doubt only is no hindrance: those cameras are left out. */
async function refuseSecond(tx: Executor, siteId: string): Promise<void> {
  const [running] = await tx
    .select({ id: rotations.id })
    .from(rotations)
    .innerJoin(rotationCameras, eq(rotationCameras.rotationId, rotations.id))
    .where(and(eq(rotations.siteId, siteId), isNull(rotations.finishedAt), inArray(rotationCameras.status, ['waiting', 'writing'])))
    .limit(1);
  if (running) throw new HedgerowError('rotation.running', 'A rotation is running on this site; wait until it is done.', { context: { rotationId: running.id, siteId } });
}

async function choose(tx: Executor, input: NewRotation): Promise<CameraRow[]> {
  const onSite = and(eq(cameras.siteId, input.siteId), isNull(cameras.removedAt));
  if (input.cameraIds === null) {
    const found = await tx.select().from(cameras).where(and(onSite, eq(cameras.protocol, 'onvif'), eq(cameras.username, input.username))).orderBy(asc(cameras.id));
    if (found.length === 0) throw new HedgerowError('rotation.empty', `No ONVIF camera of this site is registered with the account "${input.username}".`, { context: { siteId: input.siteId } });
    return found;
  }
  const wanted = [...new Set(input.cameraIds)];
  const found = await tx.select().from(cameras).where(and(onSite, inArray(cameras.id, wanted))).orderBy(asc(cameras.id));
  const missing = wanted.find((id) => !found.some((c) => c.id === id));
  if (missing !== undefined) throw unknownCamera(missing);
  const unfit = found.find((c) => c.protocol !== 'onvif' || c.username !== input.username);
  if (unfit) {
    const why = unfit.protocol === 'onvif' ? `is registered with ${unfit.username === null ? 'no account' : 'another account'}` : 'is a plain stream: its password cannot be changed from here';
    throw new HedgerowError('request.invalid', `"${unfit.name}" ${why}. Leave it out, or rotate the account that it has.`, { context: { cameraId: unfit.id } });
  }
  return found;
}

async function openElsewhere(tx: Executor, chosen: readonly CameraRow[]): Promise<Set<string>> {
  const rows = await tx
    .select({ cameraId: rotationCameras.cameraId })
    .from(rotationCameras)
    .where(and(inArray(rotationCameras.cameraId, chosen.map((c) => c.id)), eq(rotationCameras.status, 'unknown')));
  return new Set(rows.map((r) => r.cameraId));
}
