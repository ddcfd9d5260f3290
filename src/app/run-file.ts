/**
 * How the command finds a running Hedgerow on the same machine: `<data>/run.json` (address, process id, a token), readable
 * by its owner only. Written when the API listens, removed on an orderly stop; a stale one names a dead process.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const runFile = z.object({ pid: z.number().int(), url: z.url(), token: z.string() });
export type RunFile = z.infer<typeof runFile>;

/** Under a name that nobody had before: the token must not land in a file, or behind a link, that others can read. */
export function writeRunFile(dataFolder: string, content: RunFile): void {
  const file = runFilePath(dataFolder);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, JSON.stringify(content), { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

export function removeRunFile(dataFolder: string): void {
  rmSync(runFilePath(dataFolder), { force: true });
}

/** @returns undefined when there is none or its process is gone */
export function readRunFile(dataFolder: string): RunFile | undefined {
  try {
    const content = runFile.parse(JSON.parse(readFileSync(runFilePath(dataFolder), 'utf8')));
    process.kill(content.pid, 0);
    return content;
  } catch {
    return undefined;
  }
}

function runFilePath(dataFolder: string): string {
  return path.join(dataFolder, 'run.json');
}
