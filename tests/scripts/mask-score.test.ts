/** The masking bench must see what it is there to see: its measures on pictures of which the answer is known. */
import { describe, expect, it } from 'vitest';
import { fitSlope } from '../../scripts/bench/slope.js';
import { maskedShare, overlap, quantile, resembles, shownCells, shownShare, signShare, sizeBucket, spareShare, type Pixels } from '../../scripts/bench/mask-score.js';
import { counts, missed, placeOf, recallTable, type BoxVerdict, type FindingVerdict } from '../../scripts/bench/mask-tally.js';

const [widthPx, heightPx] = [96, 64];
/** A texture that no other seed has. */
function texture(seed: number): Pixels {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = 40 + ((i * 2_654_435_761 + seed * 40_503) >>> 8) % 180;
  return { rgb, widthPx, heightPx };
}
function pasted(under: Pixels, from: Pixels, x0: number, y0: number, w: number, h: number): Pixels {
  const rgb = Uint8Array.from(under.rgb);
  for (let y = y0; y < y0 + h; y++) {
    const at = (y * widthPx + x0) * 3;
    rgb.set(from.rgb.subarray(at, at + w * 3), at);
  }
  return { rgb, widthPx, heightPx };
}
const scene = texture(1);
const person = { x: 32, y: 16, w: 16, h: 32 };
const frame = pasted(scene, texture(2), 32, 16, 16, 32);

describe('pixels of a stored picture', () => {
  it('are shown where they equal the frame and the scene is another', () => {
    const whole = shownCells(frame, frame, scene, 3);
    expect(shownShare(person, whole, frame)).toBe(1);
    // all of the rest equals the frame too, but shows the empty scene
    expect(shownShare({ x: 0, y: 0, w: 32, h: 64 }, whole, frame)).toBe(0);
    const half = pasted(frame, scene, 32, 16, 16, 16);
    expect(shownShare(person, shownCells(half, frame, scene, 3), half)).toBe(0.5);
    expect(shownShare(person, shownCells(scene, frame, scene, 3), scene)).toBe(0);
  });

  it('are shown in spite of noise within the tolerance, and not when the noise is larger', () => {
    const noisy = { ...frame, rgb: frame.rgb.map((v, i) => v + (i % 2 === 0 ? 3 : -3)) };
    expect(shownShare(person, shownCells(noisy, frame, scene, 3), noisy)).toBe(1);
    expect(shownShare(person, shownCells(noisy, frame, scene, 2), noisy)).toBe(0);
  });

  it('that are a flat fill show nothing, even of a thing of the same grey', () => {
    const grey = { ...frame, rgb: new Uint8Array(frame.rgb.length).fill(126) };
    expect(shownShare(person, shownCells(grey, grey, scene, 3), grey)).toBe(0);
  });

  it('look as in the frame also when the scene has learned who stands there', () => {
    expect(resembles(person, frame, frame)).toBe(true);
    expect(resembles(person, scene, frame)).toBe(false);
    expect(resembles(person, pasted(frame, scene, 32, 16, 16, 32), frame)).toBe(false);
    const plain = { ...frame, rgb: new Uint8Array(frame.rgb.length).fill(90) };
    expect(resembles(person, plain, plain)).toBeNull();
  });

  it('tell a sign from what was there', () => {
    const sign = { ...scene, rgb: pasted(scene, { ...scene, rgb: new Uint8Array(scene.rgb.length).fill(255) }, 32, 16, 16, 16).rgb };
    expect(signShare(person, sign, scene)).toBeGreaterThan(0.4);
    expect(signShare({ x: 60, y: 0, w: 20, h: 40 }, sign, scene)).toBe(0);
  });
});

