/** Where an actor is at a time: a line of points on the ground, walked at one speed. */
import type { Ground } from './view.js';

export interface Path {
  readonly points: readonly Ground[];
  readonly startSecond: number;
  readonly speedMPerS: number;
}

export interface Place {
  readonly at: Ground;
  /** unit vector of the movement */
  readonly heading: Ground;
  /** metres from the start */
  readonly walkedM: number;
}

/** @returns undefined before the start and after the end: the actor is not there */
export function placeOn(path: Path, second: number): Place | undefined {
  const walkedM = (second - path.startSecond) * path.speedMPerS;
  if (walkedM < 0) return undefined;
  let left = walkedM;
  for (let i = 0; i + 1 < path.points.length; i++) {
    const [a, b] = [path.points[i] ?? [0, 1], path.points[i + 1] ?? [0, 1]];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (left <= length) {
      const t = length === 0 ? 0 : left / length;
      return { at: [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t], heading: [(b[0] - a[0]) / length, (b[1] - a[1]) / length], walkedM };
    }
    left -= length;
  }
  return undefined;
}
