/** Plays one clip through the analyst, a camera of its own on a simulated clock, and hands out every picture with all that is needed to judge it. */
import sharp from 'sharp';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { createGrid } from '../../src/analyse/grid.js';
import type { Mask } from '../../src/analyse/mask/build-mask.js';
import { composePicture } from '../../src/analyse/mask/compose.js';
import { encodeJpeg } from '../../src/analyse/mask/make-picture.js';
import type { Config } from '../../src/config/schema.js';
import type { Detector } from '../../src/contract/detector.js';
import type { CameraView } from '../../src/contract/registry.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { relight, type Light } from './mask-light.js';
import { truthOf, type Clip, type DecodedFrame, type TruthObject } from './mask-media.js';
import type { MaskBlocks, Pixels } from './mask-score.js';

export interface PlayOptions {
  readonly config: Config['analyse'];
  readonly detector: Detector | null;
  readonly light: Light;
  readonly samples: number;
  readonly ratePerSecond: number;
}

export interface PlayedPicture {
  readonly sample: number;
  readonly jpeg: Uint8Array;
  /** the stored bytes, decoded */
  readonly stored: Pixels;
  /** the same without signs, composed and encoded again; null when the picture has another size than the frame */
  readonly plain: Pixels | null;
  /** in the picture's size, not encoded: for the control */
  readonly raw: Pixels;
  /** the frame through the picture's encoder: what a shown part would look like */
  readonly frame: Pixels;
  readonly scene: Pixels;
  /** levels by which `stored` may differ from `frame` where it is shown */
  readonly tolerance: number;
  readonly mask: MaskBlocks;
  /** px of the picture; null: nobody has looked at this frame */
  readonly objects: readonly TruthObject[] | null;
  readonly maskRatio: number;
  readonly heldRatio: number;
}

export interface Played {
  readonly samples: number;
  readonly dropped: number;
  readonly made: number;
  /** seconds until the first picture, or null */
  readonly firstAtS: number | null;
  readonly withheld: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

const view: CameraView = { cameraId: 'bench', siteId: 'bench', requireDetector: false, sampleIntervalMs: 1000, zones: [], viewVersion: 1, configVersion: 1 };

export async function playClip(clip: Clip, frames: readonly DecodedFrame[], options: PlayOptions, onPicture: (picture: PlayedPicture) => Promise<void>): Promise<Played> {
  const { config, light } = options;
  const clock = new SimulatedClock();
  let mask: Mask | null = null;
  let scene: Uint8Array = new Uint8Array(0);
  const analyst = createAnalyst({
    config, detector: options.detector, clock, log: createLogger('error'), metrics: createMetrics(),
    // The scene is learned further within the same sample: what the picture was made of is a copy from before.
    inspect: (m, shown) => ([mask, scene] = [m, Uint8Array.from(shown)]),
  });
  const withheld: Record<string, number> = {};
  const counts: Record<string, number> = {};
  let [made, dropped, firstAtS] = [0, 0, null as number | null];
  for (let i = 0; i < options.samples; i++) {
    const original = frames[i % frames.length] as DecodedFrame;
    const frame = await relight(original, light, i);
    // A picture of every sample: a passing one is made by the same masker.
    const sample = await analyst.analyse({ ...frame, cameraId: clip.name, runId: 'bench', sequence: i, capturedAtMs: null, receivedAtMs: clock.nowMs() }, view, () => false, () => true);
    await clock.advance(1000 / options.ratePerSecond);
    if (sample === 'dropped') {
      dropped++;
      continue;
    }
    for (const [cls, n] of Object.entries(sample.counts)) counts[cls] = (counts[cls] ?? 0) + n;
    if (sample.picture.status === 'withheld') withheld[sample.picture.reason] = (withheld[sample.picture.reason] ?? 0) + 1;
    if (sample.picture.status !== 'made' || mask === null) continue;
    if (made++ === 0) firstAtS = i / options.ratePerSecond;
    const { receipt, jpeg } = sample.picture.picture;
    await onPicture(await lay(clip, i, jpeg, receipt, frame, mask, scene, config));
  }
  analyst.forget(clip.name);
  return { samples: options.samples, dropped, made, firstAtS, withheld, counts };
}

async function lay(
  clip: Clip, sample: number, jpeg: Uint8Array, receipt: { maskRatio: number; heldRatio: number }, frame: DecodedFrame, mask: Mask, scene: Uint8Array, config: Config['analyse'],
): Promise<PlayedPicture> {
  const stored = await decodeJpeg(jpeg);
  const { widthPx, heightPx } = stored;
  const sameSize = widthPx === frame.widthPx && heightPx === frame.heightPx;
  const grid = [createGrid(frame.widthPx, frame.heightPx, config.blockPx), createGrid(widthPx, heightPx, config.blockPx)].find((g) => g.count === mask.blocks.length);
  if (!grid) throw new Error(`${clip.name}: the mask has ${mask.blocks.length} blocks, which is the grid neither of the frame nor of the picture`);
  const fit = async (pixels: Pixels): Promise<Pixels> => (pixels.widthPx === widthPx && pixels.heightPx === heightPx ? pixels : resized(pixels, widthPx, heightPx));
  const raw = await fit({ rgb: frame.rgb, widthPx: frame.widthPx, heightPx: frame.heightPx });
  const composed = sameSize ? composePicture({ grid, frame: frame.rgb, backdrop: scene, mask, detections: [] }) : null;
  return {
    sample, jpeg, stored, raw,
    plain: composed ? await decodeJpeg(await encodeJpeg(composed, grid, config.jpegQuality)) : null,
    frame: await decodeJpeg(await encodeJpeg(raw.rgb, { ...grid, widthPx, heightPx }, config.jpegQuality)),
    scene: await fit({ rgb: scene, widthPx: grid.widthPx, heightPx: grid.heightPx }),
    tolerance: sameSize ? 3 : 14,
    mask: { blocks: mask.blocks, columns: grid.columns, blockPx: grid.blockPx, widthPx: grid.widthPx, heightPx: grid.heightPx },
    objects: truthOf(clip.truth, frame.index, widthPx, heightPx),
    maskRatio: receipt.maskRatio,
    heldRatio: receipt.heldRatio,
  };
}

async function decodeJpeg(jpeg: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(jpeg).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { rgb: data, widthPx: info.width, heightPx: info.height };
}

async function resized(pixels: Pixels, widthPx: number, heightPx: number): Promise<Pixels> {
  const rgb = await sharp(pixels.rgb, { raw: { width: pixels.widthPx, height: pixels.heightPx, channels: 3 } }).resize(widthPx, heightPx, { fit: 'fill' }).raw().toBuffer();
  return { rgb, widthPx, heightPx };
}
