/** Sites and their places. */
import { and, asc, eq } from 'drizzle-orm';
import type { Ledger } from '../contract/auth-ports.js';
import type { Database, Executor } from '../contract/database.js';
import { actorOf } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import type { Place, Site } from '../contract/site.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId, newId } from '../core/ids.js';
import { places, sites } from '../db/schema/register.js';
import { isUniqueViolation } from '../db/sql-state.js';
import { pageWhere, readPage } from './paging.js';

type SiteParts = Pick<Registry, 'sites' | 'site' | 'createSite' | 'places' | 'place' | 'createPlace'>;

export function createSites({ database, ledger, clock }: { database: Database; ledger: Ledger; clock: Clock }): SiteParts {
  return {
    async sites(scope, page) {
      const { items, nextCursor } = await readPage(page, (limit) =>
        database.orm.select().from(sites).where(pageWhere({ id: sites.id, siteId: sites.id, scope, page })).orderBy(asc(sites.id)).limit(limit),
      );
      return { items: items.map(toSite), nextCursor };
    },

    async site(id) {
      return toSite(await siteRow(database.orm, id));
    },

    async createSite(input, by) {
      const row = { id: newId(), ...input, createdAt: new Date(clock.nowMs()) };
      try {
        await database.orm.insert(sites).values(row);
      } catch (thrown) {
        if (isUniqueViolation(thrown)) throw new HedgerowError('site.exists', `There is a site named "${input.name}".`, { cause: thrown });
        throw thrown;
      }
      await ledger.append({ actor: actorOf(by), action: 'site.create', objectType: 'site', objectId: row.id, outcome: 'ok', details: { name: row.name, retentionDays: row.retentionDays, requireDetector: row.requireDetector } });
      return toSite(row);
    },

    async places(scope, page) {
      const also = [page.siteId === undefined ? undefined : eq(places.siteId, page.siteId)];
      const { items, nextCursor } = await readPage(page, (limit) =>
        database.orm.select().from(places).where(pageWhere({ id: places.id, siteId: places.siteId, scope, page, also })).orderBy(asc(places.id)).limit(limit),
      );
      return { items: items.map(toPlace), nextCursor };
    },

    async place(id) {
      const row = isId(id) ? (await database.orm.select().from(places).where(eq(places.id, id)))[0] : undefined;
      if (!row) throw new HedgerowError('place.unknown', 'There is no such place.', { context: { placeId: id } });
      return toPlace(row);
    },

    async createPlace(input, by) {
      if (input.consent !== null && input.kind !== 'dwelling') {
        throw new HedgerowError('request.invalid', 'A consent belongs to a dwelling; a place of another kind has none.');
      }
      await siteRow(database.orm, input.siteId);
      const row = {
        id: newId(),
        siteId: input.siteId,
        kind: input.kind,
        name: input.name,
        position: input.position,
        consentReference: input.consent?.reference ?? null,
        consentUntil: input.consent?.until ?? null,
      };
      await database.orm.insert(places).values(row);
      const details = { siteId: row.siteId, kind: row.kind, name: row.name, consentReference: row.consentReference, consentUntil: row.consentUntil };
      await ledger.append({ actor: actorOf(by), action: 'place.create', objectType: 'place', objectId: row.id, outcome: 'ok', details });
      return toPlace(row);
    },
  };
}

/** @throws HedgerowError `site.unknown` */
export async function siteRow(executor: Executor, id: string, lock = false): Promise<typeof sites.$inferSelect> {
  if (isId(id)) {
    const query = executor.select().from(sites).where(and(eq(sites.id, id)));
    // Writers of one site's cameras wait for each other: two of them must not both find an address free.
    const [row] = lock ? await query.for('update') : await query;
    if (row) return row;
  }
  throw new HedgerowError('site.unknown', 'There is no such site.', { context: { siteId: id } });
}

function toSite(row: typeof sites.$inferSelect): Site {
  return { ...row, createdAt: toRfc3339(row.createdAt.getTime()) };
}

function toPlace(row: typeof places.$inferSelect): Place {
  const { consentReference, consentUntil, ...rest } = row;
  return {
    ...rest,
    kind: row.kind as Place['kind'],
    position: row.position ?? null,
    consent: consentReference === null || consentUntil === null ? null : { reference: consentReference, until: consentUntil },
  };
}