describe('boxes and blocks', () => {
  const blocks = new Uint8Array(6 * 4);
  for (const block of [2, 8, 14]) blocks[block] = 1; // x 32..47, y 0..47
  const mask = { blocks, columns: 6, blockPx: 16, widthPx, heightPx };

  it('are laid over one another in px of the picture', () => {
    expect(maskedShare(person, mask, { widthPx, heightPx })).toBe(1);
    expect(maskedShare({ ...person, y: 32, h: 32 }, mask, { widthPx, heightPx })).toBe(0.5);
    // a picture of half the size
    expect(maskedShare({ x: 16, y: 8, w: 8, h: 16 }, mask, { widthPx: 48, heightPx: 32 })).toBe(1);
    // what is outside of the picture is not asked for
    expect(maskedShare({ x: 200, y: 8, w: 8, h: 16 }, mask, { widthPx, heightPx })).toBe(1);
    expect(spareShare([person], mask, { widthPx, heightPx })).toBeLessThan(0.06);
    expect(spareShare([], mask, { widthPx, heightPx })).toBeCloseTo(3 / 24);
  });

  it('are sorted by height', () => {
    expect([24, 31.9, 32, 48, 95, 96, 300].map(sizeBucket)).toEqual(['24-32', '24-32', '32-48', '48-96', '48-96', '96+', '96+']);
    expect(overlap(person, person)).toBe(1);
    expect(overlap(person, { ...person, x: 64 })).toBe(0);
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
  });
});

describe('verdicts', () => {
  const box: BoxVerdict = { video: 'a', light: 'as-is', sample: 1, class: 'PERSON', ...person, masked: 1, shown: 0, resembles: false };
  const finding: FindingVerdict = { what: 'person', score: 0.9, ...person, video: 'a', light: 'as-is', sample: 1, kind: 'stored', signs: 0, inFrame: 'now' };

  it('add up by class, size, light and video', () => {
    const lines = recallTable([box, { ...box, masked: 0.94 }, { ...box, class: 'VEHICLE', h: 100, shown: 0.2 }]);
    expect(missed({ ...box, masked: 0.94 })).toBe(true);
    expect(lines[0]).toMatchObject({ of: 'all', boxes: 3, masked: 2, shown: 1 });
    expect(lines.find((l) => l.of === 'class person')).toMatchObject({ boxes: 2, masked: 1, recall: 0.5 });
    expect(lines.find((l) => l.of === 'size 96+ px')).toMatchObject({ boxes: 1, shown: 1 });
  });

  it('count a finding unless it is our sign, or no frame has it there', () => {
    expect(counts(finding)).toBe(true);
    expect(counts({ ...finding, signs: 0.5 })).toBe(false);
    expect(counts({ ...finding, kind: 'plain', signs: 0.5 })).toBe(true);
    expect(counts({ ...finding, inFrame: 'never' })).toBe(false);
    expect(placeOf(finding, [finding], [])).toBe('now');
    expect(placeOf(finding, [], [{ ...finding, x: 34 }])).toBe('another');
    // both face detectors are asked as one
    expect(placeOf({ ...finding, what: 'face-rfb' }, [{ ...finding, what: 'face-yunet' }], [])).toBe('now');
    expect(placeOf(finding, [{ ...finding, what: 'vehicle' }], [])).toBe('never');
  });
});

describe('growth', () => {
  const noise = (i: number): number => (((i * 7919) % 101) - 50) / 10;
  const line = (perHour: number): { hours: number; value: number }[] => Array.from({ length: 600 }, (_, i) => ({ hours: i / 300, value: 500 + (perHour * i) / 300 + noise(i) }));

  it('is seen in noise, and not seen where there is none', () => {
    const grown = fitSlope(line(12));
    expect(grown?.grows).toBe(true);
    expect(grown?.perHour).toBeCloseTo(12, 0);
    expect(fitSlope(line(0))?.grows).toBe(false);
    expect(fitSlope(line(-12))?.grows).toBe(false);
    expect(fitSlope(line(5).slice(0, 3))).toBeNull();
  });

  it('of a heap goes by what is left after each sweep', () => {
    const saw = Array.from({ length: 600 }, (_, i) => ({ hours: i / 300, value: 100 + (i % 10) * 8 + (i > 300 ? (i % 10) * 8 : 0) }));
    expect(fitSlope(saw, 24, 'least')?.grows).toBe(false);
  });
});
