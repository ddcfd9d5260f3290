/**
 * Decides a camera's state from what is known about it (DESIGN.md 5.5). Pure: facts and the time in, state and reason out,
 * so that every worker says the same. The reason is one line for people and does not change by the second.
 */
import type { Camera, CameraState } from '../contract/camera.js';
import { withheldReasons } from '../contract/analysis.js';
import type { EndReason } from '../contract/frame-source.js';

export interface CameraFacts {
  readonly protocol: 'onvif' | 'rtsp';
  readonly sampleIntervalMs: number;
  lastFrameAtMs: number | null;
  meanLuma: number | null;
  /** frames in a row whose mean luma is the same to the last digit */
  still: { sinceMs: number; frames: number } | null;
  pictureStatus: Camera['pictureStatus'];
  pictureReason: string | null;
  detector: Camera['detector'];
  /** positive: the camera is ahead */
  clockSkewMs: number | null;
  /** the newest end of a run since the last frame */
  end: { reason: EndReason; frames: number; firstAtMs: number; atMs: number; inARow: number } | null;
  probe: { state: Exclude<CameraState, 'good'>; reason: string | null; atMs: number } | null;
}

export interface Judged {
  readonly state: CameraState;
  readonly reason: string | null;
}

export interface JudgeLimits {
  readonly maxClockSkewMs: number;
  readonly downAfterMs: number;
}

/** A run that ended counts after so long, or when the next one failed as well. */
export const endGraceMs = 5_000;

/** Of the mean luma, 0..255. The inner pair is for a camera that is not good now: it must be clearly in order again. */
const black = { leave: 10, back: 12 };
const white = { leave: 250, back: 247 };

/** No sensor gives the same mean twice, let alone so often and for so long: noise sees to that. */
const frozen = { frames: 10, ms: 15_000 };

const ends: Record<Exclude<EndReason, 'stopped'>, Judged> = {
  unreachable: { state: 'unreachable', reason: 'The camera does not answer at its address.' },
  refused: { state: 'unreachable', reason: 'The address of the camera is outside the networks that the configuration allows.' },
  auth: { state: 'answering', reason: 'The camera refused the password.' },
  'not-found': { state: 'authenticated', reason: 'The camera has no video stream at the address that it was given.' },
  stalled: { state: 'authenticated', reason: 'The camera sends no usable picture.' },
  closed: { state: 'authenticated', reason: 'The camera ended the stream.' },
  corrupt: { state: 'authenticated', reason: 'What the camera sends cannot be decoded.' },
  protocol: { state: 'reachable', reason: 'The camera answers in a way that cannot be used.' },
};

/** How long a camera may be without a frame, milliseconds. */
export function frameLimitMs(facts: Pick<CameraFacts, 'sampleIntervalMs'>, limits: JudgeLimits): number {
  return Math.max(limits.downAfterMs, 2.5 * facts.sampleIntervalMs);
}

/**
 * @param before the state until now: near a threshold a camera stays what it was
 * @returns null when nothing is known yet: what was known stays
 */
export function judge(facts: CameraFacts, before: CameraState | null, limits: JudgeLimits, nowMs: number): Judged | null {
  const { end, probe, lastFrameAtMs } = facts;
  const fresh = lastFrameAtMs !== null && nowMs - lastFrameAtMs < frameLimitMs(facts, limits);
  const ended = end !== null && end.reason !== 'stopped' && (end.inARow >= 2 || nowMs - end.firstAtMs >= endGraceMs);
  if (fresh && !ended) return running(facts, before, limits);
  // Whatever looked at the camera last is right.
  if (end && end.reason !== 'stopped' && (!probe || end.atMs >= probe.atMs)) {
    // A connection that ends before a picture says nothing about the log-in: only that somebody listens.
    if (end.reason === 'closed' && end.frames === 0) return { state: 'reachable', reason: 'The camera ends the connection before a picture comes.' };
    return ends[end.reason];
  }
  if (probe && probe.atMs >= (lastFrameAtMs ?? 0)) {
    return { state: probe.state, reason: probe.reason ?? (probe.state === 'online' ? 'The camera answers; no frames are taken from it now.' : null) };
  }
  if (lastFrameAtMs !== null) return { state: 'authenticated', reason: `No frame has come for ${seconds(frameLimitMs(facts, limits))}.` };
  return null;
}

function running(facts: CameraFacts, before: CameraState | null, limits: JudgeLimits): Judged {
  const online = (reason: string): Judged => ({ state: 'online', reason });
  const luma = facts.meanLuma;
  const wasGood = before === 'good';
  if (facts.pictureStatus === 'moved') return online(facts.pictureReason ?? 'The camera was moved: its zones must be confirmed first.');
  const withheld = facts.pictureStatus === 'withheld' ? online(facts.pictureReason ?? 'No picture of the camera may be shown now.') : null;
  // That the view changed is true of a black picture, too, and says less.
  if (withheld && facts.pictureReason !== withheldReasons['scene-changed']) return withheld;
  if (luma !== null && luma < (wasGood ? black.leave : black.back)) return online('The picture is black.');
  if (luma !== null && luma > (wasGood ? white.leave : white.back)) return online('The picture is overexposed.');
  if (facts.still && facts.still.frames >= frozen.frames && (facts.lastFrameAtMs ?? 0) - facts.still.sinceMs >= frozen.ms) return online('The picture is frozen: frames come, and nothing in them changes.');
  if (withheld) return withheld;
  if (facts.clockSkewMs === null) return facts.protocol === 'rtsp' ? { state: 'good', reason: null } : online("The camera's clock was not read yet.");
  if (Math.abs(facts.clockSkewMs) > limits.maxClockSkewMs) {
    return online(`The camera's clock is ${seconds(facts.clockSkewMs)} ${facts.clockSkewMs > 0 ? 'ahead' : 'behind'}.`);
  }
  return { state: 'good', reason: null };
}

function seconds(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}
