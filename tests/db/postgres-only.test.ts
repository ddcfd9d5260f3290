/** What only a server can do to us: many processes at once, lost connections, lost races. */
import { spawnSync } from 'node:child_process';
import { eq, sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import { SystemClock } from '../../src/core/clock.js';
import { openPostgresDatabase } from '../../src/db/adapters/postgres-database.js';
import { sites } from '../../src/db/schema/index.js';
import { silentLog, temporaryPostgres } from '../support/databases.js';
import { testSite } from '../support/pictures.js';
import { services } from '../support/services.js';

const clock = new SystemClock();

describe.skipIf(!services.postgres)(`Postgres${services.postgres ? '' : ' (needs Postgres)'}`, () => {
  let url: string;
  let drop: () => Promise<void>;
  let database: Database;
  const open = (poolSize = 4): Promise<Database> => openPostgresDatabase({ url, poolSize, clock, log: silentLog });
  beforeAll(async () => {
    ({ url, drop } = await temporaryPostgres());
    database = await open();
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  it('is migrated once by ten that start at once', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => open(2)));
    try {
      await Promise.all(ten.map((one) => one.migrate()));
      const { rows } = (await database.orm.execute(sql`select created_at, count(*)::int as n from drizzle.__drizzle_migrations group by created_at`)) as { rows: { n: number }[] };
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every((row) => row.n === 1)).toBe(true);
    } finally {
      await Promise.all(ten.map((one) => one.close()));
    }
  });

  it('tries again what lost a race', async () => {
    const [a, b] = [await testSite(database), await testSite(database)];
    const rename = (first: string, second: string, name: string): Promise<void> =>
      database.transaction(async (tx) => {
        await tx.update(sites).set({ name: `${name} ${first}` }).where(eq(sites.id, first));
        await tx.execute(sql`select pg_sleep(0.2)`);
        await tx.update(sites).set({ name: `${name} ${second}` }).where(eq(sites.id, second));
      });
    // Opposite orders: a deadlock, which Postgres ends by throwing one of the two out.
    await Promise.all([rename(a, b, 'left'), rename(b, a, 'right')]);
    const rows = await database.orm.select({ name: sites.name }).from(sites);
    const names = new Set(rows.map((row) => row.name.split(' ')[0]));
    expect(names.size).toBe(1);
  });

  it('goes on after its connections were cut, and listens again', async () => {
    const heard: string[] = [];
    const stop = await database.listen('hg_camera', (payload) => heard.push(payload));
    await database.notify('hg_camera', 'before');
    await until(() => heard.includes('before'));
    await cutOthers(url);
    await until(() => heard.includes(''));
    await until(async () => {
      try {
        await database.probe();
        return true;
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'database.unavailable' });
        return false;
      }
    });
    await database.notify('hg_camera', 'after');
    await until(() => heard.includes('after'));
    await stop();
  });

  it('says unavailable for a transaction that was cut, and the pool is whole afterwards', async () => {
    await expect(
      database.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        await cutOthers(url);
        await tx.execute(sql`select 1`);
      }),
    ).rejects.toMatchObject({ code: 'database.unavailable' });
    for (let i = 0; i < 8; i++) await database.probe().catch(() => undefined);
    await database.probe();
  });

  it('keeps no connection that broke before its transaction began', async () => {
    const small = await open(2);
    await small.probe();
    for (let i = 0; i < 3; i++) {
      await Promise.all([small.probe(), small.probe()]);
      // This process hears of the cut only when it asks again: its event loop stands still meanwhile.
      cutWithoutHearing(url);
      const both = await Promise.allSettled([small.transaction((tx) => tx.execute(sql`select 1`)), small.transaction((tx) => tx.execute(sql`select 1`))]);
      expect(both.map((r) => r.status === 'rejected' && (r.reason as { code?: string }).code)).toEqual(['database.unavailable', 'database.unavailable']);
    }
    await small.transaction((tx) => tx.execute(sql`select 1`));
    const began = clock.monotonicMs();
    await small.close();
    expect(clock.monotonicMs() - began).toBeLessThan(3_000);
  });

  it('says unavailable, not a failed query, for a database that takes nobody', async () => {
    const other = new URL(url);
    other.pathname = '/there-is-no-such-database';
    await expect(openPostgresDatabase({ url: other.href, poolSize: 2, clock, log: silentLog })).rejects.toMatchObject({ code: 'database.unavailable', message: expect.not.stringContaining('select') as string });
  });

  it('says unavailable for a server that is not there', async () => {
    await expect(openPostgresDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', poolSize: 2, clock, log: silentLog })).rejects.toMatchObject({ code: 'database.unavailable' });
  });
});

async function cutOthers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
  await client.end();
}

function cutWithoutHearing(url: string): void {
  const script = `const pg = require('pg'); const c = new pg.Client({ connectionString: process.argv[1] }); c.connect()
    .then(() => c.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')).then(() => c.end());`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script, url], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return;
    await clock.sleep(10);
  }
  throw new Error('what was waited for did not happen');
}
