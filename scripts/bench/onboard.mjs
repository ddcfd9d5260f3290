/**
 * Onboarding of many cameras at once: N simulated devices in a second process, each reached at a loopback address of its
 * own, climb the whole ladder up to a decoded key frame. Compared with the slowest ladder and with one camera alone.
 *
 *   node scripts/bench/onboard.mjs [--cameras 200] [--at-once N]
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createSealer } from '../../dist/src/auth/sealer.js';
import { loadConfig } from '../../dist/src/config/load.js';
import { AddressGuard } from '../../dist/src/core/address-guard.js';
import { SystemClock } from '../../dist/src/core/clock.js';
import { openPgliteDatabase } from '../../dist/src/db/adapters/pglite-database.js';
import { createEventLog } from '../../dist/src/db/event-log.js';
import { createAutoFrameSource } from '../../dist/src/ingest/adapters/auto-frame-source.js';
import { createLedger } from '../../dist/src/ledger/ledger.js';
import { createEmbeddedQueue } from '../../dist/src/queue/adapters/embedded-queue.js';
import { createOnvifClient } from '../../dist/src/register/adapters/onvif/onvif-client.js';
import { createRegistry } from '../../dist/src/register/inventory.js';
import { createOnboarding } from '../../dist/src/register/onboarding.js';
import { startVillage } from '../../dist/src/simulate/village.js';
import { createLogger } from '../../dist/src/telemetry/logger.js';

const { values } = parseArgs({ options: { 'cameras': { type: 'string', default: '200' }, 'at-once': { type: 'string' }, 'village': { type: 'boolean', default: false } } });
const wanted = Number(values.cameras);
const clock = new SystemClock();
const silent = { debug() {}, info() {}, warn: (context, message) => console.error(message, context) };

/** All of them listen on every address: each is then called by one of its own. */
async function runVillage() {
  const village = await startVillage({ cameras: wanted, video: null, host: '0.0.0.0', discovery: false, controlPort: 0, clock, log: silent });
  await village.contentComplete;
  process.send(village.cameras.map(({ onvifUrl, username, password }) => ({ onvifUrl, username, password })));
  process.on('disconnect', () => process.exit(0));
}

async function runBench() {
  const { config } = loadConfig({ packageFolder: path.resolve(import.meta.dirname, '../..'), env: {} });
  const register = { ...config.register, onboardingsAtOnce: Number(values['at-once'] ?? config.register.onboardingsAtOnce) };
  const log = createLogger('error');
  const village = fork(import.meta.filename, ['--village', '--cameras', String(wanted)]);
  const devices = await new Promise((resolve) => village.once('message', resolve));

  const database = await openPgliteDatabase({ folder: null, clock, log });
  await database.migrate();
  const sealer = createSealer({ key: randomBytes(32).toString('base64'), keyFile: '' });
  const guard = new AddressGuard({ allowed: register.allowNetworks, denied: register.denyNetworks, lookup: () => Promise.resolve([]) });
  const [events, ledger, queue] = [createEventLog({ database, clock, log }), createLedger({ database, clock }), createEmbeddedQueue({ database, clock, log })];
  const registry = createRegistry({ database, sealer, events, ledger, queue, guard, clock, log });
  const source = createAutoFrameSource({ clock, log });
  const nobody = () => undefined;
  const reports = { probed: nobody, clockMeasured: nobody, runStarted: nobody, runEnded: nobody, sampled: nobody, released: nobody };
  const onboarding = createOnboarding({ config: register, database, sealer, guard, onvif: createOnvifClient({ guard, clock, log, limits: register }), source, reports, events, ledger, clock, log });
  const by = { id: 'bench', name: 'bench', kind: 'user', grants: [{ role: 'admin', siteId: null }] };
  const site = await registry.createSite({ name: 'Bench', timeZone: 'UTC', boundary: [], requireDetector: false, retentionDays: 30 }, by);
  const ids = [];
  for (const [i, { onvifUrl, username, password }] of devices.entries()) {
    const address = onvifUrl.replace(/\/\/[^:/]+/, `//127.${1 + Math.floor(i / 250)}.7.${1 + (i % 250)}`);
    const camera = await registry.createCamera({
      siteId: site.id, name: `Camera ${i}`, address, username, password, purpose: 'bench of onboarding', owner: 'bench', legalBasis: 'bench', reviewOn: '2099-01-01', enabled: true,
      longitude: null, latitude: null, mountHeightM: null, azimuthDeg: null, tiltDeg: null, horizontalFovDeg: null, sourceToken: null, sampleIntervalMs: 1000,
    }, by);
    ids.push(camera.id);
  }
  const ladderMs = (rungs) => rungs.reduce((sum, r) => sum + r.tookMs, 0);
  const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  const never = new globalThis.AbortController().signal;

  const alone = [];
  for (const id of ids.slice(0, 9)) alone.push(ladderMs(await onboarding.probe(id, never)));

  const ladders = [];
  let failed = 0;
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await onboarding.probeMany(ids, never, ({ rungs }) => {
    ladders.push(ladderMs(rungs));
    const bad = rungs.find((r) => r.status === 'fail');
    if (bad && failed++ < 5) console.error(`${bad.name}: ${bad.seen}`);
  });
  const wallMs = performance.now() - began;
  const used = process.cpuUsage(cpu);
  const cpuMs = (used.user + used.system) / 1000;
  const slowestMs = Math.max(...ladders);
  const allowedMs = slowestMs * (ids.length / register.onboardingsAtOnce);
  console.log(JSON.stringify({
    cameras: ids.length,
    atOnce: register.onboardingsAtOnce,
    failed,
    wallMs: Math.round(wallMs),
    slowestLadderMs: slowestMs,
    medianLadderMs: median(ladders),
    ratioToSlowest: Math.round((wallMs / allowedMs) * 1000) / 1000,
    ratioToMedian: Math.round((wallMs / (median(ladders) * (ids.length / register.onboardingsAtOnce))) * 1000) / 1000,
    oneAloneMedianMs: median(alone),
    cpuMsPerCamera: Math.round(cpuMs / ids.length),
    cpuCoreShare: Math.round((cpuMs / wallMs) * 100) / 100,
    rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
    load: Math.round(os.loadavg()[0] * 10) / 10,
  }));
  village.disconnect();
  await source.close();
  await database.close();
  process.exit(failed > 0 || wallMs > 1.5 * allowedMs ? 1 : 0);
}

if (values.village) await runVillage();
else await runBench();
