/** Which execution providers ONNX Runtime has here, and a refusal that names them. A provider is never exchanged silently. */
import * as ort from 'onnxruntime-node';
import { HedgerowError, messageOf } from '../../core/errors.js';

/** Opens a session with all of `providers`, best first. @throws HedgerowError `model.provider` or `model.refused` */
export async function createSession(model: Uint8Array, name: string, threads: number, providers: readonly string[]): Promise<ort.InferenceSession> {
  const open = (list: readonly string[]): Promise<ort.InferenceSession> =>
    ort.InferenceSession.create(model, {
      executionProviders: [...list],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // What a provider that is missing prints goes into the refusal.
      logSeverityLevel: 4,
    });
  const built: readonly string[] = ort.listSupportedBackends().map((b) => b.name);
  const unknown = providers.find((p) => !built.includes(p));
  if (unknown !== undefined) throw refusal(unknown, 'this build of ONNX Runtime does not know it', await working(built, open));
  try {
    return await open(providers);
  } catch (cause) {
    // Is it a provider, or the model itself?
    for (const provider of providers) {
      if (provider === 'cpu') continue;
      try {
        await (await open([provider])).release();
      } catch (thrown) {
        throw refusal(provider, firstLine(thrown), await working(built, open));
      }
    }
    throw new HedgerowError('model.refused', `${name} is no model that ONNX Runtime can load: ${firstLine(cause)}`, { cause });
  }
}

async function working(built: readonly string[], open: (list: readonly string[]) => Promise<ort.InferenceSession>): Promise<string[]> {
  const found: string[] = [];
  for (const provider of built) {
    try {
      await (await open([provider])).release();
      found.push(provider);
    } catch {
      // Built in, but its library or device is not here.
    }
  }
  return found;
}

function refusal(provider: string, why: string, found: readonly string[]): HedgerowError {
  const there = found.length > 0 ? `This machine has: ${found.join(', ')}.` : 'This machine has none that loads this model.';
  return new HedgerowError('model.provider', `The execution provider "${provider}" (analyse.providers) is not on this machine: ${why}. ${there}`, { context: { provider } });
}

function firstLine(thrown: unknown): string {
  return (messageOf(thrown).split('\n')[0] ?? '').slice(0, 300);
}
