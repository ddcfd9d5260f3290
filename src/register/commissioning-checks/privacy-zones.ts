/**
 * Dwellings in the picture are painted out (PRV-03): our privacy zones and the device's own masks together cover at least
 * 99 % of every dwelling that the camera sees. Judged on the map and the pose alone; what is not on the map is not seen.
 */
import type { Pose } from '../../contract/camera.js';
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { FeatureGeometry } from '../../contract/site-map.js';
import { createPinholeView, verticalFovDegOf } from '../../core/pinhole-view.js';
import type { Polygon } from '../../core/polygon.js';
import { dwellingsInSight, gridColumns, gridRows, standsInside, type Dwelling, type Occluder } from '../dwelling-view.js';
import { createLocalPlane, type LocalPlane, type PlanePoint } from '../local-plane.js';
import type { DeviceMask } from '../onvif-client.js';
import { missingParts } from './pose.js';
import { checkOf, worstOf, type Asked, type Evidence, type Finding } from './verdicts.js';

export interface MapFeature {
  readonly id: string;
  readonly name: string;
  readonly geometry: FeatureGeometry;
  readonly heightM: number | null;
}

export interface PrivacyFacts {
  readonly pose: Pose;
  /** of the main stream: a sub stream may be squeezed; null when no profile tells its size */
  readonly size: { readonly widthPx: number; readonly heightPx: number } | null;
  readonly dwellings: readonly MapFeature[];
  readonly occluders: readonly MapFeature[];
  /** privacy zones of the camera */
  readonly zones: readonly Polygon[];
  readonly masks: Asked<readonly DeviceMask[] | null>;
  /** the view was found moved, and nobody confirmed it since */
  readonly moved: boolean;
}

const leastShare = 0.99;
/** Where the map tells no height. */
const wallM = 3;
/** Wider lenses bend straight lines: the formulas of a pinhole do not hold. */
const widestFovDeg = 130;
const shown = 5;

export function privacyZonesCheck(facts: PrivacyFacts): CommissioningCheck {
  const name = 'privacy-zones';
  const { pose, size, dwellings } = facts;
  const masks = facts.masks.status === 'answered' ? (facts.masks.value ?? []).filter((m) => m.enabled) : [];
  const base: Evidence = { dwellingsOnMap: dwellings.length, privacyZones: facts.zones.length, deviceMasks: facts.masks.status === 'answered' && facts.masks.value !== null ? masks.length : null };
  const missing = missingParts(pose);
  if (dwellings.length === 0) missing.push('the outlines of the dwellings');
  if (size === null) missing.push('the size of the picture');
  if (missing.length > 0 || size === null) return checkOf(name, 'unverified', `Not known: ${missing.join(', ')}.`, 'Place the camera, and import or draw the dwellings of the site on its map.', base);
  const { longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg } = pose as { [K in keyof Pose]: number };
  if (horizontalFovDeg > widestFovDeg) return checkOf(name, 'unverified', `Its lens is too wide (${horizontalFovDeg}°) to reckon with straight lines.`, 'Look at the masked picture: every dwelling in it must be painted out.', base);
  if (facts.moved) return checkOf(name, 'unverified', 'The camera was found moved: its zones may lie beside what they cover.', 'Look at the view, mend it or the zones, and confirm it.', base);

  const plane = createLocalPlane({ longitude, latitude });
  const outlined: (Dwelling & { readonly name: string })[] = dwellings.flatMap((d) => (d.geometry.type === 'Polygon' ? [{ id: d.id, name: d.name, rings: ringsOf(plane, d.geometry.coordinates), heightM: d.heightM ?? wallM }] : []));
  const findings: Finding[] = dwellings
    .filter((d) => d.geometry.type !== 'Polygon')
    .slice(0, shown)
    .map((d) => ({ status: 'unverified', seen: `"${d.name}" has no outline on the map.`, todo: 'Draw it as a polygon.' }));
  const around = outlined.filter((d) => standsInside(d.rings));
  for (const d of around) findings.push({ status: 'unverified', seen: `By the map the camera stands inside "${d.name}".`, todo: 'Correct its position, or the outline.' });

  const vertical = verticalFovDegOf(horizontalFovDeg, size.widthPx, size.heightPx);
  const view = createPinholeView({ mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg, verticalFovDeg: vertical });
  const judged = outlined.filter((d) => !around.includes(d));
  const sights = dwellingsInSight(view, judged, facts.occluders.flatMap((o) => occluderOf(plane, o)), [...facts.zones, ...masks.map((m) => m.polygon)]);
  const inSight = sights.filter((s) => s.seenSamples > 0).map((s) => ({ ...s, name: judged.find((d) => d.id === s.id)?.name ?? '', share: s.coveredSamples / s.seenSamples }));
  const bare = inSight.filter((s) => s.share < leastShare).sort((a, b) => a.share - b.share);
  for (const { name: dwelling, share } of bare.slice(0, shown)) {
    findings.push({ status: 'fail', seen: `Of "${dwelling}" ${percent(share)} is painted out.`, todo: 'Draw privacy zones over every dwelling in the picture, up to its edges.' });
  }
  if (bare.length > shown) findings.push({ status: 'fail', seen: `And ${bare.length - shown} more.`, todo: '' });
  if (bare.length === 0) {
    const seen = inSight.length === 0 ? `None of the ${judged.length} dwellings on the map is in sight.` : `${inSight.length === 1 ? 'The one dwelling' : `All ${inSight.length} dwellings`} in sight ${inSight.length === 1 ? 'is' : 'are'} painted out.`;
    findings.push({ status: judged.length === 0 ? 'unverified' : 'pass', seen: judged.length === 0 ? '' : seen, todo: '' });
  }
  if (facts.masks.status === 'unanswered' && bare.length > 0) findings.push({ status: 'unverified', seen: `Masks on the device are not counted: ${facts.masks.reason}`, todo: '' });
  const evidence: Evidence = {
    ...base,
    dwellingsInRange: sights.length,
    dwellingsInSight: inSight.length,
    dwellingsBare: bare.length,
    leastCoveredRatio: inSight.length === 0 ? null : round(Math.min(...inSight.map((s) => s.share))),
    dwellingPictureRatio: round(inSight.reduce((sum, s) => sum + s.seenSamples, 0) / gridColumns / gridRows),
    verticalFovDeg: round(vertical),
    samples: gridColumns * gridRows,
  };
  for (const [i, s] of bare.slice(0, shown).entries()) Object.assign(evidence, { [`bare${i + 1}`]: s.name.slice(0, 120), [`bare${i + 1}CoveredRatio`]: round(s.share) });
  return worstOf(name, findings, evidence);
}

function occluderOf(plane: LocalPlane, { geometry, heightM }: MapFeature): Occluder[] {
  // Nobody knows how high it is: it hides nothing.
  if (heightM === null || geometry.type === 'Point') return [];
  if (geometry.type === 'LineString') return [{ rings: [geometry.coordinates.map((p) => plane.toPlane(p))], closed: false, heightM }];
  return [{ rings: ringsOf(plane, geometry.coordinates), closed: true, heightM }];
}

function ringsOf(plane: LocalPlane, rings: readonly (readonly (readonly [number, number])[])[]): PlanePoint[][] {
  return rings.map((ring) => ring.map((p) => plane.toPlane(p)));
}

function percent(share: number): string {
  // Rounded down: 98.99 % is not 99 %.
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
