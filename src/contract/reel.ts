/**
 * A reel: the pictures around an alert, in order, as one file that a browser plays. It is made of sealed pictures only, so it
 * holds nothing that a picture may not hold. Only `analyse/mask` may import `sealReel`.
 */
import { z } from 'zod';
import { id, timestamp } from './page.js';
import { isMaskedPicture, type MaskedPicture } from './picture.js';

/** What is known about a reel without playing it. Its canonical JSON is hashed into the ledger. */
export const reelReceipt = z.object({
  reelId: id,
  alertId: id,
  cameraId: id,
  siteId: id,
  /** when the first and the last picture came */
  firstAt: timestamp,
  lastAt: timestamp,
  widthPx: z.number().int(),
  heightPx: z.number().int(),
  /** each picture's receipt hash, in order, with its time: `atMs` from `firstAt` */
  pictures: z.array(z.object({ atMs: z.number().int(), receiptHash: z.string() })).min(1).max(200),
  /** moments of this length and more without a picture, and why: a reel does not pretend that nothing happened */
  gaps: z.array(z.object({ fromMs: z.number().int(), toMs: z.number().int(), reason: z.string() })),
  mediaType: z.enum(['video/webm', 'video/mp4']),
  /** SHA-256 of the file */
  sha256: z.string(),
});
export type ReelReceipt = z.infer<typeof reelReceipt>;

export interface MaskedReel {
  readonly receipt: ReelReceipt;
  readonly file: Uint8Array;
}

const made = new WeakSet<MaskedReel>();

/** For `analyse/mask` only. @throws TypeError when one of the pictures was not made by the masker */
export function sealReel(content: MaskedReel, from: readonly MaskedPicture[]): MaskedReel {
  if (from.length !== content.receipt.pictures.length || !from.every(isMaskedPicture)) throw new TypeError('a reel is made of masked pictures only');
  const reel = Object.freeze({ receipt: Object.freeze({ ...content.receipt }), file: content.file });
  made.add(reel);
  return reel;
}

export function isMaskedReel(value: unknown): value is MaskedReel {
  return typeof value === 'object' && value !== null && made.has(value as MaskedReel);
}

/** A row of the index, as the API answers it. */
export const reelRow = reelReceipt.omit({ reelId: true }).extend({ id, bytes: z.number().int(), receiptHash: z.string(), expiresAt: timestamp });
export type ReelRow = z.infer<typeof reelRow>;

/** Makes one file of pictures; an adapter over a video encoder. It sees pictures that are masked already, nothing else. */
export interface ReelEncoder {
  readonly mediaType: ReelReceipt['mediaType'];
  /** @param pictures JPEGs in order, all of one size, with the time of each in ms from the first; strictly rising */
  encode(pictures: readonly { readonly jpeg: Uint8Array; readonly atMs: number }[], size: { readonly widthPx: number; readonly heightPx: number }, signal: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface ReelStore {
  /** Object first, row second, event `reel.stored` with the row. Resolves when both are durable. */
  saveReel(reel: MaskedReel): Promise<ReelRow>;
  /** of an alert; throws `reel.unknown` when there is none (yet) */
  reelOfAlert(alertId: string): Promise<ReelRow>;
  /** The file, checked against its SHA-256. Throws `store.corrupt`, `reel.unknown`. */
  reelBytes(id: string): Promise<Uint8Array>;
}
