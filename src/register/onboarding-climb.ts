/** One climb up the ladder, for an ONVIF device or a plain stream: what was seen, how far it went, what was learned. */
import type { CameraState, Rung } from '../contract/camera.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import type { SetLogin } from './credential-sets.js';
import type { Identity, TakenSource } from './device-twins.js';
import { createLadder, type Ladder, type Step } from './ladder.js';
import type { Login, LoginBudget } from './login-budget.js';
import { onvifOff } from './onboarding-hints.js';
import { climbOnvif } from './onboarding-onvif.js';
import { climbStream } from './onboarding-stream.js';
import type { OnvifClient } from './onvif-client.js';
import { tcpReach } from './tcp-reach.js';

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

export async function climb(row: CameraRow, password: string | null, parts: ClimbParts, signal: AbortSignal, onRung?: (rung: Rung) => void): Promise<Climb> {
  const ladder = createLadder(parts.clock, onRung);
  const learned: Partial<CameraRow> = {};
  const own = row.username === null ? null : { username: row.username, password: password ?? '' };
  const reached = await ladder.climb('reach', () => reach(row, parts, signal));
  const way = row.protocol === 'onvif' ? climbOnvif : climbStream;
  const outcome = reached ? await way({ row, own, parts, ladder, learned, signal }) : { state: 'unreachable' as const, skewMs: null, login: null };
  const rungs = ladder.rungs();
  const failed = rungs.find((r) => r.status === 'fail');
  return { rungs, ...outcome, reason: failed ? `${failed.name}: ${failed.seen}` : null, learned };
}

/** Whether the last climb ended at a refused log-in, so that the one of now is a changed one or asked for by somebody. */
export function wasRefused(row: CameraRow): boolean {
  return row.onboarding.some((r) => r.name === 'auth' && r.status === 'fail');
}

async function reach(row: CameraRow, { guard, clock, limits }: ClimbParts, signal: AbortSignal): Promise<Step> {
  const { host, port, protocol } = parseCameraAddress(row.address);
  const { address } = await guard.pin(host);
  const where = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const found = await tcpReach({ address, port, timeoutMs: limits.connectTimeoutMs, clock, signal });
  switch (found.status) {
    case 'open':
      return { status: 'pass', seen: `${where} takes connections.` };
    case 'refused':
      return {
        status: 'fail',
        seen: `The host of ${where} answers, but nothing listens on that port.`,
        todo: protocol === 'onvif' ? `Check the port (often 80, 8000, 8080, 2020 or 8899). ${onvifOff}` : 'Switch RTSP on in the camera, and check the port (usually 554).',
      };
    case 'silent':
      return { status: 'fail', seen: `${where} does not answer within ${limits.connectTimeoutMs} ms.`, todo: 'Check power, cable, switch port, VLAN and address; a firewall may also swallow the connection.' };
    case 'failed':
      return { status: 'fail', seen: `${where} cannot be connected to: ${found.detail}`, todo: 'Check the address and the way to its network.' };
    default:
      return found satisfies never;
  }
}
