/** Metres and degrees around one point. Good to a few centimetres within a village; not for distances over some 100 km. */
export interface GroundPoint {
  readonly longitude: number;
  readonly latitude: number;
}

const rad = Math.PI / 180;

/**
 * Length of one degree on the WGS 84 ellipsoid, metres (series of NIMA TR 8350.2). Near the poles the east length is
 * kept above zero, so that nothing divides by it.
 */
export function metresPerDegree(latitude: number): { east: number; north: number } {
  const phi = Math.min(89.9, Math.max(-89.9, latitude)) * rad;
  return {
    north: 111_132.954 - 559.822 * Math.cos(2 * phi) + 1.175 * Math.cos(4 * phi),
    east: 111_412.84 * Math.cos(phi) - 93.5 * Math.cos(3 * phi) + 0.118 * Math.cos(5 * phi),
  };
}

export function movedBy(from: GroundPoint, eastM: number, northM: number): GroundPoint {
  const m = metresPerDegree(from.latitude);
  return { longitude: wrapped(from.longitude + eastM / m.east), latitude: Math.min(90, Math.max(-90, from.latitude + northM / m.north)) };
}

export function offsetM(from: GroundPoint, to: GroundPoint): { eastM: number; northM: number } {
  const m = metresPerDegree(from.latitude);
  return { eastM: wrapped(to.longitude - from.longitude) * m.east, northM: (to.latitude - from.latitude) * m.north };
}

export function distanceM(from: GroundPoint, to: GroundPoint): number {
  const { eastM, northM } = offsetM(from, to);
  return Math.hypot(eastM, northM);
}

/** Degrees clockwise from north, 0 ≤ x < 360; null where the two points are one. */
export function bearingDeg(from: GroundPoint, to: GroundPoint): number | null {
  const { eastM, northM } = offsetM(from, to);
  return eastM === 0 && northM === 0 ? null : turn(Math.atan2(eastM, northM) / rad);
}

/** The point in a direction (degrees clockwise from north) at a distance, metres. */
export function pointToward(from: GroundPoint, deg: number, metres: number): GroundPoint {
  return movedBy(from, Math.sin(deg * rad) * metres, Math.cos(deg * rad) * metres);
}

/** Any angle as 0 ≤ x < 360. */
export function turn(deg: number): number {
  const within = ((deg % 360) + 360) % 360;
  return within >= 360 ? 0 : within;
}

/** How far `to` is from `from`, −180 < x ≤ 180, clockwise positive. */
export function turnBetween(from: number, to: number): number {
  const d = turn(to - from);
  return d > 180 ? d - 360 : d;
}

/** A longitude, or a difference of two, as −180 ≤ x ≤ 180. Left as it is inside, so that nothing is rounded. */
function wrapped(longitude: number): number {
  return longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude;
}
