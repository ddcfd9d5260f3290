/**
 * One worker: it holds leases on cameras and keeps a run for each. A change touches the run of the camera that changed
 * and no other. A worker that cannot renew stops its runs before the leases end, so two workers never run one camera.
 */
import os from 'node:os';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { Config } from '../config/schema.js';
import type { CameraReports } from '../contract/camera-reports.js';
import type { Database } from '../contract/database.js';
import type { Frame } from '../contract/frame.js';
import type { FrameSource } from '../contract/frame-source.js';
import type { CameraDirectory } from '../contract/registry.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { startCameraRun, type CameraRun } from './camera-run.js';
import { createConnectGate } from './connect-gate.js';
import { fairShare } from './fair-share.js';
import { createLeaseBook } from './lease-book.js';
import { createRunLog } from './run-log.js';

/** The list of cameras is read so often even when nobody says that it changed. */
const pollMs = 30_000;
/** Changes that come together are read together. */
const settleMs = 50;
/** Time between two connections that begin, over all hosts. */
const connectPaceMs = 20;
/** Share of `leaseMs` for which a lease is written: with a look every tenth, a dead worker's cameras move within `leaseMs`. */
const writtenRatio = 0.75;
/** Dead workers and old runs are looked for so often. */
const tidyMs = 60_000;

export interface IngestParts {
  readonly config: Config['ingest'] & Pick<Config['analyse'], 'maxDensityPxPerM'>;
  readonly database: Database;
  readonly directory: CameraDirectory;
  readonly reports: CameraReports;
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Called for every sample. Must not block: the frame is the receiver's from here on. */
  readonly onFrame: (frame: Frame) => void;
  /** The camera left this worker: what is kept about it is void. */
  readonly onLost: (cameraId: string) => void;
}

export interface Ingest {
  /** Resolves when the worker is written down and has taken its first cameras. Throws `database.unavailable`. */
  start(): Promise<void>;
  /** Stops every run and gives the leases back. */
  close(): Promise<void>;
  readonly workerId: string;
  /** cameras that this worker holds */
  running(): number;
  holds(cameraId: string): boolean;
}

interface Held {
  readonly run: CameraRun;
  configVersion: number;
}

