/**
 * How densely a picture shows the ground nearest to its camera, in px per metre, and how wide it may be under a ceiling
 * (DESIGN.md 5.3; reference: standards 1.2, PPM = fx / Z, for a segment parallel to the picture). Level camera, flat
 * ground, square pixels. All of a picture's other ground is farther away, and shown less densely.
 */
import { createPinholeView, verticalFovDegOf } from './pinhole-view.js';

/** The parts of a camera's pose that tell the distance of the ground; null: not known. */
export interface GroundPose {
  /** above the ground */
  readonly mountHeightM: number | null;
  /** depression of the axis below the horizon */
  readonly tiltDeg: number | null;
  readonly horizontalFovDeg: number | null;
}

/** Wider lenses bend straight lines: they are reckoned with equal angles a pixel, and as if they saw the ground straight below. */
const widestPinholeDeg = 130;

/** Where the density is not known, a picture is at most so wide, px. */
export const widestUnknownPx = 960;

/** Narrower frames cannot be judged; where the ceiling asks for less, pictures are withheld, px. */
export const narrowestPx = 160;

/**
 * Density of the nearest ground point that the picture shows.
 * @returns px per metre, or null: a part is missing, the camera stands on the ground, or no ground is in the picture
 */
export function groundDensity(pose: GroundPose | undefined, widthPx: number, heightPx: number): number | null {
  const line = densityLine(pose, widthPx, heightPx);
  return line && line.perPx * widthPx;
}

/**
 * The widest picture of a stream under a ceiling, at the stream's aspect; its height may be rounded up by a pixel.
 * @returns px, perhaps more than the stream has and perhaps less than 1; null where the density is not known
 */
export function widthUnderCeiling(pose: GroundPose | undefined, streamWidthPx: number, streamHeightPx: number, maxPxPerM: number): number | null {
  const line = densityLine(pose, streamWidthPx, streamHeightPx);
  return line && Math.floor((maxPxPerM - line.perRow) / line.perPx);
}

/** Does a picture show its nearest ground more densely than allowed, or is it too wide for one of which that is not known? */
export function isTooDense(pose: GroundPose | undefined, widthPx: number, heightPx: number, maxPxPerM: number): boolean {
  const density = groundDensity(pose, widthPx, heightPx);
  return density === null ? widthPx > widestUnknownPx : density > maxPxPerM;
}

/** Density is in proportion to the width at one aspect; `perRow`: what a row more at the lower edge adds at most. */
function densityLine(pose: GroundPose | undefined, widthPx: number, heightPx: number): { readonly perPx: number; readonly perRow: number } | null {
  const { mountHeightM = null, tiltDeg = null, horizontalFovDeg = null } = pose ?? {};
  if (mountHeightM === null || tiltDeg === null || horizontalFovDeg === null || mountHeightM <= 0 || widthPx <= 0 || heightPx <= 0) return null;
  const fovRad = (horizontalFovDeg * Math.PI) / 180;
  if (horizontalFovDeg > widestPinholeDeg) return { perPx: 1 / fovRad / mountHeightM, perRow: 0 };
  const view = createPinholeView({ mountHeightM, azimuthDeg: 0, tiltDeg, horizontalFovDeg, verticalFovDeg: verticalFovDegOf(horizontalFovDeg, widthPx, heightPx) });
  // Depth along the axis is the same all along a row, and least in the lowest.
  const [, , upM] = view.ray(0.5, 1);
  // Level or above but for rounding: the ground is never met.
  if (upM >= -1e-9) return null;
  return { perPx: -upM / (2 * Math.tan(fovRad / 2)) / mountHeightM, perRow: Math.max(0, Math.cos((tiltDeg * Math.PI) / 180)) / 2 / mountHeightM };
}
