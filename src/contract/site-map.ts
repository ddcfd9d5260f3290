/** The map of a site: what coverage and privacy are judged on. Comes in as GeoJSON (RFC 7946), goes out the same way. */
import { z } from 'zod';
import { id, timestamp } from './page.js';
import type { Principal } from './principal.js';
import { position } from './site.js';

export const featureKinds = ['boundary', 'entrance', 'place', 'dwelling', 'prohibited', 'occluder'] as const;
export const featureKind = z.enum(featureKinds);
export type FeatureKind = z.infer<typeof featureKind>;

const line = z.array(position).min(2).max(2000);
/** Closed ring: the first position is repeated at the end. */
const ring = z.array(position).min(4).max(2000);

export const featureGeometry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Point'), coordinates: position }),
  z.strictObject({ type: z.literal('LineString'), coordinates: line }),
  /** the outer ring, then holes */
  z.strictObject({ type: z.literal('Polygon'), coordinates: z.array(ring).min(1).max(50) }),
]);
export type FeatureGeometry = z.infer<typeof featureGeometry>;

export const siteFeature = z.object({
  id,
  siteId: id,
  kind: featureKind,
  name: z.string(),
  geometry: featureGeometry,
  /** metres above ground; of an occluder */
  heightM: z.number().nullable(),
  /** the registered place that a place or a dwelling stands for; guard zones are bound to it */
  placeId: id.nullable(),
  /** the feature's own id in the file it came from; the same feature of a later file replaces it */
  sourceId: z.string().nullable(),
  createdAt: timestamp,
});
export type SiteFeature = z.infer<typeof siteFeature>;

/** Verdict on one feature of a file. */
export const featureVerdict = z.object({
  /** 0-based place in `features` of the file; null: the file as a whole */
  index: z.number().int().nullable(),
  name: z.string(),
  kind: z.string(),
  verdict: z.enum(['create', 'update', 'unchanged', 'remove', 'bad']),
  /** `vertex`: which position is at fault, 0-based, and in which ring; null: the feature as a whole */
  problems: z.array(z.object({ ring: z.number().int().nullable(), vertex: z.number().int().nullable(), reason: z.string() })),
});
export type FeatureVerdict = z.infer<typeof featureVerdict>;

export const siteMapReport = z.object({
  dryRun: z.boolean(),
  applied: z.boolean(),
  created: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  removed: z.number().int(),
  bad: z.number().int(),
  features: z.array(featureVerdict),
});
export type SiteMapReport = z.infer<typeof siteMapReport>;

export interface SiteMap {
  features(siteId: string): Promise<readonly SiteFeature[]>;
  /**
   * Reads a FeatureCollection. Nothing is written on `dryRun`, or when a feature is bad unless `skipBad`.
   * @param options.replace features of the site that the file does not have are removed (never a place that a zone is bound to)
   * @throws HedgerowError `map.unreadable` when it is no GeoJSON, `site.unknown`
   */
  importGeoJson(siteId: string, bytes: Uint8Array, options: { dryRun: boolean; skipBad: boolean; replace: boolean }, by: Principal): Promise<SiteMapReport>;
  /** A FeatureCollection that the import reads to the same features. */
  exportGeoJson(siteId: string): Promise<string>;
}
