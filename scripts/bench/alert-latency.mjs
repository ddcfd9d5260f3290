/**
 * Time from "a sample is handed to the alert engine" to "its alert is on the subscription of the event stream": p50 and p99
 * in milliseconds, on PGlite (on disk, as shipped) and on Postgres, with and without other samples going through. What the
 * picture costs comes on top; the commit of alert, event and deliveries is in it.
 *
 *   node scripts/bench/alert-latency.mjs [--alerts 300] [--load 0,100,500] [--postgres postgres://postgres@127.0.0.1:5432/postgres] [--json]
 *
 * Needs a build (npm run build). --load: observations a second from other cameras meanwhile, each with a hit in its zone.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';

const { values } = parseArgs({
  options: {
    alerts: { type: 'string', default: '300' },
    load: { type: 'string', default: '0,100,500' },
    postgres: { type: 'string', default: 'postgres://postgres@127.0.0.1:5432/postgres' },
    dist: { type: 'string', default: path.resolve(import.meta.dirname, '../../dist/src') },
    json: { type: 'boolean', default: false },
  },
});
const from = (file) => import(pathToFileURL(path.join(values.dist, file)).href);
const [{ SystemClock }, { newId }, { createEventLog }, { createAlertEngine }, { createMetrics }, { createLogger }, { openPgliteDatabase }, { openPostgresDatabase }, schema] = await Promise.all(
  ['core/clock.js', 'core/ids.js', 'db/event-log.js', 'alert/alert-engine.js', 'telemetry/metrics.js', 'telemetry/logger.js', 'db/adapters/pglite-database.js', 'db/adapters/postgres-database.js', 'db/schema/index.js'].map(from),
);
const clock = new SystemClock();
const log = createLogger('error');
const now = new Date(clock.nowMs());
const nextMonth = new Date(clock.nowMs() + 30 * 86_400_000).toISOString().slice(0, 10);
const loadCameras = 100;

async function openPglite() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-bench-'));
  const database = await openPgliteDatabase({ folder: path.join(folder, 'database'), clock, log });
  return { database, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function openPostgres() {
  const name = `hedgerow_bench_${randomBytes(6).toString('hex')}`;
  const administer = async (statement) => {
    const client = new pg.Client({ connectionString: values.postgres, connectionTimeoutMillis: 2_000 });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await administer(`create database ${name}`);
  const url = new URL(values.postgres);
  url.pathname = `/${name}`;
  const database = await openPostgresDatabase({ url: url.href, poolSize: 10, clock, log });
  return { database, remove: () => administer(`drop database ${name} with (force)`) };
}

/** A site whose cameras each have one zone that is always armed; one channel, so that deliveries are written, too. */
async function settle({ orm }, cameras) {
  const [siteId, placeId, scheduleId] = [newId(), newId(), newId()];
  const weekly = Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 1440 }]);
  await orm.insert(schema.sites).values({ id: siteId, name: siteId, timeZone: 'Asia/Shanghai', boundary: [], requireDetector: false, retentionDays: 30, createdAt: now });
  await orm.insert(schema.places).values({ id: placeId, siteId, kind: 'pump-station', name: 'Pump house', position: null });
  await orm.insert(schema.schedules).values({ id: scheduleId, siteId, name: 'always', weekly, reason: 'a benchmark', reviewOn: nextMonth });
  await orm.insert(schema.channels).values({ id: newId(), siteId, kind: 'webhook', name: 'desk', url: 'https://desk.example/', sealedSecret: '', enabled: true, createdAt: now });
  return Promise.all(
    Array.from({ length: cameras }, async (_, i) => {
      const [cameraId, zoneId] = [newId(), newId()];
      const accountable = { purpose: 'a benchmark', owner: 'nobody', legalBasis: 'none', reviewOn: nextMonth };
      await orm.insert(schema.cameras).values({ id: cameraId, siteId, name: `camera ${i}`, protocol: 'rtsp', address: 'rtsp://192.0.2.1/', ...accountable, sampleIntervalMs: 1000, enabled: true, onboarding: [], createdAt: now, updatedAt: now });
      await orm.insert(schema.zones).values({ id: zoneId, cameraId, siteId, kind: 'guard', name: 'door', polygon: [[0, 0], [1, 0], [1, 1]], placeId });
      await orm.insert(schema.rules).values({ id: newId(), siteId, cameraId, zoneId, scheduleId, name: 'pump', classes: ['person'], reason: 'a benchmark', endsOn: nextMonth, dwellMs: 0, minHeightRatio: 0, quietMs: 30_000, enabled: true, createdAt: now });
      return { siteId, cameraId, zoneId };
    }),
  );
}

