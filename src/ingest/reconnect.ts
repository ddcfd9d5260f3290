/**
 * When a camera is tried again. Exponential with jitter up to a cap; a run that was good for a minute starts the count
 * anew. A refused password waits for the cap at once, after three refusals for half an hour, and for the same password also
 * over a restart of the run: devices lock out after some wrong tries within minutes.
 */
import { createHash } from 'node:crypto';
import { backoffMs, type Backoff } from '../core/retry.js';
import type { StreamTarget } from '../contract/camera.js';
import type { RunEnd } from '../contract/frame-source.js';

/** A run with frames that lasted so long was good. */
const goodAfterMs = 60_000;
/** From this refusal of one password on, it is tried this seldom. A change of the camera or a probe by hand tries at once. */
const patientRefusals = 3;
const patienceMs = 30 * 60_000;

export interface Reconnect {
  /** Milliseconds to wait before the next try. */
  afterRun(target: StreamTarget, end: RunEnd, lastedMs: number, atMs: number): number;
  /** Milliseconds to wait before a try that does not follow a run of this loop: more than 0 only for a refused password. */
  beforeRun(target: StreamTarget, atMs: number): number;
  /** The camera was changed: what was learned about reaching it is void, but for a refused password. */
  reset(): void;
}

/** @param random returns 0 <= x < 1 */
export function createReconnect(backoff: Backoff, random: () => number = Math.random): Reconnect {
  let attempt = 0;
  let refused: { key: string; untilMs: number; times: number; longestMs: number } | undefined;
  return {
    afterRun(target, end, lastedMs, atMs) {
      if (end.reason === 'auth') {
        attempt += 1;
        const key = keyOf(target);
        const times = refused?.key === key ? refused.times + 1 : 1;
        const waitMs = times < patientRefusals ? backoff.capMs : Math.max(backoff.capMs, patienceMs);
        refused = { key, untilMs: atMs + waitMs, times, longestMs: waitMs };
        return waitMs;
      }
      if (end.frames > 0) refused = undefined;
      if (end.frames > 0 && lastedMs >= goodAfterMs) attempt = 0;
      attempt += 1;
      return backoffMs(attempt, backoff, random);
    },
    beforeRun(target, atMs) {
      return refused?.key === keyOf(target) ? Math.min(refused.longestMs, Math.max(0, refused.untilMs - atMs)) : 0;
    },
    reset() {
      attempt = 0;
      // Somebody mended something, perhaps on the device: worth one more try, but not at once.
      if (refused) refused = { ...refused, times: 0, longestMs: backoff.capMs };
    },
  };
}

/** A digest, so that no second copy of the password is kept. */
function keyOf(target: StreamTarget): string {
  return createHash('sha256').update(JSON.stringify([new URL(target.url).host, target.username, target.password])).digest('hex');
}
