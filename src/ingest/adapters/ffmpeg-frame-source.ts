/**
 * The second adapter: one ffmpeg child a camera. It isolates odd streams from this process, needs no thread of ours while
 * it waits, and costs four times the memory. It knows neither capture time nor bytes (0), and a size that changes ends the run.
 */
import { createInterface } from 'node:readline';
import type { Clock } from '../../core/clock.js';
import { messageOf, systemCodeOf } from '../../core/errors.js';
import type { EndReason, FrameSource, FrameSourceOptions, RunEnd, StreamInfo } from '../../contract/frame-source.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { PictureSize } from '../picture-size.js';
import { createSamplePolicy, type DecodeMode } from '../sample-policy.js';
import { credentialsTooLong, withCredentials } from './credentials-url.js';
import { readChildLine, startFfmpeg } from './ffmpeg-child.js';
import { createPpmReader, type PpmPicture } from './ppm-reader.js';
import { openRtspRelay } from './rtsp-relay.js';
import { precheckRtsp } from './rtsp-precheck.js';
import { credentialsOf } from './rtsp-reply.js';

/** After the polite signal, the child has so long to leave. */
const graceMs = 300;
/** Children of one run: one that decodes otherwise, one for the size that the stream really has, and room for a change of either. */
const mostChildren = 4;

interface Parts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  /** ffmpeg 5.1 or newer; default: the one in the path */
  readonly ffmpegPath?: string | undefined;
}

interface Why {
  readonly reason: EndReason;
  readonly detail: string;
  readonly loginSent?: boolean;
}

/** What earlier children have shown of a camera. */
interface Known {
  mode?: DecodeMode;
  /** of the stream */
  size?: PictureSize;
}

/** What most streams are like: where it is wrong, the first child of a camera is replaced as soon as it has told the size. */
const guessedSize: PictureSize = { widthPx: 1920, heightPx: 1080 };

