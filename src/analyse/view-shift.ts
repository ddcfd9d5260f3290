/**
 * Was the camera moved? Phase correlation (Kuglin and Hines 1975) of the frame and the backdrop at 128x64, Hann windowed:
 * light changes leave the peak at zero, a turned camera moves it. And edge agreement: a view without the backdrop's edges is
 * another view.
 */
import FFT from 'fft.js';
import type { Grid } from './grid.js';
import type { Planes } from './planes.js';

const across = 128;
const down = 64;

export interface Shift {
  /** share of the picture's width and height, -0.5..0.5 */
  readonly xRatio: number;
  readonly yRatio: number;
  /** height of the peak, 0..1, and of the place where no shift would put it */
  readonly peak: number;
  readonly atZero: number;
}

export interface ShiftMeter {
  measure(frame: Planes, reference: Planes): Shift;
}

export function createShiftMeter(): ShiftMeter {
  const rowFft = new FFT(across);
  const columnFft = new FFT(down);
  const hann = (n: number, i: number): number => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / n);
  const window = Float64Array.from({ length: across * down }, (_, i) => hann(across, i % across) * hann(down, Math.floor(i / across)));

  const transform = (data: Float64Array, inverse: boolean): Float64Array => {
    const rowIn = new Array<number>(2 * across);
    const rowOut = new Array<number>(2 * across);
    for (let y = 0; y < down; y++) {
      for (let i = 0; i < 2 * across; i++) rowIn[i] = data[y * 2 * across + i] as number;
      if (inverse) rowFft.inverseTransform(rowOut, rowIn);
      else rowFft.transform(rowOut, rowIn);
      for (let i = 0; i < 2 * across; i++) data[y * 2 * across + i] = rowOut[i] as number;
    }
    const columnIn = new Array<number>(2 * down);
    const columnOut = new Array<number>(2 * down);
    for (let x = 0; x < across; x++) {
      for (let y = 0; y < down; y++) {
        columnIn[2 * y] = data[(y * across + x) * 2] as number;
        columnIn[2 * y + 1] = data[(y * across + x) * 2 + 1] as number;
      }
      if (inverse) columnFft.inverseTransform(columnOut, columnIn);
      else columnFft.transform(columnOut, columnIn);
      for (let y = 0; y < down; y++) {
        data[(y * across + x) * 2] = columnOut[2 * y] as number;
        data[(y * across + x) * 2 + 1] = columnOut[2 * y + 1] as number;
      }
    }
    return data;
  };

  const spectrum = (planes: Planes): Float64Array => {
    const small = shrink(planes);
    let mean = 0;
    for (const v of small) mean += v / small.length;
    const data = new Float64Array(2 * across * down);
    for (let i = 0; i < small.length; i++) data[2 * i] = ((small[i] as number) - mean) * (window[i] as number);
    return transform(data, false);
  };

  return {
    measure(frame, reference) {
      const f = spectrum(frame);
      const b = spectrum(reference);
      for (let i = 0; i < f.length; i += 2) {
        const re = (f[i] as number) * (b[i] as number) + (f[i + 1] as number) * (b[i + 1] as number);
        const im = (f[i + 1] as number) * (b[i] as number) - (f[i] as number) * (b[i + 1] as number);
        const size = Math.hypot(re, im) + 1e-9;
        // The highest frequencies are noise and coding; leaving them out makes the peak stand out.
        const kx = Math.min((i / 2) % across, across - ((i / 2) % across));
        const ky = Math.min(Math.floor(i / 2 / across), down - Math.floor(i / 2 / across));
        const keep = kx <= across / 4 && ky <= down / 4 && kx + ky > 0 ? 1 : 0;
        f[i] = (keep * re) / size;
        f[i + 1] = (keep * im) / size;
      }
      const surface = transform(f, true);
      const kept = ((2 * (across / 4) + 1) * (2 * (down / 4) + 1) - 1) / (across * down);
      let peak = -Infinity;
      let at = 0;
      for (let i = 0; i < across * down; i++) {
        if ((surface[2 * i] as number) > peak) {
          peak = surface[2 * i] as number;
          at = i;
        }
      }
      const x = at % across;
      const y = Math.floor(at / across);
      return {
        xRatio: (x > across / 2 ? x - across : x) / across,
        yRatio: (y > down / 2 ? y - down : y) / down,
        peak: peak / kept,
        atZero: (surface[0] as number) / kept,
      };
    },
  };
}

