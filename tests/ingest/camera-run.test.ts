/** The loop of one camera in virtual time: reconnects, limits per host, refusals, changes. */
import { describe, expect, it } from 'vitest';
import { groundDensity, narrowestPx, type GroundPose } from '../../src/core/ground-density.js';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { startCameraRun, type CameraRunParts } from '../../src/ingest/camera-run.js';
import { createConnectGate } from '../../src/ingest/connect-gate.js';
import type { Frame } from '../../src/contract/frame.js';
import type { RunEnd } from '../../src/contract/frame-source.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { silentLog } from '../support/databases.js';
import { ingestConfig, ledSource, testDirectory, testReports } from './support/bench.js';

function bench(cameras: number, config: Partial<typeof ingestConfig> = {}) {
  const clock = new SimulatedClock();
  const directory = testDirectory(cameras);
  const reports = testReports();
  const source = ledSource(() => clock.nowMs());
  const frames: Frame[] = [];
  const runs: { runId: string; end?: RunEnd }[] = [];
  const settings = { ...ingestConfig, ...config };
  const parts: CameraRunParts = {
    config: settings,
    directory,
    reports,
    source,
    gate: createConnectGate({ perHost: settings.connectsPerHost, paceMs: 20, clock }),
    runLog: {
      started: ({ runId }) => void runs.push({ runId }),
      ended: (runId, end) => void Object.assign(runs.find((r) => r.runId === runId) ?? {}, { end }),
      prune: () => Promise.resolve(),
      drain: () => Promise.resolve(),
    },
    clock,
    log: silentLog,
    metrics: createMetrics(),
    onFrame: (frame) => void frames.push(frame),
  };
  return { clock, directory, reports, source, frames, runs, parts, ids: [...directory.cameras.keys()] };
}

