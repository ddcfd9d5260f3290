/**
 * HTTP Digest (RFC 7616, and RFC 2617 for older devices): reads challenges, answers one. Without a body of state: the
 * caller keeps the challenge and the count.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  readonly algorithm: string | null;
  /** whether `qop=auth` was offered; without it the RFC 2069 form is used */
  readonly qopAuth: boolean;
  readonly stale: boolean;
}

const hashes: Readonly<Record<string, string>> = { 'MD5': 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/** @returns the first challenge that can be answered, in the device's order (RFC 7616, 3.7); null when there is none */
export function readDigestChallenge(headers: readonly string[]): DigestChallenge | null {
  for (const { scheme, parameters } of headers.flatMap(readChallenges)) {
    if (scheme !== 'digest') continue;
    const nonce = parameters.get('nonce');
    const algorithm = parameters.get('algorithm') ?? null;
    const qop = (parameters.get('qop') ?? '').toLowerCase().split(/[\s,]+/).filter((q) => q !== '');
    if (nonce === undefined || !hashes[baseAlgorithm(algorithm)] || (qop.length > 0 && !qop.includes('auth'))) continue;
    return {
      realm: parameters.get('realm') ?? '',
      nonce,
      opaque: parameters.get('opaque') ?? null,
      algorithm,
      qopAuth: qop.includes('auth'),
      stale: parameters.get('stale')?.toLowerCase() === 'true',
    };
  }
  return null;
}

/**
 * @param count how often this nonce was used, this time included (1 is the first)
 * @param uri path and query of the request
 * @returns the value of the Authorization header
 */
export function answerDigest(
  challenge: DigestChallenge,
  request: { method: string; uri: string; username: string; password: string; count: number; clientNonce?: string },
): string {
  const { realm, nonce, opaque, algorithm, qopAuth } = challenge;
  // Headers are bytes: what a device sent comes back as it was, and names of ours go out as UTF-8 (RFC 7616, 4).
  const username = asBytes(request.username);
  const password = asBytes(request.password);
  const hash = (text: string): string => createHash(hashes[baseAlgorithm(algorithm)] ?? 'md5').update(text, 'latin1').digest('hex');
  const clientNonce = request.clientNonce ?? randomBytes(16).toString('hex');
  const count = request.count.toString(16).padStart(8, '0');
  const plain = hash(`${username}:${realm}:${password}`);
  const secret = /-sess$/i.test(algorithm ?? '') ? hash(`${plain}:${nonce}:${clientNonce}`) : plain;
  const subject = hash(`${request.method}:${request.uri}`);
  const response = hash(qopAuth ? `${secret}:${nonce}:${count}:${clientNonce}:auth:${subject}` : `${secret}:${nonce}:${subject}`);
  return [
    `Digest username="${quoted(username)}"`,
    `realm="${quoted(realm)}"`,
    `nonce="${quoted(nonce)}"`,
    `uri="${quoted(request.uri)}"`,
    ...(algorithm === null ? [] : [`algorithm=${algorithm}`]),
    `response="${response}"`,
    ...(qopAuth ? [`qop=auth`, `nc=${count}`, `cnonce="${clientNonce}"`] : /-sess$/i.test(algorithm ?? '') ? [`cnonce="${clientNonce}"`] : []),
    ...(opaque === null ? [] : [`opaque="${quoted(opaque)}"`]),
  ].join(', ');
}

function baseAlgorithm(algorithm: string | null): string {
  return (algorithm ?? 'MD5').toUpperCase().replace(/-SESS$/, '');
}

/** UTF-8, one character a byte. */
function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Without control characters: a header takes none. */
function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.replace(/["\\\u0000-\u001f\u007f]/g, (c) => (c === '"' || c === '\\' ? `\\${c}` : ''));
}

/** One header may hold several challenges; values may be quoted, bare, or quoted wrongly. */
function readChallenges(header: string): { scheme: string; parameters: Map<string, string> }[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const [, scheme, name, quotedValue, bareValue] of header.slice(0, 8192).matchAll(/(?:^|[\s,])(?:([a-z][a-z0-9-]*)(?=\s+[a-z][a-z0-9_-]*\s*=|\s*(?:,|$))|([a-z][a-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))/gi)) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (name !== undefined) found.at(-1)?.parameters.set(name.toLowerCase(), quotedValue?.replace(/\\(.)/g, '$1') ?? bareValue ?? '');
  }
  return found;
}
