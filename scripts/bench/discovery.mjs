/**
 * How long a discovery takes to list N devices on one network, and what it costs, against a bare probe-and-count in the same
 * run: one socket, the same rounds of probes, a search for the endpoint reference in the text of each reply, nothing else.
 *
 *   npm run bench -- discovery [--devices 250] [--runs 3] [--spread-ms 500]
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import dgram from 'node:dgram';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { AddressGuard } from '../../dist/src/core/address-guard.js';
import { SystemClock } from '../../dist/src/core/clock.js';
import { createDiscovery } from '../../dist/src/register/discovery.js';
import { multicast, questions, writeProbe } from '../../dist/src/register/discovery-message.js';
import { startDeviceSwarm } from '../../dist/src/simulate/discovery/swarm.js';

const listenMs = 4000;
const roundsMs = [0, 400, 1200];
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The devices have a process of their own: what they cost is not counted. */
async function runSwarm({ devices, spreadMs }) {
  const swarm = await startDeviceSwarm({ devices, clock: new SystemClock(), log, seed: process.pid, spreadMs });
  process.on('disconnect', () => void swarm.close().then(() => process.exit(0)));
  process.send(swarm.devices.map((d) => d.endpointReference));
}

/** @param look calls `seen` with each endpoint reference; resolves after `listenMs` */
async function measure(wanted, look) {
  globalThis.gc?.();
  const [cpu, rssBefore, startMs] = [process.cpuUsage(), process.memoryUsage().rss, performance.now()];
  let [allAfterMs, peak] = [null, rssBefore];
  const seen = new Set();
  let watching = true;
  const watch = () => {
    peak = Math.max(peak, process.memoryUsage().rss);
    if (watching) setTimeout(watch, 50);
  };
  watch();
  await look((reference) => {
    if (!wanted.has(reference)) return;
    seen.add(reference);
    if (seen.size === wanted.size) allAfterMs ??= performance.now() - startMs;
  });
  watching = false;
  const used = process.cpuUsage(cpu);
  return { listed: seen.size, allAfterMs: allAfterMs === null ? null : Math.round(allAfterMs), cpuMs: Math.round((used.user + used.system) / 1000), peakAddedMb: Math.round(((peak - rssBefore) / 2 ** 20) * 10) / 10 };
}

async function bare(seen) {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.on('message', (bytes) => {
    const [reference] = /urn:uuid:[0-9a-f-]{36}(?=<\/a:Address><\/a:EndpointReference>)/.exec(bytes.toString('utf8')) ?? [];
    if (reference) seen(reference);
  });
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.setMulticastInterface('127.0.0.1');
  const startMs = performance.now();
  for (const [round, atMs] of roundsMs.entries()) {
    for (const [i, question] of questions.slice(0, round === 0 ? 2 : undefined).entries()) {
      await sleep(Math.max(0, startMs + atMs + i * 60 - performance.now()));
      socket.send(writeProbe(question, randomUUID()), multicast.port, multicast.address);
    }
  }
  await sleep(Math.max(0, startMs + listenMs - performance.now()));
  await new Promise((resolve) => socket.close(resolve));
}

async function run() {
  const { values } = parseArgs({ options: { 'devices': { type: 'string', default: '250' }, 'runs': { type: 'string', default: '3' }, 'spread-ms': { type: 'string', default: '500' } } });
  const [devices, runs, spreadMs] = [Number(values.devices), Number(values.runs), Number(values['spread-ms'])];
  const swarm = fork(import.meta.filename, ['--swarm', JSON.stringify({ devices, spreadMs })], { execArgv: [] });
  const wanted = new Set(await new Promise((resolve) => swarm.once('message', resolve)));
  const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
  const discovery = createDiscovery({ config: { discoveryListenMs: listenMs, sweep: { perSecond: 400, bridges: false } }, guard, clock: new SystemClock(), log });
  const ours = (seen) => discovery.discover({ interfaces: ['127.0.0.1'], signal: AbortSignal.any([]), onFound: (d) => seen(d.endpointReference) });
  // Once each without counting: what is compiled and loaded on first use is not what a discovery costs.
  for (const look of [ours, bare]) await look(() => undefined);
  const results = { bare: [], ours: [] };
  for (let i = 0; i < runs; i++) {
    results.bare.push(await measure(wanted, bare));
    results.ours.push(await measure(wanted, ours));
  }
  swarm.disconnect();
  const median = (list, key) => list.map((r) => r[key] ?? Infinity).sort((a, b) => a - b)[list.length >> 1];
  const summary = Object.fromEntries(Object.entries(results).map(([name, list]) => [name, { listed: Math.min(...list.map((r) => r.listed)), allAfterMs: median(list, 'allAfterMs'), cpuMs: median(list, 'cpuMs'), peakAddedMb: median(list, 'peakAddedMb') }]));
  console.log(JSON.stringify({ devices, runs, spreadMs, listenMs, load: os.loadavg()[0].toFixed(1), ...summary }, null, 2));
  if (summary.ours.listed < devices || summary.ours.allAfterMs > 10_000) process.exitCode = 1;
}

if (process.argv[2] === '--swarm') await runSwarm(JSON.parse(process.argv[3]));
else await run();
