/** The API's answers that bring cameras in: found line by line, climbed by the hundred, commissioned, changed. In the contract's shape. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Camera, Rung } from '../../src/contract/camera.js';
import { checkNames, commissioning, type CommissioningCheck } from '../../src/contract/commissioning.js';
import { credentialSet, type CredentialSet } from '../../src/contract/credential-set.js';
import { deviceRecord, rotation, type Rotation } from '../../src/contract/device-change.js';
import { importReport, type Discovered, type DiscoveryProgress } from '../../src/contract/registry.js';

const lines = (...values: object[]): string => `${values.map((v) => JSON.stringify(v)).join('\n')}\n`;
const ndjson = 'application/x-ndjson';

/** What the device behind a camera is made to say, check by check. */
export const checksSeen: CommissioningCheck[] = checkNames.map((name) => ({
  name,
  status: name === 'recognition' ? 'fail' : name === 'recorder' ? 'unverified' : name === 'panic-inputs' ? 'not-applicable' : name === 'main-stream' ? 'warn' : 'pass',
  seen: name === 'recognition' ? 'The rule "Gate" (tt:FaceDetector) is active.' : name === 'recorder' ? 'It has no search service: GetRecordingSummary was refused.' : `${name} was looked at.`,
  todo: name === 'recognition' ? 'Switch the rule off in the camera, and run this again.' : '',
  evidence: name === 'clock' ? { offsetMs: 120, roundTripMs: 14 } : {},
}));

