/** Where the camera stands and looks is known: coverage and the masks of dwellings are judged on it (COV-04). */
import type { Pose } from '../../contract/camera.js';
import type { CommissioningCheck } from '../../contract/commissioning.js';
import type { ToldPose } from '../onvif-client.js';
import { checkOf, type Asked, type Evidence } from './verdicts.js';

const parts: readonly { readonly key: keyof Pose; readonly word: string; readonly unit: string }[] = [
  { key: 'longitude', word: 'longitude', unit: '°' },
  { key: 'latitude', word: 'latitude', unit: '°' },
  { key: 'mountHeightM', word: 'mount height', unit: ' m' },
  { key: 'azimuthDeg', word: 'azimuth', unit: '°' },
  { key: 'tiltDeg', word: 'tilt', unit: '°' },
  { key: 'horizontalFovDeg', word: 'field of view', unit: '°' },
];

/** The parts of a pose that are not known, in words. */
export function missingParts(pose: Pose): string[] {
  return parts.filter((p) => pose[p.key] === null).map((p) => p.word);
}

export function poseCheck(pose: Pose, told: Asked<ToldPose>): CommissioningCheck {
  const missing = missingParts(pose);
  const answered = told.status === 'answered' ? told.value : {};
  const evidence: Evidence = {};
  for (const { key } of parts) {
    evidence[key] = pose[key];
    if (answered[key] !== undefined) evidence[`told_${key}`] = answered[key];
  }
  const shown = parts.filter((p) => pose[p.key] !== null).map((p) => `${p.word} ${pose[p.key]}${p.unit}`);
  if (missing.length === 0) return checkOf('pose', 'pass', `${shown.join(', ')}.`, '', evidence);
  const offered = parts.filter((p) => pose[p.key] === null && answered[p.key] !== undefined).map((p) => `${p.word} ${answered[p.key]}${p.unit}`);
  const seen = `Not known: ${missing.join(', ')}.${offered.length > 0 ? ` The device tells ${offered.join(', ')}.` : ''}`;
  return checkOf('pose', 'warn', seen, `Place the camera on the map${offered.length > 0 ? '; what the device tells is offered there' : ''}.`, evidence);
}
