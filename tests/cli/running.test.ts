/** The command beside a running program: it finds it by its data folder, and speaks its API. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Camera } from '../../src/contract/camera.js';
import type { Page } from '../../src/contract/page.js';
import type { ImportReport } from '../../src/contract/registry.js';
import type { Site } from '../../src/contract/site.js';
import { adminToken, apiOf, command, packageFolder, runCommand, startProgram, temporaryFolder, type Program } from '../support/program.js';

const { folder, remove } = temporaryFolder('hedgerow-cli-');
const data = path.join(folder, 'data');
let program: Program;
let api: ReturnType<typeof apiOf>;
const run = (args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}) => runCommand(args, { data, ...options });
const json = <T>(args: readonly string[], options: { input?: string } = {}): { status: number | null; answer: T } => {
  const { status, stdout, stderr } = run(['--json', ...args], options);
  expect(stderr).toBe('');
  return { status, answer: JSON.parse(stdout) as T };
};

beforeAll(async () => {
  program = await startProgram(['up'], { data });
  api = apiOf(program.url);
  await api.post<Site>('/api/v1/sites', { name: 'Upper Mill', timeZone: 'Asia/Shanghai' });
  await api.post<Site>('/api/v1/sites', { name: 'Lower Mill', timeZone: 'Asia/Shanghai' });
});
afterAll(async () => {
  await program.stop();
  remove();
});

const heading = 'name,address,username,password,site,purpose,owner,legal_basis,review_on';
/** Ports on which nobody answers. */
const good = (name: string, port: number, site = 'Upper Mill'): string => `${name},rtsp://127.0.0.1:${port}/live,operator,s3cret-${name},${site},Guards the mill race against theft,Village office,Decision 4,2099-01-01`;
function tableOf(name: string, rows: readonly string[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, `${[heading, ...rows].join('\n')}\n`);
  return file;
}

