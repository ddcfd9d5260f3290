/** The recorder of one camera: what it holds, in the camera's clock, with the gap that a fault makes. */
import type { CameraDevice } from '../camera-device.js';

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  /** still being recorded: `untilMs` is now, not an end */
  readonly running: boolean;
}

export interface Recorder {
  readonly recordingToken: string;
  readonly trackToken: string;
  /** older data is deleted */
  readonly maximumRetentionDays: number;
  /** Stretches that can be played, oldest first. */
  spans(): readonly Span[];
}

const hourMs = 3_600_000;
const retentionDays = 30;

export function createRecorder(device: CameraDevice): Recorder {
  return {
    recordingToken: 'Recording_1',
    trackToken: 'VIDEO001',
    maximumRetentionDays: retentionDays,
    spans() {
      const untilMs = device.nowMs();
      const fromMs = untilMs - retentionDays * 24 * hourMs;
      const gap = device.suffering().recorderGap;
      if (!gap) return [{ fromMs, untilMs, running: true }];
      const gapFromMs = untilMs - gap.hoursAgo * hourMs;
      const gapUntilMs = Math.min(untilMs, gapFromMs + gap.hours * hourMs);
      return [
        { fromMs, untilMs: Math.max(fromMs, gapFromMs), running: false },
        { fromMs: gapUntilMs, untilMs, running: true },
      ].filter((span) => span.untilMs > span.fromMs);
    },
  };
}
