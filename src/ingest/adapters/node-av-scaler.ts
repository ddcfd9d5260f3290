/**
 * From what a decoder gives (planar YUV, the stream's size) to packed RGB24 of the analysis size, by libav's area filter.
 * Masking counts on how far that filter reaches (`guardPx` in analyse/mask/compose.ts): whoever takes another one measures anew.
 */
import { Frame as LibavFrame, SoftwareScaleContext } from 'node-av/lib';
import { AV_PIX_FMT_RGB24, SWS_AREA, type AVPixelFormat } from 'node-av/constants';
import type { WidthLimit } from '../../contract/frame-source.js';
import { scaledSize, type PictureSize } from '../picture-size.js';

export interface DecodedPicture {
  /** packed RGB24, its own memory */
  readonly rgb: Uint8Array;
  readonly size: PictureSize;
  readonly source: PictureSize;
}

export interface Scaler {
  toRgb(source: LibavFrame, limit: WidthLimit): Promise<DecodedPicture>;
  close(): void;
}

/** Makes its libav scaler anew whenever size or pixel format of the source change. */
export function createScaler(): Scaler {
  let made: { key: string; context: SoftwareScaleContext; out: LibavFrame } | undefined;
  const drop = (): void => {
    made?.context.freeContext();
    made?.out.free();
    made = undefined;
  };
  return {
    async toRgb(source, limit) {
      const from: PictureSize = { widthPx: source.width, heightPx: source.height };
      const size = scaledSize(from, limit);
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
