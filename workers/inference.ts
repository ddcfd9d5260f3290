/** Entry of the inference thread: see `src/analyse/adapters/onnx-session.ts`. */
import { parentPort } from 'node:worker_threads';
import { serveInference } from '../src/analyse/adapters/onnx-session.js';
import { SystemClock } from '../src/core/clock.js';

if (parentPort) serveInference(parentPort, new SystemClock());
