/**
 * One RTSP connection of libav: TCP only, video only, without probing (the decoder tells the size). A read blocks one
 * thread of libuv's pool until a packet is there; `interrupt` ends a blocked open or read within a tenth of a second.
 */
import { Dictionary, FormatContext, type Packet, type Stream } from 'node-av/lib';
import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_MJPEG, AV_CODEC_ID_MPEG4, AVMEDIA_TYPE_VIDEO, type AVCodecID } from 'node-av/constants';
import type { EndReason } from '../../contract/frame-source.js';
import { userAgent } from './rtsp-precheck.js';
import { reasonOfOpen, textOf } from './libav-reason.js';

const codecNames = new Map<AVCodecID, string>([
  [AV_CODEC_ID_H264, 'h264'],
  [AV_CODEC_ID_HEVC, 'hevc'],
  [AV_CODEC_ID_MJPEG, 'mjpeg'],
  [AV_CODEC_ID_MPEG4, 'mpeg4'],
]);

export interface VideoStream {
  readonly codecId: AVCodecID;
  readonly codec: string;
  readonly fps: number | null;
  /** parameter sets of the session description, Annex B; null when it has none */
  readonly extradata: Buffer | null;
}

export type OpenOutcome = { readonly status: 'open'; readonly video: VideoStream } | { readonly status: 'failed'; readonly reason: EndReason; readonly detail: string };

export interface Demuxer {
  open(): Promise<OpenOutcome>;
  /** Reads the next packet of the video. @returns 0, or a libav error code */
  read(packet: Packet): Promise<number>;
  /** Ends what blocks now and all that would block later. */
  interrupt(): void;
  /** Only after the last `open` or `read` has settled. */
  close(): Promise<void>;
}

/**
 * @param target.url may hold credentials: it goes to libav and nowhere else
 * @param target.ioTimeoutMs for every single wait on the socket
 */
export function createDemuxer(target: { url: string; ioTimeoutMs: number }): Demuxer {
  const context = new FormatContext();
  context.allocContext();
  let index = -1;

  return {
    async open() {
      const options = Dictionary.fromObject({
        rtsp_transport: 'tcp',
        allowed_media_types: 'video',
        protocol_whitelist: 'rtsp,rtp,tcp',
        timeout: target.ioTimeoutMs * 1000,
        user_agent: userAgent,
      });
      const code = await context.openInput(target.url, null, options);
      if (code < 0) return failed(reasonOfOpen(code), `The stream could not be opened: ${textOf(code)}.`);
      const stream = context.streams.find((s) => s.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
      if (!stream) return failed('not-found', 'The camera sends no video stream.');
      const codec = codecNames.get(stream.codecpar.codecId);
      if (codec === undefined) return failed('protocol', 'The video is none of H.264, H.265, MPEG-4 and Motion JPEG.');
      index = stream.index;
      return { status: 'open', video: { codecId: stream.codecpar.codecId, codec, fps: fpsOf(stream), extradata: stream.codecpar.extradata } };
    },
    async read(packet) {
      for (;;) {
        const code = await context.readFrame(packet);
        if (code < 0 || packet.streamIndex === index) return code;
        packet.unref();
      }
    },
    interrupt: () => context.interrupt(),
    close: () => context.closeInput(),
  };
}

function fpsOf(stream: Stream): number | null {
  const { num, den } = stream.avgFrameRate;
  return num > 0 && den > 0 ? num / den : null;
}

function failed(reason: EndReason, detail: string): OpenOutcome {
  return { status: 'failed', reason, detail };
}

