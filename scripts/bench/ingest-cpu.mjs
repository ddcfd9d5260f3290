/**
 * CPU and memory of ingest per stream, against bare baselines and motion, on the same streams in the same run.
 *
 *   node scripts/bench/ingest-cpu.mjs [--streams 1,8,24] [--seconds 40] [--video FILE] [--rtsp rtsp://127.0.0.1:8554/cam{i}]
 *                                     [--only ours,node-av,bare,ffmpeg,motion] [--json]
 *
 * Needs a build (npm run build) and ffmpeg; motion is compared when it is installed. Without --rtsp the simulated village
 * serves the streams from a process of its own. What is printed: CPU-seconds (user + system) per stream-minute of the
 * measured process alone, resident memory, memory per added stream, and the ratios that are held against their goals.
 */
import { execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const dist = path.resolve(here, '../../dist/src');
const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1,8,24' },
    seconds: { type: 'string', default: '40' },
    warm: { type: 'string', default: '8' },
    video: { type: 'string' },
    rtsp: { type: 'string' },
    only: { type: 'string', default: 'ours,node-av,bare,ffmpeg,motion' },
    json: { type: 'boolean', default: false },
  },
});
const counts = values.streams.split(',').map(Number);
const seconds = Number(values.seconds);
const warmSeconds = Number(values.warm);
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const goals = { cpuToBare: 1.1, mbPerStream: 20, toMotion: 1 / 7 };

/** CPU-seconds that a process has used so far, and its resident memory in MB. */
function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const rssKb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return { cpu: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, mb: Number(rssKb) / 1024 };
}

const total = (pids) => pids.map(usage).reduce((a, b) => ({ cpu: a.cpu + b.cpu, mb: a.mb + b.mb }), { cpu: 0, mb: 0 });

async function measure(pids, count) {
  await sleep(warmSeconds * 1000);
  const before = total(pids);
  const startedMs = performance.now();
  await sleep(seconds * 1000);
  const after = total(pids);
  const minutes = (performance.now() - startedMs) / 60_000;
  return { cpu: (after.cpu - before.cpu) / minutes / count, mb: after.mb };
}

async function stopped(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await Promise.race([gone, sleep(3_000, undefined, { ref: false })]);
  child.kill('SIGKILL');
  await gone;
}

const urlOf = (template, i) => template.replace('{i}', String(i));

