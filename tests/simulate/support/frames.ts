/** Pictures that a camera shows now, as another program sees them: pulled over RTSP and decoded by libav. */
import { AV_CODEC_ID_H264 } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FormatContext, Frame, Packet } from 'node-av/lib';
import type { SimulatedCamera } from '../../../src/simulate/village.js';

export interface Seen {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly luma: Uint8Array;
  readonly key: boolean;
}

export interface Pulled {
  readonly frames: Seen[];
  /** packets that the decoder refused */
  readonly errors: number;
}

/**
 * @param camera whose sub-stream is pulled, with its own credentials
 * @param options.keyFrames ends after so many; `until` ends it earlier
 */
export async function pull(camera: Pick<SimulatedCamera, 'rtspUrl' | 'username' | 'password'>, options: { keyFrames: number; keyOnly?: boolean; until?: (seen: Seen) => boolean }): Promise<Pulled> {
  const url = camera.rtspUrl.replace('rtsp://', `rtsp://${camera.username}:${camera.password}@`);
  const format = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  const context = new CodecContext();
  const frames: Seen[] = [];
  let errors = 0;
  try {
    const opened = await format.openInput(url, null, Dictionary.fromObject({ rtsp_transport: 'tcp', timeout: '8000000' }));
    if (opened < 0) throw new Error(`openInput ${opened}`);
    const codec = Codec.findDecoder(AV_CODEC_ID_H264);
    if (!codec) throw new Error('no decoder');
    context.allocContext3(codec);
    context.threadCount = 1;
    await context.open2(codec, null);
    let keys = 0;
    for (let i = 0; i < 5000 && keys < options.keyFrames; i++) {
      if ((await format.readFrame(packet)) < 0) break;
      if (packet.isKeyframe) keys++;
      if (!options.keyOnly || packet.isKeyframe) {
        if ((await context.sendPacket(packet)) < 0) errors++;
        while ((await context.receiveFrame(frame)) >= 0) {
          if (frame.decodeErrorFlags !== 0) errors++;
          frames.push({ widthPx: frame.width, heightPx: frame.height, luma: new Uint8Array(frame.toBuffer()).slice(0, frame.width * frame.height), key: packet.isKeyframe });
          frame.unref();
        }
        const newest = frames.at(-1);
        if (newest && options.until?.(newest)) break;
      }
      packet.unref();
    }
  } finally {
    frame.free();
    packet.free();
    context.freeContext();
    await format.closeInput();
  }
  return { frames, errors };
}

export function meanLuma(seen: Seen): number {
  return seen.luma.reduce((sum, v) => sum + v, 0) / seen.luma.length;
}

/** Mean absolute difference of neighbours: how sharp a picture is. */
export function sharpness(seen: Seen): number {
  let sum = 0;
  for (let i = 1; i < seen.luma.length; i++) sum += Math.abs((seen.luma[i] ?? 0) - (seen.luma[i - 1] ?? 0));
  return sum / seen.luma.length;
}

/** Mean absolute difference of two pictures, the second moved back by (dx, dy), where both are inside. */
export function difference(a: Seen, b: Seen, dx = 0, dy = 0): number {
  let [sum, n] = [0, 0];
  for (let y = Math.max(0, -dy); y < Math.min(a.heightPx, a.heightPx - dy); y++) {
    for (let x = Math.max(0, -dx); x < Math.min(a.widthPx, a.widthPx - dx); x++) {
      sum += Math.abs((a.luma[y * a.widthPx + x] ?? 0) - (b.luma[(y + dy) * b.widthPx + x + dx] ?? 0));
      n++;
    }
  }
  return sum / n;
}
