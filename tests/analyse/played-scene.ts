/**
 * A drawn place of the simulator played in process: frames of 320x180 at any second of the scene's own time, with the truth to
 * the pixel of who must not be seen; a detector that knows the truth and misses as it is told; and what searches pictures.
 */
import { guardPx } from '../../src/analyse/mask/compose.js';
import type { Detection } from '../../src/contract/detection.js';
import type { DetectOutcome, Detector } from '../../src/contract/detector.js';
import { planesOf, type Yuv } from '../../src/simulate/content/yuv.js';
import { createScene } from '../../src/simulate/scene/places/index.js';
import { createSceneRenderer } from '../../src/simulate/scene/renderer.js';
import { standingAt, type Cue } from '../../src/simulate/scene/situation.js';
import { createStage, type StageObject } from '../../src/simulate/scene/stage.js';
import { random } from './drawn-scene.js';

export const widthPx = 320;
export const heightPx = 180;

/** Somebody or something in a frame. */
export interface TrueObject {
  readonly class: 'person' | 'vehicle';
  /** name of who it is: the part of the stage's key before the last slash */
  readonly key: string;
  /** box of the pixels, px of the frame */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** 1 where the object is seen, `w * h` */
  readonly pixels: Uint8Array;
  /** its own luma there */
  readonly luma: Float32Array;
}

export interface PlayedFrame {
  readonly second: number;
  readonly rgb: Uint8Array;
  readonly objects: readonly TrueObject[];
}

export interface PlayedScene {
  /** the place in plain light with nobody in it */
  readonly empty: Uint8Array;
  at(second: number): Promise<PlayedFrame>;
}

/** @param watermark who stays carries the pattern: nothing else in the scene looks like it */
export async function playScene(options: { place?: number; seed?: number; script: readonly Cue[]; watermark?: boolean }): Promise<PlayedScene> {
  const { place = 0, seed = 1, script, watermark = true } = options;
  const scene = createScene(place, seed);
  const renderer = await createSceneRenderer({ ...scene, actors: [] }, { seed });
  const stage = createStage({ view: scene.view, seed, watermark });
  const cache = new Map<string, TrueObject | null>();
  return {
    empty: toSmallRgb(await renderer.picture(0)),
    async at(second) {
      const picture = await renderer.picture(Math.round(second * 5));
      const laid = await stage.play(picture, standingAt(script, second), second);
      const objects = laid.map((object) => {
        if (!cache.has(object.key)) cache.set(object.key, truthOf(object));
        return cache.get(object.key) ?? null;
      });
      return { second, rgb: toSmallRgb(picture), objects: objects.filter((o) => o !== null) };
    },
  };
}

/** Half size: four luma pixels to one, chroma as it is. */
export function toSmallRgb(picture: Yuv): Uint8Array {
  const [y, u, v] = planesOf(picture);
  const [w, h] = [picture.widthPx / 2, picture.heightPx / 2];
  const rgb = new Uint8Array(w * h * 3);
  for (let row = 0, i = 0; row < h; row++) {
    for (let column = 0; column < w; column++, i++) {
      const at = row * 2 * y.widthPx + column * 2;
      const l = 1.164 * (((y.data[at] as number) + (y.data[at + 1] as number) + (y.data[at + y.widthPx] as number) + (y.data[at + y.widthPx + 1] as number)) / 4 - 16);
      const [b, r] = [(u.data[i] as number) - 128, (v.data[i] as number) - 128];
      rgb[i * 3] = clamp(l + 1.596 * r);
      rgb[i * 3 + 1] = clamp(l - 0.392 * b - 0.813 * r);
      rgb[i * 3 + 2] = clamp(l + 2.017 * b);
    }
  }
  return rgb;
}

const clamp = (n: number): number => (n < 0 ? 0 : n > 255 ? 255 : Math.round(n));

