/** The leaves of the ledger's tree: the hash of every receipt, in the order in which they came. The tree over them is the ledger's. */
import { z } from 'zod';
import type { Executor } from './database.js';
import { id, timestamp } from './page.js';

export const receiptLeaf = z.object({
  /** place in the order; grows, may have holes */
  seq: z.number().int(),
  kind: z.enum(['picture', 'reel', 'deletion']),
  /** of the picture, the reel, or the deletion's own receipt: one leaf each */
  subjectId: id,
  siteId: id,
  /** SHA-256 of the receipt's canonical JSON, hex */
  receiptHash: z.string(),
  at: timestamp,
});
export type ReceiptLeaf = z.infer<typeof receiptLeaf>;

export interface ReceiptLog {
  /**
   * Within the transaction that makes the subject exist, so that there is no picture without its leaf, and no leaf without its
   * picture. It takes a lock until the commit: call it late, right before `events.append`.
   */
  record(leaf: Omit<ReceiptLeaf, 'seq' | 'at'>, tx: Executor): Promise<void>;
  /** Leaves after `seq`, oldest first, at most `limit`: for whoever builds the tree. */
  after(seq: number, limit: number): Promise<readonly ReceiptLeaf[]>;
  /** null: no receipt of this subject was recorded */
  of(subjectId: string): Promise<ReceiptLeaf | null>;
}