const sampleOf = ({ siteId, cameraId, zoneId }) => ({
  cameraId, siteId, runId: randomUUID(), sequence: 0, capturedAtMs: null, receivedAtMs: clock.nowMs(), detections: [], counts: { person: 1 },
  hits: [{ zoneId, counts: { person: 1 }, tallestRatio: 0.3 }], changeRatio: 0, maskRatio: 0, picture: { status: 'not-due' }, pictureStatus: 'ready', pictureReason: null, detector: 'onnx', meanLuma: 100,
});
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

async function measure(kind, open, load) {
  const { database, remove } = await open();
  try {
    await database.migrate();
    const events = createEventLog({ database, clock, log });
    await events.start();
    const engine = createAlertEngine({ database, events, clock, log, metrics: createMetrics() });
    const alerts = Number(values.alerts);
    const [cameras, others] = [await settle(database, alerts), await settle(database, loadCameras)];
    for (const { cameraId } of [...cameras, ...others]) await engine.refresh(cameraId);
    const seen = new Map();
    const stop = events.subscribe((event) => event.type === 'alert.raised' && seen.set(event.data.cameraId, clock.monotonicMs()));
    await Promise.all(others.map((camera) => engine.observe(sampleOf(camera), null)));

    let loading = load > 0;
    let observed = 0;
    const startedMs = clock.monotonicMs();
    const pressing = (async () => {
      while (loading) {
        const due = Math.floor(((clock.monotonicMs() - startedMs) / 1000) * load) - observed;
        for (let i = 0; i < due; i++) void engine.observe(sampleOf(others[observed++ % loadCameras]), randomUUID());
        await sleep(5);
      }
    })();
    const handed = new Map();
    for (const camera of cameras) {
      handed.set(camera.cameraId, clock.monotonicMs());
      await engine.observe(sampleOf(camera), null);
      await sleep(5 + Math.random() * 20);
    }
    const tookMs = clock.monotonicMs() - startedMs;
    for (let i = 0; i < 1_000 && ![...handed.keys()].every((id) => seen.has(id)); i++) await sleep(10);
    loading = false;
    await pressing;
    const times = [...handed].map(([id, atMs]) => (seen.get(id) ?? Infinity) - atMs).sort((a, b) => a - b);
    stop();
    await engine.close();
    await events.close();
    const round = (ms) => Math.round(ms * 10) / 10;
    return { database: kind, alerts, missing: times.filter((t) => t === Infinity).length, observationsPerSecond: load === 0 ? 0 : Math.round(observed / (tookMs / 1000)), p50Ms: round(quantile(times, 0.5)), p99Ms: round(quantile(times, 0.99)), maxMs: round(times.at(-1)) };
  } finally {
    await database.close();
    await remove();
  }
}

const results = [];
for (const [kind, open] of [['pglite', openPglite], ['postgres', openPostgres]]) {
  for (const load of values.load.split(',').map(Number)) {
    try {
      results.push(await measure(kind, open, load));
    } catch (thrown) {
      if (kind !== 'postgres' || thrown?.code !== 'ECONNREFUSED') throw thrown;
      console.error(`postgres: skipped, it does not answer at ${values.postgres}`);
      break;
    }
    if (!values.json) {
      const r = results.at(-1);
      console.log(`${r.database.padEnd(8)}  ${String(r.observationsPerSecond).padStart(4)} observations/s  ${r.alerts} alerts  p50 ${r.p50Ms} ms  p99 ${r.p99Ms} ms  max ${r.maxMs} ms${r.missing > 0 ? `  MISSING ${r.missing}` : ''}`);
    }
  }
}
if (values.json) console.log(JSON.stringify(results, null, 2));
if (results.some((r) => r.missing > 0)) process.exitCode = 1;
