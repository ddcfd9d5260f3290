/**
 * The data directory of a migrated, empty database, made once and kept for all test processes: making a cluster and
 * migrating it costs four times as much as a copy. Its name carries a hash of the migrations, so that none is out of date.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { migrationsFolder } from '../../src/db/migrations-folder.js';
import { packageFolder } from './program.js';

const folder = path.join(packageFolder, 'node_modules', '.cache', 'hedgerow');
let contents: Promise<Blob> | undefined;

/** A tar file, as PGlite loads it. */
export function migratedContents(): Promise<Blob> {
  return (contents ??= load());
}

async function load(): Promise<Blob> {
  const name = `migrated-${hashOfWhatMakesIt()}.tar`;
  try {
    return new Blob([readFileSync(path.join(folder, name))]);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  const client = await PGlite.create('memory://');
  await migrate(drizzle(client), { migrationsFolder: migrationsFolder() });
  const made = await client.dumpDataDir('none');
  await client.close();
  // Two processes may make it at the same time: each has its own file until it is whole.
  mkdirSync(folder, { recursive: true });
  const own = path.join(folder, `${name}.${process.pid}`);
  writeFileSync(own, Buffer.from(await made.arrayBuffer()));
  renameSync(own, path.join(folder, name));
  for (const old of readdirSync(folder)) if (old.startsWith('migrated-') && old.endsWith('.tar') && old !== name) rmSync(path.join(folder, old), { force: true });
  return made;
}

function hashOfWhatMakesIt(): string {
  const hash = createHash('sha256').update(readFileSync(path.join(packageFolder, 'node_modules', '@electric-sql', 'pglite', 'package.json')));
  const from = migrationsFolder();
  for (const file of [...readdirSync(from).filter((name) => name.endsWith('.sql')).sort(), path.join('meta', '_journal.json')]) hash.update(`${file}\0`).update(readFileSync(path.join(from, file)));
  return hash.digest('hex').slice(0, 16);
}
