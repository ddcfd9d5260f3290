/**
 * What one camera costs the analyst in memory: heap, array buffers and resident bytes with 1, 10, 50 and 100 cameras that have learned their
 * scene, by day alone and by day and infrared; and where it goes. The measure beside it is one RGB frame of the same size.
 *   npm run bench -- camera-memory [--width 640] [--height 360] [--cameras 1,10,50,100] [--json FILE]
 * Each count runs in a process of its own. No weights are needed: a detector that finds nothing stands in.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { createAnalyst } from '../../src/analyse/analyst.js';
import { createMemory, sceneOf } from '../../src/analyse/camera-memory.js';
import { loadConfig } from '../../src/config/load.js';
import type { Detector } from '../../src/contract/detector.js';
import type { CameraView } from '../../src/contract/registry.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { table } from './mask-tally.js';

const { values: args } = parseArgs({
  options: {
    width: { type: 'string', default: '640' }, height: { type: 'string', default: '360' }, cameras: { type: 'string', default: '1,10,50,100' }, json: { type: 'string' },
    /** of the child: how many cameras, and whether infrared too */
    child: { type: 'string' }, infrared: { type: 'boolean', default: false },
  },
});
const [widthPx, heightPx] = [Number(args.width), Number(args.height)];
const frameBytes = widthPx * heightPx * 3;
const config = loadConfig({ packageFolder: '.', env: {} }).config.analyse;
const view: CameraView = { cameraId: 'bench', siteId: 'bench', requireDetector: false, sampleIntervalMs: 1000, zones: [], viewVersion: 1, configVersion: 1 };
const nobody: Detector = { info: { name: 'nobody', modelHash: '0'.repeat(64) }, detect: () => Promise.resolve({ status: 'ok', detections: [], inferenceMs: 0 }), close: () => Promise.resolve() };

interface Measured {
  readonly heap: number;
  readonly arrayBuffers: number;
  readonly external: number;
  readonly rss: number;
  readonly native: number;
  readonly learned: number;
  readonly samples: number;
}

if (args.child !== undefined) await measure(Number(args.child), args.infrared);
else report();

/** Prints one JSON line: what N cameras added to a process that had analysed one already. */
async function measure(cameras: number, infrared: boolean): Promise<void> {
  const clock = new SimulatedClock();
  const analyst = createAnalyst({ config, detector: nobody, clock, log: createLogger('error'), metrics: createMetrics() });
  const day = scene(true);
  const night = scene(false);
  let sequence = 0;
  const play = async (ids: readonly string[]): Promise<{ learned: number; samples: number }> => {
    let ready = 0;
    let samples = 0;
    for (const rgb of infrared ? [day, night] : [day]) {
      ready = 0;
      for (let second = 0; second < 120 && ready < ids.length; second++) {
        ready = 0;
        for (const cameraId of ids) {
          const sample = await analyst.analyse({ cameraId, runId: 'bench', sequence: sequence++, rgb: rgb(second), widthPx, heightPx, capturedAtMs: null, receivedAtMs: clock.nowMs() }, view, () => false, () => false);
          if (sample !== 'dropped' && sample.pictureStatus === 'ready') ready++;
          samples++;
        }
        await clock.advance(1000);
      }
    }
    return { learned: ready, samples };
  };
  // Code, tables and what libraries keep for themselves belong to no camera.
  await play(['warm']);
  analyst.forget('warm');
  const before = await settled();
  const { learned, samples } = await play(Array.from({ length: cameras }, (_, i) => `camera-${i}`));
  const after = await settled();
  const measured: Measured = {
    heap: after.heapUsed - before.heapUsed, arrayBuffers: after.arrayBuffers - before.arrayBuffers, external: after.external - before.external, rss: after.rss - before.rss,
    native: after.rss - after.heapTotal - after.external - (before.rss - before.heapTotal - before.external), learned, samples,
  };
  console.log(JSON.stringify(measured));
  // Kept to here, so that nothing is swept before it was measured.
  analyst.forget('warm');
}

