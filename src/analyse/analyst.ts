/**
 * The analyst: for each camera one sample at a time, in order. While a frame is in work the newest one waits; an older one
 * that waited is dropped and counted. What goes wrong inside costs the picture of that sample, never the process.
 */
import { withheldReasons, type Analyst, type Sample } from '../contract/analysis.js';
import type { Detector } from '../contract/detector.js';
import type { Frame } from '../contract/frame.js';
import type { CameraView } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createMemory, privacyBlocks, relearn, type CameraMemory } from './camera-memory.js';
import { takeSample } from './sampling.js';
import type { Sampling, Wants } from './sampling-parts.js';
import { createShiftMeter } from './view-shift.js';

export interface AnalystOptions {
  readonly config: Config['analyse'];
  /** null: the change mask alone */
  readonly detector: Detector | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** for benches and tests */
  readonly inspect?: Sampling['inspect'];
}

interface Turn {
  readonly frame: Frame;
  /** monotonic milliseconds */
  readonly receivedMs: number;
  readonly view: CameraView;
  readonly wants: Wants;
  readonly done: (sample: Sample | 'dropped') => void;
}

interface Desk {
  memory: CameraMemory | null;
  /** the view that was found moved: it stays so until a newer one is confirmed, whatever else is forgotten */
  movedView: number | null;
  working: boolean;
  waiting: Turn | null;
}

export function createAnalyst(options: AnalystOptions): Analyst {
  const { config, clock, log, metrics } = options;
  const desks = new Map<string, Desk>();
  const sampling: Sampling = { config, detector: options.detector, meter: createShiftMeter(), warn: (context, message) => log.warn(context, message), ...(options.inspect && { inspect: options.inspect }) };

  const work = async (desk: Desk, turn: Turn): Promise<Sample> => {
    const startedMs = clock.monotonicMs();
    try {
      const memory = remember(desk, turn.frame, turn.view, config.blockPx);
      const sample = await takeSample(sampling, memory, turn.frame, turn.view, turn.wants, startedMs);
      desk.movedView = memory.moved ? memory.viewVersion : null;
      if (sample.picture.status !== 'not-due') metrics.pictures.inc({ outcome: sample.picture.status === 'made' ? 'made' : sample.picture.reason });
      return sample;
    } catch (thrown) {
      log.error({ cameraId: turn.frame.cameraId, sequence: turn.frame.sequence, error: messageOf(thrown) }, 'a sample could not be judged');
      // Half a step may have been taken: what was learned cannot be relied on. That the view moved is not forgotten.
      if (desk.memory?.moved) desk.movedView = desk.memory.viewVersion;
      desk.memory = null;
      metrics.pictures.inc({ outcome: 'mask-failed' });
      return failedSample(turn.frame, turn.view, options.detector !== null);
    }
  };

  /** What waited for two intervals (for a decoder, the database, the frame before) is no sample of now any more. */
  const isStale = ({ receivedMs, view }: Turn): boolean => clock.monotonicMs() - receivedMs > 2 * view.sampleIntervalMs;

  const run = async (desk: Desk, first: Turn): Promise<void> => {
    desk.working = true;
    for (let turn: Turn | null = first; turn !== null; ) {
      if (isStale(turn)) {
        metrics.framesDropped.inc({ at: 'stale' });
        turn.done('dropped');
      } else {
        turn.done(await work(desk, turn));
      }
      turn = desk.waiting;
      desk.waiting = null;
    }
    desk.working = false;
  };

  return {
    analyse(frame, view, picture, passing = () => false) {
      let desk = desks.get(frame.cameraId);
      if (!desk) {
        desk = { memory: null, movedView: null, working: false, waiting: null };
        desks.set(frame.cameraId, desk);
      }
      const own = desk;
      return new Promise((done) => {
        const turn: Turn = { frame, receivedMs: frame.receivedMonotonicMs ?? clock.monotonicMs(), view, wants: { picture, passing }, done };
        if (!own.working) {
          void run(own, turn);
          return;
        }
        if (own.waiting) {
          metrics.framesDropped.inc({ at: 'analyse' });
          own.waiting.done('dropped');
        }
        own.waiting = turn;
      });
    },
    forget(cameraId) {
      const desk = desks.get(cameraId);
      if (desk) desk.memory = null;
      desks.delete(cameraId);
    },
  };
}

/** The camera's memory for this frame: a new size or a confirmed view begins anew, new zones are taken over. */
function remember(desk: Desk, frame: Frame, view: CameraView, blockPx: number): CameraMemory {
  if (frame.rgb.length !== frame.widthPx * frame.heightPx * 3 || frame.widthPx < 32 || frame.heightPx < 32) throw new Error('the frame has not the bytes of its size');
  const old = desk.memory;
  if (!old || old.grid.widthPx !== frame.widthPx || old.grid.heightPx !== frame.heightPx) {
    desk.memory = createMemory(frame, view, blockPx, old ? 'size-changed' : 'learning');
    desk.memory.moved = (desk.movedView !== null && desk.movedView >= view.viewVersion) || view.knownMoved === true;
    return desk.memory;
  }
  if (view.viewVersion > old.viewVersion) {
    old.viewVersion = view.viewVersion;
    // A newer view is not always a confirmed one: another device may stand there now.
    old.moved = view.knownMoved === true;
    old.swayX = 0;
    old.swayY = 0;
    old.learningReason = 'learning';
    relearn(old, false);
  }
  if (view.configVersion !== old.configVersion) {
    old.configVersion = view.configVersion;
    old.privacy = privacyBlocks(old.grid, view);
  }
  return old;
}

/** Fail closed: without a mask there is no picture, and nothing is counted. */
function failedSample(frame: Frame, view: CameraView, withDetector: boolean): Sample {
  return {
    cameraId: frame.cameraId, siteId: view.siteId, runId: frame.runId, sequence: frame.sequence,
    capturedAtMs: frame.capturedAtMs, receivedAtMs: frame.receivedAtMs,
    detections: [], counts: {}, hits: [], changeRatio: 0, maskRatio: 1,
    picture: { status: 'withheld', reason: 'mask-failed' },
    pictureStatus: 'withheld', pictureReason: withheldReasons['mask-failed'],
    detector: withDetector ? 'onnx' : 'change-only', meanLuma: 0,
  };
}
