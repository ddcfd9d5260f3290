/** Decodes one group of pictures. A decoder lives for one group: groups stand alone, and faults are rare. */
import { AV_CODEC_ID_H264, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { HedgerowError } from '../../core/errors.js';
import type { Clip, Gop } from './clip.js';
import { joinAnnexB } from './h264.js';
import { must } from './libav.js';
import type { Yuv } from './yuv.js';

/**
 * @returns pictures in the order in which they are shown, in the clip's size
 * @throws HedgerowError `process.defect` when it is not 4:2:0 or the library fails
 */
export async function decodeGop(gop: Gop, clip: Pick<Clip, 'widthPx' | 'heightPx'>): Promise<Yuv[]> {
  const codec = Codec.findDecoder(AV_CODEC_ID_H264);
  if (!codec) throw new HedgerowError('process.defect', 'The media library has no H.264 decoder.');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  const pictures: Yuv[] = [];
  const receive = async (): Promise<void> => {
    while ((await context.receiveFrame(frame)) >= 0) {
      if (frame.format !== AV_PIX_FMT_YUV420P && frame.format !== AV_PIX_FMT_YUVJ420P) throw new HedgerowError('process.defect', 'The video is not 4:2:0.');
      // Odd sizes lose their last row or column: 4:2:0 planes are halved.
      pictures.push(evenYuv(new Uint8Array(frame.toBuffer()), frame.width, frame.height));
      frame.unref();
    }
  };
  try {
    must(await context.open2(codec, null), 'open the H.264 decoder');
    for (const unit of gop) {
      packet.data = joinAnnexB(unit.nals);
      packet.pts = BigInt(unit.ptsTicks);
      packet.dts = BigInt(unit.dtsTicks);
      must(await context.sendPacket(packet), 'decode a picture');
      await receive();
    }
    await context.sendPacket(null);
    await receive();
  } finally {
    frame.free();
    packet.free();
    context.freeContext();
  }
  return pictures.filter((picture) => picture.widthPx === clip.widthPx - (clip.widthPx % 2) && picture.heightPx === clip.heightPx - (clip.heightPx % 2));
}

function evenYuv(data: Uint8Array, width: number, height: number): Yuv {
  const [w, h] = [width - (width % 2), height - (height % 2)];
  if (w === width && h === height) return { widthPx: w, heightPx: h, data };
  const out = new Uint8Array((w * h * 3) / 2);
  const [cw, ch] = [(width + 1) >> 1, (height + 1) >> 1];
  let to = 0;
  for (const [offset, stride, columns, rows] of [[0, width, w, h], [width * height, cw, w / 2, h / 2], [width * height + cw * ch, cw, w / 2, h / 2]] as const) {
    for (let row = 0; row < rows; row++, to += columns) out.set(data.subarray(offset + row * stride, offset + row * stride + columns), to);
  }
  return { widthPx: w, heightPx: h, data: out };
}
