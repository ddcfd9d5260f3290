/**
 * Pulls frames by libav in this process. Packets that are not key frames are dropped before any decoder; key frames are
 * decoded by a small pool that all streams share. Every run holds one thread of libuv's pool while it waits for data, so
 * UV_THREADPOOL_SIZE bounds how many it takes (`capacity`).
 */
import { availableParallelism } from 'node:os';
import { Log, Packet } from 'node-av/lib';
import { AV_LOG_QUIET, AV_PKT_DATA_PRFT } from 'node-av/constants';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import type { FrameSource, FrameSourceOptions, RunEnd } from '../../contract/frame-source.js';
import { environment } from '../../config/load.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { DecodeMode } from '../sample-policy.js';
import { credentialsTooLong, withCredentials } from './credentials-url.js';
import { createDecoderPool, type DecoderPool } from './node-av-decoder-pool.js';
import { createDemuxer, type Demuxer } from './node-av-demuxer.js';
import { createStreamWorker, type StreamWorker, type Why } from './node-av-stream.js';
import { reasonOfRead, textOf } from './libav-reason.js';
import { believable } from './rtcp.js';
import { openRtspRelay } from './rtsp-relay.js';
import { precheckRtsp } from './rtsp-precheck.js';
import { credentialsOf } from './rtsp-reply.js';

/** Threads of libuv's pool that streams leave to files, names and decoding. */
const threadsLeftFree = 8;
/** Runs beyond the capacity for short looks at a camera (onboarding). */
const runsBeyondCapacity = 4;
/** libuv's own default and limit. */
const [defaultThreads, mostThreads] = [4, 1024];
/** Reads in a row that libav calls invalid before the stream counts as unusable. */
const mostBadReads = 50;

interface Parts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
}

export function createNodeAvFrameSource(parts: Parts): FrameSource {
  // libav writes addresses with credentials to standard error when it is let.
  Log.setLevel(AV_LOG_QUIET);
  const pool = createDecoderPool({ atOnce: availableParallelism(), most: Math.max(8, availableParallelism()) });
  const modes = new Map<string, DecodeMode>();
  const closing = new AbortController();
  const running = new Set<Promise<RunEnd>>();
  const capacity = streamCapacity(environment()['UV_THREADPOOL_SIZE']);
  return {
    capacity,
    run(options) {
      if (running.size >= capacity + runsBeyondCapacity) {
        // Another blocked thread would stop every file, name and decoding of this process.
        return Promise.resolve({ reason: 'protocol', detail: `This process has threads for ${capacity} streams only: start it with a larger UV_THREADPOOL_SIZE.`, frames: 0, dropped: 0, bytes: 0 });
      }
      const signal = AbortSignal.any([options.signal, closing.signal]);
      const run = runStream({ ...parts, pool, modes }, { ...options, signal });
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    async close() {
      closing.abort();
      await Promise.allSettled(running);
      pool.close();
    },
  };
}

/** Every stream blocks a thread of libuv's pool while it waits for data. @param threads UV_THREADPOOL_SIZE as it was set */
export function streamCapacity(threads: string | undefined): number {
  const size = Number(threads ?? defaultThreads);
  const real = Number.isInteger(size) && size > 0 ? Math.min(size, mostThreads) : defaultThreads;
  return Math.max(1, real - threadsLeftFree - runsBeyondCapacity);
}

async function runStream(parts: Parts & { pool: DecoderPool; modes: Map<string, DecodeMode> }, options: FrameSourceOptions): Promise<RunEnd> {
  const { clock, log } = parts;
  const { target, signal } = options;
  const tally = { frames: 0, dropped: 0, bytes: 0 };
  const end = ({ reason, detail, loginSent }: Why): RunEnd => ({ reason, detail, ...(loginSent === undefined ? {} : { loginSent }), ...tally });
  const stopped: Why = { reason: 'stopped', detail: 'Stopped.' };
  if (signal.aborted) return end(stopped);

  const credentials = credentialsOf(target);
  if (withCredentials(target.url, credentials) === undefined) return end({ reason: 'protocol', detail: credentialsTooLong });
  const checked = await precheckRtsp({ url: target.url, credentials, timeoutMs: options.connectTimeoutMs, clock, signal });
  if (checked.status === 'ended') return end(checked);

  const relay = await openRtspRelay(new URL(target.url), { digestOnly: target.digestOnly });
  const demuxer = createDemuxer({ url: withCredentials(relay.url, credentials) ?? relay.url, ioTimeoutMs: options.stallMs });
  let why: Why | undefined;
  const stop = (reason: Why): void => {
    why ??= reason;
    demuxer.interrupt();
  };
  const onAbort = (): void => stop(stopped);
  signal.addEventListener('abort', onAbort, { once: true });
  let cancelDeadline = clock.after(options.connectTimeoutMs, () => stop({ reason: 'stalled', detail: `The stream did not begin within ${options.connectTimeoutMs} ms.` }));
  let worker: StreamWorker | undefined;
  const rearm = (): void => {
    cancelDeadline();
    cancelDeadline = clock.after(options.stallMs, () => stop(worker?.stalled(options.stallMs) ?? stopped));
  };
  try {
    const opened = await demuxer.open();
    if (why) return end(why);
    if (opened.status === 'failed') return end(relay.cut() ?? opened);
    worker = createStreamWorker(parts, options, opened.video, tally, () => why === undefined, rearm);
    rearm();
    const last = await pump(demuxer, worker, tally, () => why);
    return end(last);
  } catch (thrown) {
    // Ours or the binding's: the camera's deeds do not throw. The run ends, the process does not.
    log.error({ cameraId: target.cameraId, runId: options.runId, error: messageOf(thrown) }, 'a run failed inside');
    return end(why ?? { reason: 'protocol', detail: 'The stream could not be processed.' });
  } finally {
    cancelDeadline();
    signal.removeEventListener('abort', onAbort);
    await worker?.close();
    await demuxer.close();
    relay.close();
  }
}

/** Reads until the stream or the run ends. */
async function pump(demuxer: Demuxer, worker: StreamWorker, tally: { bytes: number }, why: () => Why | undefined): Promise<Why> {
  const packet = new Packet();
  packet.alloc();
  let badReads = 0;
  try {
    for (;;) {
      const code = await demuxer.read(packet);
      const ended = why();
      if (ended) return ended;
      if (code < 0) {
        const reason = reasonOfRead(code);
        badReads += 1;
        if (reason === 'again' && badReads < mostBadReads) continue;
        return reason === 'again' ? { reason: 'corrupt', detail: `What came cannot be read: ${textOf(code)}.` } : { reason, detail: `The stream ended: ${textOf(code)}.` };
      }
      badReads = 0;
      tally.bytes += packet.size;
      await worker.unit({ isKey: packet.isKeyframe, isEntry: packet.isKeyframe, capturedAtMs: capturedAtMs(packet), hold: () => packet.clone() });
      packet.unref();
    }
  } finally {
    packet.free();
  }
}

/** RTCP sender reports arrive as producer reference time: microseconds of the camera's clock in the first 8 bytes. */
function capturedAtMs(packet: Packet): number | null {
  if (!packet.isKeyframe) return null;
  const told = packet.getSideData(AV_PKT_DATA_PRFT);
  return told && told.length >= 8 ? believable(Number(told.readBigInt64LE(0)) / 1000) : null;
}
