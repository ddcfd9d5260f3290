/** What the cameras of a village play: one file for all of them, or the drawn scenes in turn. */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import type { Polygon } from '../../core/polygon.js';
import { createScene, sceneCount } from '../scene/places/index.js';
import { createStage } from '../scene/stage.js';
import { createView } from '../scene/view.js';
import type { SimulateLog } from '../simulate-log.js';
import type { Clip } from './clip.js';
import { startDrawing } from './drawn-clips.js';
import { createVariantStudio, type VariantStudio } from './variants.js';
import { loadVideoFile } from './video-file.js';

/** What one camera plays, and what is known about its view. */
export interface CameraContent {
  readonly clip: Clip;
  readonly studio: VariantStudio;
  /** a scene is drawn: somebody can be put into it */
  readonly drawn: boolean;
  readonly startGop: number;
  readonly name: string;
  readonly guardPolygon: Polygon;
  readonly azimuthDeg: number;
  readonly horizontalFovDeg: number;
  readonly mountHeightM: number;
}

export interface Content {
  of(cameraIndex: number): CameraContent;
  readonly complete: Promise<void>;
  close(): Promise<void>;
}

/** The middle of the picture: of a file we know nothing. */
const filePolygon: Polygon = [[0.2, 0.35], [0.8, 0.35], [0.8, 0.95], [0.2, 0.95]];
/** Groups between the start places of two cameras that play one file. */
const fileStride = 3;

export async function loadContent(options: { video: string | null; cameras: number; seed: number; watermark: boolean; clock: Clock; log: SimulateLog }): Promise<Content> {
  const { seed, log } = options;
  if (options.video !== null) {
    const clip = await loadVideoFile(options.video);
    const stage = createStage({ view: createView({ mountHeightM: 4.5, horizontalFovDeg: 60, horizonPx: 0 }), seed, watermark: options.watermark });
    const studio = createVariantStudio(clip, stage, log);
    const gops = clip.timing.gopStartTicks.length;
    return {
      of: (index) => ({
        clip, studio,
        drawn: false,
        startGop: (index * fileStride) % gops,
        name: `Camera ${index + 1}`,
        guardPolygon: filePolygon,
        azimuthDeg: (index * 77) % 360,
        horizontalFovDeg: 60,
        mountHeightM: 4.5,
      }),
      complete: Promise.resolve(),
      close: () => studio.close(),
    };
  }
  const scenes = Array.from({ length: Math.min(options.cameras, sceneCount) }, (_, i) => i);
  const drawn = startDrawing({ scenes, seed, watermark: options.watermark, clock: options.clock });
  drawn.complete.then(
    () => log.debug({ scenes: scenes.length }, 'the scenes are drawn'),
    (thrown: unknown) => log.debug({ error: messageOf(thrown) }, 'the scenes were not drawn to the end'),
  );
  const lines = drawn.clips.map((clip, i) => {
    const scene = createScene(i, seed);
    return { clip, scene, studio: createVariantStudio(clip, createStage({ view: scene.view, seed: seed + i, watermark: options.watermark }), log) };
  });
  return {
    of(index) {
      const line = lines[index % lines.length];
      if (!line) throw new RangeError('a village without cameras has no content');
      const { scene, clip, studio } = line;
      const { view } = scene;
      const round = Math.floor(index / lines.length);
      return {
        clip, studio,
        drawn: true,
        startGop: 0,
        name: round === 0 ? scene.name : `${scene.name} ${round + 1}`,
        guardPolygon: scene.guardGround.map(([x, z]) => {
          const [px, py] = view.project([x, 0, z]);
          return [clamp(px / view.widthPx), clamp(py / view.heightPx)] as const;
        }),
        azimuthDeg: (scene.azimuthDeg + round * 37) % 360,
        horizontalFovDeg: view.horizontalFovDeg,
        mountHeightM: view.mountHeightM,
      };
    },
    complete: drawn.complete,
    async close() {
      await drawn.close();
      for (const { studio } of lines) await studio.close();
    },
  };
}

const clamp = (n: number): number => Math.min(1, Math.max(0, Math.round(n * 10_000) / 10_000));
