/**
 * The part of the ground that a camera sees, as a sector between a near and a far distance. For looking at, not for
 * judging coverage: that is done on a grid, with occluders (DESIGN.md 5.7).
 */
import { pointToward, type GroundPoint } from './local-plane.js';

/** As far as a cone is drawn, metres: a view to the horizon would cover the map. */
export const longestReachM = 80;
/** What is drawn, and said to be a guess, where the angle of view or the distances are not known. */
export const guessedFovDeg = 60;
const guessedReachM = 30;
const rad = Math.PI / 180;

export interface View {
  readonly mountHeightM: number | null;
  readonly tiltDeg: number | null;
  readonly azimuthDeg: number | null;
  readonly horizontalFovDeg: number | null;
}

export type Reach =
  /** `farM` null: to the horizon */
  | { readonly status: 'known'; readonly nearM: number; readonly farM: number | null }
  /** the view ends above the horizon: no ground in it */
  | { readonly status: 'sky' }
  /** height, tilt or angle of view is missing */
  | { readonly status: 'unknown' };

/** VFOV of a rectilinear lens, degrees. @param aspect width through height of the picture */
export function verticalFovDeg(horizontalFovDeg: number, aspect: number): number {
  return (2 * Math.atan(Math.tan((Math.min(179, horizontalFovDeg) * rad) / 2) / aspect)) / rad;
}

/** dNear = H / tan(t + VFOV/2), dFar = H / tan(t − VFOV/2): EN 62676-4 geometry, on the ground (target height 0). */
export function reachOf(view: View, aspect = 16 / 9): Reach {
  if (view.mountHeightM === null || view.tiltDeg === null || view.horizontalFovDeg === null) return { status: 'unknown' };
  const half = verticalFovDeg(view.horizontalFovDeg, aspect) / 2;
  const [lower, upper] = [view.tiltDeg + half, view.tiltDeg - half];
  if (lower <= 0) return { status: 'sky' };
  const nearM = lower >= 90 ? 0 : view.mountHeightM / Math.tan(lower * rad);
  if (upper >= 90) return { status: 'known', nearM: 0, farM: 0 };
  return { status: 'known', nearM, farM: upper <= 0 ? null : view.mountHeightM / Math.tan(upper * rad) };
}

export interface DrawnReach {
  readonly nearM: number;
  readonly farM: number;
  /** height, tilt or angle of view is missing */
  readonly guessed: boolean;
}

/** What is drawn of it; null: nothing, the camera looks into the sky. */
export function drawnReach(view: View, aspect?: number): DrawnReach | null {
  const reach = reachOf(view, aspect);
  switch (reach.status) {
    case 'sky':
      return null;
    case 'unknown':
      return { nearM: 0, farM: guessedReachM, guessed: true };
    case 'known': {
      const farM = Math.min(longestReachM, reach.farM ?? longestReachM);
      return { nearM: Math.min(reach.nearM, farM), farM: Math.max(farM, 1), guessed: false };
    }
    default:
      return reach satisfies never;
  }
}

/** Outline of the sector, an open ring; at most 6° between two points of an arc. */
export function coneRing(at: GroundPoint, azimuthDeg: number, fovDeg: number, reach: { readonly nearM: number; readonly farM: number }): GroundPoint[] {
  const fov = Math.min(180, Math.max(1, fovDeg));
  const steps = Math.max(2, Math.ceil(fov / 6));
  const arc = (metres: number): GroundPoint[] => Array.from({ length: steps + 1 }, (_, i) => pointToward(at, azimuthDeg - fov / 2 + (fov * i) / steps, metres));
  const far = arc(reach.farM);
  return reach.nearM <= 0.2 ? [at, ...far] : [...arc(reach.nearM).reverse(), ...far];
}
