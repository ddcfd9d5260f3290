/** The map of a site as a FeatureCollection that the import reads to the same features, a line each. */
import type { FeatureRow } from './site-map-plan.js';

/** @param placeKinds by id of the place */
export function writeGeoJson(features: readonly FeatureRow[], placeKinds: ReadonlyMap<string, string>): string {
  const lines = features.map(({ id, sourceId, kind, name, heightM, placeId, geometry }) => {
    const placeKind = kind === 'place' && placeId !== null ? placeKinds.get(placeId) : undefined;
    const properties = { kind, name, ...(heightM === null ? {} : { height_m: heightM }), ...(placeKind === undefined ? {} : { place_kind: placeKind }) };
    const { type, coordinates } = geometry;
    return JSON.stringify({ type: 'Feature', id: sourceId ?? id, properties, geometry: { type, coordinates } });
  });
  return `{"type":"FeatureCollection","features":[${lines.length > 0 ? '\n' : ''}${lines.join(',\n')}\n]}\n`;
}
