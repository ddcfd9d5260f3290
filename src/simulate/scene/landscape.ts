/** What a village stands on: sky, hills, meadow, roads, water, trees, poles, fences. */
import type { Random } from '../random.js';
import { round, shade, type Canvas } from './canvas.js';
import type { Ground, Spot } from './view.js';

export interface Light {
  readonly skyTop: string;
  readonly skyLow: string;
  readonly hill: string;
  readonly grass: string;
}

export const daylight: Light = { skyTop: '#7fa9cf', skyLow: '#dfe9ee', hill: '#7f9a86', grass: '#7c9557' };
export const overcast: Light = { skyTop: '#a9b3bb', skyLow: '#dcdfe0', hill: '#7d8c85', grass: '#74875a' };
export const evening: Light = { skyTop: '#6f8fb4', skyLow: '#f0d9b8', hill: '#8a8a83', grass: '#86905a' };

export function paintSky(canvas: Canvas, light: Light, random: Random): void {
  const { widthPx, horizonPx } = canvas.view;
  const bottom = horizonPx + 4;
  canvas.add(`<rect width="${widthPx}" height="${bottom}" fill="${canvas.gradient([[0, light.skyTop], [1, light.skyLow]])}"/>`);
  for (let i = 0; i < 7; i++) {
    const [x, y, r] = [random.between(-40, widthPx), random.between(2, horizonPx * 0.6), random.between(30, 90)];
    canvas.add(`<ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(r)}" ry="${round(r * 0.16)}" fill="#ffffff" opacity="${round(random.between(0.12, 0.3))}"/>`);
  }
  for (const [height, tint] of [[22, 0.35], [13, 0.12], [7, -0.1]] as const) {
    let path = `M0 ${bottom}`;
    const [a, b] = [random.between(0, 6), random.between(0, 6)];
    for (let x = 0; x <= widthPx; x += 8) path += ` L${x} ${round(bottom - height * (0.55 + 0.3 * Math.sin(x / 97 + a) + 0.15 * Math.sin(x / 31 + b)))}`;
    canvas.add(`<path d="${path} L${widthPx} ${bottom}Z" fill="${shade(light.hill, tint)}"/>`);
  }
}

export function paintMeadow(canvas: Canvas, light: Light, random: Random): void {
  const { widthPx, heightPx, horizonPx } = canvas.view;
  canvas.add(`<rect y="${horizonPx}" width="${widthPx}" height="${heightPx - horizonPx}" fill="${canvas.gradient([[0, shade(light.grass, 0.3)], [0.3, light.grass], [1, shade(light.grass, -0.22)]])}"/>`);
  for (let i = 0; i < 420; i++) {
    const z = 6 + 60 * random.next() ** 2;
    const x = random.between(-0.75, 0.75) * z;
    const [px, py] = canvas.view.project([x, 0, z]);
    const size = canvas.view.pxPerM(z) * random.between(0.1, 0.35);
    canvas.add(`<ellipse cx="${round(px)}" cy="${round(py)}" rx="${round(size)}" ry="${round(size * 0.22)}" fill="${shade(light.grass, random.between(-0.3, 0.22))}" opacity="0.5"/>`);
  }
}

/** Grain on the ground, so that it is no flat area. */
export function paintGrain(canvas: Canvas, seed: number): void {
  const { widthPx, heightPx, horizonPx } = canvas.view;
  canvas.add(
    `<filter id="grain" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency="0.35 0.9" numOctaves="3" seed="${seed % 1000}"/><feColorMatrix values="0 0 0 0 0.1  0 0 0 0 0.1  0 0 0 0 0.08  0 0 0 1.1 -0.42"/></filter><rect y="${horizonPx + 6}" width="${widthPx}" height="${heightPx - horizonPx - 6}" filter="url(#grain)" opacity="0.34"/>`,
  );
}

const onGround = (points: readonly Ground[], y = 0): Spot[] => points.map(([x, z]) => [x, y, z]);

export function paintGround(canvas: Canvas, points: readonly Ground[], colour: string, edge?: string): void {
  canvas.face(onGround(points), canvas.gradient([[0, shade(colour, 0.16)], [1, shade(colour, -0.12)]]), edge ? `stroke="${edge}" stroke-width="1"` : '');
}