async function settled(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage();
}

/** A textured still scene with a little noise; four frames in turn. */
function scene(colour: boolean): (second: number) => Uint8Array {
  const frames = Array.from({ length: 4 }, (_, f) => {
    const rgb = new Uint8Array(frameBytes);
    for (let i = 0; i < widthPx * heightPx; i++) {
      const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
      const base = 90 + 50 * Math.sin(x / 23) * Math.cos(y / 17) + (((x >> 5) + (y >> 5)) % 2) * 30 + ((i * 7919 + f * 104_729) % 5);
      rgb[3 * i] = base + (colour ? 30 : 0);
      rgb[3 * i + 1] = base;
      rgb[3 * i + 2] = base - (colour ? 25 : 0);
    }
    return rgb;
  });
  return (second) => frames[second % frames.length] as Uint8Array;
}

/** Typed arrays within an object, by path. */
function arraysOf(value: unknown, path: string, into: Map<string, number>, seen = new Set<unknown>()): Map<string, number> {
  if (value === null || typeof value !== 'object' || seen.has(value)) return into;
  seen.add(value);
  if (ArrayBuffer.isView(value)) into.set(path, (into.get(path) ?? 0) + value.byteLength);
  else if (value instanceof Map) for (const [key, inner] of value) arraysOf(inner, `${path}.${String(key)}`, into, seen);
  else for (const [key, inner] of Object.entries(value)) arraysOf(inner, path === '' ? key : `${path}.${key}`, into, seen);
  return into;
}

function report(): void {
  const kb = (bytes: number): string => (bytes / 1024).toFixed(0);
  const rows: { cameras: number; light: string; measured: Measured }[] = [];
  for (const infrared of [false, true]) {
    for (const cameras of args.cameras.split(',').map(Number)) {
      const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', import.meta.filename, '--width', args.width, '--height', args.height, '--child', String(cameras), ...(infrared ? ['--infrared'] : [])], { encoding: 'utf8' });
      const line = stdout.trim().split('\n').pop() ?? '';
      if (!line.startsWith('{')) throw new Error(stderr);
      rows.push({ cameras, light: infrared ? 'day + infrared' : 'day', measured: JSON.parse(line) as Measured });
    }
  }
  console.log(`${widthPx}x${heightPx}; one RGB frame: ${kb(frameBytes)} kB; load ${os.loadavg()[0]?.toFixed(1) ?? ''}; kB per camera:`);
  console.log(table(['cameras', 'light', 'learned', 'heap', 'array buffers', 'resident', 'native', 'frames\' worth'], rows.map(({ cameras: n, light, measured: m }) => [
    n, light, m.learned, kb(m.heap / n), kb(m.arrayBuffers / n), kb(m.rss / n), kb(m.native / n), ((m.heap + m.arrayBuffers) / n / frameBytes).toFixed(2),
  ])));
  const memory = createMemory({ widthPx, heightPx }, view, config.blockPx, 'learning');
  sceneOf(memory);
  const parts = [...arraysOf(memory, '', new Map())].sort((a, b) => b[1] - a[1]);
  const total = parts.reduce((t, [, bytes]) => t + bytes, 0);
  console.log(`\nwhere it goes (typed arrays of one camera with one scene, ${kb(total)} kB, ${(total / frameBytes).toFixed(2)} frames; a second light adds what stands under scenes.):`);
  console.log(table(['array', 'kB', 'share'], parts.filter(([, bytes]) => bytes > total / 200).map(([name, bytes]) => [name, kb(bytes), `${((100 * bytes) / total).toFixed(1)} %`])));
  if (args.json !== undefined) writeFileSync(args.json, JSON.stringify({ widthPx, heightPx, frameBytes, rows, parts }, null, 1));
}
