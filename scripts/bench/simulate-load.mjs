/**
 * What the simulated village costs: N cameras in this process, one client a camera in a second process that reads every
 * packet and decodes nothing. Prints CPU shares of one core. Needs a build.
 *
 *   node scripts/bench/simulate-load.mjs [--cameras 50] [--seconds 20] [--video FILE]
 */
import { fork } from 'node:child_process';
import net from 'node:net';
import { parseArgs } from 'node:util';
import { SystemClock } from '../../dist/src/core/clock.js';
import { startVillage } from '../../dist/src/simulate/village.js';

/** Without credentials the handshake is three lines; what comes after is read and thrown away. */
function runClients(urls) {
  let bytes = 0;
  for (const url of urls) {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    const requests = [
      `DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\n\r\n`,
      `SETUP ${url}/trackID=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n`,
      `PLAY ${url} RTSP/1.0\r\nCSeq: 3\r\n\r\n`,
    ];
    socket.write(requests.join(''));
    socket.on('data', (chunk) => (bytes += chunk.length));
    socket.on('error', () => undefined);
  }
  process.on('message', () => process.send({ bytes, cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit(0));
}

async function runVillage() {
  const { values } = parseArgs({ options: { cameras: { type: 'string', default: '50' }, seconds: { type: 'string', default: '20' }, video: { type: 'string' } } });
  const [cameras, seconds] = [Number(values.cameras), Number(values.seconds)];
  const log = { debug() {}, info() {}, warn: (context, message) => console.error(message, context) };
  const began = performance.now();
  const village = await startVillage({ cameras, video: values.video ?? null, host: '127.0.0.1', discovery: false, controlPort: 0, clock: new SystemClock(), log, requireAuth: false });
  const upMs = performance.now() - began;
  await village.contentComplete;
  const drawnMs = performance.now() - began;
  const clients = fork(import.meta.filename, ['--clients', ...village.cameras.map((camera) => camera.rtspUrl)]);
  const ask = () => new Promise((resolve) => {
    clients.once('message', resolve);
    clients.send('now');
  });
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const [first, cpu, at] = [await ask(), process.cpuUsage(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const used = process.cpuUsage(cpu);
  const [second, tookS] = [await ask(), (performance.now() - at) / 1000];
  const share = (usage) => (usage.user + usage.system) / 1e6 / tookS;
  const clientUse = { user: second.cpu.user - first.cpu.user, system: second.cpu.system - first.cpu.system };
  console.log(JSON.stringify({
    cameras,
    source: values.video ?? 'drawn',
    answersAfterMs: Math.round(upMs),
    drawnAfterMs: Math.round(drawnMs),
    megabitPerS: Math.round(((second.bytes - first.bytes) * 8) / tookS / 1e5) / 10,
    villageCoreShare: Math.round(share(used) * 1000) / 1000,
    readersCoreShare: Math.round(share(clientUse) * 1000) / 1000,
    rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
  }));
  clients.disconnect();
  await village.close();
}

if (process.argv[2] === '--clients') runClients(process.argv.slice(3));
else await runVillage();
