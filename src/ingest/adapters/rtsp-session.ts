/**
 * The life of one RTSP session: OPTIONS, DESCRIBE, SETUP of the video alone, PLAY, keep-alive, receiver reports, TEARDOWN
 * (RFC 2326). No credential is sent before it is asked for, and a wrong password costs one try. Redirects to other hosts are
 * refused, at any time. What a camera answers otherwise than asked (channels, addresses, session times) is followed.
 */
import { randomInt } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { EndReason } from '../../contract/frame-source.js';
import { readRtcp, receiverReport, type SenderReport } from './rtcp.js';
import { emptyRtpPacket, readRtp, type RtpPacket } from './rtp-packet.js';
import { openRtspLine, type LineEnd } from './rtsp-line.js';
import { authorization, isStale, ownAlgorithms, unansweredText, type Credentials, type RtspReply } from './rtsp-reply.js';
import { hostOf, redirectOf } from './rtsp-precheck.js';
import { readDescription, resolveControl, type VideoTrack } from './rtsp-sdp.js';

export type SessionOutcome =
  | { readonly status: 'playing' }
  /** to another address of the same host */
  | { readonly status: 'moved'; readonly url: string }
  /** the video is neither H.264 nor H.265 */
  | { readonly status: 'other-codec'; readonly codec: string }
  | { readonly status: 'ended'; readonly reason: EndReason; readonly detail: string; readonly loginSent?: boolean };

