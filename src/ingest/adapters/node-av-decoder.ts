/**
 * One libav decoder with its scaler. Key frames are decoded on their own: the decoder is drained and flushed after each,
 * so nothing of one stream can show in the next. A frame that the decoder had to repair is not given out at all.
 */
import { Codec, CodecContext, Frame as LibavFrame, SoftwareScaleContext, type Packet } from 'node-av/lib';
import { AV_PIX_FMT_RGB24, SWS_AREA, type AVCodecID, type AVPixelFormat } from 'node-av/constants';
import { scaledSize, type PictureSize } from '../picture-size.js';
import { textOf } from './libav-reason.js';

/** Larger pictures are refused: their size comes from the camera and would decide over our memory. */
const mostPixels = 8192 * 4320;

export interface DecodedPicture {
  /** packed RGB24, its own memory */
  readonly rgb: Uint8Array;
  readonly size: PictureSize;
  readonly source: PictureSize;
}

export type DecodeOutcome = { readonly status: 'picture'; readonly picture: DecodedPicture } | { readonly status: 'nothing' } | { readonly status: 'corrupt'; readonly detail: string };

export interface Decoder {
  /** Decodes one key frame by itself. */
  key(packet: Packet, maxWidthPx: number): Promise<DecodeOutcome>;
  /** Decodes the next packet of one stream in order; scales what comes out only when `wanted` says so. */
  next(packet: Packet, maxWidthPx: number, wanted: () => boolean): Promise<DecodeOutcome>;
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

/** Makes its libav scaler anew whenever size or pixel format of the source change. */
function createScaler(): { toRgb(source: LibavFrame, maxWidthPx: number): Promise<DecodedPicture>; close(): void } {
  let made: { key: string; context: SoftwareScaleContext; out: LibavFrame } | undefined;
  const drop = (): void => {
    made?.context.freeContext();
    made?.out.free();
    made = undefined;
  };
  return {
    async toRgb(source, maxWidthPx) {
      const from: PictureSize = { widthPx: source.width, heightPx: source.height };
      const size = scaledSize(from, maxWidthPx);
      const key = `${from.widthPx}x${from.heightPx}:${source.format}:${size.widthPx}`;
      if (made?.key !== key) {
        drop();
        const context = new SoftwareScaleContext();
        context.getContext(from.widthPx, from.heightPx, source.format as AVPixelFormat, size.widthPx, size.heightPx, AV_PIX_FMT_RGB24, SWS_AREA);
        const out = new LibavFrame();
        out.alloc();
        out.format = AV_PIX_FMT_RGB24;
        out.width = size.widthPx;
        out.height = size.heightPx;
        out.allocBuffer();
        made = { key, context, out };
      }
      await made.context.scaleFrame(made.out, source);
      return { rgb: made.out.toBuffer(), size, source: from };
    },
    close: drop,
  };
}
