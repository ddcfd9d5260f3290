/** What a knock, a cloth, a dirty lens, a dead sensor and a new setting do to a picture. */
import { createRandom } from '../random.js';
import type { Effects } from './variants.js';
import { createYuv, planesOf, type Plane, type Yuv } from './yuv.js';

/** @param noiseSeed makes the noise of a dark picture; the same seed gives the same picture */
export function applyEffects(picture: Yuv, effects: Effects, size: { widthPx: number; heightPx: number }, noiseSeed: number): Yuv {
  let made = picture;
  if (effects.shift) made = eachPlane(made, (from, to) => shift(from, to, effects.shift?.dxRatio ?? 0, effects.shift?.dyRatio ?? 0));
  const radius = effects.blurRadiusPx;
  if (radius !== null) made = eachPlane(made, (from, to, luma) => blur(from, to, luma ? radius : Math.max(1, radius >> 1)));
  if (effects.coverShare !== null) made = cover(made, effects.coverShare, noiseSeed);
  if (effects.black || effects.firstPicture === 'black') made = blacken(made, noiseSeed);
  else if (effects.firstPicture === 'half') made = halve(made);
  const scaled = made.widthPx !== size.widthPx || made.heightPx !== size.heightPx;
  return scaled ? resize(made, size.widthPx, size.heightPx) : made;
}

function eachPlane(picture: Yuv, filter: (from: Plane, to: Plane, luma: boolean) => void): Yuv {
  const out = createYuv(picture.widthPx, picture.heightPx);
  const [from, to] = [planesOf(picture), planesOf(out)];
  from.forEach((plane, i) => {
    const target = to[i];
    if (target) filter(plane, target, i === 0);
  });
  return out;
}

/** What comes in from the edge is the mirror of what is there. */
function shift(from: Plane, to: Plane, dxRatio: number, dyRatio: number): void {
  const { widthPx: w, heightPx: h } = from;
  const [dx, dy] = [Math.round(dxRatio * w), Math.round(dyRatio * h)];
  for (let y = 0; y < h; y++) {
    const row = mirror(y - dy, h) * w;
    for (let x = 0; x < w; x++) to.data[y * w + x] = from.data[row + mirror(x - dx, w)] as number;
  }
}

const mirror = (n: number, size: number): number => (n < 0 ? Math.min(size - 1, -n - 1) : n >= size ? Math.max(0, 2 * size - 1 - n) : n);

/** Two box blurs along each axis: near enough to a lens out of focus. */
function blur(from: Plane, to: Plane, radius: number): void {
  const { widthPx: w, heightPx: h } = from;
  const other = new Uint8Array(w * h);
  box(from.data, other, w, h, radius, 1, w);
  box(other, to.data, w, h, radius, 1, w);
  box(to.data, other, h, w, radius, w, 1);
  box(other, to.data, h, w, radius, w, 1);
}

/** Mean over 2r + 1 samples along lines of `length`; edges are repeated. */
function box(from: Uint8Array, to: Uint8Array, length: number, lines: number, radius: number, step: number, lineStep: number): void {
  const n = 2 * radius + 1;
  for (let line = 0; line < lines; line++) {
    const base = line * lineStep;
    const at = (i: number): number => from[base + Math.min(length - 1, Math.max(0, i)) * step] as number;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += at(i);
    for (let i = 0; i < length; i++) {
      to[base + i * step] = sum / n;
      sum += at(i + radius + 1) - at(i - radius);
    }
  }
}

/** A dark cloth close to the lens: no edges, a soft border, a little noise. */
function cover(picture: Yuv, share: number, noiseSeed: number): Yuv {
  const random = createRandom(noiseSeed);
  const soft = 0.06;
  return eachPlane(picture, (from, to, luma) => {
    const { widthPx: w, heightPx: h } = from;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        const edge = share >= 1 ? 1 : Math.min(1, Math.max(0, (share - x / w) / soft + 0.5));
        const cloth = luma ? 52 + 8 * Math.sin(y / h + x / w) + random.next() * 3 : 126;
        to.data[i] = (from.data[i] as number) * (1 - edge) + cloth * edge;
      }
    }
  });
}

/** Next to no light: what is left of the scene, and noise. */
function blacken(picture: Yuv, noiseSeed: number): Yuv {
  const random = createRandom(noiseSeed);
  return eachPlane(picture, (from, to, luma) => {
    for (let i = 0; i < to.data.length; i++) to.data[i] = luma ? 16 + ((from.data[i] as number) - 16) * 0.015 + random.next() * 2 : 128;
  });
}

/** What a decoder shows of a picture of which the lower half was not received: its last line drawn out, then grey. */
function halve(picture: Yuv): Yuv {
  return eachPlane(picture, (from, to) => {
    const { widthPx: w, heightPx: h } = from;
    const [received, drawnOut] = [Math.floor(h / 2), Math.floor(h * 0.58)];
    for (let y = 0; y < h; y++) {
      const row = Math.min(y, received - 1) * w;
      for (let x = 0; x < w; x++) to.data[y * w + x] = y < drawnOut ? (from.data[row + x] as number) : 128;
    }
  });
}

function resize(picture: Yuv, widthPx: number, heightPx: number): Yuv {
  const out = createYuv(widthPx, heightPx);
  const [from, to] = [planesOf(picture), planesOf(out)];
  from.forEach((source, p) => {
    const target = to[p];
    if (!target) return;
    for (let y = 0; y < target.heightPx; y++) {
      const sy = Math.min(source.heightPx - 1, Math.max(0, ((y + 0.5) * source.heightPx) / target.heightPx - 0.5));
      const [y0, fy] = [Math.floor(sy), sy - Math.floor(sy)];
      const y1 = Math.min(source.heightPx - 1, y0 + 1);
      for (let x = 0; x < target.widthPx; x++) {
        const sx = Math.min(source.widthPx - 1, Math.max(0, ((x + 0.5) * source.widthPx) / target.widthPx - 0.5));
        const [x0, fx] = [Math.floor(sx), sx - Math.floor(sx)];
        const x1 = Math.min(source.widthPx - 1, x0 + 1);
        const d = source.data;
        const top = (d[y0 * source.widthPx + x0] as number) * (1 - fx) + (d[y0 * source.widthPx + x1] as number) * fx;
        const low = (d[y1 * source.widthPx + x0] as number) * (1 - fx) + (d[y1 * source.widthPx + x1] as number) * fx;
        target.data[y * target.widthPx + x] = top * (1 - fy) + low * fy + 0.5;
      }
    }
  });
  return out;
}
