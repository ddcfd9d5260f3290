/** From pixels that the masker composed to a sealed picture with its receipt. The only place that seals. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { sealPicture, type MaskedPicture } from '../../contract/picture.js';
import type { Frame } from '../../contract/frame.js';
import { toRfc3339 } from '../../core/clock.js';
import { groundDensity, type GroundPose } from '../../core/ground-density.js';
import { newId } from '../../core/ids.js';
import { composePicture, type ComposeInput } from './compose.js';

export interface PictureRequest extends ComposeInput {
  readonly about: Pick<Frame, 'cameraId' | 'runId' | 'capturedAtMs' | 'receivedAtMs'> & { readonly siteId: string; readonly pose?: GroundPose | undefined };
  readonly modelHash: string | null;
  readonly configHash: string;
  readonly jpegQuality: number;
}

/** JPEG of composed pixels. Colour is halved only where blocks are whole 16 px units, so that no unit lies across the mask's edge. */
export async function encodeJpeg(rgb: Uint8Array, grid: ComposeInput['grid'], quality: number): Promise<Uint8Array> {
  const jpeg = await sharp(rgb, { raw: { width: grid.widthPx, height: grid.heightPx, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: grid.blockPx % 16 === 0 ? '4:2:0' : '4:4:4' })
    .toBuffer();
  return new Uint8Array(jpeg);
}

export async function makePicture(request: PictureRequest): Promise<MaskedPicture> {
  const { grid, mask, about } = request;
  const jpeg = await encodeJpeg(composePicture(request), grid, request.jpegQuality);
  return sealPicture({
    jpeg,
    receipt: {
      pictureId: newId(),
      cameraId: about.cameraId,
      siteId: about.siteId,
      runId: about.runId,
      capturedAt: about.capturedAtMs === null ? null : toRfc3339(about.capturedAtMs),
      receivedAt: toRfc3339(about.receivedAtMs),
      widthPx: grid.widthPx,
      heightPx: grid.heightPx,
      maskRatio: areaRatio(grid, mask.blocks),
      heldRatio: areaRatio(grid, mask.flat),
      densityPxPerM: rounded(groundDensity(about.pose, grid.widthPx, grid.heightPx)),
      modelHash: request.modelHash,
      configHash: request.configHash,
      sha256: createHash('sha256').update(jpeg).digest('hex'),
    },
  });
}

/** Share of the picture's pixels that a set of blocks covers; blocks at the right and lower edge may be narrower. */
export function areaRatio(grid: ComposeInput['grid'], blocks: Uint8Array): number {
  let pixels = 0;
  for (let block = 0; block < grid.count; block++) {
    if (blocks[block] === 0) continue;
    const w = Math.min(grid.blockPx, grid.widthPx - (block % grid.columns) * grid.blockPx);
    const h = Math.min(grid.blockPx, grid.heightPx - Math.floor(block / grid.columns) * grid.blockPx);
    pixels += w * h;
  }
  return Math.round((pixels / (grid.widthPx * grid.heightPx)) * 10_000) / 10_000;
}

/** To a hundredth, px per metre. */
function rounded(density: number | null): number | null {
  return density === null ? null : Math.round(density * 100) / 100;
}
