/** One discovery from its first question to its list: multicast on the chosen interfaces, and the sweep when there is one. */
import type { Database } from '../contract/database.js';
import type { Discovered, DiscoverOptions } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { isAbort, messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { planSweep } from './discovery-blocks.js';
import { createDiscoveryIntake, type Datagram } from './discovery-intake.js';
import { readKnownCameras } from './discovery-inventory.js';
import { readDiscoveryMessage, type ToldDevice } from './discovery-message.js';
import { createPace } from './discovery-pace.js';
import { askInRounds, createResolver } from './discovery-rounds.js';
import { openDiscoverySocket, type DiscoverySocket } from './discovery-socket.js';
import { sweep } from './discovery-sweep.js';
import { createDeviceTable } from './discovery-table.js';
import { chooseInterfaces, interfaceToward, ipv4Interfaces, type Ipv4Interface, type Skipped } from './network-interfaces.js';
import type { OnvifClient } from './onvif-client.js';

const progressEveryMs = 500;
const nothingTold: ToldDevice = { endpointReference: null, xaddrs: [], name: null, hardware: null, macAddress: null };

export interface DiscoveryParts {
  readonly config: Config['register'];
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly log: Logger;
  /** when given, devices that the inventory knows carry their camera's id */
  readonly database?: Database | undefined;
  /** when given, a sweep knocks on ports where nobody answers a probe */
  readonly onvif?: OnvifClient | undefined;
  /** ports to knock on; default: the usual ones */
  readonly ports?: readonly number[] | undefined;
}

/** @throws HedgerowError `discovery.interface`, `discovery.sweep` */
export async function runDiscovery(options: DiscoverOptions, parts: DiscoveryParts): Promise<readonly Discovered[]> {
  const { signal, bridges = false } = options;
  const { config, guard, clock, log } = parts;
  const present = ipv4Interfaces();
  const { chosen, skipped } = chooseInterfaces(options.interfaces, { bridges, present });
  const plan =
    options.sweep === undefined || options.sweep.length === 0
      ? null
      : planSweep(options.sweep, { guard, interfaces: present, bridges: bridges || config.sweep.bridges, force: options.force ?? false });
  const table = createDeviceTable({
    known: await readKnownCameras(parts.database),
    own: new Set(present.map((i) => i.address)),
    isAllowed: (address) => guard.allows(address),
    onChange: (device) => tell(options.onFound, device, log),
  });
  const left: Skipped[] = [...skipped, ...(plan?.skipped ?? [])].filter((one, i, all) => all.findIndex((other) => other.interface === one.interface) === i);
  const probed: Ipv4Interface[] = [];
  const closing: (() => Promise<void>)[] = [];
  let [asked, junk, dropped] = [0, 0, 0];
  const report = (): void => {
    const scanning = [
      ...probed.map((i) => ({ interface: i.name, network: i.network, via: 'multicast' as const })),
      ...(plan?.networks ?? []).map((n) => ({ ...n, via: 'sweep' as const })),
    ];
    tell(options.onProgress, { scanning, skipped: [...left], asked, total: plan?.addresses.length ?? 0, found: table.size }, log);
  };

  const resolve = createResolver();
  async function open(at: Ipv4Interface | null): Promise<DiscoverySocket | null> {
    const held: { socket?: DiscoverySocket } = {};
    const read = (datagram: Datagram): void => {
      const message = readDiscoveryMessage(datagram.bytes);
      if (message.kind !== 'matches') junk++;
      else {
        for (const told of message.devices) {
          table.see({ told, source: datagram.source, interface: datagram.interface, via: at ? 'multicast' : 'sweep' });
          if (held.socket && guard.allows(datagram.source)) resolve(told, datagram.source, held.socket);
        }
      }
    };
    const intake = createDiscoveryIntake({ clock, log, read });
    const onDatagram = (bytes: Buffer, source: string): void => intake.put({ bytes, source, interface: at ? at.name : interfaceToward(source, present) });
    const opened = await openDiscoverySocket({ interfaceAddress: at?.address ?? null, onDatagram, log });
    if ('unusable' in opened) {
      if (at) left.push({ interface: at.name, reason: `cannot be probed: ${opened.unusable}` });
      return null;
    }
    if (at) probed.push(at);
    held.socket = opened;
    closing.push(async () => {
      await opened.close();
      // Who stopped it early waits for nothing.
      if (!signal.aborted) await intake.drained();
      dropped += intake.dropped;
    });
    return opened;
  }

  let cancelReport = (): void => undefined;
  const reportOften = (): void => {
    report();
    cancelReport = clock.after(progressEveryMs, reportOften);
  };
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  try {
    const sockets = (await Promise.all(chosen.map(open))).filter((socket) => socket !== null);
    const sweepSocket = plan && (await open(null));
    reportOften();
    const work = [askInRounds(sockets, options.listenMs ?? config.discoveryListenMs, clock, both)];
    if (plan && sweepSocket) {
      work.push(
        sweep({
          addresses: plan.addresses, socket: sweepSocket, onvif: parts.onvif, ports: parts.ports, clock, signal: both,
          pace: createPace({ clock, perSecond: config.sweep.perSecond }),
          hasAnswered: (address) => table.hasAnswered(address),
          onService: (address, url) => table.see({ told: { ...nothingTold, xaddrs: [url] }, source: address, interface: interfaceToward(address, present), via: 'sweep' }),
          onAsked: () => asked++,
        }),
      );
    }
    // What fails ends the other.
    for (const one of work) one.catch((thrown: unknown) => failed.abort(thrown));
    await Promise.all(work);
  } catch (thrown) {
    // Stopped early: what was found until then is the answer.
    if (!isAbort(thrown) && !signal.aborted) throw thrown;
  } finally {
    cancelReport();
    await Promise.all(closing.map((close) => close()));
  }
  report();
  log.info({ devices: table.size, junk, dropped, interfaces: probed.map((i) => i.name), swept: asked }, 'discovery is done');
  return table.list();
}

/** A listener that fails costs itself only. */
function tell<T>(listener: ((value: T) => void) | undefined, value: T, log: Logger): void {
  try {
    listener?.(value);
  } catch (thrown) {
    log.warn({ error: messageOf(thrown) }, 'a listener of discovery failed');
  }
}
