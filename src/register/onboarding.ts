/**
 * Onboarding: climbs the ladder of one camera and writes the outcome down. The only thing here that makes a camera
 * runnable is a decoded key frame. A change of the camera during the climb makes its outcome void.
 */
import { setMaxListeners } from 'node:events';
import { and, eq, isNull } from 'drizzle-orm';
import { rungNames, type Pose, type Rung } from '../contract/camera.js';
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { CameraReports } from '../contract/camera-reports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { Onboarding } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { unknownCamera } from './known-camera.js';
import type { CameraRow } from './camera-rows.js';
import { openCredentialSets } from './credential-sets.js';
import { openPassword, sealPassword } from './credentials.js';
import { deviceAddressOf, deviceKey } from './device-key.js';
import { createDeviceLeases } from './device-lease.js';
import { sourcesTaken, twinOf } from './device-twins.js';
import { createLoginBudget } from './login-budget.js';
import type { Climb, ClimbParts } from './climb-parts.js';
import { climb } from './onboarding-climb.js';
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
  ledger: Ledger;
  clock: Clock;
  log: Logger;
}): Onboarding {
  const { config, database, sealer, guard, onvif, source, reports, events, ledger, clock, log } = options;
  const slots = createProbeSlots({ atOnce: config.onboardingsAtOnce, perHost: config.climbsPerHost });
  const leases = createDeviceLeases({ database, clock, log });
  const budget = createLoginBudget({ database, sealer, clock, config: config.lockout });

  async function read(cameraId: string): Promise<CameraRow> {
    const [row] = isId(cameraId) ? await database.orm.select().from(cameras).where(and(eq(cameras.id, cameraId), isNull(cameras.removedAt))) : [];
    if (!row) throw unknownCamera(cameraId);
    return row;
  }

  async function climbNow(cameraId: string, signal: AbortSignal, onRung: ((rung: Rung) => void) | undefined): Promise<readonly Rung[]> {
    const row = await read(cameraId);
    const parts: ClimbParts = {
      guard, onvif, source, clock, limits: config, budget,
      sets: await openCredentialSets({ database, sealer }, row.siteId),
      twinOf: (identity) => twinOf(database, row, identity),
      sourcesTaken: (endpointReference) => sourcesTaken(database, row, endpointReference),
    };
    const outcome = await climb(row, openPassword(sealer, row.id, row.sealedPassword), parts, signal, onRung);
    const written = await write(row, outcome);
    if (written) {
      reports.probed(cameraId, outcome.state, outcome.reason);
      if (outcome.skewMs !== null) reports.clockMeasured(cameraId, outcome.skewMs);
      if (outcome.login) await ledger.append({ actor: 'system', action: 'camera.credential-set', objectType: 'camera', objectId: cameraId, outcome: 'ok', details: { set: outcome.login.name } });
    }
    const failed = outcome.rungs.find((r) => r.status === 'fail');
    log.info({ cameraId, state: outcome.state, failed: failed?.name ?? null, seen: failed?.seen ?? null, written }, 'camera probed');
    return outcome.rungs;
  }

  async function probe(cameraId: string, signal: AbortSignal, onRung?: (rung: Rung) => void): Promise<readonly Rung[]> {
    // Cameras of one device climb one after the other, over all processes: a recorder has many, and one list of users.
    const device = await deviceAddressOf(guard, (await read(cameraId)).address);
    return slots.run(device, signal, () => leases.hold(deviceKey(device), signal, (held) => climbNow(cameraId, held, onRung)));
  }

  return {
    probe,

    async probeMany(cameraIds, given, onDone) {
      // Every camera that waits listens to the end; thousands of listeners are no leak here.
      const signal = AbortSignal.any([given]);
      setMaxListeners(0, signal);
      await Promise.all(
        [...new Set(cameraIds)].map(async (cameraId) => {
          try {
            onDone({ cameraId, rungs: await probe(cameraId, signal) });
          } catch (thrown) {
            // One camera that was removed meanwhile, or one write that failed, is no reason to leave the others.
            if (signal.aborted) return;
            log.warn({ cameraId, error: messageOf(thrown) }, 'a camera of many could not be probed');
            onDone({ cameraId, rungs: notProbed(thrown) });
          }
        }),
      );
      if (signal.aborted) throw new HedgerowError('process.aborted', 'Stopped before every camera had its turn.');
    },
  };

  /** @returns false when the camera was changed or removed meanwhile: another probe is queued for what it is now */
  async function write(probed: CameraRow, { rungs, learned, state, login }: Climb): Promise<boolean> {
    return database.transaction(async (tx) => {
      const [row] = await tx.select().from(cameras).where(and(eq(cameras.id, probed.id), isNull(cameras.removedAt))).for('update');
      if (!row || row.configVersion !== probed.configVersion) return false;
      const now = new Date(clock.nowMs());
      const passed = state === 'online';
      const streamUrl = learned.streamUrl ?? row.streamUrl;
      const runSeesIt = login !== null || (passed && (row.onboardedAt === null || streamUrl !== row.streamUrl));
      await tx
        .update(cameras)
        .set({
          ...learned,
          ...(row.onboardedAt === null ? unknownParts(row, learned.toldPose ?? {}) : {}),
          ...(login ? { username: login.username, sealedPassword: sealPassword(sealer, row.id, login.password), fromCredentialSet: true } : {}),
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

/** What the device tells of its place and nobody has entered; what a person entered stays. */
function unknownParts(row: CameraRow, told: Partial<Pose>): Partial<Pose> {
  return Object.fromEntries(Object.entries(told).filter(([key, value]) => value !== null && row[key as keyof Pose] === null));
}

function notProbed(thrown: unknown): Rung[] {
  const gone = thrown instanceof HedgerowError && thrown.code === 'camera.unknown';
  return rungNames.map((name, i) =>
    i === 0
      ? { name, status: 'fail', seen: gone ? 'The camera was removed.' : 'It could not be probed because of an error on our side; the log names it.', todo: gone ? 'Nothing: it is no longer registered.' : 'Ask for the probe again.', tookMs: 0 }
      : { name, status: 'skipped', seen: 'Not reached.', todo: '', tookMs: 0 },
  );
}
