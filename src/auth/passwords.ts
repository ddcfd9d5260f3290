/**
 * Hashes and checks passwords with argon2id (RFC 9106; parameters of the OWASP password storage guide: 19 MiB, 2 passes).
 * At most two at once, so that a flood of log-ins costs neither the memory nor all the threads of the process.
 */
import { hash, verify } from '@node-rs/argon2';
import { HedgerowError } from '../core/errors.js';
import { newSecret } from './secrets.js';

const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const atOnce = 2;
const maxWaiting = 100;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** @param stored PHC string, or undefined for an unknown name: the work is the same, the answer is false */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let running = 0;
  const queue: (() => void)[] = [];
  let decoy: Promise<string> | undefined;

  async function turn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) {
      if (queue.length >= maxWaiting) {
        throw new HedgerowError('request.rate', 'Too many people are logging in at once. Try again in some seconds.', { context: { retryAfterMs: 5_000 } });
      }
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else running--;
    }
  }

  return {
    hash: (password) => turn(() => hash(password, cost)),
    async verify(password, stored) {
      decoy ??= hash(newSecret(''), cost);
      const nobodys = await decoy;
      const right = await turn(() => verify(stored ?? nobodys, password));
      return right && stored !== undefined;
    },
  };
}