describe('the run loop of a camera', () => {
  it('connects again after every end, later each time, and writes every run down', async () => {
    const b = bench(1, { reconnect: { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio: 0 } });
    const run = startCameraRun(b.ids[0] ?? '', b.parts);
    await b.clock.advance(0);
    for (const waitMs of [500, 1_000, 2_000]) {
      b.source.live()[0]?.end('unreachable');
      await b.clock.advance(waitMs - 1);
      expect(b.source.live()).toHaveLength(0);
      await b.clock.advance(1);
      expect(b.source.live()).toHaveLength(1);
    }
    await run.stop();
    expect(b.runs.map((r) => r.end?.reason)).toEqual(['unreachable', 'unreachable', 'unreachable', 'stopped']);
    expect(b.reports.told.filter((t) => t.what === 'ended').map((t) => t.retryInMs)).toEqual([500, 1_000, 2_000, null]);
    expect(b.clock.pendingTimers).toBe(0);
  });

  it('asks for frames as wide as the density ceiling allows, from the pose and the stream’s own size', async () => {
    const widthsOf = async (pose: GroundPose | undefined, config: Partial<typeof ingestConfig> = {}): Promise<number[]> => {
      const b = bench(1, config);
      Object.assign(b.directory.cameras.get(b.ids[0] ?? '') ?? {}, pose && { pose });
      const run = startCameraRun(b.ids[0] ?? '', b.parts);
      await b.clock.advance(0);
      const limit = b.source.live()[0]?.options.maxWidthPx;
      await run.stop();
      return [{ widthPx: 1920, heightPx: 1080 }, { widthPx: 704, heightPx: 576 }].map((size) => (typeof limit === 'function' ? limit(size) : -1));
    };
    // Not known: as configured. Known: fx · (sin t + tan(VFOV/2) · cos t) / H stays under the ceiling.
    expect(await widthsOf(undefined)).toEqual([640, 640]);
    expect(await widthsOf({ mountHeightM: 4, tiltDeg: null, horizontalFovDeg: 90 })).toEqual([640, 640]);
    const near = { mountHeightM: 2.5, tiltDeg: 30, horizontalFovDeg: 60 };
    const [wide = 0, tall = 0] = await widthsOf(near, { maxDensityPxPerM: 100 });
    expect(wide).toBeGreaterThan(300);
    expect(wide).toBeLessThan(400);
    expect(tall).toBeLessThan(wide);
    expect(groundDensity(near, wide, (wide * 9) / 16)).toBeLessThanOrEqual(100);
    expect(await widthsOf(near)).toEqual([640, 640]);
    // Too near for any width that can be judged: the masker withholds.
    expect(await widthsOf({ ...near, mountHeightM: 0.5 }, { maxDensityPxPerM: 25 })).toEqual([narrowestPx, narrowestPx]);
    expect(await widthsOf({ ...near, mountHeightM: 0.5 }, { maxDensityPxPerM: 25, maxWidthPx: 96 })).toEqual([96, 96]);
  });

  it('hands frames on with their run, and none after it was stopped', async () => {
    const b = bench(1);
    const run = startCameraRun(b.ids[0] ?? '', b.parts);
    await b.clock.advance(0);
    const led = b.source.live()[0];
    led?.frame(b.clock.nowMs() + 1_500);
    led?.frame();
    await run.stop();
    led?.frame();
    expect(b.frames.map((f) => f.sequence)).toEqual([0, 1]);
    expect(b.reports.told).toContainEqual(expect.objectContaining({ what: 'clock', skewMs: 1_500 }));
  });

  it('tries a refused password once a cap, and at once when the password was changed', async () => {
    const b = bench(1);
    const id = b.ids[0] ?? '';
    Object.assign(b.directory.cameras.get(id) ?? {}, { username: 'u', password: 'wrong' });
    const run = startCameraRun(id, b.parts);
    await b.clock.advance(0);
    b.source.live()[0]?.end('auth');
    await b.clock.advance(59_000);
    expect(b.source.runs).toHaveLength(1);
    run.restart();
    await b.clock.advance(500);
    expect(b.source.runs).toHaveLength(1);
    Object.assign(b.directory.cameras.get(id) ?? {}, { password: 'right' });
    run.restart();
    await b.clock.advance(100);
    expect(b.source.live()).toHaveLength(1);
    await run.stop();
  });

  it('says why there is no address, and does not connect', async () => {
    const b = bench(1);
    b.directory.fault = new HedgerowError('address.refused', 'outside');
    const run = startCameraRun(b.ids[0] ?? '', b.parts);
    await b.clock.advance(0);
    expect(b.source.runs).toHaveLength(0);
    expect(b.reports.told[0]).toMatchObject({ what: 'ended', end: { reason: 'refused' }, retryInMs: 60_000 });
    b.directory.fault = new HedgerowError('database.unavailable', 'away');
    await b.clock.advance(60_000);
    b.directory.fault = null;
    await b.clock.advance(2_000);
    expect(b.source.live()).toHaveLength(1);
    await run.stop();
  });

  it('opens only so many connections to one host at once, and others are not held up', async () => {
    const b = bench(0, { connectsPerHost: 2, connectTimeoutMs: 2_000 });
    const recorder = Array.from({ length: 5 }, (_, i) => b.directory.add({ url: `rtsp://10.0.0.1/ch${i}` }));
    const other = b.directory.add({ url: 'rtsp://10.0.0.2/a' });
    const runs = [...recorder, other].map((c) => startCameraRun(c.cameraId, b.parts));
    await b.clock.advance(500);
    expect(b.source.live()).toHaveLength(3);
    expect(b.source.live(other.cameraId)).toHaveLength(1);
    b.source.live(recorder[0]?.cameraId)[0]?.frame(); // open now: its place is free
    await b.clock.advance(50);
    expect(b.source.live()).toHaveLength(4);
    await b.clock.advance(2_000); // who hangs while connecting gives the place back in time
    expect(b.source.live()).toHaveLength(6);
    await Promise.all(runs.map((r) => r.stop()));
    expect(b.source.live()).toHaveLength(0);
    expect(b.clock.pendingTimers).toBe(0);
  });

  it('stops while it waits for its turn, its retry or its lock-out', async () => {
    const b = bench(0, { connectsPerHost: 1 });
    const [first, second] = [b.directory.add({ url: 'rtsp://10.0.0.1/a' }), b.directory.add({ url: 'rtsp://10.0.0.1/b' })];
    const a = startCameraRun(first.cameraId, b.parts);
    const c = startCameraRun(second.cameraId, b.parts);
    await b.clock.advance(0);
    await c.stop();
    b.source.live()[0]?.end('unreachable');
    await b.clock.advance(10);
    await a.stop();
    expect(b.source.runs.map((r) => r.cameraId)).toEqual([first.cameraId]);
    expect(b.clock.pendingTimers).toBe(0);
  });

  it('begins 200 connections as a ramp', async () => {
    const b = bench(200);
    const runs = b.ids.map((id) => startCameraRun(id, b.parts));
    await b.clock.advance(1_000);
    expect(b.source.live().length).toBeGreaterThan(40);
    expect(b.source.live().length).toBeLessThan(60);
    await b.clock.advance(3_000);
    expect(b.source.live()).toHaveLength(200);
    await Promise.all(runs.map((r) => r.stop()));
  });
});
