/**
 * Flat signs for what was detected, from the box alone: a head and a body for a person, a low body with a cabin for a vehicle, an
 * oval for an animal, a hatched box for a change. Never an outline of the real thing: a gait or a build is not shown.
 */
import type { Detection, DetectionClass } from '../../contract/detection.js';

type Colour = readonly [red: number, green: number, blue: number];

export const classColours: Readonly<Record<DetectionClass, Colour>> = {
  person: [240, 128, 24],
  vehicle: [36, 108, 214],
  animal: [46, 158, 72],
  change: [96, 96, 96],
};
const rim: Colour = [250, 250, 250];
/** A change is hatched, not filled: what it is is not known, and the place behind stays to be seen. */
const hatch: Colour = [244, 180, 26];
const hatchPx = 12;

export interface Canvas {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** may this pixel be painted? */
  readonly open: (xPx: number, yPx: number) => boolean;
}

/** Coverage of a sign in coordinates of its box, u to the right and v down, 0..1. */
const shapes: Readonly<Record<DetectionClass, (u: number, v: number) => boolean>> = {
  person: (u, v) => disc(u, v, 0.5, 0.14, 0.24, 0.13) || rounded(u, v, 0.14, 0.3, 0.86, 1, 0.3, 0.16),
  vehicle: (u, v) => rounded(u, v, 0.02, 0.36, 0.98, 0.96, 0.1, 0.16) || rounded(u, v, 0.18, 0.06, 0.82, 0.6, 0.14, 0.2),
  animal: (u, v) => disc(u, v, 0.46, 0.58, 0.42, 0.34) || disc(u, v, 0.84, 0.3, 0.15, 0.22),
  change: () => false,
};

export function drawSilhouette(canvas: Canvas, detection: Detection): void {
  const { xPx, yPx, widthPx, heightPx } = detection;
  const colour = classColours[detection.class];
  const shape = shapes[detection.class];
  const x0 = Math.max(0, Math.floor(xPx));
  const y0 = Math.max(0, Math.floor(yPx));
  const x1 = Math.min(canvas.widthPx, Math.ceil(xPx + widthPx));
  const y1 = Math.min(canvas.heightPx, Math.ceil(yPx + heightPx));
  const thin = Math.max(1, Math.round(Math.min(widthPx, heightPx) / 40));
  const inside = (x: number, y: number): boolean => shape((x + 0.5 - xPx) / widthPx, (y + 0.5 - yPx) / heightPx);
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      if (!canvas.open(x, y)) continue;
      const at = (y * canvas.widthPx + x) * 3;
      if (detection.class === 'change') {
        const edge = Math.min(x - x0, x1 - 1 - x, y - y0, y1 - 1 - y);
        if (edge < 2) paint(canvas.rgb, at, edge === 0 ? rim : colour);
        else if ((x + y) % hatchPx < hatchPx / 2) tint(canvas.rgb, at, hatch);
      } else if (inside(x, y)) {
        paint(canvas.rgb, at, colour);
      } else if (inside(x - thin, y) || inside(x + thin, y) || inside(x, y - thin) || inside(x, y + thin)) {
        paint(canvas.rgb, at, rim);
      }
    }
  }
}

function paint(rgb: Uint8Array, at: number, colour: Colour): void {
  rgb[at] = colour[0];
  rgb[at + 1] = colour[1];
  rgb[at + 2] = colour[2];
}

/** Half of what lies there: inside the mask that is the backdrop or the flat fill, never the frame. */
function tint(rgb: Uint8Array, at: number, colour: Colour): void {
  for (let c = 0; c < 3; c++) rgb[at + c] = ((rgb[at + c] as number) + (colour[c] as number)) >> 1;
}

function disc(u: number, v: number, cu: number, cv: number, ru: number, rv: number): boolean {
  return ((u - cu) / ru) ** 2 + ((v - cv) / rv) ** 2 <= 1;
}

function rounded(u: number, v: number, u0: number, v0: number, u1: number, v1: number, ru: number, rv: number): boolean {
  if (u < u0 || u > u1 || v < v0 || v > v1) return false;
  const du = Math.max(u0 + ru - u, u - (u1 - ru), 0) / ru;
  const dv = Math.max(v0 + rv - v, v - (v1 - rv), 0) / rv;
  return du * du + dv * dv <= 1;
}
