/** Does something grow? A line through block means, with an interval that knows that neighbours in time are alike. */

export interface Point {
  readonly hours: number;
  readonly value: number;
}
export interface Slope {
  /** per hour */
  readonly perHour: number;
  /** half of the 95 % interval, per hour */
  readonly interval: number;
  readonly blocks: number;
  /** the whole interval lies above zero */
  readonly grows: boolean;
}

/**
 * @param of a block's value: `mean`, or `least` for what is swept now and then (a heap)
 * @returns null with fewer than 6 blocks
 */
export function fitSlope(points: readonly Point[], blocks = 24, of: 'mean' | 'least' = 'mean'): Slope | null {
  const first = points[0]?.hours ?? 0;
  const span = (points[points.length - 1]?.hours ?? 0) - first;
  if (span <= 0) return null;
  const parts = Array.from({ length: blocks }, () => [] as Point[]);
  for (const p of points) parts[Math.min(blocks - 1, Math.floor(((p.hours - first) / span) * blocks))]?.push(p);
  const means = parts.filter((part) => part.length > 0).map((part) => ({
    hours: part.reduce((t, p) => t + p.hours, 0) / part.length,
    value: of === 'mean' ? part.reduce((t, p) => t + p.value, 0) / part.length : Math.min(...part.map((p) => p.value)),
  }));
  const n = means.length;
  if (n < 6) return null;
  const meanX = means.reduce((t, p) => t + p.hours, 0) / n;
  const meanY = means.reduce((t, p) => t + p.value, 0) / n;
  const squares = means.reduce((t, p) => t + (p.hours - meanX) ** 2, 0);
  const perHour = means.reduce((t, p) => t + (p.hours - meanX) * (p.value - meanY), 0) / squares;
  const rest = means.map((p) => p.value - meanY - perHour * (p.hours - meanX));
  const energy = rest.reduce((t, r) => t + r * r, 0);
  const alike = energy === 0 ? 0 : Math.max(0, Math.min(0.9, rest.slice(1).reduce((t, r, i) => t + r * (rest[i] as number), 0) / energy));
  const freedom = n - 2;
  // Student's t for 95 %, to within 2 % from 4 degrees on.
  const t = 1.96 + 2.37 / freedom + 2.8 / freedom ** 2;
  const interval = t * Math.sqrt(energy / freedom / squares) * Math.sqrt((1 + alike) / (1 - alike));
  return { perHour, interval, blocks: n, grows: perHour - interval > 0 };
}
