/**
 * Does the program grow, and does it fall behind? Runs the whole program as a user does (`hedgerow up --demo N`: real RTSP from its simulated
 * village, ingest, analyst, detector, store, database, in one process) for a long time, and looks at it from outside.
 *   npm run bench -- soak [--minutes 120] [--cameras 24] [--video FILE] [--models DIR|none] [--json FILE] [--settle 10] [--every 10] [--data DIR]
 * After the settling time: slope of memory with its 95 % interval, and whether it grows. Exit 1 when the resident memory grows, or when a
 * frame was analysed that was older than two sample intervals: counted by when its sample was done and written down, so an upper bound.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fitSlope, type Slope } from './slope.js';

const { values: args } = parseArgs({
  options: {
    minutes: { type: 'string', default: '120' },
    settle: { type: 'string', default: '10' },
    every: { type: 'string', default: '10' },
    cameras: { type: 'string', default: '24' },
    video: { type: 'string' },
    models: { type: 'string', default: '../shared/models' },
    config: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'string' },
  },
});
const [minutes, settleMinutes, everyMs] = [Number(args.minutes), Number(args.settle), Number(args.every) * 1000];
/** two sample intervals of the simulated village */
const tooOldS = 2;
const mib = 2 ** 20;

interface Own {
  readonly rss: number;
  readonly heapTotal: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly cpu: { readonly user: number; readonly system: number };
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}
interface Reading extends Omit<Own, 'cpu'> {
  readonly minute: number;
  readonly cpuS: number;
  /** resident, but neither heap nor external of the main thread: libraries, decoders, other threads */
  readonly native: number;
  /** counters of /metrics */
  readonly counted: Readonly<Record<string, number>>;
}

const value = (r: Reading, name: string): number => r.counted[name] ?? 0;
const judged = (r: Reading): number => value(r, 'hedgerow_sample_seconds_count');
const late = (r: Reading): number => judged(r) - value(r, `hedgerow_sample_seconds_bucket{le="${tooOldS}"}`);
function labelled(r: Reading, name: string): Record<string, number> {
  return Object.fromEntries(Object.entries(r.counted).filter(([key]) => key.startsWith(`${name}{`)).map(([key, n]) => [/="([^"]*)"/.exec(key)?.[1] ?? key, n]));
}
const mb = (bytes: number): string => (bytes / mib).toFixed(1);
const words = (counts: Record<string, number>): string => Object.entries(counts).map(([k, n]) => `${k} ${n}`).join(', ') || 'none';

const folder = args.data ?? mkdtempSync(path.join(os.tmpdir(), 'hedgerow-soak-'));
const token = 'bench-admin-token-0123456789';
const models = args.models !== 'none' && existsSync(args.models) ? path.resolve(args.models) : undefined;
const child = start();
const url = await address(child);
const began = performance.now();
const readings: Reading[] = [];
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopped = true));
child.once('exit', () => (stopped = true));
console.log(`${args.cameras} cameras, ${args.video ?? 'drawn scenes'}, ${models ? 'with the detector' : 'without weights'}; ${minutes} minutes, the first ${settleMinutes} apart; pid ${child.pid}`);

let told = 0;
while (!stopped && performance.now() - began < minutes * 60_000) {
  await new Promise((resolve) => setTimeout(resolve, everyMs));
  const reading = await read().catch((thrown: unknown) => console.error(`no reading: ${String(thrown)}`));
  if (!reading) continue;
  readings.push(reading);
  if (Math.floor(reading.minute) > told) {
    told = Math.floor(reading.minute);
    tell(reading);
  }
}
const early = child.exitCode !== null;
summary();
await stop();
process.exit(process.exitCode ?? 0);

function start(): ChildProcess {
  const command = path.join(import.meta.dirname, '..', 'hedgerow.cjs');
  const given = ['--json', '--data', folder, ...(args.config ? ['--config', args.config] : []), 'up', '--demo', args.cameras, ...(args.video ? ['--video', args.video] : [])];
  const started = spawn(process.execPath, ['--import', path.join(import.meta.dirname, 'soak-probe.mjs'), command, ...given], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '256', HEDGEROW_PORT: '0', HEDGEROW_ADMIN_TOKEN: token, HEDGEROW_LOG_LEVEL: 'warn', ...(models && { HEDGEROW_MODELS: models }) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  process.once('exit', () => started.kill('SIGKILL'));
  return started;
}

/** Resolves with the program's address; keeps the end of what it says for the case that it dies. */
function address(of: ChildProcess): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      text = (text + chunk.toString()).slice(-20_000);
      const found = /"url": "([^"]+)"/.exec(text)?.[1];
      if (found) resolve(found);
    };
    of.stdout?.on('data', listen);
    of.stderr?.on('data', listen);
    of.once('exit', (code) => {
      console.error(`the program ended with ${code}:\n${text.slice(-3000)}`);
      reject(new Error('the program ended'));
    });
  });
}

