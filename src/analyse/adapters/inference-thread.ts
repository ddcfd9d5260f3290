/**
 * One inference thread from its start to its end. It is lost when it dies, hangs, sends what is no answer, or no longer finds on
 * the known picture what it should: then it is ended, and `onLost` is told once. Starting another is the owner's.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { inferenceReply, type InferenceReply, type InferenceRequest, type RefusalCode } from './inference-messages.js';
import type { SessionOptions } from './onnx-session.js';

export interface ThreadOptions {
  readonly session: SessionOptions;
  /** compiled `workers/inference.js` */
  readonly workerUrl: URL;
  readonly clock: Clock;
  /** the known picture is looked at so often */
  readonly probeEveryMs: number;
  readonly onAnswer: (answer: Extract<InferenceReply, { type: 'detected' | 'failed' }>) => void;
  readonly onLost: (detail: string) => void;
}

export interface InferenceThread {
  readonly provider: string;
  readonly warmUpMs: number;
  send(request: Extract<InferenceRequest, { type: 'detect' }>): void;
  /** Ends it without `onLost`. */
  close(): Promise<void>;
}

const startWithinMs = 60_000;
/** while it owes answers, one must come within this time */
const answerWithinMs = 15_000;

/** @throws HedgerowError `model.refused`, `model.missing`, `model.provider` or `model.failed` when it does not become ready */
export function startInferenceThread(options: ThreadOptions): Promise<InferenceThread> {
  const { clock } = options;
  return new Promise((resolve, reject) => {
    const worker = new Worker(options.workerUrl, { name: 'inference' });
    worker.unref();
    let state: 'starting' | 'ready' | 'ended' = 'starting';
    let owed = 0;
    let cancelWatch = clock.after(startWithinMs, () => end('model.failed', `not ready within ${startWithinMs} ms`));
    let cancelProbe = (): void => undefined;

    const leave = (): Promise<number> => {
      state = 'ended';
      cancelWatch();
      cancelProbe();
      return worker.terminate();
    };
    const end = (code: RefusalCode, detail: string): void => {
      if (state === 'ended') return;
      const before = state;
      void leave();
      if (before === 'ready') options.onLost(detail);
      else reject(new HedgerowError(code, `The detector did not start: ${detail}`, { context: { model: options.session.model.name } }));
    };
    const watch = (): void => {
      cancelWatch();
      if (owed > 0) cancelWatch = clock.after(answerWithinMs, () => end('model.failed', `no answer within ${answerWithinMs} ms`));
    };
    const owe = (request: InferenceRequest, answers: number): void => {
      if (state !== 'ready') return;
      const idle = owed === 0;
      owed += answers;
      worker.postMessage(request);
      if (idle) watch();
    };
    const probeLater = (): void => {
      cancelProbe = clock.after(options.probeEveryMs, () => owe({ type: 'probe' }, 1));
    };

    const take = (reply: InferenceReply): void => {
      switch (reply.type) {
        case 'refused':
          end(reply.code, reply.detail);
          return;
        case 'ready': {
          if (state !== 'starting') return;
          state = 'ready';
          watch();
          probeLater();
          resolve({
            provider: reply.provider,
            warmUpMs: reply.warmUpMs,
            send: (request) => owe(request, request.frames.length),
            close: async () => {
              if (state !== 'ended') await leave();
            },
          });
          return;
        }
        case 'probed':
          owed--;
          watch();
          if (reply.detail === null) probeLater();
          else end('model.failed', `the model computes something else than it should on the known picture: ${reply.detail}`);
          return;
        case 'detected':
        case 'failed':
          owed--;
          watch();
          options.onAnswer(reply);
          return;
        default:
          reply satisfies never;
      }
    };

    worker.on('error', (thrown) => end('model.failed', messageOf(thrown)));
    worker.on('exit', (code) => end('model.failed', `the thread ended with code ${code}`));
    worker.on('message', (message: unknown) => {
      if (state === 'ended') return;
      const parsed = inferenceReply.safeParse(message);
      if (parsed.success) take(parsed.data);
      else end('model.failed', 'the thread sent a message of another form');
    });
    worker.postMessage({ type: 'start', ...options.session, providers: [...options.session.providers] } satisfies InferenceRequest);
  });
}
