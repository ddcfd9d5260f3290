/** Users and API tokens: rows, pages of them, and who may make them. Secrets leave once, in the answer that made them. */
import { and, asc, eq, gt, inArray, isNull, lt, or } from 'drizzle-orm';
import type { Auth, NewToken, NewUser, Token, User } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import type { Page, PageQuery } from '../contract/page.js';
import { scopeOf, type Grant, type Principal } from '../contract/principal.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { isId, newId } from '../core/ids.js';
import { sites, tokens, users } from '../db/schema/index.js';
import type { Passwords } from './passwords.js';
import { hashSecret, newSecret } from './secrets.js';

/** The time of a token's last use is written at most this often. */
const lastUsedEveryMs = 60_000;

type Accounts = Pick<Auth, 'users' | 'tokens'> & {
  findUser(name: string): Promise<{ id: string; passwordHash: string; grants: Grant[] } | undefined>;
  findToken(secret: string): Promise<Principal | undefined>;
  createUser(input: NewUser, by: Principal): Promise<User>;
  /** @returns what was removed */
  removeUser(id: string, by: Principal): Promise<User>;
  createToken(input: NewToken, by: Principal): Promise<{ token: Token; secret: string }>;
  removeToken(id: string, by: Principal): Promise<Token>;
};

export function createAccounts({ database, clock, passwords }: { database: Database; clock: Clock; passwords: Passwords }): Accounts {
  const now = (): Date => new Date(clock.nowMs());

  async function mayGrant(by: Principal, grants: readonly Grant[]): Promise<void> {
    mustRule(by);
    const siteIds = [...new Set(grants.flatMap((g) => (g.siteId === null ? [] : [g.siteId])))];
    if (siteIds.length === 0) return;
    const found = await database.orm.select({ id: sites.id }).from(sites).where(inArray(sites.id, siteIds));
    const missing = siteIds.find((id) => !found.some((site) => site.id === id));
    if (missing !== undefined) throw new HedgerowError('site.unknown', `There is no site ${missing} to grant a role on.`, { context: { siteId: missing } });
  }

  return {
    async findUser(name) {
      const [row] = await database.orm.select().from(users).where(eq(users.name, name));
      return row;
    },

    async findToken(secret) {
      const [row] = await database.orm
        .select()
        .from(tokens)
        .where(and(eq(tokens.secretHash, hashSecret(secret)), or(isNull(tokens.expiresAt), gt(tokens.expiresAt, now()))));
      if (!row) return undefined;
      const stale = new Date(clock.nowMs() - lastUsedEveryMs);
      if (row.lastUsedAt === null || row.lastUsedAt < stale) {
        await database.orm
          .update(tokens)
          .set({ lastUsedAt: now() })
          .where(and(eq(tokens.id, row.id), or(isNull(tokens.lastUsedAt), lt(tokens.lastUsedAt, stale))));
      }
      return { id: row.id, name: row.name, kind: 'token', grants: row.grants };
    },

    async users(page): Promise<Page<User>> {
      const rows = await database.orm.select().from(users).where(after(users.id, page)).orderBy(asc(users.id)).limit(page.limit + 1);
      return pageFrom(rows.map(userOf), page);
    },

    async createUser(input, by) {
      await mayGrant(by, input.grants);
      const row = { id: newId(), name: input.name, passwordHash: await passwords.hash(input.password), grants: input.grants, createdAt: now() };
      const made = await database.orm.insert(users).values(row).onConflictDoNothing({ target: users.name }).returning({ id: users.id });
      if (made.length === 0) throw new HedgerowError('user.exists', `There is a user "${input.name}" already.`);
      return userOf(row);
    },

    async removeUser(id, by) {
      mustRule(by);
      const [row] = isId(id) ? await database.orm.delete(users).where(eq(users.id, id)).returning() : [];
      if (!row) throw new HedgerowError('user.unknown', `There is no user ${id}.`);
      return userOf(row);
    },

    async tokens(page): Promise<Page<Token>> {
      const rows = await database.orm.select().from(tokens).where(after(tokens.id, page)).orderBy(asc(tokens.id)).limit(page.limit + 1);
      return pageFrom(rows.map(tokenOf), page);
    },

    async createToken(input, by) {
      await mayGrant(by, input.grants);
      const secret = newSecret('hgt_');
      const expiresAt = input.expiresAt === null ? null : new Date(input.expiresAt);
      const row = { id: newId(), secretHash: hashSecret(secret), name: input.name, grants: input.grants, createdAt: now(), expiresAt, lastUsedAt: null };
      await database.orm.insert(tokens).values(row);
      return { token: tokenOf(row), secret };
    },

    async removeToken(id, by) {
      mustRule(by);
      const [row] = isId(id) ? await database.orm.delete(tokens).where(eq(tokens.id, id)).returning() : [];
      if (!row) throw new HedgerowError('token.unknown', `There is no token ${id}.`);
      return tokenOf(row);
    },
  };
}

/** Whoever hands out roles can hand himself any: only the fleet's admins and the program itself may. */
function mustRule(by: Principal): void {
  if (by.kind !== 'system' && scopeOf(by, ['admin']) !== 'all') {
    throw new HedgerowError('auth.forbidden', 'Only an administrator of the whole fleet makes and removes users and tokens.');
  }
}

function userOf(row: typeof users.$inferSelect): User {
  return { id: row.id, name: row.name, grants: row.grants, createdAt: toRfc3339(row.createdAt.getTime()) };
}

function tokenOf(row: typeof tokens.$inferSelect): Token {
  const time = (at: Date | null): string | null => (at === null ? null : toRfc3339(at.getTime()));
  return { id: row.id, name: row.name, grants: row.grants, createdAt: toRfc3339(row.createdAt.getTime()), expiresAt: time(row.expiresAt), lastUsedAt: time(row.lastUsedAt) };
}

/** Ids sort by the time they were made, so the last id of a page is its cursor. */
function after(column: typeof users.id | typeof tokens.id, page: PageQuery) {
  if (page.cursor === undefined) return undefined;
  const id = Buffer.from(page.cursor, 'base64url').toString('utf8');
  if (!isId(id)) throw new HedgerowError('request.cursor', 'The cursor is not one of this list.');
  return gt(column, id);
}

function pageFrom<T extends { id: string }>(rows: readonly T[], page: PageQuery): Page<T> {
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > page.limit && last ? Buffer.from(last.id).toString('base64url') : null };
}
