/** The recorder of one device: what it holds of each channel, in the device's clock, with the gap that a fault makes. */
import type { CameraDevice } from '../camera-device.js';
import type { Channel } from './channel.js';

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  /** still being recorded: `untilMs` is now, not an end */
  readonly running: boolean;
}

export interface Recording {
  readonly token: string;
  readonly channel: Channel;
  readonly videoTrack: string;
  /** null: the microphone is off */
  readonly audioTrack: string | null;
  /** Stretches that can be played, oldest first. */
  spans(): readonly Span[];
}

export interface Recorder {
  /** one a channel */
  recordings(): readonly Recording[];
  /** `MaximumRetentionTime`: 0 is "no limit", null is not told */
  maximumRetentionDays(): number | null;
}

const hourMs = 3_600_000;
const capacityDays = 30;

export function createRecorder(device: CameraDevice, channels: readonly Channel[]): Recorder {
  /** What it may not keep is deleted; without a limit the disk is the limit. */
  const keptDays = (): number => {
    const days = device.suffering().retention?.days ?? 0;
    return days > 0 ? Math.min(days, capacityDays) : capacityDays;
  };
  const spans = (channel: Channel): readonly Span[] => {
    const untilMs = device.nowMs();
    const fromMs = untilMs - keptDays() * 24 * hourMs;
    const gap = device.suffering().recorderGap;
    if (!gap || (gap.channel !== null && gap.channel !== channel.number)) return [{ fromMs, untilMs, running: true }];
    const gapFromMs = untilMs - gap.hoursAgo * hourMs;
    const gapUntilMs = Math.min(untilMs, gapFromMs + gap.hours * hourMs);
    return [
      { fromMs, untilMs: Math.max(fromMs, gapFromMs), running: false },
      { fromMs: Math.max(fromMs, gapUntilMs), untilMs, running: true },
    ].filter((span) => span.untilMs > span.fromMs);
  };
  return {
    recordings: () =>
      channels.map((channel) => ({
        token: `Recording_${channel.number}`,
        channel,
        videoTrack: 'VIDEO001',
        audioTrack: device.suffering().audio ? 'AUDIO001' : null,
        spans: () => spans(channel),
      })),
    maximumRetentionDays() {
      const { retention } = device.suffering();
      return retention ? retention.days : capacityDays;
    },
  };
}
