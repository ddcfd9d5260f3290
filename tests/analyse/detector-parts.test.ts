/** The parts of the detector that need no weights: letterbox, decoding, the probe's judge, who waits and whose turn it is. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidateCount, families, type RawDetection } from '../../src/analyse/adapters/decoders.js';
import { createFrameSlots } from '../../src/analyse/adapters/frame-slots.js';
import { createLetterbox, inputHeightPx } from '../../src/analyse/adapters/letterbox.js';
import { judgeProbe } from '../../src/analyse/adapters/model-probe.js';
import { drawProbePicture } from '../../src/analyse/adapters/probe-picture.js';
import type { ModelProbe } from '../../src/analyse/model-manifest.js';
import { createWaitingFrames } from '../../src/analyse/adapters/waiting-frames.js';

describe('letterbox', () => {
  const norm = { pad: 7, mean: [10, 20, 30], deviation: [2, 3, 4] } as const;

  it.each([[640, 360, 416, 256], [352, 288, 416, 352], [100, 300, 416, 832], [33, 20, 64, 64]])('%i×%i into %i×%i is bilinear at half-pixel centres', (fw, fh, w, h) => {
    const rgb = Uint8Array.from({ length: fw * fh * 3 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 24) & 255);
    const { data, box } = createLetterbox(fw, fh, w, h, norm);
    const scale = box(rgb);
    expect(scale).toBe(Math.min(w / fw, h / fh));
    const [nw, nh] = [Math.floor(fw * scale + 1e-6), Math.floor(fh * scale + 1e-6)];
    const at = (x: number, y: number, c: number): number => rgb[(Math.min(fh - 1, y) * fw + Math.min(fw - 1, x)) * 3 + c] as number;
    let worst = 0;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const [sx, sy] = [Math.max(0, ((x + 0.5) * fw) / nw - 0.5), Math.max(0, ((y + 0.5) * fh) / nh - 0.5)];
        const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
        for (let plane = 0; plane < 3; plane++) {
          const c = 2 - plane;
          const top = at(x0, y0, c) * (1 - sx + x0) + at(x0 + 1, y0, c) * (sx - x0);
          const bottom = at(x0, y0 + 1, c) * (1 - sx + x0) + at(x0 + 1, y0 + 1, c) * (sx - x0);
          const value = x < nw && y < nh ? top * (1 - sy + y0) + bottom * (sy - y0) : norm.pad;
          const expected = (value - (norm.mean[plane] as number)) / (norm.deviation[plane] as number);
          worst = Math.max(worst, Math.abs(expected - (data[plane * w * h + y * w + x] as number)));
        }
      }
    }
    expect(worst).toBeLessThan(0.2);
  });

  it('the height of the input follows the aspect', () => {
    expect([inputHeightPx(416, 'by-aspect', 640, 360), inputHeightPx(416, 'by-aspect', 640, 480), inputHeightPx(416, 'by-aspect', 10, 4000), inputHeightPx(416, 416, 640, 360)]).toEqual([256, 320, 832, 416]);
  });
});

describe('decoding', () => {
  const size = { widthPx: 64, heightPx: 64, scale: 0.5, frameWidthPx: 128, frameHeightPx: 128, minScore: 0.3 };
  const groups = [{ class: 'person', outputs: [0] }, { class: 'vehicle', outputs: [2, 7] }] as const;
  const blank = (decoder: 'nanodet-plus' | 'yolox') => new Float32Array(candidateCount(decoder, 64, 64) * families[decoder].columns);

  it('nanodet-plus: the best label of a class, the box from the bins, only labels that are named', () => {
    const output = blank('nanodet-plus');
    const base = (8 * 3 + 4) * 112;
    output[base + 1] = 0.99;
    output[base + 2] = 0.5;
    output[base + 7] = 0.6;
    // Each side: all weight on bin 2, so 16 px of the input.
    for (let side = 0; side < 4; side++) output[base + 80 + side * 8 + 2] = 100;
    const found = families['nanodet-plus'].decode({ ...size, output, groups });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ class: 'vehicle', score: expect.closeTo(0.6, 5) as number, xPx: 32, yPx: 16, widthPx: 64, heightPx: 64 });
  });

  it('yolox: objectness times class', () => {
    const output = blank('yolox');
    output.set([0.5, 0.5, 1, 0, 0.8, 0.9], (8 * 4 + 4) * 85);
    expect(families.yolox.decode({ ...size, output, groups })).toMatchObject([{ class: 'person', score: expect.closeTo(0.72, 5) as number, xPx: expect.closeTo(72 - 8 * Math.E, 5) as number, yPx: 64, widthPx: expect.closeTo(16 * Math.E, 5) as number, heightPx: 16 }]);
  });

  it.each(['nanodet-plus', 'yolox'] as const)('%s: what is no number is no empty scene', (decoder) => {
    const { columns } = families[decoder];
    const output = blank(decoder);
    expect(families[decoder].decode({ ...size, output, groups })).toEqual([]);
    output[30 * columns + (decoder === 'yolox' ? 4 : 7)] = NaN;
    expect(() => families[decoder].decode({ ...size, output, groups })).toThrow(/no numbers/);
    output.fill(NaN);
    expect(() => families[decoder].decode({ ...size, output, groups })).toThrow(/no numbers/);
    output.fill(Infinity);
    expect(() => families[decoder].decode({ ...size, output, groups })).toThrow(/no (numbers|place)/);
  });
});

describe('the known picture', () => {
  const person: RawDetection = { class: 'person', score: 0.8, xPx: 100, yPx: 50, widthPx: 40, heightPx: 120 };
  const probe: ModelProbe = { picture: 'street-1', minScore: 0.3, detections: [person], outputMean: 1, outputDeviation: 1 };
  const output = Float32Array.from([0, 2, 0, 2]);

  it('is the same everywhere', () => {
    const { rgb } = drawProbePicture();
    expect(createHash('sha256').update(rgb).digest('hex')).toBe('a2b7fdc81fe967a2577101145377d3515df0565482bdaf301c2b2c362bb69aaf');
  });

  it('passes what is nearly the same and refuses what is not', () => {
    expect(judgeProbe(probe, { detections: [person], output })).toBeNull();
    const weak: RawDetection = { ...person, class: 'animal', score: 0.33 };
    expect(judgeProbe(probe, { detections: [{ ...person, score: 0.77, xPx: 103 }, weak], output: Float32Array.from([0, 2.01, 0, 2.01]) })).toBeNull();
    expect(judgeProbe(probe, { detections: [], output })).toMatch(/does not find the person at 100, 50/);
    expect(judgeProbe(probe, { detections: [{ ...person, class: 'vehicle' }], output })).toMatch(/does not find/);
    expect(judgeProbe(probe, { detections: [{ ...person, score: 0.5 }], output })).toMatch(/does not find/);
    expect(judgeProbe(probe, { detections: [{ ...person, heightPx: 90 }], output })).toMatch(/does not find/);
    expect(judgeProbe(probe, { detections: [person, { ...person, xPx: 300 }], output })).toMatch(/finds a person at 300, 50/);
    for (const bad of [[0, 0, 0, 0], [0, 4, 0, 4], [NaN, 2, 0, 2], [1, 1, 1, 1]]) expect(judgeProbe(probe, { detections: [person], output: Float32Array.from(bad) })).toMatch(/raw output/);
  });
});

describe('who waits', () => {
  const frame = (cameraId: string, n = 0) => ({ cameraId, n });

  it('the newest frame of a camera, in the place of the older one', () => {
    const waiting = createWaitingFrames<{ cameraId: string; n: number }>(10);
    expect(waiting.put(frame('a', 1), 0)).toBeUndefined();
    expect(waiting.put(frame('b', 1), 5)).toBeUndefined();
    expect(waiting.put(frame('a', 2), 9)).toEqual(frame('a', 1));
    expect([waiting.size, waiting.sinceMs]).toEqual([2, 0]);
    expect(waiting.take(1)).toEqual([frame('a', 2)]);
    expect(waiting.sinceMs).toBe(5);
    waiting.put(frame('a', 3), 10);
    expect(waiting.take(9)).toEqual([frame('b', 1), frame('a', 3)]);
    expect([waiting.size, waiting.sinceMs]).toEqual([0, Infinity]);
  });

  it('under any load no camera is starved, and no more wait than may', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), (cameras, max, take) => {
        const waiting = createWaitingFrames(max);
        const served = new Map<string, number>();
        // All arrive at once and in the same order, round after round: the worst rhythm for those at the end.
        for (let round = 0; round < 60; round++) {
          for (let c = 0; c < cameras; c++) waiting.put(frame(`c${c}`), round);
          expect(waiting.size).toBeLessThanOrEqual(max);
          for (const { cameraId } of waiting.take(take)) served.set(cameraId, (served.get(cameraId) ?? 0) + 1);
        }
        const counts = Array.from({ length: cameras }, (_, c) => served.get(`c${c}`) ?? 0);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('shared memory for frames', () => {
  it('holds a copy, and is used again', () => {
    const slots = createFrameSlots(2);
    const rgb = Uint8Array.from([1, 2, 3]);
    const first = slots.hold(rgb);
    expect(first.buffer).toBeInstanceOf(SharedArrayBuffer);
    rgb[0] = 9;
    expect([...first]).toEqual([1, 2, 3]);
    const second = slots.hold(rgb);
    expect(second.buffer).not.toBe(first.buffer);
    slots.release(first);
    expect(slots.hold(new Uint8Array(100)).buffer).toBe(first.buffer);
    expect(slots.hold(new Uint8Array(200_000)).length).toBe(200_000);
  });
});
