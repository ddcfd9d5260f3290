/**
 * What a new or changed camera is in the table: address in normal form, credentials out of it and sealed, the four
 * accountability fields there, and whether a run must see the change. Used one by one (API) and by the thousand (CSV).
 */
import { accountability, type CameraPatch, type NewCamera } from '../contract/camera.js';
import type { Sealer } from '../contract/auth-ports.js';
import { HedgerowError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import { openPassword, sealPassword } from './credentials.js';

/** @throws HedgerowError `camera.incomplete` (DESIGN.md 2.6) */
export function requireAccountability(input: Partial<NewCamera>): void {
  const { purpose, owner, legalBasis, reviewOn } = input;
  const checked = accountability.safeParse({ purpose, owner, legalBasis, reviewOn });
  if (checked.success) return;
  const faults = checked.error.issues.map((i) => `${i.path.join('.') || 'camera'}: ${i.message}`).join('; ');
  throw new HedgerowError('camera.incomplete', `A camera needs a purpose, an owner, a legal basis and a review date. ${faults}`);
}

/** @throws HedgerowError `camera.address`, `camera.incomplete` */
export function newCameraRow(input: NewCamera, sealer: Sealer, nowMs: number): CameraRow {
  requireAccountability(input);
  const address = parseCameraAddress(input.address);
  const id = newId();
  const now = new Date(nowMs);
  return {
    id,
    siteId: input.siteId,
    name: input.name.trim(),
    protocol: address.protocol,
    address: address.address,
    streamUrl: address.protocol === 'rtsp' ? address.address : null,
    streamUrlTold: null,
    profileToken: null,
    sourceToken: input.sourceToken,
    username: given(input.username) ?? address.username,
    sealedPassword: sealPassword(sealer, id, given(input.password) ?? address.password),
    fromCredentialSet: false,
    endpointReference: null,
    serialNumber: null,
    macAddress: null,
    manufacturer: null,
    model: null,
    firmware: null,
    authMode: null,
    purpose: input.purpose.trim(),
    owner: input.owner.trim(),
    legalBasis: input.legalBasis.trim(),
    reviewOn: input.reviewOn,
    longitude: input.longitude,
    latitude: input.latitude,
    mountHeightM: input.mountHeightM,
    azimuthDeg: input.azimuthDeg,
    tiltDeg: input.tiltDeg,
    horizontalFovDeg: input.horizontalFovDeg,
    toldPose: null,
    sampleIntervalMs: input.sampleIntervalMs,
    enabled: input.enabled,
    configVersion: 1,
    viewVersion: 1,
    unverifiedViewVersion: null,
    onboarding: [],
    onboardedAt: null,
    commissionedAt: null,
    commissioning: null,
    removedReason: null,
    removedAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

export interface CameraChange {
  /** columns to write; empty when nothing changes */
  readonly columns: Partial<CameraRow>;
  /** names of what changes, for the ledger; never values */
  readonly changed: readonly string[];
  /** the ladder is to be climbed again */
  readonly onboard: boolean;
}

const plainFields = [
  'name', 'purpose', 'owner', 'legalBasis', 'reviewOn', 'longitude', 'latitude', 'mountHeightM', 'azimuthDeg', 'tiltDeg', 'horizontalFovDeg', 'sampleIntervalMs', 'enabled',
] as const;

/** A run sees these: the last three decide how wide its frames may be (DESIGN.md 5.3). */
const runFields: ReadonlySet<string> = new Set<(typeof plainFields)[number]>(['sampleIntervalMs', 'enabled', 'mountHeightM', 'tiltDeg', 'horizontalFovDeg']);

/**
 * @param patch a field that is missing or undefined stays; a password is compared by opening the seal
 * @param hasPrivacyZones whether parts of the camera's picture are to be covered
 * @throws HedgerowError `camera.address`, `camera.incomplete`
 */
export function changeCameraRow(row: CameraRow, patch: CameraPatch, sealer: Sealer, nowMs: number, hasPrivacyZones: boolean): CameraChange {
  const columns: Partial<CameraRow> = {};
  const changed: string[] = [];
  let runSeesIt = false;
  let onboard = false;
  // A camera that ran before keeps a trace of it (an earlier view), also while a changed address waits for the ladder.
  const seenBefore = row.onboardedAt !== null || row.unverifiedViewVersion !== null;

  for (const field of plainFields) {
    const value = patch[field];
    if (value === undefined || value === row[field]) continue;
    Object.assign(columns, { [field]: value });
    changed.push(field);
    if (runFields.has(field)) runSeesIt = true;
    if (field === 'enabled' && value === true && row.onboardedAt === null) onboard = true;
  }

  const address = patch.address === undefined ? null : parseCameraAddress(patch.address);
  // What is said by itself wins over what stands in the address; null said by itself takes the credential away.
  const username = given(patch.username) ?? address?.username ?? (patch.username === undefined ? undefined : null);
  const password = given(patch.password) ?? address?.password ?? (patch.password === undefined ? undefined : null);
  // A sealed password goes to the host that it was entered for: who may change an address but does not know the password
  // must not have it sent to a host of his own (cameras may ask for it in clear).
  if (address && password === undefined && row.sealedPassword !== null && address.host !== parseCameraAddress(row.address).host) {
    throw new HedgerowError('camera.address', 'The address names another host: send the password with it again. A stored password goes only to the host that it was entered for.');
  }
  if (username !== undefined && username !== row.username) {
    columns.username = username;
    changed.push('username');
  }
  if (password !== undefined && password !== openPassword(sealer, row.id, row.sealedPassword)) {
    columns.sealedPassword = sealPassword(sealer, row.id, password);
    changed.push('password');
  }
  if (changed.includes('username') || changed.includes('password')) {
    Object.assign(columns, { authMode: null, fromCredentialSet: false } satisfies Partial<CameraRow>);
    runSeesIt = onboard = true;
  }
  if (address && address.address !== row.address) {
    // Identity stays: it is the same camera until the ladder says otherwise (DESIGN.md 5.1).
    Object.assign(columns, {
      address: address.address,
      protocol: address.protocol,
      streamUrl: address.protocol === 'rtsp' ? address.address : null,
      streamUrlTold: null,
      profileToken: null,
      authMode: null,
      onboardedAt: null,
      ...(seenBefore ? viewElsewhere(row, address.protocol, hasPrivacyZones) : {}),
    } satisfies Partial<CameraRow>);
    changed.push('address');
    runSeesIt = onboard = true;
  }
  if (patch.sourceToken !== undefined && patch.sourceToken !== row.sourceToken) {
    // Another video source is another stream, which the ladder finds, and another view, which is learned anew.
    // Privacy zones were drawn on the old one: pictures wait until somebody has looked, as after a replacement.
    const viewVersion = row.viewVersion + 1;
    Object.assign(columns, { sourceToken: patch.sourceToken, viewVersion, unverifiedViewVersion: seenBefore ? viewVersion : row.unverifiedViewVersion, profileToken: null, streamUrlTold: null, onboardedAt: null } satisfies Partial<CameraRow>);
    if ((columns.protocol ?? row.protocol) === 'onvif') columns.streamUrl = null;
    changed.push('sourceToken');
    runSeesIt = onboard = true;
  }
  if (changed.length === 0) return { columns: {}, changed, onboard: false };
  requireAccountability({ ...row, ...columns });
  if (runSeesIt) columns.configVersion = row.configVersion + 1;
  columns.updatedAt = new Date(nowMs);
  return { columns, changed, onboard };
}

/**
 * What a changed address does to the view of a camera that ran before. The ladder compares identities; where there is none
 * (a plain stream has none to tell) another camera may stand there, and privacy zones were drawn on the old one's view.
 */
function viewElsewhere(row: CameraRow, protocol: CameraRow['protocol'], hasPrivacyZones: boolean): Pick<CameraRow, 'viewVersion' | 'unverifiedViewVersion'> {
  const comparable = protocol === 'onvif' && (row.endpointReference ?? row.serialNumber ?? row.macAddress) !== null;
  if (comparable || !hasPrivacyZones) return { viewVersion: row.viewVersion, unverifiedViewVersion: row.unverifiedViewVersion ?? row.viewVersion - 1 };
  return { viewVersion: row.viewVersion + 1, unverifiedViewVersion: row.viewVersion + 1 };
}

/** An empty text is no value. */
function given(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