export function addRegisterRoutes(app: FastifyInstance, api: string, village: { siteId: string; cameras: Camera[]; pump: Camera; rungs: (failAt: number) => Rung[] }): void {
  const { siteId, cameras, pump, rungs } = village;
  const device = (more: Partial<Discovered>): Discovered => ({
    endpointReference: 'urn:uuid:0f2c0000-aaaa-4bbb-8ccc-000000000001', address: 'http://192.168.1.90/onvif/device_service', xaddrs: ['http://10.0.0.1/onvif/device_service', 'http://192.168.1.90/onvif/device_service'],
    name: 'IPC-B120', hardware: 'DS-2CD', interfaces: ['eth0'], macAddress: '44:19:b6:00:00:01', moved: false, via: 'multicast', cameraId: null, ...more,
  });
  app.post(`${api}/discovery`, (_request, reply) => {
    const progress: DiscoveryProgress = { scanning: [{ interface: 'eth0', network: '192.168.1.0/24', via: 'multicast' }], skipped: [{ interface: 'docker0', reason: 'container bridge' }], asked: 0, total: 0, found: 0 };
    return reply.type(ndjson).send(
      lines({ progress }, { device: device({}) }, { device: device({ endpointReference: pump.endpointReference ?? '', address: 'http://192.168.1.64/onvif/device_service', name: 'Simulated', hardware: null, cameraId: pump.id }) }, { device: device({ endpointReference: 'urn:uuid:0f2c0000-aaaa-4bbb-8ccc-000000000002', address: 'http://192.168.1.91/onvif/device_service', via: 'sweep' }) }),
    );
  });
  app.get(`${api}/discovery/announced`, () => ({ items: [device({ endpointReference: 'urn:uuid:0f2c0000-aaaa-4bbb-8ccc-000000000009', address: 'http://192.168.1.99/onvif/device_service', name: 'Late one', via: 'hello' })] }));

  app.post<{ Querystring: { dryRun: string }; Body: unknown }>(`${api}/cameras/import`, (request, reply) => {
    const dryRun = request.query.dryRun === 'true';
    const many = Array.isArray(request.body) ? (request.body as { name: string }[]) : null;
    const report = importReport.parse(
      many
        ? { dryRun, applied: !dryRun, created: many.length, updated: 0, unchanged: 0, bad: 0, rows: many.map((c, i) => ({ line: i + 1, name: c.name, verdict: 'create', cameraId: randomUUID(), problems: [] })) }
        : {
            dryRun, applied: !dryRun, created: 2, updated: 0, unchanged: 1, bad: 1, ignoredColumns: ['Remarks'],
            rows: [
              { line: 2, name: 'West gate', verdict: 'create', cameraId: null, problems: [] },
              { line: 3, name: 'Weir', verdict: 'create', cameraId: null, problems: [] },
              { line: 4, name: 'Pump station gate', verdict: 'unchanged', cameraId: pump.id, problems: [] },
              { line: 5, name: 'Barn', verdict: 'bad', cameraId: null, problems: [{ column: 'purpose', reason: 'is not specific enough: say which place is guarded against what' }, { column: 'review_on', reason: '31.12.27 is not a date like 2027-12-31' }] },
            ],
          },
    );
    return reply.type(ndjson).send(lines({ progress: { done: 2, total: 4 } }, { report }));
  });

  app.post<{ Body: { cameraIds: string[] } }>(`${api}/cameras/probe`, (request, reply) => {
    const outcomes = request.body.cameraIds.map((cameraId) => ({ cameraId, rungs: rungs(9) }));
    for (const { cameraId, rungs: climbed } of outcomes) Object.assign(cameras.find((c) => c.id === cameraId) ?? {}, { onboarding: climbed });
    return reply.type(ndjson).send(lines(...outcomes, { done: outcomes.length }));
  });

  const results = new Map<string, ReturnType<typeof commissioning.parse>>();
  app.post<{ Params: { id: string } }>(`${api}/cameras/:id/commission`, (request, reply) => {
    const camera = cameras.find((c) => c.id === request.params.id) ?? pump;
    const { name, address, manufacturer, model, firmware, serialNumber, macAddress } = camera;
    const result = commissioning.parse({ id: randomUUID(), cameraId: camera.id, siteId, at: new Date().toISOString(), by: 'user:wang', verdict: 'refused', checks: checksSeen, device: { name, address, manufacturer, model, firmware, serialNumber, macAddress } });
    results.set(camera.id, result);
    Object.assign(camera, { commissioning: { at: result.at, verdict: 'refused', warnings: 1, unverified: 1 } });
    return reply.type(ndjson).send(lines(...checksSeen.map((check) => ({ check })), { commissioning: result }));
  });
  app.get<{ Params: { id: string } }>(`${api}/cameras/:id/commissionings`, (request) => ({ items: [results.get(request.params.id)].filter((r) => r !== undefined), nextCursor: null }));
  app.get(`${api}/commissionings`, () => ({ items: [...results.values()], nextCursor: null }));
  app.post<{ Params: { id: string } }>(`${api}/cameras/:id/press-test`, (request) => ({ cameraId: request.params.id, input: 'DI_1', status: 'seen', pressedAt: new Date().toISOString(), toAlertMs: 130, seen: 'The contact DI_1 closed; an alert was raised 0.13 s later.' }));

  const sets: CredentialSet[] = [];
  app.get(`${api}/credential-sets`, () => ({ items: sets, nextCursor: null }));
  app.post<{ Body: { password?: string } & Record<string, unknown> }>(`${api}/credential-sets`, (request, reply) => {
    // The contract's shape has no place for the password.
    const told = Object.fromEntries(Object.entries(request.body).filter(([name]) => name !== 'password'));
    const made = credentialSet.parse({ ...told, id: randomUUID(), createdAt: new Date().toISOString() });
    sets.push(made);
    return reply.code(201).send(made);
  });
  app.delete<{ Params: { id: string } }>(`${api}/credential-sets/:id`, (request, reply) => {
    sets.splice(sets.findIndex((s) => s.id === request.params.id), 1);
    return reply.code(204).send();
  });

  const rotations: Rotation[] = [];
  app.get(`${api}/rotations`, () => ({ items: rotations, nextCursor: null }));
  app.post<{ Body: { username: string } }>(`${api}/rotations`, (request, reply) => {
    const at = new Date().toISOString();
    const made = rotation.parse({
      id: randomUUID(), siteId, username: request.body.username, by: 'user:wang', startedAt: at, finishedAt: at,
      cameras: [
        { cameraId: pump.id, name: pump.name, status: 'done', seen: 'The new password was read back.', todo: '' },
        { cameraId: randomUUID(), name: 'Depot yard', status: 'rolled-back', seen: 'It did not answer after the change.', todo: 'Try again when it is steady.' },
      ],
    });
    rotations.unshift(made);
    return reply.code(201).send(made);
  });

  app.post<{ Params: { id: string }; Body: { address: string } }>(`${api}/cameras/:id/replace`, (request) => Object.assign(cameras.find((c) => c.id === request.params.id) ?? {}, { address: request.body.address, onboarding: [], commissioning: null }));
  app.post<{ Params: { id: string } }>(`${api}/cameras/:id/decommission`, (request, reply) => {
    cameras.splice(cameras.findIndex((c) => c.id === request.params.id), 1);
    return reply.code(204).send();
  });
  app.get<{ Params: { id: string } }>(`${api}/cameras/:id/devices`, (request) => {
    const camera = cameras.find((c) => c.id === request.params.id) ?? pump;
    const told = { cameraId: camera.id, address: camera.address, manufacturer: 'Axis', model: 'M1065', serialNumber: 'ACCC8E', macAddress: null, endpointReference: null };
    return {
      items: [
        deviceRecord.parse({ ...told, id: randomUUID(), from: '2026-03-01T00:00:00.000Z', until: null, reason: null }),
        deviceRecord.parse({ ...told, id: randomUUID(), model: 'M1054', from: '2024-03-01T00:00:00.000Z', until: '2026-03-01T00:00:00.000Z', reason: 'struck by lightning' }),
      ],
    };
  });
}
