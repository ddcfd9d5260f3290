/**
 * Keeps a PGlite folder to one process: a file beside it with the process id and that process's start time. A lock whose
 * process is gone (kill -9, power cut) or whose id now belongs to another program is taken over.
 *
 * Take: 1. write our line to a file of our own; 2. link it to the lock's name (atomic, fails when it exists); 3. when it
 * exists and its process lives: `database.locked`; 4. otherwise move the stale file to a name of our own, look once more
 * that it is the one we judged (else put it back), remove it, and begin again at 2.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HedgerowError, systemCodeOf } from '../../core/errors.js';

export interface FolderLock {
  release(): void;
}

/** @param file the lock's path; its folder is made when it is missing */
export function takeFolderLock(file: string): FolderLock {
  mkdirSync(path.dirname(file), { recursive: true });
  const own = `${process.pid} ${startTimeOf(process.pid) ?? 'unknown'} ${randomUUID()}\n`;
  const mine = `${file}.${process.pid}.${randomUUID().slice(0, 8)}`;
  writeFileSync(mine, own, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (linked(mine, file)) {
        return {
          release() {
            if (readOrUndefined(file) === own) rmSync(file, { force: true });
          },
        };
      }
      const held = readOrUndefined(file);
      if (held === undefined) continue;
      const [pid, started] = held.trim().split(' ');
      if (lives(Number(pid), started)) {
        throw new HedgerowError('database.locked', `Process ${pid} has the database open (${file}). Stop it first, or use another data folder.`, {
          context: { pid: Number(pid), file },
        });
      }
      const moved = `${mine}.stale`;
      try {
        renameSync(file, moved);
      } catch (thrown) {
        if (systemCodeOf(thrown) === 'ENOENT') continue;
        throw thrown;
      }
      // Somebody else was faster and this is their fresh lock: it goes back.
      if (readOrUndefined(moved) !== held) linked(moved, file);
      rmSync(moved, { force: true });
    }
    throw new HedgerowError('database.locked', `The lock ${file} changes hands too quickly: another process is starting on the same folder.`, { context: { file } });
  } finally {
    rmSync(mine, { force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function lives(pid: number, started: string | undefined): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ESRCH') return false;
  }
  const now = startTimeOf(pid);
  return now === undefined || started === 'unknown' || now === started;
}

/** Clock ticks from boot to the start of a process (proc(5), field 22 of stat); undefined where there is no /proc. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
