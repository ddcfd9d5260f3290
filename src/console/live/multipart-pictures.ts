/**
 * Reads the live masked view: `multipart/x-mixed-replace` with JPEG parts and, where there is no picture, JSON parts that say why.
 * Bytes may come cut at any place. It holds at most one part, of bounded size, and never decodes a picture.
 */

export type LiveMessage =
  | { readonly kind: 'picture'; readonly jpeg: Uint8Array<ArrayBuffer>; readonly pictureId: string | null; /** RFC 3339 */ readonly receivedAt: string; /** 0..1 */ readonly maskRatio: number | null }
  | { readonly kind: 'withheld'; readonly reason: string };

export interface Part {
  /** names in lower case */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface PartReader {
  /** @throws Error for bytes that are no multipart of ours: the connection is of no more use */
  feed(bytes: Uint8Array): void;
  /** the closing delimiter was read */
  readonly ended: boolean;
}

export const maxHeadBytes = 8 * 1024;
export const maxBodyBytes = 8 * 1024 * 1024;

const [cr, lf, dash] = [13, 10, 45];
const ascii = new TextDecoder('latin1');

/** @returns the boundary of a `multipart/…` content type (RFC 2046 5.1.1), or null when it is another type or has none */
export function boundaryOf(contentType: string | null): string | null {
  if (contentType === null || !/^\s*multipart\//i.test(contentType)) return null;
  const match = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

/** @param onPart every whole part, in order; its body is a copy of its own */
export function createPartReader(boundary: string, onPart: (part: Part) => void): PartReader {
  const delimiter = new TextEncoder().encode(`--${boundary}`);
  let rest = new Uint8Array(0);
  let state: 'preamble' | 'head' | 'body' | 'counted' | 'ended' = 'preamble';
  let headers: ReadonlyMap<string, string> = new Map();
  let body = new Uint8Array(0);
  let filled = 0;

  /** Eats one step of `rest`. @returns false when more bytes are needed */
  const step = (): boolean => {
    if (state === 'preamble' || state === 'body') {
      const found = findDelimiter(rest, delimiter);
      if (found === null) {
        if (rest.length > (state === 'body' ? maxBodyBytes : maxHeadBytes)) throw new Error('multipart: no delimiter');
        return false;
      }
      if (state === 'body') onPart({ headers, body: rest.slice(0, found.from) });
      rest = rest.subarray(found.to);
      state = found.last ? 'ended' : 'head';
      return true;
    }
    if (state === 'head') {
      const end = endOfHead(rest);
      if (end === null) {
        if (rest.length > maxHeadBytes) throw new Error('multipart: head too long');
        return false;
      }
      headers = headersOf(ascii.decode(rest.subarray(0, end)));
      rest = rest.subarray(end);
      const length = headers.get('content-length');
      state = length === undefined ? 'body' : 'counted';
      if (length !== undefined) {
        if (!/^\d{1,9}$/.test(length) || Number(length) > maxBodyBytes) throw new Error('multipart: bad length');
        body = new Uint8Array(Number(length));
        filled = 0;
      }
      return true;
    }
    if (state === 'counted') {
      const taken = rest.subarray(0, body.length - filled);
      body.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      if (filled < body.length) return false;
      onPart({ headers, body });
      body = new Uint8Array(0);
      state = 'preamble';
      return true;
    }
    rest = rest.subarray(rest.length);
    return false;
  };

  return {
    feed: (bytes) => {
      if (bytes.length === 0) return;
      const joined = new Uint8Array(rest.length + bytes.length);
      joined.set(rest);
      joined.set(bytes, rest.length);
      rest = joined;
      while (step());
    },
    get ended() {
      return state === 'ended';
    },
  };
}

/**
 * The delimiter at a line's beginning, with the rest of its line. `from`: end of what was before it, without the line's end that
 * belongs to the delimiter. null: not there, or not yet whole.
 */
function findDelimiter(bytes: Uint8Array, delimiter: Uint8Array): { from: number; to: number; last: boolean } | null {
  for (let at = bytes.indexOf(dash); at >= 0; at = bytes.indexOf(dash, at + 1)) {
    if (at > 0 && bytes[at - 1] !== lf) continue;
    if (!delimiter.every((byte, i) => bytes[at + i] === byte)) continue;
    let to = at + delimiter.length;
    const from = at === 0 ? 0 : bytes[at - 2] === cr ? at - 2 : at - 1;
    if (bytes[to] === dash && bytes[to + 1] === dash) return { from, to: to + 2, last: true };
    while (bytes[to] === 32 || bytes[to] === 9) to += 1;
    if (bytes[to] === cr) to += 1;
    if (bytes[to] === lf) return { from, to: to + 1, last: false };
    // A longer boundary begins with ours, or the line is not whole yet.
    if (to >= bytes.length || (bytes[to] === dash && to + 1 >= bytes.length)) return null;
  }
  return null;
}

/** Behind the empty line, or null. A part may have no header at all. */
function endOfHead(bytes: Uint8Array): number | null {
  for (let line = 0; ; ) {
    const end = bytes.indexOf(lf, line);
    if (end < 0) return null;
    if (end === line || (end === line + 1 && bytes[line] === cr)) return end + 1;
    line = end + 1;
  }
}

function headersOf(head: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** @returns undefined for what is no message of ours, so that a newer server cannot break an older page */
export function messageOf(part: Part): LiveMessage | undefined {
  const type = part.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type === 'image/jpeg') {
    const receivedAt = part.headers.get('x-received-at');
    // Without its time a picture could be an old one.
    if (receivedAt === undefined || Number.isNaN(Date.parse(receivedAt)) || part.body.length === 0) return undefined;
    const maskRatio = Number(part.headers.get('x-mask-ratio') ?? Number.NaN);
    return { kind: 'picture', jpeg: part.body, pictureId: part.headers.get('x-picture-id') ?? null, receivedAt, maskRatio: maskRatio >= 0 && maskRatio <= 1 ? maskRatio : null };
  }
  if (type !== 'application/json') return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(part.body)) as { withheld?: unknown } | null;
    return typeof value?.withheld === 'string' ? { kind: 'withheld', reason: value.withheld } : undefined;
  } catch {
    return undefined;
  }
}
