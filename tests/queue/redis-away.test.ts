/** The queue in a Redis of the test's own that is killed: who asks is told, who works goes on afterwards, who leaves can. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobHandlers } from '../../src/contract/jobs.js';
import { SystemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { createBullmqQueue } from '../../src/queue/adapters/bullmq-queue.js';
import { silentLog, temporaryFolder } from '../support/databases.js';

const here = spawnSync('redis-server', ['--version']).status === 0;
const clock = new SystemClock();
const signal = new AbortController().signal;

describe.skipIf(!here)('BullMQ when Redis is away (needs the program redis-server)', () => {
  let port: number;
  let folder: { folder: string; remove: () => Promise<void> };
  let redis: ChildProcess;

  async function start(): Promise<void> {
    redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'], { stdio: 'ignore' });
    for (let i = 0; i < 200 && !(await answers(port)); i++) await clock.sleep(25);
  }

  async function kill(): Promise<void> {
    const gone = new Promise((resolve) => redis.once('exit', resolve));
    redis.kill('SIGKILL');
    await gone;
  }

  beforeEach(async () => {
    folder = await temporaryFolder();
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
    await new Promise((resolve) => server.close(resolve));
    await start();
  });
  afterEach(async () => {
    if (redis.exitCode === null && redis.signalCode === null) await kill();
    await folder.remove();
  });

  const open = () => createBullmqQueue({ redisUrl: `redis://127.0.0.1:${port}`, prefix: 'test', clock, log: silentLog });

  function handlers(onboard: JobHandlers['camera.onboard']): JobHandlers {
    return { 'camera.onboard': onboard, 'credentials.rotate': () => Promise.resolve(), 'delivery.drain': () => Promise.resolve(), 'retention.sweep': () => Promise.resolve() };
  }

  it('says so to who asks, keeps the job, and works it when Redis is back', async () => {
    const queue = open();
    const worker = open();
    const done: string[] = [];
    const [kept, later] = [newId(), newId()];
    await queue.enqueue({ name: 'camera.onboard', cameraId: kept });
    await kill();
    await expect(queue.enqueue({ name: 'camera.onboard', cameraId: newId() })).rejects.toMatchObject({ code: 'queue.unavailable' });
    await expect(queue.probe()).rejects.toMatchObject({ code: 'queue.unavailable' });
    await start();
    await worker.work(handlers((job) => Promise.resolve(void done.push(job.cameraId))), { concurrency: 2, signal });
    for (let i = 0; i < 400 && !done.includes(kept); i++) await clock.sleep(25);
    await kill();
    await clock.sleep(300);
    await start();
    for (let i = 0; i < 100; i++) {
      try {
        await queue.enqueue({ name: 'camera.onboard', cameraId: later });
        break;
      } catch {
        await clock.sleep(100);
      }
    }
    for (let i = 0; i < 800 && !done.includes(later); i++) await clock.sleep(25);
    expect(done).toContain(kept);
    expect(done).toContain(later);
    await Promise.all([queue.close(), worker.close()]);
  }, 60_000);

  it.each([0, 1])('lets its process go in time, with %i jobs in work', async (inWork) => {
    const queue = open();
    let began = 0;
    await queue.work(handlers((_job, stop) => (began++, clock.sleep(60_000, stop))), { concurrency: 2, signal });
    for (let i = 0; i < inWork; i++) await queue.enqueue({ name: 'camera.onboard', cameraId: newId() });
    for (let i = 0; i < 400 && began < inWork; i++) await clock.sleep(25);
    expect(began).toBe(inWork);
    await kill();
    const beganMs = clock.monotonicMs();
    await queue.close();
    expect(clock.monotonicMs() - beganMs).toBeLessThan(8_000);
  }, 60_000);
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const say = (up: boolean): void => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => say(true)).once('error', () => say(false));
  });
}
