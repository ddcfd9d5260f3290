/** Loaded into the soaked program with --import: answers what only the process itself knows. Changes nothing else. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  process.on('message', () => {
    process.send({ ...process.memoryUsage(), cpu: process.cpuUsage(), delayP99Ms: delay.percentile(99) / 1e6, delayMaxMs: delay.max / 1e6 });
    delay.reset();
  });
  process.channel.unref();
}
