/** How many onboardings run at once, and never two on one device: log-ins in parallel are how an account gets locked. */
import { HedgerowError } from '../core/errors.js';

export interface ProbeSlots {
  /** Waits for a slot and for the device; runs; gives both back. Rejects with `process.aborted` when the signal comes first. */
  run<T>(device: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly device: string;
  start(): void;
}

export function createProbeSlots(atOnce: number): ProbeSlots {
  const busy = new Set<string>();
  const waiting: Waiting[] = [];
  let running = 0;

  function next(): void {
    // First come, first served among those whose device is free.
    for (let i = 0; i < waiting.length && running < atOnce; ) {
      const candidate = waiting[i];
      if (!candidate || busy.has(candidate.device)) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      running++;
      busy.add(candidate.device);
      candidate.start();
    }
  }

  return {
    async run(device, signal, work) {
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
        next();
      }
    },
  };
}
