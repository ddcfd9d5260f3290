/**
 * Keeps the state of the cameras that report here, and writes it down when it changes. Reports are taken at once and
 * never wait for the database; what is written is always the newest that is known. Building it sets no timer; `start` does.
 */
import type { CameraReports } from '../contract/camera-reports.js';
import { cameraStates } from '../contract/camera.js';
import type { Database, EventLog } from '../contract/database.js';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { judge, type CameraFacts } from './judge.js';
import { createStatusWriter, type LoadedCamera, type StatusRow } from './status-writer.js';

/** What must be known of a camera before it can be judged; until then facts only gather. */
type Loaded = { readonly status: 'unknown' } | { readonly status: 'gone' } | { readonly status: 'known'; readonly camera: LoadedCamera };

interface Watched {
  readonly cameraId: string;
  readonly facts: { -readonly [K in keyof CameraFacts]: CameraFacts[K] };
  loaded: Loaded;
  /** as it was last written, or read */
  written: StatusRow | null;
  /** frame time or clock offset is newer than the row */
  touched: boolean;
  /** runs here: without frames it goes down by itself */
  running: boolean;
  /** this worker has let go of it: written once more, then forgotten */
  released: boolean;
}

const tickMs = 1_000;
const touchEveryMs = 5_000;
const sweepEveryMs = 15_000;

