/** Keys of objects: by kind, site, camera and day (UTC), so that a camera's day can be listed and keys sort by time. */
import { requireKey } from '../contract/object-store.js';
import type { Receipt } from '../contract/picture.js';
import type { ReelReceipt } from '../contract/reel.js';

/** Everything that we store is below these. */
export const picturePrefix = 'pictures/';
export const reelPrefix = 'reels/';

/** `pictures/<siteId>/<cameraId>/<YYYY-MM-DD>/<pictureId>.jpg`; throws `store.key` when an id is not one. */
export function pictureKey(receipt: Pick<Receipt, 'siteId' | 'cameraId' | 'receivedAt' | 'pictureId'>): string {
  return keyOf(picturePrefix, receipt, receipt.receivedAt, `${receipt.pictureId}.jpg`);
}

/** `reels/<siteId>/<cameraId>/<YYYY-MM-DD>/<reelId>.webm` or `.mp4`, the day of the first picture; throws `store.key`. */
export function reelKey(receipt: Pick<ReelReceipt, 'siteId' | 'cameraId' | 'firstAt' | 'reelId' | 'mediaType'>): string {
  return keyOf(reelPrefix, receipt, receipt.firstAt, `${receipt.reelId}.${receipt.mediaType === 'video/webm' ? 'webm' : 'mp4'}`);
}

function keyOf(prefix: string, of: { siteId: string; cameraId: string }, at: string, name: string): string {
  const key = `${prefix}${of.siteId}/${of.cameraId}/${new Date(at).toISOString().slice(0, 10)}/${name}`;
  requireKey(key);
  return key;
}

export type KeyKind =
  | { readonly kind: 'picture' | 'reel'; readonly id: string }
  /** what a put that was interrupted left behind */
  | { readonly kind: 'temporary'; readonly id: string }
  | { readonly kind: 'foreign' };

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const folders = `${uuid}/${uuid}/\\d{4}-\\d{2}-\\d{2}`;
const form = new RegExp(`^(?:pictures/${folders}/(${uuid})\\.jpg|reels/${folders}/(${uuid})\\.(?:webm|mp4))(\\.[0-9a-f]{16}\\.tmp)?$`);

/** What a listed key is. */
export function kindOfKey(key: string): KeyKind {
  const [, pictureId, reelId, temporary] = form.exec(key) ?? [];
  const id = pictureId ?? reelId;
  if (id === undefined) return { kind: 'foreign' };
  if (temporary !== undefined) return { kind: 'temporary', id };
  return { kind: pictureId === undefined ? 'reel' : 'picture', id };
}

/** When an id was made (UUID version 7, RFC 9562 section 5.7), epoch ms; 0 for an id of another version: long ago. */
export function madeAtMs(id: string): number {
  return id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : 0;
}
