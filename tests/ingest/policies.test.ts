/** The pure decisions of ingest: sizes, shares, which frames become samples, when a camera is tried again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamTarget } from '../../src/contract/camera.js';
import type { RunEnd } from '../../src/contract/frame-source.js';
import { streamCapacity } from '../../src/ingest/adapters/node-av-frame-source.js';
import { fairShare } from '../../src/ingest/fair-share.js';
import { scaledSize } from '../../src/ingest/picture-size.js';
import { createReconnect } from '../../src/ingest/reconnect.js';
import { createSamplePolicy, longestKeyGapMs } from '../../src/ingest/sample-policy.js';

describe('the size of a frame', () => {
  it('is even, not wider than asked, never enlarged, and keeps the aspect to a pixel', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8192 }), fc.integer({ min: 2, max: 8192 }), fc.integer({ min: 64, max: 960 }), (widthPx, heightPx, max) => {
        const size = scaledSize({ widthPx, heightPx }, max);
        expect(size.widthPx % 2).toBe(0);
        expect(size.heightPx % 2).toBe(0);
        expect(size.widthPx).toBeLessThanOrEqual(Math.min(max, widthPx));
        expect(size.heightPx).toBeGreaterThanOrEqual(2);
        expect(Math.abs(size.heightPx - Math.max(2, (heightPx * size.widthPx) / widthPx))).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the fair share', () => {
  it('serves every camera when the capacities allow, and no worker above the lowest such level', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 12 }), (cameras, capacities) => {
        const shares = capacities.map((own) => fairShare(cameras, capacities, own));
        const sum = shares.reduce((a, b) => a + b, 0);
        const room = capacities.reduce((a, b) => a + b, 0);
        expect(sum).toBeGreaterThanOrEqual(Math.min(cameras, room));
        shares.forEach((share, i) => expect(share).toBeLessThanOrEqual(capacities[i] ?? 0));
        // One camera less for everybody at the top would not be enough.
        const top = Math.max(...shares);
        if (cameras <= room && top > 0) expect(capacities.reduce((a, own) => a + Math.min(own, top - 1), 0)).toBeLessThan(Math.max(cameras, 1));
      }),
    );
  });
});

describe('which frames become samples', () => {
  it('takes key frames at the interval, however often they come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 5_000 }), fc.array(fc.integer({ min: 20, max: 3_000 }), { minLength: 5, maxLength: 200 }), (intervalMs, gaps) => {
        const policy = createSamplePolicy(intervalMs);
        let atMs = 0;
        const taken: number[] = [];
        for (const gapMs of gaps) {
          atMs += gapMs;
          if (policy.take(atMs)) taken.push(atMs);
        }
        const spanMs = atMs - (taken[0] ?? atMs);
        expect(taken.length).toBeLessThanOrEqual(spanMs / intervalMs + 2);
        taken.slice(1).forEach((t, i) => expect(t - (taken[i] ?? 0)).toBeGreaterThanOrEqual(intervalMs * 0.5));
      }),
    );
  });

  it('takes every key frame of a camera whose distance equals the interval, with network jitter', () => {
    const policy = createSamplePolicy(1_000);
    const times = Array.from({ length: 60 }, (_, i) => i * 1_000 + ((i * 37) % 11) * 15);
    expect(times.filter((t) => policy.take(t))).toHaveLength(60);
  });

  it('decodes everything only when key frames come too rarely for the interval', () => {
    expect(longestKeyGapMs(1_000)).toBe(4_000);
    expect(longestKeyGapMs(200)).toBe(800);
    expect(longestKeyGapMs(3_000)).toBe(5_000);
    expect(longestKeyGapMs(10_000)).toBe(10_000);
    const policy = createSamplePolicy(1_000);
    expect(policy.packet(true, 0)).toBeNull();
    expect(policy.packet(false, 40)).toBeNull();
    expect(policy.packet(true, 4_000)).toBeNull();
    expect(policy.mode()).toBe('key-frames');
    expect(policy.packet(true, 8_200)).toEqual({ changedTo: 'everything', keyGapMs: 4_200 });
    expect(policy.packet(true, 12_400)).toBeNull();
    expect(policy.packet(true, 13_400)).toBeNull();
    expect(policy.packet(true, 14_400)).toBeNull();
    expect(policy.packet(true, 15_400)).toEqual({ changedTo: 'key-frames', keyGapMs: 1_000 });
  });

  it('decodes everything when no key frame ever came, until they come often enough', () => {
    const policy = createSamplePolicy(1_000);
    for (let atMs = 100; atMs <= 4_100; atMs += 40) expect(policy.packet(false, atMs)).toBeNull();
    expect(policy.packet(false, 4_140)).toEqual({ changedTo: 'everything', keyGapMs: 4_040 });
    expect(policy.packet(false, 9_000)).toBeNull();
    expect([10_000, 11_000, 12_000].map((atMs) => policy.packet(true, atMs))).toEqual([null, null, null]);
    expect(policy.packet(true, 13_000)).toEqual({ changedTo: 'key-frames', keyGapMs: 1_000 });
  });
});

describe('when a camera is tried again', () => {
  const backoff = { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio: 0.5 };
  const target: StreamTarget = { cameraId: 'c', siteId: 's', url: 'rtsp://10.0.0.1/a', username: 'u', password: 'p', sampleIntervalMs: 1000, configVersion: 1 };
  const ended = (reason: RunEnd['reason'], frames = 0): RunEnd => ({ reason, detail: '', frames, dropped: 0, bytes: 0 });

  it('waits longer each time up to the cap, with jitter', () => {
    const reconnect = createReconnect(backoff, () => 1);
    expect([1, 2, 3, 4].map(() => reconnect.afterRun(target, ended('unreachable'), 10, 0))).toEqual([500, 1000, 2000, 4000]);
    for (let i = 0; i < 20; i++) reconnect.afterRun(target, ended('closed', 3), 10, 0);
    expect(reconnect.afterRun(target, ended('unreachable'), 10, 0)).toBe(60_000);
    expect(createReconnect(backoff, () => 0).afterRun(target, ended('unreachable'), 10, 0)).toBe(250);
  });

  it('begins anew after a minute of frames, not after a minute of nothing', () => {
    const reconnect = createReconnect(backoff, () => 1);
    for (let i = 0; i < 6; i++) reconnect.afterRun(target, ended('closed'), 10, 0);
    expect(reconnect.afterRun(target, ended('stalled', 0), 120_000, 0)).toBe(32_000);
    expect(reconnect.afterRun(target, ended('closed', 60), 60_000, 0)).toBe(500);
  });

  it('tries one refused password three times, then every half hour, and once more after a change', () => {
    const reconnect = createReconnect(backoff, () => 1);
    const waits = [1, 2, 3, 4].map((n) => reconnect.afterRun(target, ended('auth'), 10, n));
    expect(waits).toEqual([60_000, 60_000, 1_800_000, 1_800_000]);
    expect(reconnect.beforeRun(target, 4)).toBe(1_800_000);
    reconnect.reset();
    expect(reconnect.beforeRun(target, 4)).toBe(60_000);
    expect(reconnect.beforeRun({ ...target, password: 'another' }, 4)).toBe(0);
  });

  it('tries a refused password once per cap, also after a change that keeps it', () => {
    const reconnect = createReconnect(backoff, () => 1);
    expect(reconnect.afterRun(target, ended('auth'), 10, 1_000)).toBe(60_000);
    reconnect.reset();
    expect(reconnect.beforeRun({ ...target, url: 'rtsp://10.0.0.1/other' }, 11_000)).toBe(50_000);
    expect(reconnect.beforeRun({ ...target, password: 'new' }, 11_000)).toBe(0);
    expect(reconnect.beforeRun(target, 61_000)).toBe(0);
  });
});

describe('how many streams a process carries', () => {
  it('leaves threads to the rest of the process, whatever the environment says', () => {
    expect(['128', undefined, '4', 'x', '-3', '100000', '14'].map((t) => streamCapacity(t))).toEqual([116, 1, 1, 1, 1, 1012, 2]);
  });
});
