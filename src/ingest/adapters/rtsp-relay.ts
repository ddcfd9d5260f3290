/**
 * The only way of libav to a camera: one connection on the loopback address, passed on to the one address that was checked.
 * libav follows an RTSP redirect (3xx) to any host; here the connection is cut before it has read one. Everything else goes
 * through unchanged.
 */
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemCodeOf } from '../../core/errors.js';
import type { EndReason } from '../../contract/frame-source.js';
import { hostOf } from './rtsp-precheck.js';

export interface RtspRelay {
  /** the stream's address with the relay's host and port instead of the camera's */
  readonly url: string;
  /** why it cut the connection; null while it has not */
  cut(): { readonly reason: EndReason; readonly detail: string } | null;
  close(): void;
}

const cutText = 'The camera sends us elsewhere; this adapter follows no redirect.';
/** A camera says less than this before it plays. */
const mostHandshakeBytes = 256 * 1024;

/**
 * @param url `rtsp://host[:port]/…` with a numeric, guarded address and no credentials
 * @param options.digestOnly a log-in in clear (Basic) is cut off before it leaves
 */
export async function openRtspRelay(url: URL, { digestOnly = false }: { digestOnly?: boolean | undefined } = {}): Promise<RtspRelay> {
  const sockets = new Set<net.Socket>();
  let why: { reason: EndReason; detail: string } | null = null;
  const end = (reason: EndReason, detail: string): void => {
    why ??= { reason, detail };
    for (const socket of sockets) socket.destroy();
  };
  const server = net.createServer((near) => {
    // One connection and no more: nobody else on this machine gets to the camera through it.
    server.close();
    const far = net.connect({ host: hostOf(url), port: Number(url.port || 554) });
    sockets.add(near).add(far);
    // libav heeds redirects until it asks to play, and never after.
    let playing = false;
    let said = '';
    let asked = '';
    near.on('error', () => far.destroy());
    far.on('error', (error) => end('closed', `The connection broke: ${systemCodeOf(error) ?? 'error'}.`));
    // Before the pipe: what ends here has not left.
    near.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      playing ||= text.startsWith('PLAY ');
      asked = (asked + text).slice(-8_192);
      if (digestOnly && /authorization:\s*basic/i.test(asked)) end('auth', 'The camera asks for the password in clear, and this log-in may not be sent so.');
    });
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      if (!playing) {
        said += chunk.toString('latin1');
        if (hasRedirect(said)) return end('refused', cutText);
        if (said.length > mostHandshakeBytes) return end('protocol', 'The camera talks without end before it plays.');
      }
      if (!near.write(chunk)) far.pause();
    });
    near.on('drain', () => far.resume());
    far.on('end', () => near.end());
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host: '127.0.0.1', port: 0 }, resolve));
  const here = new URL(url);
  here.hostname = '127.0.0.1';
  here.port = String((server.address() as AddressInfo).port);
  return {
    url: here.href,
    cut: () => why,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/**
 * Whether libav could read a status of 300 to 399 in what the camera said so far. It takes the first word of a message when
 * it begins with `RTSP/`, drops every carriage return, and reads the number with `atoi`, which bears signs, zeros and
 * overflow: so any number but a plain 1xx, 2xx, 4xx or 5xx counts. "RTSP/RTP stream" in a session's name has none.
 */
export function hasRedirect(said: string): boolean {
  const text = said.replaceAll('\r', '');
  for (const match of text.matchAll(/RTSP\/[^ \t\n\0]*[ \t]+([-+]?\d+)/g)) {
    const told = match[1] ?? '';
    // A number that is cut off is judged with what comes next.
    const cutOff = match.index + match[0].length === text.length && told.length < 3;
    if (!cutOff && !/^[1245]\d\d$/.test(told)) return true;
  }
  return false;
}
