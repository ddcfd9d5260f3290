/**
 * Onboarding: climbs the ladder of one camera and writes the outcome down. The only thing here that makes a camera
 * runnable is a decoded key frame. A change of the camera during the climb makes its outcome void.
 */
import { and, eq, isNull, ne, or } from 'drizzle-orm';
import type { Sealer } from '../contract/auth-ports.js';
import type { CameraReports } from '../contract/camera-reports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { Onboarding } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { parseCameraAddress } from './camera-address.js';
import { unknownCamera } from './known-camera.js';
import type { CameraRow } from './camera-rows.js';
import { openPassword } from './credentials.js';
import { climb, type Climb, type ClimbParts } from './onboarding-climb.js';
import type { OnvifClient } from './onvif-client.js';
import { createProbeSlots } from './probe-slots.js';

export function createOnboarding(options: {
  config: Config['register'];
  database: Database;
  sealer: Sealer;
  guard: AddressGuard;
  onvif: OnvifClient;
  source: FrameSource;
  reports: CameraReports;
  events: EventLog;
  clock: Clock;
  log: Logger;
}): Onboarding {
  const { config, database, sealer, guard, onvif, source, reports, events, clock, log } = options;
  const slots = createProbeSlots(config.onboardingsAtOnce);

  async function read(cameraId: string): Promise<CameraRow> {
    const [row] = isId(cameraId) ? await database.orm.select().from(cameras).where(and(eq(cameras.id, cameraId), isNull(cameras.removedAt))) : [];
    if (!row) throw unknownCamera(cameraId);
    return row;
  }

  return {
    probeMany: () => Promise.reject(new HedgerowError('process.defect', 'Not built yet.')),

    async probe(cameraId, signal) {
      const { host, port } = parseCameraAddress((await read(cameraId)).address);
      return slots.run(`${host}:${port}`, signal, async () => {
        const row = await read(cameraId);
        const parts: ClimbParts = { guard, onvif, source, clock, limits: config, twinOf: (identity) => twinOf(database, row, identity) };
        const outcome = await climb(row, openPassword(sealer, row.id, row.sealedPassword), parts, signal);
        const written = await write(row, outcome);
        if (written) {
          reports.probed(cameraId, outcome.state, outcome.reason);
          if (outcome.skewMs !== null) reports.clockMeasured(cameraId, outcome.skewMs);
        }
        const failed = outcome.rungs.find((r) => r.status === 'fail');
        log.info({ cameraId, state: outcome.state, failed: failed?.name ?? null, seen: failed?.seen ?? null, written }, 'camera probed');
        return outcome.rungs;
      });
    },
  };

  /** @returns false when the camera was changed or removed meanwhile: another probe is queued for what it is now */
  async function write(probed: CameraRow, { rungs, learned, state }: Climb): Promise<boolean> {
    return database.transaction(async (tx) => {
      const [row] = await tx.select().from(cameras).where(and(eq(cameras.id, probed.id), isNull(cameras.removedAt))).for('update');
      if (!row || row.configVersion !== probed.configVersion) return false;
      const now = new Date(clock.nowMs());
      const passed = state === 'online';
      const streamUrl = learned.streamUrl ?? row.streamUrl;
      const runSeesIt = passed && (row.onboardedAt === null || streamUrl !== row.streamUrl);
      await tx
        .update(cameras)
        .set({
          ...learned,
          onboarding: rungs,
          updatedAt: now,
          ...(passed ? { onboardedAt: row.onboardedAt ?? now } : {}),
          ...(runSeesIt ? { configVersion: row.configVersion + 1 } : {}),
        })
        .where(eq(cameras.id, row.id));
      await events.append({ type: 'camera.registered', siteId: row.siteId, data: { id: row.id } }, tx);
      if (runSeesIt) await database.notify('hg_camera', row.id, tx);
      return true;
    });
  }
}

/**
 * The row on which a device is registered already. Two endpoint references that are both known decide alone: channels of
 * a recorder share serial number and MAC. Without them the serial number (with its maker) or the MAC does.
 */
async function twinOf(database: Database, row: CameraRow, identity: Parameters<ClimbParts['twinOf']>[0]): Promise<string | null> {
  const { endpointReference, macAddress, serialNumber, manufacturer } = identity;
  const same = [
    endpointReference === null ? undefined : eq(cameras.endpointReference, endpointReference),
    macAddress === null ? undefined : eq(cameras.macAddress, macAddress),
    serialNumber === null || manufacturer === null ? undefined : and(eq(cameras.serialNumber, serialNumber), eq(cameras.manufacturer, manufacturer)),
  ].filter((c) => c !== undefined);
  if (same.length === 0) return null;
  const found = await database.orm
    .select({ siteId: cameras.siteId, name: cameras.name, address: cameras.address, endpointReference: cameras.endpointReference })
    .from(cameras)
    .where(and(isNull(cameras.removedAt), ne(cameras.id, row.id), or(...same)));
  const twin = found.find((f) => endpointReference === null || f.endpointReference === null || f.endpointReference === endpointReference);
  if (!twin) return null;
  // Who sees this camera may not see the other one.
  return twin.siteId === row.siteId ? `"${twin.name}" (${twin.address})` : 'a camera of another site';
}
