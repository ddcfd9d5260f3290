/**
 * Plays one camera's loop in real time to whoever watches. The place in the loop follows the clock from the start of the
 * village, watched or not, so that all clients of a camera see the same. Timers run only while somebody watches.
 * A variant (an image fault) is swapped in at a key frame, as soon as its group is made.
 */
import type { Clock } from '../../core/clock.js';
import type { AccessUnit, Clip, Gop } from '../content/clip.js';
import { ticksPerSecond } from '../content/clip.js';

export interface FeedUnit {
  readonly unit: AccessUnit;
  /** RTP ticks since the feed began, without a step at the loop's seam */
  readonly ptsTicks: number;
  /** monotonic milliseconds at which it was due */
  readonly dueMs: number;
}

export interface CameraFeed {
  /** Begins with the next key frame. The returned function leaves. */
  watch(onUnit: (unit: FeedUnit) => void): () => void;
  /**
   * What is played from the next key frame on; undefined is the healthy loop. Until a group of the variant is made the healthy one
   * goes on; with `wait` nothing is played.
   */
  play(variant: Clip | undefined, wait?: boolean): void;
  /** The group of the loop that is played now. */
  position(): number;
  close(): void;
}

/** How long a loop that is still being made is waited for, milliseconds. */
const notReadyMs = 50;

export function createCameraFeed(options: { clip: Clip; clock: Clock; startGop: number }): CameraFeed {
  const { clip, clock } = options;
  const { gopStartTicks, durationTicks } = clip.timing;
  const gops = gopStartTicks.length;
  const startTicks = gopStartTicks[options.startGop % gops] ?? 0;
  const beganMs = clock.monotonicMs();
  const watchers = new Map<(unit: FeedUnit) => void, boolean>();
  let variant: Clip | undefined;
  /** From then on a group that is late is waited for: the healthy picture does not flash up in between. */
  let variantBegan = false;
  let cancel: (() => void) | undefined;
  let loop = 0;
  let gopIndex = 0;
  let gop: Gop | undefined;
  let next = 0;

  const nowTicks = (): number => startTicks + ((clock.monotonicMs() - beganMs) / 1000) * ticksPerSecond;
  const dueMs = (ticks: number): number => beganMs + ((ticks - startTicks) / ticksPerSecond) * 1000;
  const gopTicks = (): number => loop * durationTicks + (gopStartTicks[gopIndex] ?? 0);

  /** The first group that begins now or later. */
  const seek = (): void => {
    const now = nowTicks();
    loop = Math.floor(now / durationTicks);
    gopIndex = gopStartTicks.findIndex((start) => start >= now - loop * durationTicks - 1);
    if (gopIndex < 0) {
      loop++;
      gopIndex = 0;
    }
    gop = undefined;
    next = 0;
  };

  const step = (): void => {
    cancel = undefined;
    if (next === 0) {
      variant?.prepare(gopIndex);
      const made = variant?.gop(gopIndex);
      // A group without a key frame continues the one before it: nothing can begin with it.
      if (made?.[0]?.key) variantBegan = true;
      gop = variantBegan ? made : clip.gop(gopIndex);
      for (const ahead of [1, 2]) variant?.prepare((gopIndex + ahead) % gops);
      if (!gop) {
        // Still being made: this group is skipped when its time is over.
        if (nowTicks() > gopTicks() + ticksPerSecond) seek();
        cancel = clock.after(notReadyMs, step);
        return;
      }
    }
    const unit = gop?.[next];
    if (unit) {
      const ticks = gopTicks();
      const fed: FeedUnit = { unit, ptsTicks: ticks + unit.ptsTicks, dueMs: dueMs(ticks + unit.dtsTicks) };
      for (const [onUnit, begun] of watchers) {
        if (!begun && !unit.key) continue;
        if (!begun) watchers.set(onUnit, true);
        onUnit(fed);
      }
    }
    next++;
    if (!gop || next >= gop.length) {
      next = 0;
      gopIndex++;
      if (gopIndex >= gops) {
        gopIndex = 0;
        loop++;
      }
    }
    // After a stall of the process the feed does not send a burst: it goes on where the clock is.
    if (nowTicks() - gopTicks() > 3 * ticksPerSecond && next === 0) seek();
    schedule();
  };

  const schedule = (): void => {
    if (watchers.size === 0 || cancel) return;
    const inGop = next === 0 ? 0 : (gop?.[next]?.dtsTicks ?? 0);
    cancel = clock.after(dueMs(gopTicks() + inGop) - clock.monotonicMs(), step);
  };

  const stop = (): void => {
    cancel?.();
    cancel = undefined;
  };

  return {
    watch(onUnit) {
      if (watchers.size === 0) seek();
      watchers.set(onUnit, false);
      schedule();
      return () => {
        watchers.delete(onUnit);
        if (watchers.size === 0) stop();
      };
    },
    play(nextVariant, wait = false) {
      variant = nextVariant;
      variantBegan = wait && nextVariant !== undefined;
      variant?.prepare(gopIndex);
    },
    position: () => (watchers.size > 0 ? gopIndex : Math.max(0, gopStartTicks.findLastIndex((start) => start <= nowTicks() % durationTicks))),
    close() {
      watchers.clear();
      stop();
    },
  };
}
