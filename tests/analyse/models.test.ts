import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowedLabels, classOutputs } from '../../src/analyse/model-manifest.js';
import { fetchModels, loadManifest, locateModel, parseManifest, type ModelManifest } from '../../src/analyse/models.js';
import { sharedFolder, services } from '../support/services.js';

const root = path.resolve(import.meta.dirname, '../..');
const weights = Buffer.from('weights of a model');
const entry = {
  name: 'small', file: 'small.onnx', bytes: weights.length, sha256: createHash('sha256').update(weights).digest('hex'), licence: 'Apache-2.0',
  source: { url: 'https://models.example/small.onnx', repository: 'https://models.example', commit: 'abc', path: 'small.onnx', note: 'a note' },
  decoder: 'yolox', input: { widthPx: 416, heightPx: 416 }, labels: { 0: 'person', 2: 'car', 16: 'dog' },
  probe: { picture: 'street-1', minScore: 0.3, detections: [{ class: 'person', score: 0.8, xPx: 1, yPx: 2, widthPx: 30, heightPx: 90 }], outputMean: 0, outputDeviation: 1 },
} as const;
const manifest = (change: object = {}): ModelManifest => parseManifest(JSON.stringify({ version: 1, models: [{ ...entry, ...change }] }));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'models-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the manifest', () => {
  it('names three models, whose labels map onto person, vehicle and animal', async () => {
    const own = await loadManifest(path.join(root, 'models'));
    expect(own.models.map((m) => m.name)).toEqual(['nanodet-plus-m-1.5x', 'nanodet-plus-m', 'yolox-nano']);
    for (const model of own.models) {
      expect(classOutputs(model)).toEqual([
        { class: 'person', outputs: [0] },
        { class: 'vehicle', outputs: [1, 2, 3, 5, 7] },
        { class: 'animal', outputs: [15, 16, 17, 18, 19, 20, 21, 22, 23] },
      ]);
    }
  });

  it.each(['face', 'licence plate', 'man', 'woman', 'child', 'knife', 'constructor', '__proto__'])('refuses a model with the label "%s"', (label) => {
    expect(Object.hasOwn(allowedLabels, label)).toBe(false);
    expect(() => parseManifest(JSON.stringify({ version: 1, models: [{ ...entry, labels: { 0: label } }] }))).toThrow(expect.objectContaining({ code: 'model.refused' }));
  });

  it.each([
    ['no JSON', '{'],
    ['an unknown key', JSON.stringify({ version: 1, models: [{ ...entry, plugin: 'x' }] })],
    ['a file outside the folder', JSON.stringify({ version: 1, models: [{ ...entry, file: '../other.onnx' }] })],
    ['plain HTTP', JSON.stringify({ version: 1, models: [{ ...entry, source: { ...entry.source, url: 'http://models.example/a' } }] })],
    ['a name twice', JSON.stringify({ version: 1, models: [entry, entry] })],
    ['no probe', JSON.stringify({ version: 1, models: [{ ...entry, probe: undefined }] })],
    ['a probe that finds nothing', JSON.stringify({ version: 1, models: [{ ...entry, probe: { ...entry.probe, detections: [] } }] })],
    ['a label on a number that is no class', JSON.stringify({ version: 1, models: [{ ...entry, labels: { 80: 'person' } }] })],
    ['no labels', JSON.stringify({ version: 1, models: [{ ...entry, labels: {} }] })],
  ])('refuses %s', (_what, text) => {
    expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: 'model.refused' }));
  });

  it('is `model.missing` when it is not there', async () => {
    await expect(loadManifest(folder)).rejects.toMatchObject({ code: 'model.missing' });
  });
});

describe('locating weights', () => {
  it('is ready only for the very file, and says what to do when there is none', async () => {
    expect(await locateModel(manifest(), 'small', [folder])).toEqual({ status: 'missing', todo: 'hedgerow models fetch' });
    expect(await locateModel(manifest({ source: { ...entry.source, url: null } }), 'small', [folder])).toEqual({ status: 'missing', todo: 'hedgerow models fetch --from DIR' });
    await writeFile(path.join(folder, 'small.onnx'), weights);
    expect(await locateModel(manifest(), 'small', ['/nowhere', folder])).toMatchObject({ status: 'ready', file: path.join(folder, 'small.onnx') });
    await writeFile(path.join(folder, 'small.onnx'), Buffer.from('Weights of a model'));
    expect(await locateModel(manifest(), 'small', [folder])).toMatchObject({ status: 'refused' });
    await writeFile(path.join(folder, 'small.onnx'), 'short');
    expect(await locateModel(manifest(), 'small', [folder])).toMatchObject({ status: 'refused' });
    expect(await locateModel(manifest(), 'other', [folder])).toMatchObject({ status: 'refused' });
  });

  it.skipIf(!services.models)('finds and verifies the real weights', async () => {
    const own = await loadManifest(path.join(root, 'models'));
    for (const model of own.models) expect(await locateModel(own, model.name, [path.join(sharedFolder, 'models')])).toMatchObject({ status: 'ready' });
  });
});

describe('fetching weights', () => {
  const signal = new AbortController().signal;

  it('copies from a folder, verified, and leaves what is there', async () => {
    const from = await mkdtemp(path.join(os.tmpdir(), 'mirror-'));
    await writeFile(path.join(from, 'small.onnx'), weights);
    const progress: number[] = [];
    expect(await fetchModels({ manifest: manifest(), into: folder, from, signal, onProgress: (p) => progress.push(p.bytes) })).toMatchObject([{ status: 'fetched' }]);
    expect(progress.at(-1)).toBe(weights.length);
    expect(await fetchModels({ manifest: manifest(), into: folder, from: null, signal })).toMatchObject([{ status: 'present' }]);
    await rm(from, { recursive: true });
  });

  it.each([
    ['longer than the manifest says', [weights, weights], 'refused'],
    ['of other content', [Buffer.alloc(weights.length, 1)], 'refused'],
    ['cut off', [weights.subarray(0, 4)], 'refused'],
  ])('refuses a download that is %s, and leaves nothing behind', async (_what, chunks, status) => {
    const done = await fetchModels({ manifest: manifest(), into: folder, from: null, signal, open: () => Promise.resolve(Readable.from(chunks)) });
    expect(done).toMatchObject([{ status }]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says what is missing, what failed, and stops when told', async () => {
    expect(await fetchModels({ manifest: manifest({ source: { ...entry.source, url: null } }), into: folder, from: null, signal })).toMatchObject([{ status: 'missing', detail: 'a note' }]);
    expect(await fetchModels({ manifest: manifest(), into: folder, from: '/nowhere', signal })).toMatchObject([{ status: 'missing' }]);
    expect(await fetchModels({ manifest: manifest(), into: folder, from: null, signal, open: () => Promise.reject(new Error('no route')) })).toMatchObject([{ status: 'failed', detail: 'no route' }]);
    await expect(fetchModels({ manifest: manifest(), into: folder, from: null, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'process.aborted' });
  });
});