describe('beside a running program', () => {
  it('is kept out by its owner alone, and a second one is told whose folder it is', () => {
    expect(statSync(path.join(data, 'run.json')).mode & 0o077).toBe(0);
    const { status, stderr } = run(['up'], { env: { HEDGEROW_PORT: '0' } });
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^hedgerow: Process ${program.process.pid} has the database open .*another data folder\\. \\(database\\.locked\\)\n$`));
    expect(existsSync(path.join(data, 'run.json'))).toBe(true);
  });

  it('imports a table: a bad row stops it, a dry run writes nothing, --skip-bad leaves the bad ones out', async () => {
    const file = tableOf('mixed.csv', [good('Race', 1), good('Weir', 2), 'Gate,rtsp://operator:pw-of-the-gate@127.0.0.1:99999/live,,,Upper Mill,Security,,Decision 4,2099-01-01', good('Sluice', 4, 'No such site')]);
    const dry = json<ImportReport>(['cameras', 'import', file, '--dry-run']);
    expect(dry).toMatchObject({ status: 1, answer: { dryRun: true, applied: false, created: 2, bad: 2 } });
    const refused = run(['cameras', 'import', file]);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toMatch(/line 4 \(Gate\): address: /);
    expect(refused.stdout).toMatch(/line 4 \(Gate\): purpose: is not specific enough/);
    expect(refused.stdout).toMatch(/line 4 \(Gate\): owner: /);
    expect(refused.stdout).toMatch(/line 5 \(Sluice\): site: /);
    expect(refused.stdout).toMatch(/2 bad; nothing was written\nMend the rows above/);
    expect((await api.get<Page<Camera>>('/api/v1/cameras')).items).toEqual([]);
    expect(json<ImportReport>(['cameras', 'import', file, '--skip-bad'])).toMatchObject({ status: 1, answer: { applied: true, created: 2, bad: 2 } });
    expect((await api.get<Page<Camera>>('/api/v1/cameras')).items.map((c) => c.name).sort()).toEqual(['Race', 'Weir']);
    for (const secret of ['s3cret-Race', 's3cret-Weir', 'pw-of-the-gate']) expect(refused.stdout + JSON.stringify(dry.answer) + program.output()).not.toContain(secret);
  });

  it('takes the site of rows that name none from --site', () => {
    const rows = [good('Bridge', 9, '')];
    expect(json<ImportReport>(['cameras', 'import', tableOf('nowhere.csv', rows)])).toMatchObject({ status: 1, answer: { bad: 1, applied: false } });
    expect(json<ImportReport>(['cameras', 'import', tableOf('nowhere.csv', rows), '--site', 'Lower Mill'])).toMatchObject({ status: 0, answer: { created: 1 } });
    const unknown = run(['cameras', 'import', tableOf('nowhere.csv', rows), '--site', 'Middle Mill']);
    expect(unknown).toMatchObject({ status: 1, stderr: 'hedgerow: There is no such site (site.unknown)\n' });
  });

  it('takes the map of a site, says which vertex is wrong, and gives it out again', () => {
    const map = path.join(folder, 'mill.geojson');
    const ring = [[117, 36], [117.01, 36], [117.01, 36.01], [117, 36.01], [117, 36]];
    const feature = (kind: string, coordinates: unknown): object => ({ type: 'Feature', properties: { kind, name: kind }, geometry: { type: 'Polygon', coordinates } });
    writeFileSync(map, JSON.stringify({ type: 'FeatureCollection', features: [feature('boundary', [ring]), feature('prohibited', [[[117, 36], [36, 117], [117.01, 36.01]]])] }));
    const refused = run(['sites', 'map', 'import', 'Upper Mill', map]);
    expect(refused).toMatchObject({ status: 1, stdout: expect.stringMatching(/feature 1 \(prohibited\), ring 0, vertex 1: has the latitude 117, beyond 90.*\n1 new, .* 1 bad; nothing was written/) as string });
    expect(run(['sites', 'map', 'import', 'upper mill', map, '--skip-bad']).stdout).toMatch(/^1 new/m);
    const out = path.join(folder, 'out.geojson');
    expect(run(['sites', 'map', 'export', 'Upper Mill', out]).status).toBe(0);
    expect(run(['sites', 'map', 'import', 'Upper Mill', out, '--replace'])).toMatchObject({ status: 0, stdout: '0 new, 0 changed, 1 unchanged, 0 removed, 0 bad\n' });
    expect(run(['sites', 'list']).stdout).toMatch(/Upper Mill +Asia\/Shanghai +drawn/);
  });

  it('exports what it imports: the round trip changes nothing, and holds no password', () => {
    const file = path.join(folder, 'export.csv');
    expect(run(['cameras', 'export', file])).toMatchObject({ status: 0, stdout: `written to ${file}\n` });
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n')[0]).toContain('legal_basis');
    expect(text).not.toContain('s3cret');
    expect(run(['cameras', 'export']).stdout).toBe(text);
    expect(json<{ csv: string }>(['cameras', 'export']).answer.csv).toBe(text);
    expect(json<{ file: string; bytes: number }>(['cameras', 'export', file]).answer).toEqual({ file, bytes: Buffer.byteLength(text) });
    expect(json<ImportReport>(['cameras', 'import', file])).toMatchObject({ status: 0, answer: { created: 0, updated: 0, unchanged: 3, bad: 0 } });
  });

  it('refuses files that are none, and says where it could not write', () => {
    expect(run(['cameras', 'import', path.join(folder, 'absent.csv')])).toMatchObject({ status: 1, stderr: expect.stringMatching(/^hedgerow: There is no file .*absent\.csv\.\n$/) as string });
    const binary = path.join(folder, 'binary.csv');
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0, 1, 2, 3]));
    expect(run(['cameras', 'import', binary])).toMatchObject({ status: 1 });
    expect(run(['cameras', 'export', path.join(folder, 'no', 'such', 'folder.csv')])).toMatchObject({ status: 1, stderr: expect.stringMatching(/^hedgerow: ENOENT.*folder\.csv'\n$/) as string });
  });

  it('lists the cameras as a table and as a document', () => {
    const { answer } = json<Camera[]>(['cameras', 'list']);
    expect(answer.map((c) => c.name).sort()).toEqual(['Bridge', 'Race', 'Weir']);
    const { stdout } = run(['cameras', 'list']);
    expect(stdout.split('\n')[0]).toMatch(/^id +name +state +picture +detector +address/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
  });

  it('survives a reader that goes away', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${command}" --data "${data}" --json cameras list | head -c 1; exit "$?"`], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    expect(stderr).toBe('');
  });

  it('probes a camera: exit 1 when the ladder fails, with what was seen and what to do', () => {
    const [camera] = json<Camera[]>(['cameras', 'list']).answer;
    const unknown = run(['cameras', 'probe', '00000000-0000-7000-8000-000000000000']);
    expect(unknown).toMatchObject({ status: 1, stderr: 'hedgerow: There is no camera 00000000-0000-7000-8000-000000000000.\n' });
    expect(run(['cameras', 'probe', 'x/../..'])).toMatchObject({ status: 1, stderr: 'hedgerow: There is no camera x/../...\n' });
    const probed = json<{ name: string; status: string; todo: string }[]>(['cameras', 'probe', camera?.id ?? '']);
    expect(probed.status).toBe(1);
    expect(probed.answer[0]).toMatchObject({ name: 'reach', status: 'fail', todo: expect.stringMatching(/./) as string });
  });

  it('makes a token for one site that works there, and prints the secret once and alone', async () => {
    const made = run(['token', 'create', '--name', 'Lower desk', '--role', 'operator', '--site', 'Lower Mill']);
    expect(made.stdout).toMatch(/^hgt_[\w-]{43}\n$/);
    const desk = apiOf(program.url, made.stdout.trim());
    expect((await desk.get<Page<Camera>>('/api/v1/cameras')).items.map((c) => c.name)).toEqual(['Bridge']);
    await expect(desk.post('/api/v1/sites', { name: 'Mine', timeZone: 'UTC' })).rejects.toThrow(/403/);
    expect(run(['token', 'create', '--name', 'x', '--role', 'operator', '--site', 'Middle Mill'])).toMatchObject({ status: 1, stderr: 'hedgerow: There is no site "Middle Mill".\n' });
    expect(run(['token', 'create', '--name', 'x', '--role', 'operator', '--expires', 'tomorrow'])).toMatchObject({ status: 1, stderr: expect.stringMatching(/\(request\.invalid\)\n +.*expiresAt/) as string });
  });

  it('adds a user by a password from standard input, who can log in', async () => {
    const added = run(['user', 'add', 'anna', '--role', 'auditor'], { input: 'a long enough password\n' });
    expect(added).toMatchObject({ status: 0, stdout: 'added anna\n', stderr: '' });
    const logIn = (password: string) => fetch(`${program.url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'anna', password }) });
    expect((await logIn('a long enough password')).status).toBeLessThan(300);
    expect((await logIn('a long enough password\n')).status).toBe(401);
    expect(run(['user', 'add', 'anna', '--role', 'auditor'], { input: 'another long password' })).toMatchObject({ status: 1, stderr: expect.stringContaining('(user.exists)') as string });
    const short = run(['user', 'add', 'bert', '--role', 'auditor'], { input: 'short\n' });
    expect(short).toMatchObject({ status: 1, stderr: expect.stringMatching(/password/) as string });
    expect(short.stderr).not.toContain('short\n');
    expect(run(['user', 'add', 'bert', '--role', 'auditor'])).toMatchObject({ status: 1 });
  });

  it('checks, verifies the ledger and looks at the machine through the program that runs', () => {
    expect(json(['check'])).toMatchObject({ status: 0, answer: { clean: true } });
    expect(json(['check', '--fast', '--repair'])).toMatchObject({ status: 0, answer: { clean: true } });
    expect(json(['ledger', 'verify'])).toMatchObject({ status: 0, answer: { brokenAt: null } });
    const findings = json<{ what: string; status: string; detail: string }[]>(['doctor']).answer;
    expect(findings.find((f) => f.what === 'hedgerow')).toMatchObject({ status: 'ok', detail: program.url });
  });

  it('speaks to it from elsewhere by address and token, and says when the token is wrong', () => {
    const other = path.join(folder, 'elsewhere');
    const far = (token: string) => runCommand(['--json', '--url', `${program.url}/`, 'cameras', 'list'], { data: other, env: { HEDGEROW_ADMIN_TOKEN: token } });
    expect(JSON.parse(far(adminToken).stdout)).toHaveLength(3);
    expect(far('a-token-that-is-not-it')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^hedgerow: .*\(auth\.(required|failed)\)\n$/) as string });
    expect(existsSync(other)).toBe(false);
  });

  it('discovers on an interface that is there, and names one that is not', () => {
    expect(json(['discover', '--interface', '127.0.0.1', '--listen-ms', '200']).status).toBe(0);
    const swept = run(['discover', '--interface', 'lo', '--listen-ms', '200', '--sweep', '127.61.0.0/30', '127.61.0.8/32']);
    expect(swept).toMatchObject({ status: 0, stderr: '' });
    expect(swept.stdout).toContain('127.0.0.0/8 (lo), 127.61.0.0/30 (lo), 127.61.0.8/32 (lo)');
    expect(run(['discover', '--sweep', '10.0.0.0/16'])).toMatchObject({ status: 1, stderr: expect.stringMatching(/65536 addresses.*\(discovery\.sweep\)\n$/) as string });
    expect(run(['discover', '--sweep', '8.8.8.0/24'])).toMatchObject({ status: 1, stderr: expect.stringContaining('outside the networks') as string });
    expect(run(['discover', '--sweep', 'my-network'])).toMatchObject({ status: 2 });
    expect(run(['discover', '--interface', 'eth77', '--listen-ms', '200'])).toMatchObject({ status: 1, stderr: expect.stringContaining('(discovery.interface)') as string });
  });

  it('leaves no trace of the command line when it stops', async () => {
    await program.stop();
    expect(program.process.exitCode).toBe(0);
    expect(existsSync(path.join(data, 'run.json'))).toBe(false);
    program = await startProgram(['up'], { data });
    const names = (await apiOf(program.url).get<Page<{ name: string }>>('/api/v1/tokens')).items.map((t) => t.name);
    expect(names.filter((n) => n.startsWith('command line'))).toHaveLength(1);
    expect(names).toContain('Lower desk');
  });

  it('a kill leaves a run.json that is passed over', async () => {
    await program.kill();
    expect(existsSync(path.join(data, 'run.json'))).toBe(true);
    expect(json<Camera[]>(['cameras', 'list']).answer).toHaveLength(3);
    program = await startProgram(['up'], { data });
  });
});

describe('a stop', () => {
  it('during the start is orderly, and twice is at once', async () => {
    const early = path.join(folder, 'early');
    const start = (): { child: ReturnType<typeof spawn>; code: Promise<number | null> } => {
      const child = spawn(process.execPath, [path.join(packageFolder, 'scripts', 'hedgerow.cjs'), '--data', early, 'up'], { env: { ...process.env, HEDGEROW_PORT: '0' }, stdio: ['ignore', 'ignore', 'pipe'] });
      return { child, code: new Promise((resolve) => child.once('exit', (code) => resolve(code))) };
    };
    const first = start();
    // The database is being made: the folder is there, the address is not.
    for (let i = 0; i < 500 && !existsSync(early); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    first.child.kill('SIGTERM');
    expect(await first.code).toBe(0);
    const second = start();
    for (let i = 0; i < 500 && !existsSync(path.join(early, 'run.json')); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    second.child.kill('SIGINT');
    second.child.kill('SIGTERM');
    expect([0, 130]).toContain(await second.code);
    expect(runCommand(['check'], { data: early }).status).toBe(0);
  }, 60_000);
});
