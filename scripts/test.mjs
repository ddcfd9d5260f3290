/**
 * `npm test`: install, build, then types, lint, import rules and every suite. Names the suites that were left out because
 * a real service is missing, and ends with one line of counts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './setup.mjs';

ensureInstalled();
ensureBuilt();
const only = process.argv.slice(2);
let failedChecks = 0;
const node = (label, file, args) => {
  const began = performance.now();
  const done = spawnSync(process.execPath, [path.join(root, 'node_modules', ...file), ...args], { cwd: root, stdio: 'inherit' });
  console.log(`${done.status === 0 ? 'ok  ' : 'FAIL'} ${label} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  if (done.status !== 0) failedChecks++;
  return done.status;
};

if (only.length === 0) {
  node('types', ['typescript', 'bin', 'tsc'], ['-p', 'tsconfig.tests.json', '--noEmit']);
  node('types of the console', ['typescript', 'bin', 'tsc'], ['-p', 'src/console/tsconfig.json', '--noEmit']);
  node('lint', ['eslint', 'bin', 'eslint.js'], ['--max-warnings', '0', '.']);
  node('import rules', ['dependency-cruiser', 'bin', 'dependency-cruise.mjs'], ['--config', '.dependency-cruiser.cjs', 'src', 'workers']);
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-test-'));
const report = path.join(folder, 'report.json');
node('tests', ['vitest', 'vitest.mjs'], ['run', '--reporter=default', '--reporter=json', '--reporter=./scripts/second-try-reporter.mjs', `--outputFile.json=${report}`, ...only]);

let counts = { passed: 0, failed: failedChecks > 0 ? 1 : 0, skipped: 0 };
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  counts = { passed: result.numPassedTests, failed: result.numFailedTests + (result.numFailedTests === 0 && failedChecks > 0 ? failedChecks : 0), skipped: result.numPendingTests };
  const leftOut = new Map();
  for (const file of result.testResults) {
    for (const test of file.assertionResults) {
      const reason = test.status === 'passed' || test.status === 'failed' ? null : /\(needs [^)]*\)/.exec(test.fullName)?.[0];
      if (reason) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    }
  }
  for (const [reason, n] of leftOut) console.log(`left out: ${n} tests ${reason}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(failedChecks === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1);
