/**
 * Another device at the same place. The camera keeps its id, name, purpose, zones, pictures, alerts and position; what
 * belonged to the device (identity, log-in, stream, checklist) goes. The view is learned anew, and with privacy zones no
 * picture is made until somebody has confirmed the view: they were drawn on what the old device saw.
 */
import { and, eq, isNull, ne, sql } from 'drizzle-orm';
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Camera } from '../contract/camera.js';
import type { Database, EventLog, Executor } from '../contract/database.js';
import type { Replacement } from '../contract/device-change.js';
import type { Queue } from '../contract/jobs.js';
import { actorOf, type Principal } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras, zones } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import { queueOnboarding } from './cameras.js';
import { sealPassword } from './credentials.js';
import { forgetRefusals } from './decommissioning.js';
import { closeDevice } from './former-devices.js';
import { lockedCamera } from './known-camera.js';
import { leaveRotations } from './rotation-rows.js';
import { siteRow } from './sites.js';

/** @throws HedgerowError `camera.unknown`, `camera.address`, `camera.exists` */
export async function replaceDevice(
  parts: { database: Database; sealer: Sealer; events: EventLog; ledger: Ledger; queue: Queue; registry: Registry; clock: Clock; log: Logger },
  id: string,
  input: Replacement,
  by: Principal,
): Promise<Camera> {
  const { database, sealer, events, ledger, registry, clock } = parts;
  const address = parseCameraAddress(input.address);
  const old = await database.transaction(async (tx) => {
    // The site before the camera, as every writer of a site's cameras does.
    const [found] = isId(id) ? await tx.select({ siteId: cameras.siteId }).from(cameras).where(eq(cameras.id, id)) : [];
    if (found) await siteRow(tx, found.siteId, true);
    const row = await lockedCamera(tx, id);
    await refuseTaken(tx, row, address.address);
    const now = new Date(clock.nowMs());
    await closeDevice(tx, row, now, input.reason);
    await leaveRotations(tx, id, now, 'The device was replaced before its password was settled.');
    await forgetRefusals(tx, row);
    const viewVersion = row.viewVersion + 1;
    const [privacy] = await tx.select({ id: zones.id }).from(zones).where(and(eq(zones.cameraId, id), eq(zones.kind, 'privacy'))).limit(1);
    await tx
      .update(cameras)
      .set({
        address: address.address,
        protocol: address.protocol,
        streamUrl: address.protocol === 'rtsp' ? address.address : null,
        streamUrlTold: null,
        profileToken: null,
        // A stored password goes to no other device, not even to one at the same address.
        username: given(input.username) ?? address.username,
        sealedPassword: sealPassword(sealer, id, given(input.password) ?? address.password),
        fromCredentialSet: false,
        authMode: null,
        endpointReference: null,
        serialNumber: null,
        macAddress: null,
        manufacturer: null,
        model: null,
        firmware: null,
        toldPose: null,
        onboarding: [],
        onboardedAt: null,
        commissionedAt: null,
        commissioning: null,
        configVersion: row.configVersion + 1,
        viewVersion,
        // A doubt that was there stays: nobody has looked since.
        unverifiedViewVersion: privacy || inDoubt(row) ? viewVersion : null,
        updatedAt: now,
      })
      .where(eq(cameras.id, id));
    await events.append({ type: 'camera.registered', siteId: row.siteId, data: { id } }, tx);
    await database.notify('hg_camera', id, tx);
    return row;
  });
  const details = { siteId: old.siteId, name: old.name, oldAddress: old.address, address: address.address, oldSerialNumber: old.serialNumber, oldEndpointReference: old.endpointReference, reason: input.reason };
  await ledger.append({ actor: actorOf(by), action: 'camera.replace', objectType: 'camera', objectId: id, outcome: 'ok', details });
  await queueOnboarding(parts, [id]);
  return registry.camera(id);
}

function inDoubt(row: CameraRow): boolean {
  return row.unverifiedViewVersion !== null && row.unverifiedViewVersion >= row.viewVersion;
}

/** The same address and, on a device with several, the same video source is another camera of the site. */
async function refuseTaken(tx: Executor, row: CameraRow, address: string): Promise<void> {
  const [taken] = await tx
    .select({ name: cameras.name })
    .from(cameras)
    .where(
      and(
        eq(cameras.siteId, row.siteId),
        isNull(cameras.removedAt),
        ne(cameras.id, row.id),
        eq(cameras.address, address),
        sql`coalesce(${cameras.sourceToken}, '') = ${row.sourceToken ?? ''}`,
      ),
    )
    .limit(1);
  if (!taken) return;
  throw new HedgerowError('camera.exists', `The address ${address} is that of "${taken.name}" on this site. Take that camera out of service first if its device moves here.`, { context: { cameraId: row.id, siteId: row.siteId } });
}

/** An empty text is no value. */
function given(text: string | null): string | null {
  return text === '' ? null : text;
}
