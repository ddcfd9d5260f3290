/** A zone under the hand: corners being set one by one, then a closed outline whose corners are moved, added, removed. */
import { addPoint, crossesItself, faultOf, pointAt, type DrawingFault, type ZonePoint } from './zone-drawing.js';

export interface Sketch {
  readonly points: readonly ZonePoint[];
  /** false while corners are still being set */
  readonly closed: boolean;
}

export const emptySketch: Sketch = { points: [], closed: false };
const mostPoints = 64;

/** Whether it could be saved; while corners are being set only what more corners cannot mend is a fault. */
export function sketchFault(sketch: Sketch): DrawingFault | null {
  if (sketch.closed) return faultOf(sketch.points);
  return crossesItself(sketch.points, false) ? 'crosses' : null;
}

/** Onto the picture's edge when it is nearer than the tolerance: nobody hits the last pixel by hand. */
export function snapped([x, y]: ZonePoint, toleranceX: number, toleranceY: number): ZonePoint {
  const snap = (n: number, tolerance: number): number => (n <= tolerance ? 0 : n >= 1 - tolerance ? 1 : n);
  return [snap(x, toleranceX), snap(y, toleranceY)];
}

export function withCorner(sketch: Sketch, at: ZonePoint): Sketch {
  const points = addPoint(sketch.points, at);
  return points === sketch.points ? sketch : { ...sketch, points };
}

export function withoutLast(sketch: Sketch): Sketch {
  return sketch.points.length === 0 ? sketch : { ...sketch, points: sketch.points.slice(0, -1) };
}

export function closed(sketch: Sketch): Sketch {
  return sketch.closed || sketch.points.length < 3 ? sketch : { ...sketch, closed: true };
}

export function cornerMoved(sketch: Sketch, index: number, to: ZonePoint): Sketch {
  const held = sketch.points[index];
  const at = pointAt(to[0], to[1], 1, 1);
  if (!held || (held[0] === at[0] && held[1] === at[1])) return sketch;
  return { ...sketch, points: sketch.points.map((p, i) => (i === index ? at : p)) };
}

/** A new corner on the side after `index`, in its middle unless `at` says where. */
export function cornerInserted(sketch: Sketch, index: number, at?: ZonePoint): Sketch {
  const a = sketch.points[index];
  const b = sketch.points[(index + 1) % sketch.points.length];
  if (!a || !b || sketch.points.length >= mostPoints) return sketch;
  const [x, y] = at ?? [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return { ...sketch, points: [...sketch.points.slice(0, index + 1), pointAt(x, y, 1, 1), ...sketch.points.slice(index + 1)] };
}

/** A zone keeps three corners. */
export function cornerRemoved(sketch: Sketch, index: number): Sketch {
  return sketch.points.length <= 3 || !sketch.points[index] ? sketch : { ...sketch, points: sketch.points.filter((_, i) => i !== index) };
}

/** The whole outline, as far as the picture goes: its shape stays. */
export function shifted(sketch: Sketch, dx: number, dy: number): Sketch {
  const within = (values: readonly number[], d: number): number => Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), d));
  const [x, y] = [within(sketch.points.map((p) => p[0]), dx), within(sketch.points.map((p) => p[1]), dy)];
  if (sketch.points.length === 0 || (x === 0 && y === 0)) return sketch;
  return { ...sketch, points: sketch.points.map((p) => pointAt(p[0] + x, p[1] + y, 1, 1)) };
}
