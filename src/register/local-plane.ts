/**
 * A metric plane around a point of the earth: metres east and north of it. Good to a tenth of a per cent over the few
 * kilometres of a village. Series for the length of a degree on WGS 84: Snyder, Map Projections (1987), p. 25.
 */

/** East and north of the plane's origin, metres. */
export type PlanePoint = readonly [eastM: number, northM: number];

export interface LocalPlane {
  /** @param position GeoJSON order: longitude, latitude */
  toPlane(position: readonly [number, number]): PlanePoint;
}

export function createLocalPlane(origin: { readonly longitude: number; readonly latitude: number }): LocalPlane {
  const phi = (origin.latitude * Math.PI) / 180;
  const northMPerDeg = 111_132.92 - 559.82 * Math.cos(2 * phi) + 1.175 * Math.cos(4 * phi);
  const eastMPerDeg = 111_412.84 * Math.cos(phi) - 93.5 * Math.cos(3 * phi) + 0.118 * Math.cos(5 * phi);
  return {
    toPlane: ([longitude, latitude]) => {
      // The shorter way round, for a site on the 180th meridian.
      const eastDeg = ((longitude - origin.longitude + 540) % 360) - 180;
      return [eastDeg * eastMPerDeg, (latitude - origin.latitude) * northMPerDeg];
    },
  };
}
