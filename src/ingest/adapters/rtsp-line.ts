/**
 * One TCP connection to a camera that speaks RTSP with interleaved video: requests and their replies, requests of the
 * camera, packets. It connects to the numeric address that it is given and to nothing else, and holds no thread.
 */
import net from 'node:net';
import type { Clock } from '../../core/clock.js';
import { systemCodeOf } from '../../core/errors.js';
import type { EndReason } from '../../contract/frame-source.js';
import { createInterleavedDemux } from './interleaved-demux.js';
import { userAgent } from './rtsp-precheck.js';
import { parseReply, parseRequest, type RtspReply, type RtspRequest } from './rtsp-reply.js';

export interface LineEnd {
  readonly reason: EndReason;
  readonly detail: string;
}

export interface RtspLine {
  /** Never rejects. @returns null when the line ended before the reply */
  ask(method: string, uri: string, headers: readonly string[]): Promise<RtspReply | null>;
  /** Sends an interleaved packet, unless the camera does not read. */
  send(channel: number, packet: Buffer): void;
  pause(): void;
  resume(): void;
  connected(): boolean;
  /** @param farewell a last request, whose reply nobody waits for */
  close(farewell?: { method: string; uri: string; headers: readonly string[] }): void;
}

export interface LineCallbacks {
  readonly onPacket: (channel: number, bytes: Buffer, from: number, to: number) => boolean;
  readonly plausible: (channel: number, first: number, second: number) => boolean;
  readonly onRequest: (request: RtspRequest) => void;
  readonly onBytes: (count: number) => void;
  /** once, unless it is closed by us */
  readonly onEnd: (end: LineEnd) => void;
}

/** What one read takes from the socket at most. */
const readBytes = 65_536;
/** What may wait to be sent to a camera that does not read. */
const mostUnsentBytes = 65_536;
/** Requests without a reply that are remembered. */
const mostOpenRequests = 8;
/** The camera has so long to take the farewell. */
const farewellMs = 300;

/** Requests of a camera that are fine with a plain yes. */
const answered = new Set(['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'ANNOUNCE', 'REDIRECT', 'TEARDOWN', 'PLAY_NOTIFY']);

export function openRtspLine(where: { host: string; port: number }, clock: Clock, callbacks: LineCallbacks): RtspLine {
  const open: { cseq: number; resolve: (reply: RtspReply | null) => void }[] = [];
  let cseq = 0;
  let isConnected = false;
  let over = false;

  const finish = (): void => {
    over = true;
    demux.stop();
    for (const { resolve } of open.splice(0)) resolve(null);
  };
  const end = (reason: EndReason, detail: string): void => {
    if (over) return;
    finish();
    socket.destroy();
    callbacks.onEnd({ reason, detail });
  };

  const demux = createInterleavedDemux({
    onPacket: callbacks.onPacket,
    plausible: callbacks.plausible,
    onUnusable: (detail) => end('protocol', `The stream is not usable: ${detail}.`),
    onMessage(message) {
      const request = parseRequest(message);
      if (request) return take(request);
      const parsed = parseReply(message);
      if (parsed.status !== 'reply') return end('protocol', `The stream is not usable: ${parsed.status === 'bad' ? parsed.detail : 'a reply is not whole'}.`);
      // 1xx is no answer yet.
      if (parsed.reply.status < 200) return;
      const number = Number(parsed.reply.headers.get('cseq')?.[0] ?? NaN);
      const index = open.findIndex((o) => o.cseq === number);
      // A camera that counts otherwise still answers in order.
      open.splice(Math.max(0, index), 1)[0]?.resolve(parsed.reply);
    },
  });

  const take = (request: RtspRequest): void => {
    const number = request.headers.get('cseq')?.[0] ?? '0';
    const status = answered.has(request.method) ? '200 OK' : '501 Not Implemented';
    write(Buffer.from(`RTSP/1.0 ${status}\r\nCSeq: ${/^\d{1,10}$/.test(number) ? number : '0'}\r\n\r\n`, 'latin1'));
    callbacks.onRequest(request);
  };

  const write = (bytes: Buffer): void => {
    if (over) return;
    if (socket.writableLength > mostUnsentBytes) end('protocol', 'The camera does not read what it is sent.');
    else socket.write(bytes);
  };

  const format = (method: string, uri: string, headers: readonly string[]): Buffer => {
    cseq += 1;
    return Buffer.from([`${method} ${uri} RTSP/1.0`, `CSeq: ${cseq}`, `User-Agent: ${userAgent}`, ...headers, '', ''].join('\r\n'), 'utf8');
  };

  const socket = net.connect({
    host: where.host,
    port: where.port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback(count, bytes) {
        if (over) return true;
        callbacks.onBytes(count);
        demux.push((bytes as Buffer).subarray(0, count));
        return true;
      },
    },
  });
  socket.on('connect', () => (isConnected = true));
  socket.on('error', (error) => {
    const code = systemCodeOf(error) ?? 'error';
    if (isConnected) end('closed', `The connection broke: ${code}.`);
    else end('unreachable', `No connection: ${code}.`);
  });
  socket.on('end', () => end('closed', 'The camera closed the connection.'));
  socket.on('close', () => end('closed', 'The camera closed the connection.'));

  return {
    ask(method, uri, headers) {
      if (over) return Promise.resolve(null);
      if (open.length >= mostOpenRequests) open.shift()?.resolve(null);
      const bytes = format(method, uri, headers);
      return new Promise((resolve) => {
        open.push({ cseq, resolve });
        write(bytes);
      });
    },
    send(channel, packet) {
      if (over || socket.writableLength > mostUnsentBytes) return;
      const head = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]);
      socket.write(Buffer.concat([head, packet]));
    },
    pause: () => void socket.pause(),
    resume: () => void (over || socket.resume()),
    connected: () => isConnected,
    close(farewell) {
      if (over) return;
      finish();
      if (!farewell || !isConnected) {
        socket.destroy();
        return;
      }
      socket.resume();
      const cancel = clock.after(farewellMs, () => socket.destroy());
      socket.once('close', cancel);
      socket.end(format(farewell.method, farewell.uri, farewell.headers));
    },
  };
}
