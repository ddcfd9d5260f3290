/** The worker role (ingest and analyse) as a process of its own: what `hedgerow worker` runs. Set UV_THREADPOOL_SIZE=256. */
import { main } from '../src/main.js';

await main(['worker', ...process.argv.slice(2)]);
