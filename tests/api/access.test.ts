/**
 * Every operation of the OpenAPI document × every role × (scope here, scope elsewhere, whole fleet) and nobody. The expected
 * answers stand below by hand; an operation without a row fails, and so does a row without an operation.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { roles, type Role } from '../../src/contract/principal.js';
import { openVillage, type SiteContent, type Village } from './two-sites.js';

type Kind = 'public' | 'self' | 'list' | 'object' | 'create' | 'reference' | 'fleet' | 'any-site';
interface Row {
  /** who may, by hand: this is the specification */
  readonly roles: string;
  readonly kind: Kind;
  /** what identifies the object at `here` */
  readonly id?: (c: SiteContent) => string;
  readonly body?: (c: SiteContent) => object | string;
  readonly status?: number;
}
const every = 'admin technician operator auditor';
const keepers = 'admin technician';
const camera = (c: SiteContent) => ({ siteId: c.site.id, name: 'new', address: 'rtsp://10.0.0.9/x', purpose: 'guards the store', owner: 'office', legalBasis: 'order 7', reviewOn: '2027-01-01' });

const table: Record<string, Row> = {
  'GET /healthz': { roles: '', kind: 'public' },
  'GET /readyz': { roles: '', kind: 'public' },
  'GET /api/openapi.json': { roles: '', kind: 'public' },
  'GET /metrics': { roles: 'admin auditor', kind: 'fleet' },
  'POST /api/v1/session': { roles: '', kind: 'public', body: () => ({ name: `u${Math.random()}`, password: 'x' }), status: 401 },
  'POST /api/v1/session/link': { roles: '', kind: 'public', body: () => ({ secret: 'x' }), status: 401 },
  'DELETE /api/v1/session': { roles: every, kind: 'self', status: 204 },
  'GET /api/v1/session/me': { roles: every, kind: 'self' },
  'GET /api/v1/sites': { roles: every, kind: 'list' },
  'GET /api/v1/sites/{id}': { roles: every, kind: 'object', id: (c) => c.site.id },
  'POST /api/v1/sites': { roles: 'admin', kind: 'fleet', body: () => ({ name: 'new', timeZone: 'UTC' }), status: 201 },
  'POST /api/v1/sites/{id}/map': { roles: keepers, kind: 'object', id: (c) => c.site.id, body: () => ({ type: 'FeatureCollection', features: [] }) },
  'GET /api/v1/sites/{id}/map': { roles: every, kind: 'object', id: (c) => c.site.id },
  'GET /api/v1/sites/{id}/features': { roles: every, kind: 'object', id: (c) => c.site.id },
  'GET /api/v1/places': { roles: every, kind: 'list' },
  'GET /api/v1/places/{id}': { roles: every, kind: 'object', id: (c) => c.place.id },
  'POST /api/v1/places': { roles: keepers, kind: 'create', body: (c) => ({ siteId: c.site.id, kind: 'store', name: 'new' }), status: 201 },
  'GET /api/v1/cameras': { roles: every, kind: 'list' },
  'GET /api/v1/cameras/{id}': { roles: every, kind: 'object', id: (c) => c.camera.id },
  'POST /api/v1/cameras': { roles: keepers, kind: 'create', body: camera, status: 201 },
  'PATCH /api/v1/cameras/{id}': { roles: keepers, kind: 'object', id: (c) => c.camera.id, body: () => ({ name: 'other' }) },
  'DELETE /api/v1/cameras/{id}': { roles: keepers, kind: 'object', id: (c) => c.camera.id, status: 204 },
  'POST /api/v1/cameras/{id}/probe': { roles: keepers, kind: 'object', id: (c) => c.camera.id },
  'POST /api/v1/cameras/probe': { roles: keepers, kind: 'create', body: (c) => ({ siteId: c.site.id }) },
  'GET /api/v1/credential-sets': { roles: 'admin technician auditor', kind: 'list' },
  'POST /api/v1/credential-sets': { roles: keepers, kind: 'create', body: (c) => ({ siteId: c.site.id, name: 'installers', username: 'admin', password: 'secret' }), status: 201 },
  'DELETE /api/v1/credential-sets/{id}': { roles: keepers, kind: 'object', id: (c) => c.credentialSet.id, status: 204 },
  'POST /api/v1/cameras/{id}/confirm-view': { roles: keepers, kind: 'object', id: (c) => c.camera.id },
  'GET /api/v1/cameras/{id}/pictures/newest': { roles: 'admin technician operator', kind: 'object', id: (c) => c.camera.id },
  'POST /api/v1/cameras/import': { roles: keepers, kind: 'any-site', body: () => 'name,address\n' },
  'GET /api/v1/cameras/export': { roles: 'admin technician auditor', kind: 'any-site' },
  'GET /api/v1/discovery/announced': { roles: keepers, kind: 'any-site' },
  'POST /api/v1/discovery': { roles: keepers, kind: 'any-site', body: () => ({ listenMs: 100 }) },
  'POST /api/v1/cameras/{id}/replace': { roles: keepers, kind: 'object', id: (c) => c.camera.id, body: () => ({ address: '10.0.0.7', reason: 'struck by lightning' }) },
  'POST /api/v1/cameras/{id}/decommission': { roles: keepers, kind: 'object', id: (c) => c.camera.id, body: () => ({ reason: 'the pump house is gone' }), status: 204 },
  'GET /api/v1/cameras/{id}/devices': { roles: every, kind: 'object', id: (c) => c.camera.id },
  'POST /api/v1/rotations': { roles: keepers, kind: 'create', body: (c) => ({ siteId: c.site.id, username: 'admin' }), status: 201 },
  'GET /api/v1/rotations': { roles: every, kind: 'list' },
  'GET /api/v1/rotations/{id}': { roles: every, kind: 'object', id: (c) => c.rotation.id },
  'POST /api/v1/cameras/{id}/commission': { roles: keepers, kind: 'object', id: (c) => c.camera.id },
  'GET /api/v1/cameras/{id}/commissionings': { roles: every, kind: 'object', id: (c) => c.camera.id },
  'GET /api/v1/commissionings': { roles: every, kind: 'list' },
  'POST /api/v1/cameras/{id}/press-test': { roles: keepers, kind: 'object', id: (c) => c.camera.id, body: () => ({ waitMs: 1000 }) },
  'GET /api/v1/zones': { roles: every, kind: 'list' },
  'GET /api/v1/zones/{id}': { roles: every, kind: 'object', id: (c) => c.zone.id },
  'POST /api/v1/zones': { roles: keepers, kind: 'reference', body: (c) => ({ cameraId: c.camera.id, kind: 'privacy', name: 'z', polygon: [[0, 0], [1, 0], [1, 1]] }), status: 201 },
  'PATCH /api/v1/zones/{id}': { roles: keepers, kind: 'object', id: (c) => c.zone.id, body: () => ({ name: 'other' }) },
  'DELETE /api/v1/zones/{id}': { roles: keepers, kind: 'object', id: (c) => c.zone.id, status: 204 },
  'GET /api/v1/schedules': { roles: every, kind: 'list' },
  'GET /api/v1/schedules/{id}': { roles: every, kind: 'object', id: (c) => c.schedule.id },
  'POST /api/v1/schedules': { roles: keepers, kind: 'create', body: (c) => ({ siteId: c.site.id, name: 'n', weekly: [[], [], [], [], [], [], []] }), status: 201 },
  'GET /api/v1/rules': { roles: every, kind: 'list' },
  'GET /api/v1/rules/{id}': { roles: every, kind: 'object', id: (c) => c.rule.id },
  'POST /api/v1/rules': {
    roles: keepers, kind: 'create', status: 201,
    body: (c) => ({ siteId: c.site.id, name: 'r', zoneId: c.zone.id, scheduleId: c.schedule.id, classes: ['person'], reason: 'theft of copper', endsOn: '2027-01-01' }),
  },
  'DELETE /api/v1/rules/{id}': { roles: keepers, kind: 'object', id: (c) => c.rule.id, status: 204 },
  'GET /api/v1/cameras/{id}/live': { roles: 'admin technician operator', kind: 'object', id: (c) => c.camera.id },
  'GET /api/v1/observations': { roles: every, kind: 'list' },
  'GET /api/v1/pictures': { roles: every, kind: 'list' },
  'GET /api/v1/pictures/{id}': { roles: every, kind: 'object', id: (c) => c.picture.id },
  'GET /api/v1/alerts/{id}/reel': { roles: every, kind: 'object', id: (c) => c.alert.id },
  'GET /api/v1/reels/{id}/file': { roles: every, kind: 'object', id: (c) => c.reel.id },
  'GET /api/v1/pictures/{id}/image': { roles: every, kind: 'object', id: (c) => c.picture.id },
  'GET /api/v1/alerts': { roles: every, kind: 'list' },
  'GET /api/v1/alerts/{id}': { roles: every, kind: 'object', id: (c) => c.alert.id },
  'POST /api/v1/alerts/{id}/acknowledge': { roles: 'admin operator', kind: 'object', id: (c) => c.alert.id, body: () => ({ version: 1 }) },
  'POST /api/v1/alerts/{id}/assign': { roles: 'admin operator', kind: 'object', id: (c) => c.alert.id, body: () => ({ assignee: 'patrol 2' }) },
  'POST /api/v1/alerts/{id}/resolve': { roles: 'admin operator', kind: 'object', id: (c) => c.alert.id, body: () => ({ reason: 'handled' }) },
  'GET /api/v1/inputs': { roles: every, kind: 'list' },
  'GET /api/v1/channels': { roles: 'admin technician auditor', kind: 'list' },
  'GET /api/v1/channels/{id}': { roles: 'admin technician auditor', kind: 'object', id: (c) => c.channel.id },
  'POST /api/v1/channels': { roles: 'admin', kind: 'create', body: (c) => ({ siteId: c.site.id, kind: 'webhook', name: 'n', url: 'https://a.example/', secret: 's'.repeat(20) }), status: 201 },
  'DELETE /api/v1/channels/{id}': { roles: 'admin', kind: 'object', id: (c) => c.channel.id, status: 204 },
  'GET /api/v1/deliveries': { roles: every, kind: 'list' },
  'POST /api/v1/deliveries/{id}/replay': { roles: 'admin operator', kind: 'fleet', id: (c) => c.delivery.id },
  'GET /api/v1/health': { roles: every, kind: 'list' },
  'GET /api/v1/events': { roles: every, kind: 'any-site' },
  'GET /api/v1/users': { roles: 'admin auditor', kind: 'fleet' },
  'POST /api/v1/users': { roles: 'admin', kind: 'fleet', body: () => ({ name: `u${Math.random().toString(36).slice(2)}`, password: 'long enough pw', grants: [{ role: 'auditor', siteId: null }] }), status: 201 },
  'DELETE /api/v1/users/{id}': { roles: 'admin', kind: 'fleet', id: (c) => c.site.id, status: 404 },
  'GET /api/v1/tokens': { roles: 'admin auditor', kind: 'fleet' },
  'POST /api/v1/tokens': { roles: 'admin', kind: 'fleet', body: () => ({ name: 't', grants: [{ role: 'auditor', siteId: null }] }), status: 201 },
  'DELETE /api/v1/tokens/{id}': { roles: 'admin', kind: 'fleet', id: (c) => c.site.id, status: 404 },
  'GET /api/v1/ledger': { roles: 'admin auditor', kind: 'fleet' },
  'GET /api/v1/ledger/verify': { roles: 'admin auditor', kind: 'fleet' },
  'POST /api/v1/check': { roles: 'admin', kind: 'fleet', body: () => ({ readBytes: false }) },
};

