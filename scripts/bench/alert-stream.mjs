/**
 * Frame received → alert on the event stream, through the whole program: a simulated village runs in one process, a client
 * reads the server-sent events. Prints p50 and p99 in ms. Needs a build.
 *
 *   node scripts/bench/alert-stream.mjs [--cameras 8] [--alerts 24] [--models FOLDER]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { cameras: { type: 'string', default: '8' }, alerts: { type: 'string', default: '24' }, models: { type: 'string' } } });
const wanted = Number(values.alerts);
const data = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-bench-'));
const token = 'bench-admin-token-0123456789';
const command = path.join(import.meta.dirname, '..', 'hedgerow.cjs');
const child = spawn(process.execPath, [command, '--json', '--data', data, 'up', '--demo', values.cameras], {
  env: { ...process.env, HEDGEROW_PORT: '0', HEDGEROW_ADMIN_TOKEN: token, HEDGEROW_LOG_LEVEL: 'error', ...(values.models ? { HEDGEROW_MODELS: values.models } : {}) },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.on('exit', () => {
  child.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});
const url = await new Promise((resolve) => {
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    const found = /"url": "([^"]+)"/.exec(text);
    if (found) resolve(found[1]);
  });
});
const delays = [];
const response = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
let rest = '';
const decoder = new TextDecoder();
for await (const chunk of response.body) {
  const atMs = Date.now();
  rest += decoder.decode(chunk, { stream: true });
  const blocks = rest.split('\n\n');
  rest = blocks.pop();
  for (const block of blocks) {
    const line = block.split('\n').find((l) => l.startsWith('data:'));
    const event = line ? JSON.parse(line.slice(5)) : undefined;
    // An alert is raised at the time its frame was received.
    if (event?.type === 'alert.raised') delays.push(atMs - Date.parse(event.data.raisedAt));
  }
  if (delays.length >= wanted) break;
}
delays.sort((a, b) => a - b);
const at = (share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
console.log(`${values.cameras} cameras, ${values.models ? 'with the detector' : 'change mask alone'}, ${delays.length} alerts, load ${os.loadavg()[0].toFixed(1)}`);
console.log(`frame received -> alert on the event stream: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${delays.at(-1)} ms`);
process.exit(0);
