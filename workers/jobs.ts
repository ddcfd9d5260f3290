/** The jobs role as a process of its own: what `hedgerow jobs` runs, for supervisors that want an entry file. */
import { main } from '../src/main.js';

await main(['jobs', ...process.argv.slice(2)]);
