/** The registry: everything that `api` and `cli` ask of the inventory, put together from its parts. */
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { Queue } from '../contract/jobs.js';
import type { Registry } from '../contract/registry.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import { createCameras } from './cameras.js';
import { createCameraExport } from './camera-export.js';
import { createCameraImport } from './camera-import.js';
import { createSites } from './sites.js';
import { createZones } from './zones.js';

/** @param options.guard connections are guarded where they are made; a camera may be registered before its network is allowed */
export function createRegistry(options: {
  database: Database;
  sealer: Sealer;
  events: EventLog;
  ledger: Ledger;
  queue: Queue;
  guard: AddressGuard;
  clock: Clock;
  log: Logger;
}): Registry {
  return {
    ...createSites(options),
    ...createCameras(options),
    ...createZones(options),
    importCameras: createCameraImport(options),
    exportCameras: createCameraExport(options),
  };
}
