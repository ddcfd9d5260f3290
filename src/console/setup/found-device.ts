/** What a device that answered discovery is called, and where it is reached. */
import type { Discovered } from '../../contract/registry.js';

/** Its name and hardware; its address when it says neither. */
export function deviceName(device: Discovered): string {
  return [device.name, device.hardware].filter(Boolean).join(' · ') || device.address;
}

/** The service address on the host that answered us: a device often names hosts that cannot be reached from here. */
export function addressOf(device: Discovered): string {
  const here = device.xaddrs.find((x) => hostOf(x) === device.address);
  if (here) return here;
  const first = device.xaddrs[0];
  try {
    if (!first) return device.address;
    const url = new URL(first);
    url.hostname = device.address.includes(':') ? `[${device.address}]` : device.address;
    return url.toString();
  } catch {
    return device.address;
  }
}

function hostOf(url: string): string | null {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return null;
  }
}
