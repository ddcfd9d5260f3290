/** Draws and encodes the loops of several scenes, turn by turn, so that all of them can begin to play at once. */
import { ticksPerSecond, type Gop } from './clip.js';
import { createGopEncoder, type GopEncoder } from './encoder.js';
import { createScene } from '../scene/places/index.js';
import { createSceneRenderer, type SceneRenderer } from '../scene/renderer.js';
import { gopPictures, loopSeconds, sceneFps, type SceneOptions } from '../scene/scene.js';
import type { Yuv } from './yuv.js';

export const loopGops = (loopSeconds * sceneFps) / gopPictures;

export interface DrawOptions extends SceneOptions {
  /** numbers of the scenes to draw */
  readonly scenes: readonly number[];
}

/**
 * @param emit takes a group of one scene, in order
 * @param rest lets others run between two pictures
 * @throws what the library throws; nothing is emitted after that
 */
export async function drawLoops(options: DrawOptions, emit: (scene: number, gopIndex: number, gop: Gop) => void, rest: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const lines: { scene: number; renderer: SceneRenderer; encoder: GopEncoder; encoding: Promise<void> }[] = [];
  try {
    for (let gopIndex = 0; gopIndex < loopGops && !signal.aborted; gopIndex++) {
      for (const [turn, scene] of options.scenes.entries()) {
        if (signal.aborted) break;
        const line = (lines[turn] ??= await open(scene, options));
        const pictures: Yuv[] = [];
        for (let i = 0; i < gopPictures; i++) {
          pictures.push(await line.renderer.picture(gopIndex * gopPictures + i));
          await rest();
        }
        // The group before is encoded while this one is drawn; here both meet.
        await line.encoding;
        line.encoding = line.encoder.encode(pictures, ticksPerSecond / sceneFps).then((gop) => emit(scene, gopIndex, gop));
        line.encoding.catch(() => undefined);
      }
    }
    for (const line of lines) await line.encoding;
  } finally {
    for (const line of lines) {
      await line.encoding.catch(() => undefined);
      line.encoder.close();
    }
  }
}

async function open(scene: number, options: SceneOptions): Promise<{ scene: number; renderer: SceneRenderer; encoder: GopEncoder; encoding: Promise<void> }> {
  const made = createScene(scene, options.seed);
  return {
    scene,
    renderer: await createSceneRenderer(made, options),
    encoder: await createGopEncoder({ widthPx: made.view.widthPx, heightPx: made.view.heightPx, fps: sceneFps }),
    encoding: Promise.resolve(),
  };
}
