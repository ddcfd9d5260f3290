/** Workers on a real database: leases, fair share, changes, take-over, fencing. Sources are led by hand. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock, type Clock } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import type { Database } from '../../src/contract/database.js';
import type { Frame } from '../../src/contract/frame.js';
import { leases, runs, workers } from '../../src/db/schema/index.js';
import { createIngest } from '../../src/ingest/ingest.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { eachDatabase, silentLog } from '../support/databases.js';
import { ingestConfig, ledSource, testDirectory, testReports, type TestDirectory } from './support/bench.js';

const clock: Clock = new SystemClock();
const short = { ...ingestConfig, leaseMs: 1_500, reconnect: { initialMs: 50, factor: 2, capMs: 1_000, jitterRatio: 0 } };

function worker(database: Database, directory: TestDirectory, config: Partial<typeof ingestConfig> = {}) {
  const reports = testReports();
  const source = ledSource(() => clock.nowMs());
  const frames = new Map<string, Frame[]>();
  const lost: string[] = [];
  const ingest = createIngest({
    config: { ...short, ...config }, database, directory, reports, source, clock, log: silentLog, metrics: createMetrics(),
    onFrame: (frame) => frames.set(frame.cameraId, [...(frames.get(frame.cameraId) ?? []), frame]),
    onLost: (cameraId) => lost.push(cameraId),
  });
  return { ingest, reports, source, frames, lost };
}

async function holds(condition: () => boolean | Promise<boolean>, withinMs: number, what: string): Promise<number> {
  const startedMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
  return performance.now() - startedMs;
}

/** A database that can be cut off, as it is for a worker that was killed or lost its network. */
function severable(database: Database): { database: Database; sever(): void } {
  let severed = false;
  const guarded = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(on, name) {
        const value: unknown = Reflect.get(on, name, on);
        if (severed) throw new HedgerowError('database.unavailable', 'cut off');
        return typeof value === 'function' ? (value as (...a: unknown[]) => unknown).bind(on) : value;
      },
    });
  return {
    database: { ...database, orm: guarded(database.orm), transaction: (work) => (severed ? Promise.reject(new HedgerowError('database.unavailable', 'cut off')) : database.transaction(work)), close: () => Promise.resolve() },
    sever: () => (severed = true),
  };
}

