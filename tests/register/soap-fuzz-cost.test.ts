/**
 * Replies of 4 MB, the most that is taken, each filled with one thing: under a second of processor time, and under 64 MB.
 * They are read in a process whose heap ends 64 MB above what it needs to begin with; it dies where one costs more.
 */
import { fork } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { heavyReplies } from './soap-mutations.js';

/** What the process holds before the first reply (Node, tsx, modules): measured 13 MB. */
const baselineMb = 16;
const perCaseMb = 64;

interface Read {
  readonly name: string;
  readonly outcome: string;
  readonly tookMs: number;
  readonly usedMb: number;
}

function readInProcess(bytes: number, heapMb: number): Promise<{ read: Read[]; exit: number | string | null }> {
  return new Promise((resolve, reject) => {
    const read: Read[] = [];
    const child = fork(path.join(import.meta.dirname, 'soap-cost-process.ts'), [String(bytes)], { execArgv: ['--import', 'tsx', `--max-old-space-size=${heapMb}`, '--max-semi-space-size=8'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', (one: Read) => read.push(one));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ read, exit: signal ?? code }));
  });
}

describe('a reply of 4 MB', () => {
  it('costs under a second and under 64 MB, whatever fills it', async () => {
    const { read, exit } = await readInProcess(4 << 20, baselineMb + perCaseMb);
    const [, ...cases] = read;
    expect([exit, cases.at(-1)?.name]).toEqual([0, heavyReplies(1000).at(-1)?.[0]]);
    for (const { name, outcome, tookMs } of cases) {
      expect([name, outcome]).toEqual([name, expect.stringMatching(/^(answer|camera\.reply)$/)]);
      expect([name, tookMs < 1000 ? 'in time' : tookMs]).toEqual([name, 'in time']);
    }
  }, 120_000);
});
