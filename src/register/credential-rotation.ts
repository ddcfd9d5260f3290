/**
 * Carries a rotation out: device by device, never two at once on one device, a few devices at a time. It can end at any point
 * and be run again: the new password is sealed before a device is written to, and a row that says `writing` or `unknown`
 * begins by finding out what the device has.
 */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm';
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { Queue } from '../contract/jobs.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, isAbort, messageOf } from '../core/errors.js';
import { cameras, credentialSets, rotationCameras, rotations } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { parseCameraAddress } from './camera-address.js';
import { isDigestOnly, pinStream } from './camera-directory.js';
import type { CameraRow } from './camera-rows.js';
import { openPassword } from './credentials.js';
import type { DeviceLeases } from './device-lease.js';
import { firstKeyFrame } from './first-key-frame.js';
import type { LoginBudget } from './login-budget.js';
import type { AuthMode, OnvifClient, OnvifDevice } from './onvif-client.js';
import { fillPath, takesLoginInPath } from './path-credentials.js';
import { deviceAddressOf, deviceKey } from './device-key.js';
import { compareIdentity, describeDevice } from './device-twins.js';
import { deviceError } from './knock.js';
import { createProbeSlots } from './probe-slots.js';
import { recordOutcome } from './rotation-outcome.js';
import { closeRotation, keptPasswords, openStatuses, rotationContext, rotationRow, type RotationCameraRow, type RotationRow } from './rotation-rows.js';
import { changePassword, type RotationOutcome } from './rotation-step.js';

/** A stream that refuses a password says so at once; one that takes longer does not refuse it. */
const streamMs = 8_000;
const retryMs = { least: 15_000, most: 3_600_000 } as const;

