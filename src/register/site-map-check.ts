/** The features of a file together: shapes that hold, ids and boundary only once, nothing far from the site. */
import type { FeatureGeometry } from '../contract/site-map.js';
import { takeTurn } from '../core/clock.js';
import type { DrawnFeature } from './site-map-file.js';
import { shapeFaults, verticesOf, type VertexFault } from './site-map-geometry.js';
import { reachM, SiteReach } from './site-map-reach.js';

/** Vertices that are judged before the event loop has a turn: some 20 ms. */
const turnVertices = 2_000;

/** @param knownBoundary ring of the site, used when the file draws no usable boundary; empty when there is none */
export async function checkFeatures(features: readonly DrawnFeature[], knownBoundary: readonly [number, number][]): Promise<DrawnFeature[]> {
  const shaped: DrawnFeature[] = [];
  const firstOf = new Map<string, number>();
  let sinceTurn = 0;
  for (const feature of features) {
    shaped.push(feature.drawn ? withFaults(feature, [...shapeFaults(feature.drawn.geometry), ...repeated(feature, firstOf)]) : feature);
    sinceTurn += feature.drawn ? sizeOf(feature.drawn.geometry) : 1;
    if (sinceTurn < turnVertices) continue;
    sinceTurn = 0;
    await takeTurn();
  }
  const drawn = shaped.find((f) => f.drawn?.kind === 'boundary')?.drawn?.geometry;
  const boundary = drawn?.type === 'Polygon' ? (drawn.coordinates[0] ?? []) : knownBoundary;
  if (new Set(boundary.map((p) => p.join())).size < 3) return shaped;
  const reach = new SiteReach(boundary);
  const placed: DrawnFeature[] = [];
  for (const feature of shaped) {
    placed.push(feature.drawn && feature.drawn.kind !== 'boundary' ? withFaults(feature, farFrom(reach, feature.drawn.geometry)) : feature);
    sinceTurn += feature.drawn ? sizeOf(feature.drawn.geometry) : 1;
    if (sinceTurn < turnVertices) continue;
    sinceTurn = 0;
    await takeTurn();
  }
  return placed;
}

function withFaults(feature: DrawnFeature, faults: readonly VertexFault[]): DrawnFeature {
  return faults.length === 0 ? feature : { ...feature, kindText: feature.drawn?.kind ?? feature.kindText, drawn: null, faults };
}

function repeated(feature: DrawnFeature, firstOf: Map<string, number>): VertexFault[] {
  const faults: VertexFault[] = [];
  const note = (key: string, reason: (index: number) => string): void => {
    const before = firstOf.get(key);
    if (before === undefined) firstOf.set(key, feature.index);
    else faults.push({ ring: null, vertex: null, reason: reason(before) });
  };
  note(`id ${feature.sourceId}`, (index) => (feature.sourceId.startsWith('auto:') ? `has the kind and the name of feature ${index}: give each an "id" or another name` : `has the id of feature ${index}`));
  if (feature.drawn?.kind === 'boundary') note('boundary', (index) => `is a second boundary, after feature ${index}`);
  return faults;
}

/** The first vertex that is too far away; one is enough to see what happened. */
function farFrom(reach: SiteReach, geometry: FeatureGeometry): VertexFault[] {
  for (const { ring, positions } of verticesOf(geometry)) {
    for (const [vertex, position] of positions.entries()) {
      if (reach.holds(position)) continue;
      const [lon, lat] = position;
      const swapped = Math.abs(lon) <= 90 && reach.holds([lat, lon]);
      const hint = swapped ? '; longitude and latitude seem to be swapped: the other way round it is there' : '';
      return [{ ring, vertex, reason: `is more than ${reachM} m outside the site's boundary${hint}` }];
    }
  }
  return [];
}

function sizeOf(geometry: FeatureGeometry): number {
  return verticesOf(geometry).reduce((sum, { positions }) => sum + positions.length, 0);
}
