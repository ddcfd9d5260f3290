/**
 * The port of the object store. It takes masked pictures and nothing else (DESIGN.md 2.3): every adapter calls
 * `requireMasked` first. Keys: `pictures/<siteId>/<cameraId>/<YYYY-MM-DD>/<pictureId>.jpg`.
 */
import { HedgerowError } from '../core/errors.js';
import { isMaskedPicture, type MaskedPicture } from './picture.js';

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
}

export interface ObjectStore {
  /** Stores the JPEG; when this resolves it is durable and reads back whole. Storing the same key again replaces it. */
  put(key: string, picture: MaskedPicture, signal?: AbortSignal): Promise<void>;
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

export function requireMasked(picture: MaskedPicture): void {
  if (!isMaskedPicture(picture)) {
    throw new HedgerowError('picture.unmasked', 'The store was handed something that the masker did not make.');
  }
}

const objectKey = /^pictures\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/\d{4}-\d{2}-\d{2}\/[0-9a-f-]{36}\.jpg$/;

/** Keys are ours alone: anything else (a path that climbs, a foreign prefix) is refused. */
export function requireKey(key: string): void {
  if (!objectKey.test(key)) throw new HedgerowError('store.key', `"${key}" is not a key of a picture.`, { context: { key } });
}
