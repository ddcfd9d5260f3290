import { describe, expect, it } from 'vitest';
import { createGrid } from '../../src/analyse/grid.js';
import { createPlanes, fillPlanes, type Planes } from '../../src/analyse/planes.js';
import { compareEdges, createShiftMeter, isClearlyShifted, isShifted } from '../../src/analyse/view-shift.js';
import { random } from './drawn-scene.js';

const [widthPx, heightPx] = [320, 192];
const grid = createGrid(widthPx, heightPx, 16);

/** Kerbs and fences that run level, on ground with a little texture. */
function levelYard(shiftPx: number, seed: number): Planes {
  const noise = random(seed);
  const texture = random(7);
  const ground = Float32Array.from({ length: (widthPx + 80) * heightPx }, () => texture() * 24);
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    const rail = Math.floor(y / 12) % 2 === 0 ? 70 : 150;
    for (let x = 0; x < widthPx; x++) {
      const value = rail + (ground[(y >> 2) * (widthPx + 80) + ((x + 40 - shiftPx) >> 2)] as number) + noise() * 3;
      rgb.fill(value, (y * widthPx + x) * 3, (y * widthPx + x) * 3 + 3);
    }
  }
  const planes = createPlanes(grid);
  fillPlanes(planes, rgb, widthPx, heightPx);
  return planes;
}

describe('a camera that was turned sideways', () => {
  it('is told by the shift where the edges run level and agree all the same', () => {
    const meter = createShiftMeter();
    const reference = levelYard(0, 1);
    const still = levelYard(0, 2);
    expect(isShifted(meter.measure(still, reference))).toBe(false);
    for (const shiftPx of [16, -16, 26]) {
      const frame = levelYard(shiftPx, 3);
      expect(compareEdges(grid, frame, reference, new Uint8Array(grid.count).fill(1)).agreement).toBeGreaterThan(0.33);
      const shift = meter.measure(frame, reference);
      expect(shift.xRatio).toBeCloseTo(shiftPx / widthPx, 1);
      expect(isClearlyShifted(shift)).toBe(true);
    }
  });
});
