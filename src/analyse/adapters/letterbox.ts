/**
 * A frame as the model's input: bilinear with half-pixel centres, picture at the top left, BGR planes, the rest padded.
 * Tables are kept for the last size, because the frames of one camera have one size.
 */
export interface InputNorm {
  readonly pad: number;
  /** per plane, in the order of the planes (B, G, R) */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

export interface Letterboxed {
  /** planes B, G, R of `widthPx * heightPx` each */
  readonly data: Float32Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** px of the input per px of the frame */
  readonly scale: number;
}

/** Height of the input for a frame: by its aspect, rounded up to 32 px, or the model's fixed one. */
export function inputHeightPx(widthPx: number, height: number | 'by-aspect', frameWidthPx: number, frameHeightPx: number): number {
  if (height !== 'by-aspect') return height;
  return Math.min(2 * widthPx, Math.max(32, Math.ceil((widthPx * frameHeightPx) / frameWidthPx / 32) * 32));
}

/** @param target reused when it has the right length */
export function letterbox(
  rgb: Uint8Array, frameWidthPx: number, frameHeightPx: number, widthPx: number, heightPx: number, norm: InputNorm, target?: Float32Array,
): Letterboxed {
  const plane = widthPx * heightPx;
  const data = target?.length === 3 * plane ? target : new Float32Array(3 * plane);
  const scale = Math.min(widthPx / frameWidthPx, heightPx / frameHeightPx);
  const w = Math.max(1, Math.min(widthPx, Math.floor(frameWidthPx * scale + 1e-6)));
  const h = Math.max(1, Math.min(heightPx, Math.floor(frameHeightPx * scale + 1e-6)));
  const [mb, mg, mr] = norm.mean;
  const [db, dg, dr] = norm.deviation;
  if (w < widthPx || h < heightPx) {
    data.fill((norm.pad - mb) / db, 0, plane);
    data.fill((norm.pad - mg) / dg, plane, 2 * plane);
    data.fill((norm.pad - mr) / dr, 2 * plane, 3 * plane);
  }
  const left = new Int32Array(w);
  const right = new Int32Array(w);
  const share = new Float32Array(w);
  for (let x = 0; x < w; x++) {
    const at = Math.max(0, ((x + 0.5) * frameWidthPx) / w - 0.5);
    const x0 = Math.min(frameWidthPx - 1, at | 0);
    left[x] = x0 * 3;
    right[x] = Math.min(frameWidthPx - 1, x0 + 1) * 3;
    share[x] = at - x0;
  }
  for (let y = 0; y < h; y++) {
    const at = Math.max(0, ((y + 0.5) * frameHeightPx) / h - 0.5);
    const y0 = Math.min(frameHeightPx - 1, at | 0);
    const top = y0 * frameWidthPx * 3;
    const bottom = Math.min(frameHeightPx - 1, y0 + 1) * frameWidthPx * 3;
    const fy = at - y0;
    let o = y * widthPx;
    for (let x = 0; x < w; x++, o++) {
      const l = left[x] as number;
      const r = right[x] as number;
      const fx = share[x] as number;
      const a = (1 - fx) * (1 - fy);
      const b = fx * (1 - fy);
      const c = (1 - fx) * fy;
      const d = fx * fy;
      const tl = top + l;
      const tr = top + r;
      const bl = bottom + l;
      const br = bottom + r;
      const red = (rgb[tl] as number) * a + (rgb[tr] as number) * b + (rgb[bl] as number) * c + (rgb[br] as number) * d;
      const green = (rgb[tl + 1] as number) * a + (rgb[tr + 1] as number) * b + (rgb[bl + 1] as number) * c + (rgb[br + 1] as number) * d;
      const blue = (rgb[tl + 2] as number) * a + (rgb[tr + 2] as number) * b + (rgb[bl + 2] as number) * c + (rgb[br + 2] as number) * d;
      data[o] = (blue - mb) / db;
      data[o + plane] = (green - mg) / dg;
      data[o + 2 * plane] = (red - mr) / dr;
    }
  }
  return { data, widthPx, heightPx, scale };
}
