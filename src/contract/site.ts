/** Sites and their places. A guard zone is bound to a place; which kinds may be guarded is a closed list (DESIGN.md 2.7). */
import { z } from 'zod';
import { calendarDate, id, timestamp } from './page.js';

/** Kinds of places that a guard zone may be bound to. */
export const guardableKinds = [
  'pump-station', 'store', 'depot', 'substation', 'school-gate', 'waters-edge', 'building-site', 'car-park-after-hours',
  'workshop', 'granary', 'livestock-shed', 'bridge', 'landfill', 'well', 'telecom-mast', 'checkpoint-barrier',
] as const;

/** Kinds that are registered so that they can be kept free of guard zones. A dwelling needs its resident's own consent. */
export const protectedKinds = [
  'dwelling', 'place-of-worship', 'polling-place', 'petition-office', 'legal-office', 'press-office', 'medical-office',
  'place-of-assembly',
] as const;

export const placeKind = z.enum([...guardableKinds, ...protectedKinds]);
export type PlaceKind = z.infer<typeof placeKind>;

const longitude = z.number().min(-180).max(180);
const latitude = z.number().min(-90).max(90);
/** GeoJSON order: longitude, latitude. */
export const position = z.tuple([longitude, latitude]);

export const newSite = z.strictObject({
  name: z.string().trim().min(1).max(120),
  /** IANA zone, like Asia/Shanghai */
  timeZone: z.string().refine(isTimeZone, 'is not an IANA time zone'),
  /** Ring of the boundary, open or closed; empty when it is not drawn yet. */
  boundary: z.array(position).max(2000).default([]),
  /** Without a working detector no picture is stored on this site. */
  requireDetector: z.boolean().default(false),
  retentionDays: z.number().int().min(1).max(365).default(30),
});
export type NewSite = z.infer<typeof newSite>;

export const site = newSite.extend({ id, createdAt: timestamp });
export type Site = z.infer<typeof site>;

export const newPlace = z.strictObject({
  siteId: id,
  kind: placeKind,
  name: z.string().trim().min(1).max(120),
  position: position.nullable().default(null),
  /** A resident's own consent, for a dwelling only: where it is filed and until when it holds. */
  consent: z.strictObject({ reference: z.string().trim().min(1).max(200), until: calendarDate }).nullable().default(null),
});
export type NewPlace = z.infer<typeof newPlace>;

export const place = newPlace.extend({ id });
export type Place = z.infer<typeof place>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name.includes('/') || name === 'UTC';
  } catch {
    return false;
  }
}
