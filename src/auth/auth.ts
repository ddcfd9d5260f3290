/**
 * Who asks: puts users, sessions, links, tokens and the bootstrap token together behind one port, and writes logins,
 * refusals and every change of a role into the ledger. Must not decide what a principal may do: routes do.
 */
import type { Auth, Ledger, NewLedgerEntry } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import { actorOf, type Grant, type Principal } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { createAccounts } from './accounts.js';
import { createPasswords } from './passwords.js';
import { sameSecret } from './secrets.js';
import { createSessions, type Opened } from './sessions.js';
import { createThrottle } from './throttle.js';

const minAdminTokenChars = 16;
const wholeFleet: readonly Grant[] = [{ role: 'admin', siteId: null }];
const bootstrap: Principal = { id: 'bootstrap', name: 'bootstrap token', kind: 'token', grants: wholeFleet };
/** Refusals without a try (throttled) are written once a minute for an address. */
const throttledEveryMs = 60_000;
const maxThrottledAddresses = 10_000;

export interface AuthDependencies {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly config: { readonly sessionHours: number };
  /** HEDGEROW_ADMIN_TOKEN; null or empty: there is none */
  readonly adminToken: string | null;
}

/** @throws HedgerowError `config.invalid` when the bootstrap token is shorter than 16 characters or cannot be sent in a header */
export function createAuth({ database, ledger, clock, config, adminToken: givenToken }: AuthDependencies): Auth {
  const adminToken = givenToken === '' ? null : givenToken;
  if (adminToken !== null && adminToken.length < minAdminTokenChars) {
    throw new HedgerowError('config.invalid', `HEDGEROW_ADMIN_TOKEN has fewer than ${minAdminTokenChars} characters. Make one with: openssl rand -hex 24`);
  }
  if (adminToken !== null && !/^[\x21-\x7e]{1,400}$/.test(adminToken)) {
    throw new HedgerowError('config.invalid', 'HEDGEROW_ADMIN_TOKEN cannot be sent in a header: use up to 400 visible ASCII characters without blanks.');
  }
  const passwords = createPasswords();
  const throttle = createThrottle(clock);
  const sessions = createSessions({ database, clock, sessionMs: config.sessionHours * 3_600_000 });
  const accounts = createAccounts({ database, clock, passwords });
  const throttledSince = new Map<string, number>();

  function record(actor: string, action: string, objectType: string, objectId: string, outcome: NewLedgerEntry['outcome'], details: NonNullable<NewLedgerEntry['details']> = {}): Promise<unknown> {
    return ledger.append({ actor, action, objectType, objectId, outcome, details });
  }

  async function mayTry(name: string | null, ip: string): Promise<void> {
    const retryAfterMs = throttle.begin(name, ip);
    if (retryAfterMs === 0) return;
    const since = throttledSince.get(ip);
    if (since === undefined || clock.monotonicMs() - since >= throttledEveryMs) {
      if (throttledSince.size >= maxThrottledAddresses) throttledSince.clear();
      throttledSince.set(ip, clock.monotonicMs());
      await record('anonymous', 'session.throttled', 'address', ip.slice(0, 100), 'refused');
    }
    throw new HedgerowError('request.rate', `Too many tries. Try again in ${Math.ceil(retryAfterMs / 1000)} seconds.`, { context: { retryAfterMs } });
  }

  /** What the ledger does not know of is not granted. */
  async function orTakeBack(write: Promise<unknown>, takeBack: () => Promise<unknown>): Promise<void> {
    try {
      await write;
    } catch (thrown) {
      await takeBack();
      throw thrown;
    }
  }

  async function openRecorded(who: Parameters<typeof sessions.open>[0], how: string, ip: string): Promise<Opened> {
    const opened = await sessions.open(who);
    const write = record(actorOf(opened.principal), `session.${how}`, 'user', opened.principal.id, 'ok', { ip: ip.slice(0, 100) });
    await orTakeBack(write, () => sessions.close(opened.sessionSecret));
    return opened;
  }

  return {
    async login(givenName, password, ip) {
      const name = givenName.trim().toLowerCase().slice(0, 64);
      await mayTry(name, ip);
      const user = await accounts.findUser(name);
      // Longer passwords than can be set are not hashed: work would be theirs to choose.
      const right = await passwords.verify(password.length > 200 ? '' : password, user?.passwordHash);
      if (!user || !right) {
        // An unknown name is not written down: people type their password into that field.
        await record('anonymous', 'session.login', 'user', user?.id ?? 'unknown', 'refused', { ip: ip.slice(0, 100) });
        throw wrong();
      }
      throttle.succeeded(name, ip);
      return openRecorded({ userId: user.id, name, grants: user.grants }, 'login', ip);
    },

    async redeemLink(secret, ip) {
      await mayTry(null, ip);
      const grants = await sessions.takeLink(secret);
      if (!grants) {
        await record('anonymous', 'session.link', 'user', 'unknown', 'refused', { ip: ip.slice(0, 100) });
        throw wrong();
      }
      throttle.succeeded(null, ip);
      return openRecorded({ userId: null, name: 'one-time link', grants }, 'link', ip);
    },

    async createLink(lifeMs) {
      const secret = await sessions.createLink(wholeFleet, lifeMs);
      await record('system', 'link.create', 'link', 'one-time', 'ok', { lifeMs });
      return secret;
    },

    async logout(sessionSecret) {
      const principal = await sessions.close(sessionSecret);
      if (principal) await record(actorOf(principal), 'session.logout', 'user', principal.id, 'ok');
    },

    async bySession(sessionSecret) {
      return isSecret(sessionSecret, '') ? sessions.find(sessionSecret) : undefined;
    },

    async byToken(secret) {
      if (adminToken !== null && sameSecret(secret, adminToken)) return bootstrap;
      return isSecret(secret, 'hgt_') ? accounts.findToken(secret) : undefined;
    },

    users: (page) => accounts.users(page),
    tokens: (page) => accounts.tokens(page),

    async createUser(input, by) {
      const user = await accounts.createUser(input, by);
      const write = record(actorOf(by), 'user.create', 'user', user.id, 'ok', { name: user.name, grants: wordsOf(user.grants) });
      await orTakeBack(write, () => accounts.removeUser(user.id, by));
      return user;
    },

    async removeUser(id, by) {
      const user = await accounts.removeUser(id, by);
      await record(actorOf(by), 'user.remove', 'user', user.id, 'ok', { name: user.name, grants: wordsOf(user.grants) });
    },

    async createToken(input, by) {
      const made = await accounts.createToken(input, by);
      const write = record(actorOf(by), 'token.create', 'token', made.token.id, 'ok', { name: made.token.name, grants: wordsOf(made.token.grants) });
      await orTakeBack(write, () => accounts.removeToken(made.token.id, by));
      return made;
    },

    async removeToken(id, by) {
      const token = await accounts.removeToken(id, by);
      await record(actorOf(by), 'token.remove', 'token', token.id, 'ok', { name: token.name, grants: wordsOf(token.grants) });
    },
  };
}

function wrong(): HedgerowError {
  return new HedgerowError('auth.failed', 'The name and password, or the link, do not fit, or are no longer good.');
}

function isSecret(text: string, prefix: string): boolean {
  return text.length === prefix.length + 43 && text.startsWith(prefix) && /^[\w-]+$/.test(text);
}

/** `admin@* operator@<site>`, cut to what an entry may hold. */
function wordsOf(grants: readonly Grant[]): string {
  return grants.map((g) => `${g.role}@${g.siteId ?? '*'}`).join(' ').slice(0, 8000);
}
