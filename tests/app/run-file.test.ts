import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRunFile, removeRunFile, writeRunFile } from '../../src/app/run-file.js';

const content = { pid: process.pid, url: 'http://127.0.0.1:1', token: 'hgt_secret' };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'hedgerow-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('run.json', () => {
  it('is found while its process lives, and leaves nothing behind', () => {
    writeRunFile(folder, content);
    expect(readRunFile(folder)).toEqual(content);
    writeRunFile(folder, { ...content, pid: 2 ** 22 + 1 });
    expect(readRunFile(folder)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['run.json']);
    removeRunFile(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('is readable by its owner only, even where a file or a link was waiting for it', () => {
    const file = path.join(folder, 'run.json');
    writeFileSync(file, '{}');
    chmodSync(file, 0o666);
    writeRunFile(folder, content);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const elsewhere = path.join(folder, 'elsewhere');
    rmSync(file);
    writeFileSync(elsewhere, 'kept');
    symlinkSync(elsewhere, file);
    writeRunFile(folder, content);
    expect(readFileSync(elsewhere, 'utf8')).toBe('kept');
    expect(existsSync(file) && readRunFile(folder)).toEqual(content);
  });
});
