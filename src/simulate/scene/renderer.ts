/**
 * Draws the pictures of a scene: what stands still is drawn once, trees are bent by the wind, actors are drawn afresh,
 * and a little noise of the sensor lies over everything. The same options give the same bytes.
 */
import { createYuv, planesOf, type Yuv } from '../content/yuv.js';
import { createRandom, type Random } from '../random.js';
import { createCanvas } from './canvas.js';
import { paintCar } from './car.js';
import { placeOn, type Place } from './path.js';
import { loopSeconds, sceneFps, type Actor, type Scene, type SceneOptions } from './scene.js';
import { bend, drawRgba, layOver, toSprite, type Sprite } from './sprite.js';
import type { Px } from './view.js';
import { boardHeightPx, boardWidthPx, paintWatermark } from './watermark.js';
import { paintWalker } from './walker.js';

export interface SceneRenderer {
  /** @param index number of the picture in the loop; goes round */
  picture(index: number): Promise<Yuv>;
}

interface Standing {
  readonly depthM: number;
  readonly sprite: Sprite;
  readonly bent: Sprite | undefined;
  /** whole swings in the loop, so that its seam is not seen */
  readonly swings: number;
  readonly phase: number;
}

/** How far a tree's top moves, px. */
const swayPx = 0.8;
const noiseSigma = 1.2;

export async function createSceneRenderer(scene: Scene, options: SceneOptions): Promise<SceneRenderer> {
  const { view } = scene;
  const random = createRandom(options.seed);
  const ground = createCanvas(view);
  scene.paint(ground, random);
  const backdrop = createYuv(view.widthPx, view.heightPx);
  layOver(backdrop, toSprite(await drawRgba(ground.svg()), 0, 0, view.widthPx, view.heightPx));
  const standing: Standing[] = [];
  for (const layer of scene.layers) {
    const canvas = createCanvas(view);
    layer.paint(canvas, random);
    const sprite = crop(await drawRgba(canvas.svg()), view.widthPx, view.heightPx);
    standing.push({ depthM: layer.depthM, sprite, bent: layer.sway ? copyOf(sprite) : undefined, swings: random.integer(14, 24), phase: random.between(0, 6) });
  }
  const noise = noiseTable(random);
  const noiseSeed = random.integer(0, 2 ** 30);

  return {
    async picture(index) {
      const pictures = loopSeconds * sceneFps;
      const at = ((index % pictures) + pictures) % pictures;
      const second = at / sceneFps;
      const parts: { depthM: number; sprite: Sprite }[] = [];
      for (const item of standing) {
        if (item.bent) bend(item.sprite, swayPx * Math.sin((second / loopSeconds) * Math.PI * 2 * item.swings + item.phase), item.bent);
        parts.push({ depthM: item.depthM, sprite: item.bent ?? item.sprite });
      }
      for (const actor of scene.actors) {
        const place = placeOn(actor.path, second);
        const sprite = place && (await drawActor(scene, actor, place, options.watermark ?? false));
        if (place && sprite) parts.push({ depthM: place.at[1], sprite });
      }
      parts.sort((a, b) => b.depthM - a.depthM);
      const picture: Yuv = { ...backdrop, data: backdrop.data.slice() };
      for (const part of parts) layOver(picture, part.sprite);
      addNoise(picture, noise, createRandom(noiseSeed + at));
      return picture;
    },
  };
}

/** An actor as a sprite around where it is; undefined when that is out of view. */
async function drawActor(scene: Scene, actor: Actor, place: Place, watermark: boolean): Promise<Sprite | undefined> {
  const { view } = scene;
  const [x, z] = place.at;
  const scale = view.pxPerM(z);
  const foot: Px = view.project([x, 0, z]);
  const reach = actor.kind === 'walker' ? { side: 0.75, up: 1.95, down: 0.2 } : { side: 2.9, up: 1.7, down: 0.75 };
  const side = Math.max(reach.side * scale, boardWidthPx / 2 + 2);
  const tall = Math.max((reach.up + reach.down) * scale, boardHeightPx + 4);
  const left = even(foot[0] - side);
  const top = even(foot[1] - reach.up * scale);
  const [width, height] = [even(2 * side) + 2, even(tall) + 2];
  if (left >= view.widthPx || left + width <= 0 || top >= view.heightPx || top + height <= 0) return undefined;
  const canvas = createCanvas(view);
  if (actor.kind === 'walker') paintWalker(canvas, place, actor.outfit);
  else paintCar(canvas, place, actor.colour);
  const rgba = await drawRgba(canvas.svg(left, top, width, height));
  if (watermark) paintWatermark(rgba, width, height);
  return toSprite(rgba, left, top, width, height);
}

const even = (n: number): number => Math.floor(n / 2) * 2;

/** The part that is not transparent, with a margin for the wind. */
function crop(rgba: Uint8Array, width: number, height: number): Sprite {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((rgba[(y * width + x) * 4 + 3] ?? 0) === 0) continue;
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
    }
  }
  if (x1 <= x0) return toSprite(new Uint8Array(16), 0, 0, 2, 2);
  const [left, top] = [Math.max(0, even(x0 - 3)), even(y0)];
  const [w, h] = [even(Math.min(width, x1 + 4) - left), Math.min(height, even(y1 + 1)) - top];
  const part = new Uint8Array(w * h * 4);
  for (let y = 0; y < h; y++) part.set(rgba.subarray(((y + top) * width + left) * 4, ((y + top) * width + left + w) * 4), y * w * 4);
  return toSprite(part, left, top, w, h);
}

function copyOf(sprite: Sprite): Sprite {
  return { ...sprite, luma: sprite.luma.slice(), alpha: sprite.alpha.slice() };
}

/** Whole luma steps with a normal distribution (sum of twelve). */
function noiseTable(random: Random): Int8Array {
  const table = new Int8Array(1 << 17);
  for (let i = 0; i < table.length; i++) {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += random.next();
    table[i] = Math.round(sum * noiseSigma);
  }
  return table;
}

function addNoise(picture: Yuv, table: Int8Array, random: Random): void {
  const [{ data, widthPx, heightPx }] = planesOf(picture);
  const mask = table.length - 1;
  for (let row = 0; row < heightPx; row++) {
    let n = random.integer(0, mask);
    const end = (row + 1) * widthPx;
    for (let i = row * widthPx; i < end; i++) {
      const value = (data[i] as number) + (table[n & mask] as number);
      data[i] = value < 16 ? 16 : value > 235 ? 235 : value;
      n++;
    }
  }
}
