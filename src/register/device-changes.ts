/** Replacement, decommissioning and rotation of credentials. */
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { DeviceChanges } from '../contract/device-change.js';
import type { Queue } from '../contract/jobs.js';
import type { Registry } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { OnvifClient } from './onvif-client.js';
import { unbuilt } from './unbuilt.js';

export function createDeviceChanges(parts: {
  config: Config['register'];
  database: Database;
  sealer: Sealer;
  onvif: OnvifClient;
  registry: Registry;
  queue: Queue;
  ledger: Ledger;
  events: EventLog;
  clock: Clock;
  log: Logger;
}): DeviceChanges {
  return unbuilt(parts);
}
