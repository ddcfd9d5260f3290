import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScratch, fitExposure, sameExposure, scoreBlocks } from '../../src/analyse/gate.js';
import { blocksOfPolygon, createGrid, fillIslands, growInto, spanOf } from '../../src/analyse/grid.js';
import { createPlanes, fillPlanes } from '../../src/analyse/planes.js';
import { compareEdges, createShiftMeter, isShifted } from '../../src/analyse/view-shift.js';
import { containsPoint } from '../../src/core/polygon.js';
import { draw, heightPx, widthPx, type Draw } from './drawn-scene.js';

const shareOf = (blocks: Uint8Array): number => blocks.filter((b) => b !== 0).length / blocks.length;

const grid = createGrid(widthPx, heightPx, 16);
const all = new Uint8Array(grid.count).fill(1);

function planesOf(scene: Draw) {
  const planes = createPlanes(grid);
  fillPlanes(planes, draw(scene), widthPx, heightPx);
  return planes;
}

function scores(frame: Draw, reference: Draw): Float32Array {
  const [f, r] = [planesOf(frame), planesOf(reference)];
  const out = new Float32Array(grid.count);
  scoreBlocks(grid, f, r, fitExposure(grid, f, r, all), null, createScratch(), out);
  return out;
}

const at = (x: number, y: number): number => Math.floor(y / 16) * grid.columns + Math.floor(x / 16);
const person = { class: 'person' as const, x: 130, y: 70, w: 30, h: 80 };

describe('the change gate', () => {
  it('finds nothing but noise in an unchanged scene', () => {
    expect(Math.max(...scores({ seed: 1 }, { seed: 2 }))).toBeLessThan(6);
  });

  it.each([
    [1.3, 0],
    [0.7, 10],
    [1, -20],
    [1.1, 12],
  ])('takes an exposure of the whole picture away (gain %d, offset %d)', (gain, offset) => {
    const found = scores({ seed: 1, gain, offset }, { seed: 2 });
    expect([...found].filter((s) => s > 8).length / found.length).toBeLessThan(0.03);
  });

  it('sees somebody, also one in the road’s mean colour, also under another exposure', () => {
    for (const colour of [undefined, null]) {
      const thing = { ...person, ...(colour === null ? { colour } : {}) };
      for (const gain of [1, 1.25]) {
        const found = scores({ seed: 1, gain, things: [thing] }, { seed: 2 });
        for (const [x, y] of [[140, 80], [150, 110], [140, 140]] as const) expect(found[at(x, y)]).toBeGreaterThan(12);
        expect(found[at(20, 20)]).toBeLessThan(8);
      }
    }
  });

  it('sees a colour of the same luma', () => {
    const f = createPlanes(grid);
    const r = createPlanes(grid);
    const rgb = new Uint8Array(widthPx * heightPx * 3).fill(100);
    fillPlanes(r, rgb, widthPx, heightPx);
    for (let y = 64; y < 96; y++) {
      for (let x = 64; x < 96; x++) {
        // 77 * 30 is about 150 * 15
        rgb[(y * widthPx + x) * 3] = 130;
        rgb[(y * widthPx + x) * 3 + 1] = 85;
      }
    }
    fillPlanes(f, rgb, widthPx, heightPx);
    const out = new Float32Array(grid.count);
    scoreBlocks(grid, f, r, sameExposure, null, createScratch(), out);
    expect(out[at(70, 70)]).toBeGreaterThan(20);
    expect(out[at(200, 70)]).toBe(0);
  });

  it('fits nothing on too few tiles', () => {
    const few = new Uint8Array(grid.count);
    few[5] = 1;
    expect(fitExposure(grid, planesOf({ seed: 1 }), planesOf({ seed: 2 }), few)).toMatchObject({ gain: 1, offset: 0, agreement: 0 });
  });

  it('works on sizes that are not whole blocks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 32, max: 90 }), fc.integer({ min: 32, max: 90 }), (w, h) => {
        const g = createGrid(w, h, 16);
        const f = createPlanes(g);
        const mean = fillPlanes(f, new Uint8Array(w * h * 3).fill(77), w, h);
        const out = new Float32Array(g.count);
        scoreBlocks(g, f, f, sameExposure, null, createScratch(), out);
        expect(mean).toBe(77);
        expect([...f.tileLuma].every((v) => v === 77)).toBe(true);
        expect([...out].every((v) => v === 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the shift of the view', () => {
  const meter = createShiftMeter();

  it.each([
    [24, 0],
    [-30, 12],
    [10, -18],
  ])('is measured (%d, %d px), and the edges do not agree', (shiftX, shiftY) => {
    const [f, r] = [planesOf({ seed: 1, shiftX, shiftY }), planesOf({ seed: 2 })];
    const shift = meter.measure(f, r);
    expect(isShifted(shift)).toBe(true);
    expect(Math.abs(shift.xRatio * widthPx - shiftX)).toBeLessThan(5);
    expect(Math.abs(shift.yRatio * heightPx - shiftY)).toBeLessThan(5);
    expect(compareEdges(grid, f, r, all).agreement).toBeLessThan(0.33);
  });

  it('is none under another light, with people, or by a pixel', () => {
    const reference = planesOf({ seed: 2 });
    for (const scene of [{ seed: 1, gain: 0.6 }, { seed: 1, gain: 1.3, offset: 10, things: [person] }, { seed: 1, grey: true }, { seed: 1, shiftX: 2 }]) {
      const frame = planesOf(scene);
      expect(isShifted(meter.measure(frame, reference)), JSON.stringify(scene)).toBe(false);
      expect(compareEdges(grid, frame, reference, all).agreement, JSON.stringify(scene)).toBeGreaterThan(0.6);
    }
  });
});

describe('blocks', () => {
  it('of a polygon cover every point of it', () => {
    const point = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 })).map(([x, y]) => [x / 1000, y / 1000] as const);
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 6 }), fc.array(point, { minLength: 200, maxLength: 200 }), (polygon, points) => {
        const blocks = new Uint8Array(grid.count);
        blocksOfPolygon(grid, polygon, blocks);
        for (const [x, y] of points) {
          if (x < 1 && y < 1 && containsPoint(polygon, x, y)) expect(blocks[at(x * widthPx, y * heightPx)]).toBe(1);
        }
      }),
    );
  });

  it('of a box are every block that it touches, within the picture', () => {
    expect(spanOf(grid, 15.5, 0, 1, 16)).toEqual({ c0: 0, r0: 0, c1: 2, r1: 1 });
    expect(spanOf(grid, -50, -50, 1000, 1000)).toEqual({ c0: 0, r0: 0, c1: grid.columns, r1: grid.rows });
  });

  it('grow by one, and small enclosed parts are filled', () => {
    const one = new Uint8Array(grid.count);
    one[at(100, 100)] = 1;
    const grown = new Uint8Array(grid.count);
    growInto(grid, one, grown);
    expect(shareOf(grown) * grid.count).toBe(9);
    const ring = Uint8Array.from(grown);
    ring[at(100, 100)] = 0;
    fillIslands(grid, ring, 12);
    expect([...ring]).toEqual([...grown]);
  });
});
