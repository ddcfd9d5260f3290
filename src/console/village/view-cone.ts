/** What a camera sees on the map, roughly: a sector of fixed length on the screen, turned by its azimuth. */

/** SVG path of a sector around (0, 0), y down, 0° is north, clockwise. `fovDeg` is kept within 1..180. */
export function conePath(azimuthDeg: number, fovDeg: number, radiusPx: number): string {
  const half = Math.min(180, Math.max(1, fovDeg)) / 2;
  const point = (deg: number): string => {
    const rad = (deg * Math.PI) / 180;
    return `${(radiusPx * Math.sin(rad)).toFixed(2)} ${(-radiusPx * Math.cos(rad)).toFixed(2)}`;
  };
  return `M0 0L${point(azimuthDeg - half)}A${radiusPx} ${radiusPx} 0 0 1 ${point(azimuthDeg + half)}Z`;
}

export interface Placed {
  readonly longitude: number;
  readonly latitude: number;
}

export function isPlaced(c: { longitude: number | null; latitude: number | null }): c is Placed {
  return c.longitude !== null && c.latitude !== null;
}
