/**
 * One simulated camera as its own services see it: identity, credentials, clock, faults and the contact of its panic
 * button. It opens no socket; the ONVIF server, the RTSP server and the discovery answer read it.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { Polygon } from '../core/polygon.js';
import { createAccounts, type Accounts } from './auth/accounts.js';
import { createDigestDoor, type DigestDoor } from './auth/http-digest.js';
import { createLockout, type Lockout } from './auth/lockout.js';
import { createUsernameTokenDoor, type UsernameTokenDoor } from './auth/username-token.js';
import { healthy, suffer, type Fault, type Suffering } from './fault.js';

/** What the rest of the house may know of a camera. */
export interface SimulatedCamera {
  readonly index: number;
  readonly name: string;
  /** `urn:uuid:…`, the same after a restart with the same seed */
  readonly endpointReference: string;
  /** device service, `http://host:port/onvif/device_service` */
  readonly onvifUrl: string;
  /** sub-stream, without credentials */
  readonly rtspUrl: string;
  readonly mainRtspUrl: string;
  readonly username: string;
  /** as it is now: SetUser changes it */
  readonly password: string;
  /** the video sources of the device: one for a camera, several for a recorder */
  readonly channels: readonly SimulatedChannel[];
  /** what the walkers of the drawn scene cross, normalised */
  readonly guardPolygon: Polygon;
  readonly longitude: number;
  readonly latitude: number;
  /** clockwise from north */
  readonly azimuthDeg: number;
  readonly horizontalFovDeg: number;
  readonly mountHeightM: number;
}

/** One video source of a device, with its two streams. */
export interface SimulatedChannel {
  /** `VideoSource_1` … */
  readonly sourceToken: string;
  readonly name: string;
  readonly rtspUrl: string;
  readonly mainRtspUrl: string;
  readonly guardPolygon: Polygon;
  readonly azimuthDeg: number;
  readonly horizontalFovDeg: number;
  readonly mountHeightM: number;
}

export interface CameraDevice {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly serialNumber: string;
  readonly macAddress: string;
  /** the account that the village gives out */
  readonly username: string;
  readonly accounts: Accounts;
  readonly requireAuth: boolean;
  readonly lockout: Lockout;
  readonly httpDigest: DigestDoor;
  readonly rtspDigest: DigestDoor;
  readonly usernameToken: UsernameTokenDoor;
  /** epoch milliseconds at which it was switched on, by our clock */
  readonly bootedMs: number;
  suffering(): Suffering;
  /** Changes the state and tells whoever listens. */
  apply(fault: Fault): void;
  onChange(listener: (now: Suffering, before: Suffering) => void): void;
  /** the camera's own clock, epoch milliseconds */
  readonly nowMs: () => number;
}

export const realm = 'Simulated camera';

export function createCameraDevice(options: { index: number; name: string; seed: number; clock: Clock; requireAuth: boolean }): CameraDevice {
  const { index, clock } = options;
  const hash = createHash('sha256').update(`hedgerow village ${options.seed} camera ${index}`).digest('hex');
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-9${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  const username = 'hedgerow';
  const firstPassword = `sim-${hash.slice(40, 52)}`;
  const listeners: ((now: Suffering, before: Suffering) => void)[] = [];
  let state = healthy();
  const nowMs = (): number => clock.nowMs() + state.clockOffsetMs;
  const accounts = createAccounts(() => [
    { username, password: firstPassword, level: state.accountLevel },
    ...(state.defaultPassword === null ? [] : [{ username: 'admin', password: state.defaultPassword, level: 'Administrator' as const }]),
  ]);
  const passwordOf = (name: string): string | undefined => accounts.find(name)?.password;
  const door = { realm, passwordOf, clock };
  return {
    index,
    name: options.name,
    uuid,
    serialNumber: `SIM${hash.slice(52, 60).toUpperCase()}`,
    macAddress: `02:${[60, 56, 54, 50, 48].map((at) => hash.slice(at, at + 2)).join(':')}`,
    username,
    accounts,
    requireAuth: options.requireAuth,
    lockout: createLockout({ clock, policy: () => ({ maxWrong: state.lockout?.after ?? 8, lockMs: (state.lockout?.seconds ?? 60) * 1000 }) }),
    httpDigest: createDigestDoor({ ...door, qop: true }),
    rtspDigest: createDigestDoor({ ...door, qop: false }),
    usernameToken: createUsernameTokenDoor({ passwordOf, nowMs }),
    bootedMs: clock.nowMs(),
    suffering: () => state,
    apply(fault) {
      const before = state;
      state = suffer(before, fault);
      for (const listener of listeners) listener(state, before);
    },
    onChange: (listener) => void listeners.push(listener),
    nowMs,
  };
}
