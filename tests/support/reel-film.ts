/** The film of a reel as libav reads it: times, sizes and pictures. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AV_CODEC_ID_VP9, AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { Codec, CodecContext, FormatContext, Frame, Packet } from 'node-av/lib';
import { temporaryFolder } from './databases.js';

export interface DecodedFilm {
  readonly seconds: number;
  readonly packets: readonly { readonly atMs: number; readonly key: boolean }[];
  readonly frames: readonly { readonly widthPx: number; readonly heightPx: number; readonly luma: Uint8Array }[];
}

/** Reads a film with libav. */
export async function decodeFilm(file: Uint8Array): Promise<DecodedFilm> {
  const { folder, remove } = await temporaryFolder();
  const input = new FormatContext();
  const [packet, frame, context] = [new Packet(), new Frame(), new CodecContext()];
  try {
    await writeFile(path.join(folder, 'reel.webm'), file);
    done(await input.openInput(path.join(folder, 'reel.webm')));
    packet.alloc();
    frame.alloc();
    context.allocContext3(Codec.findDecoder(AV_CODEC_ID_VP9));
    done(await context.open2(null, null));
    const packets: DecodedFilm['packets'][number][] = [];
    const frames: DecodedFilm['frames'][number][] = [];
    while ((await input.readFrame(packet)) >= 0) {
      packets.push({ atMs: Number(packet.pts), key: packet.isKeyframe });
      done(await context.sendPacket(packet));
      while ((await context.receiveFrame(frame)) >= 0) {
        if (frame.format !== AV_PIX_FMT_YUV420P) throw new Error('the film is not YUV 4:2:0');
        frames.push({ widthPx: frame.width, heightPx: frame.height, luma: new Uint8Array(frame.toBuffer()).slice(0, frame.width * frame.height) });
        frame.unref();
      }
      packet.unref();
    }
    return { seconds: Number(input.duration) / 1e6, packets, frames };
  } finally {
    packet.free();
    frame.free();
    context.freeContext();
    await input.closeInput();
    await remove();
  }
}

function done(code: number): void {
  if (code < 0) throw new Error(`libav says ${code}`);
}
