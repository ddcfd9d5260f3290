/**
 * `npm test`: install, build, then every suite, and beside the suites types, lint and import rules. Names the suites that
 * were left out because a real service is missing, and ends with one line of counts.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './setup.mjs';

ensureInstalled();
ensureBuilt();
const only = process.argv.slice(2);
let failedChecks = 0;

/** Runs a tool to its end. What stands `aside` gets a lower priority, and says what it has to say in one piece. */
async function node(label, file, args, { aside = false } = {}) {
  const began = performance.now();
  const child = spawn(process.execPath, [path.join(root, 'node_modules', ...file), ...args], { cwd: root, stdio: ['ignore', aside ? 'pipe' : 'inherit', aside ? 'pipe' : 'inherit'] });
  if (aside && child.pid !== undefined) os.setPriority(child.pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  let said = '';
  for (const from of [child.stdout, child.stderr]) from?.setEncoding('utf8').on('data', (text) => (said += text));
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      said += `${error.message}\n`;
      resolve(1);
    });
    child.once('close', resolve);
  });
  console.log(`${said}${status === 0 ? 'ok  ' : 'FAIL'} ${label} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  if (status !== 0) failedChecks++;
}

/** One after the other: the linter alone takes two gigabytes. */
async function checks(options) {
  await node('lint', ['eslint', 'bin', 'eslint.js'], ['--max-warnings', '0', '.'], options);
  await node('types', ['typescript', 'bin', 'tsc'], ['-p', 'tsconfig.tests.json', '--noEmit'], options);
  await node('types of the console', ['typescript', 'bin', 'tsc'], ['-p', 'src/console/tsconfig.json', '--noEmit'], options);
  await node('import rules', ['dependency-cruiser', 'bin', 'dependency-cruise.mjs'], ['--config', '.dependency-cruiser.cjs', 'src', 'workers'], options);
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-test-'));
const report = path.join(folder, 'report.json');
const suites = () => node('tests', ['vitest', 'vitest.mjs'], ['run', '--reporter=default', '--reporter=json', '--reporter=./scripts/second-try-reporter.mjs', `--outputFile.json=${report}`, ...only]);

// Many suites wait for real streams: the checks take the processor time that they leave. Not on a small machine.
const together = os.availableParallelism() > 1 && os.totalmem() > 6 * 2 ** 30;
if (only.length > 0) await suites();
else if (together) await Promise.all([checks({ aside: true }), suites()]);
else {
  await checks();
  await suites();
}

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
