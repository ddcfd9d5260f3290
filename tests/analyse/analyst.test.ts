import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createAnalyst } from '../../src/analyse/analyst.js';
import type { Sample } from '../../src/contract/analysis.js';
import type { CameraView } from '../../src/contract/registry.js';
import { isMaskedPicture } from '../../src/contract/picture.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { config, draw, frameOf, heightPx, scriptedDetector, view, widthPx, zone, type Draw, type ScriptedDetector, type Thing } from './drawn-scene.js';

const person: Thing = { class: 'person', x: 130, y: 70, w: 30, h: 80, score: 0.8 };
const car: Thing = { class: 'vehicle', x: 200, y: 100, w: 90, h: 50, score: 0.7, colour: [190, 40, 40] };

/** What is drawn, and what the detector reports of it: by default all that is there. */
type Seen = Omit<Draw, 'seed'> & { readonly seen?: readonly Thing[] };

/** A camera on a bench: draws, samples once a second, keeps the last mask. */
function bench(detector: ScriptedDetector | null = scriptedDetector(), cameraView: CameraView = view) {
  const clock = new SimulatedClock();
  let mask = { blocks: new Uint8Array(), flat: new Uint8Array() } as { blocks: Uint8Array; flat: Uint8Array };
  const analyst = createAnalyst({ config, detector, clock, log: createLogger('silent'), metrics: createMetrics(), inspect: (m) => (mask = m) });
  let sequence = 0;
  const self = {
    analyst, clock, detector,
    view: cameraView,
    get mask() {
      return mask;
    },
    async sample(scene: Seen = {}, wanted = true): Promise<Sample> {
      if (detector) detector.things = scene.seen ?? scene.things ?? [];
      const rgb = draw({ ...scene, seed: sequence });
      const sample = await analyst.analyse(frameOf(rgb, sequence++, scene.size), self.view, () => wanted);
      await clock.advance(1000);
      if (sample === 'dropped') throw new Error('dropped');
      return sample;
    },
    async run(seconds: number, scene: Seen = {}): Promise<Sample[]> {
      const samples: Sample[] = [];
      for (let i = 0; i < seconds; i++) samples.push(await self.sample(scene));
      return samples;
    },
    /** Share of a thing's box that is masked, and painted flat. */
    covered(t: Thing): { masked: number; flat: number } {
      let [all, masked, flat] = [0, 0, 0];
      for (let y = t.y; y < t.y + t.h; y++) {
        for (let x = t.x; x < t.x + t.w; x++) {
          const block = Math.floor(y / config.blockPx) * Math.ceil(widthPx / config.blockPx) + Math.floor(x / config.blockPx);
          all++;
          if (mask.blocks[block]) masked++;
          if (mask.flat[block]) flat++;
        }
      }
      return { masked: masked / all, flat: flat / all };
    },
  };
  return self;
}

async function pixelsOf(sample: Sample): Promise<Buffer> {
  if (sample.picture.status !== 'made') throw new Error(`no picture: ${JSON.stringify(sample.picture)}`);
  return sharp(sample.picture.picture.jpeg).raw().toBuffer();
}

/** Mean absolute difference of a box between a picture and a drawn scene. */
function distance(picture: Buffer, rgb: Uint8Array, t: Thing): number {
  let sum = 0;
  let n = 0;
  for (let y = t.y + 4; y < t.y + t.h - 4; y++) {
    for (let i = (y * widthPx + t.x + 4) * 3; i < (y * widthPx + t.x + t.w - 4) * 3; i++) {
      sum += Math.abs((picture[i] as number) - (rgb[i] as number));
      n++;
    }
  }
  return sum / n;
}

