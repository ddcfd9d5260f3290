/**
 * One SOAP request over HTTP to a pinned address. Bounds what a device can cost: time to connect, time for the whole
 * reply, bytes of the reply, one redirect and only on the same host. Nothing of a reply is logged: devices echo what
 * they were sent.
 */
import http from 'node:http';
import https from 'node:https';
import type { PinnedAddress } from '../../../core/address-guard.js';
import type { Clock } from '../../../core/clock.js';
import { HedgerowError, messageOf, systemCodeOf } from '../../../core/errors.js';

export interface OnvifLimits {
  readonly connectTimeoutMs: number;
  /** for a whole reply, from the connection on */
  readonly replyTimeoutMs: number;
  readonly maxReplyBytes: number;
}

export interface SoapRequest {
  readonly url: URL;
  readonly pinned: PinnedAddress;
  readonly action: string;
  readonly body: string;
  readonly authorization: string | null;
  readonly signal: AbortSignal;
  /** for requests that the device answers late on purpose */
  readonly extraReplyMs?: number;
}

export interface SoapReply {
  readonly status: number;
  readonly body: string;
  readonly challenges: readonly string[];
  /** where it came from: another address than the one that was asked after a redirect */
  readonly url: URL;
  /** the device ended the connection before the reply was whole */
  readonly cut: boolean;
}

export type SoapTransport = (request: SoapRequest) => Promise<SoapReply>;

interface HttpReply extends SoapReply {
  readonly location: string | undefined;
}

export function createSoapTransport({ clock, limits }: { clock: Clock; limits: OnvifLimits }): SoapTransport {
  return async (request) => {
    const first = await exchange(request, clock, limits);
    const next = redirectTarget(first, request);
    if (next === null) return first;
    const second = await exchange({ ...request, url: next }, clock, limits);
    if (isRedirect(second.status)) throw new HedgerowError('camera.reply', 'The device redirects again and again.');
    return second;
  };
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 307 || status === 308;
}

/**
 * The same device on another port, path or scheme; nowhere else. It may name the host as we do or by the address that is
 * pinned; the connection goes to the pinned address either way, so that no second answer of a name server is asked for.
 */
function redirectTarget(reply: HttpReply, { url: from, pinned }: SoapRequest): URL | null {
  if (!isRedirect(reply.status)) return null;
  let target: URL;
  try {
    target = new URL(reply.location ?? '', from);
  } catch (cause) {
    throw new HedgerowError('camera.reply', 'The device redirects to something that is no address.', { cause });
  }
  const isSame = target.hostname === from.hostname || target.hostname.replace(/^\[|\]$/g, '') === pinned.address;
  if (!isSame || (target.protocol !== 'http:' && target.protocol !== 'https:')) {
    throw new HedgerowError('camera.reply', 'The device redirects to another host; that is not followed. Register the address that it redirects to, if that is the camera.');
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') throw new HedgerowError('camera.reply', 'The device redirects from https:// to http://; that is not followed.');
  target.username = '';
  target.password = '';
  target.hostname = from.hostname;
  return target;
}

function exchange(request: SoapRequest, clock: Clock, limits: OnvifLimits): Promise<HttpReply> {
  const { url, pinned, body, action, authorization, signal } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new HedgerowError('process.aborted', 'Stopped before the request was sent.'));
      return;
    }
    const secure = url.protocol === 'https:';
    const outgoing = (secure ? https : http).request({
      host: pinned.address,
      family: pinned.family,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      agent: false,
      // Devices sign their own certificates; what guards the exchange is the pinned address and the digest log-in.
      ...(secure ? { rejectUnauthorized: false, ...(/^[\d.:[\]]+$/.test(url.hostname) ? {} : { servername: url.hostname }) } : {}),
      insecureHTTPParser: true,
      maxHeaderSize: 32_768,
      headers: {
        'Host': url.host,
        'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"`,
        'Content-Length': Buffer.byteLength(body),
        'Connection': 'close',
        ...(authorization === null ? {} : { Authorization: authorization }),
      },
    });
    let settled = false;
    let cancelTimer = clock.after(limits.connectTimeoutMs, () => fail(new HedgerowError('camera.unreachable', `No connection within ${limits.connectTimeoutMs} ms.`, { context: { code: 'ETIMEDOUT' } })));
    const onAbort = (): void => fail(new HedgerowError('process.aborted', 'Stopped while a device was asked.', { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });

    function settle(): boolean {
      if (settled) return false;
      settled = true;
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
      outgoing.destroy();
      return true;
    }
    function fail(error: HedgerowError): void {
      if (settle()) reject(error);
    }
    function connected(): void {
      if (settled) return;
      const waitMs = limits.replyTimeoutMs + (request.extraReplyMs ?? 0);
      cancelTimer();
      cancelTimer = clock.after(waitMs, () => fail(new HedgerowError('camera.unreachable', `No whole reply within ${waitMs} ms.`)));
    }

    outgoing.on('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', connected));
    outgoing.on('error', (cause) => fail(connectionError(cause)));
    outgoing.on('response', (reply) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const tooLong = (): void => fail(new HedgerowError('camera.reply', `The reply is longer than ${limits.maxReplyBytes} bytes; it was cut.`, { context: { limitBytes: limits.maxReplyBytes } }));
      // A length that is announced too long need not be waited for.
      if (Number(reply.headers['content-length'] ?? 0) > limits.maxReplyBytes) tooLong();
      const finish = (cut = false): void => {
        if (cut && bytes === 0) fail(connectionError(Object.assign(new Error('The connection was closed.'), { code: 'ECONNRESET' })));
        if (!settle()) return;
        resolve({
          url,
          cut,
          status: reply.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          challenges: reply.headersDistinct['www-authenticate'] ?? [],
          location: reply.headers.location,
        });
      };
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > limits.maxReplyBytes) tooLong();
        else chunks.push(chunk);
      });
      reply.on('end', () => finish());
      // A device that closes early has often said all that it has to say; the XML reader judges that.
      reply.on('aborted', () => finish(true));
      reply.on('error', (cause) => (bytes > 0 ? finish(true) : fail(connectionError(cause))));
    });
    // As bytes: a text would take the head along into its own encoding.
    outgoing.end(Buffer.from(body, 'utf8'));
  });
}

const connectionTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens on that port.',
  EHOSTUNREACH: 'There is no way to that host.',
  ENETUNREACH: 'There is no way to that network.',
  ETIMEDOUT: 'The host does not answer.',
  ECONNRESET: 'The device closed the connection.',
  EPIPE: 'The device closed the connection.',
};

function connectionError(cause: Error): HedgerowError {
  const code = systemCodeOf(cause) ?? '';
  if (code.startsWith('HPE_')) return new HedgerowError('camera.reply', 'The reply is not HTTP.', { cause, context: { code } });
  return new HedgerowError('camera.unreachable', connectionTexts[code] ?? `The connection failed: ${messageOf(cause)}`, { cause, context: { code } });
}
