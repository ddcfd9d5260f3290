/** What is asked by multicast, and when: rounds of questions over all sockets, then silence until the time is over. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { multicast, questions, writeProbe, writeResolve, type ToldDevice } from './discovery-message.js';
import type { DiscoverySocket } from './discovery-socket.js';

/** Times of the three rounds, milliseconds from the start; a shorter listening time draws them together. */
const roundsMs = [0, 400, 1_200];
/** Between two questions of a round, so that the answers to both do not come at once. */
const betweenQuestionsMs = 60;
/** Questions of the first round: the two types that nearly every device answers. */
const firstQuestions = 2;
/** Devices that told no address are asked for it so often, and so many devices. */
const resolves = { each: 3, devices: 512 };

/** Resolves after `listenMs`; rejects with the signal's reason when that comes first. */
export async function askInRounds(sockets: readonly DiscoverySocket[], listenMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const startMs = clock.monotonicMs();
  const until = async (atMs: number): Promise<void> => {
    const waitMs = startMs + atMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  };
  const betweenMs = Math.min(betweenQuestionsMs, listenMs / 40);
  for (const [round, dueMs] of roundsMs.entries()) {
    const roundMs = Math.min(dueMs, (listenMs * round) / 4);
    for (const [i, question] of questions.slice(0, round === 0 ? firstQuestions : undefined).entries()) {
      await until(roundMs + i * betweenMs);
      for (const socket of sockets) socket.send(writeProbe(question, randomUUID()), multicast.port, multicast.address);
    }
  }
  await until(listenMs);
}

/** @returns asks a device whose match holds no address for it: by multicast as the protocol says, and by unicast as some want it */
export function createResolver(): (told: ToldDevice, source: string, socket: DiscoverySocket) => void {
  const asked = new Map<string, number>();
  return ({ endpointReference, xaddrs }, source, socket) => {
    if (endpointReference === null || xaddrs.length > 0) return;
    const times = asked.get(endpointReference) ?? 0;
    if (times >= resolves.each || (times === 0 && asked.size >= resolves.devices)) return;
    asked.set(endpointReference, times + 1);
    const question = writeResolve(endpointReference, randomUUID());
    socket.send(question, multicast.port, multicast.address);
    socket.send(question, multicast.port, source);
  };
}
