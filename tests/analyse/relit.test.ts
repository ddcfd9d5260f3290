import { describe, expect, it } from 'vitest';
import { blockState, createBackdrop, occupied } from '../../src/analyse/backdrop.js';
import { createGrid } from '../../src/analyse/grid.js';
import { createPlanes, fillPlanes, type Planes } from '../../src/analyse/planes.js';
import { relitBlocks } from '../../src/analyse/relit.js';
import { refineShift, translateBackdrop } from '../../src/analyse/translate.js';
import { createShiftMeter } from '../../src/analyse/view-shift.js';
import { draw, heightPx, widthPx, type Draw } from './drawn-scene.js';

const grid = createGrid(widthPx, heightPx, 8);
const all = new Uint8Array(grid.count).fill(1);

function planesOf(rgb: Uint8Array): Planes {
  const planes = createPlanes(grid);
  fillPlanes(planes, rgb, widthPx, heightPx);
  return planes;
}
const drawn = (options: Omit<Draw, 'seed'>, seed = 1): Planes => planesOf(draw({ ...options, seed }));
const share = (blocks: Uint8Array, within: (column: number, row: number) => boolean): number => {
  let [n, set] = [0, 0];
  for (let block = 0; block < grid.count; block++) {
    if (!within(block % grid.columns, Math.floor(block / grid.columns))) continue;
    n++;
    set += blocks[block] as number;
  }
  return set / n;
};

describe('the same surface in another light', () => {
  const reference = drawn({});
  it('is told by its texture', () => {
    for (const light of [{ gain: 0.6 }, { gain: 1.3 }, { gain: 0.8, offset: 20 }]) expect(share(relitBlocks(grid, drawn(light, 2), reference, all), () => true)).toBeGreaterThan(0.8);
  });
  it('is not what somebody shows who stands there, whatever the light', () => {
    const person = { class: 'person', x: 130, y: 70, w: 30, h: 80 } as const;
    const inside = (c: number, r: number): boolean => c * 8 >= person.x - 4 && c * 8 + 8 <= person.x + person.w + 4 && r * 8 >= person.y - 4 && r * 8 + 8 <= person.y + person.h + 4;
    for (const gain of [0.6, 1, 1.4]) {
      for (const colour of [undefined, null, [120, 118, 110]] as const) {
        const frame = drawn({ gain, things: [colour === undefined ? person : { ...person, colour }] }, 3);
        expect(share(relitBlocks(grid, frame, reference, all), inside)).toBe(0);
      }
    }
  });
  it('is not a thing of another colour and the same level, though a lamp may tint what it lights', () => {
    const floor = (colour: readonly [number, number, number], c: (x: number, y: number) => boolean): Planes => {
      const rgb = new Uint8Array(widthPx * heightPx * 3);
      for (let i = 0; i < widthPx * heightPx; i++) rgb.set(c(i % widthPx, Math.floor(i / widthPx)) ? colour : [110, 110, 110], i * 3);
      return planesOf(rgb);
    };
    const bare = floor([0, 0, 0], () => false);
    const blanket = floor([170, 80, 110], (x, y) => x >= 128 && x < 192 && y >= 80 && y < 112);
    const under = (c: number, r: number): boolean => c >= 16 && c < 24 && r >= 10 && r < 14;
    expect(Math.abs((blanket.tileLuma[11 * grid.columns + 18] as number) - 110)).toBeLessThan(3);
    expect(share(relitBlocks(grid, blanket, bare, all), under)).toBe(0);
    // A frame of the infrared mode has no colours.
    expect(share(relitBlocks(grid, blanket, bare, all, null), under)).toBe(1);
    const sodium = floor([190, 150, 112], () => true);
    expect(share(relitBlocks(grid, sodium, bare, all), () => true)).toBe(1);
  });
  it('is not another place', () => {
    expect(share(relitBlocks(grid, drawn({ place: 5 }, 4), reference, all), () => true)).toBeLessThan(0.15);
  });
});

describe('a mast that gives way', () => {
  const [xPx, yPx] = [8, -4];
  const reference = drawn({});
  const frame = drawn({ shiftX: xPx, shiftY: yPx, gain: 0.9 }, 5);

  it('is measured to the half pixel, and not where nothing moved', () => {
    const meter = createShiftMeter();
    expect(refineShift(grid, frame, reference, all, meter.measure(frame, reference))).toEqual({ xPx, yPx });
    expect(refineShift(grid, drawn({}, 6), reference, all, { xRatio: 0, yRatio: 0, peak: 1, atZero: 1 })).toBeNull();
  });

  it('takes the backdrop along: known stays known, occupied stays occupied at its new place, what comes into view is not known', () => {
    const backdrop = createBackdrop(grid, null);
    backdrop.state.fill(blockState.known);
    backdrop.shown.set(draw({ seed: 1 }));
    fillPlanes(backdrop.reference, backdrop.shown, widthPx, heightPx);
    const held = 10 * grid.columns + 10;
    backdrop.state[held] = blockState.held;
    backdrop.candidate.flags[held] = occupied;
    backdrop.candidate.samples[held] = 50;
    const moved = translateBackdrop(backdrop, xPx, yPx, 3);
    for (let block = 0; block < grid.count; block++) {
      const column = block % grid.columns;
      const row = Math.floor(block / grid.columns);
      // 8 px are a block, -4 px half of one
      const fromHeld = column === 11 && (row === 9 || row === 10);
      const known = column >= 1 && row < grid.rows - 1 && !fromHeld;
      expect(moved.state[block], `${column},${row}`).toBe(known ? blockState.known : blockState.held);
      if (fromHeld) expect(moved.candidate.flags[block]).toBe(occupied);
      if (known) {
        const at = ((row * 8 + 3) * widthPx + column * 8 + 3) * 3;
        const from = ((row * 8 + 3 - yPx) * widthPx + column * 8 + 3 - xPx) * 3;
        expect(moved.shown[at]).toBe(backdrop.shown[from]);
      }
    }
  });
});
