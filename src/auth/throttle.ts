/**
 * Slows down guessing. A try takes a token from the buckets it belongs to before any work is done (so that tries at once
 * count each), and a right one gives them back; tokens come back with time too. Nobody is locked out from elsewhere: the
 * bucket of a name alone does not count for an address from which that name has logged in before.
 *
 * State is the process's own and bounded; several `api` processes each have their budget.
 */
import type { Clock } from '../core/clock.js';

interface Budget {
  readonly burst: number;
  /** time in which one token comes back */
  readonly refillMs: number;
}

const perNameAndAddress: Budget = { burst: 5, refillMs: 30_000 };
const perName: Budget = { burst: 30, refillMs: 10_000 };
/** Generous: a whole watch centre may sit behind one address. */
const perAddress: Budget = { burst: 60, refillMs: 2_000 };
const maxEntries = 20_000;

export interface Throttle {
  /**
   * Takes a try.
   * @param name null for a secret that stands alone (a link)
   * @returns 0 when it may go on, else the milliseconds to wait; nothing is taken then
   */
  begin(name: string | null, ip: string): number;
  /** The try was right: it does not count. */
  succeeded(name: string | null, ip: string): void;
}

export function createThrottle(clock: Clock): Throttle {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  const known = new Map<string, true>();

  function tokens(key: string, budget: Budget): number {
    const bucket = buckets.get(key);
    if (!bucket) return budget.burst;
    return Math.min(budget.burst, bucket.tokens + (clock.monotonicMs() - bucket.atMs) / budget.refillMs);
  }

  function wait(key: string, budget: Budget): number {
    const left = tokens(key, budget);
    return left >= 1 ? 0 : Math.ceil((1 - left) * budget.refillMs);
  }

  function put(key: string, budget: Budget, left: number): void {
    buckets.delete(key);
    buckets.set(key, { tokens: Math.min(budget.burst, left), atMs: clock.monotonicMs() });
    trim(buckets);
  }

  function bucketsOf(name: string | null, address: string): (readonly [key: string, budget: Budget, free: boolean])[] {
    const all: (readonly [string, Budget, boolean])[] = [[`address ${address}`, perAddress, false]];
    if (name !== null) {
      all.push([`pair ${name} ${address}`, perNameAndAddress, false]);
      all.push([`name ${name}`, perName, known.has(`${name} ${address}`)]);
    }
    return all;
  }

  return {
    begin(name, ip) {
      const wanted = bucketsOf(name, networkOf(ip)).filter(([, , free]) => !free);
      const waitMs = Math.max(...wanted.map(([key, budget]) => wait(key, budget)));
      if (waitMs === 0) for (const [key, budget] of wanted) put(key, budget, tokens(key, budget) - 1);
      return waitMs;
    },
    succeeded(name, ip) {
      const address = networkOf(ip);
      for (const [key, budget, free] of bucketsOf(name, address)) if (!free) put(key, budget, tokens(key, budget) + 1);
      if (name === null) return;
      buckets.delete(`pair ${name} ${address}`);
      known.delete(`${name} ${address}`);
      known.set(`${name} ${address}`, true);
      trim(known);
    },
  };
}

/** The oldest go first: maps keep the order of insertion. */
function trim(map: Map<string, unknown>): void {
  if (map.size <= maxEntries) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}

/** One customer has a /64 of IPv6: its addresses count as one. */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = (ip.split('%')[0] ?? '').toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const end = tail === '' ? [] : tail.split(':');
    while (groups.length + end.length < 8) groups.push('0');
    groups.push(...end);
  }
  return groups.slice(0, 4).map((g) => g.replace(/^0+(?=.)/, '')).join(':');
}
