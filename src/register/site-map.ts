/** The map of a site: GeoJSON in, with a verdict a feature, and out again. */
import type { Ledger } from '../contract/auth-ports.js';
import type { Database, EventLog } from '../contract/database.js';
import type { SiteMap } from '../contract/site-map.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import { unbuilt } from './unbuilt.js';

export function createSiteMap(parts: { database: Database; ledger: Ledger; events: EventLog; clock: Clock; log: Logger }): SiteMap {
  return unbuilt(parts);
}
