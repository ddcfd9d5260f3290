/** One look at a stream: pinned, opened, one key frame decoded, closed. The log-in goes in where the camera takes it. */
import type { StreamTarget } from '../contract/camera.js';
import type { EndReason, FrameSource } from '../contract/frame-source.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { pinStream } from './camera-directory.js';
import type { CameraRow } from './camera-rows.js';
import { firstKeyFrame } from './first-key-frame.js';
import type { Step } from './ladder.js';
import type { Login } from './login-budget.js';
import { streamHint } from './onboarding-hints.js';
import { fillPath, takesLoginInPath } from './path-credentials.js';

/** A key frame every ten seconds is the most that a usable camera takes; twice that, and it is at fault. */
const keyFrameTimeoutMs = 20_000;

export interface StreamTry {
  readonly step: Step;
  /** null: a key frame came */
  readonly reason: EndReason | 'timeout' | null;
  /** a log-in was sent and refused */
  readonly refusedLogin: boolean;
}

export interface StreamTryParts {
  readonly guard: AddressGuard;
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly limits: { readonly connectTimeoutMs: number };
}

/**
 * @param url may be a template (`path-credentials.ts`)
 * @param login with `digestOnly` it is never sent in clear, nor put into a path
 */
export async function tryStream(row: CameraRow, url: string, login: (Login & { readonly digestOnly: boolean }) | null, { guard, source, clock, limits }: StreamTryParts, signal: AbortSignal): Promise<StreamTry> {
  if (login?.digestOnly === true && takesLoginInPath(url)) {
    const seen = 'It wants the log-in in the path of the stream, in clear; one of a credential set is not sent so.';
    return { step: { status: 'fail', seen, todo: 'Enter a log-in of its own for this camera.' }, reason: 'auth', refusedLogin: false };
  }
  let pinnedUrl: string;
  try {
    pinnedUrl = await pinStream(guard, url);
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError) || thrown.code !== 'address.refused') throw thrown;
    return { step: { status: 'fail', seen: thrown.message, todo: streamHint('refused') }, reason: 'refused', refusedLogin: false };
  }
  const target: StreamTarget = {
    cameraId: row.id,
    siteId: row.siteId,
    url: fillPath(pinnedUrl, login),
    username: login?.username ?? null,
    password: login?.password ?? null,
    digestOnly: login?.digestOnly ?? false,
    sampleIntervalMs: row.sampleIntervalMs,
    configVersion: row.configVersion,
  };
  const seen = await firstKeyFrame({ source, target, connectTimeoutMs: limits.connectTimeoutMs, timeoutMs: keyFrameTimeoutMs, clock, signal });
  switch (seen.status) {
    case 'seen': {
      const { info, tookMs } = seen;
      const size = info ? `${info.codec} ${info.widthPx}×${info.heightPx}` : `${seen.widthPx}×${seen.heightPx}`;
      return { step: { status: 'pass', seen: `A key frame (${size}) was decoded after ${Math.round(tookMs)} ms.` }, reason: null, refusedLogin: false };
    }
    case 'timeout':
      return { step: { status: 'fail', seen: `No key frame within ${keyFrameTimeoutMs / 1000} s.`, todo: streamHint('timeout') }, reason: 'timeout', refusedLogin: false };
    case 'ended': {
      const { reason, detail, loginSent } = seen.end;
      return { step: { status: 'fail', seen: `The stream ended (${reason}): ${detail}`, todo: streamHint(reason) }, reason, refusedLogin: reason === 'auth' && login !== null && loginSent !== false };
    }
    default:
      return seen satisfies never;
  }
}
