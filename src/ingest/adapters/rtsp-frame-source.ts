/**
 * Pulls frames by an RTSP client of our own: no thread is held by a stream, and what is no key unit is neither copied nor
 * decoded. Key units go to the same few libav decoders as those of the node-av adapter; sampling, scaling and ends are the same.
 */
import net from 'node:net';
import { availableParallelism } from 'node:os';
import { Log, Packet } from 'node-av/lib';
import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_LOG_QUIET } from 'node-av/constants';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import type { FrameSource, FrameSourceOptions, RunEnd } from '../../contract/frame-source.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { DecodeMode } from '../sample-policy.js';
import { createKeyUnitAssembler, type AccessUnit, type KeyUnitAssembler } from './key-unit-assembler.js';
import { h264, h265 } from './nal-codec.js';
import { createH264Depacketiser, createH265Depacketiser } from './nal-depacketiser.js';
import { createDecoderPool, type DecoderPool } from './node-av-decoder-pool.js';
import { createStreamWorker, type StreamWorker, type Why } from './node-av-stream.js';
import { createParameterSets } from './parameter-sets.js';
import { createCaptureClock } from './rtcp.js';
import { hostOf, parseRtspUrl } from './rtsp-precheck.js';
import { credentialsOf } from './rtsp-reply.js';
import type { VideoTrack } from './rtsp-sdp.js';
import { createRtspSession, type RtspSession, type SessionOutcome } from './rtsp-session.js';

export interface RtspFrameSourceParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  /** takes streams that are neither H.264 nor H.265; without it they end as `not-found` */
  readonly others?: FrameSource | undefined;
}

interface Parts extends RtspFrameSourceParts {
  readonly pool: DecoderPool;
  readonly modes: Map<string, DecodeMode>;
}

/** Redirects within the camera's own host that one run follows. */
const mostMoves = 3;

