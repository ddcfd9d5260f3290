#!/usr/bin/env node
// The command. CommonJS on purpose: nothing has used libuv's thread pool yet, so its size can still be set. Every open
// camera stream holds one of its threads while it waits for packets; with the default of 4 they would starve each other.
process.env.UV_THREADPOOL_SIZE ??= '256';
if (!require('node:fs').existsSync(require('node:path').join(__dirname, '..', 'dist', 'src', 'main.js'))) {
  process.stderr.write('hedgerow: not built yet. Run "npm run build" in its folder first.\n');
  process.exit(1);
}
import('../dist/src/main.js').then((main) => main.main(process.argv.slice(2)));
