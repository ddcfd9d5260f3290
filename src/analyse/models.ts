/** Models as others ask for them: read the manifest, find the weights, bring them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HedgerowError } from '../core/errors.js';
import { parseManifest, verifyModel, type ModelEntry, type ModelManifest } from './model-manifest.js';

export { fetchModels, type FetchedModel, type FetchModelsOptions, type FetchProgress } from './fetch-models.js';
export { modelEntry, modelManifest, parseManifest, type ModelEntry, type ModelManifest } from './model-manifest.js';

/**
 * Reads `manifest.json` of a folder.
 * @throws HedgerowError `model.refused` when it has another form or a foreign label, `model.missing` when it is not there
 */
export async function loadManifest(folder: string): Promise<ModelManifest> {
  const file = path.join(folder, 'manifest.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new HedgerowError('model.missing', 'models/manifest.json cannot be read.', { cause });
  }
  return parseManifest(text);
}

export type LocatedModel =
  | { readonly status: 'ready'; readonly entry: ModelEntry; readonly file: string }
  /** `todo` is the command that brings it */
  | { readonly status: 'missing'; readonly todo: string }
  | { readonly status: 'refused'; readonly detail: string };

/** Looks for a model of the manifest in some folders, first match first, and verifies its SHA-256. Never throws. */
export async function locateModel(manifest: ModelManifest, name: string, folders: readonly string[]): Promise<LocatedModel> {
  const entry = manifest.models.find((m) => m.name === name);
  if (!entry) return { status: 'refused', detail: `The manifest names no model "${name}"; it has ${manifest.models.map((m) => m.name).join(', ')}.` };
  let refused: string | undefined;
  for (const folder of folders) {
    const file = path.join(folder, entry.file);
    const verdict = await verifyModel(entry, file);
    if (verdict.status === 'ready') return { status: 'ready', entry, file };
    if (verdict.status === 'refused') refused ??= verdict.detail;
  }
  if (refused !== undefined) return { status: 'refused', detail: refused };
  return { status: 'missing', todo: entry.source.url === null ? 'hedgerow models fetch --from DIR' : 'hedgerow models fetch' };
}