export function createFfmpegFrameSource(parts: Parts): FrameSource {
  const known = new Map<string, Known>();
  const closing = new AbortController();
  const running = new Set<Promise<RunEnd>>();
  return {
    run(options) {
      const run = runStream(parts, known, { ...options, signal: AbortSignal.any([options.signal, closing.signal]) });
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    async close() {
      closing.abort();
      await Promise.allSettled(running);
    },
  };
}

async function runStream(parts: Parts, known: Map<string, Known>, options: FrameSourceOptions): Promise<RunEnd> {
  const { target, signal } = options;
  const tally = { frames: 0, dropped: 0, bytes: 0 };
  const end = ({ reason, detail, loginSent }: Why): RunEnd => ({ reason, detail, ...(loginSent === undefined ? {} : { loginSent }), ...tally });
  if (signal.aborted) return end({ reason: 'stopped', detail: 'Stopped.' });
  const credentials = credentialsOf(target);
  if (withCredentials(target.url, credentials) === undefined) return end({ reason: 'protocol', detail: credentialsTooLong });
  const checked = await precheckRtsp({ url: target.url, credentials, timeoutMs: options.connectTimeoutMs, clock: parts.clock, signal });
  if (checked.status === 'ended') return end(checked);
  const described = { told: false };
  for (let children = 1; ; children++) {
    const relay = await openRtspRelay(new URL(target.url), { digestOnly: target.digestOnly });
    try {
      const why = await runChild(parts, cameraOf(known, target.cameraId), options, withCredentials(relay.url, credentials) ?? relay.url, tally, described);
      if (why === 'again' && children === mostChildren) return end({ reason: 'protocol', detail: 'The stream is another with every connection.' });
      if (why !== 'again') return end(why.reason === 'stopped' ? why : (relay.cut() ?? why));
    } finally {
      relay.close();
    }
  }
}

/** One child from start to exit. @returns `again` when the next child must decode otherwise */
function runChild(parts: Parts, known: Known, options: FrameSourceOptions, url: string, tally: { frames: number }, described: { told: boolean }): Promise<Why | 'again'> {
  const { clock, log } = parts;
  const { target, signal } = options;
  const mode = known.mode ?? 'key-frames';
  const widthFor = (size: PictureSize): number => (typeof options.maxWidthPx === 'number' ? options.maxWidthPx : options.maxWidthPx(size));
  const maxWidthPx = widthFor(known.size ?? guessedSize);
  const policy = createSamplePolicy(target.sampleIntervalMs, mode);
  const reader = createPpmReader();
  let why: Why | 'again' | undefined;
  let hint: Why | undefined;
  let damaged = false;
  let sourceSize: string | undefined;
  let early: PpmPicture | undefined;
  let info: StreamInfo | undefined;
  let cancelKill = (): void => undefined;
  let lastSignMs = clock.monotonicMs();

  return new Promise((resolve) => {
    const child = startFfmpeg({ ffmpegPath: parts.ffmpegPath ?? 'ffmpeg', url, maxWidthPx, ioTimeoutMs: options.stallMs, mode, intervalMs: target.sampleIntervalMs });
    const stop = (reason: Why | 'again'): void => {
      if (why) return;
      why = reason;
      child.process.kill('SIGTERM');
      cancelKill = clock.after(graceMs, () => child.process.kill('SIGKILL'));
    };
    const onAbort = (): void => stop({ reason: 'stopped', detail: 'Stopped.' });
    let cancelWatch = clock.after(options.connectTimeoutMs + options.stallMs, () => stop(stalled()));
    const stalled = (): Why =>
      damaged ? { reason: 'corrupt', detail: `No picture could be decoded for ${options.stallMs} ms.` } : { reason: 'stalled', detail: `No key frame came for ${options.stallMs} ms.` };

    const deliver = (picture: PpmPicture): void => {
      cancelWatch();
      cancelWatch = clock.after(options.stallMs, () => stop(stalled()));
      const atMs = clock.monotonicMs();
      lastSignMs = atMs;
      const change = mode === 'key-frames' ? policy.packet(true, atMs) : null;
      if (change) {
        known.mode = change.changedTo;
        log.info({ cameraId: target.cameraId, runId: options.runId, keyGapMs: Math.round(change.keyGapMs), sampleIntervalMs: target.sampleIntervalMs }, 'key frames come too rarely for the sample interval: every frame is decoded');
        stop('again');
      }
      if (!policy.take(atMs)) return;
      if (!described.told && info) {
        described.told = true;
        options.onStream?.(info);
      }
      const frame = { cameraId: target.cameraId, runId: options.runId, sequence: tally.frames, ...picture, capturedAtMs: null, receivedAtMs: clock.nowMs(), receivedMonotonicMs: atMs };
      tally.frames += 1;
      parts.metrics?.frames.inc();
      try {
        options.onFrame(frame);
      } catch (thrown) {
        log.error({ cameraId: target.cameraId, runId: options.runId, error: messageOf(thrown) }, 'a frame was not taken');
      }
    };

    child.pictures.on('data', (chunk: Buffer) => {
      if (why) return;
      const pictures = reader.push(chunk);
      if (pictures === 'bad') stop({ reason: 'protocol', detail: 'What ffmpeg wrote is not a picture.' });
      else
        for (const picture of pictures) {
          // The stream's size comes another way, and may come after the picture.
          if (sourceSize === undefined) early = picture;
          else if (!why) deliver(picture);
        }
    });
    createInterface({ input: child.messages }).on('line', (line) => {
      const word = readChildLine(line);
      if (word.status === 'stream') info ??= word.info;
      else if (word.status === 'damage') damaged = true;
      else if (word.status === 'failed') {
        hint ??= word;
        if (word.reason === 'refused') stop(word);
      } else if (word.status === 'size') {
        if (sourceSize !== undefined && sourceSize !== word.size) stop({ reason: 'closed', detail: 'The size of the picture changed.' });
        sourceSize = word.size;
        known.size = sizeOf(word.size);
        // Its pictures may be too dense: not one of them goes out.
        if (widthFor(known.size) !== maxWidthPx) stop('again');
        else if (early) deliver(early);
        early = undefined;
      }
    });
    const finish = (fallback: Why): void => {
      cancelWatch();
      cancelKill();
      signal.removeEventListener('abort', onAbort);
      resolve(why ?? hint ?? fallback);
    };
    child.process.once('error', (error) => finish({ reason: 'protocol', detail: `ffmpeg does not start: ${systemCodeOf(error) ?? 'error'}.` }));
    child.process.once('close', () => {
      // The child gives up by itself when the socket was silent for the stall time.
      const silent = clock.monotonicMs() - lastSignMs >= options.stallMs * 0.9;
      if (tally.frames === 0 && damaged) finish({ reason: 'corrupt', detail: 'Nothing that came could be decoded.' });
      else finish(silent ? stalled() : { reason: 'closed', detail: 'The camera ended the stream.' });
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function cameraOf(known: Map<string, Known>, cameraId: string): Known {
  const had = known.get(cameraId) ?? {};
  known.set(cameraId, had);
  return had;
}

/** @param text as ffmpeg tells it, `1920x1080` */
function sizeOf(text: string): PictureSize {
  const [widthPx = 0, heightPx = 0] = text.split('x').map(Number);
  return { widthPx, heightPx };
}
