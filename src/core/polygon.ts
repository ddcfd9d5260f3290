/**
 * Polygons in normalised picture coordinates: x to the right, y down, both 0..1 of the frame's width and height.
 * A polygon is an open ring (the last point is not the first again) of 3 to 64 points.
 */
export type Point = readonly [x: number, y: number];
export type Polygon = readonly Point[];

/** Even-odd rule (Shimrat 1962); points on an edge may fall on either side. */
export function containsPoint(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const a = polygon[i];
    const b = polygon[j];
    if (!a || !b) continue;
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
  }
  return inside;
}

/** Unsigned area by the shoelace formula, share of the frame 0..1. */
export function polygonArea(polygon: Polygon): number {
  let twice = 0;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const a = polygon[i];
    const b = polygon[j];
    if (a && b) twice += b[0] * a[1] - a[0] * b[1];
  }
  return Math.abs(twice) / 2;
}

/** True when no two edges that do not share a vertex cross: such a ring has one inside. */
export function isSimplePolygon(polygon: Polygon): boolean {
  const n = polygon.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (j === i + 1 || (i === 0 && j === n - 1)) continue;
      const [a, b, c, d] = [polygon[i], polygon[(i + 1) % n], polygon[j], polygon[(j + 1) % n]];
      if (a && b && c && d && segmentsCross(a, b, c, d)) return false;
    }
  }
  return true;
}

function segmentsCross(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point): number => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}
