/**
 * The detector port over an inference thread. Per camera only the newest frame waits; cameras take turns. The thread gets a
 * copy of the frame's bytes. When it dies or hangs, what waits fails at once and a new thread is started after a pause that
 * grows: nobody waits for a dead thread.
 */
import { Worker } from 'node:worker_threads';
import type { DetectOutcome, Detector } from '../../contract/detector.js';
import type { Frame } from '../../contract/frame.js';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { backoffMs, type Backoff } from '../../core/retry.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { ModelEntry } from '../model-manifest.js';
import { inferenceReply, type InferenceReply, type InferenceRequest } from './inference-messages.js';

export interface OnnxDetectorOptions {
  readonly model: ModelEntry;
  readonly file: string;
  /** of the inference session */
  readonly threads: number;
  /** compiled `workers/inference.js` */
  readonly workerUrl: URL;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface Waiting {
  readonly cameraId: string;
  readonly request: Extract<InferenceRequest, { type: 'detect' }>;
  readonly done: (outcome: DetectOutcome) => void;
}

const restart: Backoff = { initialMs: 500, factor: 2, capMs: 60_000, jitterRatio: 0.2 };
const startWithinMs = 30_000;
const answerWithinMs = 15_000;

/** @throws HedgerowError `model.refused` or `model.failed` when the model cannot be loaded now; later failures are outcomes */
export async function createOnnxDetector(options: OnnxDetectorOptions): Promise<Detector> {
  const { clock, log, metrics } = options;
  const waiting = new Map<string, Waiting>();
  let thread: Worker | undefined;
  let running: Waiting | undefined;
  let cancelWatch = (): void => undefined;
  let cancelRestart = (): void => undefined;
  let attempt = 0;
  let nextId = 0;
  let closed = false;

  const finish = (outcome: DetectOutcome): void => {
    cancelWatch();
    const { done } = running ?? {};
    running = undefined;
    done?.(outcome);
    pump();
  };

  const pump = (): void => {
    if (running || !thread) return;
    const [next] = waiting.values();
    if (!next) return;
    waiting.delete(next.cameraId);
    running = next;
    const serving = thread;
    cancelWatch = clock.after(answerWithinMs, () => lost(serving, `no answer within ${answerWithinMs} ms`));
    serving.postMessage(next.request, [next.request.rgb.buffer]);
  };

  const failAll = (detail: string): void => {
    const all = [...waiting.values()];
    waiting.clear();
    for (const entry of all) entry.done({ status: 'failed', detail });
    finish({ status: 'failed', detail });
  };

  const lost = (which: Worker, detail: string): void => {
    if (thread !== which) return;
    thread = undefined;
    void which.terminate();
    failAll(detail);
    if (closed) return;
    attempt++;
    const delayMs = backoffMs(attempt, restart);
    log.error({ detail, attempt, restartInMs: delayMs }, 'the inference thread is gone');
    cancelRestart = clock.after(delayMs, () => {
      launch().then(
        () => log.info({ attempt }, 'the inference thread is back'),
        (thrown: unknown) => log.error({ error: messageOf(thrown) }, 'the inference thread did not start'),
      );
    });
  };

  const onReply = (which: Worker, reply: InferenceReply): void => {
    if (thread !== which || !running || reply.type === 'ready' || reply.type === 'refused' || reply.id !== running.request.id) return;
    if (reply.type === 'failed') {
      finish({ status: 'failed', detail: reply.detail });
      return;
    }
    attempt = 0;
    metrics.inferenceSeconds.observe(reply.inferenceMs / 1000);
    finish({ status: 'ok', detections: reply.detections, inferenceMs: reply.inferenceMs });
  };

  const launch = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(options.workerUrl, { name: 'inference' });
      worker.unref();
      let settled = false;
      const fail = (code: 'model.refused' | 'model.failed', detail: string): void => {
        if (settled) {
          lost(worker, detail);
          return;
        }
        settled = true;
        cancelDeadline();
        thread = worker;
        lost(worker, detail);
        reject(new HedgerowError(code, `The detector did not start: ${detail}`, { context: { model: options.model.name } }));
      };
      const cancelDeadline = clock.after(startWithinMs, () => fail('model.failed', `not ready within ${startWithinMs} ms`));
      worker.on('error', (thrown) => fail('model.failed', messageOf(thrown)));
      worker.on('exit', (code) => fail('model.failed', `the thread ended with code ${code}`));
      worker.on('message', (message: unknown) => {
        const parsed = inferenceReply.safeParse(message);
        if (!parsed.success) {
          fail('model.failed', 'the thread sent a message of another form');
        } else if (parsed.data.type === 'refused') {
          fail('model.refused', parsed.data.detail);
        } else if (parsed.data.type === 'ready') {
          settled = true;
          cancelDeadline();
          if (closed) {
            void worker.terminate();
          } else {
            thread = worker;
            log.info({ model: options.model.name, warmUpMs: Math.round(parsed.data.warmUpMs) }, 'the detector is ready');
            pump();
          }
          resolve();
        } else {
          onReply(worker, parsed.data);
        }
      });
      worker.postMessage({ type: 'start', model: options.model, file: options.file, threads: options.threads } satisfies InferenceRequest);
    });

  try {
    await launch();
  } catch (thrown) {
    closed = true;
    cancelRestart();
    throw thrown;
  }

  return {
    info: { name: options.model.name, modelHash: options.model.sha256 },
    detect(frame: Pick<Frame, 'cameraId' | 'rgb' | 'widthPx' | 'heightPx'>, minScore: number): Promise<DetectOutcome> {
      if (closed) return Promise.resolve({ status: 'failed', detail: 'the detector is closed' });
      if (!thread) return Promise.resolve({ status: 'failed', detail: 'the inference thread is being started again' });
      return new Promise((done) => {
        waiting.get(frame.cameraId)?.done({ status: 'dropped' });
        waiting.delete(frame.cameraId);
        const request = { type: 'detect', id: nextId++, rgb: new Uint8Array(frame.rgb), widthPx: frame.widthPx, heightPx: frame.heightPx, minScore } as const;
        waiting.set(frame.cameraId, { cameraId: frame.cameraId, request, done });
        pump();
      });
    },
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      cancelRestart();
      const worker = thread;
      thread = undefined;
      failAll('the detector is closed');
      await worker?.terminate();
    },
  };
}
