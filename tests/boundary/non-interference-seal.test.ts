/** DESIGN.md 2.3: only the masker seals, and only what it composed. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMaskedPicture, sealPicture } from '../../src/contract/picture.js';
import { isMaskedReel, sealReel } from '../../src/contract/reel.js';
import { testPicture, testReel } from '../support/pictures.js';

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

  it('of a reel is named in the contract and in the masker, and nowhere else', () => {
    const naming = [...sources('src'), ...sources('workers')].filter((f) => readFileSync(path.join(root, f), 'utf8').includes('sealReel'));
    expect(naming.sort()).toEqual(['src/analyse/mask/make-reel.ts', 'src/contract/reel.ts']);
  });

  it('of a reel is given for masked pictures of its own camera and size only, and cannot be forged', async () => {
    const reel = await testReel();
    const { receipt, file } = reel;
    expect([isMaskedReel(reel), isMaskedReel({ ...reel }), isMaskedReel(structuredClone(reel)), isMaskedReel({ receipt, file })]).toEqual([true, false, false, false]);
    const own = await testPicture({ cameraId: receipt.cameraId, siteId: receipt.siteId });
    expect(isMaskedReel(sealReel({ receipt, file }, [own]))).toBe(true);
    const strange = [{ ...own }, await testPicture(), await testPicture({ ...own.receipt, widthPx: 32 })];
    for (const picture of strange) expect(() => sealReel({ receipt, file }, [picture])).toThrow(TypeError);
    expect(() => sealReel({ receipt, file }, [])).toThrow(TypeError);
    expect(() => sealReel({ receipt, file }, [own, own])).toThrow(TypeError);
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
