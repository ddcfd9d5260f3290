import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import type { Clip, Gop } from '../../src/simulate/content/clip.js';
import { createCameraFeed, type FeedUnit } from '../../src/simulate/rtsp/camera-feed.js';

/** Three groups of five pictures at 5 a second; `tag` stands in the bytes. */
function clip(tag: number, has: (index: number) => boolean = () => true): Clip & { asked: number[] } {
  const gops: Gop[] = [0, 1, 2].map((g) => Array.from({ length: 5 }, (_, i) => ({ nals: [Uint8Array.of(i === 0 ? 0x65 : 0x41, tag, g, i)], key: i === 0, dtsTicks: i * 18_000, ptsTicks: i * 18_000 })));
  const asked: number[] = [];
  return {
    asked,
    timing: { gopStartTicks: [0, 90_000, 180_000], durationTicks: 270_000, fps: 5 },
    widthPx: 2, heightPx: 2,
    gop: (index) => (has(index) ? gops[index] : undefined),
    prepare: (index) => void asked.push(index),
    ready: Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const tagOf = (fed: FeedUnit): number => fed.unit.nals[0]?.[1] ?? -1;

describe('the feed of a camera', () => {
  it('begins with a key frame and goes on through the seam without a step in RTP time', async () => {
    const clock = new SimulatedClock();
    const feed = createCameraFeed({ clip: clip(1), clock, startGop: 0 });
    await clock.advance(400);
    const seen: FeedUnit[] = [];
    const leave = feed.watch((fed) => seen.push(fed));
    await clock.advance(10_000);
    expect(seen[0]?.unit.key).toBe(true);
    expect(seen[0]?.ptsTicks).toBe(90_000);
    expect(seen.length).toBe(48);
    seen.forEach((fed, i) => expect(fed.ptsTicks).toBe(90_000 + i * 18_000));
    seen.forEach((fed) => expect(fed.unit.key).toBe(fed.ptsTicks % 90_000 === 0));
    leave();
    expect(clock.pendingTimers).toBe(0);
  });

  it('shows all who watch the same picture, and goes on where the clock is after nobody watched', async () => {
    const clock = new SimulatedClock();
    const feed = createCameraFeed({ clip: clip(1), clock, startGop: 0 });
    const [a, b]: FeedUnit[][] = [[], []];
    const leaveA = feed.watch((fed) => a?.push(fed));
    await clock.advance(1500);
    const leaveB = feed.watch((fed) => b?.push(fed));
    await clock.advance(2000);
    expect(b?.[0]?.ptsTicks).toBe(180_000);
    expect(a?.slice(-3)).toEqual(b?.slice(-3));
    leaveA();
    leaveB();
    await clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
    const again: FeedUnit[] = [];
    feed.watch((fed) => again.push(fed));
    await clock.advance(1000);
    expect(again[0]?.ptsTicks).toBeGreaterThanOrEqual(63_500 * 90);
    feed.close();
  });

  it('begins where it is told to', async () => {
    const clock = new SimulatedClock();
    const feed = createCameraFeed({ clip: clip(1), clock, startGop: 2 });
    const seen: FeedUnit[] = [];
    feed.watch((fed) => seen.push(fed));
    await clock.advance(100);
    expect(seen[0]?.unit.nals[0]?.[2]).toBe(2);
    feed.close();
  });

  it('swaps a variant in at a key frame once it is made, never flashes back, and back again', async () => {
    const clock = new SimulatedClock();
    const feed = createCameraFeed({ clip: clip(1), clock, startGop: 0 });
    const seen: FeedUnit[] = [];
    feed.watch((fed) => seen.push(fed));
    await clock.advance(500);
    const variant = clip(2, (index) => index !== 2);
    feed.play(variant);
    await clock.advance(4000);
    const change = seen.findIndex((fed) => tagOf(fed) === 2);
    expect(seen[change]?.unit.key).toBe(true);
    // Group 2 of the variant is never made: nothing is shown instead of the healthy picture.
    expect(seen.slice(change).every((fed) => tagOf(fed) === 2)).toBe(true);
    expect(seen.slice(change).some((fed) => fed.unit.nals[0]?.[2] === 2)).toBe(false);
    expect(variant.asked).toContain(0);
    feed.play(undefined);
    await clock.advance(1500);
    expect(tagOf(seen[seen.length - 1] as FeedUnit)).toBe(1);
    const back = seen.findLastIndex((fed) => tagOf(fed) === 2) + 1;
    expect(seen[back]?.unit.key).toBe(true);
    for (let i = 1; i < seen.length; i++) expect(seen[i]?.ptsTicks).toBeGreaterThan(seen[i - 1]?.ptsTicks ?? 0);
    feed.close();
  });

  it('waits for a loop that is still being made', async () => {
    const clock = new SimulatedClock();
    let made = false;
    const feed = createCameraFeed({ clip: clip(1, () => made), clock, startGop: 0 });
    const seen: FeedUnit[] = [];
    feed.watch((fed) => seen.push(fed));
    await clock.advance(2500);
    expect(seen).toHaveLength(0);
    made = true;
    await clock.advance(2000);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen[0]?.unit.key).toBe(true);
    feed.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('sends no burst after the process stood still', async () => {
    const clock = new SimulatedClock();
    const times: number[] = [];
    const feed = createCameraFeed({ clip: clip(1), clock, startGop: 0 });
    feed.watch((fed) => times.push(fed.ptsTicks));
    await clock.advance(1000);
    const before = times.length;
    const slow = clock.monotonicMs.bind(clock);
    clock.monotonicMs = () => slow() + 30_000;
    await clock.advance(1000);
    expect(times.length - before).toBeLessThan(12);
    expect(times[times.length - 1]).toBeGreaterThan(30 * 90_000);
    feed.close();
  });
});