describe('learning the backdrop', () => {
  it('gives no picture before the backdrop is complete, then masks little', async () => {
    const b = bench();
    const early = await b.run(10);
    expect(early.map((s) => s.picture)).toEqual(early.map(() => ({ status: 'withheld', reason: 'learning' })));
    expect(early.every((s) => s.pictureStatus === 'learning' && s.pictureReason !== null)).toBe(true);
    const later = await b.run(10);
    const last = later.at(-1) as Sample;
    expect(last.picture.status).toBe('made');
    expect(last.maskRatio).toBeLessThan(0.02);
    expect(last.detector).toBe('onnx');
    if (last.picture.status === 'made') {
      expect(isMaskedPicture(last.picture.picture)).toBe(true);
      expect(last.picture.picture.receipt).toMatchObject({ cameraId: 'c1', siteId: 's1', widthPx, heightPx, modelHash: 'f'.repeat(64) });
    }
  });

  it('holds somebody who stood there from the start, and shows the place once it was seen empty', async () => {
    const b = bench();
    await b.run(40, { things: [person] });
    const standing = await b.sample({ things: [person] });
    expect(standing.picture.status).toBe('made');
    expect(b.covered(person)).toEqual({ masked: 1, flat: 1 });
    // 30 more minutes, seen by the detector now and then only: still held
    for (let minute = 0; minute < 30; minute++) {
      await b.run(1, { things: [person] });
      await b.run(3, { things: [person], seen: [] });
      await b.clock.advance(56_000);
    }
    expect(b.covered(person).flat).toBe(1);
    await b.run(90, {});
    const empty = await b.sample({});
    expect(b.covered(person).masked).toBe(0);
    expect(distance(await pixelsOf(empty), draw({ seed: 999 }), person)).toBeLessThan(8);
  });

  it('holds a car parked from the start that is found only weakly', async () => {
    const b = bench();
    const weak = { ...car, score: 0.17 };
    await b.run(60, { things: [weak] });
    expect((await b.sample({ things: [weak] })).picture.status).toBe('made');
    expect(b.covered(car)).toEqual({ masked: 1, flat: 1 });
  });

  it('never takes in somebody who came later and stands still, seen by the detector or not', async () => {
    for (const detector of [scriptedDetector(), null]) {
      const b = bench(detector);
      await b.run(60);
      for (let i = 0; i < 400; i++) await b.sample({ things: [person], seen: i % 50 === 0 ? [person] : [] }, i % 20 === 0);
      const sample = await b.sample({ things: [person], seen: [] });
      expect(sample.picture.status).toBe('made');
      expect(b.covered(person).masked).toBe(1);
      expect(distance(await pixelsOf(sample), draw({ seed: 999, things: [person] }), person)).toBeGreaterThan(25);
    }
  });

  it('learns behind people who walk through, and nobody of them', async () => {
    const b = bench();
    for (let i = 0; i < 60; i++) {
      const walker = { ...person, x: (i * 23) % 290, seed: i };
      await b.sample({ things: [walker] });
    }
    const sample = await b.sample({});
    expect(sample.picture.status).toBe('made');
    await b.run(5);
    const empty = await b.sample({});
    expect(distance(await pixelsOf(empty), draw({ seed: 999 }), { ...person, x: 10, w: 300 })).toBeLessThan(12);
  });

  it('says so when too much was never seen empty', async () => {
    const b = bench();
    const crowd = [0, 1, 2, 3].map((i) => ({ ...person, x: i * 80, y: 20, w: 78, h: 170, seed: i }));
    const samples = await b.run(60, { things: crowd });
    expect(samples.at(-1)).toMatchObject({ picture: { status: 'withheld', reason: 'too-much-held' }, pictureStatus: 'withheld' });
  });
});

describe('the mask over time', () => {
  it('covers somebody in clothes of the road’s own mean colour by the gate alone', async () => {
    const b = bench(null);
    await b.run(60);
    const plain = { ...person, colour: null };
    const sample = await b.sample({ things: [plain] });
    expect(sample.detector).toBe('change-only');
    expect(b.covered(plain).masked).toBe(1);
    expect(sample.counts).toEqual({ change: 1 });
  });

  it('carries the mask over a sample in which detector and gate miss', async () => {
    const b = bench();
    await b.run(20);
    await b.sample({ things: [person] });
    await b.sample({});
    expect(b.covered(person).masked).toBe(1);
    await b.run(5);
    expect(b.covered(person).masked).toBe(0);
  });

  it('paints flat what a detection finds in an unchanged, learned place', async () => {
    const b = bench();
    await b.run(20);
    const sample = await b.sample({ things: [], seen: [{ ...person, score: 0.3, ghost: true }] });
    expect(b.covered(person).flat).toBe(1);
    expect(sample.counts).toEqual({});
  });

  it('always paints a privacy zone, and takes over a new one at once', async () => {
    const b = bench();
    await b.run(20);
    const before = await b.sample({});
    b.view = { ...view, configVersion: 2, zones: [zone('privacy', [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]])] };
    const sample = await b.sample({});
    expect(sample.maskRatio).toBeGreaterThan(0.06);
    expect(b.covered({ ...person, x: 90, y: 25, w: 30, h: 30 }).flat).toBe(1);
    if (before.picture.status !== 'made' || sample.picture.status !== 'made') throw new Error('no picture');
    expect(sample.picture.picture.receipt.configHash).not.toBe(before.picture.picture.receipt.configHash);
  });

  it('follows slow light without masking it', async () => {
    const b = bench();
    await b.run(20);
    let last: Sample | undefined;
    for (let i = 0; i < 120; i++) last = await b.sample({ gain: 1 - i * 0.003 });
    expect(last?.picture.status).toBe('made');
    expect(last?.maskRatio).toBeLessThan(0.05);
  });

  it('never takes in what differs a little from the floor and is not found', async () => {
    const b = bench();
    await b.run(40);
    const rug = { ...person, colour: [121, 125, 113] as const };
    await b.run(120, { things: [rug], seen: [] });
    expect(b.covered(rug).masked).toBeGreaterThan(0.95);
  });

  it('does not leave a ghost where somebody stood while the light changed', async () => {
    const b = bench();
    await b.run(20);
    for (let i = 0; i < 120; i++) await b.sample({ gain: 1 - i * 0.002, things: [person] });
    await b.run(10, { gain: 0.76 });
    expect(b.covered(person).masked).toBe(0);
  });
});

