/** One failed heartbeat, as after a cut connection, costs no camera its run. */
import { afterAll, describe, expect, it } from 'vitest';
import type { CameraDirectory } from '../../src/contract/registry.js';
import type { CameraReports } from '../../src/contract/camera-reports.js';
import type { Database } from '../../src/contract/database.js';
import { SystemClock } from '../../src/core/clock.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { createIngest } from '../../src/ingest/ingest.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { memoryDatabase, silentLog } from '../support/databases.js';

const real = await memoryDatabase();
afterAll(() => real.close());

const nothing = (): void => undefined;
const reports: CameraReports = { probed: nothing, runStarted: nothing, runEnded: nothing, sampled: nothing, clockMeasured: nothing, released: nothing };

describe('renewal of leases', () => {
  it.each([
    ['one failure', 0, 1],
    ['no end of failures', 1, Infinity],
  ])('%s stops %i runs', async (_name, lostRuns, failures) => {
    const clock = new SystemClock();
    let left = 0;
    const orm = new Proxy(real.orm, {
      get(target, key): unknown {
        if ((key === 'insert' || key === 'update') && left-- > 0) throw new HedgerowError('database.unavailable', 'The connection was cut.');
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const database: Database = { ...real, orm, transaction: (work) => (left-- > 0 ? Promise.reject(new HedgerowError('database.unavailable', 'The connection was cut.')) : real.transaction(work)) };
    const cameraId = newId();
    const directory: CameraDirectory = {
      runnable: () => Promise.resolve([{ cameraId, siteId: newId(), configVersion: 1 }]),
      target: () => Promise.reject(new HedgerowError('camera.stream', 'No stream in this test.')),
      view: () => Promise.reject(new HedgerowError('camera.unknown', 'No view in this test.')),
    };
    const lost: string[] = [];
    const ingest = createIngest({
      config: { adapter: 'node-av', maxWidthPx: 640, maxDensityPxPerM: 250, connectTimeoutMs: 1000, stallMs: 5000, reconnect: { initialMs: 500, factor: 2, capMs: 1000, jitterRatio: 0 }, connectsPerHost: 4, leaseMs: 2000, maxCameras: 10 },
      database,
      directory,
      reports,
      source: { run: () => Promise.resolve({ reason: 'stopped', detail: '', frames: 0, dropped: 0, bytes: 0 }), close: () => Promise.resolve() },
      clock,
      log: silentLog,
      metrics: createMetrics(),
      onFrame: nothing,
      onLost: (id) => lost.push(id),
    });
    await ingest.start();
    expect(ingest.holds(cameraId)).toBe(true);
    left = failures;
    await clock.sleep(3_000);
    expect(lost).toHaveLength(lostRuns);
    left = 0;
    await ingest.close();
  });
});
