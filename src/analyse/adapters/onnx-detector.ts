/**
 * The detector port over an inference thread. Frames of different cameras go to it in micro-batches: at once while it is idle,
 * otherwise when a batch is full or the first frame has waited its time, and never more than two batches ahead. Until then only
 * the newest frame of a camera waits. When the thread is lost, what waits fails at once and another one is started after a pause
 * that grows; it serves only after it has passed the probe. Nobody waits for a dead thread.
 */
import type { DetectOutcome, Detector } from '../../contract/detector.js';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { backoffMs, type Backoff } from '../../core/retry.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { ModelEntry } from '../model-manifest.js';
import { createFrameSlots } from './frame-slots.js';
import type { InferenceReply } from './inference-messages.js';
import { startInferenceThread, type InferenceThread } from './inference-thread.js';
import { createWaitingFrames } from './waiting-frames.js';

export interface OnnxDetectorOptions {
  readonly model: ModelEntry;
  readonly file: string;
  /** of the inference session */
  readonly threads: number;
  /** execution providers, best first; cpu when absent */
  readonly providers?: readonly string[];
  /** most frames in one message, and how long the first waits for others while the thread is busy */
  readonly batch?: { readonly max: number; readonly waitMs: number };
  /** most frames that wait, one a camera */
  readonly maxWaiting?: number;
  readonly probeEveryMs?: number;
  /** compiled `workers/inference.js` */
  readonly workerUrl: URL;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface Call {
  readonly cameraId: string;
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly minScore: number;
  readonly done: (outcome: DetectOutcome) => void;
}
interface Sent {
  readonly held: Uint8Array;
  readonly batch: { open: number };
  readonly done: Call['done'];
}

const restart: Backoff = { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio: 0.2 };
/** one batch is worked on, one lies ready, so that the thread never waits for us */
const batchesAhead = 2;

/** @throws HedgerowError `model.refused`, `model.missing`, `model.provider` or `model.failed` when it cannot serve now; later failures are outcomes */
export async function createOnnxDetector(options: OnnxDetectorOptions): Promise<Detector> {
  const { clock, log, metrics, model } = options;
  const batch = options.batch ?? { max: 4, waitMs: 5 };
  const waiting = createWaitingFrames<Call>(options.maxWaiting ?? 64);
  const sent = new Map<number, Sent>();
  let slots = createFrameSlots(batchesAhead * batch.max);
  let thread: InferenceThread | undefined;
  let openBatches = 0;
  let cancelPump = (): void => undefined;
  let cancelRestart = (): void => undefined;
  let attempt = 0;
  let nextId = 0;
  let closed = false;

  const pump = (): void => {
    cancelPump();
    while (thread && waiting.size > 0 && openBatches < batchesAhead) {
      const leftMs = waiting.sinceMs + batch.waitMs - clock.monotonicMs();
      if (openBatches > 0 && waiting.size < batch.max && leftMs > 0) {
        cancelPump = clock.after(leftMs, pump);
        return;
      }
      send(thread, waiting.take(batch.max));
    }
  };

  const send = (to: InferenceThread, calls: readonly Call[]): void => {
    const own = { open: calls.length };
    openBatches++;
    metrics.inferenceBatch.observe(calls.length);
    const frames = calls.map(({ rgb, widthPx, heightPx, minScore, done }) => {
      const id = nextId++;
      const held = slots.hold(rgb);
      sent.set(id, { held, batch: own, done });
      return { id, rgb: held, widthPx, heightPx, minScore };
    });
    to.send({ type: 'detect', frames });
  };

  const onAnswer = (answer: Extract<InferenceReply, { type: 'detected' | 'failed' }>): void => {
    const entry = sent.get(answer.id);
    if (!entry) return;
    sent.delete(answer.id);
    slots.release(entry.held);
    if (--entry.batch.open === 0) openBatches--;
    if (answer.type === 'detected') {
      attempt = 0;
      metrics.inferenceSeconds.observe(answer.inferenceMs / 1000);
      entry.done({ status: 'ok', detections: answer.detections, inferenceMs: answer.inferenceMs });
    } else {
      entry.done({ status: 'failed', detail: answer.detail });
    }
    pump();
  };

  const failAll = (detail: string): void => {
    cancelPump();
    metrics.detectorUp.set(0);
    const all = [...[...sent.values()], ...waiting.takeAll()];
    sent.clear();
    openBatches = 0;
    // The thread that is being ended may still read the old pieces.
    slots = createFrameSlots(batchesAhead * batch.max);
    for (const { done } of all) done({ status: 'failed', detail });
  };

  const launch = async (): Promise<InferenceThread> => {
    const started = await startInferenceThread({
      session: { model, file: options.file, threads: options.threads, providers: options.providers ?? ['cpu'] },
      workerUrl: options.workerUrl, clock, probeEveryMs: options.probeEveryMs ?? 300_000, onAnswer, onLost,
    });
    if (closed) {
      await started.close();
    } else {
      thread = started;
      metrics.detectorUp.set(1);
    }
    return started;
  };

  const onLost = (detail: string): void => {
    thread = undefined;
    failAll(detail);
    retry(detail);
  };

  const retry = (detail: string): void => {
    if (closed) return;
    attempt++;
    const delayMs = backoffMs(attempt, restart);
    log.error({ detail, attempt, restartInMs: delayMs }, 'the inference thread is gone; until it is back there are no detections and no pictures');
    cancelRestart = clock.after(delayMs, () => {
      launch().then(
        () => log.info({ attempt }, 'the inference thread is back'),
        (thrown: unknown) => retry(messageOf(thrown)),
      );
    });
  };

  const first = await launch();
  log.info({ model: model.name, provider: first.provider, threads: options.threads, warmUpMs: Math.round(first.warmUpMs) }, 'the detector is warm and has passed its probe');

  return {
    info: { name: model.name, modelHash: model.sha256, provider: first.provider },
    detect({ cameraId, rgb, widthPx, heightPx }, minScore): Promise<DetectOutcome> {
      if (closed) return Promise.resolve({ status: 'failed', detail: 'the detector is closed' });
      if (!thread) return Promise.resolve({ status: 'failed', detail: 'the inference thread is being started again' });
      return new Promise((done) => {
        const givesWay = waiting.put({ cameraId, rgb, widthPx, heightPx, minScore, done }, clock.monotonicMs());
        if (givesWay) {
          metrics.framesDropped.inc({ at: 'detector' });
          givesWay.done({ status: 'dropped' });
        }
        pump();
      });
    },
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      cancelRestart();
      const last = thread;
      thread = undefined;
      failAll('the detector is closed');
      await last?.close();
    },
  };
}
