/** The model store behind `hedgerow models` and `hedgerow doctor`. */
import path from 'node:path';
import { fetchModels, loadManifest, locateModel } from '../analyse/models.js';
import type { ModelCommands } from '../cli/context.js';
import type { Loaded } from '../config/load.js';

export function createModelCommands(deps: { packageFolder: string; load: () => Loaded }): ModelCommands {
  const folder = path.join(deps.packageFolder, 'models');
  const modelsFolder = (): string => deps.load().config.analyse.modelsFolder ?? folder;
  return {
    async list() {
      const manifest = await loadManifest(folder);
      return Promise.all(
        manifest.models.map(async ({ name }) => {
          const located = await locateModel(manifest, name, [modelsFolder(), folder]);
          const detail = located.status === 'ready' ? located.file : located.status === 'missing' ? located.todo : located.detail;
          return { name, status: located.status, detail };
        }),
      );
    },
    async fetch({ from, only, onProgress, signal }) {
      const manifest = await loadManifest(folder);
      const wanted = { ...manifest, models: manifest.models.filter((m) => only.length === 0 || only.includes(m.name)) };
      const outcomes = await fetchModels({
        manifest: wanted,
        into: modelsFolder(),
        from,
        signal,
        onProgress: (p) => onProgress(`${p.name}: ${(p.bytes / 1e6).toFixed(1)} of ${(p.totalBytes / 1e6).toFixed(1)} MB`),
      });
      return outcomes.map((o) => ({
        name: o.name,
        status: o.status === 'present' || o.status === 'fetched' ? 'ready' : o.status,
        detail: 'detail' in o ? o.detail : o.file,
      }));
    },
  };
}
