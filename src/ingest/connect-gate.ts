/**
 * Holds back connections: only a few are being opened to one host at once (recorders and gateways have many cameras behind
 * one address), and all together they begin no faster than a fixed pace, so that a start with hundreds of cameras is a ramp.
 */
import type { Clock } from '../core/clock.js';

export interface ConnectGate {
  /** Resolves with a function that gives the place back; may be called more than once. Rejects when the signal aborts. */
  enter(host: string, signal: AbortSignal): Promise<() => void>;
}

interface Waiter {
  readonly go: () => void;
}

/** @param paceMs time between two connections of this process that begin */
export function createConnectGate({ perHost, paceMs, clock }: { perHost: number; paceMs: number; clock: Clock }): ConnectGate {
  const open = new Map<string, number>();
  const queues = new Map<string, Waiter[]>();
  let nextStartMs = -Infinity;

  const leave = (host: string): void => {
    const queue = queues.get(host);
    const next = queue?.shift();
    if (queue?.length === 0) queues.delete(host);
    if (next) {
      next.go(); // the place goes on to who waits
      return;
    }
    const left = (open.get(host) ?? 1) - 1;
    if (left > 0) open.set(host, left);
    else open.delete(host);
  };

  const place = async (host: string, signal: AbortSignal): Promise<void> => {
    const used = open.get(host) ?? 0;
    if (used < perHost) {
      open.set(host, used + 1);
      return;
    }
    const queue = queues.get(host) ?? [];
    queues.set(host, queue);
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        queue.splice(queue.indexOf(waiter), 1);
        if (queue.length === 0 && queues.get(host) === queue) queues.delete(host);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        go: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.push(waiter);
    });
  };

  return {
    async enter(host, signal) {
      signal.throwIfAborted();
      await place(host, signal);
      let given = false;
      const giveBack = (): void => {
        if (given) return;
        given = true;
        leave(host);
      };
      const nowMs = clock.monotonicMs();
      const startMs = Math.max(nowMs, nextStartMs);
      nextStartMs = startMs + paceMs;
      try {
        if (startMs > nowMs) await clock.sleep(startMs - nowMs, signal);
      } catch (thrown) {
        giveBack();
        throw thrown;
      }
      return giveBack;
    },
  };
}
