/**
 * A camera as a pinhole: which point of the world is seen where in its picture, and which way a point of the picture
 * looks (reference: standards 1.2). Rectilinear lenses only; the ground is taken for flat, the camera for level (no roll).
 */

/** Metres east, north and up; the camera's foot on the ground is the origin. */
export type WorldPoint = readonly [eastM: number, northM: number, upM: number];

export interface PinholePose {
  /** above the ground */
  readonly mountHeightM: number;
  /** clockwise from north */
  readonly azimuthDeg: number;
  /** depression of the axis below the horizon */
  readonly tiltDeg: number;
  readonly horizontalFovDeg: number;
  readonly verticalFovDeg: number;
}

export interface PinholeView {
  readonly eye: WorldPoint;
  /** Where a point stands in the picture, 0..1 when it is inside, and how deep along the axis; null behind the camera. */
  project(point: WorldPoint): { readonly x: number; readonly y: number; readonly depthM: number } | null;
  /** The way that a point of the picture (0..1) looks; its component along the axis is 1. */
  ray(x: number, y: number): WorldPoint;
}

export function createPinholeView({ mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, verticalFovDeg }: PinholePose): PinholeView {
  const [azimuth, tilt] = [radians(azimuthDeg), radians(tiltDeg)];
  const [sinA, cosA, sinT, cosT] = [Math.sin(azimuth), Math.cos(azimuth), Math.sin(tilt), Math.cos(tilt)];
  const forward: WorldPoint = [sinA * cosT, cosA * cosT, -sinT];
  const right: WorldPoint = [cosA, -sinA, 0];
  const down: WorldPoint = [-sinA * sinT, -cosA * sinT, -cosT];
  /** half of the picture at depth 1 */
  const [halfWidth, halfHeight] = [Math.tan(radians(horizontalFovDeg) / 2), Math.tan(radians(verticalFovDeg) / 2)];
  return {
    eye: [0, 0, mountHeightM],
    project([eastM, northM, upM]) {
      const from: WorldPoint = [eastM, northM, upM - mountHeightM];
      const depthM = dot(from, forward);
      if (depthM <= 1e-6) return null;
      return { x: 0.5 + dot(from, right) / depthM / halfWidth / 2, y: 0.5 + dot(from, down) / depthM / halfHeight / 2, depthM };
    },
    ray(x, y) {
      const [toRight, toDown] = [(x - 0.5) * 2 * halfWidth, (y - 0.5) * 2 * halfHeight];
      return [forward[0] + toRight * right[0] + toDown * down[0], forward[1] + toRight * right[1] + toDown * down[1], forward[2] + toDown * down[2]];
    },
  };
}

/** With square pixels the picture's sides tell it: tan(VFOV/2) = tan(HFOV/2) · height / width. */
export function verticalFovDegOf(horizontalFovDeg: number, widthPx: number, heightPx: number): number {
  return (2 * Math.atan((Math.tan(radians(horizontalFovDeg) / 2) * heightPx) / widthPx) * 180) / Math.PI;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function dot(a: WorldPoint, b: WorldPoint): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