export interface RotationParts {
  readonly config: Config['register'];
  readonly database: Database;
  readonly sealer: Sealer;
  readonly guard: AddressGuard;
  readonly onvif: OnvifClient;
  readonly source: FrameSource;
  readonly leases: DeviceLeases;
  readonly budget: LoginBudget;
  readonly queue: Queue;
  readonly ledger: Ledger;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @returns the job; what it throws is the first thing that was no fault of a device, after every device had its turn */
export function createCredentialRotation(parts: RotationParts): (rotationId: string, signal: AbortSignal) => Promise<void> {
  const { config, database, sealer, guard, onvif, source, leases, budget, ledger, clock, log } = parts;
  const slots = createProbeSlots({ atOnce: config.onboardingsAtOnce, perHost: config.climbsPerHost });

  return async (rotationId, signal) => {
    const rotation = await rotationRow(database.orm, rotationId);
    const members = await database.orm
      .select({ member: rotationCameras, address: cameras.address })
      .from(rotationCameras)
      .innerJoin(cameras, eq(cameras.id, rotationCameras.cameraId))
      .where(and(eq(rotationCameras.rotationId, rotationId), inArray(rotationCameras.status, [...openStatuses])))
      .orderBy(asc(rotationCameras.id));
    const nowMs = clock.nowMs();
    const due = members.filter(({ member }) => member.restUntil === null || member.restUntil.getTime() <= nowMs);
    // What may be written already goes first: another row of the same device then learns of it.
    const sorted = [...due.filter((d) => d.member.status !== 'waiting'), ...due.filter((d) => d.member.status === 'waiting')];
    const turns = await Promise.allSettled(
      sorted.map(({ member, address }) => slots.run({ ...parseCameraAddress(address) }, signal, () => oneCamera(rotation, member.id, signal))),
    );
    if (signal.aborted) throw new HedgerowError('process.aborted', 'Stopped before the rotation was done.');
    const open = await database.transaction((tx) => closeRotation(tx, rotationId, new Date(clock.nowMs())));
    if (open > 0) await comeBack(rotation);
    // A hold that was lost, a camera that left: seen to the next time.
    const broken = turns.find((t) => t.status === 'rejected' && !isAbort(t.reason)) as PromiseRejectedResult | undefined;
    if (broken) throw broken.reason;
  };

  /** Later and later; the sweep over open rotations finds it, too, should this be lost. */
  async function comeBack({ id, startedAt }: RotationRow): Promise<void> {
    const delayMs = Math.round(Math.min(retryMs.most, Math.max(retryMs.least, (clock.nowMs() - startedAt.getTime()) / 2)));
    await queueRotation(parts, id, delayMs);
  }

  async function oneCamera(rotation: RotationRow, memberId: string, signal: AbortSignal): Promise<void> {
    const [first] = await database.orm.select().from(cameras).innerJoin(rotationCameras, eq(rotationCameras.cameraId, cameras.id)).where(eq(rotationCameras.id, memberId));
    if (!first) return;
    // Held over all processes: nobody climbs or rotates on this device meanwhile.
    const settled = await leases.hold(deviceKey(await deviceAddressOf(guard, first.cameras.address)), signal, async (held) => {
      const [now] = await database.orm.select().from(cameras).innerJoin(rotationCameras, eq(rotationCameras.cameraId, cameras.id)).where(eq(rotationCameras.id, memberId));
      if (!now || !isOpen(now.rotation_cameras) || now.cameras.removedAt !== null) return null;
      const camera = now.cameras;
      const member = now.rotation_cameras;
      const outcome = await step(rotation, camera, member, held);
      return (await recordOutcome(parts, camera, member, outcome, clock.nowMs())) ? { camera, outcome } : null;
    });
    if (settled === null) return;
    if (settled.outcome.status === 'late') return oneCamera(rotation, memberId, signal);
    const { camera, outcome } = settled;
    log.info({ rotationId: rotation.id, cameraId: camera.id, status: outcome.status }, 'a camera’s password was rotated, or not');
    const details = { rotationId: rotation.id, siteId: rotation.siteId, account: rotation.username, status: outcome.status };
    await ledger.append({ actor: rotation.by, action: 'credentials.rotate', objectType: 'camera', objectId: camera.id, outcome: outcome.status === 'done' ? 'ok' : 'failed', details });
  }

  async function step(rotation: RotationRow, camera: CameraRow, member: RotationCameraRow, signal: AbortSignal): Promise<RotationOutcome> {
    const oldPassword = openPassword(sealer, camera.id, camera.sealedPassword);
    if (oldPassword === null || member.sealedPassword === null || camera.username !== rotation.username || camera.protocol !== 'onvif') {
      return { status: 'failed', holds: null, keep: member.status !== 'waiting', seen: 'The camera is registered with another account, or without a password, by now.', todo: 'Rotate again with the account that it has.' };
    }
    const [kept] = await keptPasswords(database.orm, member, rotation.username);
    const outcome = await changePassword(
      { onvif, budget, clock, beforeWriting: () => markWriting(member.id), streamRefuses: (password) => streamRefuses(camera, password, signal), otherDevice: (device) => otherDevice(camera, device) },
      {
        url: camera.address,
        username: rotation.username,
        oldPassword,
        newPassword: sealer.open(member.sealedPassword, rotationContext(member.id)),
        keptPassword: kept?.sealedPassword ? sealer.open(kept.sealedPassword, rotationContext(kept.id)) : null,
        authMode: camera.authMode as AuthMode | null,
        mayBeWritten: member.status !== 'waiting',
      },
      signal,
    );
    return outcome.status === 'done' ? { ...outcome, todo: await setsThatStay(rotation) } : outcome;
  }

  async function markWriting(memberId: string): Promise<void> {
    const marked = await database.orm
      .update(rotationCameras)
      .set({ status: 'writing', seen: 'Its password is being written.', todo: '', updatedAt: new Date(clock.nowMs()) })
      .where(and(eq(rotationCameras.id, memberId), inArray(rotationCameras.status, [...openStatuses])))
      .returning({ id: rotationCameras.id });
    if (marked.length === 0) throw new HedgerowError('process.aborted', 'The camera left the rotation before its password was written.');
  }

  /** ONVIF and RTSP have accounts of their own on some devices; only a refusal counts. */
  async function streamRefuses(camera: CameraRow, password: string, signal: AbortSignal): Promise<string | null> {
    if (camera.streamUrl === null || camera.onboardedAt === null) return null;
    const digestOnly = isDigestOnly(camera);
    // Never sent in clear there: nobody can tell whether it is taken.
    if (digestOnly && takesLoginInPath(camera.streamUrl)) return null;
    let url: string;
    try {
      url = fillPath(await pinStream(guard, camera.streamUrl), { username: camera.username ?? '', password });
    } catch (thrown) {
      if (thrown instanceof HedgerowError) return null;
      throw thrown;
    }
    const target = { cameraId: camera.id, siteId: camera.siteId, url, username: camera.username, password, digestOnly, sampleIntervalMs: camera.sampleIntervalMs, configVersion: camera.configVersion };
    const seen = await firstKeyFrame({ source, target, connectTimeoutMs: config.connectTimeoutMs, timeoutMs: streamMs, clock, signal });
    return seen.status === 'ended' && seen.end.reason === 'auth' && seen.end.loginSent !== false ? seen.end.detail : null;
  }

  /** Addresses change hands, and one password often opens many devices: which one answers is asked before it is written to. */
  async function otherDevice(camera: CameraRow, device: OnvifDevice): Promise<string | null> {
    if ((camera.endpointReference ?? camera.serialNumber ?? camera.macAddress) === null) return null;
    try {
      const { manufacturer, model, serialNumber } = await device.information();
      const found = { ...(await device.identity()), manufacturer, serialNumber };
      return compareIdentity(camera, found) === 'different' ? describeDevice({ ...found, model }) : null;
    } catch (thrown) {
      // It does not tell who it is.
      deviceError(thrown);
      return null;
    }
  }

  async function setsThatStay({ siteId, username }: RotationRow): Promise<string> {
    const sets = await database.orm.select({ name: credentialSets.name }).from(credentialSets).where(and(eq(credentialSets.siteId, siteId), eq(credentialSets.username, username))).orderBy(asc(credentialSets.order));
    if (sets.length === 0) return '';
    return `The credential set ${sets.map((s) => `"${s.name}"`).join(', ')} of the site was not changed: it is for cameras that come new. Change it if they are to have another password, too.`;
  }
}

function isOpen({ status }: RotationCameraRow): boolean {
  return openStatuses.some((s) => s === status);
}

/** Queues every rotation that is not over: its job may have been lost. */
export async function queueOpenRotations({ database, queue, log }: Pick<RotationParts, 'database' | 'queue' | 'log'>): Promise<void> {
  const open = await database.orm.select({ id: rotations.id }).from(rotations).where(isNull(rotations.finishedAt));
  for (const { id } of open) await queueRotation({ queue, log }, id);
}

/** Never throws: the sweep finds a rotation whose job was lost. */
export async function queueRotation({ queue, log }: Pick<RotationParts, 'queue' | 'log'>, rotationId: string, delayMs = 0): Promise<void> {
  try {
    await queue.enqueue({ name: 'credentials.rotate', rotationId }, { dedupeKey: `credentials.rotate:${rotationId}`, delayMs });
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    log.warn({ rotationId, error: messageOf(thrown) }, 'a rotation could not be queued; it is tried again later');
  }
}
