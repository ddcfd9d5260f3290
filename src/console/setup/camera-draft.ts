/** A camera as a form holds it, all text, and as the API takes it. */
import type { Camera } from '../../contract/camera.js';
import type { Draft } from '../api/draft.js';

export interface CameraDraft {
  siteId: string;
  name: string;
  address: string;
  username: string;
  password: string;
  purpose: string;
  owner: string;
  legalBasis: string;
  reviewOn: string;
  longitude: string;
  latitude: string;
  mountHeightM: string;
  azimuthDeg: string;
  tiltDeg: string;
  horizontalFovDeg: string;
  sampleIntervalMs: string;
}

const poseFields = ['longitude', 'latitude', 'mountHeightM', 'azimuthDeg', 'tiltDeg', 'horizontalFovDeg'] as const;

/** The review is proposed for a year from `todayMs`. */
export function emptyDraft(siteId: string, todayMs: number): CameraDraft {
  return {
    siteId, name: '', address: '', username: '', password: '', purpose: '', owner: '', legalBasis: '',
    reviewOn: new Date(todayMs + 365 * 86_400_000).toISOString().slice(0, 10),
    longitude: '', latitude: '', mountHeightM: '', azimuthDeg: '', tiltDeg: '', horizontalFovDeg: '', sampleIntervalMs: '1000',
  };
}

export function draftOf(camera: Camera): CameraDraft {
  const text = (value: number | null): string => (value === null ? '' : String(value));
  return {
    siteId: camera.siteId, name: camera.name, address: camera.address, username: camera.username ?? '', password: '',
    purpose: camera.purpose, owner: camera.owner, legalBasis: camera.legalBasis, reviewOn: camera.reviewOn,
    longitude: text(camera.longitude), latitude: text(camera.latitude), mountHeightM: text(camera.mountHeightM),
    azimuthDeg: text(camera.azimuthDeg), tiltDeg: text(camera.tiltDeg), horizontalFovDeg: text(camera.horizontalFovDeg),
    sampleIntervalMs: String(camera.sampleIntervalMs),
  };
}

/** Empty text is "not known" (null) for numbers and credentials. A password's spaces are kept. */
export function requestOf(draft: CameraDraft): Draft {
  const pose = Object.fromEntries(poseFields.map((f) => [f, draft[f].trim() === '' ? null : Number(draft[f])]));
  return {
    siteId: draft.siteId, name: draft.name.trim(), address: draft.address.trim(),
    username: draft.username.trim() === '' ? null : draft.username.trim(),
    password: draft.password === '' ? null : draft.password,
    purpose: draft.purpose.trim(), owner: draft.owner.trim(), legalBasis: draft.legalBasis.trim(), reviewOn: draft.reviewOn,
    sampleIntervalMs: Number(draft.sampleIntervalMs), ...pose,
  };
}
