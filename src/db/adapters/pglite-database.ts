/**
 * PGlite: PostgreSQL compiled to WebAssembly, on this thread, in a folder of the data folder (or in memory, for tests).
 * One process at a time has the folder. Every commit is flushed to the disk before it is acknowledged, so a killed process
 * and a power cut lose nothing that anybody was told is safe (`durable-folder.ts`). It has one connection: statements queue behind each other, and hot writes are batched.
 */
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import type { Database, Executor } from '../../contract/database.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { migrationsFolder } from '../migrations-folder.js';
import { translated } from './database-errors.js';
import { takeFolderLock, type FolderLock } from './database-lock.js';
import { openDurableFolder } from './durable-folder.js';
import { guardSession } from './guarded-session.js';

export interface PgliteOptions {
  /** absolute path of the cluster's folder; null: in memory */
  readonly folder: string | null;
  /** in memory only: what it holds in the beginning, a data directory as a tar file; not given: nothing */
  readonly contents?: Blob;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Throws `database.locked` when another live process has the folder, `database.unavailable` when it cannot be opened. */
export async function openPgliteDatabase({ folder, contents, clock, log }: PgliteOptions): Promise<Database> {
  let lock: FolderLock | undefined;
  let client: PGlite;
  const startedMs = clock.monotonicMs();
  if (folder !== null) lock = takeFolderLock(`${path.resolve(folder)}.lock`);
  try {
    client = folder === null ? await PGlite.create('memory://', contents && { loadDataDir: contents }) : await openDurableFolder(path.resolve(folder));
  } catch (cause) {
    lock?.release();
    if (cause instanceof HedgerowError) throw cause;
    throw new HedgerowError('database.unavailable', `The database in ${folder ?? 'memory'} does not open: ${messageOf(cause)}`, { context: { folder }, cause });
  }
  log.debug({ folder, tookMs: Math.round(clock.monotonicMs() - startedMs) }, 'database open');

  const migrator = drizzle(client);
  const orm = drizzle(client) as unknown as Executor;
  const { transaction, notify } = guardSession(orm, clock);
  const listening = new Set<() => Promise<void>>();
  let closing: Promise<void> | undefined;

  return {
    kind: 'pglite',
    orm,
    transaction,
    notify,
    async migrate() {
      await migrate(migrator, { migrationsFolder: migrationsFolder() }).catch((thrown: unknown) => {
        throw translated(thrown);
      });
    },
    async probe() {
      await orm.execute(sql`select 1`);
    },
    async listen(channel, onPayload) {
      const stop = await client.listen(channel, onPayload).catch((thrown: unknown) => {
        throw translated(thrown);
      });
      const unlisten = async (): Promise<void> => {
        if (listening.delete(unlisten) && !client.closed) await stop();
      };
      listening.add(unlisten);
      return unlisten;
    },
    close() {
      closing ??= (async () => {
        for (const unlisten of [...listening]) await unlisten();
        if (!client.closed) await client.close();
        lock?.release();
      })();
      return closing;
    },
  };
}
