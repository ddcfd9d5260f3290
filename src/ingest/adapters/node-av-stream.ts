/**
 * What happens to the packets of one stream: which of them are decoded, by whom, and which frames go out as samples. At
 * most one key frame waits for a decoder; a newer one replaces it.
 */
import type { Packet } from 'node-av/lib';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import type { EndReason, FrameSourceOptions } from '../../contract/frame-source.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { createSamplePolicy, type DecodeMode } from '../sample-policy.js';
import { sizeKey, type DecoderPool } from './node-av-decoder-pool.js';
import { openDecoder, type DecodeOutcome, type Decoder } from './node-av-decoder.js';
import type { VideoStream } from './node-av-demuxer.js';
import type { DecodedPicture } from './node-av-scaler.js';

export interface Why {
  readonly reason: EndReason;
  readonly detail: string;
  readonly loginSent?: boolean;
}

export interface StreamParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly pool: DecoderPool;
  /** what earlier runs have shown, by camera */
  readonly modes: Map<string, DecodeMode>;
}

/** One access unit of the video. */
export interface StreamUnit {
  readonly isKey: boolean;
  /** decoding everything may begin here; every key unit is one */
  readonly isEntry: boolean;
  /** the camera's clock, epoch ms; null when the stream does not tell */
  readonly capturedAtMs: number | null;
  /** a packet of its own for the worker, which frees it; called at most once and before `unit` returns */
  readonly hold: () => Packet | null;
}

export interface StreamWorker {
  /** @returns what the source should wait for before it reads on; undefined: nothing */
  unit(unit: StreamUnit): Promise<void> | undefined;
  /** A unit that is not needed went by. */
  skipped(): void;
  /** A unit that was needed is not whole. */
  lost(): void;
  /** what is needed from the next unit on */
  mode(): DecodeMode;
  stalled(stallMs: number): Why;
  close(): Promise<void>;
}

interface Stamp {
  readonly receivedAtMs: number;
  readonly receivedMonotonicMs: number;
  readonly capturedAtMs: number | null;
}

/**
 * @param alive false once the run has ended: nothing more is given out
 * @param rearm called for every picture: the camera is well
 */
