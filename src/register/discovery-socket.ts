/** One UDP socket of discovery: multicast out of one interface, or unicast anywhere; replies are taken from any port. */
import dgram from 'node:dgram';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';

/** Wanted of the system for replies that come all at once; it may give less. */
const receiveBufferBytes = 4 << 20;
const hops = 4;

export interface DiscoverySocket {
  /** A message that cannot be sent is a line in the log: UDP promises nothing. */
  send(text: string, port: number, address: string): void;
  close(): Promise<void>;
}

/**
 * @param options.interfaceAddress IPv4 address of the interface to speak on; null: as the system routes
 * @returns the reason, when the interface cannot be used
 */
export function openDiscoverySocket(options: {
  interfaceAddress: string | null;
  onDatagram: (datagram: Buffer, source: string) => void;
  log: Logger;
}): Promise<DiscoverySocket | { readonly unusable: string }> {
  const { interfaceAddress, onDatagram, log } = options;
  return new Promise((resolve) => {
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: receiveBufferBytes });
    let open = true;
    const close = (): Promise<void> =>
      new Promise((closed) => {
        if (!open) return closed();
        open = false;
        socket.close(() => closed());
      });
    const fail = (thrown: unknown): void => {
      const unusable = messageOf(thrown);
      log.warn({ interface: interfaceAddress, error: unusable }, 'discovery cannot use this interface');
      void close().then(() => resolve({ unusable }));
    };
    socket.on('error', fail);
    socket.on('message', (datagram, from) => onDatagram(datagram, from.address));
    socket.bind({ address: interfaceAddress ?? '0.0.0.0', port: 0 }, () => {
      try {
        if (interfaceAddress !== null) {
          socket.setMulticastInterface(interfaceAddress);
          socket.setMulticastLoopback(true);
          socket.setMulticastTTL(hops);
        }
      } catch (thrown) {
        fail(thrown);
        return;
      }
      resolve({
        close,
        send(text, port, address) {
          if (!open) return;
          socket.send(text, port, address, (thrown) => {
            if (thrown) log.debug({ to: address, error: messageOf(thrown) }, 'a discovery message was not sent');
          });
        },
      });
    });
  });
}
