/** Onboarding on the register bench: the real ONVIF client, and a source of frames that a test decides (a port of one method). */
import type { CameraState, Rung } from '../../src/contract/camera.js';
import type { FrameSource, RunEnd } from '../../src/contract/frame-source.js';
import type { StreamTarget } from '../../src/contract/camera.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { createOnboarding } from '../../src/register/onboarding.js';
import type { OnvifClient } from '../../src/register/onvif-client.js';
import type { RegisterBench } from './register-bench.js';

export const limits = { connectTimeoutMs: 2000, replyTimeoutMs: 1500, maxReplyBytes: 4 * 1024 * 1024 };
export const registerConfig = {
  allowNetworks: [], denyNetworks: [], ...limits, onboardingsAtOnce: 8, climbsPerHost: 4, allowOwnNetworks: true, lockout: { refusedLogins: 3, windowMs: 1_800_000 },
  sweep: { perSecond: 400, bridges: false }, discoveryListenMs: 1500, probeEveryMs: 60_000,
};
export const never = new AbortController().signal;
export const statuses = (rungs: readonly Rung[]): string => rungs.map((r) => `${r.name}:${r.status}`).join(' ');
export const allPass = 'reach:pass clock:pass auth:pass services:pass profiles:pass keyframe:pass';
export const rungOf = (rungs: readonly Rung[], name: Rung['name']): Rung => rungs.find((r) => r.name === name) as Rung;

/** Hands out one key frame at once, or ends as it is told. Keeps the targets. */
export function frameSource(answer: (target: StreamTarget) => Partial<RunEnd> | null = () => null) {
  const targets: StreamTarget[] = [];
  const source: FrameSource = {
    run({ target, onFrame }) {
      targets.push(target);
      const end = answer(target);
      if (end === null) onFrame({ widthPx: 640, heightPx: 360 } as Parameters<typeof onFrame>[0]);
      return Promise.resolve({ reason: 'stopped', detail: 'Stopped.', frames: 1, dropped: 0, bytes: 1, ...end });
    },
    close: () => Promise.resolve(),
  };
  return { source, targets };
}

export function onboardingOn(bench: RegisterBench, source: FrameSource, more: { config?: Partial<typeof registerConfig>; onvif?: (real: OnvifClient) => OnvifClient; probed?: (id: string, state: CameraState) => void } = {}) {
  const { database, sealer, guard, events, ledger, clock, log } = bench;
  const real = createOnvifClient({ guard, clock, log, limits });
  return createOnboarding({
    config: { ...registerConfig, ...more.config }, database, sealer, guard, onvif: more.onvif?.(real) ?? real, source, events, ledger, clock, log,
    reports: {
      probed: (id, state) => more.probed?.(id, state),
      clockMeasured: () => undefined, runStarted: () => undefined, runEnded: () => undefined, sampled: () => undefined, released: () => undefined,
    },
  });
}
