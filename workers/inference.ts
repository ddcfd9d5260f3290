/** Entry of the inference thread: see `src/analyse/adapters/serve-inference.ts`. */
import { parentPort } from 'node:worker_threads';
import { serveInference } from '../src/analyse/adapters/serve-inference.js';
import { SystemClock } from '../src/core/clock.js';

if (parentPort) serveInference(parentPort, new SystemClock());
