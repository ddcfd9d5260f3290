/** DESIGN.md 2.3 and 5.3: given the mask, no pixel and no byte of a picture depends on the frame inside the mask. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { createGrid } from '../../src/analyse/grid.js';
import { composePicture } from '../../src/analyse/mask/compose.js';
import { encodeJpeg, makePicture } from '../../src/analyse/mask/make-picture.js';
import type { Detection } from '../../src/contract/detection.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { config, draw, frameOf, random, scriptedDetector, view, widthPx, type Thing } from '../analyse/drawn-scene.js';

const size = fc.record({ widthPx: fc.integer({ min: 17, max: 90 }), heightPx: fc.integer({ min: 17, max: 70 }), blockPx: fc.constantFrom(8, 16, 24, 32) });
const box = fc.record({
  class: fc.constantFrom('person' as const, 'vehicle' as const, 'animal' as const, 'change' as const),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  xPx: fc.double({ min: -20, max: 90, noNaN: true }),
  yPx: fc.double({ min: -20, max: 70, noNaN: true }),
  widthPx: fc.double({ min: 1, max: 90, noNaN: true }),
  heightPx: fc.double({ min: 1, max: 90, noNaN: true }),
});

const noise = (bytes: number, seed: number): Uint8Array => {
  const next = random(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(next() * 256));
};

const scene = fc.record({ size, seed: fc.integer(), maskSeed: fc.integer(), share: fc.double({ min: 0, max: 1, noNaN: true }), boxes: fc.array(box, { maxLength: 5 }) });

function build(s: { size: { widthPx: number; heightPx: number; blockPx: number }; seed: number; maskSeed: number; share: number; boxes: readonly Detection[] }) {
  const grid = createGrid(s.size.widthPx, s.size.heightPx, s.size.blockPx);
  const next = random(s.maskSeed);
  const blocks = Uint8Array.from({ length: grid.count }, () => (next() < s.share ? 1 : 0));
  const flat = Uint8Array.from(blocks, (b) => (b === 1 && next() < 0.4 ? 1 : 0));
  const bytes = grid.widthPx * grid.heightPx * 3;
  const frame = noise(bytes, s.seed);
  const backdrop = noise(bytes, s.seed + 1);
  const masked = (i: number): boolean => {
    const pixel = Math.floor(i / 3);
    return blocks[Math.floor(Math.floor(pixel / grid.widthPx) / grid.blockPx) * grid.columns + Math.floor((pixel % grid.widthPx) / grid.blockPx)] === 1;
  };
  // Any other content inside the mask, the same outside of it.
  const other = frame.map((value, i) => (masked(i) ? (value * 31 + 101 + i) & 255 : value));
  return { grid, mask: { blocks, flat }, frame, other, backdrop, masked, detections: s.boxes };
}

describe('non-interference', () => {
  it('holds for every pixel, over random frames, masks, sizes and detections', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const b = build(s);
        const one = composePicture({ ...b });
        const two = composePicture({ ...b, frame: b.other });
        expect(Buffer.compare(one, two)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('holds for every byte of the JPEG', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (s) => {
        const b = build(s);
        const one = await encodeJpeg(composePicture({ ...b }), b.grid, 80);
        const two = await encodeJpeg(composePicture({ ...b, frame: b.other }), b.grid, 80);
        expect(Buffer.compare(one, two)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('would notice a leak: a frame that differs outside the mask gives other bytes', async () => {
    const b = build({ size: { widthPx: 64, heightPx: 48, blockPx: 16 }, seed: 3, maskSeed: 4, share: 0.5, boxes: [] });
    const leaked = b.frame.map((v, i) => (b.masked(i) ? v : v ^ 64));
    expect(Buffer.compare(await encodeJpeg(composePicture({ ...b }), b.grid, 80), await encodeJpeg(composePicture({ ...b, frame: leaked }), b.grid, 80))).not.toBe(0);
  });

  it('gives the same sealed bytes and the same SHA-256 in the receipt', async () => {
    const about = { cameraId: 'c', runId: 'r', siteId: 's', capturedAtMs: null, receivedAtMs: 0 };
    const b = build({ size: { widthPx: 64, heightPx: 64, blockPx: 16 }, seed: 5, maskSeed: 6, share: 0.5, boxes: [] });
    const request = { ...b, about, modelHash: null, configHash: '', jpegQuality: 90 };
    const [one, two] = [await makePicture(request), await makePicture({ ...request, frame: b.other })];
    expect(Buffer.from(one.jpeg).equals(two.jpeg)).toBe(true);
    expect(one.receipt.sha256).toBe(two.receipt.sha256);
  });

  it('holds from frame to sealed bytes: two people of the same place and size give the same picture', async () => {
    const person: Thing = { class: 'person', x: 128, y: 64, w: 32, h: 80, score: 0.8 };
    const last: Uint8Array[] = [];
    for (const variant of [0, 1]) {
      const clock = new SimulatedClock();
      const detector = scriptedDetector();
      const analyst = createAnalyst({ config, detector, clock, log: createLogger('silent'), metrics: createMetrics() });
      for (let i = 0; i < 20; i++) {
        await analyst.analyse(frameOf(draw({ seed: i }), i), view, () => true);
        await clock.advance(1000);
      }
      detector.things = [{ ...person, ghost: true }];
      const rgb = draw({ seed: 500 });
      // Two quite different people, both far from the backdrop everywhere.
      const next = random(variant + 1);
      for (let y = person.y; y < person.y + person.h; y++) {
        for (let x = person.x; x < person.x + person.w; x++) {
          for (let c = 0; c < 3; c++) rgb[(y * widthPx + x) * 3 + c] = variant === 0 ? Math.floor(next() * 40) : 215 + Math.floor(next() * 40);
        }
      }
      const sample = await analyst.analyse(frameOf(rgb, 500), view, () => true);
      if (sample === 'dropped' || sample.picture.status !== 'made') throw new Error('no picture');
      last.push(sample.picture.picture.jpeg);
    }
    expect(Buffer.compare(last[0] as Uint8Array, last[1] as Uint8Array)).toBe(0);
  });
});
