/**
 * Brings weights: from a folder (a mirror), or over HTTPS from the address in the manifest. What arrives is verified before
 * it gets its name; a wrong file leaves nothing behind.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HedgerowError, isAbort, messageOf, systemCodeOf } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { verifyModel, type ModelEntry, type ModelManifest } from './model-manifest.js';

export interface FetchProgress {
  readonly name: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export type FetchedModel = { readonly name: string; readonly file: string } & (
  | { readonly status: 'present' | 'fetched' }
  /** neither in the folder nor at an address */
  | { readonly status: 'missing'; readonly detail: string }
  | { readonly status: 'refused' | 'failed'; readonly detail: string }
);

export interface FetchModelsOptions {
  readonly manifest: ModelManifest;
  /** folder that the weights are put into; made when it is not there */
  readonly into: string;
  /** folder to copy from; null: the addresses of the manifest */
  readonly from: string | null;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** for tests: how an address is opened */
  readonly open?: (url: string, signal: AbortSignal) => Promise<Readable>;
}

/** Fetches every model of the manifest. One that fails does not stop the others. Throws only when aborted. */
export async function fetchModels(options: FetchModelsOptions): Promise<readonly FetchedModel[]> {
  await mkdir(options.into, { recursive: true });
  const fetched: FetchedModel[] = [];
  for (const entry of options.manifest.models) fetched.push(await fetchOne(entry, options));
  return fetched;
}

async function fetchOne(entry: ModelEntry, options: FetchModelsOptions): Promise<FetchedModel> {
  const file = path.join(options.into, entry.file);
  const about = { name: entry.name, file };
  if ((await verifyModel(entry, file)).status === 'ready') return { ...about, status: 'present' };
  const partial = `${file}.${newId()}.part`;
  try {
    options.signal.throwIfAborted();
    let source: Readable;
    if (options.from !== null) {
      source = createReadStream(path.join(options.from, entry.file));
    } else {
      if (entry.source.url === null) return { ...about, status: 'missing', detail: entry.source.note };
      source = await (options.open ?? openHttps)(entry.source.url, options.signal);
    }
    const digest = await write(source, partial, entry, options);
    if (digest !== entry.sha256) return { ...about, status: 'refused', detail: 'What came is not the file that the manifest names (SHA-256 differs).' };
    await rename(partial, file);
    return { ...about, status: 'fetched' };
  } catch (thrown) {
    if (isAbort(thrown) || options.signal.aborted) throw new HedgerowError('process.aborted', 'Stopped while fetching models.', { cause: thrown });
    if (thrown instanceof HedgerowError && thrown.code === 'model.refused') return { ...about, status: 'refused', detail: thrown.message };
    if (systemCodeOf(thrown) === 'ENOENT') return { ...about, status: 'missing', detail: `${entry.file} is not in the folder.` };
    return { ...about, status: 'failed', detail: messageOf(thrown) };
  } finally {
    await rm(partial, { force: true });
  }
}

async function write(source: Readable, file: string, entry: ModelEntry, options: FetchModelsOptions): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > entry.bytes) {
        done(new HedgerowError('model.refused', `More than the ${entry.bytes} bytes came that the manifest says.`));
        return;
      }
      hash.update(chunk);
      options.onProgress?.({ name: entry.name, bytes, totalBytes: entry.bytes });
      done(null, chunk);
    },
  });
  await pipeline(source, count, createWriteStream(file, { flags: 'wx' }), { signal: options.signal });
  return hash.digest('hex');
}

async function openHttps(url: string, signal: AbortSignal): Promise<Readable> {
  const answer = await fetch(url, { signal, redirect: 'follow' });
  if (!answer.ok || !answer.body) throw new HedgerowError('model.missing', `The server answered ${answer.status}.`);
  if (new URL(answer.url).protocol !== 'https:') throw new HedgerowError('model.refused', 'The address leads away from HTTPS.');
  return Readable.fromWeb(answer.body);
}
