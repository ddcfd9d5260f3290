/** The server's side of HTTP Digest with MD5 (RFC 2617, RFC 7616), for SOAP over HTTP and for RTSP. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.js';

export type DigestVerdict = 'right' | 'wrong' | 'stale';

export interface DigestDoor {
  /** Value of WWW-Authenticate with a fresh nonce. */
  challenge(stale?: boolean): string;
  /** @param header value of Authorization */
  verify(header: string, method: string): DigestVerdict;
}

export interface DigestDoorOptions {
  readonly realm: string;
  /** undefined for an account that there is not */
  readonly passwordOf: (username: string) => string | undefined;
  readonly clock: Clock;
  /** RTSP devices mostly offer none */
  readonly qop: boolean;
  readonly nonceLifeMs?: number;
}

/** Nonces whose counters are remembered; older ones go stale early. */
const maxNonces = 256;
const maxCounters = 4096;

export function createDigestDoor(options: DigestDoorOptions): DigestDoor {
  const { realm, passwordOf, clock, qop, nonceLifeMs = 300_000 } = options;
  const key = randomBytes(16);
  const counters = new Map<string, Set<string>>();

  const sign = (issued: string): string => createHmac('sha256', key).update(issued).digest('hex').slice(0, 16);
  const isFresh = (nonce: string): boolean => {
    const [issued = '', signature = ''] = nonce.split('.');
    return sign(issued) === signature && clock.monotonicMs() - parseInt(issued.slice(8), 16) < nonceLifeMs;
  };

  return {
    challenge(stale = false) {
      const issued = randomBytes(4).toString('hex') + Math.round(clock.monotonicMs()).toString(16);
      const parts = [`realm="${realm}"`, `nonce="${issued}.${sign(issued)}"`, 'algorithm=MD5'];
      if (qop) parts.push('qop="auth"');
      if (stale) parts.push('stale=TRUE');
      return `Digest ${parts.join(', ')}`;
    },
    verify(header, method) {
      const fields = parseDigest(header);
      const field = (name: string): string => fields?.get(name) ?? '';
      const password = passwordOf(field('username'));
      if (!fields || password === undefined || field('realm') !== realm) return 'wrong';
      const ha1 = md5(`${field('username')}:${realm}:${password}`);
      const nonce = field('nonce');
      const ha2 = md5(`${method}:${field('uri')}`);
      const withQop = field('qop') === 'auth';
      if (qop && !withQop) return 'wrong';
      const middle = withQop ? `${nonce}:${field('nc')}:${field('cnonce')}:auth` : nonce;
      if (md5(`${ha1}:${middle}:${ha2}`) !== field('response').toLowerCase()) return 'wrong';
      if (!isFresh(nonce)) return 'stale';
      if (!withQop) return 'right';
      return count(counters, nonce, field('nc')) ? 'right' : 'stale';
    },
  };
}

/** False when this count of this nonce was seen before: a replay. */
function count(counters: Map<string, Set<string>>, nonce: string, nc: string): boolean {
  let seen = counters.get(nonce);
  if (!seen) {
    if (counters.size >= maxNonces) counters.delete(counters.keys().next().value ?? '');
    seen = new Set();
    counters.set(nonce, seen);
  }
  if (seen.has(nc) || seen.size >= maxCounters) return false;
  seen.add(nc);
  return true;
}

/** Fields of a Digest header, names in lower case; undefined when it is of another scheme. */
export function parseDigest(header: string): ReadonlyMap<string, string> | undefined {
  const scheme = /^Digest\s+/i.exec(header);
  if (!scheme || header.length > 4096) return undefined;
  const fields = new Map<string, string>();
  for (const match of header.slice(scheme[0].length).matchAll(/([a-zA-Z]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/g)) {
    fields.set((match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? '');
  }
  return fields;
}

export function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}
