/** Keys of objects: by site, camera and day (UTC), so that a camera's day can be listed and keys sort by time. */
import type { Receipt } from '../contract/picture.js';
import { requireKey } from '../contract/object-store.js';

/** Everything that we store is below this. */
export const picturePrefix = 'pictures/';

/** `pictures/<siteId>/<cameraId>/<YYYY-MM-DD>/<pictureId>.jpg`; throws `store.key` when an id is not one. */
export function pictureKey(receipt: Pick<Receipt, 'siteId' | 'cameraId' | 'receivedAt' | 'pictureId'>): string {
  const day = new Date(receipt.receivedAt).toISOString().slice(0, 10);
  const key = `${picturePrefix}${receipt.siteId}/${receipt.cameraId}/${day}/${receipt.pictureId}.jpg`;
  requireKey(key);
  return key;
}

export type KeyKind =
  | { readonly kind: 'picture'; readonly pictureId: string }
  /** what a put that was interrupted left behind */
  | { readonly kind: 'temporary'; readonly pictureId: string }
  | { readonly kind: 'foreign' };

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const form = new RegExp(`^pictures/${uuid}/${uuid}/\\d{4}-\\d{2}-\\d{2}/(${uuid})\\.jpg(\\.[0-9a-f]{16}\\.tmp)?$`);

/** What a listed key is. */
export function kindOfKey(key: string): KeyKind {
  const found = form.exec(key);
  if (!found?.[1]) return { kind: 'foreign' };
  return { kind: found[2] === undefined ? 'picture' : 'temporary', pictureId: found[1] };
}

/** When an id was made (UUID version 7, RFC 9562 section 5.7), epoch ms; 0 for an id of another version: long ago. */
export function madeAtMs(pictureId: string): number {
  return pictureId[14] === '7' ? Number.parseInt(pictureId.slice(0, 8) + pictureId.slice(9, 13), 16) : 0;
}
