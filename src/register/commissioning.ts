/** Runs the checklist of a camera and keeps its results. */
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Commissionings } from '../contract/commissioning.js';
import type { Database, EventLog } from '../contract/database.js';
import type { Onboarding } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { OnvifClient } from './onvif-client.js';
import { unbuilt } from './unbuilt.js';

export function createCommissionings(parts: {
  config: Config['register'];
  database: Database;
  sealer: Sealer;
  guard: AddressGuard;
  onvif: OnvifClient;
  onboarding: Onboarding;
  ledger: Ledger;
  events: EventLog;
  clock: Clock;
  log: Logger;
}): Commissionings {
  return unbuilt(parts);
}
