/**
 * The live view between processes, over `live_views` (which process looks at which camera, until when) and `live_pictures`
 * (one slot a camera, written over). Every comparison of times is made with the database's own clock. Payloads on `hg_live`:
 * `want` (who looks has changed), `have:<cameraId>:<mark>` (the slot was written).
 */
import { createHash } from 'node:crypto';
import { and, eq, inArray, ne, notExists, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database } from '../contract/database.js';
import { liveReasons, type LiveMessage, type LiveReason } from '../contract/live-view.js';
import { receipt as receiptForm } from '../contract/picture.js';
import { HedgerowError } from '../core/errors.js';
import { livePictures, liveViews } from '../db/schema/store.js';

export interface LiveSlots {
  /** This process looks at these cameras, until `forMs` from now. */
  want(cameraIds: readonly string[], forMs: number): Promise<void>;
  /** It looks at them no more; slots at which nobody else looks are emptied. */
  unwant(cameraIds: readonly string[]): Promise<void>;
  /** What other processes look at, and for how long still. */
  wantedByOthers(): Promise<readonly { cameraId: string; forMs: number }[]>;
  write(cameraId: string, mark: string, message: LiveMessage): Promise<void>;
  marks(cameraIds: readonly string[]): Promise<readonly { cameraId: string; mark: string }[]>;
  /** null: empty. Throws `store.corrupt` when the bytes are not those of the receipt. */
  read(cameraId: string): Promise<{ mark: string; ageMs: number; message: LiveMessage } | null>;
  /** Empties the slot if it still holds what was written under this mark. */
  clear(cameraId: string, mark: string): Promise<void>;
  /** Takes away what processes that died left behind. */
  sweep(): Promise<void>;
}

/** A slot is left alone for so long although nobody seems to look: who looks may just be writing it down. */
const sweepAfter = sql`interval '10 seconds'`;

/** @param viewer this process */
export function createLiveSlots(database: Database, viewer: string): LiveSlots {
  const { orm } = database;
  const told = (payload: string, tx: Parameters<Parameters<Database['transaction']>[0]>[0]): Promise<void> => database.notify('hg_live', payload, tx);
  const lookedAt = (tx = orm) => tx.select({ one: sql`1` }).from(liveViews).where(and(eq(liveViews.cameraId, livePictures.cameraId), sql`${liveViews.wantedUntil} > now()`));

  return {
    async want(cameraIds, forMs) {
      if (cameraIds.length === 0) return;
      // In one order everywhere: two processes never wait for each other.
      const rows = [...cameraIds].sort().map((cameraId) => ({ cameraId, viewer, wantedUntil: sql`now() + ${forMs} * interval '1 millisecond'` }));
      await database.transaction(async (tx) => {
        const inserted = await tx
          .insert(liveViews)
          .values(rows)
          .onConflictDoUpdate({ target: [liveViews.cameraId, liveViews.viewer], set: { wantedUntil: sql`excluded.wanted_until` } })
          .returning({ fresh: sql<boolean>`xmax = 0` });
        if (inserted.some((row) => row.fresh)) await told('want', tx);
      });
    },
    async unwant(cameraIds) {
      await database.transaction(async (tx) => {
        await tx.delete(liveViews).where(and(eq(liveViews.viewer, viewer), inArray(liveViews.cameraId, [...cameraIds])));
        await tx.delete(livePictures).where(and(inArray(livePictures.cameraId, [...cameraIds]), notExists(lookedAt(tx))));
        await told('want', tx);
      });
    },
    async wantedByOthers() {
      const forMs = sql<number>`(extract(epoch from ${liveViews.wantedUntil} - now()) * 1000)::float8`;
      return orm.select({ cameraId: liveViews.cameraId, forMs }).from(liveViews).where(and(ne(liveViews.viewer, viewer), sql`${liveViews.wantedUntil} > now()`));
    },
    async write(cameraId, mark, message) {
      const content = message.kind === 'picture' ? { receipt: message.receipt, jpeg: message.jpeg, withheld: null } : { receipt: null, jpeg: null, withheld: message.reason };
      const row = { mark, ...content, at: sql`now()` };
      await database.transaction(async (tx) => {
        await tx.insert(livePictures).values({ cameraId, ...row }).onConflictDoUpdate({ target: livePictures.cameraId, set: row });
        await told(`have:${cameraId}:${mark}`, tx);
      });
    },
    async marks(cameraIds) {
      return orm.select({ cameraId: livePictures.cameraId, mark: livePictures.mark }).from(livePictures).where(inArray(livePictures.cameraId, [...cameraIds]));
    },
    async read(cameraId) {
      const ageMs = sql<number>`(extract(epoch from now() - ${livePictures.at}) * 1000)::float8`;
      const { mark, receipt, jpeg, withheld } = livePictures;
      const [row] = await orm.select({ mark, receipt, jpeg, withheld, ageMs }).from(livePictures).where(eq(livePictures.cameraId, cameraId));
      return row ? { mark: row.mark, ageMs: row.ageMs, message: messageOf(cameraId, row) } : null;
    },
    async clear(cameraId, mark) {
      await orm.delete(livePictures).where(and(eq(livePictures.cameraId, cameraId), eq(livePictures.mark, mark)));
    },
    async sweep() {
      await orm.delete(liveViews).where(sql`${liveViews.wantedUntil} < now() - ${sweepAfter}`);
      await orm.delete(livePictures).where(and(sql`${livePictures.at} < now() - ${sweepAfter}`, notExists(lookedAt())));
    },
  };
}

const reason = z.enum(Object.keys(liveReasons) as [LiveReason, ...LiveReason[]]);

/** Another process wrote it: it is shown only when it is whole and of this camera. */
function messageOf(cameraId: string, row: { receipt: unknown; jpeg: Uint8Array | null; withheld: string | null }): LiveMessage {
  const withheld = reason.safeParse(row.withheld);
  if (withheld.success) return { kind: 'withheld', reason: withheld.data };
  const receipt = receiptForm.safeParse(row.receipt);
  if (!receipt.success || row.jpeg === null || receipt.data.cameraId !== cameraId || createHash('sha256').update(row.jpeg).digest('hex') !== receipt.data.sha256) {
    throw new HedgerowError('store.corrupt', 'What lies in the slot of a live view is not the picture of its receipt.', { context: { cameraId } });
  }
  return { kind: 'picture', receipt: receipt.data, jpeg: row.jpeg };
}
