import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSealer } from '../../src/auth/sealer.js';

const key = (): string => randomBytes(32).toString('base64');
const refused = expect.objectContaining({ code: 'config.key' }) as unknown;
const sealer = (k: string) => createSealer({ key: k, keyFile: '/nowhere' });
function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (thrown) {
    return thrown;
  }
  return 'nothing was thrown';
}

describe('sealer', () => {
  it('opens what it sealed, for any text and context, and never twice the same', () => {
    const s = sealer(key());
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.string({ unit: 'grapheme' }), (secret, context) => {
        const sealed = s.seal(secret, context);
        expect(s.open(sealed, context)).toBe(secret);
        expect(s.seal(secret, context)).not.toBe(sealed);
        expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/);
      }),
    );
  });

  it('opens in no other context', () => {
    const s = sealer(key());
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (secret, a, b) => {
        fc.pre(a !== b);
        expect(thrownBy(() => s.open(s.seal(secret, a), b))).toEqual(refused);
      }),
    );
  });

  it('refuses any changed character, anything cut off, and any garbage', () => {
    const s = sealer(key());
    const sealed = s.seal('camera password', 'camera/1');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ';
    for (let i = 0; i < sealed.length; i++) {
      for (const c of alphabet) {
        if (c === sealed[i]) continue;
        expect(thrownBy(() => s.open(sealed.slice(0, i) + c + sealed.slice(i + 1), 'camera/1'))).toEqual(refused);
      }
      expect(thrownBy(() => s.open(sealed.slice(0, i), 'camera/1'))).toEqual(refused);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        expect(thrownBy(() => s.open(garbage, 'x'))).toEqual(refused);
      }),
    );
  });

  it('opens with no other key, and says neither secret nor sealed text', () => {
    const sealed = sealer(key()).seal('hunter2hunter2', 'c');
    const thrown = thrownBy(() => sealer(key()).open(sealed, 'c')) as Error;
    expect(thrown).toEqual(refused);
    expect(thrown.message).not.toContain('hunter2');
    expect(thrown.message).not.toContain(sealed.split('.')[3]);
  });

  it('changes keys: the first one seals, the older ones still open', () => {
    const [old, next] = [key(), key()];
    const before = sealer(old).seal('a', 'c');
    const both = sealer(`${next}, ${old}`);
    expect(both.open(before, 'c')).toBe('a');
    const after = both.seal('b', 'c');
    expect(sealer(next).open(after, 'c')).toBe('b');
    expect(thrownBy(() => sealer(old).open(after, 'c'))).toEqual(refused);
  });

  it.each(['', ' ', 'short', `${key()}A`, randomBytes(31).toString('base64'), randomBytes(33).toString('base64'), '!'.repeat(44)])('refuses %j as a key', (bad) => {
    expect(thrownBy(() => sealer(bad))).toEqual(refused);
  });
});

describe('key file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sealer-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, for its owner only, and found again', () => {
    const keyFile = path.join(folder, 'deep', 'sealing.key');
    const sealed = createSealer({ key: null, keyFile }).seal('x', 'c');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const before = readFileSync(keyFile);
    expect(createSealer({ key: null, keyFile }).open(sealed, 'c')).toBe('x');
    expect(readFileSync(keyFile)).toEqual(before);
    expect(readdirSync(path.dirname(keyFile))).toEqual(['sealing.key']);
  });

  it('is refused when others can read it, when it is empty, and when it is a folder', () => {
    const keyFile = path.join(folder, 'sealing.key');
    createSealer({ key: null, keyFile });
    chmodSync(keyFile, 0o640);
    expect(thrownBy(() => createSealer({ key: null, keyFile }))).toEqual(refused);
    writeFileSync(path.join(folder, 'empty'), '', { mode: 0o600 });
    expect(thrownBy(() => createSealer({ key: null, keyFile: path.join(folder, 'empty') }))).toEqual(refused);
    expect(thrownBy(() => createSealer({ key: null, keyFile: folder }))).toEqual(refused);
  });

  it('is not made when the environment has a key', () => {
    const keyFile = path.join(folder, 'sealing.key');
    createSealer({ key: key(), keyFile });
    expect(readdirSync(folder)).toEqual([]);
  });
});
