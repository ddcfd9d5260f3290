/** Policies for devices, their documentation and their fixtures belong together. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { devicePolicies, devicePolicyText } from '../../src/register/device-policies.js';

const root = path.join(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/device-policies.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| [^-]/.test(line) && !line.startsWith('| policy'));

describe('docs/device-policies.md', () => {
  it('has a row for every policy that is told, and no other name', () => {
    const told = page.slice(0, page.indexOf('## How Hedgerow always'));
    const named = told.split('\n').flatMap((line) => [...(/^\| (`[^|]*)\|/.exec(line)?.[1] ?? '').matchAll(/`([a-z0-9-]+)`/g)].map((m) => m[1] ?? ''));
    expect(named.sort()).toEqual(Object.keys(devicePolicies).sort());
  });

  it('names fixtures that are there', () => {
    const fixtures = rows.flatMap((row) => [...row.matchAll(/`([\w.-]+\.(?:xml|http|html|txt))`/g)].map((m) => m[1] ?? ''));
    expect(fixtures.length).toBeGreaterThan(40);
    expect(fixtures.filter((name) => !existsSync(path.join(root, 'tests/fixtures/onvif', name)))).toEqual([]);
  });
});

describe('a policy', () => {
  it('has one line that ends with a stop, and a name that is none has an empty one', () => {
    for (const text of Object.values(devicePolicies)) expect(text).toMatch(/^[A-Z][^\n]{15,120}\.$/);
    expect([devicePolicyText('reached-host'), devicePolicyText('toString')]).toEqual([devicePolicies['reached-host'], '']);
  });
});

describe('a fixture of a reply', () => {
  it('begins with a line that names maker and defect', () => {
    const folder = path.join(root, 'tests/fixtures/onvif');
    for (const name of readdirSync(folder).filter((n) => /\.(xml|http|html)$/.test(n))) {
      expect([name, readFileSync(path.join(folder, name), 'utf8').split('\n').slice(0, 2).join(' ')]).toEqual([name, expect.stringMatching(/(<!-- |^# )\S.{30,}/)]);
    }
  });
});