describe('the view as a whole', () => {
  it('keeps a backdrop of its own for infrared', async () => {
    const b = bench();
    await b.run(20);
    const dark = await b.sample({ grey: true, gain: 0.9 });
    expect(dark).toMatchObject({ pictureStatus: 'learning', picture: { status: 'withheld' } });
    const learned = await b.run(25, { grey: true, gain: 0.9 });
    expect(learned.at(-1)?.picture.status).toBe('made');
    const back = await b.sample({});
    expect(back.picture.status).toBe('made');
    expect(b.analyst).toBeDefined();
  });

  it('withholds at once when the camera is turned, and stores nothing until the view is confirmed', async () => {
    const b = bench();
    await b.run(20);
    const first = await b.sample({ shiftX: 40, shiftY: 12 });
    expect(first.picture).toEqual({ status: 'withheld', reason: 'scene-changed' });
    const after = await b.run(40, { shiftX: 40, shiftY: 12 });
    expect(after.at(-1)).toMatchObject({ pictureStatus: 'moved', picture: { status: 'withheld', reason: 'moved' } });
    const returned = await b.run(40);
    expect(returned.every((s) => s.picture.status === 'withheld')).toBe(true);
    b.view = { ...view, viewVersion: 2 };
    const confirmed = await b.run(30, { shiftX: 40, shiftY: 12 });
    expect(confirmed[0]?.picture).toEqual({ status: 'withheld', reason: 'learning' });
    expect(confirmed.at(-1)?.picture.status).toBe('made');
  });

  it('stays moved after the size of the picture changed', async () => {
    const b = bench();
    await b.run(20);
    await b.run(10, { shiftX: 40, shiftY: 12 });
    const resized = await b.run(30, { size: [256, 160] });
    expect(resized.at(-1)?.picture).toEqual({ status: 'withheld', reason: 'moved' });
  });

  it('stays moved when the sample that found it could not be judged to its end', async () => {
    const clock = new SimulatedClock();
    let failed = 0;
    const analyst = createAnalyst({ config, detector: null, clock, log: createLogger('silent'), metrics: createMetrics(), inspect: (_mask, _backdrop, memory) => {
      if (memory.moved && failed++ === 0) throw new Error('once');
    } });
    let last: Sample | 'dropped' = 'dropped';
    for (let sequence = 0; sequence < 100; sequence++) {
      const turned = sequence < 40 ? {} : { shiftX: 40, shiftY: 12 };
      last = await analyst.analyse(frameOf(draw({ ...turned, seed: sequence }), sequence), view, () => true);
      await clock.advance(1000);
    }
    expect(failed).toBeGreaterThan(1);
    expect(last).toMatchObject({ picture: { status: 'withheld', reason: 'moved' } });
  });

  it('is moved from its first sample on when that is known, until a newer view is confirmed', async () => {
    const b = bench(null, { ...view, knownMoved: true });
    const closed = await b.run(40);
    expect(closed.every((s) => s.pictureStatus === 'moved' && s.picture.status === 'withheld')).toBe(true);
    b.view = { ...view, viewVersion: view.viewVersion + 1, knownMoved: false };
    const opened = await b.run(40);
    expect(opened[0]?.pictureStatus).toBe('learning');
    expect(opened.at(-1)?.picture.status).toBe('made');
    // Learning ends with a picture, not with a moment of something else.
    expect([...new Set(opened.map((s) => s.pictureStatus))]).toEqual(['learning', 'ready']);
  });

  it('calls another view moved, a covered or black lens not', async () => {
    const b = bench();
    await b.run(20);
    const black = await b.run(30, { gain: 0, offset: 3, noise: 2 });
    expect(new Set(black.map((s) => JSON.stringify(s.picture)))).toEqual(new Set([JSON.stringify({ status: 'withheld', reason: 'scene-changed' })]));
    expect((await b.run(3)).at(-1)?.picture.status).toBe('made');
    const elsewhere = await b.run(30, { place: 5 });
    expect(elsewhere.at(-1)?.pictureStatus).toBe('moved');
    expect(elsewhere.every((s) => s.picture.status === 'withheld')).toBe(true);
  });

  it('takes exposure pumping and a light switch for light', async () => {
    const b = bench();
    await b.run(20);
    const pumped = await b.run(6, { gain: 1.25, offset: 6 });
    expect(pumped.every((s) => s.pictureStatus !== 'moved')).toBe(true);
    expect(pumped.at(-1)?.picture.status).toBe('made');
  });

  it('learns anew when the picture has another size', async () => {
    const b = bench();
    await b.run(20);
    expect((await b.sample({ size: [256, 160] })).picture).toEqual({ status: 'withheld', reason: 'size-changed' });
    expect((await b.run(25, { size: [256, 160] })).at(-1)?.picture.status).toBe('made');
  });
});

