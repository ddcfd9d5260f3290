/**
 * Plays situations over the pictures of a loop: who stays is laid over them, then light and weather. The same seed, situations and second
 * give the same bytes. It says what it laid where, so that a test knows the truth to the pixel.
 */
import type { Yuv } from '../content/yuv.js';
import { createRandom } from '../random.js';
import { createCanvas, type Canvas } from './canvas.js';
import { paintTree } from './landscape.js';
import type { Standing } from './situation.js';
import { bend, drawRgba, layOver, toSprite, type Sprite } from './sprite.js';
import { benchAt, paintBench, paintStayer, stayersOf, type Stayer } from './stayer.js';
import type { Ground, View } from './view.js';
import { paintWatermark } from './watermark.js';
import { applyWeather } from './weather.js';

/** Something that was laid over the picture and must never be seen. */
export interface StageObject {
  readonly class: 'person' | 'vehicle';
  /** the same object has the same key while it does not move */
  readonly key: string;
  readonly sprite: Sprite;
}

export interface Stage {
  /**
   * Changes `picture` in place.
   * @param second of the scene's own time
   * @param bare leave out who and what must never be seen
   */
  play(picture: Yuv, standing: readonly Standing[], second: number, bare?: boolean): Promise<StageObject[]>;
}

const maxSprites = 256;
const treeAt: Ground = [-5.4, 9];
const treeHeightM = 5.2;

/** @param options.watermark who stays carries the pattern of `watermark.ts` instead of clothes */
export function createStage(options: { view: View; seed: number; watermark: boolean }): Stage {
  const { view, seed, watermark } = options;
  const sprites = new Map<string, Sprite>();

  const drawn = async (key: string, [x0, y0, x1, y1]: readonly [number, number, number, number], marked: boolean, paint: (canvas: Canvas) => void): Promise<Sprite> => {
    const known = sprites.get(key);
    if (known) return known;
    const [left, top] = [even(x0), even(y0)];
    const [width, height] = [even(x1) + 2 - left, even(y1) + 2 - top];
    const canvas = createCanvas(view);
    paint(canvas);
    const rgba = await drawRgba(canvas.svg(left, top, width, height));
    if (marked) paintWatermark(rgba, width, height, false);
    const sprite = toSprite(rgba, left, top, width, height);
    if (sprites.size >= maxSprites) sprites.clear();
    sprites.set(key, sprite);
    return sprite;
  };

  const objectOf = async (stayer: Stayer): Promise<StageObject> => {
    const [x, z] = stayer.place.at;
    const [foot, scale] = [view.project([x, 0, z]), view.pxPerM(z)];
    const reach = stayer.kind === 'car' ? { side: 2.9, up: 1.8, down: 0.8 } : { side: stayer.kind === 'sleeper' ? 1.2 : 0.75, up: 1.95, down: 0.2 };
    const sprite = await drawn(stayer.key, [foot[0] - reach.side * scale, foot[1] - reach.up * scale, foot[0] + reach.side * scale, foot[1] + reach.down * scale], watermark, (canvas) => paintStayer(canvas, stayer));
    return { class: stayer.kind === 'car' ? 'vehicle' : 'person', key: stayer.key, sprite };
  };

  const tree = async (reachPx: number, second: number): Promise<Sprite> => {
    const sprite = await drawn('tree', [0, 0, view.widthPx / 2 - 2, view.heightPx - 2], false, (canvas) => paintTree(canvas, createRandom(seed * 13 + 1), treeAt, treeHeightM, '#587a41'));
    const minute = (Math.PI * 2) / 60;
    const gust = 0.6 * Math.sin(minute * 11 * second + seed) + 0.4 * Math.sin(minute * 17 * second + 2 * seed);
    const bent = { ...sprite, luma: sprite.luma.slice(), alpha: sprite.alpha.slice() };
    bend(sprite, reachPx * gust, bent);
    return bent;
  };

  return {
    async play(picture, standing, second, bare = false) {
      const situations = standing.map((s) => s.situation);
      for (const situation of situations) if (situation.fault === 'sway') layOver(picture, await tree(situation.reachPx, second));
      if (situations.some((s) => s.fault === 'bench' || s.fault === 'sleep')) {
        const [x, y] = view.project([benchAt[0], 0, benchAt[1]]);
        const scale = view.pxPerM(benchAt[1]);
        layOver(picture, await drawn('bench', [x - 1.2 * scale, y - 1.2 * scale, x + 1.2 * scale, y + 0.2 * scale], false, (canvas) => paintBench(canvas, benchAt)));
      }
      const stayers = standing.flatMap((s) => stayersOf(s, view, seed, second)).sort((a, b) => b.place.at[1] - a.place.at[1]);
      const objects: StageObject[] = [];
      for (const stayer of stayers) {
        const object = await objectOf(stayer);
        objects.push(object);
        if (!bare) layOver(picture, object.sprite);
      }
      for (const situation of situations) applyWeather(picture, situation, seed, second, view.horizonPx);
      return objects;
    },
  };
}

const even = (n: number): number => Math.floor(n / 2) * 2;
