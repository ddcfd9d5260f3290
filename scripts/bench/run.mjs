/** `npm run bench -- NAME [ARGS]`: builds, then runs one benchmark of this folder; without a name it lists them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from '../setup.mjs';

const [name, ...args] = process.argv.slice(2);
const parts = new Set(['run.mjs', 'ingest-contender.mjs', 'ingest-village.mjs', 'mask-light.ts', 'mask-media.ts', 'pipeline-media.ts', 'mask-nets.ts', 'mask-play.ts', 'mask-score.ts', 'mask-sheet.ts', 'mask-tally.ts', 'slope.ts', 'soak-probe.mjs']);
const benches = readdirSync(import.meta.dirname).filter((file) => !parts.has(file));
const file = benches.find((f) => path.parse(f).name === name);
if (!file) {
  console.log('npm run bench -- NAME [ARGS]');
  for (const bench of benches) {
    const about = /\/\*\*\s*\n? ?\*?\s*([^\n]+)/.exec(readFileSync(path.join(import.meta.dirname, bench), 'utf8'))?.[1] ?? '';
    console.log(`  ${path.parse(bench).name.padEnd(18)} ${about.trim()}`);
  }
  process.exit(name ? 2 : 0);
}
ensureInstalled();
ensureBuilt();
process.exit(spawnSync(process.execPath, ['--import', 'tsx', path.join(import.meta.dirname, file), ...args], { cwd: root, stdio: 'inherit' }).status ?? 1);
