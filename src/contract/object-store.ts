/**
 * The port of the object store. It takes masked pictures and reels of them, and nothing else (DESIGN.md 2.3): every adapter
 * calls `requireMasked` first. Keys: `pictures/<siteId>/<cameraId>/<YYYY-MM-DD>/<pictureId>.jpg` and
 * `reels/<siteId>/<cameraId>/<YYYY-MM-DD>/<reelId>.webm` (or `.mp4`).
 */
import { HedgerowError } from '../core/errors.js';
import { isMaskedPicture, type MaskedPicture } from './picture.js';
import { isMaskedReel, type MaskedReel } from './reel.js';

/** What may be stored. */
export type Masked = MaskedPicture | MaskedReel;

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
}

export interface ObjectStore {
  /** Stores the JPEG or the film; when this resolves it is durable and reads back whole. Storing the same key again replaces it. */
  put(key: string, content: Masked, signal?: AbortSignal): Promise<void>;
  /** @returns the bytes, or undefined when there is no such object */
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Deleting what is not there succeeds. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** Every object below a prefix, in key order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>;
  /** Throws `store.unavailable` when the store cannot be used. */
  probe(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** @returns the bytes and what they are. Throws `picture.unmasked` for anything that the masker did not seal */
export function requireMasked(content: Masked): { readonly bytes: Uint8Array; readonly mediaType: string } {
  if (isMaskedPicture(content)) return { bytes: content.jpeg, mediaType: 'image/jpeg' };
  if (isMaskedReel(content)) return { bytes: content.file, mediaType: content.receipt.mediaType };
  throw new HedgerowError('picture.unmasked', 'The store was handed something that the masker did not make.');
}

const objectKey = /^(pictures\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/\d{4}-\d{2}-\d{2}\/[0-9a-f-]{36}\.jpg|reels\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/\d{4}-\d{2}-\d{2}\/[0-9a-f-]{36}\.(webm|mp4))$/;

/** Keys are ours alone: anything else (a path that climbs, a foreign prefix) is refused. */
export function requireKey(key: string): void {
  if (!objectKey.test(key)) throw new HedgerowError('store.key', `"${key}" is not a key of a picture or a reel.`, { context: { key } });
}