export function createStreamWorker(
  parts: StreamParts,
  options: FrameSourceOptions,
  video: VideoStream,
  tally: { frames: number; dropped: number },
  alive: () => boolean,
  rearm: () => void,
): StreamWorker {
  const { clock, log, pool, modes } = parts;
  const { target } = options;
  const policy = createSamplePolicy(target.sampleIntervalMs, modes.get(target.cameraId));
  let own: Decoder | undefined;
  let sizeHint: string | null = null;
  let told = false;
  let explained = false;
  let packets = 0;
  let damage: string | null = null;
  let waiting: { packet: Packet; stamp: Stamp } | undefined;
  let decoding: Promise<void> | undefined;
  let turns: Promise<void> = Promise.resolve();

  const deliver = (outcome: DecodeOutcome, stamp: Stamp): void => {
    if (outcome.status === 'corrupt') damage = outcome.detail;
    if (outcome.status !== 'picture' || !alive()) return;
    const { picture } = outcome;
    rearm();
    describe(picture);
    parts.metrics?.frames.inc();
    const frame = { cameraId: target.cameraId, runId: options.runId, sequence: tally.frames, ...picture.size, rgb: picture.rgb, ...stamp };
    tally.frames += 1;
    try {
      options.onFrame(frame);
    } catch (thrown) {
      log.error({ cameraId: target.cameraId, runId: options.runId, error: messageOf(thrown) }, 'a frame was not taken');
    }
  };

  const describe = (picture: DecodedPicture): void => {
    sizeHint = sizeKey(picture.source);
    if (told) return;
    told = true;
    options.onStream?.({ codec: video.codec, ...picture.source, fps: video.fps });
  };

  /** Decodes what waits, one after the other; at most one key frame waits. */
  const work = async (): Promise<void> => {
    while (waiting) {
      const { packet, stamp } = waiting;
      waiting = undefined;
      try {
        deliver(await pool.decode({ codecId: video.codecId, extradata: video.extradata, packet, maxWidthPx: options.maxWidthPx, sizeHint }), stamp);
      } finally {
        packet.free();
      }
    }
  };

  const decodeEverything = async (packet: Packet | null, isEntry: boolean, stamp: Stamp, monotonicMs: number): Promise<void> => {
    try {
      if (!packet || !alive()) return;
      if (!own) {
        if (!isEntry) return;
        own = await openDecoder(video.codecId, video.extradata);
        if (!own) return;
      }
      deliver(await own.next(packet, options.maxWidthPx, () => policy.take(monotonicMs)), stamp);
    } finally {
      packet?.free();
    }
  };

  /** The stream's own decoder takes units one after the other. */
  const inTurn = (step: () => Promise<void> | void): Promise<void> => {
    const done = turns.then(step);
    turns = done.catch(() => undefined);
    return done;
  };

  const endOwn = (): void => {
    void inTurn(() => {
      own?.close();
      own = undefined;
    });
  };

  const see = (isKey: boolean, monotonicMs: number): void => {
    packets += 1;
    const change = policy.packet(isKey, monotonicMs);
    if (change) explain(change.changedTo, change.keyGapMs);
  };

  const failedInside = (thrown: unknown): void => {
    damage = 'decoding failed';
    log.error({ cameraId: target.cameraId, runId: options.runId, error: messageOf(thrown) }, 'a key frame could not be processed');
  };

  const drop = (): void => {
    tally.dropped += 1;
    parts.metrics?.framesDropped.inc({ at: 'ingest' });
  };

  const explain = (changedTo: DecodeMode, keyGapMs: number): void => {
    modes.set(target.cameraId, changedTo);
    if (changedTo === 'key-frames') endOwn();
    if (explained) return;
    explained = true;
    const what = changedTo === 'everything' ? 'key frames come too rarely for the sample interval: every frame is decoded' : 'key frames come often enough: only they are decoded';
    log.info({ cameraId: target.cameraId, runId: options.runId, keyGapMs: Math.round(keyGapMs), sampleIntervalMs: target.sampleIntervalMs }, what);
  };

  return {
    mode: () => policy.mode(),
    unit({ isKey, isEntry, capturedAtMs, hold }) {
      const monotonicMs = clock.monotonicMs();
      see(isKey, monotonicMs);
      const stamp = { receivedAtMs: clock.nowMs(), receivedMonotonicMs: monotonicMs, capturedAtMs };
      if (policy.mode() === 'everything') {
        const packet = hold();
        return inTurn(() => decodeEverything(packet, isEntry, stamp, monotonicMs));
      }
      if (!isKey || !policy.take(monotonicMs)) return undefined;
      const packet = hold();
      if (!packet) return undefined;
      if (waiting) {
        waiting.packet.free();
        drop();
      }
      waiting = { packet, stamp };
      decoding ??= work().catch(failedInside).finally(() => (decoding = undefined));
      return undefined;
    },
    skipped() {
      see(false, clock.monotonicMs());
    },
    lost() {
      packets += 1;
      damage ??= 'parts of what the camera sends are missing';
      drop();
      // What follows builds on what is missing.
      if (policy.mode() === 'everything') endOwn();
    },
    stalled(stallMs) {
      if (packets === 0) return { reason: 'stalled', detail: `The camera sent no video for ${stallMs} ms.` };
      if (damage !== null) return { reason: 'corrupt', detail: `No picture could be decoded for ${stallMs} ms: ${damage}.` };
      // Frames come but key frames are too far apart, or never: the next run decodes everything.
      modes.set(target.cameraId, 'everything');
      return { reason: 'stalled', detail: `No key frame came for ${stallMs} ms.` };
    },
    async close() {
      await decoding;
      await turns;
      own?.close();
      own = undefined;
    },
  };
}
