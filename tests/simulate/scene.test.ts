import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { containsPoint } from '../../src/core/polygon.js';
import type { Gop } from '../../src/simulate/content/clip.js';
import { drawLoops } from '../../src/simulate/content/draw-loops.js';
import { decodeGop } from '../../src/simulate/content/decoder.js';
import { planesOf, type Yuv } from '../../src/simulate/content/yuv.js';
import { placeOn } from '../../src/simulate/scene/path.js';
import { createScene, sceneCount } from '../../src/simulate/scene/places/index.js';
import { createSceneRenderer, type SceneRenderer } from '../../src/simulate/scene/renderer.js';
import { loopSeconds, sceneFps } from '../../src/simulate/scene/scene.js';
import { detectWatermark, watermarkThreshold } from '../../src/simulate/scene/watermark.js';

const all = Array.from({ length: sceneCount }, (_, i) => i);
const renderer = (scene: number, options: { seed?: number; watermark?: boolean } = {}): Promise<SceneRenderer> => {
  const seed = options.seed ?? 1;
  return createSceneRenderer(createScene(scene, seed), { ...options, seed });
};
const at = (second: number): number => Math.round(second * sceneFps);

function toRgb(picture: Yuv): Uint8Array {
  const { widthPx: w, heightPx: h } = picture;
  const [y, u, v] = planesOf(picture);
  const rgb = new Uint8Array(w * h * 3);
  const clamp = (n: number): number => Math.max(0, Math.min(255, n));
  for (let i = 0; i < w * h; i++) {
    const c = (Math.floor(i / w) >> 1) * (w / 2) + ((i % w) >> 1);
    const [l, b, r] = [1.164 * ((y.data[i] ?? 0) - 16), (u.data[c] ?? 0) - 128, (v.data[c] ?? 0) - 128];
    rgb.set([clamp(l + 1.596 * r), clamp(l - 0.392 * b - 0.813 * r), clamp(l + 2.017 * b)], i * 3);
  }
  return rgb;
}

/** Mean luma difference in blocks of 16 px, the largest: what a change gate sees. */
function largestBlockDifference(a: Yuv, b: Yuv): number {
  let most = 0;
  for (let by = 0; by + 16 <= a.heightPx; by += 16) {
    for (let bx = 0; bx < a.widthPx; bx += 16) {
      let sum = 0;
      for (let i = 0; i < 256; i++) {
        const p = (by + (i >> 4)) * a.widthPx + bx + (i & 15);
        sum += Math.abs((a.data[p] ?? 0) - (b.data[p] ?? 0));
      }
      most = Math.max(most, sum / 256);
    }
  }
  return most;
}

