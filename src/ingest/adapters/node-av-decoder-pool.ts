/**
 * A few decoders for all streams. Memory goes into decoders, and key frames need no history, so streams of equal codec
 * and size take turns on the same ones. A decoder is lent for one key frame at a time.
 */
import { Packet } from 'node-av/lib';
import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_MPEG4, type AVCodecID } from 'node-av/constants';
import type { WidthLimit } from '../../contract/frame-source.js';
import type { DecodeOutcome, Decoder } from './node-av-decoder.js';
import { openDecoder } from './node-av-decoder.js';

export interface KeyFrameJob {
  readonly codecId: AVCodecID;
  /** parameter sets from the session description, for streams that do not repeat them; null: none */
  readonly extradata: Buffer | null;
  readonly packet: Packet;
  readonly maxWidthPx: WidthLimit;
  /** what the stream's last picture was, so that a decoder of that size is taken; null before the first */
  readonly sizeHint: string | null;
}

export interface DecoderPool {
  decode(job: KeyFrameJob): Promise<DecodeOutcome>;
  close(): void;
}

interface Entry {
  readonly codecId: AVCodecID;
  readonly decoder: Decoder;
  size: string | null;
}

/**
 * @param atOnce decodings that run at the same time
 * @param most decoders that are kept, busy and idle
 */
export function createDecoderPool({ atOnce, most }: { atOnce: number; most: number }): DecoderPool {
  /** idle ones, the longest idle first */
  const idle: Entry[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;
  let closed = false;

  const borrow = async (job: KeyFrameJob): Promise<Entry | undefined> => {
    const mine = idle.filter((e) => e.codecId === job.codecId);
    const fitting = mine.find((e) => e.size === job.sizeHint) ?? (job.sizeHint === null ? mine[0] : undefined);
    if (fitting) {
      idle.splice(idle.indexOf(fitting), 1);
      return fitting;
    }
    if (idle.length + busy > most) idle.shift()?.decoder.close();
    const decoder = await openDecoder(job.codecId);
    return decoder && { codecId: job.codecId, decoder, size: null };
  };

  return {
    async decode(job) {
      // A shared decoder remembers the sets of the stream before: they must not serve another.
      if (!hasOwnSets(job)) return { status: 'corrupt', detail: 'the camera sends no parameter sets' };
      while (busy >= atOnce && !closed) await new Promise<void>((resolve) => waiting.push(resolve));
      if (closed) return { status: 'nothing' };
      busy += 1;
      let entry: Entry | undefined;
      try {
        entry = await borrow(job);
        if (!entry) return { status: 'corrupt', detail: 'there is no decoder for this codec' };
        const packet = selfContained(job);
        try {
          const outcome = await entry.decoder.key(packet, job.maxWidthPx);
          if (outcome.status === 'picture') entry.size = sizeKey(outcome.picture.source);
          return outcome;
        } finally {
          if (packet !== job.packet) packet.free();
        }
      } finally {
        busy -= 1;
        if (entry && closed) entry.decoder.close();
        else if (entry) idle.push(entry);
        waiting.shift()?.();
      }
    },
    close() {
      closed = true;
      for (const entry of idle.splice(0)) entry.decoder.close();
      for (const wake of waiting.splice(0)) wake();
    },
  };
}

export function sizeKey(size: { widthPx: number; heightPx: number }): string {
  return `${size.widthPx}x${size.heightPx}`;
}

/** A shared decoder knows nothing of the session description: parameter sets that are only there are put before the key frame. */
function selfContained(job: KeyFrameJob): Packet {
  const data = job.packet.data;
  if (!job.extradata || !data || !isAnnexB(job.extradata) || hasParameterSets(job.codecId, data)) return job.packet;
  const packet = new Packet();
  packet.alloc();
  packet.data = Buffer.concat([job.extradata, data]);
  packet.isKeyframe = true;
  return packet;
}

function hasOwnSets({ codecId, extradata, packet }: KeyFrameJob): boolean {
  if (codecId !== AV_CODEC_ID_H264 && codecId !== AV_CODEC_ID_HEVC) return true;
  return extradata !== null || hasParameterSets(codecId, packet.data ?? Buffer.alloc(0));
}

function isAnnexB(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes[0] === 0 && bytes[1] === 0 && (bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1));
}

/** Looks for a sequence parameter set among the units before the picture itself. */
export function hasParameterSets(codecId: AVCodecID, data: Buffer): boolean {
  const end = Math.min(data.length - 4, 2048);
  for (let i = 0; i < end; i++) {
    if (data[i] !== 0 || data[i + 1] !== 0 || data[i + 2] !== 1) continue;
    const header = data[i + 3] ?? 0;
    if (codecId === AV_CODEC_ID_H264 && (header & 0x1f) === 7) return true;
    if (codecId === AV_CODEC_ID_HEVC && ((header >> 1) & 0x3f) === 33) return true;
    if (codecId === AV_CODEC_ID_MPEG4 && header >= 0x20 && header <= 0x2f) return true;
  }
  return false;
}
