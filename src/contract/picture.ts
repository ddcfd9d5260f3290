/**
 * A picture is a masked image, the only kind that is stored or shown. The type can be told at run time: `sealPicture`
 * writes down every picture that the masker made, and the store asks `isMaskedPicture`. Only `analyse/mask` may import
 * `sealPicture` (dependency rules); a look-alike object is refused.
 */
import { z } from 'zod';
import { classCounts } from './detection.js';
import { id, timestamp } from './page.js';

/** What is known about a picture without looking at it. Its canonical JSON is hashed into the ledger. */
export const receipt = z.object({
  pictureId: id,
  cameraId: id,
  siteId: id,
  runId: id,
  capturedAt: timestamp.nullable(),
  receivedAt: timestamp,
  widthPx: z.number().int(),
  heightPx: z.number().int(),
  /** share of the picture that is painted out, 0..1 */
  maskRatio: z.number(),
  /** share that is painted out because the empty scene behind it is not known yet, 0..1 */
  heldRatio: z.number(),
  /** px per metre of the nearest ground point that the picture shows; null: the camera's place and view are not known, or it sees no ground; absent in early receipts */
  densityPxPerM: z.number().nullable().optional(),
  /** SHA-256 of the detector's weights, or null: change mask alone */
  modelHash: z.string().nullable(),
  /** SHA-256 of the masking configuration and the camera's zones */
  configHash: z.string(),
  /** SHA-256 of the JPEG */
  sha256: z.string(),
});
export type Receipt = z.infer<typeof receipt>;

export interface MaskedPicture {
  readonly receipt: Receipt;
  readonly jpeg: Uint8Array;
}

const made = new WeakSet<MaskedPicture>();

/** For `analyse/mask` only. */
export function sealPicture(content: MaskedPicture): MaskedPicture {
  const picture = Object.freeze({ receipt: Object.freeze({ ...content.receipt }), jpeg: content.jpeg });
  made.add(picture);
  return picture;
}

export function isMaskedPicture(value: unknown): value is MaskedPicture {
  return typeof value === 'object' && value !== null && made.has(value as MaskedPicture);
}

/** A row of the picture index, as the API answers it. */
export const pictureRow = receipt.extend({
  id,
  bytes: z.number().int(),
  receiptHash: z.string(),
  expiresAt: timestamp,
});
export type PictureRow = z.infer<typeof pictureRow>;

/** One picture's answer: its row, and the place of its receipt's hash among the leaves of the ledger's tree. */
export const pictureDetail = pictureRow.extend({ leafSeq: z.number().int().nullable() });
export type PictureDetail = z.infer<typeof pictureDetail>;

/** What was seen in one sample, in numbers. */
export const observation = z.object({
  id,
  siteId: id,
  cameraId: id,
  at: timestamp,
  counts: classCounts,
  zones: z.array(z.object({ zoneId: id, counts: classCounts })),
  maskRatio: z.number(),
  changeRatio: z.number(),
  pictureId: id.nullable(),
});
export type Observation = z.infer<typeof observation>;