describe('the drawn scenes', () => {
  it('are the same byte for byte with the same seed, and others with another', async () => {
    const [a, b, c] = await Promise.all([renderer(0), renderer(0), renderer(0, { seed: 2 })]);
    for (const index of [3, at(28), at(39)]) {
      const [pa, pb, pc] = [await a.picture(index), await b.picture(index), await c.picture(index)];
      expect(Buffer.compare(pa.data, pb.data)).toBe(0);
      expect(Buffer.compare(pa.data, pc.data)).not.toBe(0);
    }
  });

  it.each(all)('scene %i is empty until 20 s and at its end, with no more than noise and wind between pictures', async (scene) => {
    const r = await renderer(scene);
    const first = await r.picture(0);
    for (const second of [0.2, 4, 9, 14, 19.8, 57, 59.8]) expect(largestBlockDifference(first, await r.picture(at(second))), `at ${second} s`).toBeLessThan(9);
    // The seam: the picture after the last one is the first again.
    expect(Buffer.compare((await r.picture(loopSeconds * sceneFps)).data, first.data)).toBe(0);
  });

  it.each(all)('scene %i: one walker, alone in view, crosses the guard polygon for 4 to 9 s; nobody else touches it', (index) => {
    const scene = createScene(index, 1);
    const px = (x: number, z: number): readonly [number, number] => scene.view.project([x, 0, z]);
    const polygon = scene.guardGround.map(([x, z]) => px(x, z));
    expect(polygon.every(([x, y]) => x >= 0 && x <= 640 && y >= 0 && y <= 360)).toBe(true);
    const inside = scene.actors.map((actor) => {
      const seconds: number[] = [];
      for (let i = 0; i < loopSeconds * sceneFps; i++) {
        const place = placeOn(actor.path, i / sceneFps);
        if (!place) continue;
        const [x, y] = px(...place.at);
        const scale = scene.view.pxPerM(place.at[1]);
        const [wide, tall] = actor.kind === 'walker' ? [0.45, 1.8] : [2.2, 1.5];
        // Feet for the walker who crosses; the whole outline for the others, which must not even cover a part of it.
        const touches = [0, 0.25, 0.5, 0.75, 1].some((up) => [-1, 0, 1].some((side) => containsPoint(polygon, x + side * wide * scale, y - up * tall * scale)));
        if (actor === scene.actors[0] ? containsPoint(polygon, x, y) : touches) seconds.push(i / sceneFps);
      }
      return seconds;
    });
    const [walker = [], ...others] = inside;
    expect(walker.length / sceneFps).toBeGreaterThan(4);
    expect(walker.length / sceneFps).toBeLessThan(9);
    expect(walker[0]).toBeGreaterThan(23);
    expect((walker.at(-1) ?? 0) - (walker[0] ?? 0)).toBeCloseTo((walker.length - 1) / sceneFps, 5);
    expect(others.flat()).toEqual([]);
    const kinds = scene.actors.map((a) => a.kind);
    expect(kinds).toEqual(['walker', 'car', 'walker', 'walker']);
    const next = scene.actors[1]?.path.startSecond ?? 0;
    for (let s = next; s < loopSeconds; s += 0.2) expect(placeOn(scene.actors[0]?.path ?? { points: [], startSecond: 0, speedMPerS: 1 }, s)).toBeUndefined();
    for (const actor of scene.actors) expect(placeOn(actor.path, 57)).toBeUndefined();
  });

  it.each(all)('scene %i: the walker in the polygon is far above a change gate', async (scene) => {
    const r = await renderer(scene);
    expect(largestBlockDifference(await r.picture(0), await r.picture(at(29)))).toBeGreaterThan(20);
  });

  it('encode to the same groups on every run, a key frame a second', async () => {
    const run = async (): Promise<Gop[]> => {
      const stop = new AbortController();
      const gops: Gop[] = [];
      await drawLoops({ seed: 1, scenes: [2] }, (_s, _i, gop) => {
        gops.push(gop);
        if (gops.length === 3) stop.abort();
      }, () => Promise.resolve(), stop.signal);
      return gops.slice(0, 3);
    };
    const [a, b] = [await run(), await run()];
    expect(a.map((gop) => gop.map((u) => u.key))).toEqual([0, 1, 2].map(() => [true, false, false, false, false]));
    const bytes = (gops: Gop[]): string => gops.flat().flatMap((u) => u.nals.map((n) => Buffer.from(n).toString('base64'))).join();
    expect(bytes(a)).toBe(bytes(b));
    expect(await decodeGop(a[1] ?? [], { widthPx: 640, heightPx: 360 })).toHaveLength(5);
  });
});

describe('the watermark', () => {
  it('is found on every walker and car, and nowhere without it', async () => {
    const scores: { with: number[]; without: number[] } = { with: [], without: [] };
    for (const scene of all) {
      const [marked, plain] = [await renderer(scene, { watermark: true }), await renderer(scene)];
      for (const second of [10, 28, 29.4]) {
        const empty = second === 10;
        scores[empty ? 'without' : 'with'].push(detectWatermark(toRgb(await marked.picture(at(second))), 640, 360).score);
        scores.without.push(detectWatermark(toRgb(await plain.picture(at(second))), 640, 360).score);
      }
    }
    expect(Math.min(...scores.with)).toBeGreaterThan(watermarkThreshold + 0.15);
    expect(Math.max(...scores.without)).toBeLessThan(watermarkThreshold - 0.1);
  });

  it('survives the stream, JPEG, a smaller size, and cutting out', async () => {
    const marked = await renderer(0, { watermark: true });
    const rgb = toRgb(await marked.picture(at(29)));
    const raw = { width: 640, height: 360, channels: 3 as const };
    const jpeg = await sharp(await sharp(rgb, { raw }).jpeg({ quality: 60 }).toBuffer()).raw().toBuffer();
    const found = detectWatermark(jpeg, 640, 360);
    expect(found.score).toBeGreaterThan(watermarkThreshold);
    const small = await sharp(rgb, { raw }).resize(400, 225).raw().toBuffer();
    expect(detectWatermark(small, 400, 225).score).toBeGreaterThan(watermarkThreshold);
    const [left, top] = [Math.max(0, found.xPx - 7), Math.max(0, found.yPx - 5)];
    const cut = await sharp(rgb, { raw }).extract({ left, top, width: 80, height: 90 }).raw().toBuffer();
    expect(detectWatermark(cut, 80, 90, 80).score).toBeGreaterThan(watermarkThreshold);
    const patch = { create: { width: 40, height: 80, channels: 3 as const, background: '#808080' } };
    const covered = await sharp(rgb, { raw }).composite([{ input: patch, left: found.xPx - 18, top: found.yPx - 4 }]).png().toBuffer();
    const half = await sharp(covered).removeAlpha().raw().toBuffer();
    expect(detectWatermark(half, 640, 360).score).toBeGreaterThan(watermarkThreshold);
  });
});
