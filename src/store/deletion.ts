/** Steps 2 and 3 of a delete (README.md), shared by the sweep, recovery and repair. */
import { eq } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { ObjectStore } from '../contract/object-store.js';
import type { Clock } from '../core/clock.js';
import { newId } from '../core/ids.js';
import { deletionReceipts, pictures } from '../db/schema/store.js';

export type DeletionReason = 'retention' | 'object-missing';
type Row = Pick<typeof pictures.$inferSelect, 'id' | 'objectKey'>;

/** @returns whether it was us who deleted: two may try at once, one writes the receipt */
export async function finishDeletion(
  deps: { database: Database; objects: ObjectStore; clock: Clock },
  row: Row,
  reason: DeletionReason,
  signal?: AbortSignal,
): Promise<boolean> {
  await deps.objects.delete(row.objectKey, signal);
  return deps.database.transaction(async (tx) => {
    const [gone] = await tx.delete(pictures).where(eq(pictures.id, row.id)).returning();
    if (!gone) return false;
    await tx.insert(deletionReceipts).values({
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
    });
    return true;
  });
}
