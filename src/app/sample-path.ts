/**
 * The way of one frame: view → analyse → store → watch → alert → observation. One sample of a camera is in work at a
 * time; while it is, only the newest frame waits (an older one is dropped and counted). The frame ends here: nothing that
 * leaves this module holds its bytes. Trouble that lasts is told once a minute and camera, not once a frame.
 */
import type { AlertEngine } from '../contract/alert-ports.js';
import type { Analyst, Sample } from '../contract/analysis.js';
import type { CameraReports } from '../contract/camera-reports.js';
import type { Frame } from '../contract/frame.js';
import type { CameraDirectory } from '../contract/registry.js';
import type { PictureTaker } from '../contract/picture-taker.js';
import type { ObservationStore, PictureStore } from '../contract/store-ports.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';

export interface SamplePath {
  /** Takes a frame; never throws, never waits. */
  accept(frame: Frame): void;
  /** Forgets a camera that left this worker. */
  forget(cameraId: string): void;
  /** Waits for the samples in work. */
  drain(): Promise<void>;
}

/** While a camera's trouble lasts it is told so often, milliseconds. */
const tellEveryMs = 60_000;

interface Trouble {
  toldAtMs: number;
  /** since it was told last */
  samples: number;
}

interface Lane {
  busy: Promise<void> | undefined;
  waiting: Frame | undefined;
}

export function createSamplePath(deps: {
  directory: CameraDirectory;
  analyst: Analyst;
  engine: AlertEngine;
  pictures: PictureStore;
  observations: ObservationStore;
  reports: CameraReports;
  takers: readonly PictureTaker[];
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}): SamplePath {
  const { directory, analyst, engine, pictures, observations, reports, takers, clock, log, metrics } = deps;
  const lanes = new Map<string, Lane>();
  const troubles = new Map<string, Trouble>();

  function tell(cameraId: string, context: object, message: string): void {
    const now = clock.monotonicMs();
    const trouble = troubles.get(cameraId) ?? { toldAtMs: -Infinity, samples: 0 };
    troubles.set(cameraId, trouble);
    trouble.samples++;
    if (now - trouble.toldAtMs < tellEveryMs) return;
    log.warn({ cameraId, samples: trouble.samples, ...context }, message);
    Object.assign(trouble, { toldAtMs: now, samples: 0 } satisfies Trouble);
  }

  async function process(frame: Frame): Promise<void> {
    const { cameraId } = frame;
    try {
      const view = await directory.view(cameraId);
      const sample = await analyst.analyse(frame, view, (hits) => engine.wouldRaise(cameraId, hits, frame.receivedAtMs), (stirring) => takers.some((t) => t.wants(cameraId, stirring, frame.receivedAtMs)));
      if (sample === 'dropped') return tell(cameraId, { runId: frame.runId, sequence: frame.sequence }, 'a frame was too old to be judged when its turn came: this worker is behind');
      const pictureId = await keep(sample);
      reports.sampled(sample);
      const alerts = await engine.observe(sample, pictureId);
      for (const taker of takers) taker.sampled(sample, alerts);
      metrics.sampleSeconds.observe(Math.max(0, clock.nowMs() - frame.receivedAtMs) / 1000);
      await observations.record(sample, pictureId);
    } catch (thrown) {
      // One camera's trouble stays its own: the next frame is tried as usual.
      tell(cameraId, { runId: frame.runId, sequence: frame.sequence, error: messageOf(thrown) }, 'a sample could not be judged');
    }
  }

  async function keep(sample: Sample): Promise<string | null> {
    if (sample.picture.status !== 'made' || !sample.picture.keep) return null;
    try {
      return (await pictures.save(sample.picture.picture)).id;
    } catch (thrown) {
      metrics.pictures.inc({ outcome: 'not-stored' });
      tell(sample.cameraId, { error: messageOf(thrown) }, 'a picture could not be stored');
      return null;
    }
  }

  function next(cameraId: string, lane: Lane): void {
    const frame = lane.waiting;
    lane.waiting = undefined;
    lane.busy = frame ? process(frame).then(() => next(cameraId, lane)) : undefined;
    if (!frame) lanes.delete(cameraId);
  }

  return {
    accept(frame) {
      const lane = lanes.get(frame.cameraId) ?? { busy: undefined, waiting: undefined };
      lanes.set(frame.cameraId, lane);
      if (lane.waiting) metrics.framesDropped.inc({ at: 'path' });
      lane.waiting = frame;
      if (!lane.busy) next(frame.cameraId, lane);
    },
    forget(cameraId) {
      const lane = lanes.get(cameraId);
      if (lane) lane.waiting = undefined;
      const forget = (): void => {
        troubles.delete(cameraId);
        analyst.forget(cameraId);
        for (const taker of takers) taker.forget(cameraId);
        reports.released(cameraId);
      };
      // The sample in work would bring the camera back: it ends first.
      if (lane?.busy) void lane.busy.then(forget);
      else forget();
    },
    async drain() {
      await Promise.all([...lanes.values()].flatMap((lane) => (lane.busy ? [lane.busy] : [])));
    },
  };
}
