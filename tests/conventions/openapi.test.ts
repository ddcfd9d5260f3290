/** The OpenAPI document is whole: every operation is described, every reference leads somewhere, and no field leads too far. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/contract/principal.js';
import { openVillage, type Village } from '../api/two-sites.js';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
  requestBody?: { content: Record<string, unknown> };
  'x-hedgerow-roles'?: string[];
  'x-hedgerow-scope'?: string;
}
interface Document { openapi: string; paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, unknown> } }

let village: Village;
let text: string;
let document: Document;
let operations: [string, Operation][];

beforeAll(async () => {
  village = await openVillage();
  text = (await village.api.inject('/api/openapi.json')).body;
  document = JSON.parse(text) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, op]): [string, Operation] => [`${method} ${path}`, op]));
}, 60_000);
afterAll(() => village.close());

function* walk(value: unknown, at: string): Generator<[at: string, key: string, value: unknown]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [at, key, inner];
    yield* walk(inner, `${at}/${key}`);
  }
}

describe('OpenAPI document', () => {
  it('is 3.1', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(operations.length).toBeGreaterThan(50);
  });

  it('describes every operation: id, summary, tag, roles, scope, what goes wrong', () => {
    const ids = operations.map(([, op]) => op.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [name, op] of operations) {
      expect(op.summary, name).toBeTruthy();
      expect(op.tags, name).toHaveLength(1);
      expect(op['x-hedgerow-roles']?.every((r) => (roles as readonly string[]).includes(r)), name).toBe(true);
      const isPublic = op['x-hedgerow-scope'] === 'public';
      expect(op['x-hedgerow-roles']?.length === 0, name).toBe(isPublic);
      expect(op.security?.length === 0, name).toBe(isPublic);
      expect(op.responses['default']?.content?.['application/problem+json']?.schema, name).toEqual({ $ref: '#/components/schemas/Problem' });
      expect(Object.keys(op.responses).some((status) => status.startsWith('2')), name).toBe(true);
    }
  });

  it('has a tag for each noun of the interface', () => {
    const tags = new Set(operations.flatMap(([, op]) => op.tags ?? []));
    expect([...tags].sort()).toEqual([
      'alerts', 'cameras', 'channels', 'check', 'commissioning', 'deliveries', 'discovery', 'events', 'health', 'inputs', 'ledger', 'observations', 'pictures', 'places', 'rotations', 'rules', 'schedules', 'session', 'sites', 'system',
      'tokens', 'users', 'zones',
    ]);
  });

  it('says that the table may be sent as CSV or in JSON', () => {
    expect(Object.keys(document.paths['/api/v1/cameras/import']?.['post']?.requestBody?.content ?? {})).toEqual(['text/csv', 'application/json']);
  });

  it('has no reference that leads nowhere', () => {
    const refs = [...walk(document, '#')].filter(([, key]) => key === '$ref').map(([, , value]) => String(value));
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) expect(document.components.schemas, ref).toHaveProperty(ref.replace('#/components/schemas/', ''));
  });

  it('answers no secret, but the one of a new token', () => {
    const answered = operations.flatMap(([name, op]) => [...walk(op.responses, name)]).concat([...walk(document.components.schemas, 'schemas')]);
    const secrets = answered.filter(([at, key]) => at.endsWith('/properties') && /password|secret|sealed/i.test(key) && key !== 'hasPassword').map(([at, key]) => `${at} ${key}`);
    expect(secrets).toEqual(['post /api/v1/tokens/201/content/application/json/schema/properties secret']);
  });

  it('has no word for who somebody is', () => {
    expect(text).not.toMatch(/\b(face|facial|biometric|embedding|licen[cs]e.?plate|number.?plate|plate|watch.?list|re-?identif|gait|emotion|ethnic|gender)/i);
  });
});
