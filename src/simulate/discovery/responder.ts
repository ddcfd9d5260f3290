/**
 * Answers WS-Discovery for all cameras of the village on one UDP socket, on every IPv4 interface. A port that is taken or
 * a network that has no multicast is a line in the log: cameras can still be registered by address.
 */
import dgram from 'node:dgram';
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import type { SimulateLog } from '../simulate-log.js';
import { bye, discoveryPort, hello, isMeant, matches, multicastAddress, parseQuestion, type Announced } from './messages.js';

export interface DiscoveryResponder {
  /** false when the port could not be opened */
  readonly listening: boolean;
  hello(device: Announced): Promise<void>;
  /** Says goodbye for all that are there, and closes. */
  close(): Promise<void>;
}

/**
 * @param devices who answers now; dead cameras are not among them
 * @param interfaces IPv4 addresses of the interfaces to join on; default: all of this machine
 */
export async function startDiscoveryResponder(options: {
  devices: () => readonly Announced[];
  log: SimulateLog;
  instanceId: number;
  interfaces?: readonly string[];
  port?: number;
  /** real devices wait a moment of their own, up to half a second, so that they do not all answer at once; left out: none waits */
  spread?: { readonly clock: Clock; readonly maxMs: number; readonly random: () => number };
}): Promise<DiscoveryResponder> {
  const { devices, log, instanceId, spread } = options;
  let closed = false;
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  let messageNumber = 0;
  const stamp = (): [string, { instanceId: number; messageNumber: number }] => [`urn:uuid:${randomUUID()}`, { instanceId, messageNumber: ++messageNumber }];
  const send = (bytes: Buffer, port: number, address: string): Promise<void> =>
    new Promise((resolve) => {
      socket.send(bytes, port, address, (error) => {
        if (error) log.debug({ to: address, error: messageOf(error) }, 'a discovery message was not sent');
        resolve();
      });
    });

  const bound = await new Promise<boolean>((resolve) => {
    socket.once('error', (error) => {
      log.warn({ port: options.port ?? discoveryPort, error: messageOf(error) }, 'the simulated village does not answer discovery');
      resolve(false);
    });
    socket.bind({ port: options.port ?? discoveryPort, address: '0.0.0.0' }, () => resolve(true));
  });
  if (!bound) {
    socket.close();
    return { listening: false, hello: () => Promise.resolve(), close: () => Promise.resolve() };
  }
  socket.on('error', (error) => log.warn({ error: messageOf(error) }, 'the discovery socket of the village failed'));
  const joined = (options.interfaces ?? ipv4Addresses()).filter((address) => {
    try {
      socket.addMembership(multicastAddress, address);
      return true;
    } catch (thrown) {
      log.debug({ interface: address, error: messageOf(thrown) }, 'no multicast on this interface');
      return false;
    }
  });
  socket.on('message', (bytes, from) => {
    const question = parseQuestion(bytes);
    if (!question) return;
    for (const device of devices()) {
      if (!isMeant(question, device)) continue;
      const answer = (): void => void (closed || send(matches(question, device, ...stamp()), from.port, from.address));
      if (spread) spread.clock.after(spread.random() * spread.maxMs, answer);
      else answer();
    }
  });
  const announce = async (write: () => Buffer): Promise<void> => {
    for (const address of joined) {
      try {
        socket.setMulticastInterface(address);
      } catch (thrown) {
        log.debug({ interface: address, error: messageOf(thrown) }, 'nothing can be announced on this interface');
        continue;
      }
      await send(write(), discoveryPort, multicastAddress);
    }
  };
  for (const device of devices()) await announce(() => hello(device, ...stamp()));
  return {
    listening: true,
    hello: (device) => announce(() => hello(device, ...stamp())),
    async close() {
      for (const device of devices()) await announce(() => bye(device, ...stamp()));
      closed = true;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

function ipv4Addresses(): string[] {
  return Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).filter((item) => item.family === 'IPv4').map((item) => item.address));
}
