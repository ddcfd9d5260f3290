/**
 * Asks the addresses of a sweep one by one: a WS-Discovery probe by unicast, a second later once more, then a knock on the
 * usual TCP ports where nobody answered. Everything that is sent keeps one pace; few hosts are knocked on at once.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.js';
import { knock } from './discovery-knock.js';
import { multicast, questions, writeProbe } from './discovery-message.js';
import type { Pace } from './discovery-pace.js';
import type { DiscoverySocket } from './discovery-socket.js';
import type { OnvifClient } from './onvif-client.js';

/** How long an address has for its answer before it is asked in another way. */
const answerMs = 1_000;
const knocksAtOnce = 48;

export interface SweepParts {
  readonly addresses: readonly string[];
  readonly socket: DiscoverySocket;
  readonly pace: Pace;
  /** without one no port is knocked on */
  readonly onvif: OnvifClient | undefined;
  readonly ports: readonly number[] | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly hasAnswered: (address: string) => boolean;
  readonly onService: (address: string, url: string) => void;
  /** an address is done with */
  readonly onAsked: () => void;
}

/** Rejects with the signal's reason when it is aborted. */
export async function sweep(parts: SweepParts): Promise<void> {
  const { addresses, socket, pace, onvif, clock, hasAnswered } = parts;
  // What fails in one of the three ends the others.
  const failed = new AbortController();
  const signal = AbortSignal.any([parts.signal, failed.signal]);
  // Each host that is knocked on waits with an ear on it.
  setMaxListeners(knocksAtOnce * 4, signal);
  const waiting: { readonly address: string; readonly dueMs: number }[] = [];
  let next = 0;
  let asking = true;
  const probe = (address: string): void => {
    for (const question of questions) socket.send(writeProbe(question, randomUUID()), multicast.port, address);
  };

  async function askAll(): Promise<void> {
    for (const address of addresses) {
      await pace.turn(signal);
      probe(address);
      waiting.push({ address, dueMs: clock.monotonicMs() + answerMs });
    }
    asking = false;
  }

  async function followUp(): Promise<void> {
    for (;;) {
      const item = waiting[next];
      if (!item) {
        if (!asking) return;
        await clock.sleep(answerMs / 4, signal);
        continue;
      }
      next++;
      const waitMs = item.dueMs - clock.monotonicMs();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      if (!hasAnswered(item.address)) {
        await pace.turn(signal);
        probe(item.address);
        const url = onvif ? await knock(item.address, { onvif, pace, clock, signal, ports: parts.ports }) : null;
        // What answered the probe meanwhile is known better than by its port.
        if (url !== null && !hasAnswered(item.address)) parts.onService(item.address, url);
      }
      parts.onAsked();
    }
  }

  const work = [askAll(), ...Array.from({ length: Math.min(knocksAtOnce, addresses.length) }, followUp)];
  for (const one of work) one.catch((thrown: unknown) => failed.abort(thrown));
  await Promise.all(work);
  await clock.sleep(answerMs / 2, signal);
}
