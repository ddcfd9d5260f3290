/** DESIGN.md 2.3: only the masker seals, and only what it composed. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMaskedPicture, sealPicture } from '../../src/contract/picture.js';

const root = path.resolve(import.meta.dirname, '../..');

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((f) => `${folder}/${f}`)
    .filter((f) => /\.tsx?$/.test(f));
}

describe('the seal', () => {
  it('is named in the contract and in the masker, and nowhere else', () => {
    const naming = [...sources('src'), ...sources('workers')].filter((f) => readFileSync(path.join(root, f), 'utf8').includes('sealPicture'));
    expect(naming.sort()).toEqual(['src/analyse/mask/make-picture.ts', 'src/contract/picture.ts']);
  });

  it('cannot be forged: a look-alike, a copy and a changed copy are not masked pictures', () => {
    const content = { jpeg: new Uint8Array(4), receipt: {} as never };
    const sealed = sealPicture(content);
    expect(isMaskedPicture(sealed)).toBe(true);
    expect(isMaskedPicture(content)).toBe(false);
    expect(isMaskedPicture({ ...sealed })).toBe(false);
    expect(isMaskedPicture(structuredClone(sealed))).toBe(false);
    expect(Object.isFrozen(sealed)).toBe(true);
  });

  it('keeps frames out of files, queues and logs: analyse imports nothing that could write them', () => {
    for (const file of sources('src/analyse')) {
      const text = readFileSync(path.join(root, file), 'utf8');
      const writes = /from 'node:(fs|fs\/promises|http|https|net|child_process)'/.test(text);
      // models are read and fetched; nothing else touches the outside
      if (writes) expect(['src/analyse/fetch-models.ts', 'src/analyse/model-manifest.ts', 'src/analyse/models.ts']).toContain(file);
    }
  });
});
