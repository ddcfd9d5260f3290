/** Which cameras are one device: the same one on two rows, another one than before at an address, channels of a recorder. */
import { and, eq, isNull, ne, or } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import { cameras } from '../db/schema/register.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';

/** Parts of what tells a device from all others; null: not told. */
export type Identity = Pick<CameraRow, 'endpointReference' | 'serialNumber' | 'manufacturer' | 'macAddress'>;

/**
 * Two endpoint references that are both known decide alone, else the serial number with its maker, else the MAC.
 * `renewed`: another endpoint reference on the same serial number and MAC (some devices make one after a reset).
 * `unknown`: nothing to compare, as after a replacement.
 */
export function compareIdentity(known: Identity, found: Identity): 'same' | 'renewed' | 'different' | 'unknown' {
  const serial = compare(withMaker(known), withMaker(found));
  const mac = compare(known.macAddress, found.macAddress);
  switch (compare(known.endpointReference, found.endpointReference)) {
    case 'same':
      return 'same';
    case 'different':
      return serial === 'same' && mac === 'same' ? 'renewed' : 'different';
    case 'unknown':
      return serial === 'unknown' ? mac : serial;
  }
}

function compare(a: string | null, b: string | null): 'same' | 'different' | 'unknown' {
  if (a === null || b === null) return 'unknown';
  return a.toLowerCase() === b.toLowerCase() ? 'same' : 'different';
}

function withMaker({ serialNumber, manufacturer }: Identity): string | null {
  return serialNumber === null || manufacturer === null ? null : `${manufacturer.trim()} ${serialNumber}`;
}

/** A device for people: `Maker Model, serial number X`. */
export function describeDevice(device: Identity & Pick<CameraRow, 'model'>): string {
  const name = [device.manufacturer, device.model].filter((t) => t).join(' ') || 'a device without a name';
  const mark = device.serialNumber !== null ? `serial number ${device.serialNumber}` : device.macAddress !== null ? `MAC ${device.macAddress}` : device.endpointReference;
  return mark === null ? name : `${name}, ${mark}`;
}

/** The row on which a device is registered already, for people; null when there is none. Channels with different sources are no twins. */
export async function twinOf(database: Database, row: CameraRow, identity: Identity): Promise<string | null> {
  const { endpointReference, macAddress, serialNumber, manufacturer } = identity;
  const same = [
    endpointReference === null ? undefined : eq(cameras.endpointReference, endpointReference),
    macAddress === null ? undefined : eq(cameras.macAddress, macAddress),
    serialNumber === null || manufacturer === null ? undefined : and(eq(cameras.serialNumber, serialNumber), eq(cameras.manufacturer, manufacturer)),
  ].filter((c) => c !== undefined);
  if (same.length === 0) return null;
  const found = await database.orm.select().from(cameras).where(and(isNull(cameras.removedAt), ne(cameras.id, row.id), or(...same)));
  const twin = found.find((f) => f.sourceToken === row.sourceToken && isTwin(f, identity, row.address));
  return twin ? nameFor(row, twin) : null;
}

/**
 * Channels of a recorder share serial number and MAC: an endpoint reference that differs is another device. Servers on one
 * host share its MAC: there a serial number that differs is another device, and the MAC alone on another port proves nothing.
 */
function isTwin(known: CameraRow, found: Identity, address: string): boolean {
  const reference = compare(known.endpointReference, found.endpointReference);
  if (reference === 'different' || compareIdentity(known, found) !== 'same') return false;
  const byMacAlone = reference === 'unknown' && compare(withMaker(known), withMaker(found)) === 'unknown';
  const [there, here] = [parseCameraAddress(known.address), parseCameraAddress(address)];
  return !byMacAlone || there.host !== here.host || there.port === here.port;
}

export interface TakenSource {
  /** null: the first of the device */
  readonly sourceToken: string | null;
  readonly name: string;
}

/** The other cameras of the same device: the same address on this site, or the same endpoint reference anywhere. */
export async function sourcesTaken(database: Database, row: CameraRow, endpointReference: string | null): Promise<TakenSource[]> {
  const here = and(eq(cameras.siteId, row.siteId), eq(cameras.address, row.address));
  const found = await database.orm
    .select()
    .from(cameras)
    .where(and(isNull(cameras.removedAt), ne(cameras.id, row.id), endpointReference === null ? here : or(here, eq(cameras.endpointReference, endpointReference))));
  return found.map((f) => ({ sourceToken: f.sourceToken, name: nameFor(row, f) }));
}

/** Who sees one camera may not see the other one. */
function nameFor(row: CameraRow, other: Pick<CameraRow, 'siteId' | 'name' | 'address'>): string {
  return other.siteId === row.siteId ? `"${other.name}" (${other.address})` : 'a camera of another site';
}
