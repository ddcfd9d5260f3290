import { defineConfig } from 'vitest/config';

/** Files run one after the other in two processes: many of them open real sockets, databases and streams. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On a shared CI machine a real browser or a real stream can miss its moment once; such tests are named at the end.
    retry: process.env['CI'] ? 1 : 0,
    expect: { poll: { timeout: 10_000 } },
    env: { UV_THREADPOOL_SIZE: '64' },
  },
});