interface Operation { 'x-hedgerow-roles': string[]; 'x-hedgerow-scope': string }
let village: Village;
let operations: Record<string, Operation>;
const tokens = new Map<string, string>();

beforeAll(async () => {
  village = await openVillage();
  const { paths } = (await village.api.inject({ url: '/api/openapi.json' })).json<{ paths: Record<string, Record<string, Operation>> }>();
  operations = Object.fromEntries(Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, op]) => [`${method.toUpperCase()} ${path}`, op])));
  for (const role of roles) {
    tokens.set(`${role} here`, await village.token([{ role, siteId: village.here.site.id }]));
    tokens.set(`${role} there`, await village.token([{ role, siteId: village.there.site.id }]));
    tokens.set(`${role} fleet`, await village.token([{ role, siteId: null }]));
  }
}, 60_000);
afterAll(() => village.close());
beforeEach(() => {
  village.done.length = 0;
});

/** answers without an end */
const endless = /\/(events|live)$/;

/** @returns status and problem code; a stream answers with its head */
async function ask(name: string, token: string | undefined, target: SiteContent): Promise<{ status: number; code: string | undefined; body: string }> {
  const row = table[name] as Row;
  const [method = '', path = ''] = name.split(' ');
  const body = row.body?.(target);
  const url = path.replace('{id}', row.id?.(target) ?? '');
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(typeof body === 'string' ? { 'content-type': 'text/csv' } : {}) };
  const reply = await village.api.inject({ method: method as 'GET', url, headers, ...(body === undefined ? {} : { payload: body }), ...(endless.test(path) ? { payloadAsStream: true } : {}) });
  if (endless.test(path)) {
    const stream = reply.stream();
    const text = reply.statusCode === 200 ? '' : String((await stream.toArray()).join(''));
    stream.destroy();
    return { status: reply.statusCode, code: text === '' ? undefined : (JSON.parse(text) as { code: string }).code, body: text };
  }
  const problem = reply.headers['content-type']?.toString().startsWith('application/problem+json') ? reply.json<{ code: string }>() : undefined;
  return { status: reply.statusCode, code: problem?.code, body: reply.body };
}

