/**
 * A reel: the pictures around an alert, in order, as one file that a browser plays. It is made of sealed pictures only, so it
 * holds nothing that a picture may not hold. Only `analyse/mask` may import `sealReel`.
 */
import { z } from 'zod';
import { id, timestamp } from './page.js';
import { isMaskedPicture, type MaskedPicture } from './picture.js';

/** Most pictures in one reel: what a receipt lists. */
export const reelPicturesAtMost = 200;

/** What is known about a reel without playing it. Its canonical JSON is hashed into the ledger. All `…Ms` count from `firstAt`. */
export const reelReceipt = z.object({
  reelId: id,
  alertId: id,
  cameraId: id,
  siteId: id,
  /** when the first and the last picture came */
  firstAt: timestamp,
  lastAt: timestamp,
  /** where in the reel the alert was raised; below 0 when the first picture came later */
  alertAtMs: z.number().int(),
  /** length of the film: the last picture stands until then */
  lengthMs: z.number().int(),
  widthPx: z.number().int(),
  heightPx: z.number().int(),
  /** each picture's receipt hash, in order, with its time */
  pictures: z.array(z.object({ atMs: z.number().int(), receiptHash: z.string() })).min(1).max(reelPicturesAtMost),
  /**
   * Stretches without a picture, and why: a reel does not pretend that nothing happened. A reason of `reelGapReasons`, or the
   * one for which pictures were withheld.
   */
  gaps: z.array(z.object({ fromMs: z.number().int(), toMs: z.number().int(), reason: z.string() })),
  mediaType: z.enum(['video/webm', 'video/mp4']),
  /** SHA-256 of the file */
  sha256: z.string(),
});
export type ReelReceipt = z.infer<typeof reelReceipt>;

/** Why a stretch has no picture, beside the reasons for which pictures are withheld. */
export const reelGapReasons = {
  quiet: 'Nothing moved: the picture before it stands.',
  'not-armed': 'No rule was armed: no pictures are made ahead of an alert.',
  'no-sample': 'No frame of the camera was judged.',
  'other-size': 'The pictures had another size than the first one of the reel.',
  memory: 'There was no memory left for more pictures.',
  cut: 'The worker let go of the camera, or stopped.',
} as const;
export type ReelGapReason = keyof typeof reelGapReasons;

export interface MaskedReel {
  readonly receipt: ReelReceipt;
  readonly file: Uint8Array;
}

const made = new WeakSet<MaskedReel>();

/**
 * For `analyse/mask` only.
 * @param from the pictures that are in the file, in order
 * @throws TypeError when one of them was not made by the masker, or is not of the reel's camera and size
 */
export function sealReel(content: MaskedReel, from: readonly MaskedPicture[]): MaskedReel {
  const { receipt } = content;
  if (from.length !== receipt.pictures.length || !from.every(isMaskedPicture)) throw new TypeError('a reel is made of masked pictures only');
  const ofReel = ({ receipt: of }: MaskedPicture): boolean =>
    of.cameraId === receipt.cameraId && of.siteId === receipt.siteId && of.widthPx === receipt.widthPx && of.heightPx === receipt.heightPx;
  if (!from.every(ofReel)) throw new TypeError('a reel is made of pictures of one camera and one size');
  const reel = Object.freeze({ receipt: Object.freeze({ ...receipt }), file: content.file });
  made.add(reel);
  return reel;
}

export function isMaskedReel(value: unknown): value is MaskedReel {
  return typeof value === 'object' && value !== null && made.has(value as MaskedReel);
}

/** A row of the index, as the API answers it. */
export const reelRow = reelReceipt.omit({ reelId: true }).extend({ id, bytes: z.number().int(), receiptHash: z.string(), expiresAt: timestamp });
export type ReelRow = z.infer<typeof reelRow>;

/** What becomes one file. The encoder sees pictures that are masked already, nothing else. */
export interface ReelFilm {
  /** JPEGs in order, all of one size, with the time of each in ms from the first; the first is at 0, then strictly rising */
  readonly pictures: readonly { readonly jpeg: Uint8Array; readonly atMs: number }[];
  readonly widthPx: number;
  readonly heightPx: number;
  /** the last picture stands until then; more than its `atMs` */
  readonly lengthMs: number;
}

/** Makes one file of pictures; an adapter over a video encoder. The same film gives the same bytes. */
export interface ReelEncoder {
  readonly mediaType: ReelReceipt['mediaType'];
  /** @throws HedgerowError `process.aborted`, `process.defect` */
  encode(film: ReelFilm, signal: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface ReelStore {
  /** Object first, row second, event `reel.stored` with the row. Resolves when both are durable. */
  saveReel(reel: MaskedReel): Promise<ReelRow>;
  reel(id: string): Promise<ReelRow>;
  /** of an alert; throws `reel.unknown` when there is none (yet), and says which */
  reelOfAlert(alertId: string): Promise<ReelRow>;
  /** The file, checked against its SHA-256. Throws `store.corrupt`, `reel.unknown`. */
  reelBytes(id: string): Promise<Uint8Array>;
}
