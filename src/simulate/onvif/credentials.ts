/** Decides whether a SOAP request may pass: HTTP Digest or WS-UsernameToken, either is enough, neither is forgiven. */
import type { CameraDevice } from '../camera-device.js';
import type { Account } from '../auth/accounts.js';
import { parseDigest } from '../auth/http-digest.js';
import { child, textOf, type SoapRequest } from './soap.js';

export type Passage =
  /** who asks; undefined where nobody is asked for a log-in */
  | { readonly status: 'right'; readonly account?: Account | undefined }
  /** 401 with a challenge */
  | { readonly status: 'challenge'; readonly stale: boolean }
  /** 400 with ter:NotAuthorized: the token in the SOAP header is wrong */
  | { readonly status: 'not-authorized'; readonly reason: string };

/** @param authorization value of the HTTP header */
export function judgeRequest(device: CameraDevice, authorization: string | undefined, request: SoapRequest, method: string): Passage {
  if (!device.requireAuth) return { status: 'right' };
  const token = child(child(request.header, 'Security'), 'UsernameToken');
  if (authorization === undefined && !token) return { status: 'challenge', stale: false };
  const closed = device.suffering().refuseAuth || device.lockout.locked();
  if (authorization !== undefined) {
    if (closed) return { status: 'challenge', stale: false };
    const verdict = device.httpDigest.verify(authorization, method);
    if (verdict === 'stale') return { status: 'challenge', stale: true };
    if (verdict === 'right') return pass(device, parseDigest(authorization)?.get('username'));
    device.lockout.wrong();
    return { status: 'challenge', stale: false };
  }
  if (closed) return { status: 'not-authorized', reason: device.lockout.locked() ? 'The account is locked' : 'Sender not authorized' };
  const verdict = device.usernameToken.verify({
    username: textOf(token, 'Username') ?? '',
    digest: textOf(token, 'Password') ?? '',
    nonceBase64: textOf(token, 'Nonce') ?? '',
    created: textOf(token, 'Created') ?? '',
  });
  if (verdict === 'right') return pass(device, textOf(token, 'Username'));
  device.lockout.wrong();
  return { status: 'not-authorized', reason: 'Sender not authorized' };
}

function pass(device: CameraDevice, username: string | undefined): Passage {
  device.lockout.right();
  return { status: 'right', account: device.accounts.find(username ?? '') };
}
