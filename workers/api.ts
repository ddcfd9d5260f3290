/** The api role as a process of its own: what `hedgerow api` runs, for supervisors that want an entry file. */
import { main } from '../src/main.js';

await main(['api', ...process.argv.slice(2)]);
