/** Credential sets of a site, sealed for their own row; onboarding tries them in order on cameras of that site alone. */
import { asc, eq } from 'drizzle-orm';
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { CredentialSet, CredentialSets } from '../contract/credential-set.js';
import type { Database } from '../contract/database.js';
import { actorOf } from '../contract/principal.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId, newId } from '../core/ids.js';
import { credentialSets } from '../db/schema/register.js';
import { isUniqueViolation } from '../db/sql-state.js';
import type { Login } from './login-budget.js';
import { pageWhere, readPage } from './paging.js';
import { siteRow } from './sites.js';

type SetRow = typeof credentialSets.$inferSelect;

export function createCredentialSets({ database, sealer, ledger, clock }: { database: Database; sealer: Sealer; ledger: Ledger; clock: Clock }): CredentialSets {
  async function get(id: string): Promise<CredentialSet> {
    const row = isId(id) ? (await database.orm.select().from(credentialSets).where(eq(credentialSets.id, id)))[0] : undefined;
    if (!row) throw unknownSet(id);
    return toSet(row);
  }

  return {
    get,

    async list(scope, page) {
      const also = [page.siteId === undefined ? undefined : eq(credentialSets.siteId, page.siteId)];
      const { items, nextCursor } = await readPage(page, (limit) =>
        database.orm.select().from(credentialSets).where(pageWhere({ id: credentialSets.id, siteId: credentialSets.siteId, scope, page, also })).orderBy(asc(credentialSets.id)).limit(limit),
      );
      return { items: items.map(toSet), nextCursor };
    },

    async create({ password, ...input }, by) {
      const id = newId();
      const row: SetRow = { id, ...input, sealedPassword: sealer.seal(password, context(id)), createdAt: new Date(clock.nowMs()) };
      await siteRow(database.orm, row.siteId);
      try {
        await database.orm.insert(credentialSets).values(row);
      } catch (thrown) {
        if (isUniqueViolation(thrown)) throw new HedgerowError('credential-set.exists', `There is a credential set named "${row.name}" on this site.`, { cause: thrown });
        throw thrown;
      }
      await ledger.append({ actor: actorOf(by), action: 'credential-set.create', objectType: 'credential-set', objectId: id, outcome: 'ok', details: { siteId: row.siteId, name: row.name, order: row.order } });
      return toSet(row);
    },

    async remove(id, by) {
      const [row] = isId(id) ? await database.orm.delete(credentialSets).where(eq(credentialSets.id, id)).returning() : [];
      if (!row) throw unknownSet(id);
      await ledger.append({ actor: actorOf(by), action: 'credential-set.remove', objectType: 'credential-set', objectId: id, outcome: 'ok', details: { siteId: row.siteId, name: row.name } });
    },
  };
}

/** A log-in that onboarding may try. Lives in memory only. */
export interface SetLogin extends Login {
  readonly name: string;
}

/**
 * Opens the sets of one site, the lowest order first.
 * @throws HedgerowError `config.key` when the sealing key is another one
 */
export async function openCredentialSets({ database, sealer }: { database: Database; sealer: Pick<Sealer, 'open'> }, siteId: string): Promise<SetLogin[]> {
  const rows = await database.orm.select().from(credentialSets).where(eq(credentialSets.siteId, siteId)).orderBy(asc(credentialSets.order), asc(credentialSets.id));
  return rows.map(({ id, name, username, sealedPassword }) => ({ name, username, password: sealer.open(sealedPassword, context(id)) }));
}

function context(id: string): string {
  return `credential-set:${id}`;
}

function unknownSet(id: string): HedgerowError {
  return new HedgerowError('credential-set.unknown', 'There is no such credential set.', { context: { credentialSetId: id } });
}

function toSet({ id, siteId, name, username, order, createdAt }: SetRow): CredentialSet {
  return { id, siteId, name, username, order, createdAt: toRfc3339(createdAt.getTime()) };
}
