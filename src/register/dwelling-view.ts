/**
 * How much of each dwelling a camera sees, and how much of that is painted out: the picture is sampled on a grid, a ray a
 * sample; the first body that it meets is what is seen there. Bodies stand upright on flat ground: dwellings as blocks with
 * a flat roof, occluders as blocks or as walls. Numbers only: no picture is looked at.
 */
import { containsPoint, type Polygon } from '../core/polygon.js';
import type { PlanePoint } from './local-plane.js';
import type { PinholeView, WorldPoint } from '../core/pinhole-view.js';

export interface Dwelling {
  readonly id: string;
  /** closed rings: the outer one, then holes */
  readonly rings: readonly (readonly PlanePoint[])[];
  readonly heightM: number;
}

export interface Occluder {
  /** a line is a wall */
  readonly rings: readonly (readonly PlanePoint[])[];
  readonly closed: boolean;
  readonly heightM: number;
}

export interface DwellingSight {
  readonly id: string;
  /** samples of the picture that show it */
  readonly seenSamples: number;
  /** of those, how many are painted out */
  readonly coveredSamples: number;
}

export const gridColumns = 160;
export const gridRows = 90;
/** Farther away a dwelling is a few pixels on any stream that is watched. */
export const rangeM = 250;
/**
 * An occluder so near is what the camera is mounted on, as far as a drawn map can tell: it hides nothing. To take it for
 * a wall in front of the camera would hide every dwelling behind it.
 */
const ownWallM = 2;

interface Body {
  readonly dwelling: string | null;
  readonly heightM: number;
  readonly rings: readonly (readonly PlanePoint[])[];
  readonly closed: boolean;
  /** bearings that it spans seen from the camera, for a quick no; null: all of them */
  readonly bearings: { readonly middle: number; readonly half: number } | null;
}

/**
 * @param covers polygons of the picture that are painted out, normalised
 * @returns every dwelling within range, those out of sight with no samples
 */
export function dwellingsInSight(view: PinholeView, dwellings: readonly Dwelling[], occluders: readonly Occluder[], covers: readonly Polygon[]): readonly DwellingSight[] {
  const near = dwellings.filter((d) => distanceM(d.rings) <= rangeM);
  const bodies: Body[] = [
    ...near.map((d) => bodyOf(d.id, d.heightM, d.rings, true)),
    ...occluders.filter((o) => o.heightM > 0 && isBetween(distanceM(o.rings), ownWallM, rangeM)).map((o) => bodyOf(null, o.heightM, o.rings, o.closed)),
  ];
  const sights = new Map(near.map((d) => [d.id, { id: d.id, seenSamples: 0, coveredSamples: 0 }]));
  for (let row = 0; row < gridRows; row++) {
    for (let column = 0; column < gridColumns; column++) {
      const [x, y] = [(column + 0.5) / gridColumns, (row + 0.5) / gridRows];
      const sight = sights.get(firstOnTheWay(view.eye, view.ray(x, y), bodies) ?? '');
      if (!sight) continue;
      sight.seenSamples++;
      if (covers.some((cover) => containsPoint(cover, x, y))) sight.coveredSamples++;
    }
  }
  return [...sights.values()];
}

/** Whether the camera stands inside the outline of a body: its position or the outline is wrong then. */
export function standsInside(rings: Dwelling['rings']): boolean {
  return inside(rings, 0, 0);
}

/** @returns the dwelling that the ray meets first; null for nothing, the ground, or an occluder */
function firstOnTheWay(eye: WorldPoint, ray: WorldPoint, bodies: readonly Body[]): string | null {
  const bearing = Math.atan2(ray[0], ray[1]);
  let nearest = ray[2] < 0 ? -eye[2] / ray[2] : Infinity;
  let seen: string | null = null;
  for (const body of bodies) {
    if (body.bearings && Math.abs(turn(bearing - body.bearings.middle)) > body.bearings.half) continue;
    const at = meets(eye, ray, body);
    // Dwellings come first in the list: of an occluder on a dwelling's own wall the dwelling counts.
    if (at < nearest - 1e-9) {
      nearest = at;
      seen = body.dwelling;
    }
  }
  return seen;
}

/** How far along the ray it meets the walls or the roof; Infinity when it does not. */
function meets(eye: WorldPoint, ray: WorldPoint, { heightM, rings, closed }: Body): number {
  let nearest = Infinity;
  for (const ring of rings) {
    for (let i = closed ? 0 : 1, j = closed ? ring.length - 1 : 0; i < ring.length; j = i++) {
      const [a, b] = [ring[j], ring[i]];
      if (!a || !b) continue;
      // eye + s·ray = a + t·(b − a), on the ground plan
      const [edgeEast, edgeNorth] = [b[0] - a[0], b[1] - a[1]];
      const across = ray[0] * edgeNorth - ray[1] * edgeEast;
      if (across === 0) continue;
      const s = (a[0] * edgeNorth - a[1] * edgeEast) / across;
      const t = (a[0] * ray[1] - a[1] * ray[0]) / across;
      if (s <= 0 || s >= nearest || t < 0 || t > 1) continue;
      const upM = eye[2] + s * ray[2];
      if (upM >= 0 && upM <= heightM) nearest = s;
    }
  }
  if (closed && ray[2] !== 0) {
    const s = (heightM - eye[2]) / ray[2];
    if (s > 0 && s < nearest && inside(rings, s * ray[0], s * ray[1])) nearest = s;
  }
  return nearest;
}

/** Even-odd over all rings: a hole is outside. */
function inside(rings: readonly (readonly PlanePoint[])[], eastM: number, northM: number): boolean {
  return rings.filter((ring) => containsPoint(ring, eastM, northM)).length % 2 === 1;
}

function bodyOf(dwelling: string | null, heightM: number, rings: Body['rings'], closed: boolean): Body {
  const points = rings.flat();
  const directions = points.map(([eastM, northM]) => Math.atan2(eastM, northM));
  const first = directions[0] ?? 0;
  const turns = directions.map((d) => turn(d - first));
  const [low, high] = [Math.min(0, ...turns), Math.max(0, ...turns)];
  // Around the camera, or close enough to it that bearings jump: no quick no.
  const bearings = high - low >= Math.PI || inside(rings, 0, 0) ? null : { middle: first + (low + high) / 2, half: (high - low) / 2 + 1e-9 };
  return { dwelling, heightM, rings, closed, bearings };
}

function isBetween(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

/** To −π..π. */
function turn(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

/** From the camera to the nearest point of the outline. */
function distanceM(rings: readonly (readonly PlanePoint[])[]): number {
  let nearest = inside(rings, 0, 0) ? 0 : Infinity;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [a, b] = [ring[i - 1], ring[i]];
      if (!a || !b) continue;
      const [east, north] = [b[0] - a[0], b[1] - a[1]];
      const length = east * east + north * north;
      const t = length === 0 ? 0 : Math.min(1, Math.max(0, -(a[0] * east + a[1] * north) / length));
      nearest = Math.min(nearest, Math.hypot(a[0] + t * east, a[1] + t * north));
    }
  }
  return nearest;
}
