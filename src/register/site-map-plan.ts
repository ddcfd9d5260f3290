/**
 * What a map file would change: features are the same by their id in the file (the boundary by being the boundary), and a
 * place or a dwelling has its row among the places, which guard zones are bound to. A zone never loses its place, and a
 * place with zones never becomes one of another kind: that would lift or lay a protection (DESIGN.md 2.7) behind their back.
 */
import type { FeatureVerdict } from '../contract/site-map.js';
import { newId } from '../core/ids.js';
import type { places, siteFeatures } from '../db/schema/register.js';
import type { DrawnFeature } from './site-map-file.js';
import { pointInside } from './site-map-geometry.js';

export type FeatureRow = typeof siteFeatures.$inferSelect;
export type PlaceRow = typeof places.$inferSelect;

export interface PresentMap {
  readonly siteId: string;
  readonly features: readonly FeatureRow[];
  readonly places: readonly PlaceRow[];
  /** places that zones are bound to, with the name of one of the zones */
  readonly bound: ReadonlyMap<string, string>;
}

export class SiteMapPlan {
  readonly verdicts: FeatureVerdict[] = [];
  /** rows as they are to be, new or changed */
  readonly features: FeatureRow[] = [];
  readonly places: PlaceRow[] = [];
  readonly removedFeatures: string[] = [];
  readonly removedPlaces: string[] = [];
  /** the site's ring; undefined: as it is */
  boundary: [number, number][] | undefined;
  readonly #present: PresentMap;
  readonly #now: Date;
  readonly #bySource: ReadonlyMap<string, FeatureRow>;
  readonly #boundary: FeatureRow | undefined;
  readonly #places: ReadonlyMap<string, PlaceRow>;
  /** places that no feature stands for, by kind and name: registered by hand, they get their feature */
  readonly #unmapped: Map<string, PlaceRow>;
  readonly #kept = new Set<string>();

  constructor(present: PresentMap, nowMs: number) {
    this.#present = present;
    this.#now = new Date(nowMs);
    this.#bySource = new Map(present.features.map((f) => [f.sourceId ?? f.id, f]));
    this.#boundary = present.features.find((f) => f.kind === 'boundary');
    this.#places = new Map(present.places.map((p) => [p.id, p]));
    const mapped = new Set(present.features.map((f) => f.placeId));
    this.#unmapped = new Map(present.places.filter((p) => !mapped.has(p.id)).map((p) => [placeKey(p.kind, p.name), p]));
  }

  add(feature: DrawnFeature): void {
    const { index, name, sourceId, drawn, kindText } = feature;
    const same = this.#bySource.get(sourceId);
    const verdict = (is: FeatureVerdict['verdict'], problems: FeatureVerdict['problems'] = []): void => void this.verdicts.push({ index, name, kind: kindText, verdict: is, problems });
    const bad = (reason: string): void => verdict('bad', [{ ring: null, vertex: null, reason }]);
    const before = drawn?.kind === 'boundary' ? (this.#boundary ?? same) : same;
    if (before) this.#kept.add(before.id);
    if (!drawn) {
      verdict('bad', [...feature.faults]);
      return;
    }
    if (same && before && same !== before) return bad(`has the id of the ${same.kind} "${same.name}"`);
    if (before && (before.kind === 'boundary') !== (drawn.kind === 'boundary')) return bad(`has the id of the ${before.kind} "${before.name}"; a boundary becomes nothing else, and nothing else one`);
    const placeFault = this.#placeFault(before, drawn.placeKind);
    if (placeFault !== null) return bad(placeFault);
    const place = drawn.placeKind === null ? null : this.#placeOf(before, drawn.placeKind, name, pointInside(drawn.geometry));
    const { kind, geometry, heightM } = drawn;
    const row: FeatureRow = { id: before?.id ?? newId(), siteId: this.#present.siteId, kind, name, geometry, heightM, placeId: place?.row.id ?? null, sourceId, createdAt: before?.createdAt ?? this.#now, updatedAt: this.#now };
    const changed = !before || place?.changed === true || (['kind', 'name', 'heightM', 'placeId', 'sourceId'] as const).some((k) => before[k] !== row[k]) || !sameGeometry(before.geometry, geometry);
    verdict(before ? (changed ? 'update' : 'unchanged') : 'create');
    if (!changed) return;
    this.features.push(row);
    if (place?.changed) this.places.push(place.row);
    if (before?.placeId && row.placeId === null) this.#dropPlace(before.placeId);
    if (geometry.type === 'Polygon' && kind === 'boundary') this.boundary = geometry.coordinates[0] ?? [];
  }

  /** Whatever the file does not have goes, but no place that a zone is bound to. Called after the last `add`. */
  removeOthers(): void {
    for (const feature of this.#present.features) {
      if (this.#kept.has(feature.id)) continue;
      const head = { index: null, name: feature.name, kind: feature.kind };
      const zone = feature.placeId === null ? undefined : this.#present.bound.get(feature.placeId);
      if (zone !== undefined) {
        this.verdicts.push({ ...head, verdict: 'bad', problems: [{ ring: null, vertex: null, reason: `is not in the file, and stays: the zone "${zone}" is bound to it. Remove the zone first, or keep the place in the file` }] });
        continue;
      }
      this.verdicts.push({ ...head, verdict: 'remove', problems: [] });
      this.removedFeatures.push(feature.id);
      if (feature.placeId !== null) this.#dropPlace(feature.placeId);
      if (feature.kind === 'boundary') this.boundary = [];
    }
  }

  #placeFault(before: FeatureRow | undefined, placeKind: string | null): string | null {
    const place = before?.placeId ? this.#places.get(before.placeId) : undefined;
    const zone = place && this.#present.bound.get(place.id);
    if (!place || zone === undefined || place.kind === placeKind) return null;
    return `is registered as a ${place.kind}, and the zone "${zone}" is bound to it: remove the zone before it becomes something else`;
  }

  #placeOf(before: FeatureRow | undefined, kind: string, name: string, position: [number, number]): { row: PlaceRow; changed: boolean } {
    const key = placeKey(kind, name);
    const present = (before?.placeId ? this.#places.get(before.placeId) : undefined) ?? this.#unmapped.get(key);
    this.#unmapped.delete(key);
    if (!present) return { row: { id: newId(), siteId: this.#present.siteId, kind, name, position, consentReference: null, consentUntil: null }, changed: true };
    const changed = present.kind !== kind || present.name !== name || present.position?.[0] !== position[0] || present.position[1] !== position[1];
    return { row: { ...present, kind, name, position }, changed };
  }

  /** The row of a place that a resident consented for, or that zones are bound to, stays without its feature. */
  #dropPlace(placeId: string): void {
    if (this.#places.get(placeId)?.consentReference === null && !this.#present.bound.has(placeId)) this.removedPlaces.push(placeId);
  }
}

function placeKey(kind: string, name: string): string {
  return `${kind} ${name.toLowerCase()}`;
}

function sameGeometry(a: FeatureRow['geometry'], b: FeatureRow['geometry']): boolean {
  return a.type === b.type && JSON.stringify(a.coordinates) === JSON.stringify(b.coordinates);
}
