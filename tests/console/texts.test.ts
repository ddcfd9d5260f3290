/** Both languages say everything, and every text that the source asks for is there. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import i18next from 'i18next';
import { describe, expect, it } from 'vitest';
import { en } from '../../src/console/text/en.js';
import { zhCN } from '../../src/console/text/zh-cn.js';

const folder = path.resolve(import.meta.dirname, '../../src/console');
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('text'))
  .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
const has = (key: string): boolean => key in en || (`${key}_one` in en && `${key}_other` in en);

describe('texts', () => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(zhCN).sort()).toEqual(Object.keys(en).sort());
  });

  it('use the same placeholders in both languages', () => {
    const placeholders = (text: string): string[] => [...text.matchAll(/\{\{\w+\}\}/g)].map((m) => m[0]).sort();
    for (const [key, text] of Object.entries(en)) expect(placeholders(zhCN[key as keyof typeof en]), key).toEqual(placeholders(text));
  });

  it('are there for every key that the source names', () => {
    const asked = sources.flatMap(({ name, text }) => [...text.matchAll(/\bt\('([^']+)'/g)].map((m) => ({ name, key: m[1] ?? '' })));
    expect(asked.length).toBeGreaterThan(200);
    expect(asked.filter(({ key }) => !has(key))).toEqual([]);
  });

  it('are there for every family of keys that the source builds', () => {
    const stems = new Set(sources.flatMap(({ text }) => [...text.matchAll(/\bt\(`([a-z.-]+)\.\$\{/g)].map((m) => m[1] ?? '')));
    expect(stems.size).toBeGreaterThan(10);
    for (const stem of stems) expect(Object.keys(en).some((k) => k.startsWith(`${stem}.`)), stem).toBe(true);
  });

  it('are all used', () => {
    const all = sources.map((s) => s.text).join('\n');
    const built = [...all.matchAll(/\bt\(`([a-z.-]+)\.\$\{/g)].map((m) => `${m[1]}.`);
    const unused = Object.keys(en)
      .map((k) => k.replace(/_(one|other)$/, ''))
      .filter((k) => !all.includes(`'${k}'`) && !built.some((stem) => k.startsWith(stem)));
    expect(unused).toEqual([]);
  });

  it('leave nothing untranslated in Chinese', () => {
    const same = Object.keys(en).filter((k) => en[k as keyof typeof en] === zhCN[k as keyof typeof en]);
    expect(same).toEqual([]);
  });

  it('choose the form after the number', async () => {
    const t = await i18next.createInstance().init({ lng: 'en', resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } }, keySeparator: false, nsSeparator: false });
    expect(t('count.person', { count: 1 })).toBe('1 person');
    expect(t('count.person', { count: 3 })).toBe('3 persons');
    expect(t('count.person', { count: 3, lng: 'zh-CN' })).toBe('3 人');
  });
});