function truthOf({ class: cls, key, sprite }: StageObject): TrueObject | null {
  const [left, top] = [sprite.leftPx / 2, sprite.topPx / 2];
  const [sw, sh] = [sprite.widthPx / 2, sprite.heightPx / 2];
  const solid = (x: number, y: number): boolean => {
    if (left + x < 0 || left + x >= widthPx || top + y < 0 || top + y >= heightPx) return false;
    let most = 0;
    for (let k = 0; k < 4; k++) most += sprite.alpha[(y * 2 + (k >> 1)) * sprite.widthPx + x * 2 + (k & 1)] as number;
    // A shadow is no part of anybody.
    return most / 4 > 140;
  };
  let [x0, y0, x1, y1] = [sw, sh, 0, 0];
  for (let y = 0; y < sh; y++) for (let x = 0; x < sw; x++) if (solid(x, y)) [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
  if (x1 <= x0) return null;
  const [w, h] = [x1 - x0, y1 - y0];
  const pixels = new Uint8Array(w * h);
  const luma = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      if (!solid(x + x0, y + y0)) continue;
      pixels[y * w + x] = 1;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += sprite.luma[((y + y0) * 2 + (k >> 1)) * sprite.widthPx + (x + x0) * 2 + (k & 1)] as number;
      luma[y * w + x] = sum / 4;
    }
  }
  return { class: cls, key: key.slice(0, key.lastIndexOf('/')) || key, x: left + x0, y: top + y0, w, h, pixels, luma };
}

/** Pixels of objects that lie in blocks which show the frame. */
export function exposedPixels(objects: readonly TrueObject[], blocks: Uint8Array, blockPx: number): number {
  const columns = Math.ceil(widthPx / blockPx);
  const masked = (x: number, y: number): boolean => blocks[Math.floor(y / blockPx) * columns + Math.floor(x / blockPx)] !== 0;
  const clamp = (value: number, max: number): number => Math.max(0, Math.min(max - 1, value));
  let n = 0;
  for (const o of objects) {
    for (let i = 0; i < o.pixels.length; i++) {
      if (o.pixels[i] === 0) continue;
      const x = o.x + (i % o.w);
      const y = o.y + Math.floor(i / o.w);
      // The band around the mask is painted as well.
      const [left, right, top, bottom] = [clamp(x - guardPx, widthPx), clamp(x + guardPx, widthPx), clamp(y - guardPx, heightPx), clamp(y + guardPx, heightPx)];
      if (![[x, y], [left, y], [right, y], [x, top], [x, bottom], [left, top], [right, top], [left, bottom], [right, bottom]].some(([a, b]) => masked(a as number, b as number))) n++;
    }
  }
  return n;
}

/**
 * In how many blocks an image looks as the object does there, whatever its light: correlation of luma within the object's pixels.
 * @param empty the place without anybody: what looks like the object there already does not count
 */
export function blocksThatShow(rgb: Uint8Array, objects: readonly TrueObject[], empty: Uint8Array, blockPx = 16): number {
  let found = 0;
  for (const o of objects) {
    for (let by = Math.floor(o.y / blockPx); by <= Math.floor((o.y + o.h - 1) / blockPx); by++) {
      for (let bx = Math.floor(o.x / blockPx); bx <= Math.floor((o.x + o.w - 1) / blockPx); bx++) {
        if (correlation(rgb, o, bx * blockPx, by * blockPx, blockPx) > 0.6 && correlation(empty, o, bx * blockPx, by * blockPx, blockPx) < 0.4) found++;
      }
    }
  }
  return found;
}

function correlation(rgb: Uint8Array, o: TrueObject, left: number, top: number, blockPx: number): number {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let y = Math.max(top, o.y); y < Math.min(top + blockPx, o.y + o.h); y++) {
    for (let x = Math.max(left, o.x); x < Math.min(left + blockPx, o.x + o.w); x++) {
      const at = (y - o.y) * o.w + x - o.x;
      if (o.pixels[at] === 0) continue;
      const a = o.luma[at] as number;
      const i = (y * widthPx + x) * 3;
      const b = 0.299 * (rgb[i] as number) + 0.587 * (rgb[i + 1] as number) + 0.114 * (rgb[i + 2] as number);
      n++;
      sa += a;
      sb += b;
      saa += a * a;
      sbb += b * b;
      sab += a * b;
    }
  }
  if (n < 60) return 0;
  const va = saa - (sa * sa) / n;
  const vb = sbb - (sb * sb) / n;
  // Next to no contrast is no likeness.
  if (va < n * 100 || vb < n * 16) return 0;
  return (sab - (sa * sb) / n) / Math.sqrt(va * vb);
}

