/** Reads RTSP requests (RFC 2326) off a TCP stream, skips interleaved frames of the client, and writes answers. */

export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** names in lower case */
  readonly headers: ReadonlyMap<string, string>;
}

export type Parsed =
  | { readonly status: 'request'; readonly request: RtspRequest; readonly used: number }
  /** an interleaved frame or blank lines that were skipped */
  | { readonly status: 'skip'; readonly used: number }
  | { readonly status: 'more' }
  | { readonly status: 'bad'; readonly why: string };

const maxHeadBytes = 16 * 1024;
const maxBodyBytes = 64 * 1024;

/** The next thing in `bytes`. Nothing is kept between calls. */
export function parseRtsp(bytes: Buffer): Parsed {
  if (bytes.length === 0) return { status: 'more' };
  if (bytes[0] === 0x24) {
    if (bytes.length < 4) return { status: 'more' };
    const length = bytes.readUInt16BE(2) + 4;
    return bytes.length < length ? { status: 'more' } : { status: 'skip', used: length };
  }
  if (bytes[0] === 0x0d || bytes[0] === 0x0a) return { status: 'skip', used: 1 };
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > maxHeadBytes ? { status: 'bad', why: 'the head is too long' } : { status: 'more' };
  if (end > maxHeadBytes) return { status: 'bad', why: 'the head is too long' };
  const lines = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const start = /^([A-Z_]{3,20}) (\S{1,2000}) RTSP\/1\.0$/.exec(lines[0] ?? '');
  if (!start?.[1] || !start[2]) return { status: 'bad', why: 'the first line is not a request' };
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon <= 0) return { status: 'bad', why: 'a header has no colon' };
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const bodyBytes = Number(headers.get('content-length') ?? '0');
  if (!Number.isInteger(bodyBytes) || bodyBytes < 0 || bodyBytes > maxBodyBytes) return { status: 'bad', why: 'the body is too long' };
  const used = end + 4 + bodyBytes;
  if (bytes.length < used) return { status: 'more' };
  return { status: 'request', request: { method: start[1], url: start[2], headers }, used };
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK', 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 405: 'Method Not Allowed', 454: 'Session Not Found',
  455: 'Method Not Valid in This State', 459: 'Aggregate Operation Not Allowed', 461: 'Unsupported Transport', 503: 'Service Unavailable',
};

/** @param body sent with its length; its type is among the headers */
export function rtspAnswer(status: number, cseq: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const lines = [`RTSP/1.0 ${status} ${reasons[status] ?? 'Error'}`, `CSeq: ${cseq}`, 'Server: Simulated camera'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
