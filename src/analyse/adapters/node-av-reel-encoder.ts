/**
 * Reels as VP9 in WebM, by libav in process: free of licence fees, small, and played by every browser of today. Every
 * call that computes runs on libav's own tasks, not on the event loop. One thread, constant quality and no tags: the same
 * film gives the same bytes. JPEGs come in; no frame of a camera is seen here.
 */
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, Log, Packet, Rational, SoftwareScaleContext } from 'node-av/lib';
import {
  AV_CODEC_ID_MJPEG, AV_LOG_QUIET, AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_SMPTE170M, FF_ENCODER_LIBVPX_VP9, SWS_AREA,
  type AVPixelFormat,
} from 'node-av/constants';
import type { ReelEncoder, ReelFilm } from '../../contract/reel.js';
import { HedgerowError } from '../../core/errors.js';
import { webmFile, type WebmPacket } from './webm-file.js';

/** A key frame at least so often: a browser that seeks decodes from the last one on. */
const picturesPerKeyFrame = 10;
/** 0 best .. 63 worst. 32 is 39.6 dB of luma against the JPEGs of a street, for a seventh of their bytes (BENCHMARKS.md). */
const quality = '32';

/** A frame, packet or context of libav's: freed in the end, whatever happens. */
type Freeable = () => void;

export function createNodeAvReelEncoder(): ReelEncoder {
  // Its texts go to the process's standard error, past our log.
  Log.setLevel(AV_LOG_QUIET);
  return {
    mediaType: 'video/webm',
    async encode(film, signal) {
      const held: Freeable[] = [];
      try {
        return await encodeFilm(film, signal, held);
      } finally {
        for (const free of held.reverse()) free();
      }
    },
    close: () => Promise.resolve(),
  };
}

async function encodeFilm(film: ReelFilm, signal: AbortSignal, held: Freeable[]): Promise<Uint8Array> {
  const encoder = await openEncoder(film, held);
  const decoder = await openDecoder(held);
  const toYuv = createConversion(film, held);
  const packet = new Packet();
  packet.alloc();
  held.push(() => packet.free());
  const packets: WebmPacket[] = [];
  const drain = async (): Promise<void> => {
    while ((await encoder.receivePacket(packet)) >= 0) {
      // A copy: the packet's memory goes back to the library.
      packets.push({ data: new Uint8Array(packet.data ?? []), atMs: Number(packet.pts), key: packet.isKeyframe });
      packet.unref();
    }
  };

  for (const [i, picture] of film.pictures.entries()) {
    if (signal.aborted) throw new HedgerowError('process.aborted', 'Making a reel was stopped.', { cause: signal.reason });
    const frame = await toYuv(await decoder(picture.jpeg));
    frame.pts = BigInt(picture.atMs);
    frame.pictType = i % picturesPerKeyFrame === 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    must(await encoder.sendFrame(frame), 'encode a picture of a reel');
    await drain();
  }
  await encoder.sendFrame(null);
  await drain();
  if (packets.length !== film.pictures.length) throw new HedgerowError('process.defect', `Of ${film.pictures.length} pictures of a reel ${packets.length} came out.`);
  return webmFile(film, packets);
}

async function openEncoder(film: ReelFilm, held: Freeable[]): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBVPX_VP9);
  if (!codec) throw new HedgerowError('process.defect', 'The media library has no VP9 encoder, which reels need.');
  const context = new CodecContext();
  context.allocContext3(codec);
  held.push(() => context.freeContext());
  context.width = film.widthPx;
  context.height = film.heightPx;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, 1000);
  context.framerate = new Rational(2, 1);
  context.colorRange = AVCOL_RANGE_MPEG;
  context.colorSpace = AVCOL_SPC_SMPTE170M;
  context.gopSize = picturesPerKeyFrame;
  context.bitRate = 0n;
  context.threadCount = 1;
  const options = Dictionary.fromObject({ crf: quality, deadline: 'realtime', 'cpu-used': '6', 'row-mt': '0', 'lag-in-frames': '0', 'auto-alt-ref': '0', 'tile-columns': '0' });
  must(await context.open2(codec, options), 'open the VP9 encoder');
  return context;
}

/** @returns a function that decodes one JPEG; the frame is good until the next call */
async function openDecoder(held: Freeable[]): Promise<(jpeg: Uint8Array) => Promise<Frame>> {
  const codec = Codec.findDecoder(AV_CODEC_ID_MJPEG);
  if (!codec) throw new HedgerowError('process.defect', 'The media library has no JPEG decoder, which reels need.');
  const context = new CodecContext();
  context.allocContext3(codec);
  held.push(() => context.freeContext());
  context.threadCount = 1;
  must(await context.open2(codec, null), 'open the JPEG decoder');
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  held.push(() => packet.free(), () => frame.free());
  return async (jpeg) => {
    frame.unref();
    packet.unref();
    packet.data = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
    must(await context.sendPacket(packet), 'read a picture of a reel');
    must(await context.receiveFrame(frame), 'decode a picture of a reel');
    if (frame.decodeErrorFlags !== 0) throw new HedgerowError('process.defect', 'A picture of a reel is damaged.');
    return frame;
  };
}

/** @returns a function that converts to what VP9 takes; the frame is a new one each time, as the encoder may keep it */
function createConversion({ widthPx, heightPx }: ReelFilm, held: Freeable[]): (source: Frame) => Promise<Frame> {
  let scaler: { format: number; context: SoftwareScaleContext } | undefined;
  let before: Frame | undefined;
  held.push(() => scaler?.context.freeContext(), () => before?.free());
  return async (source) => {
    if (source.width !== widthPx || source.height !== heightPx) {
      throw new HedgerowError('process.defect', `A picture of a reel has ${source.width} x ${source.height} px, the first one ${widthPx} x ${heightPx}.`);
    }
    if (scaler?.format !== source.format) {
      scaler?.context.freeContext();
      const context = new SoftwareScaleContext();
      context.getContext(widthPx, heightPx, source.format as AVPixelFormat, widthPx, heightPx, AV_PIX_FMT_YUV420P, SWS_AREA);
      scaler = { format: source.format, context };
    }
    before?.free();
    const frame = new Frame();
    frame.alloc();
    before = frame;
    frame.format = AV_PIX_FMT_YUV420P;
    frame.width = widthPx;
    frame.height = heightPx;
    frame.allocBuffer();
    must(await scaler.context.scaleFrame(frame, source), 'convert a picture of a reel');
    frame.colorRange = AVCOL_RANGE_MPEG;
    frame.colorSpace = AVCOL_SPC_SMPTE170M;
    return frame;
  };
}

/** @throws HedgerowError `process.defect` for a result of libav's that is an error */
function must(result: number, what: string): void {
  if (result >= 0) return;
  const cause = new FFmpegError(result);
  throw new HedgerowError('process.defect', `The media library could not ${what}: ${cause.message}.`, { cause });
}
