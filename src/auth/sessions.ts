/**
 * Sessions and one-time links: rows that hold the hash of a secret, the grants, and an end. A user's session has the
 * grants that the user has now; a link's session those of the link.
 */
import { and, eq, gt, isNull, lt } from 'drizzle-orm';
import type { Database } from '../contract/database.js';
import type { Grant, Principal } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { loginLinks, sessions, users } from '../db/schema/index.js';
import { hashSecret, newSecret } from './secrets.js';

/** A session outlives its use as a row by this, so that clean-up needs no job of its own. */
const linkKeptMs = 86_400_000;

export interface Opened {
  readonly sessionSecret: string;
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

export interface Sessions {
  open(who: { userId: string | null; name: string; grants: readonly Grant[] }): Promise<Opened>;
  close(secret: string): Promise<Principal | undefined>;
  find(secret: string): Promise<Principal | undefined>;
  createLink(grants: readonly Grant[], lifeMs: number): Promise<string>;
  /** Uses the link up. @returns its grants, or undefined when it is unknown, used or too old */
  takeLink(secret: string): Promise<readonly Grant[] | undefined>;
}

export function createSessions({ database, clock, sessionMs }: { database: Database; clock: Clock; sessionMs: number }): Sessions {
  const now = (): Date => new Date(clock.nowMs());

  async function find(secret: string): Promise<Principal | undefined> {
    const secretHash = hashSecret(secret);
    const [row] = await database.orm
      .select({ userId: sessions.userId, name: sessions.name, grants: sessions.grants, userGrants: users.grants })
      .from(sessions)
      .leftJoin(users, eq(users.id, sessions.userId))
      .where(and(eq(sessions.secretHash, secretHash), gt(sessions.expiresAt, now())));
    if (!row) return undefined;
    if (row.userId === null) return principalOf(null, row.name, row.grants, secretHash);
    return row.userGrants ? principalOf(row.userId, row.name, row.userGrants, secretHash) : undefined;
  }

  return {
    find,

    async open({ userId, name, grants }) {
      const sessionSecret = newSecret('');
      const secretHash = hashSecret(sessionSecret);
      const expiresAtMs = clock.nowMs() + sessionMs;
      await database.orm.delete(sessions).where(lt(sessions.expiresAt, now()));
      await database.orm.insert(sessions).values({ secretHash, userId, name, grants: [...grants], expiresAt: new Date(expiresAtMs) });
      return { sessionSecret, principal: principalOf(userId, name, grants, secretHash), expiresAtMs };
    },

    async close(secret) {
      const principal = await find(secret);
      await database.orm.delete(sessions).where(eq(sessions.secretHash, hashSecret(secret)));
      return principal;
    },

    async createLink(grants, lifeMs) {
      const secret = newSecret('hgl_');
      await database.orm.delete(loginLinks).where(lt(loginLinks.expiresAt, new Date(clock.nowMs() - linkKeptMs)));
      await database.orm.insert(loginLinks).values({ secretHash: hashSecret(secret), grants: [...grants], expiresAt: new Date(clock.nowMs() + lifeMs) });
      return secret;
    },

    async takeLink(secret) {
      const [row] = await database.orm
        .update(loginLinks)
        .set({ usedAt: now() })
        .where(and(eq(loginLinks.secretHash, hashSecret(secret)), isNull(loginLinks.usedAt), gt(loginLinks.expiresAt, now())))
        .returning({ grants: loginLinks.grants });
      return row?.grants;
    },
  };
}

function principalOf(userId: string | null, name: string, grants: readonly Grant[], secretHash: string): Principal {
  return { id: userId ?? `link-${secretHash.slice(0, 12)}`, name, kind: 'user', grants };
}