export interface RtspSession {
  /** Never rejects; settles after the connection ended or `close`, too. */
  open(): Promise<SessionOutcome>;
  connected(): boolean;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface SessionOptions {
  /** without credentials */
  readonly url: string;
  /** the same, parsed; its host is numeric */
  readonly address: URL;
  readonly credentials: Credentials | null;
  readonly clock: Clock;
  /** before the first packet */
  readonly onTrack: (track: VideoTrack) => void;
  /** `rtp` is overwritten by the next packet */
  readonly onRtp: (bytes: Buffer, rtp: RtpPacket) => void;
  readonly onReport: (report: SenderReport) => void;
  readonly onBytes: (count: number) => void;
  /** the end of a session that has played */
  readonly onEnd: (end: LineEnd) => void;
}

const defaultSessionSeconds = 60;
const reportEveryMs = 10_000;

type Ended = Extract<SessionOutcome, { status: 'ended' }>;

export function createRtspSession(options: SessionOptions): RtspSession {
  const { clock, credentials, address } = options;
  const ours = randomInt(2 ** 32);
  const rtp = emptyRtpPacket();
  let lineEnd: LineEnd | undefined;
  let playing = false;
  let challenges: readonly string[] | undefined;
  let nonceCount = 0;
  let proven = false;
  let sessionId: string | undefined;
  let sessionUrl = options.url;
  let keepAliveMethod = 'OPTIONS';
  let track: VideoTrack | undefined;
  let channels: { readonly rtp: number; readonly rtcp: number } | undefined;
  let received: { source: number; sequence: number; turns: number } | undefined;
  let lastReport: { report: SenderReport; atMs: number } | undefined;
  let cancelTimers = (): void => undefined;

  const ended = (reason: EndReason, detail: string): Ended => ({ status: 'ended', reason, detail });
  const cameraEnds = (end: LineEnd): void => {
    cancelTimers();
    lineEnd ??= end;
    if (playing) options.onEnd(end);
  };

  const takePacket = (channel: number, bytes: Buffer, from: number, to: number): boolean => {
    if (!channels || !track) return false;
    if (channel === channels.rtcp) {
      const { report, bye } = readRtcp(bytes, from, to, clock.nowMs());
      if (report) {
        lastReport = { report, atMs: clock.monotonicMs() };
        options.onReport(report);
      }
      if (bye) cameraEnds({ reason: 'closed', detail: 'The camera ended the stream.' });
      return report !== null || bye;
    }
    if (channel !== channels.rtp || !readRtp(bytes, from, to, rtp) || rtp.payloadType !== track.payloadType) return false;
    count(rtp);
    options.onRtp(bytes, rtp);
    return true;
  };

  const count = ({ source, sequence }: RtpPacket): void => {
    if (received?.source !== source) received = { source, sequence, turns: 0 };
    else {
      if (sequence < received.sequence && received.sequence - sequence > 0x8000) received.turns = (received.turns + 1) & 0xffff;
      received.sequence = sequence;
    }
  };

  const line = openRtspLine({ host: hostOf(address), port: Number(address.port || 554) }, clock, {
    onPacket: takePacket,
    plausible: (channel, first, second) => {
      if (!channels || first >> 6 !== 2) return false;
      return channel === channels.rtp ? (second & 0x7f) === track?.payloadType : channel === channels.rtcp && second >= 200 && second <= 207;
    },
    onRequest: ({ method, headers }) => {
      if (method === 'TEARDOWN') cameraEnds({ reason: 'closed', detail: 'The camera ended the session.' });
      if (method !== 'REDIRECT') return;
      const refused = redirectOf({ status: 302, headers, body: '' }, address);
      cameraEnds(refused ?? { reason: 'closed', detail: 'The camera sends us to another of its addresses.' });
    },
    onBytes: options.onBytes,
    onEnd: cameraEnds,
  });

  const authorize = (method: string, uri: string): string[] => {
    if (!challenges || !credentials) return [];
    nonceCount += 1;
    const value = authorization(challenges, method, uri, credentials, { algorithms: ownAlgorithms, nonceCount });
    return value === null ? [] : [`Authorization: ${value}`];
  };

  /** Asks, and answers a challenge: the first one, and a fresh nonce after the password was right once. */
  const ask = async (method: string, uri: string, headers: readonly string[] = []): Promise<RtspReply | null> => {
    const session = sessionId === undefined ? [] : [`Session: ${sessionId}`];
    for (let tries = 0; ; tries++) {
      const mine = authorize(method, uri);
      const reply = await line.ask(method, uri, [...headers, ...session, ...mine]);
      if (mine.length > 0 && reply && reply.status < 400) proven = true;
      if (reply?.status !== 401 || !credentials || method === 'OPTIONS') return reply;
      const offered = reply.headers.get('www-authenticate') ?? [];
      const mayTry = mine.length === 0 ? challenges === undefined : tries < 2 && (proven || isStale(offered));
      if (!mayTry) return reply;
      challenges = offered;
      nonceCount = 0;
    }
  };

  /** What a reply means that is no success. */
  const failure = (method: string, reply: RtspReply | null): Exclude<SessionOutcome, { status: 'playing' }> | undefined => {
    if (!reply) return lineEnd ? { status: 'ended', ...lineEnd } : ended('closed', 'The connection ended.');
    const { status } = reply;
    if (status >= 200 && status < 300) return undefined;
    if (status >= 300 && status < 400) {
      const refused = redirectOf(reply, address);
      return refused ?? { status: 'moved', url: reply.headers.get('location')?.[0] ?? '' };
    }
    if (status === 401 && !credentials) return { ...ended('auth', 'The camera asks for a user name and a password.'), loginSent: false };
    if (status === 401 && credentials && authorize(method, options.url).length === 0) return { ...ended('auth', unansweredText(credentials, 'MD5, SHA-256')), loginSent: false };
    if (status === 401 || status === 403) return ended('auth', `The camera refused the user name or the password (${status}).`);
    if (status === 404 || (status === 454 && method === 'DESCRIBE')) return ended('not-found', `The camera knows no stream at this path (${status}).`);
    if (status === 461) return ended('protocol', 'The camera does not send video over RTSP itself (461).');
    return ended('protocol', `The camera answered ${method} with ${status}.`);
  };

  const open = async (): Promise<SessionOutcome> => {
    const hello = await ask('OPTIONS', options.url);
    // Some cameras refuse OPTIONS without credentials, or do not know it: only a redirect or an end counts here.
    if (!hello || (hello.status >= 300 && hello.status < 400)) return failure('OPTIONS', hello) ?? ended('closed', 'The connection ended.');
    if (/\bGET_PARAMETER\b/i.test(hello.headers.get('public')?.join() ?? '')) keepAliveMethod = 'GET_PARAMETER';

    const described = await ask('DESCRIBE', options.url, ['Accept: application/sdp']);
    const refused = failure('DESCRIBE', described);
    if (refused || !described) return refused ?? ended('closed', 'The connection ended.');
    const { control, video } = readDescription(described.body);
    if (!video) return ended('not-found', 'The camera describes no video stream.');
    if (video.codec !== 'h264' && video.codec !== 'hevc') return { status: 'other-codec', codec: video.codec };
    const base = described.headers.get('content-base')?.[0] ?? described.headers.get('content-location')?.[0] ?? options.url;
    sessionUrl = resolveControl(control, base, options.url);
    track = video;
    options.onTrack(video);

    const trackUrl = resolveControl(video.control, sessionUrl, options.url);
    const setUp = await ask('SETUP', trackUrl, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
    const notSetUp = failure('SETUP', setUp);
    if (notSetUp || !setUp) return notSetUp ?? ended('closed', 'The connection ended.');
    channels = channelsOf(setUp.headers.get('transport')?.[0]);
    if (!channels) return ended('protocol', 'The camera does not send video over RTSP itself.');
    const [id, ...parameters] = (setUp.headers.get('session')?.[0] ?? '').split(';').map((p) => p.trim());
    if (id) sessionId = id;
    const seconds = Number(parameters.map((p) => /^timeout\s*=\s*(\d{1,6})$/i.exec(p)?.[1]).find((t) => t !== undefined) ?? defaultSessionSeconds);

    const play = await ask('PLAY', sessionUrl, ['Range: npt=0.000-']);
    const notPlaying = failure('PLAY', play);
    if (notPlaying) return notPlaying;
    if (lineEnd) return { status: 'ended', ...lineEnd };
    playing = true;
    keepUp(Math.max(1_000, seconds * 500));
    return { status: 'playing' };
  };

  const keepUp = (everyMs: number): void => {
    let cancelKeepAlive = (): void => undefined;
    let cancelReport = (): void => undefined;
    const keepAlive = (): void => {
      cancelKeepAlive = clock.after(everyMs, keepAlive);
      void ask(keepAliveMethod, sessionUrl).then((reply) => {
        if (reply?.status === 454) cameraEnds({ reason: 'closed', detail: 'The camera has ended the session (454).' });
        else if (reply && reply.status >= 400 && reply.status !== 401) keepAliveMethod = 'OPTIONS';
      });
    };
    const report = (): void => {
      cancelReport = clock.after(reportEveryMs, report);
      if (!received || !channels) return;
      const { source, sequence, turns } = received;
      const known = lastReport?.report.source === source ? lastReport : undefined;
      const sinceReportMs = known ? clock.monotonicMs() - known.atMs : 0;
      line.send(channels.rtcp, receiverReport({ ours, source, highestSequence: turns * 65_536 + sequence, compactNtp: known?.report.compactNtp ?? 0, sinceReportMs }));
    };
    cancelKeepAlive = clock.after(everyMs, keepAlive);
    cancelReport = clock.after(reportEveryMs, report);
    cancelTimers = () => {
      cancelKeepAlive();
      cancelReport();
    };
  };

  return {
    open,
    connected: () => line.connected(),
    pause: () => line.pause(),
    resume: () => line.resume(),
    close() {
      playing = false;
      cancelTimers();
      line.close(sessionId === undefined ? undefined : { method: 'TEARDOWN', uri: sessionUrl, headers: [`Session: ${sessionId}`, ...authorize('TEARDOWN', sessionUrl)] });
    },
  };
}

/** @returns undefined when the camera would send otherwise than over this connection */
function channelsOf(transport: string | undefined): { rtp: number; rtcp: number } | undefined {
  if (transport === undefined) return { rtp: 0, rtcp: 1 };
  const found = /interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?/i.exec(transport);
  if (!found) return /\/TCP/i.test(transport) ? { rtp: 0, rtcp: 1 } : undefined;
  const rtp = Number(found[1]);
  const rtcp = Number(found[2] ?? rtp + 1);
  return rtp <= 255 && rtcp <= 256 && rtp !== rtcp ? { rtp, rtcp } : undefined;
}
