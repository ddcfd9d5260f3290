/**
 * A frame as the model's input: bilinear with half-pixel centres, picture at the top left, BGR planes, the rest padded.
 * What depends on sizes alone (tables, the padded input) is made once per size; a call allocates nothing.
 */
export interface InputNorm {
  readonly pad: number;
  /** per plane, in the order of the planes (B, G, R) */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/** Puts a frame into the input. @returns px of the input per px of the frame */
export type Letterbox = (rgb: Uint8Array) => number;

/** Height of the input for a frame: by its aspect, rounded up to 32 px, or the model's fixed one. */
export function inputHeightPx(widthPx: number, height: number | 'by-aspect', frameWidthPx: number, frameHeightPx: number): number {
  if (height !== 'by-aspect') return height;
  return Math.min(2 * widthPx, Math.max(32, Math.ceil((widthPx * frameHeightPx) / frameWidthPx / 32) * 32));
}

/** Weights of the four neighbours are products of two of these: 11 bits each, so that sums of bytes stay whole and exact. */
const unit = 2048;

/** @returns the input (planes B, G, R of `widthPx * heightPx` each), and what fills it from a frame's RGB24 */
export function createLetterbox(
  frameWidthPx: number, frameHeightPx: number, widthPx: number, heightPx: number, norm: InputNorm,
): { readonly data: Float32Array; readonly box: Letterbox } {
  const plane = widthPx * heightPx;
  const scale = Math.min(widthPx / frameWidthPx, heightPx / frameHeightPx);
  const w = Math.max(1, Math.min(widthPx, Math.floor(frameWidthPx * scale + 1e-6)));
  const h = Math.max(1, Math.min(heightPx, Math.floor(frameHeightPx * scale + 1e-6)));
  const [mb, mg, mr] = norm.mean;
  const [db, dg, dr] = norm.deviation;
  const data = new Float32Array(3 * plane);
  data.fill((norm.pad - mb) / db, 0, plane);
  data.fill((norm.pad - mg) / dg, plane, 2 * plane);
  data.fill((norm.pad - mr) / dr, 2 * plane);
  const columns = taps(frameWidthPx, w, 3);
  const rows = taps(frameHeightPx, h, frameWidthPx * 3);
  const [kb, kg, kr] = [1 / (unit * unit * db), 1 / (unit * unit * dg), 1 / (unit * unit * dr)];
  const [ob, og, or] = [mb / db, mg / dg, mr / dr];

  const box: Letterbox = (rgb) => {
    for (let y = 0; y < h; y++) {
      const top = rows.first[y] as number;
      const bottom = rows.second[y] as number;
      const fy = rows.share[y] as number;
      let o = y * widthPx;
      for (let x = 0; x < w; x++, o++) {
        const l = columns.first[x] as number;
        const r = columns.second[x] as number;
        const fx = columns.share[x] as number;
        const tl = top + l;
        const tr = top + r;
        const bl = bottom + l;
        const br = bottom + r;
        data[o + 2 * plane] = blend(rgb[tl] as number, rgb[tr] as number, rgb[bl] as number, rgb[br] as number, fx, fy) * kr - or;
        data[o + plane] = blend(rgb[tl + 1] as number, rgb[tr + 1] as number, rgb[bl + 1] as number, rgb[br + 1] as number, fx, fy) * kg - og;
        data[o] = blend(rgb[tl + 2] as number, rgb[tr + 2] as number, rgb[bl + 2] as number, rgb[br + 2] as number, fx, fy) * kb - ob;
      }
    }
    return scale;
  };
  return { data, box };
}

/** Four bytes by two shares, times `unit` squared: below 2^30. */
function blend(tl: number, tr: number, bl: number, br: number, fx: number, fy: number): number {
  const top = (tl << 11) + Math.imul(tr - tl, fx);
  const bottom = (bl << 11) + Math.imul(br - bl, fx);
  return (top << 11) + Math.imul(bottom - top, fy);
}

/** For each of `count` places: offsets of the two neighbours among `length`, and the share of the second in `unit`s. */
function taps(length: number, count: number, stride: number): { first: Int32Array; second: Int32Array; share: Int32Array } {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const share = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const at = Math.max(0, ((i + 0.5) * length) / count - 0.5);
    const low = Math.min(length - 1, Math.floor(at));
    first[i] = low * stride;
    second[i] = Math.min(length - 1, low + 1) * stride;
    share[i] = Math.round((at - low) * unit);
  }
  return { first, second, share };
}
