/**
 * What counts as one device while we speak to it: an address and a port. Cameras behind one forwarded address, and
 * simulated ones on this machine, differ in nothing but the port; the channels of a recorder share both.
 */
import type { AddressGuard } from '../core/address-guard.js';
import { HedgerowError } from '../core/errors.js';
import { parseCameraAddress } from './camera-address.js';

export interface DeviceAddress {
  /** numeric, IPv6 without brackets; the name when it does not resolve or may not be connected to */
  readonly host: string;
  readonly port: number;
}

/** @param cameraAddress as it is registered */
export async function deviceAddressOf(guard: AddressGuard, cameraAddress: string): Promise<DeviceAddress> {
  const { host, port } = parseCameraAddress(cameraAddress);
  try {
    return { host: (await guard.pin(host)).address, port };
  } catch (thrown) {
    if (thrown instanceof HedgerowError && thrown.code === 'address.refused') return { host, port };
    throw thrown;
  }
}

/** `host:port`, for leases, slots and the lock-out policy. */
export function deviceKey({ host, port }: DeviceAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
