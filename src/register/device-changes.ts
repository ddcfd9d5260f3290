/**
 * What happens to devices over the years, put together from its parts: replacement, decommissioning, rotation of
 * credentials. The one thing that Hedgerow writes to a device is an account's password, and it reads that back.
 */
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { DeviceChanges } from '../contract/device-change.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { Queue } from '../contract/jobs.js';
import { actorOf } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import { createCredentialRotation, queueRotation } from './credential-rotation.js';
import { retireCamera } from './decommissioning.js';
import { createDeviceLeases } from './device-lease.js';
import { devicesOf } from './former-devices.js';
import { createLoginBudget } from './login-budget.js';
import type { OnvifClient } from './onvif-client.js';
import { replaceDevice } from './replacement.js';
import { beginRotation } from './rotation-plan.js';
import { createRotationReader } from './rotation-rows.js';

export function createDeviceChanges(parts: {
  config: Config['register'];
  database: Database;
  sealer: Sealer;
  guard: AddressGuard;
  onvif: OnvifClient;
  /** tells whether a stream takes a new password */
  source: FrameSource;
  registry: Registry;
  queue: Queue;
  ledger: Ledger;
  events: EventLog;
  clock: Clock;
  log: Logger;
}): DeviceChanges {
  const { database, ledger } = parts;
  const reader = createRotationReader(database);
  const carryOut = createCredentialRotation({ ...parts, leases: createDeviceLeases(parts), budget: createLoginBudget({ ...parts, config: parts.config.lockout }) });

  return {
    ...reader,
    carryOut,
    replace: (cameraId, input, by) => replaceDevice(parts, cameraId, input, by),
    decommission: (cameraId, { reason }, by) => retireCamera(parts, cameraId, { action: 'camera.decommission', reason }, by),
    devices: (cameraId) => devicesOf(database.orm, cameraId),
    async rotate(input, by) {
      const { row, cameras } = await beginRotation(parts, input, by);
      const details = { rotationId: row.id, account: row.username, cameras, generated: input.password === null };
      await ledger.append({ actor: actorOf(by), action: 'credentials.rotate', objectType: 'site', objectId: row.siteId, outcome: 'ok', details });
      await queueRotation(parts, row.id);
      return reader.rotation(row.id);
    },
  };
}
