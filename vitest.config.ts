import os from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/support/longest-first.js';

/**
 * A process a file, as many at once as there are processors and one more: the long files wait for real streams most of the
 * time. `VITEST_MAX_WORKERS` says another number.
 */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: os.availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On a shared CI machine a real browser or a real stream can miss its moment once; such tests are named at the end.
    retry: process.env['CI'] ? 1 : 0,
    expect: { poll: { timeout: 10_000 } },
    env: { UV_THREADPOOL_SIZE: '64' },
  },
});
