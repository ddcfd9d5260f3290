/** `config/default.yaml` is the reference: it holds exactly the keys of the schema, each with a comment. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.js';
import { redactConfig, redactText } from '../../src/config/redact.js';
import { configSchema } from '../../src/config/schema.js';

const packageFolder = path.resolve(import.meta.dirname, '../..');
const text = readFileSync(path.join(packageFolder, 'config/default.yaml'), 'utf8');

function keysOf(schema: z.ZodType): Record<string, unknown> | null {
  return schema instanceof z.ZodObject ? Object.fromEntries(Object.entries(schema.shape as Record<string, z.ZodType>).map(([k, s]) => [k, keysOf(s)])) : null;
}

function shapeOf(value: unknown, like: Record<string, unknown> | null): unknown {
  return like ? Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, shapeOf(v, (like[k] as Record<string, unknown> | undefined) ?? null)])) : null;
}

describe('configuration', () => {
  it('documents every key of the schema and no other', () => {
    expect(shapeOf(parse(text), keysOf(configSchema))).toEqual(keysOf(configSchema));
  });

  it('is valid as it stands', () => {
    expect(configSchema.safeParse(parse(text)).error).toBeUndefined();
  });

  it('refuses unknown keys, naming them', () => {
    expect(() => loadConfig({ packageFolder, env: {}, overrides: { api: { prot: 1 } } })).toThrow(/prot/);
  });

  it.each([{ maskScore: 0.9 }, { maskScore: 0 }, { blockThreshold: 100 }, { blockPx: 64 }, { growRatio: 0 }, { carryMs: 0 }, { maskScore: 0.4, alertScore: 0.3 }])(
    'makes no mask that lets people through: %j is refused',
    (analyse) => expect(() => loadConfig({ packageFolder, env: {}, overrides: { analyse } })).toThrow(/analyse/),
  );

  it('takes the environment over the file', () => {
    const { config } = loadConfig({ packageFolder, env: { HEDGEROW_PORT: '9999', DATABASE_URL: 'postgres://u:p@h/d', S3_ENDPOINT: 'http://s3:1', S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' } });
    expect(config.api.port).toBe(9999);
    expect(config.store.s3?.endpoint).toBe('http://s3:1');
  });

  it('says which file and where when the YAML is broken', () => {
    expect(() => loadConfig({ packageFolder, env: {}, file: path.join(import.meta.dirname, '../fixtures/config/broken.yaml') })).toThrow(/broken\.yaml is not YAML.*line/s);
  });

  it('refuses a document that expands without bound', () => {
    expect(() => loadConfig({ packageFolder, env: {}, file: path.join(import.meta.dirname, '../fixtures/config/billion-laughs.yaml') })).toThrow(/alias/i);
  });

  it('names a number that is none', () => {
    expect(() => loadConfig({ packageFolder, env: { HEDGEROW_PORT: 'eighty' } })).toThrow(/HEDGEROW_PORT/);
  });

  it('prints no secret', () => {
    const { config } = loadConfig({
      packageFolder,
      env: { DATABASE_URL: 'postgres://u:hunter2@h/d', S3_ENDPOINT: 'http://s3:1', S3_ACCESS_KEY_ID: 'AKIA', S3_SECRET_ACCESS_KEY: 'sekret' },
    });
    expect(JSON.stringify(redactConfig(config))).not.toMatch(/hunter2|sekret|AKIA/);
    expect(redactText('open rtsp://admin:p@ss:w@10.0.0.1/x failed')).toBe('open rtsp://[sealed]@10.0.0.1/x failed');
    expect(redactText(`${'x'.repeat(99)}rtsp://a:b@h`)).toBe(`${'x'.repeat(99)}rtsp://[sealed]@h`);
  });

  // A text ten times as long takes ten times as long, not a hundred times; half a million letters took minutes.
  it.each(['a', 'a://', 'a:', '://@'])('looks for credentials in half a megabyte of "%s" at once', (piece) => {
    const began = performance.now();
    redactText(piece.repeat(500_000 / piece.length));
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});
