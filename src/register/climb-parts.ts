/** What the climbs of an ONVIF device and of a plain stream share: what they are handed, and what they come back with. */
import type { CameraState, Rung } from '../contract/camera.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import type { CameraRow } from './camera-rows.js';
import type { SetLogin } from './credential-sets.js';
import type { Identity, TakenSource } from './device-twins.js';
import type { Ladder } from './ladder.js';
import type { Login, LoginBudget } from './login-budget.js';
import type { OnvifClient } from './onvif-client.js';

export interface Climb {
  readonly rungs: Rung[];
  /** how far the camera is known to work */
  readonly state: Exclude<CameraState, 'good'>;
  /** what failed, in one line; null when all passed */
  readonly reason: string | null;
  readonly skewMs: number | null;
  /** columns that were learned; `streamUrl` only when a key frame was decoded */
  readonly learned: Partial<CameraRow>;
  /** the credential set that worked where the camera's own log-in did not: to be copied onto the camera */
  readonly login: SetLogin | null;
}

export interface ClimbParts {
  readonly guard: AddressGuard;
  readonly onvif: OnvifClient;
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly limits: { readonly connectTimeoutMs: number; readonly lockout: { readonly refusedLogins: number; readonly windowMs: number } };
  readonly budget: LoginBudget;
  /** of the camera's site, in their order */
  readonly sets: readonly SetLogin[];
  /** @returns how a device is registered already on another row, or null */
  readonly twinOf: (identity: Identity) => Promise<string | null>;
  /** the other cameras of the same device */
  readonly sourcesTaken: (endpointReference: string | null) => Promise<readonly TakenSource[]>;
}

/** What a climb of one kind is handed. */
export interface ClimbOf {
  readonly row: CameraRow;
  /** the camera's own log-in */
  readonly own: Login | null;
  readonly parts: ClimbParts;
  readonly ladder: Ladder;
  readonly learned: Partial<CameraRow>;
  readonly signal: AbortSignal;
}

/** Whether the last climb ended at a refused log-in, so that the one of now is a changed one or asked for by somebody. */
export function wasRefused(row: CameraRow): boolean {
  return row.onboarding.some((r) => r.name === 'auth' && r.status === 'fail');
}
