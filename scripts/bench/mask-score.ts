/** What the masking bench counts, as plain functions of pixels, boxes and blocks. All boxes are in px of the stored picture. */

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}
export interface Pixels {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}
/** The masker's blocks, laid over a picture of any size. */
export interface MaskBlocks {
  readonly blocks: Uint8Array;
  readonly columns: number;
  readonly blockPx: number;
  /** of what the blocks were made for */
  readonly widthPx: number;
  readonly heightPx: number;
}

export const sizeBuckets = ['24-32', '32-48', '48-96', '96+'] as const;
export function sizeBucket(heightPx: number): (typeof sizeBuckets)[number] {
  return heightPx < 32 ? '24-32' : heightPx < 48 ? '32-48' : heightPx < 96 ? '48-96' : '96+';
}

function span(area: Area, of: { widthPx: number; heightPx: number }): { x0: number; y0: number; x1: number; y1: number } {
  return {
    x0: Math.max(0, Math.floor(area.x)), y0: Math.max(0, Math.floor(area.y)),
    x1: Math.min(of.widthPx, Math.ceil(area.x + area.w)), y1: Math.min(of.heightPx, Math.ceil(area.y + area.h)),
  };
}

function isMasked(mask: MaskBlocks, picture: { widthPx: number; heightPx: number }, x: number, y: number): boolean {
  const column = Math.floor((((x + 0.5) * mask.widthPx) / picture.widthPx) / mask.blockPx);
  const row = Math.floor((((y + 0.5) * mask.heightPx) / picture.heightPx) / mask.blockPx);
  return mask.blocks[row * mask.columns + column] !== 0;
}

/** Share of a box, as far as it is in the picture, that is masked. */
export function maskedShare(area: Area, mask: MaskBlocks, picture: { widthPx: number; heightPx: number }): number {
  const { x0, y0, x1, y1 } = span(area, picture);
  let masked = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (isMasked(mask, picture, x, y)) masked++;
  return x1 <= x0 || y1 <= y0 ? 1 : masked / ((x1 - x0) * (y1 - y0));
}

/** Share of what lies outside all boxes that is masked. */
export function spareShare(areas: readonly Area[], mask: MaskBlocks, picture: { widthPx: number; heightPx: number }): number {
  let outside = 0;
  let masked = 0;
  for (let y = 2; y < picture.heightPx; y += 4) {
    for (let x = 2; x < picture.widthPx; x += 4) {
      if (areas.some((a) => x >= a.x && x <= a.x + a.w && y >= a.y && y <= a.y + a.h)) continue;
      outside++;
      if (isMasked(mask, picture, x, y)) masked++;
    }
  }
  return outside === 0 ? 0 : masked / outside;
}

/** Share of the picture that boxes cover together. */
export function coveredShare(areas: readonly Area[], picture: { widthPx: number; heightPx: number }): number {
  let covered = 0;
  let all = 0;
  for (let y = 2; y < picture.heightPx; y += 4) {
    for (let x = 2; x < picture.widthPx; x += 4) {
      all++;
      if (areas.some((a) => x >= a.x && x <= a.x + a.w && y >= a.y && y <= a.y + a.h)) covered++;
    }
  }
  return covered / all;
}

const cellPx = 8;
/** Mean difference of a cell from which the scene behind would be seen to be another, levels. */
const otherLevels = 16;
/** The flat fill says nothing: a grey thing that equals it is not shown by it. */
const plainLevels = 2;

/**
 * Cells of 8x8 px of the stored picture that can only come from the frame: they equal the frame, which was put through the same encoder,
 * while the learned scene looks different there. Asks no mask. `tolerance` in levels: small when picture and frame have one size.
 */
