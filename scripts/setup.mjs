/**
 * Brings a fresh checkout to the point where the program runs: installs what package-lock.json names, then builds.
 * Plain JavaScript without dependencies, because nothing is installed yet. Does nothing when nothing changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync, chmodSync, rmSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..');
const smallestNode = [20, 19];

export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) fail(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) process.exit(done.status ?? 1);
}

export function fail(message) {
  console.error(`hedgerow: ${message}`);
  process.exit(1);
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < smallestNode[0] || (major === smallestNode[0] && minor < smallestNode[1])) {
    fail(`Node ${smallestNode.join('.')} or newer is needed; this is ${process.versions.node}.`);
  }
}

export function ensureInstalled() {
  checkNode();
  const stamp = path.join(root, 'node_modules', '.hedgerow-installed');
  const wanted = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json'))).update(process.version).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('hedgerow: installing packages (about 850 MB on disk: libav and the ONNX runtime are large) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error', '--progress', String(Boolean(process.stdout.isTTY))]);
  const bin = path.join(root, 'node_modules', '.bin', 'hedgerow');
  rmSync(bin, { force: true });
  symlinkSync(path.join('..', '..', 'scripts', 'hedgerow.cjs'), bin);
  chmodSync(path.join(root, 'scripts', 'hedgerow.cjs'), 0o755);
  writeFileSync(stamp, wanted);
}

/** Builds `dist/` when a source is newer than the last build. @returns whether it built */
export function ensureBuilt() {
  const stamp = path.join(root, 'dist', '.hedgerow-built');
  const wanted = sourcesHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false;
  console.error('hedgerow: building …');
  run(process.execPath, [path.join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
  run(process.execPath, [path.join('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--config', 'src/console/vite.config.ts', '--logLevel', 'warn']);
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  return true;
}

function sourcesHash() {
  const hash = createHash('sha256');
  const add = (entry) => {
    const full = path.join(root, entry);
    if (!existsSync(full)) return;
    const stat = statSync(full);
    if (stat.isDirectory()) for (const name of readdirSync(full).sort()) add(path.join(entry, name));
    else hash.update(`${entry}\0${stat.size}\0`).update(readFileSync(full));
  };
  for (const entry of ['src', 'workers', 'tsconfig.json', 'package-lock.json']) add(entry);
  return hash.digest('hex');
}
