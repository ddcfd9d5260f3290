/** Finds the weights that the configuration names and starts the detector; says in one line when there is none. */
import path from 'node:path';
import { createOnnxDetector } from '../analyse/adapters/onnx-detector.js';
import { loadManifest, locateModel, type LocatedModel, type ModelManifest } from '../analyse/models.js';
import type { Config } from '../config/schema.js';
import type { Detector } from '../contract/detector.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';

/**
 * @throws HedgerowError `model.refused` when a file is there that is not the one the manifest names or that computes something
 * else than it should, `model.provider` when a configured execution provider is not here
 */
export async function openDetector(deps: {
  config: Config['analyse'];
  packageFolder: string;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}): Promise<Detector | null> {
  const { config, packageFolder, clock, log, metrics } = deps;
  if (config.detector === 'off') {
    log.info({}, 'detector: off by configuration; pictures are masked by the change mask alone');
    return null;
  }
  const manifest = await loadManifest(path.join(packageFolder, 'models'));
  const folders = [...(config.modelsFolder ? [config.modelsFolder] : []), path.join(packageFolder, 'models')];
  const located = await locateFirst(manifest, config.model, folders);
  switch (located.status) {
    case 'missing':
      log.warn({ model: config.model }, `detector: no weights; pictures are masked by the change mask alone. ${located.todo}`);
      return null;
    case 'refused':
      throw new HedgerowError('model.refused', located.detail, { context: { model: config.model } });
    case 'ready': {
      const detector = await createOnnxDetector({
        model: located.entry,
        file: located.file,
        threads: config.threads,
        providers: config.providers,
        batch: config.batch,
        workerUrl: new URL('../../workers/inference.js', import.meta.url),
        clock,
        log,
        metrics,
      });
      log.info({ model: detector.info.name, sha256: detector.info.modelHash, provider: detector.info.provider }, 'detector: ready');
      return detector;
    }
    default:
      return located satisfies never;
  }
}

/** The configured model, or the first other one of the manifest whose weights are here. */
async function locateFirst(manifest: ModelManifest, wanted: string, folders: readonly string[]): Promise<LocatedModel> {
  const first = await locateModel(manifest, wanted, folders);
  if (first.status !== 'missing') return first;
  for (const { name } of manifest.models) {
    const other = await locateModel(manifest, name, folders);
    if (other.status === 'ready') return other;
  }
  return first;
}
