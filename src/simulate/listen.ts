/** Opens and closes listening sockets as promises. */
import type net from 'node:net';
import type { AddressInfo } from 'node:net';
import { HedgerowError, systemCodeOf } from '../core/errors.js';

/**
 * Listens and says where.
 * @param port 0: any free port. A port that is taken is replaced by a free one, so that a second village can run.
 * @returns the port
 */
export async function listen(server: net.Server, host: string, port: number): Promise<number> {
  try {
    return await listenOnce(server, host, port);
  } catch (thrown) {
    if (port !== 0 && systemCodeOf(thrown) === 'EADDRINUSE') return listen(server, host, 0);
    throw new HedgerowError('config.invalid', `The simulated village cannot listen on ${host}:${port}.`, { context: { host, port }, cause: thrown });
  }
}

/** Listens on exactly this port, or throws what the system said. */
export function listenOnce(server: net.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

export function closeServer(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) resolve();
    else server.close(() => resolve());
  });
}
