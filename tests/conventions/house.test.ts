/** The house stays readable: a README a stage, no grab-bag names, no file that grew too long, no word that is not ours. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name);
const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) => /\.tsx?$/.test(f));

describe('the house', () => {
  it.each(folders)('src/%s begins with a README of at most 60 lines', (folder) => {
    const file = path.join(root, 'src', folder, 'README.md');
    expect(existsSync(file), `${folder} has no README.md`).toBe(true);
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThanOrEqual(61);
  });

  it('has no folder or file that is a grab-bag', () => {
    expect(files.filter((f) => /(^|\/)(utils?|helpers?|misc|common|types)(\.|\/)/.test(f))).toEqual([]);
  });

  it('has file names in kebab-case', () => {
    expect(files.filter((f) => !f.split(path.sep).every((part) => /^[a-z0-9.-]+$/.test(part)))).toEqual([]);
  });

  it('opens every module with what it is for', () => {
    const silent = files.filter((f) => f.endsWith('.ts') && !f.includes('migrations')).filter((f) => !/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(readFileSync(path.join(root, 'src', f), 'utf8')));
    expect(silent).toEqual([]);
  });

  it('has one file of migrations a step, all of them known to the journal', () => {
    const folder = path.join(root, 'src/db/migrations');
    const journal = JSON.parse(readFileSync(path.join(folder, 'meta/_journal.json'), 'utf8')) as { entries: { tag: string }[] };
    expect(readdirSync(folder).filter((f) => f.endsWith('.sql')).sort()).toEqual(journal.entries.map((e) => `${e.tag}.sql`).sort());
  });
});