export function createIngest(parts: IngestParts): Ingest {
  const { config, database, clock, log } = parts;
  const workerId = newId();
  const heldMs = config.leaseMs * writtenRatio;
  const book = createLeaseBook({ database, workerId, leaseMs: heldMs });
  const runLog = createRunLog({ database, workerId, clock, log });
  const gate = createConnectGate({ perHost: config.connectsPerHost, paceMs: connectPaceMs, clock });
  const capacity = Math.min(config.maxCameras, parts.source.capacity ?? Infinity);
  let warned = false;
  const held = new Map<string, Held>();
  const leaving = new Map<string, Promise<void>>();
  const closing = new AbortController();
  /** camera id → configuration version of every camera that may run; null until it was read once */
  let runnable: ReadonlyMap<string, number> | null = null;
  let cancelFence = (): void => undefined;
  let cancelSettle: (() => void) | undefined;
  let assigning: Promise<void> = Promise.resolve();
  let unlisten: (() => Promise<void>) | undefined;
  const loops: Promise<void>[] = [];

  /** Stops a run; the camera is not taken again before it has ended. */
  const drop = (cameraId: string): Promise<void> => {
    const had = held.get(cameraId);
    if (!had) return leaving.get(cameraId) ?? Promise.resolve();
    held.delete(cameraId);
    const left = had.run.stop().finally(() => {
      leaving.delete(cameraId);
      parts.reports.released(cameraId);
      parts.onLost(cameraId);
    });
    leaving.set(cameraId, left);
    return left;
  };

  const dropAll = (cameraIds: Iterable<string>): Promise<unknown> => Promise.all([...cameraIds].map(drop));

  /** From `sinceMs` on (before the question to the database), runs may go on for a lease time less a margin to stop in. */
  const fence = (sinceMs: number): void => {
    cancelFence();
    const marginMs = Math.min(2_000, heldMs / 5);
    cancelFence = clock.after(sinceMs + heldMs - marginMs - clock.monotonicMs(), () => {
      if (held.size === 0) return;
      log.error({ cameras: held.size, leaseMs: config.leaseMs }, 'leases could not be renewed in time: all runs stop');
      void dropAll(held.keys());
    });
  };

  const renew = async (): Promise<void> => {
    const sinceMs = clock.monotonicMs();
    const asked = [...held.keys()];
    const ours = await book.renew(asked);
    fence(sinceMs);
    const lost = asked.filter((id) => !ours.has(id));
    if (lost.length > 0) log.warn({ cameras: lost.length }, 'leases went to another worker');
    void dropAll(lost);
  };

  const readCameras = async (): Promise<void> => {
    const cameras = await parts.directory.runnable();
    runnable = new Map(cameras.map((c) => [c.cameraId, c.configVersion]));
    for (const [cameraId, mine] of held) {
      const version = runnable.get(cameraId);
      if (version === undefined || version === mine.configVersion) continue;
      mine.configVersion = version;
      mine.run.restart();
    }
  };

  /** Gives back what is not to run here, and takes what is free, up to this worker's share. */
  const assign = async (): Promise<void> => {
    if (!runnable || closing.signal.aborted) return;
    const capacities = await book.liveCapacities();
    const room = capacities.reduce((a, b) => a + b, 0);
    if (!warned && capacities.length > 0 && runnable.size > room) {
      warned = true;
      log.warn({ cameras: runnable.size, room, maxCameras: config.maxCameras, capacityOfSource: parts.source.capacity }, 'there are more cameras than the workers can carry: start another worker, or this one with a larger UV_THREADPOOL_SIZE');
    }
    const share = fairShare(runnable.size, capacities, capacity);
    const gone = [...held.keys()].filter((id) => !runnable?.has(id));
    const excess = [...held.keys()].filter((id) => runnable?.has(id)).slice(share);
    const back = [...gone, ...excess];
    if (back.length > 0) {
      await dropAll(back);
      await book.release(back);
    }
    const candidates = [...runnable.keys()].filter((id) => !held.has(id) && !leaving.has(id) && !excess.includes(id));
    const free = share - held.size;
    if (free <= 0 || candidates.length === 0 || closing.signal.aborted) return;
    const sinceMs = clock.monotonicMs();
    const taken = await book.take(candidates, free);
    // After a slow answer the lease may be over already; it is taken again at the next turn.
    if (clock.monotonicMs() - sinceMs > heldMs / 2) return;
    for (const { cameraId } of taken) {
      if (closing.signal.aborted) return; // `close` gives it back
      held.set(cameraId, { run: startCameraRun(cameraId, { ...parts, gate, runLog }), configVersion: runnable.get(cameraId) ?? 0 });
    }
  };

  /** One assignment at a time. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const next = assigning.then(work);
    assigning = next.catch(() => undefined);
    return next;
  };

  const reread = (): Promise<void> =>
    inTurn(async () => {
      await readCameras();
      await assign();
    });

  const onChanged = (): void => {
    cancelSettle ??= clock.after(settleMs, () => {
      cancelSettle = undefined;
      reread().catch((thrown: unknown) => log.warn({ error: messageOf(thrown) }, 'the list of cameras could not be read'));
    });
  };

  /** @param retryMs the wait after a failure; said once, until it works again */
  const every = async (ms: number, what: string, work: () => Promise<unknown>, retryMs = ms): Promise<void> => {
    let failed = false;
    while (!closing.signal.aborted) {
      await clock.sleep(failed ? retryMs : ms, closing.signal).catch(() => undefined);
      if (closing.signal.aborted) return;
      try {
        await work();
        failed = false;
      } catch (thrown) {
        if (!failed) log.warn({ error: messageOf(thrown) }, what);
        failed = true;
      }
    }
  };

  return {
    workerId,
    running: () => held.size,
    holds: (cameraId) => held.has(cameraId),
    async start() {
      const sinceMs = clock.monotonicMs();
      await book.enroll(os.hostname(), capacity);
      fence(sinceMs);
      await book.bury();
      unlisten = await database.listen('hg_camera', onChanged);
      await reread();
      loops.push(
        // A renewal that failed is tried again well before the fence: one lost connection must not stop every run.
        every(config.leaseMs / 3, 'leases could not be renewed', renew, config.leaseMs / 20),
        every(config.leaseMs / 10, 'cameras could not be assigned', () => inTurn(assign)),
        every(pollMs, 'the list of cameras could not be read', reread),
        every(tidyMs, 'dead workers and old runs could not be tidied up', async () => {
          await book.bury();
          await runLog.prune();
        }),
      );
    },
    async close() {
      closing.abort(new DOMException('ingest closes', 'AbortError'));
      cancelSettle?.();
      cancelFence();
      await unlisten?.().catch(() => undefined);
      await Promise.allSettled([...loops, assigning]);
      await dropAll(held.keys());
      await Promise.allSettled(leaving.values());
      await runLog.drain();
      await book.leave().catch((thrown: unknown) => log.warn({ error: messageOf(thrown) }, 'leases could not be given back: they run out by themselves'));
    },
  };
}
