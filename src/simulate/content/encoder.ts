/**
 * One x264 encoder for a loop: pictures go in a group at a time, and each group comes out with its own key frame and its
 * parameter sets in band. The same pictures give the same bytes on every run (one thread, no look-ahead).
 */
import { HedgerowError } from '../../core/errors.js';
import { AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE, AV_PIX_FMT_YUV420P, FF_ENCODER_LIBOPENH264, FF_ENCODER_LIBX264 } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, Frame, Packet, Rational } from 'node-av/lib';
import type { AccessUnit, Gop } from './clip.js';
import { splitAnnexB } from './h264.js';
import { must } from './libav.js';
import type { Yuv } from './yuv.js';

export interface GopEncoder {
  /**
   * @param pictures one is taken when the one before is encoded, so making them can be spread over time
   * @param stepTicks time from one picture to the next, RTP ticks
   */
  encode(pictures: Iterable<Yuv>, stepTicks: number): Promise<Gop>;
  close(): void;
}

/** @throws HedgerowError `process.defect` when the library has no H.264 encoder */
export async function createGopEncoder(options: { widthPx: number; heightPx: number; fps: number }): Promise<GopEncoder> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264) ?? Codec.findEncoderByName(FF_ENCODER_LIBOPENH264);
  if (!codec) throw new HedgerowError('process.defect', 'The media library has no H.264 encoder, which the drawn scene needs.');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = options.widthPx;
  context.height = options.heightPx;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, 1000);
  context.framerate = new Rational(Math.round(options.fps * 1000), 1000);
  context.maxBFrames = 0;
  context.threadCount = 1;
  context.gopSize = 600;
  must(
    await context.open2(codec, Dictionary.fromObject({
      preset: 'superfast',
      tune: 'zerolatency',
      profile: 'main',
      crf: '25',
      'forced-idr': '1',
      'x264-params': 'scenecut=0:repeat-headers=1:threads=1:sliced-threads=0:log=-1',
    })),
    'open the H.264 encoder',
  );
  const packet = new Packet();
  packet.alloc();
  let presented = 0;
  return {
    async encode(pictures, stepTicks) {
      const gop: AccessUnit[] = [];
      let first = true;
      for (const picture of pictures) {
        const frame = Frame.fromVideoBuffer(Buffer.from(picture.data.buffer, picture.data.byteOffset, picture.data.byteLength), {
          width: options.widthPx,
          height: options.heightPx,
          format: AV_PIX_FMT_YUV420P,
          timeBase: { num: 1, den: 1000 },
          pts: BigInt(Math.round((presented++ * 1000) / options.fps)),
        });
        frame.pictType = first ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        first = false;
        try {
          must(await context.sendFrame(frame), 'encode a picture');
        } finally {
          frame.free();
        }
        while ((await context.receivePacket(packet)) >= 0) {
          const at = gop.length * stepTicks;
          // A copy: the packet's memory goes back to the library.
          const bytes = new Uint8Array(packet.data ?? []);
          gop.push({ nals: splitAnnexB(bytes).filter(isUseful), key: gop.length === 0, dtsTicks: at, ptsTicks: at });
          packet.unref();
        }
      }
      return gop;
    },
    close() {
      packet.free();
      context.freeContext();
    },
  };
}

/** SEI (the encoder's banner), delimiters and fillers are left out. */
export function isUseful(nal: Uint8Array): boolean {
  const type = (nal[0] ?? 0) & 0x1f;
  return type !== 6 && type !== 9 && type !== 12;
}