export function shownCells(stored: Pixels, frame: Pixels, scene: Pixels, tolerance: number): { columns: number; cells: Uint8Array } {
  const { widthPx, heightPx } = stored;
  const columns = Math.ceil(widthPx / cellPx);
  const cells = new Uint8Array(columns * Math.ceil(heightPx / cellPx));
  for (let cell = 0; cell < cells.length; cell++) {
    const [x0, y0] = [(cell % columns) * cellPx, Math.floor(cell / columns) * cellPx];
    let pixels = 0;
    let equal = 0;
    let apart = 0;
    let least = 255;
    let most = 0;
    for (let y = y0; y < Math.min(heightPx, y0 + cellPx); y++) {
      for (let x = x0; x < Math.min(widthPx, x0 + cellPx); x++) {
        const i = (y * widthPx + x) * 3;
        let off = 0;
        let other = 0;
        for (let c = 0; c < 3; c++) {
          const value = stored.rgb[i + c] as number;
          off = Math.max(off, Math.abs(value - (frame.rgb[i + c] as number)));
          other = Math.max(other, Math.abs((frame.rgb[i + c] as number) - (scene.rgb[i + c] as number)));
        }
        const green = stored.rgb[i + 1] as number;
        least = Math.min(least, green);
        most = Math.max(most, green);
        pixels++;
        if (off <= tolerance) equal++;
        apart += other;
      }
    }
    if (equal >= 0.9 * pixels && apart >= otherLevels * pixels && most - least > plainLevels) cells[cell] = 1;
  }
  return { columns, cells };
}

/** Share of a box that lies in shown cells. */
export function shownShare(area: Area, shown: { columns: number; cells: Uint8Array }, picture: { widthPx: number; heightPx: number }): number {
  const { x0, y0, x1, y1 } = span(area, picture);
  let hits = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) if (shown.cells[Math.floor(y / cellPx) * shown.columns + Math.floor(x / cellPx)] !== 0) hits++;
  return x1 <= x0 || y1 <= y0 ? 0 : hits / ((x1 - x0) * (y1 - y0));
}

/**
 * Does the middle of a box look in the picture as it does in the frame, wherever it came from? The learned scene must not hold who is
 * there either. `null`: too plain to tell.
 */
export function resembles(area: Area, stored: Pixels, frame: Pixels): boolean | null {
  const { x0, y0, x1, y1 } = span({ x: area.x + 0.25 * area.w, y: area.y + 0.12 * area.h, w: 0.5 * area.w, h: 0.76 * area.h }, stored);
  let [n, near, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const i = (y * stored.widthPx + x) * 3;
      let off = 0;
      for (let c = 0; c < 3; c++) off = Math.max(off, Math.abs((stored.rgb[i + c] as number) - (frame.rgb[i + c] as number)));
      const a = lumaAt(stored.rgb, i);
      const b = lumaAt(frame.rgb, i);
      n++;
      if (off <= 16) near++;
      sumA += a;
      sumB += b;
      sumAA += a * a;
      sumBB += b * b;
      sumAB += a * b;
    }
  }
  if (n < 30) return null;
  const varianceA = sumAA / n - (sumA / n) ** 2;
  const varianceB = sumBB / n - (sumB / n) ** 2;
  if (varianceB < 36) return null;
  const correlation = varianceA < 1 ? 0 : (sumAB / n - (sumA / n) * (sumB / n)) / Math.sqrt(varianceA * varianceB);
  return near >= 0.6 * n && correlation >= 0.8;
}

function lumaAt(rgb: Uint8Array, i: number): number {
  return (77 * (rgb[i] as number) + 150 * (rgb[i + 1] as number) + 29 * (rgb[i + 2] as number)) / 256;
}

/** Share of a box that differs between the picture with signs and the one without: how much of it is a sign. */
export function signShare(area: Area, withSigns: Pixels, without: Pixels): number {
  const { x0, y0, x1, y1 } = span(area, withSigns);
  let signs = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const i = (y * withSigns.widthPx + x) * 3;
      if ([0, 1, 2].some((c) => Math.abs((withSigns.rgb[i + c] as number) - (without.rgb[i + c] as number)) > 24)) signs++;
    }
  }
  return x1 <= x0 || y1 <= y0 ? 0 : signs / ((x1 - x0) * (y1 - y0));
}

export function overlap(a: Area, b: Area): number {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return w > 0 && h > 0 ? (w * h) / (a.w * a.h + b.w * b.h - w * h) : 0;
}

/** @param share 0.5 is the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
