/** Polygons on a camera's picture: guard zones alert, privacy zones are always painted out, ignore zones are not judged. */
import { z } from 'zod';
import { isSimplePolygon, polygonArea } from '../core/polygon.js';
import { id } from './page.js';

const unit = z.number().min(0).max(1);

/** Normalised picture coordinates, x right, y down, open ring. */
export const zonePolygon = z
  .array(z.tuple([unit, unit]))
  .min(3)
  .max(64)
  .refine((p) => isSimplePolygon(p), 'crosses itself')
  .refine((p) => polygonArea(p) >= 0.0005, 'has no area to speak of (under 0.05 % of the picture)');

export const zoneKind = z.enum(['guard', 'privacy', 'ignore']);

export const newZone = z.strictObject({
  cameraId: id,
  kind: zoneKind,
  name: z.string().trim().min(1).max(120),
  polygon: zonePolygon,
  /** required for a guard zone, and of an allowed kind (DESIGN.md 2.7) */
  placeId: id.nullable().default(null),
});
export type NewZone = z.infer<typeof newZone>;

/** What may be changed of a zone. Its kind and its camera stay: another kind is another promise. */
export const zonePatch = z
  .strictObject({ name: newZone.shape.name.optional(), polygon: zonePolygon.optional(), placeId: id.nullable().optional() })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'names nothing to change: name, polygon or placeId');
export type ZonePatch = z.infer<typeof zonePatch>;

export const zone = newZone.extend({ id, siteId: id });
export type Zone = z.infer<typeof zone>;
