/** One climb up the ladder, for an ONVIF device or a plain stream: what was seen, how far it went, what was learned. */
import type { Rung } from '../contract/camera.js';
import { parseCameraAddress } from './camera-address.js';
import type { CameraRow } from './camera-rows.js';
import type { Climb, ClimbParts } from './climb-parts.js';
import { createLadder, type Step } from './ladder.js';
import { onvifOff } from './onboarding-hints.js';
import { climbOnvif } from './onboarding-onvif.js';
import { climbStream } from './onboarding-stream.js';
import { tcpReach } from './tcp-reach.js';

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
