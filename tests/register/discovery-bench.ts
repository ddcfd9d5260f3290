/** What the tests of discovery share: its parts, what it never may find twice, and devices that speak raw datagrams. */
import dgram from 'node:dgram';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { multicast } from '../../src/register/discovery-message.js';
import type { DiscoveryParts } from '../../src/register/discovery-run.js';

export const silentLog = { debug: () => undefined, info: () => undefined, warn: () => undefined };
export const clock = new SystemClock({ unref: true });
/** Other tests run at the same time, on the same loopback network: each file has devices of its own. */
export const seed = process.pid * 1000 + Math.floor(performance.now());
export const never = new AbortController().signal;

export function parts(more: Partial<DiscoveryParts> = {}): DiscoveryParts {
  return {
    config: {
      allowNetworks: [], denyNetworks: [], allowOwnNetworks: false, connectTimeoutMs: 1000, replyTimeoutMs: 2000, maxReplyBytes: 65_536, onboardingsAtOnce: 4, climbsPerHost: 4,
      lockout: { refusedLogins: 3, windowMs: 60_000 }, sweep: { perSecond: 400, bridges: false }, discoveryListenMs: 1200, probeEveryMs: 60_000,
    },
    guard: new AddressGuard({ allowed: ['127.0.0.0/8', '10.0.0.0/8'], denied: ['10.9.0.0/16'], lookup: () => Promise.resolve([]) }),
    clock,
    log: createLogger('silent'),
    ...more,
  };
}

/** Listens on the discovery port of one address, or of the multicast group, and answers what `answer` says, from another port. */
export async function startTalker(options: { address?: string; answer: (question: string) => readonly (string | Buffer)[] }): Promise<{ questions: string[]; close(): Promise<void> }> {
  const ear = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  const mouth = dgram.createSocket('udp4');
  const questions: string[] = [];
  ear.on('message', (message, from) => {
    questions.push(message.toString());
    for (const reply of options.answer(message.toString())) mouth.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    ear.once('error', reject);
    ear.bind({ port: multicast.port, address: options.address ?? multicast.address }, () => resolve());
  });
  if (options.address === undefined) ear.addMembership(multicast.address, '127.0.0.1');
  await new Promise<void>((resolve) => mouth.bind({ port: 0, address: options.address ?? '127.0.0.1' }, () => resolve()));
  return { questions, close: () => new Promise((resolve) => ear.close(() => mouth.close(() => resolve()))) };
}

/** Looks until it is so, or gives up. */
export async function until(isSo: () => boolean | Promise<boolean>, waitMs = 10_000): Promise<void> {
  const endMs = performance.now() + waitMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error('It did not happen in time.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