describe('failing closed', () => {
  it('withholds while the detector fails, and when the site requires one that is not there', async () => {
    const b = bench();
    await b.run(20);
    if (b.detector) b.detector.fail = true;
    const failed = await b.sample({ things: [person] });
    expect(failed).toMatchObject({ picture: { status: 'withheld', reason: 'detector-failed' }, detector: 'failed' });
    if (b.detector) b.detector.fail = false;
    expect((await b.sample({})).picture.status).toBe('made');
    const none = bench(null, { ...view, requireDetector: true });
    const samples = await none.run(60);
    expect(samples.at(-1)?.picture).toEqual({ status: 'withheld', reason: 'detector-missing' });
  });

  it('survives a frame that has not the bytes of its size', async () => {
    const b = bench();
    await b.run(20);
    const bad = await b.analyst.analyse({ ...frameOf(new Uint8Array(100), 99) }, view, () => true);
    expect(bad).toMatchObject({ picture: { status: 'withheld', reason: 'mask-failed' } });
    expect((await b.sample({})).picture).toEqual({ status: 'withheld', reason: 'learning' });
  });

  it('drops the waiting frame of the same camera for a newer one, and no other camera’s', async () => {
    const b = bench();
    const rgb = draw({ seed: 1 });
    const turns = [0, 1, 2].map((i) => b.analyst.analyse(frameOf(rgb, i), view, () => false));
    const other = b.analyst.analyse(frameOf(rgb, 0, [widthPx, heightPx], 'c2'), { ...view, cameraId: 'c2' }, () => false);
    const done = await Promise.all([...turns, other]);
    expect(done.map((s) => (s === 'dropped' ? s : s.sequence))).toEqual([0, 'dropped', 2, 0]);
  });

  it('forgets a camera', async () => {
    const b = bench();
    await b.run(20);
    b.analyst.forget('c1');
    expect((await b.sample({})).picture).toEqual({ status: 'withheld', reason: 'learning' });
  });
});

describe('what counts', () => {
  const guarded = { ...view, zones: [zone('guard', [[0.3, 0.5], [0.7, 0.5], [0.7, 1], [0.3, 1]])] };

  it('hits a guard zone by the foot point, at the first sample when the gate agrees', async () => {
    const b = bench(scriptedDetector(), guarded);
    await b.run(20);
    const inside = await b.sample({ things: [person] });
    expect(inside.hits).toEqual([{ zoneId: 'guard-1', counts: { person: 1 }, tallestRatio: 80 / heightPx }]);
    const outside = await b.sample({ things: [{ ...person, y: 10, h: 60 }] });
    expect(outside.hits.flatMap((h) => Object.keys(h.counts)).filter((c) => c === 'person')).toEqual([]);
  });

  it('does not count a false person that stands in the scene', async () => {
    const b = bench(scriptedDetector(), guarded);
    const board = { ...person, score: 0.6, ghost: true };
    const samples: Sample[] = [];
    for (let i = 0; i < 60; i++) samples.push(await b.sample({ things: [], seen: [board] }));
    expect(samples.flatMap((s) => s.hits)).toEqual([]);
  });

  it('masks in an ignore zone, and does not judge there', async () => {
    const b = bench(scriptedDetector(), { ...guarded, zones: [...guarded.zones, zone('ignore', [[0, 0], [1, 0], [1, 1], [0, 1]])] });
    await b.run(20);
    const sample = await b.sample({ things: [person] });
    expect(sample.hits).toEqual([]);
    expect(b.covered(person).masked).toBe(1);
  });

  it('makes a picture when the caller wants one of this very sample', async () => {
    const b = bench(scriptedDetector(), guarded);
    await b.run(20);
    if (b.detector) b.detector.things = [person];
    let asked: unknown;
    const sample = await b.analyst.analyse(frameOf(draw({ seed: 77, things: [person] }), 77), guarded, (hits) => {
      if (hits.length > 0) asked = hits;
      return hits.length > 0;
    });
    expect(asked).toHaveLength(1);
    expect(sample !== 'dropped' && sample.picture.status).toBe('made');
  });
});
