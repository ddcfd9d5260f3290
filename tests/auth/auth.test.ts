import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Auth, Ledger } from '../../src/contract/auth-ports.js';
import type { Database } from '../../src/contract/database.js';
import type { Principal } from '../../src/contract/principal.js';
import { createAuth } from '../../src/auth/auth.js';
import { newId } from '../../src/core/ids.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { loginLinks, sessions, sites, tokens, users } from '../../src/db/schema/index.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { eachDatabase } from '../support/databases.js';

const system: Principal = { id: 'system', name: 'system', kind: 'system', grants: [] };
const password = 'correct horse battery';
describe.each(eachDatabase())('$name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  let ledger: Ledger;
  let auth: Auth;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    for (const table of [sessions, users, loginLinks, tokens]) await database.orm.delete(table);
    clock = new SimulatedClock();
    ledger = createLedger({ database, clock });
    auth = createAuth({ database, ledger, clock, config: { sessionHours: 12 }, adminToken: null });
  });

  const operator = (name = 'mei') => auth.createUser({ name, password, grants: [{ role: 'operator', siteId: null }] }, system);
  const lastActions = async (n: number): Promise<string[]> => (await ledger.entries({ limit: n })).items.map((e) => `${e.action} ${e.outcome}`);

  describe('log-in', () => {
    it('gives a session that is found again until it ends', async () => {
      const user = await operator();
      const opened = await auth.login(' Mei ', password, '10.0.0.1');
      expect(opened.principal).toEqual({ id: user.id, name: 'mei', kind: 'user', grants: [{ role: 'operator', siteId: null }] });
      expect(opened.expiresAtMs).toBe(clock.nowMs() + 12 * 3_600_000);
      expect(await auth.bySession(opened.sessionSecret)).toEqual(opened.principal);
      await clock.advance(12 * 3_600_000);
      expect(await auth.bySession(opened.sessionSecret)).toBeUndefined();
      expect(await lastActions(2)).toEqual(['session.login ok', 'user.create ok']);
    });

    it('keeps no secret: not the password, not the session, not the token', async () => {
      await operator();
      const { sessionSecret } = await auth.login('mei', password, '10.0.0.1');
      const { secret } = await auth.createToken({ name: 't', grants: [{ role: 'auditor', siteId: null }], expiresAt: null }, system);
      const link = await auth.createLink(60_000);
      const everything = JSON.stringify([
        await database.orm.select().from(users), await database.orm.select().from(sessions), await database.orm.select().from(tokens),
        await database.orm.select().from(loginLinks), (await ledger.entries({ limit: 500 })).items,
      ]);
      for (const hidden of [password, sessionSecret, secret, link]) expect(everything).not.toContain(hidden);
      expect(everything).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    });

    it('answers an unknown name and a wrong password alike, and writes down no unknown name', async () => {
      await operator();
      const wrong = await auth.login('mei', 'not the password', '10.0.0.1').catch((e: unknown) => e as Error);
      const unknown = await auth.login('my password 123', 'x', '10.0.0.1').catch((e: unknown) => e as Error);
      expect(wrong).toMatchObject({ code: 'auth.failed' });
      expect(unknown).toMatchObject({ code: 'auth.failed', message: (wrong as Error).message });
      expect(JSON.stringify((await ledger.entries({ limit: 5 })).items)).not.toContain('my password 123');
      expect(await lastActions(2)).toEqual(['session.login refused', 'session.login refused']);
    });

    it('does the work of a hash for an unknown name as well', async () => {
      await operator();
      await auth.login('nobody', 'warm up', '10.0.0.9').catch(() => undefined);
      const best = { mei: Infinity, nobody: Infinity };
      // In turns, and the best of each, so that a busy machine slows both; only a short cut can make one much quicker.
      for (let i = 0; i < 6; i++) {
        for (const name of ['mei', 'nobody'] as const) {
          const start = performance.now();
          await auth.login(name, 'wrong', `10.1.0.${i}`).catch(() => undefined);
          best[name] = Math.min(best[name], performance.now() - start);
        }
      }
      expect(best.nobody).toBeGreaterThan(best.mei * 0.3);
    });

    it('slows down a guesser by name and address; the owner gets in from elsewhere', async () => {
      await operator();
      for (let i = 0; i < 5; i++) await expect(auth.login('mei', `guess ${i}`, '10.0.0.1')).rejects.toMatchObject({ code: 'auth.failed' });
      await expect(auth.login('mei', password, '10.0.0.1')).rejects.toMatchObject({ code: 'request.rate', context: { retryAfterMs: 30_000 } });
      await auth.login('mei', password, '10.0.0.2');
      await clock.advance(30_000);
      await auth.login('mei', password, '10.0.0.1');
    });

    it('counts tries that are made at once', async () => {
      await operator();
      const codes = await Promise.all(Array.from({ length: 20 }, () => auth.login('mei', 'guess', '10.0.0.1').catch((e: unknown) => (e as { code: string }).code)));
      expect(codes.filter((c) => c === 'auth.failed')).toHaveLength(5);
      expect(codes.filter((c) => c === 'request.rate')).toHaveLength(15);
      expect((await ledger.entries({ limit: 100 })).items.filter((e) => e.action === 'session.throttled' && e.tsUtc === '2026-01-01T00:00:00.000Z')).not.toHaveLength(15);
    });

    it('slows down a guesser with many addresses, but not the owner at an address that is known', async () => {
      await operator();
      await auth.login('mei', password, '10.0.0.1');
      const codes: string[] = [];
      for (let i = 0; i < 40; i++) codes.push(await auth.login('mei', 'guess', `10.9.0.${i}`).then(() => 'in', (e: unknown) => (e as { code: string }).code));
      expect(codes.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'auth.failed'));
      expect(codes.at(-1)).toBe('request.rate');
      await auth.login('mei', password, '10.0.0.1');
      await auth.createUser({ name: 'lin', password, grants: [{ role: 'operator', siteId: null }] }, system);
      await auth.login('lin', password, '10.9.0.1');
    });

    it('does not hash a password that nobody can have', async () => {
      await operator();
      await expect(auth.login('mei', 'x'.repeat(1_000_000), '10.0.0.1')).rejects.toMatchObject({ code: 'auth.failed' });
    });

    it('grants nothing when the ledger cannot be written', async () => {
      await operator();
      const down: Ledger = { ...ledger, append: () => Promise.reject(new Error('ledger down')) };
      const cut = createAuth({ database, ledger: down, clock, config: { sessionHours: 1 }, adminToken: null });
      await expect(cut.login('mei', password, '10.0.0.1')).rejects.toThrow('ledger down');
      expect(await database.orm.select().from(sessions)).toEqual([]);
      await expect(cut.createUser({ name: 'eve', password, grants: [{ role: 'admin', siteId: null }] }, system)).rejects.toThrow('ledger down');
      expect((await auth.users({ limit: 10 })).items.map((u) => u.name)).toEqual(['mei']);
      await expect(cut.createToken({ name: 'x', grants: [{ role: 'admin', siteId: null }], expiresAt: null }, system)).rejects.toThrow('ledger down');
      expect((await auth.tokens({ limit: 10 })).items).toEqual([]);
    });
  });

  describe('session', () => {
    it('ends at log-out, and with its user', async () => {
      const user = await operator();
      const [a, b] = [await auth.login('mei', password, '1.1.1.1'), await auth.login('mei', password, '1.1.1.1')];
      await auth.logout(a.sessionSecret);
      expect(await auth.bySession(a.sessionSecret)).toBeUndefined();
      expect(await auth.bySession(b.sessionSecret)).toBeDefined();
      await auth.removeUser(user.id, system);
      expect(await auth.bySession(b.sessionSecret)).toBeUndefined();
      await auth.logout('never was one');
    });

    it('has the grants that its user has now', async () => {
      const user = await operator();
      const { sessionSecret } = await auth.login('mei', password, '1.1.1.1');
      await database.orm.update(users).set({ grants: [{ role: 'auditor', siteId: null }] }).where(eq(users.id, user.id));
      expect((await auth.bySession(sessionSecret))?.grants).toEqual([{ role: 'auditor', siteId: null }]);
    });

    it('rows that have ended are swept', async () => {
      await operator();
      await auth.login('mei', password, '1.1.1.1');
      await clock.advance(13 * 3_600_000);
      await auth.login('mei', password, '1.1.1.1');
      expect(await database.orm.select().from(sessions)).toHaveLength(1);
    });

    it.each(['', 'x', '\0', "' or 1=1 --", 'A'.repeat(43), 'A'.repeat(100_000), '村'.repeat(43)])('no session for garbage %#', async (garbage) => {
      expect(await auth.bySession(garbage)).toBeUndefined();
      expect(await auth.byToken(garbage)).toBeUndefined();
      expect(await auth.byToken(`hgt_${garbage}`)).toBeUndefined();
    });
  });

  describe('one-time link', () => {
    it('opens a session of the fleet admin once, even when many use it at once', async () => {
      const secret = await auth.createLink(60_000);
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => auth.redeemLink(secret, `10.0.0.${i}`)));
      const won = outcomes.filter((o) => o.status === 'fulfilled');
      expect(won).toHaveLength(1);
      expect(won[0]?.value.principal.grants).toEqual([{ role: 'admin', siteId: null }]);
      expect(await auth.bySession(won[0]?.value.sessionSecret ?? '')).toEqual(won[0]?.value.principal);
      for (const o of outcomes) if (o.status === 'rejected') expect(o.reason).toMatchObject({ code: 'auth.failed' });
    });

    it('is no good after its time, and garbage never is', async () => {
      const secret = await auth.createLink(60_000);
      await clock.advance(60_000);
      await expect(auth.redeemLink(secret, '1.1.1.1')).rejects.toMatchObject({ code: 'auth.failed' });
      await expect(auth.redeemLink('', '1.1.1.1')).rejects.toMatchObject({ code: 'auth.failed' });
      expect(await lastActions(1)).toEqual(['session.link refused']);
    });
  });

  describe('token', () => {
    it('names its grants, ends, and can be removed', async () => {
      const { token, secret } = await auth.createToken({ name: 'probe', grants: [{ role: 'auditor', siteId: null }], expiresAt: '2026-01-01T01:00:00.000Z' }, system);
      expect(secret).toMatch(/^hgt_[\w-]{43}$/);
      expect(await auth.byToken(secret)).toEqual({ id: token.id, name: 'probe', kind: 'token', grants: token.grants });
      await clock.advance(3_600_000);
      expect(await auth.byToken(secret)).toBeUndefined();
      const forever = await auth.createToken({ name: 'p2', grants: [{ role: 'auditor', siteId: null }], expiresAt: null }, system);
      await auth.removeToken(forever.token.id, system);
      expect(await auth.byToken(forever.secret)).toBeUndefined();
      await expect(auth.removeToken(forever.token.id, system)).rejects.toMatchObject({ code: 'token.unknown' });
      await expect(auth.removeToken('rubbish', system)).rejects.toMatchObject({ code: 'token.unknown' });
    });

    it('remembers its last use, at most once a minute', async () => {
      const { secret } = await auth.createToken({ name: 'probe', grants: [{ role: 'auditor', siteId: null }], expiresAt: null }, system);
      const lastUse = async () => (await auth.tokens({ limit: 1 })).items[0]?.lastUsedAt;
      expect(await lastUse()).toBeNull();
      await auth.byToken(secret);
      await clock.advance(30_000);
      await auth.byToken(secret);
      expect(await lastUse()).toBe('2026-01-01T00:00:00.000Z');
      await clock.advance(31_000);
      await auth.byToken(secret);
      expect(await lastUse()).toBe('2026-01-01T00:01:01.000Z');
    });
  });

  describe('bootstrap token', () => {
    const make = (adminToken: string | null) => createAuth({ database, ledger, clock, config: { sessionHours: 1 }, adminToken });

    it('is an admin of the fleet', async () => {
      const found = await make('sixteen-chars-ok').byToken('sixteen-chars-ok');
      expect(found).toMatchObject({ id: 'bootstrap', grants: [{ role: 'admin', siteId: null }] });
      expect(await make('sixteen-chars-ok').byToken('sixteen-chars-oK')).toBeUndefined();
      expect(await make(null).byToken('')).toBeUndefined();
      expect(await make('').byToken('')).toBeUndefined();
    });

    it.each(['fifteen-chars..', 'with blanks in between', 'with\nnewline-in-between', '村庄村庄村庄村庄村庄村庄村庄村庄村庄'])('is refused when it is short or cannot be sent: %j', (bad) => {
      expect(() => make(bad)).toThrow(expect.objectContaining({ code: 'config.invalid' }) as Error);
    });
  });

  describe('users', () => {
    it('come in pages, once a name, and only from an administrator of the whole fleet', async () => {
      for (const name of ['ab', 'cd', 'ef']) await operator(name);
      const first = await auth.users({ limit: 2 });
      const second = await auth.users({ limit: 2, cursor: first.nextCursor ?? '' });
      expect([...first.items, ...second.items].map((u) => u.name)).toEqual(['ab', 'cd', 'ef']);
      expect(second.nextCursor).toBeNull();
      await expect(auth.users({ limit: 2, cursor: 'bm90IG91cnM' })).rejects.toMatchObject({ code: 'request.cursor' });
      await expect(operator('ab')).rejects.toMatchObject({ code: 'user.exists' });
      const siteId = newId();
      for (const grants of [[], [{ role: 'operator', siteId: null }], [{ role: 'admin', siteId }]] as Principal['grants'][]) {
        const by: Principal = { id: newId(), name: 'x', kind: 'user', grants };
        await expect(auth.createUser({ name: 'eve', password, grants: [{ role: 'admin', siteId: null }] }, by)).rejects.toMatchObject({ code: 'auth.forbidden' });
        await expect(auth.removeUser(first.items[0]?.id ?? '', by)).rejects.toMatchObject({ code: 'auth.forbidden' });
        await expect(auth.createToken({ name: 'eve', grants: [{ role: 'admin', siteId: null }], expiresAt: null }, by)).rejects.toMatchObject({ code: 'auth.forbidden' });
      }
    });

    it('get roles on sites that exist', async () => {
      const siteId = newId();
      await expect(auth.createUser({ name: 'mei', password, grants: [{ role: 'operator', siteId }] }, system)).rejects.toMatchObject({ code: 'site.unknown' });
      await database.orm.insert(sites).values({ id: siteId, name: `site ${siteId}`, timeZone: 'UTC', boundary: [], retentionDays: 1, createdAt: new Date(0) });
      await auth.createUser({ name: 'mei', password, grants: [{ role: 'operator', siteId }] }, system);
      expect((await ledger.entries({ limit: 1 })).items[0]).toMatchObject({ action: 'user.create', actor: 'system', details: { name: 'mei', grants: `operator@${siteId}` } });
    });
  });
});
