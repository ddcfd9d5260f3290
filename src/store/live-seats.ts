/**
 * Those who look live from this process: a seat each, with room for one message. A newer one replaces it, so a viewer who is
 * slow sees less, and nothing piles up.
 */
import type { LiveMessage, WatchOptions } from '../contract/live-view.js';
import type { Clock } from '../core/clock.js';

interface Seat {
  put(message: LiveMessage): void;
  end(): void;
}

interface Row {
  readonly seats: Set<Seat>;
  /** the newest message and when it came: for whoever sits down later */
  newest: { readonly message: LiveMessage; readonly atMs: number } | undefined;
}

export interface LiveSeats {
  watch(cameraId: string, options: WatchOptions, signal: AbortSignal): AsyncIterableIterator<LiveMessage>;
  has(cameraId: string): boolean;
  cameras(): readonly string[];
  put(cameraId: string, message: LiveMessage): void;
  /** Ends them all. */
  close(): void;
}

/** @param on.first somebody begins to look at a camera at which nobody looked; `on.last`: the last one has left */
export function createLiveSeats(clock: Clock, on: { first(cameraId: string): void; last(cameraId: string): void }): LiveSeats {
  const rows = new Map<string, Row>();
  let closed = false;

  return {
    watch(cameraId, { quietAfterMs, onSkipped }, signal) {
      let waiting: LiveMessage | undefined;
      let ended = closed || signal.aborted;
      let ring = (): void => undefined;
      const seat: Seat = {
        put(message) {
          if (waiting) onSkipped?.();
          waiting = message;
          ring();
        },
        end() {
          ended = true;
          ring();
        },
      };
      // Seated at once, not with the first `next`: what comes in between is not lost.
      const row = rows.get(cameraId) ?? { seats: new Set(), newest: undefined };
      if (!ended) {
        row.seats.add(seat);
        if (!rows.has(cameraId)) {
          rows.set(cameraId, row);
          on.first(cameraId);
        }
        if (row.newest && clock.monotonicMs() - row.newest.atMs < quietAfterMs) waiting = row.newest.message;
      }
      const leave = (): void => {
        ended = true;
        waiting = undefined;
        signal.removeEventListener('abort', leave);
        if (row.seats.delete(seat) && row.seats.size === 0) {
          rows.delete(cameraId);
          on.last(cameraId);
        }
        ring();
      };
      signal.addEventListener('abort', leave, { once: true });

      return {
        async next() {
          if (!waiting && !ended) {
            await new Promise<void>((resolve) => {
              const cancel = clock.after(quietAfterMs, () => {
                waiting ??= { kind: 'withheld', reason: 'no-sample' };
                resolve();
              });
              ring = () => {
                cancel();
                resolve();
              };
            });
            ring = () => undefined;
          }
          if (ended || !waiting) {
            leave();
            return { done: true, value: undefined };
          }
          const value = waiting;
          waiting = undefined;
          return { done: false, value };
        },
        return() {
          leave();
          return Promise.resolve({ done: true, value: undefined });
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    has: (cameraId) => rows.has(cameraId),
    cameras: () => [...rows.keys()],
    put(cameraId, message) {
      const row = rows.get(cameraId);
      if (!row) return;
      row.newest = { message, atMs: clock.monotonicMs() };
      for (const seat of row.seats) seat.put(message);
    },
    close() {
      closed = true;
      for (const row of [...rows.values()]) for (const seat of row.seats) seat.end();
    },
  };
}
