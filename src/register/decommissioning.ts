/**
 * A camera goes out of service for good. Its row stays, for pictures and alerts that name it; its name becomes free. What
 * could log in anywhere is destroyed: its password, those that a rotation holds for it, and traces of refused log-ins.
 * Zones and rules stay readable and are never armed again; pictures end with their retention; its run ends as it is no
 * longer runnable, and no other run is touched.
 */
import { and, eq, isNull, like, ne } from 'drizzle-orm';
import type { Ledger } from '../contract/auth-ports.js';
import type { Database, EventLog, Executor } from '../contract/database.js';
import { actorOf, type Principal } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { cameras, refusedLogins } from '../db/schema/register.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import { closeDevice } from './former-devices.js';
import { lockedCamera } from './known-camera.js';
import { leaveRotations } from './rotation-rows.js';

export interface RetireParts {
  readonly database: Database;
  readonly events: EventLog;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * @param why `action` is the ledger's word for it
 * @throws HedgerowError `camera.unknown`
 */
export async function retireCamera({ database, events, ledger, clock }: RetireParts, id: string, why: { action: 'camera.remove' | 'camera.decommission'; reason: string }, by: Principal): Promise<void> {
  const row = await database.transaction(async (tx) => {
    const found = await lockedCamera(tx, id);
    const now = new Date(clock.nowMs());
    await closeDevice(tx, found, now, why.reason);
    await leaveRotations(tx, id, now, 'The camera was taken out of service before its password was settled.');
    await forgetRefusals(tx, found);
    await tx
      .update(cameras)
      .set({
        name: `${found.name.slice(0, 80)} (removed ${id})`,
        enabled: false,
        removedAt: now,
        removedReason: why.reason,
        updatedAt: now,
        sealedPassword: null,
        username: null,
        authMode: null,
        fromCredentialSet: false,
        configVersion: found.configVersion + 1,
      })
      .where(eq(cameras.id, id));
    await events.append({ type: 'camera.removed', siteId: found.siteId, data: { id } }, tx);
    await database.notify('hg_camera', id, tx);
    return found;
  });
  const details = { siteId: row.siteId, name: row.name, address: row.address, ...(why.action === 'camera.remove' ? {} : { reason: why.reason }) };
  await ledger.append({ actor: actorOf(by), action: why.action, objectType: 'camera', objectId: id, outcome: 'ok', details });
}

/**
 * The device has gone: what it refused says nothing of the next one at that address. A host that other cameras are on
 * keeps its count.
 */
export async function forgetRefusals(tx: Executor, row: CameraRow): Promise<void> {
  const { host } = parseCameraAddress(row.address);
  const others = await tx.select({ address: cameras.address }).from(cameras).where(and(isNull(cameras.removedAt), ne(cameras.id, row.id), like(cameras.address, `%://%${host}%`)));
  if (others.some(({ address }) => parseCameraAddress(address).host === host)) return;
  await tx.delete(refusedLogins).where(like(refusedLogins.device, `${host.includes(':') ? `[${host}]` : host}:%`));
}
