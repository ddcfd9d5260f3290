/** What a drawn scene consists of. The four scenes stand in `places/`. */
import type { Random } from '../random.js';
import type { Canvas } from './canvas.js';
import type { Path } from './path.js';
import type { Ground, View } from './view.js';
import type { Outfit } from './walker.js';

export type Actor =
  | { readonly kind: 'walker'; readonly path: Path; readonly outfit: Outfit }
  | { readonly kind: 'car'; readonly path: Path; readonly colour: string };

/** A part of the scenery that stands before others; `sway` moves its upper end in the wind. */
export interface Layer {
  readonly depthM: number;
  readonly sway: boolean;
  paint(canvas: Canvas, random: Random): void;
}

export interface Scene {
  readonly name: string;
  readonly view: View;
  /** what is guarded, on the ground */
  readonly guardGround: readonly Ground[];
  readonly azimuthDeg: number;
  paint(canvas: Canvas, random: Random): void;
  readonly layers: readonly Layer[];
  readonly actors: readonly Actor[];
}

export interface SceneOptions {
  readonly seed: number;
  /** walkers and cars carry the known pattern of `watermark.ts` */
  readonly watermark?: boolean;
}

/** Length of the loop and pictures a second. */
export const loopSeconds = 60;
export const sceneFps = 5;
export const gopPictures = 5;
