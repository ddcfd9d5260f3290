/**
 * Which of the devices that are found the inventory knows, and whether one of them has another address than the one that is
 * registered. Read once at the beginning: what is registered meanwhile is found by the next one.
 */
import { isNull } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import { cameras } from '../db/schema/register.js';
import { placeOf } from './discovery-address.js';
import { normalEndpointReference } from './endpoint-reference.js';

export interface SeenDevice {
  /** null when the device told none */
  readonly endpointReference: string | null;
  readonly macAddress: string | null;
  /** service addresses on hosts that answered */
  readonly answered: readonly string[];
  /** numeric addresses that it answered from */
  readonly sources: readonly string[];
  /** as told */
  readonly xaddrs: readonly string[];
}

export interface Recognised {
  readonly cameraId: string | null;
  readonly moved: boolean;
  /** as it is registered; null with `cameraId` */
  readonly registeredAddress: string | null;
}

export interface KnownCameras {
  recognise(device: SeenDevice): Recognised;
}

interface Row {
  readonly id: string;
  readonly reference: string | null;
  readonly mac: string | null;
  readonly address: string;
}

const stranger: Recognised = { cameraId: null, moved: false, registeredAddress: null };

/** @param database without one nothing is known */
export async function readKnownCameras(database: Database | undefined): Promise<KnownCameras> {
  if (!database) return { recognise: () => stranger };
  const rows: readonly Row[] = await database.orm
    .select({ id: cameras.id, reference: cameras.endpointReference, mac: cameras.macAddress, address: cameras.address })
    .from(cameras)
    .where(isNull(cameras.removedAt));
  return knownCameras(rows);
}

/**
 * By endpoint reference, which several cameras share where they are channels of one recorder; else by hardware address, and
 * by address, where the inventory or the device has no reference.
 */
export function knownCameras(rows: readonly Row[]): KnownCameras {
  const byReference = grouped(rows, (row) => (row.reference === null ? null : normalEndpointReference(row.reference)));
  const byMac = grouped(rows, (row) => (row.reference === null ? (row.mac?.toLowerCase() ?? null) : null));
  const byHost = grouped(rows, (row) => placeOf(row.address)?.host ?? null);
  return {
    recognise(device) {
      const mine =
        (device.endpointReference === null ? undefined : byReference.get(device.endpointReference)) ??
        (device.macAddress === null ? undefined : byMac.get(device.macAddress)) ??
        device.answered
          .flatMap((address) => byHost.get(placeOf(address)?.host ?? '') ?? [])
          .filter((row) => (row.reference === null || device.endpointReference === null) && isThere(row, device));
      const first = mine.find((row) => isThere(row, device)) ?? mine[0];
      return first ? { cameraId: first.id, moved: !isThere(first, device), registeredAddress: first.address } : stranger;
    },
  };
}

/**
 * Whether the camera is registered where the device answered. What the device tells of itself counts only when it knows
 * the address that it answered from: else the list is a factory's. A name is not compared, it follows the device by itself.
 */
function isThere(row: Row, device: SeenDevice): boolean {
  const registered = placeOf(row.address);
  if (!registered || !/^[\d.]+$|:/.test(registered.host)) return true;
  const told = device.xaddrs.flatMap((x) => placeOf(x) ?? []);
  const places = [...device.answered.flatMap((a) => placeOf(a) ?? []), ...(told.some(({ host }) => device.sources.includes(host)) ? told : [])];
  const sameScheme = places.filter(({ scheme }) => scheme === registered.scheme);
  return sameScheme.length > 0
    ? sameScheme.some(({ host, port }) => host === registered.host && port === registered.port)
    : places.some(({ host }) => host === registered.host);
}

function grouped(rows: readonly Row[], keyOf: (row: Row) => string | null): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
