/**
 * Databases for tests: every one is new, migrated, and gone afterwards.
 *
 *   describe.each(eachDatabase())('$name', ({ open }) => {
 *     let database: Database;
 *     beforeAll(async () => { database = await open(); });
 *     afterAll(() => database.close());          // drops it, too
 *   });
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { Database } from '../../src/contract/database.js';
import type { Clock } from '../../src/core/clock.js';
import { SystemClock } from '../../src/core/clock.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { openPostgresDatabase } from '../../src/db/adapters/postgres-database.js';
import { createLogger, type Logger } from '../../src/telemetry/logger.js';
import { migratedContents } from './migrated-contents.js';
import { postgresUrl, services } from './services.js';

export const silentLog: Logger = createLogger('silent');

export interface DatabaseKind {
  readonly name: string;
  /** A new, migrated database; `close` drops it. */
  readonly open: (options?: { clock?: Clock; migrate?: boolean }) => Promise<Database>;
}

/** In memory: half a second to open, because it begins as a copy of one that is migrated. The quickest real database. */
export async function memoryDatabase(options: { clock?: Clock; migrate?: boolean } = {}): Promise<Database> {
  const { clock = new SystemClock(), migrate = true } = options;
  if (!migrate) return openPgliteDatabase({ folder: null, clock, log: silentLog });
  const database = await openPgliteDatabase({ folder: null, contents: await migratedContents(), clock, log: silentLog });
  await database.migrate();
  return database;
}

/** A folder below the system's temporary folder, and its removal. */
export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-test-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

/** An empty Postgres database with a random name: its URL, and the drop. Only when `services.postgres` is true. */
export async function temporaryPostgres(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `hedgerow_test_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) };
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A migrated Postgres database; `close` drops it. */
export async function postgresDatabase(options: { clock?: Clock; migrate?: boolean; poolSize?: number } = {}): Promise<Database> {
  const { url, drop } = await temporaryPostgres();
  try {
    const database = await openPostgresDatabase({ url, poolSize: options.poolSize ?? 5, clock: options.clock ?? new SystemClock(), log: silentLog });
    if (options.migrate ?? true) await database.migrate();
    return closing(database, drop);
  } catch (thrown) {
    await drop();
    throw thrown;
  }
}

async function diskDatabase(options: { clock?: Clock; migrate?: boolean } = {}): Promise<Database> {
  const { folder, remove } = await temporaryFolder();
  const database = await openPgliteDatabase({ folder: path.join(folder, 'database'), clock: options.clock ?? new SystemClock(), log: silentLog });
  if (options.migrate ?? true) await database.migrate();
  return closing(database, remove);
}

function closing(database: Database, afterwards: () => Promise<void>): Database {
  return {
    ...database,
    async close() {
      await database.close();
      await afterwards();
    },
  };
}

/**
 * The kinds of database that are here, for `describe.each`. Without Postgres its suite is left out; the list at the end of
 * `npm test` names it.
 */
export function eachDatabase(kinds: readonly ('memory' | 'disk' | 'postgres')[] = ['memory', 'postgres']): DatabaseKind[] {
  const all: Record<(typeof kinds)[number], DatabaseKind | undefined> = {
    memory: { name: 'PGlite in memory', open: memoryDatabase },
    disk: { name: 'PGlite on disk', open: diskDatabase },
    postgres: services.postgres ? { name: 'Postgres', open: postgresDatabase } : undefined,
  };
  return kinds.map((kind) => all[kind]).filter((kind) => kind !== undefined);
}
