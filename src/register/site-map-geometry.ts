/** A GeoJSON geometry (RFC 7946, section 3.1) to ours, or what is wrong with it, named by ring and vertex. */
import type { FeatureGeometry, FeatureKind } from '../contract/site-map.js';
import { ringFaults, type LonLat } from './site-map-rings.js';

export interface VertexFault {
  readonly ring: number | null;
  readonly vertex: number | null;
  readonly reason: string;
}

export const geometryLimits = { vertices: 2_000, rings: 50, parts: 200, faults: 10 } as const;

const allowed: Readonly<Record<FeatureKind, { readonly types: readonly FeatureGeometry['type'][]; readonly advice: string }>> = {
  boundary: { types: ['Polygon'], advice: 'draw the boundary as a polygon' },
  entrance: { types: ['LineString'], advice: 'draw an entrance as a line across the road: its width is what cameras must see' },
  place: { types: ['Polygon', 'Point'], advice: 'draw a place as a polygon or a point' },
  dwelling: { types: ['Polygon', 'Point'], advice: 'draw a dwelling as a polygon or a point' },
  prohibited: { types: ['Polygon'], advice: 'draw a prohibited area as a polygon' },
  occluder: { types: ['LineString', 'Polygon'], advice: 'draw what blocks the view as a line (a wall) or a polygon (a building)' },
};

export type ReadGeometry = { readonly parts: readonly FeatureGeometry[]; readonly faults: readonly VertexFault[] };

/**
 * Reads the form: types, numbers, ranges, sizes, closed rings. A Multi geometry comes out as its parts; a third dimension is
 * dropped; a ring whose only fault is that it is open is closed. Crossings are for `shapeFaults`.
 */
export function readGeometry(value: unknown, kind: FeatureKind): ReadGeometry {
  const faults: VertexFault[] = [];
  const whole = (reason: string): ReadGeometry => ({ parts: [], faults: [{ ring: null, vertex: null, reason }] });
  if (typeof value !== 'object' || value === null) return whole('has no geometry');
  const { type, coordinates } = value as { type?: unknown; coordinates?: unknown };
  const single = typeof type === 'string' ? type.replace(/^Multi/, '') : '';
  if (type === 'GeometryCollection') return whole('is a GeometryCollection: make a feature of each of its geometries');
  if (single !== 'Point' && single !== 'LineString' && single !== 'Polygon') return whole(`has a geometry of an unknown type ${JSON.stringify(type ?? null).slice(0, 40)}`);
  const { types, advice } = allowed[kind];
  if (!types.includes(single)) return whole(`is a ${String(type)}: ${advice}`);
  if (!Array.isArray(coordinates)) return whole('has no list "coordinates"');
  const lists: readonly unknown[] = single === type ? [coordinates] : coordinates;
  if (lists.length === 0) return whole('has an empty geometry');
  if (lists.length > geometryLimits.parts) return whole(`has ${lists.length} parts; at most ${geometryLimits.parts} are read`);
  const parts = lists.map((list) => readPart(single, list, faults));
  return { parts: faults.length > 0 ? [] : parts.filter((p) => p !== null), faults: faults.slice(0, geometryLimits.faults) };
}

/** What is wrong with the shape of a geometry whose form is right. */
export function shapeFaults(geometry: FeatureGeometry): readonly VertexFault[] {
  switch (geometry.type) {
    case 'Point':
    case 'LineString':
      return [];
    case 'Polygon':
      return ringFaults(geometry.coordinates).slice(0, geometryLimits.faults);
    default:
      return geometry satisfies never;
  }
}

function readPart(type: FeatureGeometry['type'], list: unknown, faults: VertexFault[]): FeatureGeometry | null {
  if (type === 'Point') {
    const position = readPosition(list, null, 0, faults);
    return position && { type, coordinates: position };
  }
  if (type === 'LineString') {
    const line = readLine(list, null, faults);
    if (line && line.length < 2) faults.push({ ring: null, vertex: null, reason: 'has one vertex; a line has two or more' });
    return line && { type, coordinates: line };
  }
  if (!Array.isArray(list) || list.length === 0) {
    faults.push({ ring: null, vertex: null, reason: 'has no rings' });
    return null;
  }
  if (list.length > geometryLimits.rings) {
    faults.push({ ring: null, vertex: null, reason: `has ${list.length} rings; at most ${geometryLimits.rings} are read` });
    return null;
  }
  const rings = list.map((ring, at) => readRing(ring, at, faults));
  return rings.every((r) => r !== null) ? { type, coordinates: rings } : null;
}