const contenders = {
  async ours(template, count) {
    return nodeContender('ours', template, count);
  },
  async 'node-av'(template, count) {
    return nodeContender('node-av', template, count);
  },
  async bare(template, count) {
    return nodeContender('bare', template, count);
  },
  async ffmpeg(template, count) {
    const children = Array.from({ length: count }, (_, i) =>
      spawn('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'error', '-rtsp_transport', 'tcp', '-skip_frame', 'nokey', '-i', urlOf(template, i), '-an', '-vf', 'scale=640:360', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-fps_mode', 'passthrough', 'pipe:1'], { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    try {
      return await measure(children.map((c) => c.pid), count);
    } finally {
      await Promise.all(children.map((c) => stopped(c, 'SIGKILL')));
    }
  },
  async motion(template, count) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-bench-'));
    const quiet = 'webcontrol_port 0\nstream_port 0\npicture_output off\nmovie_output off\nsnapshot_interval 0\nlog_level 3\n';
    const cameras = Array.from({ length: count }, (_, i) => {
      const file = path.join(folder, `camera${i}.conf`);
      writeFileSync(file, `camera_id ${i + 1}\nnetcam_url ${urlOf(template, i)}\nnetcam_params rtsp_transport=tcp\nwidth 1920\nheight 1080\nframerate 1\n${quiet.replace('log_level 3\n', '')}`);
      return `camera ${file}`;
    });
    writeFileSync(path.join(folder, 'motion.conf'), `daemon off\n${quiet}target_dir ${folder}\nframerate 1\n${cameras.join('\n')}\n`);
    const child = spawn('motion', ['-n', '-c', path.join(folder, 'motion.conf')], { stdio: 'ignore' });
    try {
      return await measure([child.pid], count);
    } finally {
      await stopped(child);
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function nodeContender(kind, template, count) {
  const child = fork(path.join(here, 'ingest-contender.mjs'), [kind, template, String(count)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: String(count + 16) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let frames = 0;
  child.on('message', (m) => (frames = m.frames));
  try {
    const result = await measure([child.pid], count);
    return { ...result, frames };
  } finally {
    await stopped(child);
  }
}

async function serveStreams() {
  if (values.rtsp) return { template: values.rtsp, close: async () => undefined };
  const most = Math.max(...counts);
  const child = fork(path.join(here, 'ingest-village.mjs'), [String(most), ...(values.video ? [path.resolve(values.video)] : [])], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const template = await new Promise((resolve, reject) => {
    child.once('message', (m) => resolve(m.template));
    child.once('exit', () => reject(new Error('the simulated village did not start')));
  });
  child.on('message', (m) => (complaints += m.warned ? 1 : 0));
  return { template, close: () => stopped(child) };
}

if (!existsSync(path.join(dist, 'ingest/adapters/auto-frame-source.js'))) {
  console.error('There is no build: run npm run build first.');
  process.exit(2);
}
const wanted = values.only.split(',').filter((name) => {
  const missing = name === 'motion' && !existsSync('/usr/bin/motion');
  if (missing) console.error('motion is not installed: apt install motion; the run goes on without it');
  return !missing;
});
const server = await serveStreams();
const rows = [];
let complaints = 0;
try {
  for (const count of counts) {
    for (const name of wanted) {
      complaints = 0;
      const result = await contenders[name](server.template, count);
      const keptUp = complaints === 0;
      rows.push({ name, count, ...result, keptUp });
      if (!values.json) console.error(`${String(count).padStart(3)} ${name.padEnd(7)} ${result.cpu.toFixed(2)} CPU-s per stream-minute, ${result.mb.toFixed(0)} MB${result.frames === undefined ? '' : `, ${result.frames} frames`}${keptUp ? '' : ', did not keep up'}`);
    }
  }
} finally {
  await server.close();
}

const at = (name, count) => rows.find((r) => r.name === name && r.count === count);
const summary = counts.map((count) => {
  const ratio = (name) => (at('ours', count) && at(name, count)?.keptUp ? at('ours', count).cpu / at(name, count).cpu : null);
  return { count, toBare: ratio('bare'), toFfmpeg: ratio('ffmpeg'), toMotion: ratio('motion') };
});
const perAdded = Object.fromEntries(
  wanted.map((name) => {
    const [few, many] = [at(name, counts[0]), at(name, counts.at(-1))];
    return [name, many.count > few.count ? (many.mb - few.mb) / (many.count - few.count) : null];
  }),
);
if (values.json) console.log(JSON.stringify({ at: new Date().toISOString(), cpus: os.cpus().length, cpu: os.cpus()[0]?.model, seconds, rows, summary, perAdded }, null, 1));
else {
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${seconds} s each, load ${os.loadavg()[0].toFixed(1)}\n`);
  console.log(`| streams | ${wanted.map((n) => `${n} CPU-s/stream-min (MB)`).join(' | ')} | ours/ffmpeg (goal ≤ ${goals.cpuToBare}) | ours/bare | ours/motion (goal ≤ 0.143) |`);
  console.log(`|${'---|'.repeat(wanted.length + 4)}`);
  const show = (n) => (n === null ? '–' : n.toFixed(2));
  for (const s of summary) console.log(`| ${s.count} | ${wanted.map((n) => `${at(n, s.count).cpu.toFixed(2)} (${at(n, s.count).mb.toFixed(0)})${at(n, s.count).keptUp ? '' : '*'}`).join(' | ')} | ${show(s.toFfmpeg)} | ${show(s.toBare)} | ${s.toMotion === null ? '–' : s.toMotion.toFixed(3)} |`);
  if (rows.some((r) => !r.keptUp)) console.log('\n* it read too slowly for its streams and was disconnected: no ratio');
  console.log(`\nMB per added stream (goal of ours ≤ ${goals.mbPerStream}): ${wanted.map((n) => `${n} ${perAdded[n] === null ? '–' : perAdded[n].toFixed(1)}`).join(', ')}`);
}