function expected(row: Row, role: Role, scope: 'here' | 'there' | 'fleet'): { status: number; code?: string | undefined } {
  const ok = { status: row.status ?? 200 };
  const forbidden = { status: 403, code: 'auth.forbidden' };
  if (row.kind === 'public' || row.kind === 'self') return ok;
  if (!row.roles.split(' ').includes(role)) return forbidden;
  if (scope === 'fleet') return ok;
  switch (row.kind) {
    case 'fleet':
      return forbidden;
    case 'list':
    case 'any-site':
      return ok;
    case 'object':
    case 'reference':
      return scope === 'here' ? ok : { status: 404 };
    case 'create':
      return scope === 'here' ? ok : forbidden;
  }
}

describe('the table', () => {
  it('has a row for every operation of the OpenAPI document, and no other', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(operations).sort());
  });

  it('is what the document says of the roles', () => {
    for (const [name, row] of Object.entries(table)) {
      expect(operations[name]?.['x-hedgerow-roles'], name).toEqual(row.roles === '' ? [] : row.roles.split(' '));
      expect(operations[name]?.['x-hedgerow-scope'], name).toBe(row.kind === 'public' || row.kind === 'self' || row.kind === 'fleet' ? row.kind : 'site');
    }
  });
});

describe.each(Object.keys(table))('%s', (name) => {
  const row = table[name] as Row;

  it('nobody', async () => {
    const answer = await ask(name, undefined, village.here);
    if (row.kind === 'public') expect(answer.status).toBe(row.status ?? 200);
    else {
      expect(answer).toMatchObject({ status: 401, code: 'auth.required' });
      expect(village.done).toEqual([]);
    }
  });

  it('a made-up token', async () => {
    if (row.kind === 'public') return;
    expect(await ask(name, `hgt_${'A'.repeat(43)}`, village.here)).toMatchObject({ status: 401, code: 'auth.failed' });
    expect(village.done).toEqual([]);
  });

  it.each(roles.flatMap((role) => (['here', 'there', 'fleet'] as const).map((scope) => [role, scope] as const)))('%s, %s', async (role, scope) => {
    const want = expected(row, role, scope);
    const answer = await ask(name, tokens.get(`${role} ${scope}`), village.here);
    expect({ status: answer.status, ...(want.code ? { code: answer.code } : {}) }, answer.body).toEqual(want);
    if (want.status >= 400) expect(village.done).toEqual([]);
    if (row.kind === 'list' && scope !== 'fleet' && want.status === 200) {
      const other = scope === 'here' ? village.there : village.here;
      expect(answer.body).not.toContain(other.site.id);
    }
  });
});

describe('what is out of scope', () => {
  it('reads exactly as what does not exist', async () => {
    for (const [name, row] of Object.entries(table)) {
      if (row.kind !== 'object') continue;
      const role = row.roles.split(' ')[0] ?? '';
      const token = tokens.get(`${role} there`);
      const hidden = await ask(name, token, village.here);
      const missing = await ask(name, token, Object.fromEntries(Object.keys(village.here).map((k) => [k, { id: '01890000-0000-7000-8000-000000000000' }])) as unknown as SiteContent);
      const strip = (body: string) => body.replace(/"requestId":"[^"]*"/, '');
      expect(strip(hidden.body), name).toBe(strip(missing.body));
    }
  });
});
