/**
 * Which actions the page offers. The API decides by itself, on every request; this only spares a person the refusal.
 */
import type { Grant, Role } from '../../contract/principal.js';

const may = {
  /** newest pictures as they come; auditors look at stored evidence only */
  seeLive: ['admin', 'technician', 'operator'],
  seeStored: ['admin', 'technician', 'operator', 'auditor'],
  handleAlerts: ['admin', 'operator'],
  editCameras: ['admin', 'technician'],
  editZones: ['admin', 'technician'],
  editRules: ['admin', 'technician'],
  seeChannels: ['admin', 'technician', 'auditor'],
  editChannels: ['admin'],
  seeDeliveries: ['admin', 'technician', 'operator', 'auditor'],
  /** on all sites */
  replayDeliveries: ['admin', 'operator'],
  createSites: ['admin'],
  seeSetup: ['admin', 'technician', 'operator', 'auditor'],
} as const satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof may;

/** @param siteId null: on any site at all */
export function allows(grants: readonly Grant[], action: Action, siteId: string | null): boolean {
  const roles: readonly Role[] = may[action];
  return grants.some((g) => roles.includes(g.role) && (siteId === null || g.siteId === null || g.siteId === siteId));
}

/** On all sites, those to come included. */
export function allowsEverywhere(grants: readonly Grant[], action: Action): boolean {
  const roles: readonly Role[] = may[action];
  return grants.some((g) => g.siteId === null && roles.includes(g.role));
}
