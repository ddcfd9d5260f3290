/** What a libav error means for a run. Its texts are fixed strings of libav; addresses and credentials are not in them. */
import { FFmpegError } from 'node-av/lib';
import { AVERROR_EOF, AVERROR_EXIT, AVERROR_HTTP_FORBIDDEN, AVERROR_HTTP_NOT_FOUND, AVERROR_HTTP_UNAUTHORIZED, AVERROR_INVALIDDATA } from 'node-av/constants';
import type { EndReason } from '../../contract/frame-source.js';

const posix = { eio: -5, eagain: -11, epipe: -32, enetunreach: -101, econnreset: -104, etimedout: -110, econnrefused: -111, ehostunreach: -113 };

export function reasonOfOpen(code: number): EndReason {
  switch (code) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return 'auth';
    case AVERROR_HTTP_NOT_FOUND:
      return 'not-found';
    case posix.econnrefused:
    case posix.ehostunreach:
    case posix.enetunreach:
      return 'unreachable';
    case posix.etimedout:
      return 'stalled';
    case AVERROR_EOF:
    case posix.econnreset:
    case posix.epipe:
    case posix.eio:
      return 'closed';
    default:
      return 'protocol';
  }
}

/** `again`: the next read may work; anything else ends the run. */
export function reasonOfRead(code: number): EndReason | 'again' {
  switch (code) {
    case AVERROR_INVALIDDATA:
    case posix.eagain:
      return 'again';
    case posix.etimedout:
      return 'stalled';
    case AVERROR_EXIT:
      return 'stopped';
    default:
      return 'closed';
  }
}

export function textOf(code: number): string {
  return FFmpegError.strerror(code);
}
