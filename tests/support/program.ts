/**
 * The whole program as a user runs it: the built command in a child process, with its own data folder and a free port.
 * Needs `dist/` (npm test builds it first).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const packageFolder = path.resolve(import.meta.dirname, '../..');
export const command = path.join(packageFolder, 'scripts', 'hedgerow.cjs');

export function temporaryFolder(name = 'hedgerow-e2e-'): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), name));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Program {
  readonly url: string;
  /** one-time admin link's secret */
  readonly linkSecret: string;
  readonly process: ChildProcess;
  /** time from the start of the process to its address, ms */
  readonly upAfterMs: number;
  /** everything that was written to standard output and standard error so far */
  output(): string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export const adminToken = 'test-admin-token-0123456789';

export async function startProgram(args: readonly string[], options: { data: string; env?: Record<string, string> }): Promise<Program> {
  const began = performance.now();
  const child = spawn(process.execPath, [command, '--json', '--data', options.data, ...args], {
    env: { ...process.env, HEDGEROW_PORT: '0', HEDGEROW_ADMIN_TOKEN: adminToken, HEDGEROW_LOG_LEVEL: 'info', UV_THREADPOOL_SIZE: '64', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let all = '';
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const first = await new Promise<{ url: string; link: string }>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      all += chunk.toString();
      try {
        resolve(JSON.parse(out) as { url: string; link: string });
      } catch {
        // not complete yet
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (all += chunk.toString()));
    void exited.then(() => reject(new Error(`the program ended:\n${all.slice(-4000)}`)));
  });
  return {
    url: first.url,
    linkSecret: new URL(first.link).hash.replace('#link=', ''),
    process: child,
    upAfterMs: performance.now() - began,
    output: () => all,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export interface Role {
  readonly pid: number;
  /** of the API; null for the other roles */
  readonly url: string | null;
  output(): string;
  /** the exit code; undefined while it runs */
  exited(): number | null | undefined;
  /** Asks it to stop. @returns the exit code and how long it took, ms */
  stop(): Promise<{ code: number | null; tookMs: number }>;
  kill(): Promise<void>;
}

/** One role of a cluster: `api`, `worker` or `jobs`. Resolves when it says that it runs. */
export async function startRole(role: 'api' | 'worker' | 'jobs', options: { data: string; config?: string; env?: Record<string, string> }): Promise<Role> {
  const child = spawn(process.execPath, [command, '--json', '--data', options.data, ...(options.config ? ['--config', options.config] : []), role], {
    env: { ...process.env, HEDGEROW_PORT: '0', HEDGEROW_ADMIN_TOKEN: adminToken, HEDGEROW_LOG_LEVEL: 'info', UV_THREADPOOL_SIZE: '64', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let all = '';
  let code: number | null | undefined;
  const exited = new Promise<number | null>((resolve) => child.once('exit', (status) => resolve((code = status))));
  child.stderr.on('data', (chunk: Buffer) => (all += chunk.toString()));
  const { url = null } = await new Promise<{ url?: string }>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.trimEnd().endsWith('}')) resolve(JSON.parse(out) as { url?: string });
    });
    void exited.then(() => reject(new Error(`${role} ended:\n${all.slice(-4000)}`)));
  });
  return {
    pid: child.pid ?? 0,
    url,
    output: () => out + all,
    exited: () => code,
    async stop() {
      const began = performance.now();
      child.kill('SIGTERM');
      return { code: await exited, tookMs: performance.now() - began };
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs a verb to its end. */
export function runCommand(args: readonly string[], options: { data: string; env?: Record<string, string>; input?: string }): { status: number | null; stdout: string; stderr: string } {
  const done = spawnSync(process.execPath, [command, '--data', options.data, ...args], { encoding: 'utf8', env: { ...process.env, HEDGEROW_LOG_LEVEL: 'error', ...options.env }, input: options.input ?? '', timeout: 120_000 });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** A small client with the bootstrap token. */
export function apiOf(url: string, token = adminToken) {
  const headers = { authorization: `Bearer ${token}` };
  const call = async <T>(method: string, at: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}${at}`, { method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
  return {
    get: <T>(at: string) => call<T>('GET', at),
    post: <T>(at: string, body: unknown = {}) => call<T>('POST', at, body),
    patch: <T>(at: string, body: unknown) => call<T>('PATCH', at, body),
    async bytes(at: string): Promise<{ type: string | null; bytes: Uint8Array }> {
      const response = await fetch(`${url}${at}`, { headers });
      if (!response.ok) throw new Error(`GET ${at}: ${response.status}`);
      return { type: response.headers.get('content-type'), bytes: new Uint8Array(await response.arrayBuffer()) };
    },
    /** Collects server-sent events until the signal aborts. */
    async events(onEvent: (event: { type: string; seq: number; data: Record<string, unknown> }, atMs: number) => void, signal: AbortSignal): Promise<void> {
      const response = await fetch(`${url}/api/v1/events`, { headers, signal });
      const decoder = new TextDecoder();
      let rest = '';
      try {
        for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
          rest += decoder.decode(chunk, { stream: true });
          const blocks = rest.split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) {
            const data = block.split('\n').filter((l) => l.startsWith('data:')).map((l) => l.slice(5)).join('\n');
            if (data) onEvent(JSON.parse(data) as never, Date.now());
          }
        }
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      }
    },
  };
}

/** Asks again and again until `done` answers something; for what happens in another process. */
export async function eventually<T>(done: () => Promise<T | undefined | false>, withinMs: number, what: string): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await done();
      if (value) return value;
      last = value;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}; last: ${last instanceof Error ? last.message : String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