async function read(): Promise<Reading> {
  const own = await new Promise<Own>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Own));
    child.send('now', (failed) => {
      if (failed) reject(failed);
    });
  });
  const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text();
  const counted: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const parts = /^(hedgerow_[a-z_]+(?:\{[^}]*\})?) ([-+0-9.eE]+)$/.exec(line);
    if (parts?.[1] !== undefined) counted[parts[1]] = Number(parts[2]);
  }
  const { cpu, ...memory } = own;
  return { ...memory, minute: (performance.now() - began) / 60_000, cpuS: (cpu.user + cpu.system) / 1e6, native: own.rss - own.heapTotal - own.external, counted };
}

function tell(r: Reading): void {
  const before = readings.find((b) => b.minute >= r.minute - 1) ?? r;
  const seconds = Math.max(1, (r.minute - before.minute) * 60);
  console.log(
    `${String(told).padStart(4)} min: rss ${mb(r.rss)} MB, heap ${mb(r.heapUsed)}, external ${mb(r.external)} (array buffers ${mb(r.arrayBuffers)}), native ${mb(r.native)}; ` +
      `${((judged(r) - judged(before)) / seconds).toFixed(1)} samples/s, ${((r.cpuS - before.cpuS) / seconds).toFixed(2)} cores, loop p99 ${r.delayP99Ms.toFixed(0)} ms; older than ${tooOldS} s ${late(r)}; dropped: ${words(labelled(r, 'hedgerow_frames_dropped_total'))}; load ${os.loadavg()[0]?.toFixed(1) ?? ''}`,
  );
}

function summary(): void {
  const last = readings[readings.length - 1];
  if (!last) {
    console.error('nothing was read');
    process.exitCode = 1;
    return;
  }
  const settled = readings.filter((r) => r.minute >= settleMinutes);
  const slopes: Record<string, Slope | null> = {};
  for (const key of ['rss', 'heapUsed', 'external', 'arrayBuffers', 'native'] as const) {
    slopes[key] = fitSlope(settled.map((r) => ({ hours: r.minute / 60, value: r[key] / mib })), 24, key === 'heapUsed' ? 'least' : 'mean');
  }
  console.log(`\nafter ${settleMinutes} minutes, MB per hour with the 95 % interval:`);
  for (const [key, slope] of Object.entries(slopes)) console.log(`  ${key.padEnd(13)} ${slope ? `${slope.perHour.toFixed(2)} ± ${slope.interval.toFixed(2)}: ${slope.grows ? 'grows' : 'does not grow'}` : 'too short to say'}`);
  const first = readings[0] as Reading;
  const seconds = Math.max(1, (last.minute - first.minute) * 60);
  const atSettled = settled[0];
  const lateSettled = atSettled ? late(last) - late(atSettled) : late(last);
  const p99s = settled.map((r) => r.delayP99Ms).sort((a, b) => a - b);
  const result = {
    cameras: Number(args.cameras), minutes: last.minute, settleMinutes, detector: models !== undefined, endedEarly: early, slopes,
    peakRssMb: Math.max(...readings.map((r) => r.rss)) / mib, lastRssMb: last.rss / mib,
    samplesPerS: (judged(last) - judged(first)) / seconds, cores: (last.cpuS - first.cpuS) / seconds,
    olderThanTwoIntervals: lateSettled, olderWhileSettling: late(last) - lateSettled, dropped: labelled(last, 'hedgerow_frames_dropped_total'), pictures: labelled(last, 'hedgerow_pictures_total'),
    cameraStates: labelled(last, 'hedgerow_cameras'),
    loopDelayP99Ms: { median: p99s[p99s.length >> 1] ?? null, worst: p99s[p99s.length - 1] ?? null }, loopDelayMaxMs: Math.max(...readings.map((r) => r.delayMaxMs)),
    load: os.loadavg()[0],
  };
  console.log(
    `samples ${result.samplesPerS.toFixed(1)}/s, ${result.cores.toFixed(2)} cores; peak ${result.peakRssMb.toFixed(0)} MB; done when older than ${tooOldS} s: ${result.olderThanTwoIntervals} (while settling ${result.olderWhileSettling}); dropped: ${words(result.dropped)}; ` +
      `pictures: ${words(result.pictures)}; cameras: ${words(result.cameraStates)}; event loop p99 median ${result.loopDelayP99Ms.median?.toFixed(0) ?? '-'} ms, worst ${result.loopDelayP99Ms.worst?.toFixed(0) ?? '-'} ms`,
  );
  if (early) console.error('the program ended before its time');
  if (early || slopes.rss?.grows === true || result.olderThanTwoIntervals > 0) process.exitCode = 1;
  if (args.json !== undefined) writeFileSync(args.json, JSON.stringify({ ...result, readings }));
}

async function stop(): Promise<void> {
  if (child.exitCode === null) {
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 20_000))]);
    child.kill('SIGKILL');
  }
  if (args.data === undefined) rmSync(folder, { recursive: true, force: true });
}
