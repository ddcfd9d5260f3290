/**
 * A table of 10,000 cameras: dry run, import, the same again and with a changed column, on PGlite in memory; beside it what the
 * bare parser takes for the same bytes. Wall and processor time, the longest hold of the event loop, memory at its peak.
 *
 *   node --import tsx scripts/bench/import.mjs [--rows 10000]
 */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import { createSealer } from '../../src/auth/sealer.js';
import { SystemClock } from '../../src/core/clock.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { createEventLog } from '../../src/db/event-log.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { createRegistry } from '../../src/register/inventory.js';
import { createLogger } from '../../src/telemetry/logger.js';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '10000' } } });
const rows = Number(values.rows);
const clock = new SystemClock({ unref: true });
const log = createLogger('silent');
const database = await openPgliteDatabase({ folder: null, clock, log });
await database.migrate();
const registry = createRegistry({
  database, clock, log,
  sealer: createSealer({ key: randomBytes(32).toString('base64'), keyFile: '' }),
  events: createEventLog({ database, clock, log }),
  ledger: createLedger({ database, clock }),
  // Onboarding begins behind the answer and is measured by itself.
  queue: { enqueue: () => Promise.resolve() },
  guard: undefined,
});
const by = { id: 'bench', name: 'bench', kind: 'system', grants: [{ role: 'admin', siteId: null }] };
await registry.createSite({ name: 'Mill', timeZone: 'Asia/Shanghai', boundary: [], requireDetector: false, retentionDays: 30 }, by);
const header = 'name,address,username,password,site,purpose,owner,legal_basis,review_on,longitude,latitude,mount_height_m,azimuth_deg';
const tableOf = (purpose) =>
  Buffer.from(`${header}\n${Array.from({ length: rows }, (_, i) => `摄像机 ${i},10.${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255},operator,p-${i},Mill,${purpose},Village committee,Order 799,2027-03-01,117.${i},36.1,4.5,${i % 360}`).join('\n')}\n`);
const table = tableOf('theft of fuel at the pump house');
const options = { format: 'csv', dryRun: false, skipBad: false };

let peakBytes = 0;
async function measure(what, work) {
  let [heldMs, running, lastMs] = [0, true, performance.now()];
  const tick = () => {
    heldMs = Math.max(heldMs, performance.now() - lastMs);
    lastMs = performance.now();
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    if (running) setTimeout(tick, 1);
  };
  tick();
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  running = false;
  tick();
  console.log(`${what.padEnd(34)} wall ${(tookMs / 1000).toFixed(2).padStart(6)} s   cpu ${((user + system) / 1e6).toFixed(2).padStart(6)} s   event loop held ${String(Math.round(heldMs)).padStart(5)} ms   ${result}`);
}
const said = ({ created, updated, unchanged, bad }) => `${created} new, ${updated} changed, ${unchanged} unchanged, ${bad} bad`;
const run = (bytes, more = {}) => async () => said(await registry.importCameras(bytes, { ...options, ...more }, by));

console.log(`${rows} rows, ${(table.length / 1e6).toFixed(2)} MB, load ${os.loadavg()[0].toFixed(1)}, memory before ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
await measure('bare csv-parse of the same bytes', () => Promise.resolve(`${parse(table).length - 1} rows`));
await measure('dry run', run(table, { dryRun: true }));
await measure('import', run(table));
await measure('import again', run(table));
await measure('import with a changed column', run(tableOf('theft of fuel at the mill')));
let exported = '';
await measure('export', async () => `${((exported = await registry.exportCameras('all', 'csv')).length / 1e6).toFixed(2)} MB`);
await measure('import of the export, dry run', run(Buffer.from(exported), { dryRun: true }));
console.log(`memory at its peak ${Math.round(peakBytes / 1e6)} MB; load ${os.loadavg()[0].toFixed(1)}`);
await database.close();
