/** A polygon that is being drawn on a picture, in normalised coordinates. The API judges it again. */
export type ZonePoint = readonly [x: number, y: number];

export type DrawingFault = 'few-points' | 'crosses' | 'tiny';

const clamp = (n: number): number => Math.min(1, Math.max(0, Math.round(n * 10_000) / 10_000));

/** A click at (x, y) px of a picture that is shown `widthPx` by `heightPx`. */
export function pointAt(xPx: number, yPx: number, widthPx: number, heightPx: number): ZonePoint {
  return [clamp(xPx / widthPx), clamp(yPx / heightPx)];
}

/** A second click on the spot is no new point; 64 is the most that a zone may have. */
export function addPoint(points: readonly ZonePoint[], next: ZonePoint): readonly ZonePoint[] {
  const last = points.at(-1);
  const near = last && Math.hypot(last[0] - next[0], last[1] - next[1]) < 0.005;
  return near || points.length >= 64 ? points : [...points, next];
}

/** True when `next` is so near the first point that the click means "close". */
export function closes(points: readonly ZonePoint[], next: ZonePoint): boolean {
  const first = points[0];
  return points.length >= 3 && first !== undefined && Math.hypot(first[0] - next[0], first[1] - next[1]) < 0.02;
}

export function areaOf(points: readonly ZonePoint[]): number {
  return Math.abs(points.reduce((sum, [x, y], i) => sum + (points.at(i - 1)?.[0] ?? 0) * y - x * (points.at(i - 1)?.[1] ?? 0), 0)) / 2;
}

/** Why it cannot be finished, or null. */
export function faultOf(points: readonly ZonePoint[]): DrawingFault | null {
  if (points.length < 3) return 'few-points';
  if (crossesItself(points)) return 'crosses';
  return areaOf(points) < 0.0005 ? 'tiny' : null;
}

/** @param isClosed false: a line from the first point to the last, without the side that would close it */
export function crossesItself(p: readonly ZonePoint[], isClosed = true): boolean {
  const side = (a: ZonePoint, b: ZonePoint, c: ZonePoint): number => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  const sides = isClosed ? p.length : p.length - 1;
  return p.some((a, i) =>
    p.some((c, j) => {
      if (j < i + 2 || i >= sides || j >= sides || (isClosed && i === 0 && j === p.length - 1)) return false;
      const b = p[(i + 1) % p.length] ?? a;
      const d = p[(j + 1) % p.length] ?? c;
      return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
    }),
  );
}

/** For the `points` of an SVG polygon in a 0 0 1000 1000 box. */
export function svgPoints(points: readonly ZonePoint[]): string {
  return points.map(([x, y]) => `${(x * 1000).toFixed(1)},${(y * 1000).toFixed(1)}`).join(' ');
}

/** Where its name is written. */
export function centreOf(points: readonly ZonePoint[]): ZonePoint {
  const n = Math.max(1, points.length);
  return [points.reduce((s, p) => s + p[0], 0) / n, points.reduce((s, p) => s + p[1], 0) / n];
}
