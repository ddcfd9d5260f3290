/** A small car: a side profile drawn out to its width, seen from wherever it drives. No plate. */
import { shade, type Canvas } from './canvas.js';
import type { Place } from './path.js';
import type { Spot } from './view.js';

/** Side profile from the tail to the nose, metres: [along, up]. The bonnet is at positive `along`. */
const body: readonly (readonly [number, number])[] = [
  [-2.05, 0.32], [-2.1, 0.72], [-2.0, 0.95], [-1.75, 1.02], [-1.1, 1.46], [0.25, 1.48], [1.0, 1.0], [1.85, 0.88], [2.1, 0.7], [2.12, 0.32],
];
const glass: readonly (readonly [number, number])[] = [[-1.5, 1.03], [-1.02, 1.38], [0.2, 1.4], [0.82, 1.03]];
const halfWidthM = 0.84;
const wheels = [-1.3, 1.32];
const wheelRadiusM = 0.33;

export function paintCar(canvas: Canvas, place: Place, colour: string): void {
  const [x, z] = place.at;
  const [hx, hz] = place.heading;
  const spot = (along: number, side: number, up: number): Spot => [x + hx * along + hz * side, up, z + hz * along - hx * side];
  // The flank that is turned to the camera: its normal points towards the origin.
  const near = hz * x - hx * z < 0 ? 1 : -1;
  canvas.face([spot(-2.2, -1, 0), spot(2.3, -1, 0), spot(2.3, 1, 0), spot(-2.2, 1, 0)].map(([a, , c]) => [a + 0.15, 0, c]), '#10130d', 'opacity="0.45"');
  const faces: { spots: Spot[]; fill: string; depth: number }[] = [];
  for (let i = 0; i + 1 < body.length; i++) {
    const [a, b] = [body[i] ?? [0, 0], body[i + 1] ?? [0, 0]];
    const spots = [spot(a[0], -halfWidthM, a[1]), spot(b[0], -halfWidthM, b[1]), spot(b[0], halfWidthM, b[1]), spot(a[0], halfWidthM, a[1])];
    const isGlass = (i === 3 || i === 5) && b[1] !== a[1];
    const flat = Math.abs(b[1] - a[1]) < 0.2;
    faces.push({ spots, fill: isGlass ? '#33414b' : shade(colour, flat ? 0.28 : -0.12), depth: Math.hypot((spots[0]?.[0] ?? 0) + (spots[2]?.[0] ?? 0), (spots[0]?.[2] ?? 0) + (spots[2]?.[2] ?? 0)) });
  }
  faces.sort((a, b) => b.depth - a.depth);
  for (const face of faces) canvas.face(face.spots, face.fill);
  for (const at of wheels) wheel(canvas, spot, at, near * (halfWidthM - 0.12));
  const flank = body.map(([along, up]) => spot(along, near * halfWidthM, up));
  canvas.face(flank, canvas.gradient([[0, shade(colour, 0.3)], [0.45, colour], [1, shade(colour, -0.42)]]));
  canvas.face(glass.map(([along, up]) => spot(along, near * halfWidthM, up)), canvas.gradient([[0, '#5b6f7d'], [1, '#2b3740']]));
  canvas.line(spot(-0.35, near * halfWidthM, 1.03), spot(-0.35, near * halfWidthM, 1.4), shade(colour, -0.2), 0.08);
  canvas.line(spot(-0.35, near * halfWidthM, 0.4), spot(-0.35, near * halfWidthM, 1.0), shade(colour, -0.45), 0.025);
  canvas.line(spot(-2.0, near * halfWidthM, 0.62), spot(2.05, near * halfWidthM, 0.62), shade(colour, -0.3), 0.035);
  canvas.line(spot(2.02, near * 0.7, 0.72), spot(2.04, near * halfWidthM, 0.74), '#f6f1d8', 0.12);
  canvas.line(spot(-2.08, near * 0.7, 0.76), spot(-2.06, near * halfWidthM, 0.76), '#a3231d', 0.12);
  for (const at of wheels) wheel(canvas, spot, at, near * halfWidthM);
}

function wheel(canvas: Canvas, spot: (along: number, side: number, up: number) => Spot, along: number, side: number): void {
  const ring = (radius: number): Spot[] =>
    Array.from({ length: 14 }, (_, i) => spot(along + radius * Math.cos((i / 7) * Math.PI), side, wheelRadiusM + radius * Math.sin((i / 7) * Math.PI)));
  canvas.face(ring(wheelRadiusM), '#1b1c1e');
  canvas.face(ring(wheelRadiusM * 0.58), '#9aa0a6');
  canvas.face(ring(wheelRadiusM * 0.22), '#4b5056');
}
