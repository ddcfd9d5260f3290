/** One suite for both databases, on the real thing: PGlite in memory and on disk, Postgres. */
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Database, Executor } from '../../src/contract/database.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { sites } from '../../src/db/schema/index.js';
import { isUniqueViolation, sqlStateOf } from '../../src/db/sql-state.js';
import { eachDatabase } from '../support/databases.js';
import { testSite } from '../support/pictures.js';
import { services } from '../support/services.js';

if (!services.postgres) describe.skip('database: Postgres (needs Postgres)', () => it('conforms', () => undefined));

describe.each(eachDatabase(['memory', 'disk', 'postgres']))('database: $name', ({ name, open }) => {
  let database: Database;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  const named = async (id: string) => (await database.orm.select().from(sites).where(eq(sites.id, id)))[0];

  it('answers a probe', () => database.probe());

  it('is migrated, and migrating again changes nothing', async () => {
    await database.migrate();
    await database.migrate();
    const count = (await database.orm.execute(sql`select count(*)::int as n from drizzle.__drizzle_migrations`)) as { rows: { n: number }[] };
    expect(count.rows[0]?.n).toBeGreaterThan(0);
  });

  it('keeps text, JSON and milliseconds as they are', async () => {
    const id = newId();
    const createdAt = new Date(Date.UTC(2026, 5, 7, 8, 9, 10, 123));
    const row = { id, name: `Weidendorf 柳村 "' \\ ${id}`, timeZone: 'Asia/Shanghai', boundary: [[104.1, 30.6]] as [number, number][], requireDetector: true, retentionDays: 7, createdAt };
    await database.orm.insert(sites).values(row);
    expect(await named(id)).toEqual(row);
  });

  it('commits what a transaction did, and nothing of one that threw', async () => {
    const kept = newId();
    const dropped = newId();
    const answer = await database.transaction(async (tx) => {
      await testSiteIn(tx, kept);
      return 'done';
    });
    expect(answer).toBe('done');
    await expect(
      database.transaction(async (tx) => {
        await testSiteIn(tx, dropped);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await named(kept)).toBeDefined();
    expect(await named(dropped)).toBeUndefined();
  });

  it('rolls a nested transaction back alone', async () => {
    const [outer, inner] = [newId(), newId()];
    await database.transaction(async (tx) => {
      await testSiteIn(tx, outer);
      await tx
        .transaction(async (nested) => {
          await nested.insert(sites).values(siteRow(inner));
          throw new Error('inner');
        })
        .catch(() => undefined);
    });
    expect(await named(outer)).toBeDefined();
    expect(await named(inner)).toBeUndefined();
  });

  it('lets no query slip out of a transaction', async () => {
    await expect(database.transaction(() => database.probe())).rejects.toMatchObject({ code: 'process.defect' });
    await expect(database.transaction(() => database.transaction(() => Promise.resolve()))).rejects.toMatchObject({ code: 'process.defect' });
    let leaked: Executor | undefined;
    await database.transaction((tx) => {
      leaked = tx;
      return Promise.resolve();
    });
    await expect(Promise.resolve(leaked?.execute(sql`select 1`))).rejects.toMatchObject({ code: 'process.defect' });
    await database.probe();
  });

  it('runs many transactions at once', async () => {
    const ids = Array.from({ length: 40 }, () => newId());
    await Promise.all(ids.map((id) => database.transaction((tx) => testSiteIn(tx, id))));
    const all = await database.orm.select({ id: sites.id }).from(sites);
    expect(new Set(all.map((row) => row.id)).size).toBeGreaterThanOrEqual(40);
    expect(ids.every((id) => all.some((row) => row.id === id))).toBe(true);
  });

  it('tells a taken name by its SQLSTATE, and no error repeats the values', async () => {
    const id = await testSite(database);
    const secret = 'sealed:abcdef0123456789';
    const thrown: unknown = await database.orm
      .insert(sites)
      .values({ ...siteRow(id), name: secret })
      .then(() => undefined, (error: unknown) => error);
    expect(isUniqueViolation(thrown)).toBe(true);
    const inside: unknown = await database.transaction((tx) => tx.insert(sites).values({ ...siteRow(id), name: secret })).then(() => undefined, (error: unknown) => error);
    expect(sqlStateOf(inside)).toBe('23505');
    for (const error of [thrown, inside]) {
      expect(error).not.toBeInstanceOf(HedgerowError);
      for (let at: unknown = error; at instanceof Error; at = at.cause) expect(`${at.message} ${JSON.stringify(at)}`).not.toContain(id);
    }
  });

  it('notifies after the commit, and not at all without one', async () => {
    const heard: string[] = [];
    const stop = await database.listen('hg_camera', (payload) => heard.push(payload));
    const other: string[] = [];
    const stopOther = await database.listen('hg_queue', (payload) => other.push(payload));
    await database.transaction(async (tx) => {
      await database.notify('hg_camera', 'first', tx);
      await pause(50);
      expect(heard).toEqual([]);
    });
    await database.transaction(async (tx) => {
      await database.notify('hg_camera', 'never', tx);
      throw new Error('no');
    }).catch(() => undefined);
    await database.notify('hg_camera', 'second');
    await until(() => heard.length >= 2);
    expect(heard).toEqual(['first', 'second']);
    expect(other).toEqual([]);
    await stop();
    await database.notify('hg_camera', 'third');
    await pause(100);
    expect(heard).toEqual(['first', 'second']);
    await stopOther();
  });

  it('tells every listener of a channel', async () => {
    let a = 0;
    let b = 0;
    const stopA = await database.listen('hg_event', () => void a++);
    const stopB = await database.listen('hg_event', () => void b++);
    await database.notify('hg_event', '');
    await until(() => a === 1 && b === 1);
    await stopA();
    await database.notify('hg_event', '');
    await until(() => b === 2);
    expect(a).toBe(1);
    await stopB();
  });

  it('flushes what it commits to the disk, where there is one', async () => {
    const { rows } = (await database.orm.execute(sql`show fsync`)) as { rows: { fsync: string }[] };
    expect(rows[0]?.fsync).toBe(name === 'PGlite in memory' ? 'off' : 'on');
  });

  it('refuses a notification that no database takes', async () => {
    await expect(database.notify('hg_event', 'x'.repeat(8000))).rejects.toMatchObject({ code: 'process.defect' });
  });

  it('says that it is unavailable once it is closed', async () => {
    const own = await open();
    onTestFinished(() => own.close());
    await own.close();
    await expect(own.probe()).rejects.toMatchObject({ code: 'database.unavailable' });
    await expect(own.transaction(() => Promise.resolve())).rejects.toMatchObject({ code: 'database.unavailable' });
  });
});

function siteRow(id: string): typeof sites.$inferInsert {
  return { id, name: `Site ${id}`, timeZone: 'UTC', boundary: [], retentionDays: 30, createdAt: new Date(0) };
}

async function testSiteIn(tx: Executor, id: string): Promise<void> {
  await tx.insert(sites).values(siteRow(id));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await pause(10);
  expect(condition()).toBe(true);
}
