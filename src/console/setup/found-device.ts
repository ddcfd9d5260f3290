/** What a device that answered discovery is called, where it is reached, and what many of them are as rows of a table. */
import type { Discovered } from '../../contract/registry.js';
import type { Draft } from '../api/draft.js';
import { requestOf, type CameraDraft } from './camera-draft.js';

/** Its name and hardware; its address when it says neither. */
export function deviceName(device: Discovered): string {
  return [device.name, device.hardware].filter(Boolean).join(' · ') || device.address;
}

/** The service address on the host that answered us: a device often names hosts that cannot be reached from here. */
export function addressOf(device: Discovered): string {
  if (/^https?:\/\//.test(device.address)) return device.address;
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

/** Objects as the import of JSON takes them. A name that two devices tell gets the host behind it. */
export function foundCameras(devices: readonly Discovered[], shared: CameraDraft): Draft[] {
  const common = { ...requestOf(shared), siteId: undefined };
  const named = devices.map((d) => d.name?.trim() || d.hardware?.trim() || '');
  return devices.map((device, i) => {
    const name = named[i] ?? '';
    const address = addressOf(device);
    const alone = name !== '' && named.filter((n) => n === name).length === 1;
    return { ...common, name: alone ? name : [name, hostOf(address) ?? address].filter((n) => n !== '').join(' '), address };
  });
}

function hostOf(url: string): string | null {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return null;
  }
}
