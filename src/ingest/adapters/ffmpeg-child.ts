/**
 * The ffmpeg child of one stream: its arguments and what its standard error tells. The address with its credentials goes
 * to the child through a pipe, as a one-line play list: arguments can be read by everybody on the machine.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { environment } from '../../config/load.js';
import type { EndReason, StreamInfo } from '../../contract/frame-source.js';
import type { DecodeMode } from '../sample-policy.js';
import { userAgent } from './rtsp-precheck.js';

export interface FfmpegChild {
  readonly process: ChildProcess;
  readonly pictures: Readable;
  readonly messages: Readable;
}

export interface ChildOptions {
  readonly ffmpegPath: string;
  /** may hold credentials */
  readonly url: string;
  readonly maxWidthPx: number;
  readonly ioTimeoutMs: number;
  readonly mode: DecodeMode;
  /** used in mode `everything` only: one frame per interval leaves the child */
  readonly intervalMs: number;
}

export function startFfmpeg(options: ChildOptions): FfmpegChild {
  const take = options.mode === 'everything' ? `select='isnan(prev_selected_t)+gte(t-prev_selected_t\\,${(options.intervalMs / 1000) * 0.95})',` : '';
  const child = spawn(
    options.ffmpegPath,
    [
      ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'info', '-threads', '1'],
      ...(options.mode === 'everything' ? [] : ['-skip_frame', 'nokey']),
      ...['-analyzeduration', '0', '-fpsprobesize', '0', '-f', 'concat', '-safe', '0', '-protocol_whitelist', 'pipe,rtsp,rtp,tcp', '-i', 'pipe:3'],
      ...['-an', '-sn', '-dn', '-vf', `${take}showinfo=checksum=0,scale=w='trunc(min(${options.maxWidthPx}\\,iw)/2)*2':h=-2:flags=area`],
      ...['-fps_mode', 'passthrough', '-threads', '1', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
    ],
    // The path alone: tokens and keys of our environment are none of its business.
    { env: { PATH: environment()['PATH'] }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  const list = child.stdio[3] as Writable;
  // The child may be gone before it read its list; its exit tells.
  list.on('error', () => undefined);
  list.end(playList(options));
  return { process: child, pictures: child.stdout as Readable, messages: child.stderr as Readable };
}

function playList({ url, ioTimeoutMs }: ChildOptions): string {
  const quoted = url.replace(/[\r\n]/g, '').replace(/'/g, "'\\''");
  return ['ffconcat version 1.0', `file '${quoted}'`, 'option rtsp_transport tcp', `option timeout ${ioTimeoutMs * 1000}`, 'option allowed_media_types video', 'option analyzeduration 1000000', 'option fpsprobesize 0', `option user_agent ${userAgent}`, ''].join('\n');
}

/** What one line of the child's standard error says. */
export type ChildWord =
  | { readonly status: 'stream'; readonly info: StreamInfo }
  | { readonly status: 'size'; readonly size: string }
  | { readonly status: 'failed'; readonly reason: EndReason; readonly detail: string }
  | { readonly status: 'damage' }
  | { readonly status: 'nothing' };

export function readChildLine(line: string): ChildWord {
  const stream = /Stream #0:\d+.*: Video: (\w+).*?, (\d{2,5})x(\d{2,5})/.exec(line);
  if (stream && !/: Video: ppm/.test(line)) {
    const fps = /, ([\d.]+) fps/.exec(line);
    return { status: 'stream', info: { codec: stream[1] ?? '', widthPx: Number(stream[2]), heightPx: Number(stream[3]), fps: fps ? Number(fps[1]) : null } };
  }
  const shown = /\bs:(\d+x\d+) i:/.exec(line);
  if (shown) return { status: 'size', size: shown[1] ?? '' };
  const said = (reason: EndReason, detail: string): ChildWord => ({ status: 'failed', reason, detail });
  if (/Redirecting to/.test(line)) return said('refused', 'The camera sent us elsewhere; redirects to other hosts are not followed.');
  if (/401 Unauthorized|403 Forbidden/.test(line)) return said('auth', 'The camera refused the user name or the password.');
  if (/404 Not Found|454 /.test(line)) return said('not-found', 'The camera knows no stream at this path.');
  if (/Connection refused|No route to host|Network is unreachable/.test(line)) return said('unreachable', 'No connection.');
  if (/Connection timed out/.test(line)) return said('stalled', 'The camera stopped sending.');
  if (/error while decoding|Invalid data found|decode_slice_header error|no frame!/i.test(line)) return { status: 'damage' };
  return { status: 'nothing' };
}
