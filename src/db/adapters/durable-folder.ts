/**
 * What PGlite leaves out on Node, so that a commit survives a power cut and a half-made folder is never opened.
 *
 * PGlite 0.5 starts with `-F` (fsync off), and its file system has no fsync to call: a commit is safe from kill -9, because
 * the kernel has it, but not from a power cut. Here the flag goes, and fsync reaches the disk. It costs about 2 ms a commit.
 *
 * Make: 1. a cluster in `<folder>.creating` (a leftover is removed); 2. close it and flush every file; 3. rename it to
 * `<folder>` and flush the parent. A crash before 3 leaves nothing that would be taken for a database.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { HedgerowError } from '../../core/errors.js';

/** The part of Emscripten's file system on Node that we add to. */
interface NodeFiles {
  stream_ops: { fsync?: (stream: { nfd?: number; node: unknown }) => number };
  realPath(node: unknown): string;
}

class FlushingNodeFS extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args);
    const addFsync = (module: unknown): void => {
      const files = (module as { NODEFS: NodeFiles }).NODEFS;
      files.stream_ops.fsync = ({ nfd, node }) => {
        if (nfd === undefined) flush(files.realPath(node));
        else fsyncSync(nfd);
        return 0;
      };
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...[emscriptenOpts.preRun ?? []].flat(), addFsync] as NonNullable<typeof emscriptenOpts.preRun> } };
  }
}

/** Opens the cluster in `folder`, making it first when it is not there. The caller holds the folder's lock. */
export async function openDurableFolder(folder: string): Promise<PGlite> {
  if (!existsSync(path.join(folder, 'PG_VERSION'))) await makeCluster(folder);
  return openCluster(folder);
}

async function makeCluster(folder: string): Promise<void> {
  if (existsSync(folder)) {
    if (readdirSync(folder).length > 0) throw new HedgerowError('database.unavailable', `${folder} holds files that are not a database. Use another data folder.`, { context: { folder } });
    rmdirSync(folder);
  }
  const creating = `${folder}.creating`;
  rmSync(creating, { recursive: true, force: true });
  mkdirSync(creating, { recursive: true, mode: 0o700 });
  const client = await openCluster(creating);
  await client.close();
  for (const entry of readdirSync(creating, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) flush(path.join(entry.parentPath, entry.name));
  }
  flush(creating);
  renameSync(creating, folder);
  flush(path.dirname(folder));
}

function openCluster(folder: string): Promise<PGlite> {
  return PGlite.create({
    fs: new FlushingNodeFS(folder),
    relaxedDurability: false,
    startParams: [...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), '-c', 'wal_sync_method=fsync'],
  });
}

/** A file or a folder, to the disk. */
function flush(target: string): void {
  const descriptor = openSync(target, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
