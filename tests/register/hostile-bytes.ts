/** What the fuzz tests of register's readers share: our error or a result, and what it cost. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';
import { HedgerowError } from '../../src/core/errors.js';

/** @returns 'ok', or the code and message of our error; any other error is thrown */
export async function judged(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof HedgerowError) || thrown.kind === 'internal') throw thrown;
    return `${thrown.code}: ${thrown.message}`;
  }
}

interface Cost {
  readonly what: string;
  readonly outcome: string;
  readonly cpuMs: number;
  /** the most processor time that was spent without a turn of the event loop: a busy machine adds nothing to it */
  readonly heldMs: number;
  readonly grewMb: number;
}

/** Reads each heavy file in another process, and holds its cost against what one may be. */
export async function heavyFilesAreBorne(which: 'tables' | 'maps'): Promise<void> {
  const costs = await new Promise<Cost[]>((resolve, reject) => {
    const told: Cost[] = [];
    const child = fork(path.join(import.meta.dirname, 'reader-cost-process.ts'), [which], { execArgv: ['--import', 'tsx', '--expose-gc'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (cost: Cost) => told.push(cost));
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve(told) : reject(new Error(`ended with ${code} after ${told.at(-1)?.what}`))));
  });
  console.log(costs.map((c) => `${c.what}: ${c.cpuMs} ms, held for ${c.heldMs} ms, ${c.grewMb} MB, ${c.outcome}`).join('\n'));
  expect(costs.length).toBeGreaterThan(10);
  expect(costs.filter((c) => c.heldMs >= 1_000 || c.grewMb >= 64 || c.outcome.startsWith('not ours'))).toEqual([]);
}
