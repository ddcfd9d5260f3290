/**
 * The outbox as the pump uses it: which channels have something due, claiming rows for a while, and writing down how a
 * try ended. A claim counts as a try, so that a delivery that kills its sender does not do so for ever; a claim whose end
 * has passed may be taken again, with the same idempotency key.
 */
import { and, asc, eq, inArray, isNotNull, isNull, lte, or } from 'drizzle-orm';
import type { Channel } from '../contract/alert.js';
import type { Database } from '../contract/database.js';
import type { Clock } from '../core/clock.js';
import { channels, deliveries } from '../db/schema/index.js';

export interface Claimed {
  readonly id: string;
  readonly channelId: string;
  readonly kind: Channel['kind'];
  readonly url: string;
  readonly sealedSecret: string;
  readonly idempotencyKey: string;
  readonly body: string;
  /** tries, this one included */
  readonly attempts: number;
  readonly claimedUntilMs: number;
}

export type Mark =
  | { readonly state: 'delivered' }
  | { readonly state: 'pending'; readonly afterMs: number; readonly error: string }
  | { readonly state: 'dead'; readonly error: string };

export interface DeliveryOutbox {
  /** Channels with something due, the one that waits longest first. */
  dueChannels(): Promise<string[]>;
  /** Oldest first, at most `limit`. Rows that another process holds are passed over. */
  claim(channelId: string, limit: number, holdMs: number): Promise<Claimed[]>;
  /** Writes how a try ended; without effect when the claim was lost to another process meanwhile. */
  mark(claimed: Claimed, mark: Mark): Promise<void>;
  /** Gives a claim back as if there had been no try. */
  release(claimed: Claimed): Promise<void>;
  /** Puts what waits for channels that were removed onto the dead-letter list. */
  buryRemoved(): Promise<number>;
}

export function createDeliveryOutbox({ database, clock }: { database: Database; clock: Clock }): DeliveryOutbox {
  const due = (now: Date) =>
    and(eq(deliveries.state, 'pending'), lte(deliveries.nextAttemptAt, now), or(isNull(deliveries.claimedUntil), lte(deliveries.claimedUntil, now)));
  /** Ours still: nobody else claimed it since. */
  const held = (claimed: Claimed) =>
    and(eq(deliveries.id, claimed.id), eq(deliveries.state, 'pending'), eq(deliveries.claimedUntil, new Date(claimed.claimedUntilMs)));

  return {
    async dueChannels() {
      const now = new Date(clock.nowMs());
      const rows = await database.orm
        .selectDistinct({ id: deliveries.channelId })
        .from(deliveries)
        .innerJoin(channels, eq(channels.id, deliveries.channelId))
        .where(and(due(now), eq(channels.enabled, true), isNull(channels.removedAt)));
      return rows.map((r) => r.id);
    },

    async claim(channelId, limit, holdMs) {
      return database.transaction(async (tx) => {
        const now = new Date(clock.nowMs());
        const [channel] = await tx.select().from(channels).where(and(eq(channels.id, channelId), eq(channels.enabled, true), isNull(channels.removedAt)));
        if (!channel) return [];
        const rows = await tx
          .select()
          .from(deliveries)
          .where(and(eq(deliveries.channelId, channelId), due(now)))
          .orderBy(asc(deliveries.nextAttemptAt), asc(deliveries.id))
          .limit(limit)
          .for('update', { skipLocked: true });
        const claimedUntil = new Date(now.getTime() + holdMs);
        for (const row of rows) await tx.update(deliveries).set({ claimedUntil, attempts: row.attempts + 1 }).where(eq(deliveries.id, row.id));
        return rows.map((row) => ({
          id: row.id,
          channelId,
          kind: channel.kind,
          url: channel.url,
          sealedSecret: channel.sealedSecret,
          idempotencyKey: row.idempotencyKey,
          body: row.body,
          attempts: row.attempts + 1,
          claimedUntilMs: claimedUntil.getTime(),
        }));
      });
    },

    async mark(claimed, mark) {
      const now = clock.nowMs();
      const values =
        mark.state === 'delivered'
          ? { state: mark.state, deliveredAt: new Date(now), lastError: null, nextAttemptAt: null }
          : mark.state === 'pending'
            ? { state: mark.state, lastError: mark.error, nextAttemptAt: new Date(now + mark.afterMs) }
            : { state: mark.state, lastError: mark.error, nextAttemptAt: null };
      await database.orm.update(deliveries).set({ ...values, claimedUntil: null }).where(held(claimed));
    },

    async release(claimed) {
      await database.orm.update(deliveries).set({ claimedUntil: null, attempts: claimed.attempts - 1 }).where(held(claimed));
    },

    async buryRemoved() {
      const removed = database.orm.select({ id: channels.id }).from(channels).where(isNotNull(channels.removedAt));
      const buried = await database.orm
        .update(deliveries)
        .set({ state: 'dead', lastError: 'The channel was removed.', nextAttemptAt: null, claimedUntil: null })
        .where(and(eq(deliveries.state, 'pending'), inArray(deliveries.channelId, removed)))
        .returning({ id: deliveries.id });
      return buried.length;
    },
  };
}
