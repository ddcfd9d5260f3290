/**
 * Finds ONVIF devices by WS-Discovery: one socket an IPv4 interface, both device types, three times (UDP loses), and
 * reports each device once, as soon as it answers. Replies are read from any port: many devices do not answer from 3702.
 */
import { randomUUID } from 'node:crypto';
import dgram from 'node:dgram';
import { isNull } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { Discovered, Discovery } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { isAbort, messageOf } from '../core/errors.js';
import { cameras } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { multicast, probeTypes, readProbeMatches, writeProbe, type ProbeMatch } from './discovery-message.js';
import { normalEndpointReference } from './endpoint-reference.js';
import { chooseInterfaces, ownAddresses, type Ipv4Interface } from './network-interfaces.js';

/** Times of the three rounds, milliseconds from the start; a shorter listening time draws them together. */
const roundsMs = [0, 400, 1_200];
/** What one discovery lists at most: a flood of made-up devices ends there. */
const maxDevices = 4_096;
const maxReplyBytes = 65_536;

/** @param options.database when given, devices that the inventory knows carry their camera's id */
export function createDiscovery({ clock, log, database }: { config: Config['register']; guard: AddressGuard; clock: Clock; log: Logger; database?: Database }): Discovery {
  return {
    announced: () => Promise.resolve([]),
    listen: () => Promise.resolve(),
    close: () => Promise.resolve(),

    async discover({ interfaces, listenMs, signal, onFound }) {
      const chosen = chooseInterfaces(interfaces);
      const known = database ? await inventory(database) : noInventory;
      const found = new Map<string, Discovered & { interfaces: string[]; xaddrs: string[] }>();
      const own = ownAddresses();
      let junk = 0;

      const take = (datagram: Buffer, source: string, at: Ipv4Interface): void => {
        const matches = datagram.length > maxReplyBytes ? [] : readProbeMatches(datagram.toString('utf8'), source, own);
        if (matches.length === 0) junk++;
        for (const match of matches) {
          const key = match.endpointReference.startsWith('address:') ? match.address : match.endpointReference;
          const before = found.get(key);
          if (before) {
            if (!before.interfaces.includes(at.name)) before.interfaces.push(at.name);
            for (const x of match.xaddrs) if (!before.xaddrs.includes(x) && before.xaddrs.length < 32) before.xaddrs.push(x);
          } else if (found.size < maxDevices) {
            const device = { ...match, xaddrs: [...match.xaddrs], interfaces: [at.name], cameraId: known.cameraOf(match), macAddress: null, moved: false, via: 'multicast' as const };
            found.set(key, device);
            try {
              onFound?.({ ...device, interfaces: [...device.interfaces], xaddrs: [...device.xaddrs] });
            } catch (thrown) {
              log.warn({ error: messageOf(thrown) }, 'a listener of discovery failed');
            }
          }
        }
      };

      const sockets = (await Promise.all(chosen.map((at) => openSocket(at, take, log)))).filter((s) => s !== null);
      try {
        let elapsedMs = 0;
        for (const [index, dueMs] of roundsMs.entries()) {
          const atMs = Math.min(dueMs, (listenMs * index) / 4);
          await clock.sleep(atMs - elapsedMs, signal);
          elapsedMs = atMs;
          for (const socket of sockets) socket.probe();
        }
        await clock.sleep(Math.max(0, listenMs - elapsedMs), signal);
      } catch (thrown) {
        // Stopped early: what was found until then is the answer.
        if (!isAbort(thrown) && !signal.aborted) throw thrown;
      } finally {
        await Promise.all(sockets.map((s) => s.close()));
      }
      log.info({ devices: found.size, junk, interfaces: chosen.map((i) => i.name) }, 'discovery is done');
      return [...found.values()].sort((a, b) => a.address.localeCompare(b.address, 'en', { numeric: true }));
    },
  };
}

interface ProbeSocket {
  probe(): void;
  close(): Promise<void>;
}

/** An interface that cannot send (no multicast, gone) costs only itself. */
function openSocket(at: Ipv4Interface, take: (datagram: Buffer, source: string, at: Ipv4Interface) => void, log: Logger): Promise<ProbeSocket | null> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true, recvBufferSize: 1 << 20 });
    let open = true;
    const close = (): Promise<void> =>
      new Promise((closed) => {
        if (!open) return closed();
        open = false;
        socket.close(() => closed());
      });
    socket.on('error', (thrown) => {
      log.warn({ interface: at.name, error: messageOf(thrown) }, 'an interface cannot be probed');
      void close().then(() => resolve(null));
    });
    socket.on('message', (datagram, from) => take(datagram, from.address, at));
    socket.bind({ address: at.address, port: 0 }, () => {
      try {
        socket.setMulticastInterface(at.address);
        socket.setMulticastLoopback(true);
        socket.setMulticastTTL(4);
      } catch (thrown) {
        log.warn({ interface: at.name, error: messageOf(thrown) }, 'an interface has no multicast');
        void close().then(() => resolve(null));
        return;
      }
      resolve({
        close,
        probe() {
          for (const type of probeTypes) {
            if (!open) return;
            socket.send(writeProbe(type, randomUUID()), multicast.port, multicast.address, (thrown) => {
              if (thrown) log.debug({ interface: at.name, error: messageOf(thrown) }, 'a probe was not sent');
            });
          }
        },
      });
    });
  });
}

interface Inventory {
  cameraOf(match: ProbeMatch): string | null;
}

const noInventory: Inventory = { cameraOf: () => null };

/** By endpoint reference; by address for a camera whose device never told one. */
async function inventory(database: Database): Promise<Inventory> {
  const rows = await database.orm
    .select({ id: cameras.id, reference: cameras.endpointReference, address: cameras.address })
    .from(cameras)
    .where(isNull(cameras.removedAt));
  const byReference = new Map(rows.flatMap((r) => (r.reference === null ? [] : [[normalEndpointReference(r.reference), r.id] as const])));
  const byAddress = new Map(rows.filter((r) => r.reference === null).map((r) => [r.address, r.id]));
  return { cameraOf: (match) => byReference.get(match.endpointReference) ?? byAddress.get(match.address) ?? null };
}
