/**
 * Objects as files below one folder.
 *
 * Put: 1. write a temporary file in the folder of the object; 2. flush it; 3. rename it onto the object's name; 4. flush
 * the folder, so that the name survives a power cut, too. A crash before 3 leaves a temporary file, which `list` shows and
 * `delete` takes. Keys have one form (`requireKey`), so no path leaves the folder.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { requireKey, requireMasked, type ObjectInfo, type ObjectStore } from '../../contract/object-store.js';
import { HedgerowError, messageOf, systemCodeOf } from '../../core/errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { kindOfKey } from '../object-keys.js';

const probeFile = '.probe';

/** @param folder absolute path; made when it is missing */
export function createFsObjectStore({ folder, log }: { folder: string; log: Logger }): ObjectStore {
  const root = path.resolve(folder);

  function fileOf(key: string, temporaryToo = false): string {
    if (!(temporaryToo && kindOfKey(key).kind === 'temporary')) requireKey(key);
    const file = path.join(root, key);
    if (!file.startsWith(root + path.sep)) throw new HedgerowError('store.key', `"${key}" leaves the folder of objects.`, { context: { key } });
    return file;
  }

  function failed(cause: unknown, what: string, key: string): HedgerowError {
    if (cause instanceof HedgerowError) return cause;
    const code = systemCodeOf(cause);
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    return new HedgerowError(full ? 'store.full' : 'store.unavailable', `${what} failed in ${root}: ${messageOf(cause)}`, { context: { key, code }, cause });
  }

  /** Makes a folder so that it survives a power cut: each new one is written into its parent. */
  async function makeFolder(target: string): Promise<void> {
    const first = await mkdir(target, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = target; ; made = path.dirname(made)) {
      await flushFolder(path.dirname(made));
      if (made === first || made === path.dirname(made)) return;
    }
  }

  async function write(file: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${file}.${randomBytes(8).toString('hex')}.tmp`;
    try {
      const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
        if ((await handle.stat()).size !== bytes.byteLength) throw new Error('the file is shorter than what was written');
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      await flushFolder(path.dirname(file));
    } catch (thrown) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw thrown;
    }
  }

  return {
    async put(key, content, signal) {
      const { bytes } = requireMasked(content);
      const file = fileOf(key);
      goOn(signal);
      for (let attempt = 1; ; attempt++) {
        try {
          await makeFolder(path.dirname(file));
          await write(file, bytes);
          return;
        } catch (thrown) {
          // A delete took the empty folder away between the two steps.
          if (systemCodeOf(thrown) === 'ENOENT' && attempt < 5) continue;
          throw failed(thrown, 'Writing an object', key);
        }
      }
    },
    async get(key, signal) {
      const file = fileOf(key);
      goOn(signal);
      try {
        return new Uint8Array(await readFile(file));
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw failed(thrown, 'Reading an object', key);
      }
    },
    async delete(key, signal) {
      const file = fileOf(key, true);
      goOn(signal);
      try {
        await rm(file);
        await flushFolder(path.dirname(file));
      } catch (thrown) {
        if (isMissing(thrown)) return;
        throw failed(thrown, 'Deleting an object', key);
      }
      // Empty folders of past days and removed cameras go, too; one that is not empty stays.
      for (let parent = path.dirname(file); parent !== root; parent = path.dirname(parent)) {
        try {
          await rmdir(parent);
        } catch {
          break;
        }
      }
    },
    list: (prefix, signal) => walk(root, '', prefix, signal),
    async probe(signal) {
      goOn(signal);
      const file = path.join(root, probeFile);
      try {
        await makeFolder(root);
        const handle = await open(file, 'w', 0o600);
        try {
          await handle.write('hedgerow');
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rm(file, { force: true });
      } catch (thrown) {
        throw failed(thrown, 'A trial write', probeFile);
      }
    },
    close: () => Promise.resolve(),
  };

  /** In key order: a folder sorts as its name with the slash that follows it. One folder's names are in memory at a time. */
  async function* walk(at: string, key: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<ObjectInfo> {
    goOn(signal);
    let entries;
    try {
      entries = await readdir(at, { withFileTypes: true });
    } catch (thrown) {
      if (isMissing(thrown)) return;
      throw failed(thrown, 'Listing objects', key);
    }
    const named = entries.map((entry) => ({ entry, key: `${key}${entry.name}${entry.isDirectory() ? '/' : ''}` }));
    named.sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { entry, key: entryKey } of named) {
      goOn(signal);
      if (entry.isDirectory()) {
        if (entryKey.startsWith(prefix) || prefix.startsWith(entryKey)) yield* walk(path.join(at, entry.name), entryKey, prefix, signal);
      } else if (entryKey.startsWith(prefix) && entryKey !== probeFile) {
        try {
          yield { key: entryKey, bytes: entry.isFile() ? (await stat(path.join(at, entry.name))).size : 0 };
        } catch (thrown) {
          // Deleted while we were listing.
          if (!isMissing(thrown)) throw failed(thrown, 'Listing objects', entryKey);
          log.debug({ key: entryKey }, 'an object went while it was listed');
        }
      }
    }
  }
}

function isMissing(thrown: unknown): boolean {
  const code = systemCodeOf(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function goOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new HedgerowError('process.aborted', 'Stopped before the object store was asked.', { cause: signal.reason });
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (thrown) {
    // Windows and some network file systems cannot flush a folder.
    if (!['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes(systemCodeOf(thrown) ?? '')) throw thrown;
  } finally {
    await handle.close();
  }
}
