/** How densely the nearest ground is shown: the numbers of reference/standards 1.2, and what must hold for every pose. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groundDensity, isTooDense, narrowestPx, widestUnknownPx, widthUnderCeiling, type GroundPose } from '../../src/core/ground-density.js';
import { scaledSize } from '../../src/ingest/picture-size.js';

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const pose = (mountHeightM: number | null, tiltDeg: number | null, horizontalFovDeg: number | null): GroundPose => ({ mountHeightM, tiltDeg, horizontalFovDeg });

// H, t, HFOV, VFOV, width, fx, dNear at z = 0 (reference: standards 1.2). A stream's height follows from its angles: square pixels.
const vectors = [
  { H: 3.5, t: 15, hfov: 90, vfov: 50.5, widthPx: 1920, fx: 960.0, near: 4.13 },
  { H: 4.0, t: 20, hfov: 54, vfov: 31, widthPx: 2560, fx: 2512.1, near: 5.61 },
  { H: 6.0, t: 25, hfov: 97, vfov: 54, widthPx: 2688, fx: 1189.1, near: 4.69 },
];

describe.each(vectors)('a camera at $H m, $t° down, $hfov°×$vfov°', ({ H, t, hfov, vfov, widthPx, fx, near }) => {
  const heightPx = (widthPx * Math.tan(radians(vfov) / 2)) / Math.tan(radians(hfov) / 2);

  it('has the density of the table’s nearest ground point: PPM = fx / Z, Z = d·cos t + h·sin t', () => {
    const depthM = near * Math.cos(radians(t)) + H * Math.sin(radians(t));
    // The table's distance is rounded to a centimetre.
    expect(Math.abs((groundDensity(pose(H, t, hfov), widthPx, heightPx) ?? 0) / (fx / depthM) - 1)).toBeLessThan(0.002);
  });

  it('is within three pixels as wide as the ceiling allows', () => {
    for (const ceiling of [62.5, 125, 250]) {
      const width = widthUnderCeiling(pose(H, t, hfov), widthPx, heightPx, ceiling) ?? 0;
      const aspect = heightPx / widthPx;
      expect(groundDensity(pose(H, t, hfov), width, width * aspect)).toBeLessThanOrEqual(ceiling);
      expect(groundDensity(pose(H, t, hfov), width + 3, (width + 3) * aspect)).toBeGreaterThan(ceiling);
    }
  });
});

describe('the density of the nearest ground', () => {
  it('of a camera that looks straight down is fx / H, whatever its height over the ground is seen by', () => {
    expect(groundDensity(pose(5, 90, 90), 640, 360)).toBeCloseTo(320 / 5, 6);
  });

  it('grows with the tilt until straight down is in the picture, and falls with the mount height', () => {
    const at = (tilt: number, height = 4): number => groundDensity(pose(height, tilt, 70), 640, 360) ?? 0;
    expect([0, 10, 20, 30, 40].map((t) => at(t)).every((d, i, all) => i === 0 || d > (all[i - 1] as number))).toBe(true);
    expect(at(20, 8)).toBeCloseTo(at(20, 4) / 2, 6);
  });

  it('is not known where a part is missing, the camera stands on the ground, or only the sky is seen', () => {
    for (const unknown of [undefined, pose(null, 20, 70), pose(4, null, 70), pose(4, 20, null), pose(0, 20, 70), pose(4, -30, 70), pose(4, -90, 70)]) {
      expect(groundDensity(unknown, 640, 360)).toBeNull();
      expect(widthUnderCeiling(unknown, 640, 360, 100)).toBeNull();
      expect(isTooDense(unknown, widestUnknownPx, 540, 25)).toBe(false);
      expect(isTooDense(unknown, widestUnknownPx + 2, 540, 250)).toBe(true);
    }
    expect(groundDensity(pose(4, 20, 70), 0, 360)).toBeNull();
  });

  it('of a very wide lens is never reckoned as less than straight below it, at equal angles a pixel', () => {
    expect(groundDensity(pose(3, 40, 180), 960, 540)).toBeCloseTo(960 / Math.PI / 3, 6);
    // A pinhole of 180° would show the middle of the picture with no density at all.
    expect(widthUnderCeiling(pose(1.5, 40, 180), 1920, 1080, 100)).toBe(Math.floor(Math.PI * 150));
  });

  it('never passes the ceiling in a frame that is scaled to its width, whatever the pose, the stream and the ceiling', () => {
    const part = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({ mountHeightM: part(0.1, 60), tiltDeg: part(-90, 90), horizontalFovDeg: part(1, 180) }),
        fc.integer({ min: 64, max: 4000 }), fc.integer({ min: 48, max: 3000 }), part(25, 250),
        (p, streamWidthPx, streamHeightPx, ceiling) => {
          const limit = widthUnderCeiling(p, streamWidthPx, streamHeightPx, ceiling);
          fc.pre(limit !== null && limit >= narrowestPx);
          const size = scaledSize({ widthPx: streamWidthPx, heightPx: streamHeightPx }, limit ?? 0);
          expect(groundDensity(p, size.widthPx, size.heightPx) ?? 0).toBeLessThanOrEqual(ceiling);
          expect(isTooDense(p, size.widthPx, size.heightPx, ceiling)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });
});
