/**
 * The two indices over the object store. Deleting, sweeping, checking and recovering are the same for both, and need only the
 * columns that both have.
 */
import { pictures, reels } from '../db/schema/store.js';
import { kindOfKey } from './object-keys.js';

type SharedColumn = 'id' | 'siteId' | 'cameraId' | 'objectKey' | 'bytes' | 'sha256' | 'receiptHash' | 'expiresAt' | 'deletingAt';
/** A row of either index, as far as both are the same. */
export type StoredRow = Pick<typeof pictures.$inferSelect, SharedColumn>;
export type StoredKind = 'picture' | 'reel';

// The type of one table stands for both: the query builder knows no union of tables. The next line fails to compile when they part.
((row: Pick<typeof reels.$inferSelect, SharedColumn>): StoredRow => row) satisfies unknown;
export type StoredTable = typeof pictures;

/** In the byte order of their keys. */
export const storedTables: readonly { readonly kind: StoredKind; readonly table: StoredTable }[] = [
  { kind: 'picture', table: pictures },
  { kind: 'reel', table: reels as unknown as StoredTable },
];

/** Of a picture unless the key says that it is of a reel. */
export function tableOf(key: string): StoredTable {
  const { kind } = kindOfKey(key);
  return storedTables.find((stored) => stored.kind === kind)?.table ?? pictures;
}
