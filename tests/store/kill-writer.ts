/**
 * The body of the process that the kill test kills: opens, migrates, recovers, then saves and deletes pictures as fast as
 * it can, and says on standard output what it was told is safe. Arguments: JSON of `KillWriterOptions`.
 */
import path from 'node:path';
import { SystemClock } from '../../src/core/clock.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { openPostgresDatabase } from '../../src/db/adapters/postgres-database.js';
import { createEventLog } from '../../src/db/event-log.js';
import { createReceiptLog } from '../../src/ledger/receipt-log.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { createS3ObjectStore } from '../../src/store/adapters/s3-object-store.js';
import { createPictureStore } from '../../src/store/picture-store.js';
import { createRetention } from '../../src/store/retention.js';
import { createStoreCheck } from '../../src/store/store-check.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { testPicture, testSite, tinyJpeg } from '../support/pictures.js';
import { sites } from '../../src/db/schema/index.js';

export interface KillWriterOptions {
  folder: string;
  /** null: PGlite in the folder */
  postgresUrl: string | null;
  s3: { endpoint: string; bucket: string; region: string; accessKeyId: string; secretAccessKey: string } | null;
  keptSite: string;
  expiredSite: string;
}

const options = JSON.parse(process.argv[2] ?? '') as KillWriterOptions;
const clock = new SystemClock();
const log = createLogger('silent');
const database = options.postgresUrl
  ? await openPostgresDatabase({ url: options.postgresUrl, poolSize: 6, clock, log })
  : await openPgliteDatabase({ folder: path.join(options.folder, 'database'), clock, log });
await database.migrate();
const objects = options.s3 ? createS3ObjectStore({ ...options.s3, forcePathStyle: true, log }) : createFsObjectStore({ folder: path.join(options.folder, 'objects'), log });
const receipts = createReceiptLog({ database, clock });
await createStoreCheck({ database, objects, receipts, clock, log }).recover();
const there = new Set((await database.orm.select({ id: sites.id }).from(sites)).map((row) => row.id));
for (const id of [options.keptSite, options.expiredSite]) if (!there.has(id)) await testSite(database, { id, retentionDays: 1 });
const store = createPictureStore({ database, objects, events: createEventLog({ database, clock, log }), receipts, clock, log, metrics: createMetrics() });
const retention = createRetention({ database, objects, receipts, clock, log });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say('ready');

async function saving(shade: number): Promise<never> {
  for (;;) {
    const expired = Math.random() < 0.4;
    const picture = await testPicture({
      siteId: expired ? options.expiredSite : options.keptSite,
      receivedAtMs: clock.nowMs() - (expired ? 2 * 86_400_000 : 0),
      jpeg: await tinyJpeg(shade++ & 255),
    });
    await store.save(picture);
    say(`${expired ? 'expired' : 'kept'} ${picture.receipt.pictureId} ${picture.receipt.sha256}`);
  }
}
async function sweeping(): Promise<never> {
  for (;;) {
    await retention.sweep(new AbortController().signal);
    await clock.sleep(5);
  }
}
await Promise.all([saving(0), saving(80), saving(160), sweeping()]);
