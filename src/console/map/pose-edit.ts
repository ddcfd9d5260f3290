/** What a hand does to a camera's pose on the map, and how far that is from what is registered. */
import type { Pose } from '../../contract/camera.js';
import { guessedFovDeg } from './ground-cone.js';
import { bearingDeg, movedBy, turn, turnBetween, type GroundPoint } from './local-plane.js';

export type PoseField = keyof Pose;
/** What a device tells of itself: as much as it likes. */
export type ToldPose = { readonly [F in PoseField]?: number | null | undefined };
export const poseFields = ['longitude', 'latitude', 'azimuthDeg', 'horizontalFovDeg', 'tiltDeg', 'mountHeightM'] as const satisfies readonly PoseField[];

/** The contract's bounds, for the fields; `digits` is how exact a hand can be. */
export const poseLimits: Record<PoseField, { readonly min: number; readonly max: number; readonly step: number; readonly digits: number }> = {
  longitude: { min: -180, max: 180, step: 0.00001, digits: 7 },
  latitude: { min: -90, max: 90, step: 0.00001, digits: 7 },
  azimuthDeg: { min: 0, max: 360, step: 1, digits: 1 },
  horizontalFovDeg: { min: 1, max: 180, step: 1, digits: 1 },
  tiltDeg: { min: -90, max: 90, step: 1, digits: 1 },
  mountHeightM: { min: 0, max: 200, step: 0.1, digits: 2 },
};

/** Two values nearer than this are the same: a device rounds, and so does a hand. */
const sameWithin: Record<PoseField, number> = { longitude: 0.000002, latitude: 0.000002, azimuthDeg: 0.5, horizontalFovDeg: 0.5, tiltDeg: 0.5, mountHeightM: 0.05 };

export function placeOf(pose: Pose): GroundPoint | null {
  return pose.longitude === null || pose.latitude === null ? null : { longitude: pose.longitude, latitude: pose.latitude };
}

export function putAt(pose: Pose, at: GroundPoint): Pose {
  return { ...pose, longitude: round(at.longitude, 'longitude'), latitude: round(at.latitude, 'latitude') };
}

/** By metres; a pose without a position stays as it is. */
export function nudged(pose: Pose, eastM: number, northM: number): Pose {
  const at = placeOf(pose);
  return at ? putAt(pose, movedBy(at, eastM, northM)) : pose;
}

export function turnedBy(pose: Pose, deg: number): Pose {
  return { ...pose, azimuthDeg: rounded(turn((pose.azimuthDeg ?? 0) + deg)) };
}

/** The tip of the cone is dragged to `to`. On the camera itself there is no direction: nothing changes. */
export function turnedTo(pose: Pose, to: GroundPoint): Pose {
  const at = placeOf(pose);
  const bearing = at && bearingDeg(at, to);
  return bearing === null ? pose : { ...pose, azimuthDeg: rounded(turn(bearing)) };
}

/** An edge of the cone is dragged to `to`: the other edge follows, the direction stays. */
export function openedTo(pose: Pose, to: GroundPoint): Pose {
  const at = placeOf(pose);
  const bearing = at && bearingDeg(at, to);
  return bearing === null ? pose : { ...pose, horizontalFovDeg: clampFov(2 * Math.abs(turnBetween(pose.azimuthDeg ?? 0, bearing))) };
}

export function openedBy(pose: Pose, deg: number): Pose {
  return { ...pose, horizontalFovDeg: clampFov((pose.horizontalFovDeg ?? guessedFovDeg) + deg) };
}

/** What a PATCH must name: the fields that are another now. */
export function changedFields(from: Pose, to: Pose): Partial<Pose> {
  return Object.fromEntries(poseFields.filter((f) => from[f] !== to[f]).map((f) => [f, to[f]]));
}

export function poseOf(camera: Pose): Pose {
  const { longitude, latitude, azimuthDeg, horizontalFovDeg, tiltDeg, mountHeightM } = camera;
  return { longitude, latitude, azimuthDeg, horizontalFovDeg, tiltDeg, mountHeightM };
}

/** What the device says and the pose does not: worth taking over. Bearings meet at 0 = 360. */
export function toldDifferences(pose: Pose, told: ToldPose | null): Partial<Pose> {
  const differs = (f: PoseField): boolean => {
    const [own, its] = [pose[f], told?.[f] ?? null];
    if (its === null) return false;
    if (own === null) return true;
    return (f === 'azimuthDeg' ? Math.abs(turnBetween(own, its)) : Math.abs(own - its)) > sameWithin[f];
  };
  return Object.fromEntries(poseFields.filter(differs).map((f) => [f, told?.[f]]));
}

export function missingFields(pose: ToldPose): PoseField[] {
  return poseFields.filter((f) => (pose[f] ?? null) === null);
}

function rounded(azimuthDeg: number): number {
  const value = round(azimuthDeg, 'azimuthDeg');
  return value >= 360 ? 0 : value;
}

function clampFov(deg: number): number {
  return round(Math.min(180, Math.max(1, deg)), 'horizontalFovDeg');
}

function round(value: number, field: PoseField): number {
  const scale = 10 ** poseLimits[field].digits;
  return Math.round(value * scale) / scale;
}
