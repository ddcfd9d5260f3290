/**
 * kill -9 at any moment: a process that saves and deletes pictures is killed a dozen times, from its very first moments on.
 * After each death both sides agree once recovery has run, and every picture that was acknowledged is there.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/contract/database.js';
import { SystemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { openPostgresDatabase } from '../../src/db/adapters/postgres-database.js';
import { createEventLog } from '../../src/db/event-log.js';
import { deletionReceipts, pictures } from '../../src/db/schema/index.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { createS3ObjectStore } from '../../src/store/adapters/s3-object-store.js';
import { createPictureStore } from '../../src/store/picture-store.js';
import { createStoreCheck } from '../../src/store/store-check.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { silentLog, temporaryFolder, temporaryPostgres } from '../support/databases.js';
import { s3Endpoint, s3Keys, services } from '../support/services.js';
import type { KillWriterOptions } from './kill-writer.js';

const root = path.resolve(import.meta.dirname, '../..');
const built = path.join(root, '.cache', `kill-writer-${randomBytes(4).toString('hex')}`);
const clock = new SystemClock();
const deaths = 12;

beforeAll(async () => {
  mkdirSync(built, { recursive: true });
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: path.join(import.meta.dirname, 'kill-writer.ts'), outDir: built, emptyOutDir: true, target: 'node20', minify: false, rollupOptions: { output: { entryFileNames: 'kill-writer.mjs' } } },
  });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

const kinds = [
  { name: 'PGlite and the file system', postgres: false, s3: false, here: true },
  { name: 'Postgres and the file system', postgres: true, s3: false, here: services.postgres },
  { name: 'Postgres and S3', postgres: true, s3: true, here: services.postgres && services.s3 },
];

for (const kind of kinds) {
  describe.skipIf(!kind.here)(`kill -9: ${kind.name}${kind.here ? '' : ' (needs Postgres, and an S3 server: .ci/services/s3.sh start)'}`, () => {
    it(`loses nothing in ${deaths} deaths`, { timeout: 240_000 }, async () => {
      const { folder, remove } = await temporaryFolder();
      const server = kind.postgres ? await temporaryPostgres() : undefined;
      const options: KillWriterOptions = {
        folder,
        postgresUrl: server?.url ?? null,
        s3: kind.s3 ? { endpoint: s3Endpoint, bucket: `hedgerow-test-${randomBytes(6).toString('hex')}`, ...s3Keys } : null,
        keptSite: newId(),
        expiredSite: newId(),
      };
      const acknowledged = new Map<string, { kind: string; sha256: string }>();
      try {
        for (let death = 0; death < deaths; death++) {
          // The first ones die while the database is being made; the later ones in the middle of their work.
          const lines = await liveAndDie(options, death < 3 ? { afterStartMs: 150 + Math.random() * 900 } : { afterFirstMs: Math.random() * 500 });
          for (const line of lines) {
            const [what, id, sha256] = line.split(' ');
            if ((what === 'kept' || what === 'expired') && id && sha256) acknowledged.set(id, { kind: what, sha256 });
          }
          await proveWhole(options, acknowledged);
        }
        expect([...acknowledged.values()].filter((a) => a.kind === 'kept').length).toBeGreaterThanOrEqual(deaths - 3);
        expect([...acknowledged.values()].filter((a) => a.kind === 'expired').length).toBeGreaterThan(0);
      } finally {
        await server?.drop();
        await remove();
      }
    });
  });
}

/** Starts the writer and kills it. @returns the whole lines that it said */
async function liveAndDie(options: KillWriterOptions, when: { afterStartMs: number } | { afterFirstMs: number }): Promise<string[]> {
  const child = spawn(process.execPath, [path.join(built, 'kill-writer.mjs'), JSON.stringify(options)], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  if ('afterStartMs' in when) {
    await clock.sleep(when.afterStartMs);
  } else {
    for (let i = 0; i < 3_000 && !said.includes('kept') && child.exitCode === null; i++) await clock.sleep(10);
    await clock.sleep(when.afterFirstMs);
  }
  child.kill('SIGKILL');
  // It died of us and of nothing else.
  expect(await ended, complained).toBe('SIGKILL');
  return said.slice(0, said.lastIndexOf('\n') + 1).split('\n');
}

async function proveWhole(options: KillWriterOptions, acknowledged: ReadonlyMap<string, { kind: string; sha256: string }>): Promise<void> {
  const database: Database = options.postgresUrl
    ? await openPostgresDatabase({ url: options.postgresUrl, poolSize: 3, clock, log: silentLog })
    : await openPgliteDatabase({ folder: path.join(options.folder, 'database'), clock, log: silentLog });
  const objects = options.s3 ? createS3ObjectStore({ ...options.s3, forcePathStyle: true, log: silentLog }) : createFsObjectStore({ folder: path.join(options.folder, 'objects'), log: silentLog });
  try {
    await database.migrate();
    const checker = createStoreCheck({ database, objects, receipts: createReceiptLog({ database, clock }), clock, log: silentLog });
    await checker.recover();
    const report = await checker.check({ repair: false, readBytes: true, signal: new AbortController().signal });
    expect(report.problems).toEqual([]);
    if (database.kind === 'pglite') expect(report.objects).toBe(report.pictures);
    const store = createPictureStore({ database, objects, events: createEventLog({ database, clock, log: silentLog }), receipts: createReceiptLog({ database, clock }), clock, log: silentLog, metrics: createMetrics() });
    const rows = new Set((await database.orm.select({ id: pictures.id }).from(pictures)).map((row) => row.id));
    const receipts = (await database.orm.select({ id: deletionReceipts.pictureId }).from(deletionReceipts)).map((row) => row.id);
    expect(new Set(receipts).size).toBe(receipts.length);
    for (const [id, { kind, sha256 }] of acknowledged) {
      if (kind === 'kept') expect((await store.picture(id)).sha256).toBe(sha256);
      else expect(rows.has(id) !== receipts.includes(id), `${id} has a row or a receipt`).toBe(true);
    }
  } finally {
    await objects.close();
    await database.close();
  }
}