/** True when the peak is clear and away from zero. */
export function isShifted(shift: Shift): boolean {
  const away = Math.abs(shift.xRatio) >= 1 / across || Math.abs(shift.yRatio) >= 1 / down;
  return away && shift.peak > 0.25 && shift.peak > 1.6 * Math.max(0, shift.atZero);
}

/** True when the peak stands so far above the place of no shift that edges which agree all the same do so by chance. */
export function isClearlyShifted(shift: Shift): boolean {
  return isShifted(shift) && shift.peak > 0.4 && shift.atZero < 0.25 * shift.peak;
}

export interface EdgeView {
  /** share of the backdrop's blocks with edges in which the frame has the same edges, 0..1 */
  readonly agreement: number;
  /** edge strength of the frame by the backdrop's */
  readonly strength: number;
  /** blocks with edges that were compared */
  readonly blocks: number;
}

const strongEdge = 40;
/** Steps of half pixels that the view may be off by and still be the same: wind, warmth, a lens that breathes. */
const reach = 2;

/** Compares gradients at half size; a change of light keeps their direction. The best of some small offsets counts. */
export function compareEdges(grid: Grid, frame: Planes, reference: Planes, use: Uint8Array): EdgeView {
  const half = grid.blockPx / 2;
  const agreeing = new Uint32Array((2 * reach + 1) ** 2);
  let blocks = 0;
  let frameEnergy = 0;
  let referenceEnergy = 0;
  for (let block = 0; block < grid.count; block++) {
    if (use[block] === 0) continue;
    const x0 = Math.max(reach, (block % grid.columns) * half);
    const y0 = Math.max(reach, Math.floor(block / grid.columns) * half);
    const x1 = Math.min(frame.halfWidth - 1 - reach, x0 + half);
    const y1 = Math.min(frame.halfHeight - 1 - reach, y0 + half);
    const own = gradients(reference, x0, y0, x1, y1, reference, 0);
    if (own.pixels === 0 || own.reference / own.pixels < strongEdge) continue;
    blocks++;
    referenceEnergy += own.reference;
    let offset = 0;
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++, offset++) {
        const moved = gradients(frame, x0, y0, x1, y1, reference, dy * frame.halfWidth + dx);
        if (dx === 0 && dy === 0) frameEnergy += moved.frame;
        if (moved.cross > 0.5 * Math.sqrt(moved.frame * moved.reference)) agreeing[offset] = (agreeing[offset] as number) + 1;
      }
    }
  }
  return { agreement: blocks === 0 ? 1 : Math.max(...agreeing) / blocks, strength: referenceEnergy === 0 ? 1 : Math.sqrt(frameEnergy / referenceEnergy), blocks };
}

/** Sums over one block: the product of both gradients, and the energy of each. `shift` moves the frame, in half pixels of its rows. */
function gradients(frame: Planes, x0: number, y0: number, x1: number, y1: number, reference: Planes, shift: number): { cross: number; frame: number; reference: number; pixels: number } {
  const width = frame.halfWidth;
  const f = frame.luma;
  const b = reference.luma;
  let cross = 0;
  let ff = 0;
  let bb = 0;
  let pixels = 0;
  for (let y = y0; y < y1; y++) {
    for (let i = y * width + x0; i < y * width + x1; i++) {
      const at = i + shift;
      const fx = (f[at + 1] as number) - (f[at] as number);
      const fy = (f[at + width] as number) - (f[at] as number);
      const bx = (b[i + 1] as number) - (b[i] as number);
      const by = (b[i + width] as number) - (b[i] as number);
      cross += fx * bx + fy * by;
      ff += fx * fx + fy * fy;
      bb += bx * bx + by * by;
      pixels++;
    }
  }
  return { cross, frame: ff, reference: bb, pixels };
}

function shrink(planes: Planes): Float64Array {
  const out = new Float64Array(across * down);
  for (let y = 0; y < down; y++) {
    const y0 = Math.floor((y * planes.halfHeight) / down);
    const y1 = Math.max(y0 + 1, Math.floor(((y + 1) * planes.halfHeight) / down));
    for (let x = 0; x < across; x++) {
      const x0 = Math.floor((x * planes.halfWidth) / across);
      const x1 = Math.max(x0 + 1, Math.floor(((x + 1) * planes.halfWidth) / across));
      let sum = 0;
      for (let j = y0; j < y1; j++) for (let i = x0; i < x1; i++) sum += planes.luma[j * planes.halfWidth + i] as number;
      out[y * across + x] = sum / ((y1 - y0) * (x1 - x0));
    }
  }
  return out;
}