/** `close` also closes `others`. */
export function createRtspFrameSource(given: RtspFrameSourceParts): FrameSource {
  // libav writes to standard error when it is let.
  Log.setLevel(AV_LOG_QUIET);
  const parts: Parts = { ...given, pool: createDecoderPool({ atOnce: availableParallelism(), most: Math.max(8, availableParallelism()) }), modes: new Map() };
  const closing = new AbortController();
  const running = new Set<Promise<RunEnd>>();
  return {
    run(options) {
      const run = runStream(parts, { ...options, signal: AbortSignal.any([options.signal, closing.signal]) });
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    async close() {
      closing.abort();
      await Promise.allSettled(running);
      parts.pool.close();
      await given.others?.close();
    },
  };
}

type SessionEnd = { readonly status: 'over'; readonly why: Why } | Extract<SessionOutcome, { status: 'moved' | 'other-codec' }>;

async function runStream(parts: Parts, options: FrameSourceOptions): Promise<RunEnd> {
  const { target } = options;
  const tally = { frames: 0, dropped: 0, bytes: 0 };
  const end = ({ reason, detail, loginSent }: Why): RunEnd => ({ reason, detail, ...(loginSent === undefined ? {} : { loginSent }), ...tally });
  let url = target.url;
  for (let moves = 0; ; moves++) {
    const address = parseRtspUrl(url);
    if (!address) return end({ reason: 'protocol', detail: 'The address is not an rtsp:// URL.' });
    if (net.isIP(hostOf(address)) === 0) return end({ reason: 'refused', detail: 'The host of the address is not numeric.' });
    const ended = await runSession(parts, options, url, address, tally);
    switch (ended.status) {
      case 'over':
        return end(ended.why);
      case 'other-codec':
        if (parts.others) return parts.others.run(options);
        return end({ reason: 'not-found', detail: `The camera sends ${/^[\w.+-]{1,32}$/.test(ended.codec) ? ended.codec : 'another codec'}, neither H.264 nor H.265.` });
      case 'moved':
        if (moves >= mostMoves) return end({ reason: 'protocol', detail: 'The camera redirects without end.' });
        url = withoutCredentials(ended.url);
        break;
      default:
        ended satisfies never;
    }
  }
}

/** One connection, from its opening to its end. */
function runSession(parts: Parts, options: FrameSourceOptions, url: string, address: URL, tally: { frames: number; dropped: number; bytes: number }): Promise<SessionEnd> {
  const { clock, log } = parts;
  const { target, signal, connectTimeoutMs, stallMs } = options;
  const credentials = credentialsOf(target);
  if (signal.aborted) return Promise.resolve({ status: 'over', why: stopped });

  return new Promise((resolve) => {
    let over = false;
    let stream: Stream | undefined;
    const finish = (ended: SessionEnd): void => {
      if (over) return;
      over = true;
      cancelDeadline();
      signal.removeEventListener('abort', onAbort);
      session.close();
      // A picture that is being decoded holds memory of ours: the run is over when it is done.
      void (stream?.worker.close() ?? Promise.resolve()).finally(() => resolve(ended));
    };
    const stop = (why: Why): void => finish({ status: 'over', why });
    const failedInside = (thrown: unknown): void => {
      // Ours or the binding's: the camera's deeds do not throw. The run ends, the process does not.
      log.error({ cameraId: target.cameraId, runId: options.runId, error: messageOf(thrown) }, 'a run failed inside');
      stop({ reason: 'protocol', detail: 'The stream could not be processed.' });
    };
    const onAbort = (): void => stop(stopped);
    const rearm = (): void => {
      cancelDeadline();
      if (!over) cancelDeadline = clock.after(stallMs, () => stop(stream?.worker.stalled(stallMs) ?? stopped));
    };
    const guarded = <A extends unknown[]>(take: (...args: A) => void) => (...args: A): void => {
      try {
        if (!over) take(...args);
      } catch (thrown) {
        failedInside(thrown);
      }
    };

    const session = createRtspSession({
      url, address, credentials, clock,
      onTrack: guarded((track) => {
        stream = createStream(parts, options, track, tally, session, () => !over, rearm, failedInside);
      }),
      onRtp: guarded((bytes, rtp) => stream?.assembler.packet(bytes, rtp)),
      onReport: (report) => stream?.capture.report(report),
      onBytes: (count) => (tally.bytes += count),
      onEnd: stop,
    });
    let cancelDeadline = clock.after(connectTimeoutMs, () => {
      stop(session.connected() ? { reason: 'stalled', detail: `The stream did not begin within ${connectTimeoutMs} ms.` } : { reason: 'unreachable', detail: `No connection within ${connectTimeoutMs} ms.` });
    });
    signal.addEventListener('abort', onAbort, { once: true });
    session.open().then((outcome) => {
      if (outcome.status === 'playing') rearm();
      else finish(outcome.status === 'ended' ? { status: 'over', why: outcome } : outcome);
    }, failedInside);
  });
}

const stopped: Why = { reason: 'stopped', detail: 'Stopped.' };

interface Stream {
  readonly worker: StreamWorker;
  readonly assembler: KeyUnitAssembler;
  readonly capture: ReturnType<typeof createCaptureClock>;
}

function createStream(
  parts: Parts,
  options: FrameSourceOptions,
  track: VideoTrack,
  tally: { frames: number; dropped: number },
  session: RtspSession,
  alive: () => boolean,
  rearm: () => void,
  failed: (thrown: unknown) => void,
): Stream {
  const isH264 = track.codec === 'h264';
  const capture = createCaptureClock(track.ticksPerSecond);
  // Key units carry their parameter sets, so the decoders need none beforehand.
  const worker = createStreamWorker(parts, options, { codecId: isH264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC, codec: track.codec, fps: track.fps, extradata: null }, tally, alive, rearm);
  let busy = 0;
  const onUnit = (unit: AccessUnit): void => {
    const wait = worker.unit({ isKey: unit.isKey, isEntry: unit.isEntry, capturedAtMs: capture.capturedAtMs(unit.timestamp), hold: () => packetOf(unit) });
    assembler.keepAll(worker.mode() === 'everything');
    if (!wait) return;
    // Everything is decoded: the camera sends no faster than that.
    busy += 1;
    session.pause();
    wait.catch(failed).finally(() => {
      busy -= 1;
      if (busy === 0) session.resume();
    });
  };
  const assembler = createKeyUnitAssembler((sink) => (isH264 ? createH264Depacketiser(sink) : createH265Depacketiser(sink, track.withOrderNumbers)), createParameterSets(isH264 ? h264 : h265, track.parameterSets), {
    onUnit,
    onSkipped: () => {
      worker.skipped();
      assembler.keepAll(worker.mode() === 'everything');
    },
    onLost: () => worker.lost(),
  });
  assembler.keepAll(worker.mode() === 'everything');
  return { worker, assembler, capture };
}

/** libav copies the bytes. */
function packetOf(unit: AccessUnit): Packet {
  const packet = new Packet();
  packet.alloc();
  packet.data = unit.data;
  packet.isKeyframe = unit.isKey;
  return packet;
}

function withoutCredentials(url: string): string {
  return url.replace(/^(rtsp:\/\/)[^/?#]*@/i, '$1');
}
