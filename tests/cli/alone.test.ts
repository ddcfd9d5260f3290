/** The command on its own: usage, configuration, folders and ports that are wrong, and the API in its own process. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { command, runCommand, temporaryFolder } from '../support/program.js';

const { folder, remove } = temporaryFolder('hedgerow-cli-');
const data = path.join(folder, 'data');
const run = (args: readonly string[], options: { env?: Record<string, string>; input?: string; data?: string } = {}) => runCommand(args, { data, ...options });
/** Listens without blocking the commands, which run while this process stands still. */
const neighbour = spawn(process.execPath, ['-e', "const s = require('node:http').createServer((q, r) => r.end('<html>hello</html>')).listen(0, '127.0.0.1', () => console.log(s.address().port))"], { stdio: ['ignore', 'pipe', 'ignore'] });
const takenPort = new Promise<string>((resolve) => neighbour.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));

afterAll(() => {
  neighbour.kill();
  remove();
});

/** One sentence for people, no stack. */
function sentence(stderr: string): string {
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr).toMatch(/^hedgerow: /);
  return stderr;
}

describe('usage', () => {
  it.each([
    ['no verb', []],
    ['an unknown verb', ['fly']],
    ['an unknown option', ['check', '--thoroughly']],
    ['a missing argument', ['cameras', 'import']],
    ['a group without its verb', ['cameras']],
    ['a number that is none', ['up', '--demo', 'some']],
    ['too many simulated cameras', ['up', '--demo', '501']],
    ['an unknown role', ['token', 'create', '--name', 'x', '--role', 'king']],
    ['a missing role', ['user', 'add', 'anna']],
    ['a time that is none', ['discover', '--listen-ms', 'soon']],
  ])('%s is exit 2, and says where the help is', (_name, args) => {
    const { status, stderr, stdout } = run(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/hedgerow --help|Usage:/);
  });

  it('help and version are exit 0', () => {
    const help = run(['--help']);
    expect(help.status).toBe(0);
    for (const verb of ['up', 'api', 'worker', 'jobs', 'discover', 'cameras', 'ledger', 'check', 'token', 'user', 'models', 'doctor']) expect(help.stdout).toContain(`\n  ${verb}`);
    expect(run(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  });
});

describe('what is wrong before anything starts', () => {
  const configured = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  it.each([
    ['a file that is not there', 'absent.yaml', undefined, /There is no configuration file .*absent\.yaml/],
    ['no YAML', 'tab.yaml', 'api:\n\t- x: [', /tab\.yaml is not YAML/],
    ['an unknown key', 'key.yaml', 'api: { prot: 1 }', /key\.yaml\) is wrong:\n[^]*prot/],
    ['a value out of range', 'value.yaml', 'api: { port: 70000 }', /is wrong:\n[^]*api\.port/],
    ['a bomb of aliases', 'bomb.yaml', `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: [*a,*a,*a]`).join('\n')}`, /is not YAML|is wrong/],
  ])('a configuration with %s names the file and the key', (_name, file, text, wanted) => {
    const at = text === undefined ? path.join(folder, file) : configured(file, text);
    const { status, stderr } = run(['--config', at, 'up']);
    expect(status).toBe(1);
    expect(sentence(stderr)).toMatch(wanted);
    expect(stderr).toContain('(config.invalid)');
  });

  it.each([
    ['HEDGEROW_PORT', 'eighty', /HEDGEROW_PORT is "eighty", not a whole number/],
    ['HEDGEROW_ADMIN_TOKEN', 'short', /HEDGEROW_ADMIN_TOKEN has fewer than 16/],
    ['HEDGEROW_KEY', 'not-a-key', /HEDGEROW_KEY/],
    ['DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none', /The database does not answer/],
  ])('%s with nonsense is one sentence', (name, value, wanted) => {
    const { status, stderr } = run(['check'], { env: { [name]: value } });
    expect(status).toBe(1);
    expect(sentence(stderr)).toMatch(wanted);
    expect(stderr).not.toContain(name === 'HEDGEROW_ADMIN_TOKEN' || name === 'HEDGEROW_KEY' ? `"${value}"` : 'select');
  });

  it('a single role without a shared database says what it needs', () => {
    for (const role of ['api', 'worker', 'jobs']) expect(sentence(run([role]).stderr)).toMatch(/set DATABASE_URL, or use "hedgerow up"/);
  });

  it('a data folder that is a file, or below one, is one sentence', () => {
    const file = configured('file', 'x');
    for (const wrong of [file, path.join(file, 'below')]) {
      const { status, stderr } = run(['up'], { data: wrong });
      expect(status).toBe(1);
      expect(sentence(stderr)).toMatch(/The data folder .*file.* cannot be written to: .*--data or HEDGEROW_DATA/);
    }
  });

  it.skipIf(process.getuid?.() !== 0)('a data folder of somebody else is one sentence (needs root)', () => {
    const closed = path.join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const { status, stderr } = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, command, '--data', closed, 'up'], { encoding: 'utf8', timeout: 60_000 });
    expect(status).toBe(1);
    expect(stderr.replace(/^[^]*?(hedgerow: )/, '$1')).toMatch(/The data folder .*closed cannot be written to: EACCES/);
  });

  it('a taken port is one sentence, and leaves the data folder free', async () => {
    const { status, stderr } = run(['up'], { env: { HEDGEROW_PORT: await takenPort } });
    expect(status).toBe(1);
    expect(sentence(stderr)).toMatch(/Port \d+ of 127\.0\.0\.1 cannot be listened on: another program has it\. Set HEDGEROW_PORT/);
    expect(existsSync(path.join(data, 'run.json'))).toBe(false);
    expect(run(['check']).status).toBe(0);
  });

  it('a video that is not there is one sentence', () => {
    expect(sentence(run(['up', '--video', 'absent.mp4']).stderr)).toMatch(/There is no file .*absent\.mp4/);
  });
});

describe('without a running program', () => {
  it('answers through the API in its own process, and leaves no token behind', () => {
    const done = run(['--json', 'check']);
    expect(JSON.parse(done.stdout)).toMatchObject({ clean: true, pictures: 0, problems: [] });
    expect(done.status).toBe(0);
    const { stdout } = run(['--json', 'token', 'create', '--name', 'desk', '--role', 'operator']);
    const made = JSON.parse(stdout) as { secret: string; token: { grants: object[] } };
    expect(made.secret).toMatch(/^hgt_[\w-]{43}$/);
    expect(made.token).toMatchObject({ name: 'desk', grants: [{ role: 'operator', siteId: null }], expiresAt: null });
    const ledger = run(['ledger', 'verify']);
    expect(ledger).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ok: \d+ entries\n$/) as string });
  });

  it('passes over a run.json that a killed program left, even when its process id lives again', async () => {
    for (const url of [`http://127.0.0.1:${await takenPort}`, 'http://127.0.0.1:1']) {
      writeFileSync(path.join(data, 'run.json'), JSON.stringify({ pid: process.pid, url, token: 'hgt_old' }));
      expect(run(['--json', 'cameras', 'list'])).toMatchObject({ status: 0, stdout: '[]\n' });
    }
  });

  it('doctor looks at this machine', () => {
    const done = run(['--json', 'doctor']);
    const findings = JSON.parse(done.stdout) as { what: string; status: string; detail: string }[];
    const of = (what: string): string | undefined => findings.find((f) => f.what === what)?.status;
    for (const what of ['node', 'configuration', 'data folder', 'threads for streams', 'networks', 'hedgerow', 'database', 'queue', 'objects']) expect(of(what), what).toBe('ok');
    expect(findings.filter((f) => f.status === 'missing').every((f) => /^(hedgerow|npm) /.test(f.detail))).toBe(true);
    expect(done.status).toBe(0);
  });

  it('doctor says what is wrong and goes on', () => {
    const broken = path.join(folder, 'broken.yaml');
    writeFileSync(broken, 'api: { prot: 1 }');
    const done = run(['--json', '--config', broken, 'doctor']);
    expect(done.status).toBe(1);
    const findings = JSON.parse(done.stdout) as { what: string; status: string; detail: string }[];
    expect(findings.find((f) => f.what === 'configuration')).toMatchObject({ status: 'bad', detail: expect.stringContaining('prot') as string });
    expect(findings.find((f) => f.what === 'networks')?.status).toBe('ok');
    const noFolder = run(['doctor'], { data: path.join(broken, 'below') });
    expect(noFolder.status).toBe(1);
    expect(noFolder.stdout).toMatch(/bad +data folder .*broken\.yaml is no folder/);
  });

  it('models: lists the manifest, refuses a name that it does not have, and a folder without weights', () => {
    const listed = JSON.parse(run(['--json', 'models', 'list']).stdout) as { name: string; status: string }[];
    expect(listed.map((m) => m.name)).toContain('nanodet-plus-m-1.5x');
    expect(listed.every((m) => ['ready', 'missing', 'refused'].includes(m.status))).toBe(true);
    const unknown = run(['models', 'fetch', 'face-finder']);
    expect(unknown.status).toBe(1);
    expect(sentence(unknown.stderr)).toMatch(/names no model "face-finder"; it has nanodet/);
    const empty = path.join(folder, 'weights');
    const into = path.join(folder, 'into');
    for (const made of [empty, into]) mkdirSync(made);
    expect(run(['models', 'fetch', 'nanodet-plus-m', '--from', empty], { env: { HEDGEROW_MODELS: into } }).status).toBe(1);
    writeFileSync(path.join(empty, 'nanodet-plus-m_dyn.onnx'), 'not the weights');
    const wrong = run(['--json', 'models', 'fetch', 'nanodet-plus-m', '--from', empty], { env: { HEDGEROW_MODELS: into } });
    expect(wrong.status).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject([{ name: 'nanodet-plus-m', status: expect.not.stringMatching(/ready/) as string }]);
  });
});

