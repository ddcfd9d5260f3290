/** Which pictures become a reel: windows, rate, memory, gaps, several alerts, and an end before the time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createReelDesk, type ReelDesk } from '../../src/analyse/reel-desk.js';
import { makeReel } from '../../src/analyse/mask/make-reel.js';
import type { Sample } from '../../src/contract/analysis.js';
import { isMaskedReel, type MaskedReel, type ReelEncoder, type ReelFilm, type ReelRow } from '../../src/contract/reel.js';
import { toRfc3339 } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.js';
import { silentLog } from '../support/databases.js';
import { testPicture, testSample, tinyJpeg } from '../support/pictures.js';

const startMs = Date.UTC(2026, 0, 1);
const cameraId = newId();
const siteId = newId();
const jpeg = await tinyJpeg();

let clock: SimulatedClock;
let metrics: Metrics;
let films: ReelFilm[];
let stored: MaskedReel[];
let storing: (reel: MaskedReel) => Promise<void>;
let encoding: (signal: AbortSignal) => Promise<void>;
let armed: boolean;
let desk: ReelDesk;

const encoder: ReelEncoder = {
  mediaType: 'video/webm',
  async encode(film, signal) {
    await encoding(signal);
    films.push(film);
    return Uint8Array.of(films.length);
  },
  close: () => Promise.resolve(),
};

function openDesk(config: Partial<{ beforeMs: number; afterMs: number; maxPerSecond: number; maxMemoryBytes: number }> = {}): ReelDesk {
  return createReelDesk({
    config: { beforeMs: 10_000, afterMs: 20_000, maxPerSecond: 2, maxMemoryBytes: 100_000_000, ...config },
    encoder,
    store: {
      async saveReel(reel) {
        await storing(reel);
        stored.push(reel);
        return {} as ReelRow;
      },
    },
    armed: () => armed,
    clock,
    log: silentLog,
    metrics,
  });
}

beforeEach(() => {
  clock = new SimulatedClock(startMs);
  metrics = createMetrics();
  films = [];
  stored = [];
  storing = () => Promise.resolve();
  encoding = () => Promise.resolve();
  armed = true;
  desk = openDesk();
});

interface Step {
  readonly camera?: string;
  readonly stirring?: boolean;
  readonly widthPx?: number;
  readonly withheld?: 'moved' | 'mask-failed';
}

/** One sample as the worker takes it: a picture when the desk wants one. @returns whether it did */
async function sample({ camera = cameraId, stirring = true, widthPx = 64, withheld }: Step = {}): Promise<boolean> {
  const receivedAtMs = clock.nowMs();
  const wanted = desk.wants(camera, stirring, receivedAtMs);
  let picture: Sample['picture'] = { status: 'not-due' };
  if (wanted && withheld) picture = { status: 'withheld', reason: withheld };
  else if (wanted) picture = { status: 'made', picture: await testPicture({ jpeg, cameraId: camera, siteId, widthPx, receivedAtMs }), keep: false };
  desk.sampled(testSample({ cameraId: camera, siteId, receivedAtMs, picture }), []);
  return wanted;
}

/** Samples at a pace for a while. */
async function samples(forMs: number, everyMs: number, step: Step = {}): Promise<void> {
  for (let at = 0; at < forMs; at += everyMs) {
    await sample(step);
    await clock.advance(everyMs);
  }
}

function raise(camera = cameraId, raisedAtMs = clock.nowMs()): string {
  const id = newId();
  desk.raised({ id, cameraId: camera, raisedAt: toRfc3339(raisedAtMs) });
  return id;
}

const outcome = async (name: string): Promise<number> => (await metrics.reels.get()).values.find((v) => v.labels.outcome === name)?.value ?? 0;