/** A road between two rows of points, with worn wheel tracks and a broken centre line along its middle. */
export function paintRoad(canvas: Canvas, left: readonly Ground[], right: readonly Ground[], colour: string): void {
  const wide = (row: readonly Ground[], other: readonly Ground[], by: number): Ground[] =>
    row.map(([x, z], i) => {
      const [ox, oz] = other[i] ?? [x, z];
      return [x + (x - ox) * by, z + (z - oz) * by];
    });
  paintGround(canvas, [...wide(left, right, 0.12), ...wide(right, left, 0.12).reverse()], '#9b927c');
  paintGround(canvas, [...left, ...[...right].reverse()], colour);
  const along = (share: number, i: number): Ground => {
    const [[lx, lz], [rx, rz]] = [left[i] ?? [0, 1], right[i] ?? [0, 1]];
    return [lx + (rx - lx) * share, lz + (rz - lz) * share];
  };
  for (let i = 0; i + 1 < left.length; i++) {
    for (const track of [0.2, 0.33, 0.67, 0.8]) {
      const [a, b] = [along(track, i), along(track, i + 1)];
      canvas.line([a[0], 0, a[1]], [b[0], 0, b[1]], '#2c2c2c', 0.3, 'opacity="0.13"');
    }
    const [a, b] = [along(0.5, i), along(0.5, i + 1)];
    for (let s = 0; s < 12; s++) {
      const [p, q] = [s / 12, (s + 0.45) / 12];
      const spot = (t: number): Spot => [a[0] + (b[0] - a[0]) * t, 0, a[1] + (b[1] - a[1]) * t];
      canvas.line(spot(p), spot(q), '#e9e6da', 0.09, 'opacity="0.75"');
    }
  }
}

/** A wire fence with posts along a line on the ground. */
export function paintFence(canvas: Canvas, points: readonly Ground[], heightM: number, colour: string): void {
  for (let i = 0; i + 1 < points.length; i++) {
    const [[ax, az], [bx, bz]] = [points[i] ?? [0, 1], points[i + 1] ?? [0, 1]];
    const posts = Math.max(1, Math.round(Math.hypot(bx - ax, bz - az) / 1.6));
    const spot = (t: number, y: number): Spot => [ax + (bx - ax) * t, y, az + (bz - az) * t];
    for (const y of [0.15, 0.4, 0.65, 0.9]) canvas.line(spot(0, heightM * y), spot(1, heightM * y), shade(colour, 0.25), 0.025, 'opacity="0.8"');
    for (let p = 0; p <= posts; p++) canvas.line(spot(p / posts, 0), spot(p / posts, heightM), colour, 0.08);
  }
}

/** A broad-leaved tree: trunk, boughs, and a crown of many lobes, lit from the left. */
export function paintTree(canvas: Canvas, random: Random, [x, z]: Ground, heightM: number, colour: string): void {
  const scale = canvas.view.pxPerM(z);
  const [px, py] = canvas.view.project([x, 0, z]);
  canvas.add(`<ellipse cx="${round(px + heightM * scale * 0.12)}" cy="${round(py)}" rx="${round(heightM * scale * 0.32)}" ry="${round(heightM * scale * 0.05)}" fill="#20281a" opacity="0.3"/>`);
  canvas.line([x, 0, z], [x + 0.1, heightM * 0.5, z], '#5d4a38', heightM * 0.05, 'stroke-linecap="round"');
  for (const lean of [-0.16, 0.14]) canvas.line([x, heightM * 0.32, z], [x + heightM * lean, heightM * 0.6, z], '#57442f', heightM * 0.025);
  for (let i = 0; i < 70; i++) {
    const angle = random.between(0, Math.PI * 2);
    const reach = Math.sqrt(random.next());
    const [cx, cy] = [x + Math.cos(angle) * reach * heightM * 0.27, heightM * (0.66 + Math.sin(angle) * reach * 0.27)];
    const [sx, sy] = canvas.view.project([cx, cy, z]);
    const light = 0.2 * Math.sin(angle) * reach - 0.16 * Math.cos(angle) * reach + random.between(-0.14, 0.1);
    const r = heightM * scale * random.between(0.04, 0.085);
    canvas.add(`<ellipse cx="${round(sx)}" cy="${round(sy)}" rx="${round(r)}" ry="${round(r * 0.8)}" fill="${shade(colour, Math.max(-0.6, Math.min(0.5, light)))}" opacity="0.92"/>`);
  }
}

/** Power poles with sagging wires between them. */
export function paintPoles(canvas: Canvas, spots: readonly Ground[], heightM = 7): void {
  for (let i = spots.length - 1; i >= 0; i--) {
    const [x, z] = spots[i] ?? [0, 1];
    canvas.line([x, 0, z], [x, heightM, z], '#6f675c', 0.2);
    canvas.line([x - 0.7, heightM - 0.4, z], [x + 0.7, heightM - 0.4, z], '#5f574c', 0.12);
    const next = spots[i + 1];
    if (!next) continue;
    for (const side of [-0.6, 0, 0.6]) {
      const from = canvas.view.project([x + side, heightM - 0.3, z]);
      const to = canvas.view.project([next[0] + side, heightM - 0.3, next[1]]);
      const sag = Math.abs(from[1] - to[1]) * 0.15 + 5;
      canvas.add(`<path d="M${round(from[0])} ${round(from[1])} Q${round((from[0] + to[0]) / 2)} ${round((from[1] + to[1]) / 2 + sag)} ${round(to[0])} ${round(to[1])}" fill="none" stroke="#3c3c40" stroke-width="0.7" opacity="0.7"/>`);
    }
  }
}
