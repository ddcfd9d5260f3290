/**
 * PostgreSQL through a pool of `pg` connections. One more connection listens (made when somebody listens), and one more is
 * made for the time of a migration, which holds an advisory lock so that any number of processes may start at once.
 */
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { Database, Executor } from '../../contract/database.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { migrationsFolder } from '../migrations-folder.js';
import { isUnavailable, translated } from './database-errors.js';
import { guardSession } from './guarded-session.js';
import { createPostgresListener } from './postgres-listener.js';

export interface PostgresOptions {
  /** postgres://user:password@host:port/name */
  readonly url: string;
  /** connections at most, the listening one not counted */
  readonly poolSize: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Any number that nobody else uses as an advisory lock in the same database. */
const migrationLock = 4_107_001;

/** Throws `database.unavailable` when the first question gets no answer. */
export async function openPostgresDatabase({ url, poolSize, clock, log }: PostgresOptions): Promise<Database> {
  const connection = { connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true, keepAliveInitialDelayMillis: 10_000 };
  const pool = new pg.Pool({
    ...connection,
    max: poolSize,
    application_name: 'hedgerow',
    statement_timeout: 60_000,
    query_timeout: 65_000,
    idle_in_transaction_session_timeout: 60_000,
    idleTimeoutMillis: 30_000,
  });
  // A connection that breaks is replaced by the pool, and its query rejects; without these listeners the process would end.
  pool.on('error', (thrown) => log.warn({ error: messageOf(thrown) }, 'database: an idle connection was lost'));
  pool.on('connect', (client) => client.on('error', () => undefined));

  const orm = drizzle(pool) as unknown as Executor;
  const { transaction, notify } = guardSession(orm, clock, begin);
  const listener = createPostgresListener({ connection: { ...connection, query_timeout: 10_000 }, clock, log });
  let closing: Promise<void> | undefined;

  /** Not drizzle's own on the pool: that keeps the connection for ever when it breaks just before the `begin`. */
  async function begin<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken = true;
    try {
      const done = await drizzle(client).transaction((tx) => work(tx as unknown as Executor));
      broken = false;
      return done;
    } catch (thrown) {
      broken = isUnavailable(thrown);
      throw thrown;
    } finally {
      client.release(broken);
    }
  }

  const database: Database = {
    kind: 'postgres',
    orm,
    transaction,
    notify,
    async migrate() {
      const client = new pg.Client({ ...connection, application_name: 'hedgerow migrate' });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('select pg_advisory_lock($1)', [migrationLock]);
        await migrate(drizzle(client), { migrationsFolder: migrationsFolder() });
      } catch (thrown) {
        throw translated(thrown);
      } finally {
        // Ending the connection lets go of the lock.
        await client.end().catch(() => undefined);
      }
    },
    async probe() {
      await orm.execute(sql`select 1`);
    },
    listen: (channel, onPayload) => listener.listen(channel, onPayload),
    close() {
      closing ??= (async () => {
        await listener.close();
        await pool.end();
      })();
      return closing;
    },
  };
  try {
    await database.probe();
  } catch (thrown) {
    await database.close();
    throw thrown instanceof HedgerowError ? thrown : new HedgerowError('database.unavailable', messageOf(thrown), { cause: thrown });
  }
  return database;
}