describe('the reel desk', () => {
  it('takes what was from before the alert to after it, at most so many a second, and stores one reel', async () => {
    await samples(15_000, 250);
    const alertId = raise();
    await samples(30_000, 250);
    expect(stored).toHaveLength(1);
    const { receipt } = stored[0] as MaskedReel;
    expect(isMaskedReel(stored[0])).toBe(true);
    expect(receipt).toMatchObject({ alertId, cameraId, siteId, firstAt: toRfc3339(startMs + 5_000), lastAt: toRfc3339(startMs + 35_000), alertAtMs: 10_000, lengthMs: 30_500, gaps: [] });
    expect(receipt.pictures).toHaveLength(61);
    expect(films[0]?.pictures.map((p) => p.atMs)).toEqual(Array.from({ length: 61 }, (_, i) => i * 500));
    expect(new Set(receipt.pictures.map((p) => p.receiptHash)).size).toBe(61);
    expect(await outcome('stored')).toBe(1);
  });

  it('keeps the rate over time although frames do not come by the clock', async () => {
    let wanted = 0;
    for (let i = 0; i < 100; i++) {
      if (await sample()) wanted++;
      await clock.advance(i % 2 === 0 ? 490 : 510);
    }
    expect(wanted).toBe(100);
    for (let i = 0; i < 1_000; i++) {
      if (await sample()) wanted++;
      await clock.advance(47);
    }
    expect(wanted).toBeGreaterThanOrEqual(100 + 85);
    expect(wanted).toBeLessThanOrEqual(100 + 95);
  });

  it('wants nothing of a camera without an armed rule, and nothing while nothing stirs', async () => {
    expect([await sample({ stirring: false }), await sample()]).toEqual([false, true]);
    armed = false;
    await clock.advance(10_000);
    expect(await sample()).toBe(false);
    raise();
    expect(await sample({ stirring: false })).toBe(true);
    await clock.advance(1_000);
    expect([await sample({ stirring: false }), await sample()]).toEqual([false, true]);
    await clock.advance(5_000);
    expect(await sample({ stirring: false })).toBe(true);
  });

  it('says why there are stretches without a picture; the last picture stands to the end', async () => {
    armed = false;
    await samples(10_000, 500);
    armed = true;
    raise();
    await samples(4_000, 500);
    await samples(4_000, 500, { withheld: 'moved' });
    await samples(1_000, 500);
    await samples(4_000, 500, { widthPx: 32 });
    await samples(1_000, 500);
    await clock.advance(10_000);
    const { receipt } = stored[0] as MaskedReel;
    expect(receipt.gaps).toEqual([
      { fromMs: -10_000, toMs: 0, reason: 'not-armed' },
      { fromMs: 3_500, toMs: 8_000, reason: 'moved' },
      { fromMs: 8_500, toMs: 13_000, reason: 'other-size' },
      { fromMs: 13_500, toMs: 20_000, reason: 'no-sample' },
    ]);
    expect(receipt).toMatchObject({ alertAtMs: 0, lengthMs: 20_000, widthPx: 64 });
    expect(receipt.pictures.map((p) => p.atMs)).toEqual([0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 8000, 8500, 13_000, 13_500]);
  });

  it('makes one reel for each alert, of shared pictures, and none for another camera', async () => {
    const other = newId();
    await samples(5_000, 500);
    const first = raise();
    desk.raised({ id: first, cameraId, raisedAt: toRfc3339(clock.nowMs()) });
    await samples(5_000, 500);
    const second = raise();
    for (let i = 0; i < 60; i++) {
      await sample();
      await sample({ camera: other });
      await clock.advance(500);
    }
    expect(stored.map((reel) => [reel.receipt.alertId, reel.receipt.pictures.length])).toEqual([[first, 51], [second, 61]]);
    const hashes = stored.map((reel) => new Set(reel.receipt.pictures.map((p) => p.receiptHash)));
    expect([...(hashes[0] as Set<string>)].filter((hash) => hashes[1]?.has(hash))).toHaveLength(51);
    expect(stored.every((reel) => reel.receipt.cameraId === cameraId)).toBe(true);
  });

  it('stays within its memory: the oldest pictures of all cameras go, are counted and told', async () => {
    desk = openDesk({ maxMemoryBytes: 20 * jpeg.byteLength });
    raise();
    await samples(20_000, 500);
    await clock.advance(2_500);
    expect(stored[0]?.receipt.pictures).toHaveLength(20);
    expect(stored[0]?.receipt.gaps).toEqual([{ fromMs: -20_000, toMs: 0, reason: 'memory' }]);
    expect((await metrics.reelPicturesDropped.get()).values[0]?.value).toBe(20);
  });

  it('stays below what a receipt can list, whatever is configured', async () => {
    desk = openDesk({ beforeMs: 60_000, afterMs: 120_000, maxPerSecond: 5 });
    await samples(60_000, 200);
    raise();
    await samples(124_000, 200);
    expect(stored[0]?.receipt.pictures.length).toBeGreaterThan(150);
    expect(stored[0]?.receipt.pictures.length).toBeLessThanOrEqual(200);
  });

  it('finishes with what is there when the process stops or the camera leaves, and says so', async () => {
    await samples(5_000, 500);
    raise();
    await samples(5_000, 500);
    desk.forget(cameraId);
    await clock.advance(0);
    expect(stored[0]?.receipt).toMatchObject({ lengthMs: 10_000, gaps: [{ fromMs: -5_000, toMs: 0, reason: 'no-sample' }, { fromMs: 10_000, toMs: 25_000, reason: 'cut' }] });
    await samples(1_000, 500);
    raise();
    await sample();
    await desk.close();
    expect(stored).toHaveLength(2);
    expect(stored[1]?.receipt.pictures).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
    raise();
    expect(await sample()).toBe(false);
  });

  it('gives up at the stop what takes too long', async () => {
    encoding = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new HedgerowError('process.aborted', 'stopped'))));
    await sample();
    raise();
    const closed = desk.close();
    await clock.advance(8_000);
    await closed;
    expect([stored.length, await outcome('failed')]).toEqual([0, 1]);
  });

  it('makes none when there was no picture, and goes on with the next one', async () => {
    raise(newId());
    await sample();
    raise();
    await clock.advance(30_000);
    expect([await outcome('empty'), await outcome('stored')]).toEqual([1, 1]);
  });

  it('tries again while the store is away; what cannot be stored costs that reel alone', async () => {
    let tries = 0;
    storing = () => (++tries < 3 ? Promise.reject(new HedgerowError('store.unavailable', 'away')) : Promise.resolve());
    await sample();
    raise();
    await clock.advance(40_000);
    expect([tries, stored.length]).toEqual([3, 1]);
    storing = () => Promise.reject(new HedgerowError('site.unknown', 'gone'));
    await sample();
    raise();
    await clock.advance(30_000);
    expect(await outcome('failed')).toBe(1);
    storing = () => Promise.resolve();
    await sample();
    raise();
    await clock.advance(30_000);
    expect(stored).toHaveLength(2);
  });

  it('begins anew when the clock was set back', async () => {
    await samples(5_000, 500);
    clock.jump(-3_600_000);
    expect(await sample()).toBe(true);
    raise();
    await samples(25_000, 500);
    expect(stored[0]?.receipt.gaps).toEqual([{ fromMs: -10_000, toMs: 0, reason: 'no-sample' }]);
  });
});

describe('the making of a reel', () => {
  it('refuses whatever the masker did not make, before anything is encoded', async () => {
    const picture = await testPicture({ cameraId, siteId });
    for (const fake of [{ ...picture }, structuredClone(picture), { jpeg: picture.jpeg, receipt: picture.receipt }]) {
      const made = makeReel({ encoder, pictures: [{ picture, atMs: 0 }, { picture: fake, atMs: 500 }], alert: { id: newId(), raisedAtMs: 0 }, untilMs: 1_000, gaps: [] }, new AbortController().signal);
      await expect(made).rejects.toMatchObject({ code: 'picture.unmasked' });
    }
    expect(films).toEqual([]);
  });
});
