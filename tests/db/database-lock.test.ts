/** The lock of a PGlite folder: one process at a time, and no dead one keeps it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/core/clock.js';
import { takeFolderLock } from '../../src/db/adapters/database-lock.js';
import { openPgliteDatabase } from '../../src/db/adapters/pglite-database.js';
import { sites } from '../../src/db/schema/index.js';
import { silentLog, temporaryFolder } from '../support/databases.js';
import { testSite } from '../support/pictures.js';

describe('the lock of a folder', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let file: string;
  beforeEach(async () => {
    ({ folder, remove } = await temporaryFolder());
    file = path.join(folder, 'database.lock');
  });
  afterEach(() => remove());

  it('is held by one, names its process, and is free after release', () => {
    const lock = takeFolderLock(file);
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
    expect(() => takeFolderLock(file)).toThrow(expect.objectContaining({ code: 'database.locked', message: expect.stringContaining(String(process.pid)) as string }));
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    takeFolderLock(file).release();
  });

  it('names another live process', async () => {
    const child = spawn('sleep', ['30']);
    try {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      writeFileSync(file, `${child.pid} ${started} other\n`);
      expect(() => takeFolderLock(file)).toThrow(expect.objectContaining({ code: 'database.locked', message: expect.stringContaining(String(child.pid)) as string }));
    } finally {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    takeFolderLock(file).release();
  });

  it('is taken over from a dead process, a reused process id, and rubbish', () => {
    for (const stale of ['999999999 1 dead\n', `${process.pid} 1 an-earlier-program\n`, '', 'rubbish', '-1 x y']) {
      writeFileSync(file, stale);
      const lock = takeFolderLock(file);
      expect(() => takeFolderLock(file)).toThrow();
      lock.release();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('does not take away a lock that somebody else holds now', () => {
    const lock = takeFolderLock(file);
    writeFileSync(file, '1 1 another\n');
    lock.release();
    expect(existsSync(file)).toBe(true);
  });

  it('keeps a second PGlite out, and lets it in afterwards with everything there', async () => {
    const options = { folder: path.join(folder, 'database'), clock: new SystemClock(), log: silentLog };
    const first = await openPgliteDatabase(options);
    await first.migrate();
    const id = await testSite(first);
    await expect(openPgliteDatabase(options)).rejects.toMatchObject({ code: 'database.locked' });
    await first.close();
    const beganMs = performance.now();
    const second = await openPgliteDatabase(options);
    await second.migrate();
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect((await second.orm.select({ id: sites.id }).from(sites)).map((row) => row.id)).toEqual([id]);
    await second.close();
    expect(existsSync(`${options.folder}.lock`)).toBe(false);
  });
});
