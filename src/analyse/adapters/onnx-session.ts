/**
 * One ONNX session: frames in, boxes out, nothing is kept. It is opened only from the bytes that the manifest names, with the
 * input and output of its family, warm, and after it found on the known picture what the manifest says.
 *
 * The models take one picture a run (their batch dimension is 1), so frames of a batch are run one after the other.
 */
import * as ort from 'onnxruntime-node';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { classOutputs, readVerified, type ModelEntry } from '../model-manifest.js';
import { candidateCount, families, type ModelFamily, type RawDetection } from './decoders.js';
import { createSession } from './execution-providers.js';
import { createLetterbox, inputHeightPx, type Letterbox } from './letterbox.js';
import { judgeProbe } from './model-probe.js';
import { drawProbePicture } from './probe-picture.js';

export interface SessionOptions {
  readonly model: ModelEntry;
  readonly file: string;
  readonly threads: number;
  readonly providers: readonly string[];
}

export interface OnnxSession {
  readonly provider: string;
  /** @throws when the frame has not the bytes of its size, or the model gives what is no answer */
  detect(rgb: Uint8Array, widthPx: number, heightPx: number, minScore: number): Promise<RawDetection[]>;
  /** Looks at the known picture. @returns null, or what is not as the manifest says */
  probe(): Promise<string | null>;
  release(): Promise<void>;
}

/** Sizes of frames that are there from the start: 16:9, 4:3, 5:4. Others cost some milliseconds once. */
const warmSizes = [[640, 360], [640, 480], [640, 512]] as const;
/** Different sizes of frames that are kept ready at once. */
const maxSizes = 32;

interface Prepared {
  readonly letterbox: Letterbox;
  readonly tensor: ort.Tensor;
  readonly inputHeight: number;
}

/** @throws HedgerowError `model.missing`, `model.refused`, `model.provider` or `model.failed` */
export async function openSession(options: SessionOptions): Promise<OnnxSession> {
  const { model } = options;
  const family = families[model.decoder];
  const session = await createSession(await readVerified(model, options.file), model.name, options.threads, options.providers);
  const opened = { provider: options.providers[0] ?? 'cpu', ...over(session, model, family), release: () => session.release() };
  try {
    requireForm(session, model, family);
    for (const [widthPx, heightPx] of warmSizes) await opened.detect(new Uint8Array(widthPx * heightPx * 3), widthPx, heightPx, 0.5);
    const strange = await opened.probe();
    if (strange !== null) throw new HedgerowError('model.refused', `${model.name} computes something else than it should on the known picture (provider ${opened.provider}): ${strange}.`);
    return opened;
  } catch (thrown) {
    await session.release();
    if (thrown instanceof HedgerowError) throw thrown;
    throw new HedgerowError('model.refused', `${model.name} cannot be run: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function over(session: ort.InferenceSession, model: ModelEntry, family: ModelFamily): Pick<OnnxSession, 'detect' | 'probe'> {
  const groups = classOutputs(model);
  const known = new Map<string, Prepared>();
  const picture = drawProbePicture();

  const prepare = (widthPx: number, heightPx: number): Prepared => {
    const key = `${widthPx}x${heightPx}`;
    const found = known.get(key);
    if (found) return found;
    const inputHeight = inputHeightPx(model.input.widthPx, model.input.heightPx, widthPx, heightPx);
    const { box, data } = createLetterbox(widthPx, heightPx, model.input.widthPx, inputHeight, family.norm);
    const made = { letterbox: box, tensor: new ort.Tensor('float32', data, [1, 3, inputHeight, model.input.widthPx]), inputHeight };
    const [oldest] = known.keys();
    if (known.size >= maxSizes && oldest !== undefined) known.delete(oldest);
    known.set(key, made);
    return made;
  };

  const run = async (rgb: Uint8Array, widthPx: number, heightPx: number, minScore: number): Promise<{ output: Float32Array; detections: RawDetection[] }> => {
    if (rgb.length !== widthPx * heightPx * 3) throw new Error('the frame has not the bytes of its size');
    const { letterbox, tensor, inputHeight } = prepare(widthPx, heightPx);
    const scale = letterbox(rgb);
    const outputs = await session.run({ [family.inputName]: tensor });
    const output = outputs[family.outputName]?.data;
    if (!(output instanceof Float32Array)) throw new Error('the model gives no float output of the expected name');
    if (output.length !== candidateCount(model.decoder, model.input.widthPx, inputHeight) * family.columns) throw new Error('the model gives an output of another size');
    const detections = family.decode({
      output, widthPx: model.input.widthPx, heightPx: inputHeight, scale, frameWidthPx: widthPx, frameHeightPx: heightPx, minScore, groups,
    });
    return { output, detections };
  };

  return {
    detect: async (rgb, widthPx, heightPx, minScore) => (await run(rgb, widthPx, heightPx, minScore)).detections,
    async probe() {
      try {
        return judgeProbe(model.probe, await run(picture.rgb, picture.widthPx, picture.heightPx, model.probe.minScore));
      } catch (thrown) {
        return messageOf(thrown);
      }
    },
  };
}

/** Names, type and shape of input and output: a model of another kind is told before it is run. */
function requireForm(session: ort.InferenceSession, model: ModelEntry, family: ModelFamily): void {
  const describe = (metadata: readonly ort.InferenceSession.ValueMetadata[]): string => metadata.map((m) => (m.isTensor ? `${m.name} ${m.type}[${m.shape.join(',')}]` : m.name)).join('; ');
  const input = session.inputMetadata[0];
  const output = session.outputMetadata.find((m) => m.name === family.outputName);
  const fits = (shape: readonly (number | string)[], wanted: readonly (number | null)[]): boolean =>
    shape.length === wanted.length && wanted.every((w, i) => w === null || typeof shape[i] !== 'number' || shape[i] === w);
  const height = model.input.heightPx === 'by-aspect' ? null : model.input.heightPx;
  const ok =
    session.inputMetadata.length === 1 && input?.isTensor === true && input.name === family.inputName && input.type === 'float32' && fits(input.shape, [1, 3, height, model.input.widthPx]) &&
    output?.isTensor === true && output.type === 'float32' && fits(output.shape, [1, null, family.columns]);
  if (ok) return;
  throw new HedgerowError(
    'model.refused',
    `${model.name} is no ${model.decoder} model: that has the input ${family.inputName} float32[1,3,${height ?? 'h'},${model.input.widthPx}] and the output ${family.outputName} float32[1,n,${family.columns}]; ` +
      `this file has ${describe(session.inputMetadata)} and ${describe(session.outputMetadata)}.`.slice(0, 600),
  );
}
