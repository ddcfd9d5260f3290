/** `npm start`: install, build, run everything in one process with a simulated village of four cameras. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './setup.mjs';

ensureInstalled();
ensureBuilt();
const given = process.argv.slice(2);
const args = ['up', ...(given.includes('--demo') || given.includes('--no-demo') ? [] : ['--demo', '4']), ...given.filter((a) => a !== '--no-demo')];
const child = spawn(process.execPath, [path.join(root, 'scripts', 'hedgerow.cjs'), ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
