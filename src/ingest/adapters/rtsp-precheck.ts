/**
 * Asks a camera OPTIONS and DESCRIBE over a connection of our own before libav opens the stream, because libav follows
 * a redirect (3xx) to any host and says little about why it failed. Here a redirect to another host is refused, a wrong
 * password costs one try, and every failure has its reason. It never sends a credential before it is asked for one.
 */
import net from 'node:net';
import type { Clock } from '../../core/clock.js';
import { systemCodeOf } from '../../core/errors.js';
import type { EndReason } from '../../contract/frame-source.js';
import { authorization, parseReply, unansweredText, type Credentials, type RtspReply } from './rtsp-reply.js';

export type PrecheckOutcome = { readonly status: 'open' } | { readonly status: 'ended'; readonly reason: EndReason; readonly detail: string; readonly loginSent?: boolean };

export interface PrecheckOptions {
  /** without credentials; the host is a numeric, guarded address */
  readonly url: string;
  readonly credentials: Credentials | null;
  /** for the whole check, milliseconds */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Exchange = { readonly status: 'reply'; readonly reply: RtspReply } | Extract<PrecheckOutcome, { status: 'ended' }>;

export async function precheckRtsp(options: PrecheckOptions): Promise<PrecheckOutcome> {
  const url = parseRtspUrl(options.url);
  if (!url) return ended('protocol', 'The address is not an rtsp:// URL.');
  const line = openLine(url, options);
  try {
    const hello = await line.ask('OPTIONS', null);
    if (hello.status === 'ended') return hello;
    // Some cameras refuse OPTIONS without credentials, or do not know it: only a redirect counts here.
    const moved = redirectOf(hello.reply, url);
    if (moved) return moved;
    let answer = await line.ask('DESCRIBE', null);
    if (answer.status === 'reply' && answer.reply.status === 401) {
      if (!options.credentials) return { ...ended('auth', 'The camera asks for a user name and a password.'), loginSent: false };
      const challenges = answer.reply.headers.get('www-authenticate') ?? [];
      const authorize = authorization(challenges, 'DESCRIBE', options.url, options.credentials);
      if (authorize === null) return { ...ended('auth', unansweredText(options.credentials, 'MD5')), loginSent: false };
      answer = await line.ask('DESCRIBE', authorize);
    }
    return answer.status === 'ended' ? answer : judge(answer.reply, url);
  } finally {
    line.close();
  }
}

/** @returns undefined for anything but `rtsp://host[:port]/…` */
export function parseRtspUrl(text: string): URL | undefined {
  return URL.canParse(text) && new URL(text).protocol === 'rtsp:' && new URL(text).hostname !== '' ? new URL(text) : undefined;
}

/** The host as a socket takes it: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function judge(reply: RtspReply, url: URL): PrecheckOutcome {
  const moved = redirectOf(reply, url);
  if (moved) return moved;
  switch (reply.status) {
    case 200:
      return /^m=video /m.test(reply.body) ? { status: 'open' } : ended('not-found', 'The camera describes no video stream.');
    case 300: case 301: case 302: case 303: case 305: case 307: case 308:
      return { status: 'open' };
    case 401:
    case 403:
      return ended('auth', `The camera refused the user name or the password (${reply.status}).`);
    case 404:
    case 454:
      return ended('not-found', `The camera knows no stream at this path (${reply.status}).`);
    default:
      return ended('protocol', `The camera answered DESCRIBE with ${reply.status}.`);
  }
}

/** A redirect within the same host may be followed; any other may not, wherever it leads. */
export function redirectOf(reply: RtspReply, url: URL): Extract<PrecheckOutcome, { status: 'ended' }> | undefined {
  if (reply.status < 300 || reply.status > 399) return undefined;
  const location = parseRtspUrl(reply.headers.get('location')?.[0] ?? '');
  if (location && location.hostname === url.hostname) return undefined;
  return ended('refused', `The camera sends us to ${location ? `another host (${location.host})` : 'an address that is not RTSP'}; redirects to other hosts are not followed.`);
}

function ended(reason: EndReason, detail: string): Extract<PrecheckOutcome, { status: 'ended' }> {
  return { status: 'ended', reason, detail };
}

/** One connection; `ask` answers in order and never rejects. */
function openLine(url: URL, options: PrecheckOptions): { ask(method: string, authorize: string | null): Promise<Exchange>; close(): void } {
  const { signal, clock, timeoutMs } = options;
  let received = Buffer.alloc(0);
  let connected = false;
  let over: Extract<PrecheckOutcome, { status: 'ended' }> | undefined;
  let wake = (): void => undefined;
  let cseq = 0;
  const finish = (why: Extract<PrecheckOutcome, { status: 'ended' }>): void => {
    over ??= why;
    socket.destroy();
    wake();
  };
  const socket = net.connect({ host: hostOf(url), port: Number(url.port || 554) });
  socket.on('connect', () => (connected = true));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', (error) => {
    finish(connected ? ended('closed', `The connection broke: ${systemCodeOf(error) ?? 'error'}.`) : ended('unreachable', `No connection: ${systemCodeOf(error) ?? 'error'}.`));
  });
  socket.on('close', () => finish(ended('closed', 'The camera closed the connection before it answered.')));
  const onAbort = (): void => finish(ended('stopped', 'Stopped.'));
  signal.addEventListener('abort', onAbort, { once: true });
  const cancelTimer = clock.after(timeoutMs, () => {
    finish(connected ? ended('stalled', `The camera did not answer within ${timeoutMs} ms.`) : ended('unreachable', `No connection within ${timeoutMs} ms.`));
  });
  if (signal.aborted) onAbort();
  return {
    async ask(method, authorize) {
      cseq += 1;
      if (!over) {
        const accept = method === 'DESCRIBE' ? 'Accept: application/sdp\r\n' : '';
        const credentials = authorize === null ? '' : `Authorization: ${authorize}\r\n`;
        socket.write(`${method} ${options.url} RTSP/1.0\r\nCSeq: ${cseq}\r\nUser-Agent: ${userAgent}\r\n${accept}${credentials}\r\n`);
      }
      for (;;) {
        const parsed = parseReply(received);
        if (parsed.status === 'reply') {
          received = received.subarray(parsed.restAt);
          return { status: 'reply', reply: parsed.reply };
        }
        if (parsed.status === 'bad') return ended('protocol', `The stream address is not usable: ${parsed.detail}.`);
        if (over) return over;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    close() {
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
      over ??= ended('closed', 'Done.');
      socket.destroy();
    },
  };
}

/** The same words from the check and from libav, so that a camera sees one client. */
export const userAgent = 'Hedgerow';
