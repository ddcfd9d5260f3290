/** A picture with transparency in YUV 4:2:0, to be laid over a picture; made from what sharp draws of an SVG. */
import sharp from 'sharp';
import type { Yuv } from '../content/yuv.js';
import { planesOf } from '../content/yuv.js';

export interface Sprite {
  /** even, like the sizes */
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly luma: Uint8Array;
  readonly alpha: Uint8Array;
  /** half size */
  readonly blue: Uint8Array;
  readonly red: Uint8Array;
  readonly chromaAlpha: Uint8Array;
}

/** Draws an SVG to straight RGBA. */
export async function drawRgba(svg: Buffer): Promise<Uint8Array> {
  return sharp(svg).ensureAlpha().raw().toBuffer();
}

/** BT.601, limited range. @param rgba straight alpha, `widthPx * heightPx * 4` bytes; sizes and corner are even */
export function toSprite(rgba: Uint8Array, leftPx: number, topPx: number, widthPx: number, heightPx: number): Sprite {
  const pixels = widthPx * heightPx;
  const luma = new Uint8Array(pixels);
  const alpha = new Uint8Array(pixels);
  const blue = new Uint8Array(pixels / 4);
  const red = new Uint8Array(pixels / 4);
  const chromaAlpha = new Uint8Array(pixels / 4);
  const half = widthPx / 2;
  for (let cy = 0; cy < heightPx / 2; cy++) {
    for (let cx = 0; cx < half; cx++) {
      let [r, g, b, a] = [0, 0, 0, 0];
      for (let k = 0; k < 4; k++) {
        const i = (cy * 2 + (k >> 1)) * widthPx + cx * 2 + (k & 1);
        const [pr, pg, pb, pa] = [rgba[i * 4] ?? 0, rgba[i * 4 + 1] ?? 0, rgba[i * 4 + 2] ?? 0, rgba[i * 4 + 3] ?? 0];
        luma[i] = 16 + ((66 * pr + 129 * pg + 25 * pb + 128) >> 8);
        alpha[i] = pa;
        r += pr * pa;
        g += pg * pa;
        b += pb * pa;
        a += pa;
      }
      const c = cy * half + cx;
      const d = a || 1;
      blue[c] = 128 + ((-38 * (r / d) - 74 * (g / d) + 112 * (b / d)) >> 8);
      red[c] = 128 + ((112 * (r / d) - 94 * (g / d) - 18 * (b / d)) >> 8);
      chromaAlpha[c] = a >> 2;
    }
  }
  return { leftPx, topPx, widthPx, heightPx, luma, alpha, blue, red, chromaAlpha };
}

/** Lays a sprite over a picture; what reaches over the edge is cut off. */
export function layOver(target: Yuv, sprite: Sprite): void {
  const [y, u, v] = planesOf(target);
  blend(y.data, y.widthPx, y.heightPx, sprite.luma, sprite.alpha, sprite.leftPx, sprite.topPx, sprite.widthPx, sprite.heightPx);
  const [left, top, width, height] = [sprite.leftPx / 2, sprite.topPx / 2, sprite.widthPx / 2, sprite.heightPx / 2];
  blend(u.data, u.widthPx, u.heightPx, sprite.blue, sprite.chromaAlpha, left, top, width, height);
  blend(v.data, v.widthPx, v.heightPx, sprite.red, sprite.chromaAlpha, left, top, width, height);
}

function blend(to: Uint8Array, toWidth: number, toHeight: number, from: Uint8Array, alpha: Uint8Array, left: number, top: number, width: number, height: number): void {
  const [x0, x1] = [Math.max(0, -left), Math.min(width, toWidth - left)];
  for (let row = Math.max(0, -top); row < Math.min(height, toHeight - top); row++) {
    let s = row * width + x0;
    let t = (row + top) * toWidth + left + x0;
    for (let x = x0; x < x1; x++, s++, t++) {
      const a = alpha[s] as number;
      if (a === 0) continue;
      const under = to[t] as number;
      to[t] = a === 255 ? (from[s] as number) : under + ((((from[s] as number) - under) * a + 127) / 255);
    }
  }
}

/**
 * The same sprite bent by the wind: rows move sideways by parts of a pixel, the more the higher they are.
 * @param topShiftPx how far the top row moves
 */
export function bend(sprite: Sprite, topShiftPx: number, out: Sprite): void {
  const { widthPx: w, heightPx: h } = sprite;
  for (let row = 0; row < h; row++) {
    const shift = topShiftPx * ((h - row) / h) ** 2;
    const whole = Math.floor(shift);
    const part = shift - whole;
    for (let x = 0, i = row * w; x < w; x++, i++) {
      const from = x - whole;
      const inside = from >= 1 && from < w;
      const at = row * w + from;
      const a = inside ? (sprite.alpha[at] as number) : 0;
      const b = inside ? (sprite.alpha[at - 1] as number) : 0;
      const mixed = a + (b - a) * part;
      out.alpha[i] = mixed;
      if (!inside) out.luma[i] = 0;
      else if (mixed > 0) {
        // Where one of the two is transparent its luma means nothing.
        const la = a === 0 ? (sprite.luma[at - 1] as number) : (sprite.luma[at] as number);
        const lb = b === 0 ? la : (sprite.luma[at - 1] as number);
        out.luma[i] = la + (lb - la) * part;
      }
    }
  }
}
