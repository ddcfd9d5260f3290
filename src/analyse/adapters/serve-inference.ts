/** The inference thread's body: requests come in, answers go out, one frame at a time and in order. */
import type { Clock } from '../../core/clock.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { inferenceRequest, type InferenceReply, type InferenceRequest, type RefusalCode } from './inference-messages.js';
import { openSession, type OnnxSession } from './onnx-session.js';

/** The part of a `MessagePort` that is used. */
export interface InferencePort {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  postMessage(message: InferenceReply): void;
  close(): void;
}

type BatchFrame = Extract<InferenceRequest, { type: 'detect' }>['frames'][number];

/** Answers requests on `port` until `stop`. A request of another form is an error of ours and ends the thread. */
export function serveInference(port: InferencePort, clock: Pick<Clock, 'monotonicMs'>): void {
  let session: OnnxSession | undefined;
  let last: Promise<void> = Promise.resolve();

  const detect = async (frame: BatchFrame): Promise<void> => {
    const startedMs = clock.monotonicMs();
    try {
      if (!session) throw new Error('no model is loaded');
      const detections = await session.detect(frame.rgb, frame.widthPx, frame.heightPx, frame.minScore);
      port.postMessage({ type: 'detected', id: frame.id, detections, inferenceMs: clock.monotonicMs() - startedMs });
    } catch (thrown) {
      port.postMessage({ type: 'failed', id: frame.id, detail: messageOf(thrown) });
    }
  };

  const handle = async (message: unknown): Promise<void> => {
    const request = inferenceRequest.parse(message);
    const startedMs = clock.monotonicMs();
    switch (request.type) {
      case 'start':
        try {
          session = await openSession(request);
          port.postMessage({ type: 'ready', provider: session.provider, warmUpMs: clock.monotonicMs() - startedMs });
        } catch (thrown) {
          port.postMessage({ type: 'refused', code: codeOf(thrown), detail: messageOf(thrown) });
        }
        return;
      case 'detect':
        // A frame that fails costs the others of its batch nothing.
        for (const frame of request.frames) await detect(frame);
        return;
      case 'probe':
        port.postMessage({ type: 'probed', detail: session ? await session.probe() : 'no model is loaded' });
        return;
      case 'stop':
        await session?.release();
        port.close();
        return;
      default:
        request satisfies never;
    }
  };
  port.on('message', (message) => {
    last = last.then(() => handle(message));
  });
}

function codeOf(thrown: unknown): RefusalCode {
  const code = thrown instanceof HedgerowError ? thrown.code : undefined;
  return code === 'model.refused' || code === 'model.missing' || code === 'model.provider' ? code : 'model.failed';
}