function readRing(value: unknown, ring: number, faults: VertexFault[]): [number, number][] | null {
  const line = readLine(value, ring, faults);
  if (!line) return null;
  const [first, last] = [line[0], line.at(-1)];
  if (first && last && (first[0] !== last[0] || first[1] !== last[1])) line.push([first[0], first[1]]);
  if (line.length < 4) {
    faults.push({ ring, vertex: null, reason: `has ${Math.max(0, line.length - 1)} different vertices; a ring has three or more` });
    return null;
  }
  if (line.length > geometryLimits.vertices) {
    faults.push({ ring, vertex: null, reason: `has ${line.length} vertices; at most ${geometryLimits.vertices} are read: simplify it` });
    return null;
  }
  return line;
}

function readLine(value: unknown, ring: number | null, faults: VertexFault[]): [number, number][] | null {
  if (!Array.isArray(value)) {
    faults.push({ ring, vertex: null, reason: 'is no list of positions' });
    return null;
  }
  if (value.length > geometryLimits.vertices) {
    faults.push({ ring, vertex: null, reason: `has ${value.length} vertices; at most ${geometryLimits.vertices} are read: simplify it` });
    return null;
  }
  const before = faults.length;
  const line: [number, number][] = [];
  for (const [vertex, item] of value.entries()) {
    const position = readPosition(item, ring, vertex, faults);
    if (!position) {
      if (faults.length >= geometryLimits.faults) break;
      continue;
    }
    const last = line.at(-1);
    if (last?.[0] === position[0] && last[1] === position[1]) faults.push({ ring, vertex, reason: 'repeats the vertex before it' });
    line.push(position);
  }
  return faults.length > before ? null : line;
}

function readPosition(value: unknown, ring: number | null, vertex: number, faults: VertexFault[]): [number, number] | null {
  const fault = (reason: string): null => {
    faults.push({ ring, vertex, reason });
    return null;
  };
  if (!Array.isArray(value) || value.length < 2) return fault('is no position: write [longitude, latitude]');
  const [lon, lat] = value as unknown[];
  if (typeof lon !== 'number' || !Number.isFinite(lon)) return fault(`has a longitude that is not a number: ${shown(lon)}`);
  if (typeof lat !== 'number' || !Number.isFinite(lat)) return fault(`has a latitude that is not a number: ${shown(lat)}`);
  if (Math.abs(lon) > 1_000 || Math.abs(lat) > 1_000) return fault(`has coordinates that are no degrees (${lon}, ${lat}): export the map in WGS 84 (EPSG:4326)`);
  if (Math.abs(lat) > 90) return fault(`has the latitude ${lat}, beyond 90${Math.abs(lon) <= 90 ? '; are longitude and latitude swapped? GeoJSON has the longitude first' : ''}`);
  if (Math.abs(lon) > 180) return fault(`has the longitude ${lon}, beyond 180`);
  // Minus zero does not come back from JSON.
  return [lon + 0, lat + 0];
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40);
}

export function verticesOf(geometry: FeatureGeometry): readonly { readonly ring: number | null; readonly positions: readonly LonLat[] }[] {
  switch (geometry.type) {
    case 'Point':
      return [{ ring: null, positions: [geometry.coordinates] }];
    case 'LineString':
      return [{ ring: null, positions: geometry.coordinates }];
    case 'Polygon':
      return geometry.coordinates.map((positions, ring) => ({ ring, positions }));
    default:
      return geometry satisfies never;
  }
}

/**
 * A point inside: of a polygon the middle of the widest stretch of a horizontal cut, so that neither a hole nor a bend holds it.
 */
export function pointInside(geometry: FeatureGeometry): [number, number] {
  if (geometry.type === 'Point') return geometry.coordinates;
  if (geometry.type === 'LineString') return geometry.coordinates[Math.floor(geometry.coordinates.length / 2)] ?? [0, 0];
  const lats = (geometry.coordinates[0] ?? []).map((p) => p[1]);
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  let best: [number, number] = geometry.coordinates[0]?.[0] ?? [0, 0];
  let widest = 0;
  for (const share of [0.5, 0.37, 0.63, 0.21, 0.79]) {
    const y = south + (north - south) * share;
    const cuts = geometry.coordinates.flatMap((ring) =>
      ring.slice(1).flatMap((b, i) => {
        const a = ring[i];
        return a && a[1] > y !== b[1] > y ? [a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0])] : [];
      }),
    );
    cuts.sort((p, q) => p - q);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const [west, east] = [cuts[i] ?? 0, cuts[i + 1] ?? 0];
      if (east - west <= widest) continue;
      widest = east - west;
      best = [(west + east) / 2, y];
    }
    if (widest > 0) break;
  }
  return best;
}
