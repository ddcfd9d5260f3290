/**
 * Channels (where alerts are sent) and the list of deliveries. A channel's secret is sealed at once and never answered;
 * neither are the values in the query of its address. Addresses are held against the guard here, and again at every try.
 */
import { and, eq, isNull } from 'drizzle-orm';
import type { Channel, Delivery, NewChannel } from '../contract/alert.js';
import type { AlertChannels } from '../contract/alert-ports.js';
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import { actorOf } from '../contract/principal.js';
import type { AddressGuard } from '../core/address-guard.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { channels, deliveries } from '../db/schema/index.js';
import type { Logger } from '../telemetry/logger.js';
import { pageFrom, pageStart, within } from './alert-row.js';

export interface AlertChannelsDeps {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly guard: AddressGuard;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  /** called when a delivery was put back into the outbox */
  readonly onOutbox?: () => void;
}

/** What a channel's secret is sealed for. */
export function channelContext(channelId: string): string {
  return `channel:${channelId}`;
}

export function createAlertChannels(deps: AlertChannelsDeps): AlertChannels {
  const { database, sealer, guard, ledger, clock, log } = deps;

  async function row(id: string): Promise<typeof channels.$inferSelect> {
    const [found] = await database.orm.select().from(channels).where(and(eq(channels.id, id), isNull(channels.removedAt)));
    if (!found) throw new HedgerowError('channel.unknown', `There is no channel ${id}.`, { context: { channelId: id } });
    return found;
  }

  return {
    async channels(scope, page) {
      if (scope.length === 0) return { items: [], nextCursor: null };
      const { after, by, limit } = pageStart('channels', channels.id, page, 'oldest');
      const rows = await database.orm.select().from(channels).where(and(isNull(channels.removedAt), within(channels.siteId, scope), after)).orderBy(by).limit(limit);
      return pageFrom('channels', rows, page, channelOf);
    },
    channel: async (id) => channelOf(await row(id)),

    async createChannel(input: NewChannel, by) {
      const url = new URL(input.url);
      if (url.username !== '' || url.password !== '') {
        throw new HedgerowError('request.invalid', 'The address of a channel holds no user name and no password; receivers know us by the signature.');
      }
      const id = newId();
      try {
        await guard.pin(url.hostname);
      } catch (thrown) {
        await ledger.append({ actor: actorOf(by), action: 'channel.create', objectType: 'channel', objectId: id, outcome: 'refused', details: { siteId: input.siteId, host: url.hostname.slice(0, 500) } });
        throw thrown;
      }
      const { secret, ...rest } = input;
      const made = { ...rest, id, url: url.href, sealedSecret: sealer.seal(secret, channelContext(id)), createdAt: new Date(clock.nowMs()), removedAt: null };
      await database.orm.insert(channels).values(made);
      log.info({ channelId: id, siteId: input.siteId, host: url.host }, 'channel made');
      await ledger.append({ actor: actorOf(by), action: 'channel.create', objectType: 'channel', objectId: id, outcome: 'ok', details: { siteId: input.siteId, name: input.name, host: url.host.slice(0, 500) } });
      return channelOf(made);
    },

    async removeChannel(id, by) {
      const { siteId } = await row(id);
      await database.orm.update(channels).set({ removedAt: new Date(clock.nowMs()), enabled: false, sealedSecret: '' }).where(eq(channels.id, id));
      await ledger.append({ actor: actorOf(by), action: 'channel.remove', objectType: 'channel', objectId: id, outcome: 'ok', details: { siteId } });
    },

    async deliveries(scope, page) {
      if (scope.length === 0) return { items: [], nextCursor: null };
      const { after, by, limit } = pageStart('deliveries', deliveries.id, page, 'newest');
      const filters = [
        within(deliveries.siteId, scope),
        page.state === undefined ? undefined : eq(deliveries.state, page.state),
        page.alertId === undefined ? undefined : eq(deliveries.alertId, page.alertId),
        after,
      ];
      const rows = await database.orm.select().from(deliveries).where(and(...filters)).orderBy(by).limit(limit);
      return pageFrom('deliveries', rows, page, deliveryOf);
    },

    async replay(deliveryId, by) {
      const { before, now } = await database.transaction(async (tx) => {
        const [found] = await tx.select().from(deliveries).where(eq(deliveries.id, deliveryId)).for('update');
        if (!found) throw new HedgerowError('delivery.unknown', `There is no delivery ${deliveryId}.`, { context: { deliveryId } });
        if (found.state !== 'dead') return { before: found, now: found };
        const back = { state: 'pending' as const, attempts: 0, nextAttemptAt: new Date(clock.nowMs()), claimedUntil: null };
        await tx.update(deliveries).set(back).where(eq(deliveries.id, deliveryId));
        return { before: found, now: { ...found, ...back } };
      });
      if (before.state === 'delivered') {
        throw new HedgerowError('request.invalid', 'The receiver took this delivery already; only a dead one can be replayed.', { context: { deliveryId } });
      }
      if (before.state === 'dead') {
        await ledger.append({ actor: actorOf(by), action: 'delivery.replay', objectType: 'delivery', objectId: deliveryId, outcome: 'ok', details: { siteId: now.siteId, alertId: now.alertId } });
        deps.onOutbox?.();
      }
      return deliveryOf(now);
    },
  };
}

/** Values in the query are often keys: they are shown as "***". */
function channelOf(row: typeof channels.$inferSelect): Channel {
  const url = new URL(row.url);
  for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, '***');
  return { id: row.id, siteId: row.siteId, kind: row.kind, name: row.name, url: url.href, enabled: row.enabled };
}

function deliveryOf(row: typeof deliveries.$inferSelect): Delivery {
  const at = (time: Date | null): string | null => (time === null ? null : toRfc3339(time.getTime()));
  return {
    id: row.id,
    alertId: row.alertId,
    channelId: row.channelId,
    siteId: row.siteId,
    idempotencyKey: row.idempotencyKey,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.state === 'pending' ? at(row.nextAttemptAt) : null,
    lastError: row.lastError,
    deliveredAt: at(row.deliveredAt),
    createdAt: toRfc3339(row.createdAt.getTime()),
  };
}
