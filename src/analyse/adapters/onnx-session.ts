/** The inference thread's body: one ONNX session, one frame at a time. Frames come in, boxes go out; nothing is kept. */
import * as ort from 'onnxruntime-node';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { classOutputs, verifyModel, type ModelEntry } from '../model-manifest.js';
import { candidateCount, families, type RawDetection } from './decoders.js';
import { inferenceRequest, type InferenceReply } from './inference-messages.js';
import { inputHeightPx, letterbox } from './letterbox.js';

/** The part of a `MessagePort` that is used. */
export interface InferencePort {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  postMessage(message: InferenceReply): void;
  close(): void;
}

interface Session {
  detect(rgb: Uint8Array, widthPx: number, heightPx: number, minScore: number): Promise<RawDetection[]>;
  release(): Promise<void>;
}

/** Answers requests on `port` until `stop`. A request of another form is an error of ours and ends the thread. */
export function serveInference(port: InferencePort, clock: Pick<Clock, 'monotonicMs'>): void {
  let session: Session | undefined;
  let last: Promise<void> = Promise.resolve();

  const handle = async (message: unknown): Promise<void> => {
    const request = inferenceRequest.parse(message);
    const startedMs = clock.monotonicMs();
    switch (request.type) {
      case 'start':
        try {
          session = await openSession(request.model, request.file, request.threads);
          port.postMessage({ type: 'ready', warmUpMs: clock.monotonicMs() - startedMs });
        } catch (thrown) {
          port.postMessage({ type: 'refused', detail: messageOf(thrown) });
        }
        return;
      case 'detect':
        try {
          if (!session) throw new Error('no model is loaded');
          if (request.rgb.length !== request.widthPx * request.heightPx * 3) throw new Error('the frame has not the bytes of its size');
          const detections = await session.detect(request.rgb, request.widthPx, request.heightPx, request.minScore);
          port.postMessage({ type: 'detected', id: request.id, detections, inferenceMs: clock.monotonicMs() - startedMs });
        } catch (thrown) {
          port.postMessage({ type: 'failed', id: request.id, detail: messageOf(thrown) });
        }
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

/** Opens and warms up. The first run on a blank picture proves that input and output have the form of the family. */
async function openSession(entry: ModelEntry, file: string, threads: number): Promise<Session> {
  const verdict = await verifyModel(entry, file);
  if (verdict.status !== 'ready') throw new Error(verdict.status === 'missing' ? `${entry.file} is not there` : verdict.detail);
  const family = families[entry.decoder];
  const groups = classOutputs(entry);
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  let buffer: Float32Array | undefined;

  const detect = async (rgb: Uint8Array, widthPx: number, heightPx: number, minScore: number): Promise<RawDetection[]> => {
    const inputHeight = inputHeightPx(entry.input.widthPx, entry.input.heightPx, widthPx, heightPx);
    const boxed = letterbox(rgb, widthPx, heightPx, entry.input.widthPx, inputHeight, family.norm, buffer);
    buffer = boxed.data;
    const tensor = new ort.Tensor('float32', boxed.data, [1, 3, inputHeight, entry.input.widthPx]);
    const outputs = await session.run({ [family.inputName]: tensor });
    const output = outputs[family.outputName]?.data;
    if (!(output instanceof Float32Array)) throw new Error('the model gives no float output of the expected name');
    if (output.length !== candidateCount(entry.decoder, entry.input.widthPx, inputHeight) * family.columns) throw new Error('the model gives an output of another size');
    return family.decode({
      output, widthPx: entry.input.widthPx, heightPx: inputHeight, scale: boxed.scale, frameWidthPx: widthPx, frameHeightPx: heightPx, minScore, groups,
    });
  };
  await detect(new Uint8Array(64 * 64 * 3), 64, 64, 0.5);
  return { detect, release: () => session.release() };
}
