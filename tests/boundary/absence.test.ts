/**
 * DESIGN section 2, lines 1, 2 and 5: what is not there. No table, column, job, event, API noun, model or detection class has
 * room for an identity, and no schema can carry a frame.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { getTableColumns, is } from 'drizzle-orm';
import { PgTable, getTableConfig } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as alertNouns from '../../src/contract/alert.js';
import { camera } from '../../src/contract/camera.js';
import { detectionClasses } from '../../src/contract/detection.js';
import { streamEvent } from '../../src/contract/events.js';
import { job } from '../../src/contract/jobs.js';
import { observation, pictureRow } from '../../src/contract/picture.js';
import * as schema from '../../src/db/schema/index.js';

const root = path.resolve(import.meta.dirname, '../..');
/** Words that name an identity, or a step on the way to one. */
const forbidden = /face|facial|biometr|embedding|feature_?vector|plate_?(text|number|read)|licen[cs]e_?plate|watch_?list|black_?list|(?:^|_)re_?id(?:$|_)|re_?identif|gallery|gender|ethnic|emotion|gait|\bage\b|track_?id|person_?id|vehicle_?id|crowd|gathering/i;

const tables = (Object.values(schema) as unknown[]).filter((value): value is PgTable => is(value, PgTable));

describe('the boundary: what is absent', () => {
  it('has tables to look at', () => {
    expect(tables.length).toBeGreaterThan(15);
  });

  it.each(tables.map((t) => [getTableConfig(t).name, t] as const))('table %s has no room for an identity', (name, table) => {
    const names = [name, ...Object.values(getTableColumns(table)).map((c) => c.name)];
    expect(names.filter((n) => forbidden.test(n))).toEqual([]);
  });

  // The one column holds sealed pictures of the live view: its only writer asks `requireMasked` (tests/store/live-view).
  it('no table has a column of bytes but the slot of the live view: a frame could only lie in one', () => {
    const binary = tables.flatMap((t) => Object.values(getTableColumns(t)).filter((c) => /bytea|vector|bit/.test(c.getSQLType())).map((c) => `${getTableConfig(t).name}.${c.name}`));
    expect(binary).toEqual(['live_pictures.jpeg']);
  });

  it('jobs, events, alerts, cameras, pictures and observations have no field for an identity or a frame', () => {
    const schemas = { job, streamEvent, alert: alertNouns.alert, rule: alertNouns.newRule, camera, pictureRow, observation };
    for (const [noun, s] of Object.entries(schemas)) {
      const text = JSON.stringify(z.toJSONSchema(s, { unrepresentable: 'throw' }));
      const fields = [...text.matchAll(/"([A-Za-z_]+)":\{/g)].map((m) => m[1] ?? '');
      expect(fields.filter((f) => forbidden.test(f) || /^(rgb|frame|pixels|data_?url|base64)$/i.test(f)), noun).toEqual([]);
    }
  });

  it('detections have four classes and no other', () => {
    expect([...detectionClasses]).toEqual(['person', 'vehicle', 'animal', 'change']);
  });

  it('every model of the manifest maps its labels onto the four classes and is named by a SHA-256', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'models/manifest.json'), 'utf8')) as { models: { name: string; sha256: string; labels: Record<string, unknown> }[] };
    expect(manifest.models.length).toBeGreaterThan(0);
    for (const model of manifest.models) {
      expect(model.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(forbidden.test(model.name), model.name).toBe(false);
      expect(JSON.stringify(model.labels)).toMatch(/person|vehicle|animal/);
      expect(forbidden.test(JSON.stringify(model.labels))).toBe(false);
    }
  });

  it('only the masker seals pictures', () => {
    const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
    const sealing = sources.filter((f) => /\bsealPicture\b/.test(readFileSync(path.join(root, 'src', f), 'utf8')));
    expect(sealing.filter((f) => f !== path.join('contract', 'picture.ts')).every((f) => f.startsWith(path.join('analyse', 'mask')))).toBe(true);
    expect(sealing.length).toBe(2);
  });

  it('no source depends on a package that recognises', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
    expect(Object.keys({ ...dependencies, ...devDependencies }).filter((n) => /face|human|ocr|tesseract|alpr|plate|vladmandic|tracking/i.test(n))).toEqual([]);
  });
});
