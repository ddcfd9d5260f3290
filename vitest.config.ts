import { defineConfig } from 'vitest/config';

/** Files run one after the other in two processes: many of them open real sockets, databases and streams. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { UV_THREADPOOL_SIZE: '64' },
  },
});
