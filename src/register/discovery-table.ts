/**
 * The devices that one discovery knows so far. A device is one endpoint reference, however often, over however many
 * interfaces and from however many addresses it answers; without a reference it is one address. Each is told as soon as it
 * is known, and again when more of it is.
 */
import type { Discovered } from '../contract/registry.js';
import { placeOf, reachableAddress } from './discovery-address.js';
import type { KnownCameras, Recognised } from './discovery-inventory.js';
import type { ToldDevice } from './discovery-message.js';

/** What one table lists at most: a flood of made-up devices ends there. */
const maxDevices = 4_096;
const maxSources = 65_536;
const maxXaddrs = 32;
const maxAnswered = 16;

export interface Sighting {
  readonly told: ToldDevice;
  /** numeric address that it came from */
  readonly source: string;
  /** null when it cannot be said */
  readonly interface: string | null;
  readonly via: Discovered['via'];
}

export interface DeviceTable {
  see(sighting: Sighting): void;
  /** By address. */
  list(): readonly Discovered[];
  readonly size: number;
  /** whether a device answered from this numeric address */
  hasAnswered(source: string): boolean;
}

interface Entry {
  readonly endpointReference: string | null;
  readonly via: Discovered['via'];
  address: string;
  /** the address is a guess: the device told none */
  isGuess: boolean;
  readonly answered: Set<string>;
  readonly sources: Set<string>;
  readonly interfaces: Set<string>;
  readonly told: Set<string>;
  name: string | null;
  hardware: string | null;
  macAddress: string | null;
  lastTold: string;
}

/**
 * @param options.own addresses of this machine
 * @param options.isAllowed whether a numeric address may be connected to: of several, one of these is put first
 */
export function createDeviceTable(options: {
  known: KnownCameras;
  own: ReadonlySet<string>;
  isAllowed: (address: string) => boolean;
  onChange?: (device: Discovered, recognised: Recognised) => void;
}): DeviceTable {
  const { known, own, isAllowed } = options;
  const entries = new Map<string, Entry>();
  /** service address on an answering host → key */
  const byAddress = new Map<string, string>();
  const answeredFrom = new Set<string>();

  function entryFor({ told, via }: Sighting, address: string): Entry | undefined {
    const anonymous = `address:${address}`;
    const key = told.endpointReference ?? byAddress.get(address) ?? anonymous;
    const before = entries.get(key);
    if (before) return before;
    // What was an address until now has a reference: it is not listed twice.
    if (told.endpointReference !== null) entries.delete(anonymous);
    if (entries.size >= maxDevices) return undefined;
    const entry: Entry = {
      endpointReference: told.endpointReference, via, address, isGuess: told.xaddrs.length === 0, answered: new Set(), sources: new Set(), interfaces: new Set(), told: new Set(),
      name: null, hardware: null, macAddress: null, lastTold: '',
    };
    entries.set(key, entry);
    return entry;
  }

  function recognise(entry: Entry): Recognised {
    return known.recognise({ endpointReference: entry.endpointReference, macAddress: entry.macAddress, answered: [...entry.answered], sources: [...entry.sources], xaddrs: [...entry.told] });
  }

  function discovered(entry: Entry, { cameraId, moved }: Recognised): Discovered {
    return {
      endpointReference: entry.endpointReference ?? `address:${entry.address}`,
      address: entry.address,
      xaddrs: [...new Set([...entry.told, ...[...entry.answered].filter((a) => a !== entry.address)])].slice(0, maxXaddrs),
      name: entry.name,
      hardware: entry.hardware,
      macAddress: entry.macAddress,
      interfaces: [...entry.interfaces],
      cameraId,
      moved,
      via: entry.via,
    };
  }

  return {
    see(sighting) {
      const { told, source } = sighting;
      const address = reachableAddress(told.xaddrs, source, own);
      const isGuess = told.xaddrs.length === 0;
      if (answeredFrom.size < maxSources) answeredFrom.add(source);
      const entry = entryFor(sighting, address);
      if (!entry) return;
      if (sighting.interface !== null) entry.interfaces.add(sighting.interface);
      if (entry.sources.size < maxAnswered) entry.sources.add(source);
      for (const x of told.xaddrs) if (entry.told.size < maxXaddrs) entry.told.add(x);
      if (!isGuess && entry.isGuess) {
        // What was guessed is told now.
        entry.answered.clear();
        entry.address = address;
        entry.isGuess = false;
      }
      if ((!isGuess || entry.isGuess) && entry.answered.size < maxAnswered) {
        entry.answered.add(address);
        byAddress.set(address, entry.endpointReference ?? `address:${address}`);
        if (!allowed(entry.address) && allowed(address)) entry.address = address;
      }
      entry.name ??= told.name;
      entry.hardware ??= told.hardware;
      entry.macAddress ??= told.macAddress;
      const recognised = recognise(entry);
      const device = discovered(entry, recognised);
      const text = JSON.stringify(device);
      if (text === entry.lastTold) return;
      entry.lastTold = text;
      options.onChange?.(device, recognised);
    },
    list: () => [...entries.values()].map((entry) => discovered(entry, recognise(entry))).sort((a, b) => a.address.localeCompare(b.address, 'en', { numeric: true })),
    get size() {
      return entries.size;
    },
    hasAnswered: (source) => answeredFrom.has(source),
  };

  function allowed(address: string): boolean {
    return isAllowed(placeOf(address)?.host ?? '');
  }
}
