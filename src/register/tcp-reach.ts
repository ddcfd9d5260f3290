/** Whether anything listens: one TCP connection to a pinned address, closed at once. */
import net from 'node:net';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf, systemCodeOf } from '../core/errors.js';

export type Reach =
  | { readonly status: 'open' }
  /** the host says no */
  | { readonly status: 'refused' }
  | { readonly status: 'silent' }
  | { readonly status: 'failed'; readonly detail: string };

/** @throws HedgerowError `process.aborted` */
export function tcpReach(options: { address: string; port: number; timeoutMs: number; clock: Clock; signal: AbortSignal }): Promise<Reach> {
  const { address, port, timeoutMs, clock, signal } = options;
  return new Promise((resolve, reject) => {
    const aborted = (): HedgerowError => new HedgerowError('process.aborted', 'Stopped before the camera answered.');
    if (signal.aborted) {
      reject(aborted());
      return;
    }
    const socket = net.connect({ host: address, port });
    const cancel = clock.after(timeoutMs, () => done({ status: 'silent' }));
    const onAbort = (): void => {
      release();
      reject(aborted());
    };
    function release(): void {
      cancel();
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    }
    function done(reach: Reach): void {
      release();
      resolve(reach);
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => done({ status: 'open' }));
    socket.on('error', (thrown) => {
      const code = systemCodeOf(thrown);
      done(code === 'ECONNREFUSED' ? { status: 'refused' } : code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' ? { status: 'silent' } : { status: 'failed', detail: messageOf(thrown) });
    });
  });
}
