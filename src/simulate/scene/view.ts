/**
 * The pinhole through which a drawn scene is seen: x to the right, y up, z away from the camera, metres; the ground is
 * y = 0 and the camera stands at x = 0, z = 0. The horizon is moved up instead of tilting the camera, so upright lines
 * stay upright.
 */
export type Ground = readonly [x: number, z: number];
export type Spot = readonly [x: number, y: number, z: number];
export type Px = readonly [x: number, y: number];

export interface View {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly mountHeightM: number;
  readonly horizontalFovDeg: number;
  readonly horizonPx: number;
  project(spot: Spot): Px;
  pxPerM(z: number): number;
}

/** Nothing nearer than this is projected: it would be behind the lens. */
const nearM = 0.5;

export function createView(options: { mountHeightM: number; horizontalFovDeg: number; horizonPx: number }): View {
  const widthPx = 640;
  const heightPx = 360;
  const focalPx = widthPx / 2 / Math.tan((options.horizontalFovDeg * Math.PI) / 360);
  return {
    widthPx,
    heightPx,
    ...options,
    project([x, y, z]) {
      const depth = Math.max(z, nearM);
      return [widthPx / 2 + (focalPx * x) / depth, options.horizonPx + (focalPx * (options.mountHeightM - y)) / depth];
    },
    pxPerM: (z) => focalPx / Math.max(z, nearM),
  };
}