export function createWatch(deps: {
  config: Config['watch'];
  database: Database;
  events: EventLog;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}): CameraReports & { start(): Promise<void>; close(): Promise<void> } {
  const { config, clock, log, metrics } = deps;
  const writer = createStatusWriter(deps);
  const watched = new Map<string, Watched>();
  const changed = new Set<Watched>();
  let flushing: Promise<void> | undefined;
  let cancelTick: (() => void) | undefined;
  let touchedAtMs = clock.monotonicMs();
  let sweptAtMs = -Infinity;
  let ticking: Promise<void> | undefined;
  let databaseAway = false;
  let closed = false;

  function of(cameraId: string): Watched {
    let camera = watched.get(cameraId);
    if (!camera) {
      camera = {
        cameraId,
        facts: {
          protocol: 'onvif',
          sampleIntervalMs: 1_000,
          lastFrameAtMs: null,
          meanLuma: null,
          still: null,
          pictureStatus: 'none',
          pictureReason: null,
          detector: 'unknown',
          clockSkewMs: null,
          end: null,
          probe: null,
        },
        loaded: { status: 'unknown' },
        written: null,
        touched: false,
        running: false,
        released: false,
      };
      watched.set(cameraId, camera);
    }
    camera.released = false;
    return camera;
  }

  /** Looks at a camera now, and has it written when something that people see is different. */
  function look(camera: Watched): void {
    if (camera.loaded.status === 'unknown' || nextRow(camera) !== null) {
      changed.add(camera);
      flush();
    }
  }

  /** @returns the row to write, or null when the written one says the same */
  function nextRow(camera: Watched): StatusRow | null {
    const { facts, loaded, written } = camera;
    if (loaded.status !== 'known') return null;
    const now = clock.nowMs();
    const verdict = judge(facts, written?.state ?? null, config, now) ?? (written ? { state: written.state, reason: written.reason } : { state: 'unreachable' as const, reason: 'Nobody has looked at the camera yet.' });
    const row: StatusRow = {
      cameraId: camera.cameraId,
      siteId: loaded.camera.siteId,
      state: verdict.state,
      since: written?.state === verdict.state ? written.since : new Date(now),
      reason: verdict.reason,
      pictureStatus: facts.pictureStatus,
      pictureReason: facts.pictureReason,
      detector: facts.detector,
      lastFrameAt: facts.lastFrameAtMs === null ? null : new Date(facts.lastFrameAtMs),
      clockSkewMs: facts.clockSkewMs,
      updatedAt: new Date(now),
    };
    const same =
      written !== null &&
      written.siteId === row.siteId &&
      written.state === row.state &&
      written.reason === row.reason &&
      written.pictureStatus === row.pictureStatus &&
      written.pictureReason === row.pictureReason &&
      written.detector === row.detector;
    return same ? null : row;
  }

  /** Reads a camera for the first time here: what the last worker knew holds until something newer is known. */
  async function load(camera: Watched): Promise<void> {
    const found = await writer.load(camera.cameraId);
    if (!found) {
      camera.loaded = { status: 'gone' };
      watched.delete(camera.cameraId);
      return;
    }
    camera.loaded = { status: 'known', camera: found };
    camera.written = found.status;
    const { facts } = camera;
    Object.assign(facts, { protocol: found.protocol, sampleIntervalMs: found.sampleIntervalMs });
    if (!found.status) return;
    facts.clockSkewMs ??= found.status.clockSkewMs;
    facts.lastFrameAtMs ??= found.status.lastFrameAt?.getTime() ?? null;
    if (facts.meanLuma === null) {
      // No sample yet: what is known of the picture is what was known last.
      Object.assign(facts, { pictureStatus: found.status.pictureStatus, pictureReason: found.status.pictureReason, detector: found.status.detector });
    }
  }

  function flush(): void {
    flushing ??= write().finally(() => {
      flushing = undefined;
      if (changed.size > 0 && !databaseAway) flush();
    });
  }

  async function write(): Promise<void> {
    // Reports of one moment are written together.
    await Promise.resolve();
    for (const camera of changed) {
      try {
        if (camera.loaded.status === 'unknown') await load(camera);
        const row = nextRow(camera);
        if (row) {
          await writer.write(row);
          camera.written = row;
          camera.touched = false;
          log.info({ cameraId: camera.cameraId, state: row.state, reason: row.reason }, 'camera state');
        }
        changed.delete(camera);
        if (row && nextRow(camera)) changed.add(camera);
        if (databaseAway) log.info({}, 'camera states are written again');
        databaseAway = false;
      } catch (thrown) {
        if (!databaseAway) log.warn({ waiting: changed.size, error: messageOf(thrown) }, 'camera states wait for the database');
        databaseAway = true;
        return;
      }
    }
  }

  async function touch(cameras: readonly Watched[]): Promise<void> {
    const rows = cameras.filter((c) => c.touched && c.written !== null);
    for (const camera of rows) camera.touched = false;
    try {
      const states = await writer.touch(
        rows.map(({ cameraId, facts }) => ({ cameraId, lastFrameAt: facts.lastFrameAtMs === null ? null : new Date(facts.lastFrameAtMs), clockSkewMs: facts.clockSkewMs })),
        new Date(clock.nowMs()),
      );
      // Somebody else may have marked a camera while our frame times did not get through: then the row is read anew.
      for (const camera of rows) {
        if (camera.loaded.status !== 'known' || changed.has(camera) || states.get(camera.cameraId) === camera.written?.state) continue;
        camera.loaded = { status: 'unknown' };
        look(camera);
      }
    } catch (thrown) {
      for (const camera of rows) camera.touched = true;
      log.warn({ cameras: rows.length, error: messageOf(thrown) }, 'times of frames could not be written');
    }
  }

  /** Once in a while: cameras of workers that are gone, and the gauge of the whole fleet. */
  async function sweep(): Promise<void> {
    try {
      const silentMs = Math.max(config.downAfterMs, 3 * touchEveryMs);
      const now = clock.nowMs();
      const marked = await writer.markSilent(new Date(now - silentMs), new Date(now), 'No frame has come; no worker reports on the camera.');
      if (marked > 0) log.warn({ cameras: marked }, 'cameras were marked that nobody reports on');
      const counts = await writer.counts();
      for (const state of cameraStates) metrics.cameras.set({ state }, counts[state]);
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, 'the fleet could not be counted');
    }
  }

  async function tick(): Promise<void> {
    for (const camera of watched.values()) {
      if (camera.running || camera.facts.end) look(camera);
      if (camera.released && !camera.touched && !changed.has(camera)) watched.delete(camera.cameraId);
    }
    if (changed.size > 0) flush();
    const now = clock.monotonicMs();
    if (now - touchedAtMs >= touchEveryMs) {
      touchedAtMs = now;
      await touch([...watched.values()]);
    }
    if (now - sweptAtMs >= sweepEveryMs) {
      sweptAtMs = now;
      await flushing;
      await sweep();
    }
  }

  function schedule(): void {
    cancelTick = clock.after(tickMs, () => {
      ticking = tick().finally(() => {
        ticking = undefined;
        if (!closed) schedule();
      });
    });
  }

  return {
    probed(cameraId, state, reason) {
      const camera = of(cameraId);
      camera.facts.probe = { state, reason, atMs: clock.nowMs() };
      look(camera);
    },
    runStarted(cameraId, _runId) {
      const camera = of(cameraId);
      camera.running = true;
      // The camera may have been edited since: the next look reads it anew.
      if (camera.loaded.status === 'known' && camera.facts.end?.reason === 'stopped') camera.loaded = { status: 'unknown' };
      look(camera);
    },
    runEnded(cameraId, end, _retryInMs) {
      const camera = of(cameraId);
      const now = clock.nowMs();
      const before = camera.facts.end?.reason === 'stopped' ? null : camera.facts.end;
      camera.running = end.reason !== 'stopped';
      camera.facts.end = { reason: end.reason, frames: end.frames, firstAtMs: before?.firstAtMs ?? now, atMs: now, inARow: (before?.inARow ?? 0) + 1 };
      look(camera);
    },
    sampled(sample) {
      const camera = of(sample.cameraId);
      const { facts } = camera;
      camera.running = true;
      camera.touched = true;
      facts.lastFrameAtMs = Math.max(facts.lastFrameAtMs ?? 0, sample.receivedAtMs);
      const same = facts.meanLuma === sample.meanLuma ? facts.still : null;
      facts.still = same ? { sinceMs: same.sinceMs, frames: same.frames + 1 } : { sinceMs: sample.receivedAtMs, frames: 1 };
      facts.meanLuma = sample.meanLuma;
      facts.pictureStatus = sample.pictureStatus;
      facts.pictureReason = sample.pictureReason;
      facts.detector = sample.detector;
      facts.end = null;
      look(camera);
    },
    clockMeasured(cameraId, skewMs) {
      const camera = of(cameraId);
      camera.facts.clockSkewMs = skewMs;
      camera.touched = true;
      look(camera);
    },
    released(cameraId) {
      const camera = watched.get(cameraId);
      if (!camera) return;
      camera.running = false;
      camera.released = true;
      void (async () => {
        await flushing;
        await touch([camera]);
        // It may have come back meanwhile.
        if (camera.released && !camera.touched) watched.delete(cameraId);
      })();
    },
    async start() {
      closed = false;
      await sweep();
      sweptAtMs = clock.monotonicMs();
      if (!cancelTick) schedule();
    },
    async close() {
      closed = true;
      cancelTick?.();
      cancelTick = undefined;
      await ticking;
      await flushing;
      await touch([...watched.values()]);
    },
  };
}
