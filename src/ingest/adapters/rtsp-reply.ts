/**
 * Reads RTSP replies from a socket's bytes and answers their authentication challenge, for the check that goes before
 * libav. Bounded: a reply with more than 64 KiB is refused. RFC 2326, RFC 2617.
 */
import { createHash } from 'node:crypto';
import type { StreamTarget } from '../../contract/camera.js';

const maxReplyBytes = 65_536;

export interface RtspReply {
  readonly status: number;
  /** lower-case names; a name that comes twice has two values */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

export type ParsedReply = { readonly status: 'more' } | { readonly status: 'bad'; readonly detail: string } | { readonly status: 'reply'; readonly reply: RtspReply; readonly restAt: number };

/** Reads one reply from the beginning of `bytes`. Header lines may end in CR LF or LF alone. */
export function parseReply(bytes: Buffer): ParsedReply {
  const text = bytes.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  if (!end) {
    if (bytes.length > maxReplyBytes) return { status: 'bad', detail: 'the header of the reply has no end' };
    return text.length >= 8 && !text.startsWith('RTSP/1.') ? { status: 'bad', detail: 'the answer is not RTSP' } : { status: 'more' };
  }
  const lines = text.slice(0, end.index).split(/\r?\n/);
  const first = /^RTSP\/1\.\d\s+(\d{3})\b/.exec(lines[0] ?? '');
  if (!first) return { status: 'bad', detail: 'the answer is not RTSP' };
  const headers = readHeaders(lines.slice(1));
  const length = Number(headers.get('content-length')?.[0] ?? 0);
  if (!Number.isInteger(length) || length < 0 || length > maxReplyBytes) return { status: 'bad', detail: 'the reply is too long' };
  const bodyAt = end.index + end[0].length;
  if (bytes.length < bodyAt + length) return { status: 'more' };
  const body = bytes.subarray(bodyAt, bodyAt + length).toString('utf8');
  return { status: 'reply', reply: { status: Number(first[1]), headers, body }, restAt: bodyAt + length };
}

export interface RtspRequest {
  readonly method: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** Reads a camera's own request. @param bytes a whole message @returns undefined when it is none */
export function parseRequest(bytes: Buffer): RtspRequest | undefined {
  const [first = '', ...lines] = bytes.toString('latin1').split(/\r?\n/);
  const method = /^([A-Z_]{1,32})\s+\S+\s+RTSP\/\d\.\d\s*$/.exec(first)?.[1];
  return method === undefined ? undefined : { method, headers: readHeaders(lines.slice(0, lines.indexOf(''))) };
}

function readHeaders(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** never sent as Basic */
  readonly digestOnly?: boolean;
}

export function credentialsOf({ username, password, digestOnly = false }: StreamTarget): Credentials | null {
  return username === null ? null : { username, password: password ?? '', digestOnly };
}

/** Why a challenge cannot be answered. */
export function unansweredText({ digestOnly = false }: Credentials, algorithms: string): string {
  return digestOnly
    ? `The camera asks for no Digest (${algorithms}), and this log-in may not be sent in clear.`
    : `The camera asks for a kind of authentication that is neither Digest (${algorithms}) nor Basic.`;
}

/** Digest algorithms by the name in a challenge; no name means MD5. */
const digestHashes = new Map([['', 'md5'], ['md5', 'md5'], ['sha-256', 'sha256']]);
/** What libav speaks. */
const libavAlgorithms: readonly string[] = ['', 'md5'];
/** What we speak ourselves (RFC 7616). */
export const ownAlgorithms: readonly string[] = [...digestHashes.keys()];

/**
 * The `Authorization` value for a challenge: Digest where it is offered, the first that is among `algorithms`, else Basic.
 * @param challenges values of `WWW-Authenticate`
 * @param more.algorithms default: MD5 alone, as libav
 * @param more.nonceCount how often this nonce was answered, with this time; default 1
 * @returns null when none of the challenges can be answered
 */
export function authorization(challenges: readonly string[], method: string, uri: string, who: Credentials, more: { algorithms?: readonly string[]; nonceCount?: number } = {}): string | null {
  const spoken = more.algorithms ?? libavAlgorithms;
  const digest = challenges.find((c) => /^digest\s/i.test(c) && spoken.includes((parameter(c, 'algorithm') ?? '').toLowerCase()));
  if (digest) return digestAnswer(digest, method, uri, who, more.nonceCount ?? 1);
  if (who.digestOnly !== true && challenges.some((c) => /^basic\b/i.test(c))) {
    return `Basic ${Buffer.from(`${who.username}:${who.password}`, 'utf8').toString('base64')}`;
  }
  return null;
}

/** Whether a challenge says that the password was right and only the nonce too old. */
export function isStale(challenges: readonly string[]): boolean {
  return challenges.some((c) => /^true$/i.test(parameter(c, 'stale') ?? ''));
}

function digestAnswer(challenge: string, method: string, uri: string, who: Credentials, nonceCount: number): string {
  const algorithm = parameter(challenge, 'algorithm');
  const hash = (text: string): string => createHash(digestHashes.get((algorithm ?? '').toLowerCase()) ?? 'md5').update(text, 'utf8').digest('hex');
  const realm = parameter(challenge, 'realm') ?? '';
  const nonce = parameter(challenge, 'nonce') ?? '';
  const opaque = parameter(challenge, 'opaque');
  const withQop = (parameter(challenge, 'qop') ?? '').split(',').some((q) => q.trim() === 'auth');
  const a1 = hash(`${who.username}:${realm}:${who.password}`);
  const a2 = hash(`${method}:${uri}`);
  const count = nonceCount.toString(16).padStart(8, '0');
  const cnonce = hash(`${nonce}:${uri}`).slice(0, 16);
  const response = withQop ? hash(`${a1}:${nonce}:${count}:${cnonce}:auth:${a2}`) : hash(`${a1}:${nonce}:${a2}`);
  const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
  return [
    `Digest username=${quoted(who.username)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}, uri=${quoted(uri)}, response="${response}"`,
    ...(algorithm === undefined || /^md5$/i.test(algorithm) ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(withQop ? [`qop=auth, nc=${count}, cnonce="${cnonce}"`] : []),
  ].join(', ');
}

function parameter(challenge: string, name: string): string | undefined {
  const found = new RegExp(`[\\s,]${name}\\s*=\\s*(?:"([^"]*)"|([^\\s,]+))`, 'i').exec(challenge);
  return found?.[1] ?? found?.[2];
}
