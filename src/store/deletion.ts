/** Steps 2 and 3 of a delete (README.md), shared by the sweep, recovery and repair. */
import { createHash } from 'node:crypto';
import { eq } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ObjectStore } from '../contract/object-store.js';
import type { ReceiptLog } from '../contract/receipt-log.js';
import { canonicalJson } from '../core/canonical-json.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { newId } from '../core/ids.js';
import { deletionReceipts } from '../db/schema/store.js';
import { tableOf, type StoredRow } from './stored-tables.js';

export type DeletionReason = 'retention' | 'object-missing';
type DeletionReceipt = typeof deletionReceipts.$inferSelect;
type Row = Pick<StoredRow, 'id' | 'objectKey'>;

/** Of a picture or a reel; the key says which. @returns whether it was us who deleted: two may try at once, one writes the receipt */
export async function finishDeletion(
  deps: { database: Database; objects: ObjectStore; receipts: ReceiptLog; clock: Clock },
  row: Row,
  reason: DeletionReason,
  signal?: AbortSignal,
): Promise<boolean> {
  await deps.objects.delete(row.objectKey, signal);
  return deps.database.transaction(async (tx) => {
    const table = tableOf(row.objectKey);
    const { id, siteId, cameraId, objectKey, sha256, receiptHash, expiresAt } = table;
    const [gone] = await tx.delete(table).where(eq(id, row.id)).returning({ id, siteId, cameraId, objectKey, sha256, receiptHash, expiresAt });
    if (!gone) return false;
    const receipt: DeletionReceipt = {
      id: newId(),
      pictureId: gone.id,
      siteId: gone.siteId,
      cameraId: gone.cameraId,
      objectKey: gone.objectKey,
      sha256: gone.sha256,
      receiptHash: gone.receiptHash,
      expiredAt: gone.expiresAt,
      deletedAt: new Date(deps.clock.nowMs()),
      reason,
    };
    await tx.insert(deletionReceipts).values(receipt);
    await deps.receipts.record({ kind: 'deletion', subjectId: receipt.id, siteId: receipt.siteId, receiptHash: deletionHash(receipt) }, tx);
    return true;
  });
}

/** What its leaf holds: SHA-256 of the canonical JSON, the times as RFC 3339. */
export function deletionHash({ id, pictureId, siteId, cameraId, objectKey, sha256, receiptHash, expiredAt, deletedAt, reason }: DeletionReceipt): string {
  const times = { expiredAt: toRfc3339(expiredAt.getTime()), deletedAt: toRfc3339(deletedAt.getTime()) };
  return createHash('sha256').update(canonicalJson({ id, pictureId, siteId, cameraId, objectKey, sha256, receiptHash, reason, ...times })).digest('hex');
}
