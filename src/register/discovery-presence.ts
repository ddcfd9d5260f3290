/**
 * Listens to devices that announce themselves (Hello) and say goodbye (Bye). Bye is only a courtesy, so what is listed may
 * be gone; and anybody on the network may say Hello, so nothing is changed by it: a registered device at a new address is
 * told to the log and to who looks.
 */
import dgram from 'node:dgram';
import type { Database } from '../contract/database.js';
import type { Discovered } from '../contract/registry.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { createDiscoveryIntake, type Datagram } from './discovery-intake.js';
import { readKnownCameras, type KnownCameras } from './discovery-inventory.js';
import { multicast, readDiscoveryMessage } from './discovery-message.js';
import { createDeviceTable, type Sighting } from './discovery-table.js';
import { chooseInterfaces, interfaceToward, ipv4Interfaces, ownAddresses } from './network-interfaces.js';

/** Devices that are remembered; the one that was silent longest goes first. */
const maxAnnounced = 1_024;
/** Messages a second that are read; a network does not boot faster. */
const maxPerSecond = 1_000;
/** A device with several interfaces says Hello on each of them within this time; what it said earlier is past. */
const sameHelloMs = 10_000;
const maxSightings = 8;
/** Interfaces come and go: a cable, a VPN, a Wi-Fi. */
const rejoinEveryMs = 30_000;
/** Villages wake up together: one look at the inventory serves all. */
const lookAfterMs = 300;

export interface Presence {
  /** Never throws: without a socket it is a line in the log. */
  listen(): Promise<void>;
  /** The newest first. */
  announced(): Promise<readonly Discovered[]>;
  close(): Promise<void>;
}

interface Announced {
  readonly sightings: readonly Sighting[];
  readonly atMs: number;
}

export function createPresence(deps: { guard: AddressGuard; clock: Clock; log: Logger; database?: Database | undefined }): Presence {
  const { guard, clock, log, database } = deps;
  /** In the order of their last Hello. */
  const devices = new Map<string, Announced>();
  const toldMoved = new Map<string, string>();
  const unlooked = new Set<string>();
  const joined = new Set<string>();
  const intake = createDiscoveryIntake({ clock, log, read: take });
  let socket: dgram.Socket | undefined;
  let opening: Promise<void> | undefined;
  let closed = false;
  let cancelRejoin = (): void => undefined;
  let cancelLook: (() => void) | undefined;
  let second = { startMs: 0, count: 0 };

  function take(datagram: Datagram): void {
    const message = readDiscoveryMessage(datagram.bytes);
    if (message.kind === 'bye') {
      if (devices.delete(message.endpointReference)) log.debug({ endpointReference: message.endpointReference }, 'a device said goodbye');
      return;
    }
    if (message.kind !== 'hello') return;
    for (const told of message.devices) {
      const key = told.endpointReference ?? `from:${datagram.source}`;
      const sighting: Sighting = { told, source: datagram.source, interface: datagram.interface, via: 'hello' };
      const before = devices.get(key);
      const nowMs = clock.monotonicMs();
      const kept = before && nowMs - before.atMs < sameHelloMs ? before.sightings.filter((s) => s.source !== sighting.source) : [];
      devices.delete(key);
      devices.set(key, { sightings: [sighting, ...kept].slice(0, maxSightings), atMs: nowMs });
      unlooked.add(key);
    }
    for (const key of devices.keys()) {
      if (devices.size <= maxAnnounced) break;
      devices.delete(key);
    }
    cancelLook ??= clock.after(lookAfterMs, () => {
      cancelLook = undefined;
      look().catch((thrown: unknown) => log.debug({ error: messageOf(thrown) }, 'who announced itself could not be looked up'));
    });
  }

  /** Tells the log, once, of registered devices that are elsewhere now. */
  async function look(): Promise<void> {
    const keys = [...unlooked];
    unlooked.clear();
    const known = await readKnownCameras(database);
    for (const key of keys) {
      const device = devices.get(key);
      const seen = device && judge(device, known);
      if (!seen?.device.moved) toldMoved.delete(key);
      else if (toldMoved.get(key) !== seen.device.address) {
        if (toldMoved.size >= maxAnnounced) toldMoved.clear();
        toldMoved.set(key, seen.device.address);
        log.warn({ cameraId: seen.device.cameraId, endpointReference: key, registered: seen.registeredAddress, address: seen.device.address }, 'a registered device announced itself at another address');
      }
    }
  }

  function judge({ sightings }: Announced, known: KnownCameras): { device: Discovered; registeredAddress: string | null } | undefined {
    let registeredAddress: string | null = null;
    const table = createDeviceTable({ known, own: ownAddresses(), isAllowed: (address) => guard.allows(address), onChange: (_device, recognised) => (registeredAddress = recognised.registeredAddress) });
    for (const sighting of sightings) table.see(sighting);
    const [device] = table.list();
    return device && { device, registeredAddress };
  }

  function join(on: dgram.Socket): void {
    const present = chooseInterfaces([]).chosen;
    for (const address of joined) if (!present.some((i) => i.address === address)) joined.delete(address);
    for (const { name, address } of present) {
      if (joined.has(address)) continue;
      try {
        on.addMembership(multicast.address, address);
        joined.add(address);
      } catch (thrown) {
        log.debug({ interface: name, error: messageOf(thrown) }, 'announcements are not heard on this interface');
      }
    }
    cancelRejoin = clock.after(rejoinEveryMs, () => join(on));
  }

  async function open(): Promise<void> {
    // Bound to the group alone, unicast answers to others on this machine pass us by. Not every system allows it.
    const opened = (await bind(multicast.address, log)) ?? (await bind('0.0.0.0', log));
    if (!opened) {
      log.warn({ port: multicast.port }, 'nobody can be heard announcing itself: another program has the port');
      return;
    }
    if (closed) {
      opened.close();
      return;
    }
    socket = opened;
    socket.on('error', (thrown) => log.warn({ error: messageOf(thrown) }, 'the socket for announcements failed'));
    socket.on('message', (bytes, from) => {
      const nowMs = clock.monotonicMs();
      if (nowMs - second.startMs >= 1_000) second = { startMs: nowMs, count: 0 };
      if (second.count++ < maxPerSecond) intake.put({ bytes, source: from.address, interface: interfaceToward(from.address, ipv4Interfaces()) });
    });
    join(socket);
  }

  return {
    listen: () => (opening ??= closed ? Promise.resolve() : open()),
    async announced() {
      await intake.drained();
      const known = await readKnownCameras(database);
      return [...devices.values()].reverse().flatMap((device) => judge(device, known)?.device ?? []);
    },
    async close() {
      closed = true;
      await opening;
      cancelRejoin();
      cancelLook?.();
      const open = socket;
      socket = undefined;
      if (open) await new Promise<void>((resolve) => open.close(() => resolve()));
    },
  };
}

/** @returns undefined when the system does not let us */
function bind(address: string, log: Logger): Promise<dgram.Socket | undefined> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    socket.once('error', (thrown) => {
      log.debug({ address, port: multicast.port, error: messageOf(thrown) }, 'the port for announcements cannot be opened');
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address, port: multicast.port }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