/** What the scripted detector makes of an object that is in the picture it is given; null: it misses it. */
export type Sees = (object: TrueObject, second: number, next: () => number) => number | null;

export interface SceneDetector extends Detector {
  /** what is true now; the bench sets it before each frame */
  now: PlayedFrame | null;
  calls: number;
}

/**
 * A detector that knows the truth: it reports an object only where the picture that it is given really shows it (a backdrop, too),
 * as `sees` says, with boxes that are off by `jitter` of their size. At `falseBoxes` fixed places it now and then finds nobody.
 */
export function sceneDetector(sees: Sees, options: { seed?: number; jitter?: number; falseBoxes?: number } = {}): SceneDetector {
  const { seed = 1, jitter = 0.06, falseBoxes = 0 } = options;
  const next = random(seed * 31 + 11);
  const falsePlaces = Array.from({ length: falseBoxes }, () => ({ xPx: next() * (widthPx - 20), yPx: next() * 60, widthPx: 12, heightPx: 28 }));
  let whole: Uint8Array | null = null;
  /** everybody who was ever there: the backdrop may hold somebody who has left */
  const ever = new Map<string, TrueObject>();
  return {
    info: { name: 'scene', modelHash: 'e'.repeat(64) },
    now: null,
    calls: 0,
    detect(frame, minScore): Promise<DetectOutcome> {
      this.calls++;
      const { now } = this;
      if (!now) return Promise.resolve({ status: 'failed', detail: 'nothing is played' });
      for (const o of now.objects) ever.set(`${o.key}@${o.x},${o.y}`, o);
      const full = frame.widthPx === widthPx;
      if (full) whole = frame.rgb;
      const corner = full ? ([0, 0] as const) : cornerOf(frame, whole);
      const detections: Detection[] = [];
      for (const o of ever.values()) {
        const image = full ? frame.rgb : whole;
        if (!image || !corner) continue;
        const inside = o.x >= corner[0] - 2 && o.y >= corner[1] - 2 && o.x + o.w <= corner[0] + frame.widthPx + 2 && o.y + o.h <= corner[1] + frame.heightPx + 2;
        if (!inside || correlation(image, o, o.x, o.y, Math.max(o.w, o.h)) < 0.5) continue;
        const score = sees(o, now.second, next);
        if (score === null || score < minScore) continue;
        const off = (size: number): number => (next() - 0.5) * 2 * jitter * size;
        detections.push({ class: o.class, score, xPx: o.x - corner[0] + off(o.w), yPx: o.y - corner[1] + off(o.h), widthPx: o.w * (1 + (next() - 0.5) * jitter), heightPx: o.h * (1 + (next() - 0.5) * jitter) });
      }
      if (corner) {
        for (const place of falsePlaces) {
          const score = 0.12 + 0.3 * next() ** 2;
          if (next() < 0.2 && score >= minScore) detections.push({ class: 'person', score, ...place, xPx: place.xPx - corner[0], yPx: place.yPx - corner[1] });
        }
      }
      return Promise.resolve({ status: 'ok', detections, inferenceMs: 1 });
    },
    close: () => Promise.resolve(),
  };
}

/** Where a tile was cut from: its first rows stand in the whole picture. */
function cornerOf(tile: { rgb: Uint8Array; widthPx: number; heightPx: number }, whole: Uint8Array | null): readonly [number, number] | null {
  if (!whole) return null;
  for (const y of [0, heightPx - tile.heightPx]) {
    for (const x of [0, widthPx - tile.widthPx]) {
      const row = whole.subarray((y * widthPx + x) * 3, (y * widthPx + x + tile.widthPx) * 3);
      if (Buffer.compare(row, tile.rgb.subarray(0, row.length)) === 0) return [x, y];
    }
  }
  return null;
}

/** A detection chance that holds for so long at a time: misses come in stretches of minutes, not as single samples. */
export function rarely(share: number, score: readonly [number, number]): Sees {
  return (_o, _second, next) => (next() < share ? score[0] + (score[1] - score[0]) * next() : null);
}
