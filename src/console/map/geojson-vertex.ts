/** Where in a GeoJSON file a problem is: the report names feature, ring and vertex; the map shows the spot. */
export type LngLat = readonly [longitude: number, latitude: number];

const field = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined);

/** A position that can be drawn; null for what is none. */
function positionOf(value: unknown): LngLat | null {
  if (!Array.isArray(value)) return null;
  const [lng, lat] = value as unknown[];
  return typeof lng === 'number' && typeof lat === 'number' && Math.abs(lng) <= 180 && Math.abs(lat) <= 90 ? [lng, lat] : null;
}

/** Rings or lines of a feature's geometry as far as they can be read, for a preview; a point is a line of one. */
export function linesOf(file: unknown, index: number): { readonly closed: boolean; readonly positions: readonly LngLat[] }[] {
  const features = field(file, 'features');
  const geometry = field(Array.isArray(features) ? (features as unknown[])[index] : undefined, 'geometry');
  const coordinates = field(geometry, 'coordinates');
  if (!Array.isArray(coordinates)) return [];
  const read = (list: unknown): LngLat[] => (Array.isArray(list) ? list.slice(0, 5000).map(positionOf).filter((p) => p !== null) : []);
  switch (field(geometry, 'type')) {
    case 'Point':
      return [{ closed: false, positions: read([coordinates]) }].filter((l) => l.positions.length > 0);
    case 'LineString':
      return [{ closed: false, positions: read(coordinates) }];
    case 'Polygon':
      return coordinates.slice(0, 50).map((ring) => ({ closed: true, positions: read(ring) }));
    default:
      return [];
  }
}

/** The position that a problem names; without a vertex the feature's first; null where the file has nothing to show there. */
export function vertexAt(file: unknown, index: number | null, ring: number | null, vertex: number | null): LngLat | null {
  if (index === null) return null;
  const features = field(file, 'features');
  const geometry = field(Array.isArray(features) ? (features as unknown[])[index] : undefined, 'geometry');
  const coordinates = field(geometry, 'coordinates');
  const at = (list: unknown, i: number): unknown => (Array.isArray(list) ? (list as unknown[])[i] : undefined);
  switch (field(geometry, 'type')) {
    case 'Point':
      return positionOf(coordinates);
    case 'LineString':
      return positionOf(at(coordinates, vertex ?? 0));
    case 'Polygon':
      return positionOf(at(at(coordinates, ring ?? 0), vertex ?? 0));
    default:
      return null;
  }
}
