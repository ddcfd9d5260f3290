/** Every route module, once. */
import type { RouteDeps, Routes } from '../api-deps.js';
import { alertRoutes } from './alerts.js';
import { cameraTableRoutes } from './camera-table.js';
import { cameraRoutes } from './cameras.js';
import { commissioningRoutes } from './commissionings.js';
import { credentialSetRoutes } from './credential-sets.js';
import { deviceChangeRoutes } from './device-changes.js';
import { siteMapRoutes } from './site-map.js';
import { channelRoutes } from './channels.js';
import { checkRoutes } from './check.js';
import { deliveryRoutes } from './deliveries.js';
import { discoveryRoutes } from './discovery.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { inputRoutes } from './inputs.js';
import { liveRoutes } from './live.js';
import { ledgerRoutes } from './ledger.js';
import { observationRoutes } from './observations.js';
import { pictureRoutes } from './pictures.js';
import { placeRoutes } from './places.js';
import { reelRoutes } from './reels.js';
import { ruleRoutes } from './rules.js';
import { scheduleRoutes } from './schedules.js';
import { sessionRoutes } from './session.js';
import { siteRoutes } from './sites.js';
import { systemRoutes } from './system.js';
import { tokenRoutes } from './tokens.js';
import { userRoutes } from './users.js';
import { zoneRoutes } from './zones.js';

const modules = [
  systemRoutes, sessionRoutes, siteRoutes, placeRoutes, cameraRoutes, cameraTableRoutes, discoveryRoutes, zoneRoutes, scheduleRoutes, ruleRoutes,
  observationRoutes, pictureRoutes, liveRoutes, alertRoutes, reelRoutes, inputRoutes, channelRoutes, deliveryRoutes, healthRoutes, eventRoutes, userRoutes, tokenRoutes,
  ledgerRoutes, checkRoutes, siteMapRoutes, commissioningRoutes, credentialSetRoutes, deviceChangeRoutes,
];

export function addRoutes(app: Routes, deps: RouteDeps): void {
  for (const add of modules) add(app, deps);
}