describe('an address elsewhere', () => {
  const elsewhere = (url: string) => run(['--url', url, 'cameras', 'list'], { env: { HEDGEROW_ADMIN_TOKEN: 'a-token-of-the-tests' } });

  it.each([
    ['that nobody answers', 'http://127.0.0.1:1', /http:\/\/127\.0\.0\.1:1 does not answer: .*(ECONNREFUSED|bad port)/],
    ['that is none', 'village', /"village" is no address of a Hedgerow/],
    ['with another scheme', 'ftp://127.0.0.1', /is no address of a Hedgerow/],
  ])('%s is one sentence', (_name, url, wanted) => {
    const { status, stderr } = elsewhere(url);
    expect(status).toBe(1);
    expect(sentence(stderr)).toMatch(wanted);
  });

  it('of another program is one sentence', async () => {
    const { status, stderr } = elsewhere(`http://127.0.0.1:${await takenPort}`);
    expect(status).toBe(1);
    expect(sentence(stderr)).toMatch(/is not one of this version of Hedgerow/);
  });

  it('that hangs up in the middle is one sentence', async () => {
    const server = http.createServer((_request, response) => response.socket?.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(process.execPath, [command, '--url', url, 'check'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise((resolve) => child.once('close', resolve));
    server.close();
    expect(status).toBe(1);
    expect(sentence(stderr)).toMatch(/does not answer/);
  });
});