describe.each(eachDatabase())('ingest on $name', ({ open }) => {
  let database: Database;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    for (const table of [leases, runs, workers]) await database.orm.delete(table);
  });

  it('runs every camera once, writes runs down, and gives everything back when it closes', async () => {
    const directory = testDirectory(5);
    const w = worker(database, directory);
    await w.ingest.start();
    await holds(() => w.source.live().length === 5, 1_000, 'five runs');
    expect(w.ingest.running()).toBe(5);
    for (const run of w.source.live()) {
      run.frame();
      run.frame();
    }
    await w.ingest.close();
    expect(w.source.live()).toHaveLength(0);
    const rows = await database.orm.select().from(runs);
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row).toMatchObject({ workerId: w.ingest.workerId, endReason: 'stopped', frames: 2, codec: 'h264', widthPx: 640, heightPx: 360, bytes: 2000 });
    expect(await database.orm.select().from(workers)).toHaveLength(0);
    const [{ open: left } = { open: -1 }] = await database.orm.select({ open: sql<number>`count(*)::int` }).from(leases).where(sql`${leases.expiresAt} > now()`);
    expect(left).toBe(0);
    expect(w.lost.sort()).toEqual([...directory.cameras.keys()].sort());
    expect(w.reports.told.filter((t) => t.what === 'released')).toHaveLength(5);
  });

  it('touches no other run when a camera is added, changed, touched or removed', async () => {
    const directory = testDirectory(3);
    const w = worker(database, directory);
    await w.ingest.start();
    await holds(() => w.source.live().length === 3, 1_000, 'three runs');
    const [first, second, third] = [...directory.cameras.values()];
    if (!first || !second || !third) throw new Error('three cameras');
    const others = (): unknown[] => [first, third].map((c) => w.source.live(c.cameraId)[0]?.options.runId);
    const before = others();
    const feed = setInterval(() => w.source.live().forEach((run) => run.frame()), 20);
    try {
      const added = directory.add();
      await database.notify('hg_camera', added.cameraId);
      await holds(() => w.source.live(added.cameraId).length === 1, 1_000, 'the added camera runs');

      const wasRun = w.source.live(second.cameraId)[0];
      await database.notify('hg_camera', second.cameraId); // a zone or a rule: the version stays
      await sleep(200);
      expect(w.source.live(second.cameraId)[0]).toBe(wasRun);

      second.configVersion += 1;
      second.url = 'rtsp://10.0.9.9:554/new';
      await database.notify('hg_camera', second.cameraId);
      await holds(() => w.source.live(second.cameraId)[0]?.options.target.url === second.url, 1_000, 'the changed camera connects anew');
      expect(wasRun?.over).toBe(true);

      directory.cameras.delete(second.cameraId);
      await database.notify('hg_camera', second.cameraId);
      await holds(() => w.source.live(second.cameraId).length === 0 && w.lost.includes(second.cameraId), 1_000, 'the removed camera stops');
    } finally {
      clearInterval(feed);
    }
    expect(others()).toEqual(before);
    for (const camera of [first, third]) {
      // Not a frame is missing, and none came twice.
      const sequence = (w.frames.get(camera.cameraId) ?? []).map((f) => f.sequence);
      expect(sequence.length).toBeGreaterThan(5);
      expect(sequence).toEqual(sequence.map((_, i) => i));
    }
    expect(w.lost).toEqual([second.cameraId]);
    await w.ingest.close();
  });

  it('shares cameras with a worker that joins, each camera on one worker at a time, and takes them back', async () => {
    const directory = testDirectory(9);
    const a = worker(database, directory);
    const b = worker(database, directory);
    await a.ingest.start();
    await holds(() => a.source.live().length === 9, 1_000, 'all on the first');
    await b.ingest.start();
    let twice = 0;
    const watch = setInterval(() => {
      for (const id of directory.cameras.keys()) if (a.source.live(id).length + b.source.live(id).length > 1) twice += 1;
    }, 5);
    await holds(() => a.source.live().length === 5 && b.source.live().length === 4, 3_000, 'five and four');
    await b.ingest.close();
    await holds(() => a.source.live().length === 9, 1_000, 'all on the first again');
    clearInterval(watch);
    expect(twice).toBe(0);
    const epochs = await database.orm.select({ epoch: leases.epoch }).from(leases);
    expect(epochs.filter((e) => e.epoch === 3)).toHaveLength(4);
    expect(epochs.filter((e) => e.epoch === 1)).toHaveLength(5);
    await a.ingest.close();
  });

  it('takes no more than its capacity', async () => {
    const directory = testDirectory(6);
    const a = worker(database, directory, { maxCameras: 2 });
    const b = worker(database, directory, { maxCameras: 3 });
    await a.ingest.start();
    await b.ingest.start();
    await holds(() => a.source.live().length === 2 && b.source.live().length === 3, 2_000, 'two and three');
    await sleep(300);
    expect([a.ingest.running(), b.ingest.running()]).toEqual([2, 3]);
    await a.ingest.close();
    await b.ingest.close();
  });

  it('takes over from a dead worker within the lease time; the cut-off worker has stopped before', async () => {
    const directory = testDirectory(4);
    const link = severable(database);
    const dying = worker(link.database, directory);
    await dying.ingest.start();
    await holds(() => dying.source.live().length === 4, 1_000, 'runs of the first');
    const survivor = worker(database, directory);
    await survivor.ingest.start();
    await holds(() => dying.source.live().length === 2 && survivor.source.live().length === 2, 3_000, 'two and two');
    let twice = 0;
    const watch = setInterval(() => {
      for (const id of directory.cameras.keys()) if (dying.source.live(id).length + survivor.source.live(id).length > 1) twice += 1;
    }, 2);
    link.sever();
    const tookMs = await holds(() => survivor.source.live().length === 4, 3_000, 'all on the survivor');
    clearInterval(watch);
    expect(tookMs).toBeLessThan(short.leaseMs);
    expect(dying.source.live()).toHaveLength(0);
    expect(twice).toBe(0);
    await dying.ingest.close();
    await survivor.ingest.close();
  });

  it('ends the runs that a dead worker left open', async () => {
    const dead = newId();
    await database.orm.insert(workers).values({ id: dead, host: 'gone', capacity: 1, startedAt: new Date(0), heartbeatAt: new Date(0) });
    await database.orm.insert(runs).values({ id: newId(), cameraId: newId(), workerId: dead, startedAt: new Date(0) });
    const w = worker(database, testDirectory(1));
    await w.ingest.start();
    await holds(async () => (await database.orm.select().from(runs).where(eq(runs.workerId, dead)))[0]?.endReason === 'lost', 2_000, 'its run is ended');
    expect(await database.orm.select().from(workers)).toHaveLength(1);
    await w.ingest.close();
  });
});
