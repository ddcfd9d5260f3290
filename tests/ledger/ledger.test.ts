import { eq, sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger, NewLedgerEntry } from '../../src/contract/auth-ports.js';
import type { Database } from '../../src/contract/database.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { ledgerEntries } from '../../src/db/schema/index.js';
import { leafHash } from '../../src/ledger/entry.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { eachDatabase } from '../support/databases.js';

const never = new AbortController().signal;
const entry = (n: number | string, details: NewLedgerEntry['details'] = {}): NewLedgerEntry => ({
  actor: 'user:1', action: 'test.done', objectType: 'thing', objectId: String(n), outcome: 'ok', details,
});

describe.each(eachDatabase())('$name', ({ open }) => {
  let database: Database;
  let clock: SimulatedClock;
  let ledger: Ledger;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  /** The database refuses to empty the table, so a test goes behind its back. */
  async function behindItsBack(statement: ReturnType<typeof sql>): Promise<void> {
    await database.orm.execute(sql`alter table ledger_entries disable trigger all`);
    await database.orm.execute(statement);
    await database.orm.execute(sql`alter table ledger_entries enable trigger all`);
  }
  beforeEach(() => {
    clock = new SimulatedClock();
    ledger = createLedger({ database, clock });
  });
  afterEach(() => behindItsBack(sql`delete from ledger_entries`));

  describe('ledger', () => {
    it('chains entries from 1 on, with the time of the clock', async () => {
      const first = await ledger.append(entry('a', { n: 1, s: '村', b: true, nothing: null }));
      await clock.advance(5000);
      const second = await ledger.append(entry('b'));
      expect(first).toMatchObject({ seq: 1, prevHash: '0'.repeat(64), tsUtc: '2026-01-01T00:00:00.000Z', details: { n: 1, s: '村', b: true, nothing: null } });
      expect(second).toMatchObject({ seq: 2, prevHash: first.hash, tsUtc: '2026-01-01T00:00:05.000Z' });
      expect(await ledger.verify(never)).toEqual({ entries: 2, brokenAt: null });
    });

    it('hashes leaves as RFC 6962 does (the hash of the empty leaf and of a known one)', () => {
      expect(leafHash('')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
      expect(leafHash('L123456')).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
    });

    it('an empty ledger holds', async () => {
      expect(await ledger.verify(never)).toEqual({ entries: 0, brokenAt: null });
      expect(await ledger.entries({ limit: 10 })).toEqual({ items: [], nextCursor: null });
    });

    it('puts many appends at once, of two processes, in one order without a gap', async () => {
      const other = createLedger({ database, clock });
      const all = await Promise.all(Array.from({ length: 250 }, (_, i) => (i % 2 ? ledger : other).append(entry(i))));
      expect(all.map((e) => e.seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
      expect(await ledger.verify(never)).toEqual({ entries: 250, brokenAt: null });
    });

    it('lists newest first in pages, and refuses a foreign cursor', async () => {
      await Promise.all(Array.from({ length: 7 }, (_, i) => ledger.append(entry(i))));
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await ledger.entries({ limit: 3, cursor });
        seen.push(...page.items.map((e) => e.seq));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
      for (const bad of ['x', '', Buffer.from('ledger:1; drop').toString('base64url')]) {
        await expect(ledger.entries({ limit: 3, cursor: bad })).rejects.toMatchObject({ code: 'request.cursor' });
      }
    });

    it('refuses update, delete and truncate in the database', async () => {
      await ledger.append(entry(1));
      for (const statement of [sql`update ledger_entries set hash = 'x'`, sql`delete from ledger_entries`, sql`truncate ledger_entries`]) {
        await expect(database.orm.execute(statement)).rejects.toThrow();
      }
      expect(await ledger.verify(never)).toEqual({ entries: 1, brokenAt: null });
    });

    it('refuses an entry that is too long or holds an object, and goes on', async () => {
      const bad = [entry(1, { big: 'x'.repeat(9000) }), entry('x'.repeat(500)), entry(1, { nan: Number.NaN }), { ...entry(1), details: { o: {} } } as unknown as NewLedgerEntry];
      for (const b of bad) await expect(ledger.append(b)).rejects.toMatchObject({ code: 'process.defect' });
      expect(await ledger.append(entry(2))).toMatchObject({ seq: 1 });
    });

    it('takes any text in the details and still verifies', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), fc.double({ noNaN: true, noDefaultInfinity: true }), async (text, number) => {
          const made = await ledger.append(entry(1, { text, number }));
          const [back] = (await ledger.entries({ limit: 1 })).items;
          expect(back).toEqual({ ...made, details: { text, number: number === 0 ? 0 : number } });
        }),
        { numRuns: 60 },
      );
      expect((await ledger.verify(never)).brokenAt).toBeNull();
    });

    it('an append that the database refused is told, and the next one follows the last that stood', async () => {
      await ledger.append(entry(1));
      const failing = createLedger({ clock, database: { ...database, transaction: () => Promise.reject(new Error('away')) } });
      await expect(failing.append(entry(2))).rejects.toThrow('away');
      expect(await ledger.append(entry(3))).toMatchObject({ seq: 2 });
    });

    it('stops when it is asked to', async () => {
      await expect(ledger.verify(AbortSignal.abort())).rejects.toMatchObject({ code: 'process.aborted' });
    });
  });

  describe('a changed ledger', () => {
    const columns = ['bytes', 'prev_hash', 'hash'] as const;

    it('is found for every flipped byte of every stored column', async () => {
      for (let i = 1; i <= 3; i++) await ledger.append(entry(i, { i }));
      for (let seq = 1; seq <= 3; seq++) {
        for (const column of columns) {
          const name = sql.identifier(column);
          const [row] = await database.orm.select({ text: sql<string>`${name}` }).from(ledgerEntries).where(eq(ledgerEntries.seq, seq));
          const text = row?.text ?? '';
          expect(text.length).toBeGreaterThan(0);
          for (let at = 0; at < text.length; at += column === 'bytes' ? 1 : 7) {
            const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
            await behindItsBack(sql`update ledger_entries set ${name} = ${flipped} where seq = ${seq}`);
            const verdict = await ledger.verify(never);
            expect(verdict.brokenAt, `${column}[${at}] of ${seq}`).toBe(seq);
          }
          await behindItsBack(sql`update ledger_entries set ${name} = ${text} where seq = ${seq}`);
        }
      }
      expect(await ledger.verify(never)).toEqual({ entries: 3, brokenAt: null });
    });

    it('is found when a row is gone, renumbered, put in front, or re-hashed alone', async () => {
      const tamper: [string, ReturnType<typeof sql>, number][] = [
        ['gone', sql`delete from ledger_entries where seq = 2`, 2],
        ['first gone', sql`delete from ledger_entries where seq = 1`, 1],
        ['renumbered', sql`update ledger_entries set seq = 9 where seq = 3`, 3],
        ['in front', sql`insert into ledger_entries values (0, '{}', 'x', 'y')`, 0],
      ];
      for (const [what, statement, brokenAt] of tamper) {
        for (let i = 1; i <= 3; i++) await ledger.append(entry(i));
        await behindItsBack(statement);
        expect((await ledger.verify(never)).brokenAt, what).toBe(brokenAt);
        await behindItsBack(sql`delete from ledger_entries`);
      }
      for (let i = 1; i <= 3; i++) await ledger.append(entry(i));
      const [row] = await database.orm.select().from(ledgerEntries).where(eq(ledgerEntries.seq, 2));
      const forged = (row?.bytes ?? '').replace('"outcome":"ok"', '"outcome":"refused"');
      await behindItsBack(sql`update ledger_entries set bytes = ${forged}, hash = ${leafHash(forged)} where seq = 2`);
      expect((await ledger.verify(never)).brokenAt).toBe(3);
    });

    it('an entry that cannot be read is named, not swallowed', async () => {
      await ledger.append(entry(1));
      await behindItsBack(sql`update ledger_entries set bytes = 'rubbish'`);
      await expect(ledger.entries({ limit: 1 })).rejects.toMatchObject({ code: 'ledger.broken', context: { seq: 1 } });
    });
  });
});
