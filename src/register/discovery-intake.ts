/**
 * Between the sockets and the reader: datagrams are taken off the socket at once and read in turns. Hundreds of devices
 * answer in the same moment, and what waits in the system's buffer longer than a blink is lost.
 */
import { takeTurn, type Clock } from '../core/clock.js';
import type { Logger } from '../telemetry/logger.js';
import { messageOf } from '../core/errors.js';

const maxWaiting = 16_384;
const turnMs = 4;

export interface Datagram {
  readonly bytes: Uint8Array;
  /** numeric address that it came from */
  readonly source: string;
  /** null: it came in on no interface of ours in particular */
  readonly interface: string | null;
}

export interface DiscoveryIntake {
  put(datagram: Datagram): void;
  /** Resolves when all that came is read. */
  drained(): Promise<void>;
  /** datagrams that nobody read, because too many came */
  readonly dropped: number;
}

/** @param read must not wait; what it throws costs one datagram */
export function createDiscoveryIntake({ clock, log, read }: { clock: Clock; log: Logger; read: (datagram: Datagram) => void }): DiscoveryIntake {
  let waiting: Datagram[] = [];
  let reading: Promise<void> | undefined;
  let dropped = 0;

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      await takeTurn();
      const untilMs = clock.monotonicMs() + turnMs;
      let done = 0;
      while (done < waiting.length && (done === 0 || clock.monotonicMs() < untilMs)) {
        const datagram = waiting[done++];
        try {
          if (datagram) read(datagram);
        } catch (thrown) {
          log.warn({ error: messageOf(thrown) }, 'a discovery message could not be taken');
        }
      }
      waiting = waiting.slice(done);
    }
    reading = undefined;
  }

  return {
    put(datagram) {
      if (waiting.length >= maxWaiting) {
        dropped++;
        return;
      }
      waiting.push(datagram);
      reading ??= work();
    },
    async drained() {
      while (reading) await reading;
    },
    get dropped() {
      return dropped;
    },
  };
}
