/**
 * How many devices are spoken to at once: so many in all, so many on one host, and never two at once on one device, as
 * log-ins in parallel are how an account gets locked. On this machine itself every port is a host of its own.
 */
import { HedgerowError } from '../core/errors.js';
import { deviceKey, type DeviceAddress } from './device-key.js';

export interface ProbeSlots {
  /** Waits for a slot and for the device; runs; gives both back. Rejects with `process.aborted` when the signal comes first. */
  run<T>(device: DeviceAddress, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly device: string;
  readonly host: string;
  start(): void;
}

export function createProbeSlots({ atOnce, perHost }: { atOnce: number; perHost: number }): ProbeSlots {
  const busy = new Set<string>();
  const onHost = new Map<string, number>();
  const waiting: Waiting[] = [];
  let running = 0;

  function next(): void {
    // First come, first served among those whose device and host are free.
    for (let i = 0; i < waiting.length && running < atOnce; ) {
      const candidate = waiting[i];
      if (!candidate || busy.has(candidate.device) || (onHost.get(candidate.host) ?? 0) >= perHost) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      running++;
      busy.add(candidate.device);
      onHost.set(candidate.host, (onHost.get(candidate.host) ?? 0) + 1);
      candidate.start();
    }
  }

  return {
    async run(address, signal, work) {
      const device = deviceKey(address);
      const host = isLoopback(address.host) ? device : address.host;
      const aborted = (): HedgerowError => new HedgerowError('process.aborted', 'Stopped before it was this camera’s turn.');
      if (signal.aborted) throw aborted();
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          const at = waiting.indexOf(entry);
          if (at >= 0) waiting.splice(at, 1);
          reject(aborted());
        };
        const entry: Waiting = {
          device,
          host,
          start() {
            signal.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.push(entry);
        next();
      });
      try {
        return await work();
      } finally {
        running--;
        busy.delete(device);
        const left = (onHost.get(host) ?? 1) - 1;
        if (left > 0) onHost.set(host, left);
        else onHost.delete(host);
        next();
      }
    },
  };
}

function isLoopback(host: string): boolean {
  return /^127\./.test(host) || host === '::1';
}
