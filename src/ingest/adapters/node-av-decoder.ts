/**
 * One libav decoder. Key frames are decoded on their own: the decoder is drained and flushed after each,
 * so nothing of one stream can show in the next. A frame that the decoder had to repair is not given out at all.
 */
import { Codec, CodecContext, Frame as LibavFrame, type Packet } from 'node-av/lib';
import type { AVCodecID } from 'node-av/constants';
import type { WidthLimit } from '../../contract/frame-source.js';
import { textOf } from './libav-reason.js';
import { createScaler, type DecodedPicture } from './node-av-scaler.js';

/** Larger pictures are refused: their size comes from the camera and would decide over our memory. */
const mostPixels = 8192 * 4320;

export type DecodeOutcome = { readonly status: 'picture'; readonly picture: DecodedPicture } | { readonly status: 'nothing' } | { readonly status: 'corrupt'; readonly detail: string };

export interface Decoder {
  /** Decodes one key frame by itself. */
  key(packet: Packet, maxWidthPx: WidthLimit): Promise<DecodeOutcome>;
  /** Decodes the next packet of one stream in order; scales what comes out only when `wanted` says so. */
  next(packet: Packet, maxWidthPx: WidthLimit, wanted: () => boolean): Promise<DecodeOutcome>;
  close(): void;
}

/**
 * @param extradata parameter sets from the session description, for `next` on one stream only
 * @returns undefined when this libav has no such decoder
 */
export async function openDecoder(codecId: AVCodecID, extradata: Buffer | null = null): Promise<Decoder | undefined> {
  const codec = Codec.findDecoder(codecId);
  if (!codec) return undefined;
  const context = new CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  if (extradata) context.extraData = extradata;
  context.setOption('max_pixels', mostPixels);
  if ((await context.open2(codec, null)) < 0) {
    context.freeContext();
    return undefined;
  }
  const decoded = new LibavFrame();
  decoded.alloc();
  const scaler = createScaler();

  return {
    async key(packet, maxWidthPx) {
      try {
        const sent = await context.sendPacket(packet);
        if (sent < 0) return { status: 'corrupt', detail: textOf(sent) };
        // All decoding was in the first call; giving out the picture takes a hundredth of a millisecond, less than a change of threads.
        context.sendPacketSync(null);
        const received = context.receiveFrameSync(decoded);
        if (received < 0) return { status: 'corrupt', detail: 'the key frame gives no picture' };
        if (decoded.decodeErrorFlags !== 0) return { status: 'corrupt', detail: 'the key frame is damaged' };
        return { status: 'picture', picture: await scaler.toRgb(decoded, maxWidthPx) };
      } finally {
        decoded.unref();
        context.flushBuffers();
      }
    },
    async next(packet, maxWidthPx, wanted) {
      const sent = await context.sendPacket(packet);
      if (sent < 0) return { status: 'corrupt', detail: textOf(sent) };
      for (;;) {
        const received = await context.receiveFrame(decoded);
        if (received < 0) return { status: 'nothing' };
        try {
          if (decoded.decodeErrorFlags !== 0) return { status: 'corrupt', detail: 'the frame is damaged' };
          if (wanted()) return { status: 'picture', picture: await scaler.toRgb(decoded, maxWidthPx) };
        } finally {
          decoded.unref();
        }
      }
    },
    close() {
      scaler.close();
      decoded.free();
      context.freeContext();
    },
  };
}
