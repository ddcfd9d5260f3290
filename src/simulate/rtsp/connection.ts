/** One RTSP client from its first request to its end: the methods, the credentials, the stream. */
import { randomBytes } from 'node:crypto';
import type net from 'node:net';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { parameterSets } from '../content/clip.js';
import type { SimulateLog } from '../simulate-log.js';
import { parseRtsp, rtspAnswer, type RtspRequest } from './message.js';
import { describeVideo } from './sdp.js';
import type { RtspMount } from './server.js';
import { startRtpSender, type RtpSender } from './rtp-sender.js';

export interface RtspConnection {
  /** the camera that the client asked for last */
  cameraIndex(): number | undefined;
  end(): void;
}

/** Requests that wait while one is answered. */
const maxPendingBytes = 64 * 1024;
/** A client that has not begun to play is let go after this long. */
const handshakeMs = 60_000;
/** DESCRIBE waits this long for a scene that is being drawn. */
const readyMs = 20_000;

export function serveConnection(
  socket: net.Socket,
  options: { clock: Clock; log: SimulateLog; mount: (path: string) => RtspMount | undefined },
): RtspConnection {
  const { clock, log } = options;
  const session = randomBytes(8).toString('hex');
  let pending: Buffer = Buffer.alloc(0);
  let mount: RtspMount | undefined;
  let channel: number | undefined;
  let sender: RtpSender | undefined;
  let busy = false;
  const cancelHandshake = clock.after(handshakeMs, () => {
    if (!sender) socket.destroy();
  });

  const end = (): void => {
    sender?.stop();
    sender = undefined;
    cancelHandshake();
    socket.destroy();
  };
  socket.on('error', (error) => log.debug({ error: messageOf(error) }, 'an RTSP client broke off'));
  socket.once('close', end);
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (pending.length > maxPendingBytes) return end();
    void drain();
  });

  /** Answers what is complete, one after the other. */
  const drain = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      while (!socket.destroyed) {
        const parsed = parseRtsp(pending);
        if (parsed.status === 'more') break;
        if (parsed.status === 'bad') {
          socket.end(rtspAnswer(400, '0'));
          break;
        }
        pending = pending.subarray(parsed.used);
        if (parsed.status === 'request') await answer(parsed.request);
      }
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, 'an RTSP request failed');
      end();
    } finally {
      busy = false;
    }
  };

  const answer = async (request: RtspRequest): Promise<void> => {
    const cseq = request.headers.get('cseq') ?? '0';
    const reply = (status: number, headers: Record<string, string> = {}, body = ''): void => {
      if (!socket.destroyed) socket.write(rtspAnswer(status, cseq, headers, body));
    };
    const path = pathOf(request.url);
    mount = path === '/' ? mount : options.mount(path);
    const suffering = mount?.device.suffering();
    if (suffering?.dead) return end();
    if (suffering?.silentRtsp === 'connect') return;
    if (request.method === 'OPTIONS') return reply(200, { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN' });
    if (!mount) return reply(404);
    const { device, clip } = mount;
    if (device.requireAuth) {
      const verdict = judge(device, request);
      if (verdict !== 'right') return reply(401, { 'WWW-Authenticate': device.rtspDigest.challenge(verdict === 'stale') });
    }
    switch (request.method) {
      case 'DESCRIBE': {
        if (!(await becomesReady(clip.ready, clock))) return reply(503);
        const sets = parameterSets(clip);
        if (!sets) return reply(503);
        const host = socket.localAddress ?? '0.0.0.0';
        const sdp = describeVideo({ name: device.name, host, fps: clip.timing.fps, ...sets });
        return reply(200, { 'Content-Base': `${request.url.replace(/\/+$/, '')}/`, 'Content-Type': 'application/sdp' }, sdp);
      }
      case 'SETUP': {
        const transport = request.headers.get('transport') ?? '';
        if (!/RTP\/AVP\/TCP/i.test(transport)) return reply(461);
        const asked = /interleaved=(\d{1,3})-(\d{1,3})/.exec(transport);
        const first = asked ? Number(asked[1]) : 0;
        if (first > 254) return reply(461);
        channel = first;
        return reply(200, { Transport: `RTP/AVP/TCP;unicast;interleaved=${first}-${first + 1}`, Session: `${session};timeout=60` });
      }
      case 'PLAY': {
        if (channel === undefined) return reply(455);
        if (!sender) {
          sender = startRtpSender({ socket, channel, mount, clock, log });
          cancelHandshake();
        }
        return reply(200, { Session: session, Range: 'npt=now-', 'RTP-Info': `url=${request.url.replace(/\/+$/, '')}/trackID=0;seq=${sender.firstSequence}` });
      }
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return reply(200, { Session: session });
      case 'TEARDOWN':
        reply(200, { Session: session });
        sender?.stop();
        sender = undefined;
        socket.end();
        return;
      default:
        return reply(405, { Allow: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN' });
    }
  };

  return { cameraIndex: () => mount?.device.index, end };
}

/** `/cam0/sub` of `rtsp://host:port/cam0/sub/trackID=0?x=y`; `/` when it is no URL. */
function pathOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : url === '*' ? '/' : url;
  return path.replace(/\/trackID=0$/, '').replace(/(.)\/+$/, '$1') || '/';
}

function judge(device: RtspMount['device'], request: RtspRequest): 'right' | 'wrong' | 'stale' {
  const header = request.headers.get('authorization');
  if (header === undefined) return 'wrong';
  if (device.suffering().refuseAuth || device.lockout.locked()) return 'wrong';
  const verdict = device.rtspDigest.verify(header, request.method);
  if (verdict === 'right') device.lockout.right();
  if (verdict === 'wrong') device.lockout.wrong();
  return verdict;
}

async function becomesReady(ready: Promise<void>, clock: Clock): Promise<boolean> {
  let cancel = (): void => undefined;
  const late = new Promise<boolean>((resolve) => {
    cancel = clock.after(readyMs, () => resolve(false));
  });
  try {
    return await Promise.race([ready.then(() => true, () => false), late]);
  } finally {
    cancel();
  }
}
