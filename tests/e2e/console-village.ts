/**
 * A village behind the API's addresses, in memory, for looking at the console alone: data in the contract's shape (each
 * answer is parsed by it), an event stream that can be cut and catches up, a second operator.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import fastify from 'fastify';
import sharp from 'sharp';
import { alert, channel, delivery, rule, schedule, type Alert } from '../../src/contract/alert.js';
import { camera, type Camera } from '../../src/contract/camera.js';
import { streamEvent, type NewStreamEvent } from '../../src/contract/events.js';
import { pictureRow, type PictureRow } from '../../src/contract/picture.js';
import type { Grant } from '../../src/contract/principal.js';
import { siteFeature, siteMapReport } from '../../src/contract/site-map.js';
import { place, site } from '../../src/contract/site.js';
import { zone, zonePatch, type Zone } from '../../src/contract/zone.js';
import { addPictureRoutes } from './console-pictures.js';
import { addRegisterRoutes } from './console-register.js';

const policy = "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png' };
const night = Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 360 }, { fromMinute: 1320, toMinute: 1440 }]);

export type Village = Awaited<ReturnType<typeof startVillage>>;

/** A drawn scene with silhouettes, as the masker would have made it. */
async function drawPicture(seed: number, walkers: number): Promise<Buffer> {
  const ground = ['#6f7d63', '#7a7566', '#5f7280', '#73806f'][seed % 4] ?? '#6f7d63';
  const person = (x: number): string => `<g transform="translate(${x} 250)" fill="none" stroke="#ff8a3d" stroke-width="4"><circle cx="0" cy="-62" r="11"/><path d="M-14 50V-20a14 18 0 0 1 28 0V50z"/></g>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="#b8c8d4"/><stop offset="1" stop-color="#dfe4dc"/></linearGradient></defs>
  <rect width="640" height="360" fill="url(#s)"/><path d="M0 150L120 ${100 + seed * 9}L260 140L420 ${90 + seed * 7}L640 150V360H0z" fill="#8f9c8a"/><path d="M0 190H640V360H0z" fill="${ground}"/>
  <path d="M250 360L330 190H380L520 360z" fill="#a7a294"/><g fill="#c9bfae"><path d="M${60 + seed * 40} 110h110v95h-110z"/></g><path d="M${50 + seed * 40} 112l65-38l65 38z" fill="#8a4a3b"/><rect x="${95 + seed * 40}" y="160" width="30" height="45" fill="#5d4a3a"/>
  ${Array.from({ length: walkers }, (_, i) => person(300 + i * 70)).join('')}</svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 80 }).toBuffer();
}

export async function startVillage(options: { consoleFolder: string; grants?: Grant[] }) {
  const siteId = randomUUID();
  const now = Date.now();
  const iso = (agoMs: number): string => new Date(now - agoMs).toISOString();
  const pictures = new Map<string, { row: PictureRow; jpeg: Buffer }>();
  const pumpId = randomUUID();
  const storeId = randomUUID();

  const addPicture = async (cameraId: string, agoMs: number, seed: number, walkers: number): Promise<PictureRow> => {
    const jpeg = await drawPicture(seed, walkers);
    const id = randomUUID();
    const row = pictureRow.parse({
      id, pictureId: id, cameraId, siteId, runId: randomUUID(), capturedAt: iso(agoMs), receivedAt: iso(agoMs), widthPx: 640, heightPx: 360,
      maskRatio: 0.04 + walkers * 0.05, heldRatio: 0.01, densityPxPerM: seed === 0 ? 87.4 : null, modelHash: null, configHash: 'c'.repeat(64), sha256: 'a'.repeat(64), bytes: jpeg.length, receiptHash: 'b'.repeat(64), expiresAt: iso(agoMs - 30 * 86_400_000),
    });
    pictures.set(id, { row, jpeg });
    return row;
  };

  const sites = [site.parse({ id: siteId, name: 'Shangtian 上田村', timeZone: 'Asia/Shanghai', boundary: [[120.1502, 30.2498], [120.1541, 30.2503], [120.1548, 30.2472], [120.1526, 30.2461], [120.1499, 30.2473]], requireDetector: false, retentionDays: 30, createdAt: iso(9e8) })];
  const places = [
    place.parse({ id: pumpId, siteId, kind: 'pump-station', name: 'East pump station', position: [120.1536, 30.2494], consent: null }),
    place.parse({ id: storeId, siteId, kind: 'depot', name: 'Grain depot', position: [120.1514, 30.2476], consent: null }),
    place.parse({ id: randomUUID(), siteId, kind: 'place-of-worship', name: 'Old temple', position: [120.1521, 30.2489], consent: null }),
  ];
  const rungs = (failAt: number): Camera['onboarding'] =>
    (['reach', 'clock', 'auth', 'services', 'profiles', 'keyframe'] as const).map((name, i) => ({
      name, status: i < failAt ? 'pass' : i === failAt ? 'fail' : 'skipped', tookMs: i > failAt ? 0 : 12 + i * 31,
      seen: i > failAt ? '' : i === failAt ? '401 NotAuthorized to GetDeviceInformation' : ['TCP 80 answered', 'Clock is 1.2 s ahead', 'HTTP Digest as "operator"', 'device, media, media2, events', '2 profiles; sub stream 640×360 H.264', 'Key frame of 38 KiB'][i] ?? '',
      todo: i === failAt ? 'Check user name and password on the camera, and that ONVIF log-ins are allowed there.' : '',
    }));
  const base = { siteId, protocol: 'onvif', macAddress: null, sourceToken: null, toldPose: null, commissioning: null, username: 'operator', hasPassword: true, manufacturer: 'Hedgerow', model: 'Simulated 2', firmware: '1.0.3', purpose: 'Guards the pump house door against break-in at night', owner: 'Village committee', legalBasis: 'Village decision 2026-14', reviewOn: '2027-06-30', mountHeightM: 4, tiltDeg: 20, sampleIntervalMs: 1000, enabled: true, onboarding: rungs(9), createdAt: iso(8e8), lastFrameAt: iso(1000), stateSince: iso(7e6) };
  const facts = [
    { name: 'Pump station gate', state: 'good', stateReason: null, pictureStatus: 'ready', pictureReason: null, detector: 'onnx', longitude: 120.1533, latitude: 30.2492, azimuthDeg: 60, horizontalFovDeg: 70 },
    { name: 'Depot yard', toldPose: { azimuthDeg: 320, mountHeightM: 5.2 }, state: 'online', stateReason: 'The clock of the camera is 41 s behind.', pictureStatus: 'ready', pictureReason: null, detector: 'change-only', longitude: 120.1516, latitude: 30.2474, azimuthDeg: 300, horizontalFovDeg: 90 },
    { name: 'North bridge', state: 'good', stateReason: null, pictureStatus: 'learning', pictureReason: 'learning', detector: 'onnx', longitude: 120.1524, latitude: 30.2497, azimuthDeg: 180, horizontalFovDeg: 60 },
    { name: 'School gate', state: 'good', stateReason: null, pictureStatus: 'moved', pictureReason: 'The camera was moved: its zones must be confirmed first.', detector: 'onnx', longitude: 120.1541, latitude: 30.2479, azimuthDeg: 225, horizontalFovDeg: 80 },
    { name: 'Substation', state: 'unreachable', stateReason: 'No answer on TCP 554 for 3 min: connection refused', pictureStatus: 'none', pictureReason: null, detector: 'unknown', longitude: null, latitude: null, azimuthDeg: null, horizontalFovDeg: null },
    { name: 'Car park, back', state: 'answering', stateReason: 'The camera refused the credentials', pictureStatus: 'none', pictureReason: null, detector: 'unknown', longitude: 120.1508, latitude: 30.2482, azimuthDeg: 90, horizontalFovDeg: 100, onboarding: rungs(2) },
  ];
  const cameras: Camera[] = [];
  for (const [i, f] of facts.entries()) {
    const id = randomUUID();
    const row = f.pictureStatus === 'ready' ? await addPicture(id, 2_000 + i * 900, i, 0) : null;
    if (row) for (let n = 1; n < 7; n++) await addPicture(id, n * 30_000, i, n % 3);
    cameras.push(camera.parse({ ...base, ...f, id, address: `192.168.1.${64 + i}`, serialNumber: `SN00${i}`, endpointReference: `urn:uuid:${randomUUID()}`, newestPictureId: row?.id ?? null, newestPictureAt: row?.receivedAt ?? null }));
  }
  const [pump, depot, , school] = cameras as [Camera, Camera, Camera, Camera];
  const zones: Zone[] = [
    zone.parse({ id: randomUUID(), siteId, cameraId: pump.id, kind: 'guard', name: 'Door', polygon: [[0.08, 0.3], [0.3, 0.28], [0.34, 0.62], [0.1, 0.66]], placeId: pumpId }),
    zone.parse({ id: randomUUID(), siteId, cameraId: pump.id, kind: 'privacy', name: 'Neighbour', polygon: [[0.75, 0.2], [0.98, 0.2], [0.98, 0.5], [0.78, 0.48]], placeId: null }),
    zone.parse({ id: randomUUID(), siteId, cameraId: depot.id, kind: 'guard', name: 'Yard', polygon: [[0.2, 0.5], [0.8, 0.5], [0.9, 0.95], [0.1, 0.95]], placeId: storeId }),
  ];
  const box = (lng: number, lat: number, w: number, h: number): [number, number][] => [[lng, lat], [lng + w, lat], [lng + w, lat + h], [lng, lat + h], [lng, lat]];
  const features = (
    [
      { kind: 'boundary', name: 'Shangtian', geometry: { type: 'Polygon', coordinates: [[[120.1502, 30.2498], [120.1541, 30.2503], [120.1548, 30.2472], [120.1526, 30.2461], [120.1499, 30.2473], [120.1502, 30.2498]]] } },
      { kind: 'entrance', name: 'North road', geometry: { type: 'LineString', coordinates: [[120.1519, 30.25], [120.1523, 30.25005]] } },
      { kind: 'entrance', name: 'Bridge', geometry: { type: 'LineString', coordinates: [[120.1544, 30.2486], [120.1545, 30.2482]] } },
      { kind: 'place', name: 'East pump station', placeId: pumpId, geometry: { type: 'Polygon', coordinates: [box(120.1534, 30.24925, 0.0004, 0.0003)] } },
      { kind: 'place', name: 'Old temple', geometry: { type: 'Point', coordinates: [120.1521, 30.2489] } },
      { kind: 'dwelling', name: 'Wu house', geometry: { type: 'Polygon', coordinates: [box(120.1526, 30.2481, 0.0003, 0.0002)] } },
      { kind: 'dwelling', name: 'Chen house', geometry: { type: 'Polygon', coordinates: [box(120.1531, 30.248, 0.0003, 0.0002)] } },
      { kind: 'prohibited', name: 'Clinic yard', geometry: { type: 'Polygon', coordinates: [box(120.1507, 30.2487, 0.0006, 0.0004)] } },
      { kind: 'occluder', name: 'Barn wall', heightM: 4.5, geometry: { type: 'LineString', coordinates: [[120.1517, 30.2479], [120.1521, 30.248]] } },
      { kind: 'occluder', name: 'Granary', heightM: 9, geometry: { type: 'Polygon', coordinates: [box(120.1513, 30.2474, 0.0002, 0.0002)] } },
    ] as const
  ).map((f) => siteFeature.parse({ heightM: null, placeId: null, ...f, id: randomUUID(), siteId, sourceId: f.name, createdAt: iso(1e6) }));
  const schedules = [schedule.parse({ id: randomUUID(), siteId, name: 'Nights', weekly: night, reason: '', reviewOn: null })];
  const rules = [rule.parse({ id: randomUUID(), siteId, cameraId: pump.id, name: 'Pump station at night', zoneId: zones[0]?.id, scheduleId: schedules[0]?.id, classes: ['person', 'vehicle'], reason: 'Cable theft in spring', endsOn: '2027-03-31', dwellMs: 0, minHeightRatio: 0.04, quietMs: 30_000, enabled: true, armed: true })];
  const channels = [channel.parse({ id: randomUUID(), siteId: null, kind: 'webhook', name: 'Watch centre desk', url: 'https://desk.example/hooks/hedgerow', enabled: true })];

  const makeAlert = (of: Camera, agoMs: number, more: Partial<Alert>): Alert =>
    alert.parse({
      id: randomUUID(), siteId, cameraId: of.id, cameraName: of.name, kind: 'guard-zone', ruleId: rules[0]?.id, ruleName: 'Pump station at night', zoneId: zones[0]?.id, zoneName: 'Door', placeName: 'East pump station', state: 'raised', raisedAt: iso(agoMs), lastSeenAt: iso(agoMs - 4000),
      counts: { person: 1 }, pictureId: null, noPictureReason: 'learning', assignee: null, resolveReason: null, steps: [{ step: 'raised', at: iso(agoMs), actor: 'hedgerow', note: null }], version: 1, ...more,
    });
  const seen = await addPicture(pump.id, 65_000, 0, 1);
  const seenTwo = await addPicture(depot.id, 1_900_000, 1, 2);
  const alerts: Alert[] = [
    makeAlert(pump, 65_000, { pictureId: seen.id, noPictureReason: null }),
    makeAlert(school, 640_000, { counts: { person: 2, vehicle: 1 }, zoneName: 'Gate', placeName: 'School gate', noPictureReason: 'The camera was moved: its zones must be confirmed first.' }),
    makeAlert(depot, 1_900_000, { counts: { person: 2 }, zoneName: 'Yard', placeName: 'Grain depot', pictureId: seenTwo.id, noPictureReason: null, state: 'assigned', assignee: 'li.wei', version: 3, steps: [{ step: 'raised', at: iso(1_900_000), actor: 'hedgerow', note: null }, { step: 'acknowledged', at: iso(1_850_000), actor: 'zhang.min', note: null }, { step: 'assigned', at: iso(1_800_000), actor: 'zhang.min', note: 'On patrol nearby' }] }),
    makeAlert(depot, 90_000_000, { counts: { animal: 1 }, state: 'resolved', resolveReason: 'false-alarm', version: 2 }),
  ];
  const deliveries = (['delivered', 'pending', 'dead'] as const).map((state, i) =>
    delivery.parse({ id: randomUUID(), alertId: alerts[i]?.id, channelId: channels[0]?.id, siteId, idempotencyKey: randomUUID(), state, attempts: [1, 4, 12][i], nextAttemptAt: state === 'pending' ? iso(-60_000) : null, lastError: state === 'delivered' ? null : '503 Service Unavailable', deliveredAt: state === 'delivered' ? iso(1000) : null, createdAt: iso(70_000 * (i + 1)) }),
  );

  let signedIn = true;
  let seq = 100;
  let down = false;
  const log: { seq: number; text: string }[] = [];
  const streams = new Set<ServerResponse>();
  const calls: { method: string; url: string; body: unknown; lastEventId: string | undefined }[] = [];
  const send = (event: NewStreamEvent): void => {
    seq += 1;
    const full = streamEvent.parse({ ...event, seq, at: new Date().toISOString() });
    const text = `id: ${seq}\n${seq % 2 ? `event: ${full.type}\n` : ''}data: ${JSON.stringify(full)}\n\n`;
    log.push({ seq, text });
    for (const stream of streams) stream.write(text);
  };

  const app = fastify({ forceCloseConnections: true });
  app.addContentTypeParser('application/geo+json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('content-security-policy', policy);
    if (request.url.startsWith('/api/')) {
      if (down) return reply.code(503).type('application/problem+json').send({ code: 'database.unavailable', title: 'The database does not answer', status: 503, detail: '' });
      if (!signedIn && !/\/session(\/link)?$/.test(request.url)) return reply.code(401).type('application/problem+json').send({ code: 'auth.required', title: 'Log in or send a token', status: 401, detail: '' });
    }
  });
  app.addHook('preHandler', async (request) => {
    calls.push({ method: request.method, url: request.url, body: request.body, lastEventId: request.headers['last-event-id']?.toString() });
    return Promise.resolve();
  });
  const problem = (status: number, code: string, title: string, detail: string) => ({ statusCode: status, body: { type: 'about:blank', status, code, title, detail } });
  const api = '/api/v1';
  const list = (url: string, items: () => unknown[]) => app.get(`${api}${url}`, () => ({ items: items(), nextCursor: null }));
  const me = { name: 'zhang.min', grants: options.grants ?? [{ role: 'admin', siteId: null }] };
  app.get(`${api}/session/me`, () => me);
  app.post<{ Body: { name: string; password: string } }>(`${api}/session`, (request, reply) => {
    if (request.body.password !== 'correct horse') return reply.code(401).type('application/problem+json').send(problem(401, 'auth.failed', 'The name, password, token or link is wrong or has expired', 'Try again.').body);
    signedIn = true;
    return me;
  });
  app.post<{ Body: { secret: string } }>(`${api}/session/link`, (request, reply) => {
    if (request.body.secret !== 'once-only') return reply.code(401).type('application/problem+json').send(problem(401, 'auth.failed', 'The name, password, token or link is wrong or has expired', 'The link was used already.').body);
    signedIn = true;
    return me;
  });
  app.delete(`${api}/session`, (_request, reply) => {
    signedIn = false;
    return reply.code(204).send();
  });
  list('/sites', () => sites);
  list('/places', () => places);
  list('/cameras', () => cameras);
  list('/schedules', () => schedules);
  list('/rules', () => rules);
  list('/channels', () => channels);
  list('/deliveries', () => deliveries);
  list('/zones', () => zones);
  app.get<{ Querystring: { cameraId: string; limit: string } }>(`${api}/pictures`, (request) => ({
    items: [...pictures.values()].map((p) => p.row).filter((p) => p.cameraId === request.query.cameraId).sort((a, b) => b.receivedAt.localeCompare(a.receivedAt)).slice(0, Number(request.query.limit)),
    nextCursor: null,
  }));
  app.get<{ Params: { id: string } }>(`${api}/pictures/:id/image`, (request, reply) => reply.type('image/jpeg').send(pictures.get(request.params.id)?.jpeg));
  app.get<{ Params: { id: string } }>(`${api}/cameras/:id/pictures/newest`, (request, reply) => {
    const newest = cameras.find((c) => c.id === request.params.id)?.newestPictureId;
    return reply.type('image/jpeg').send(pictures.get(newest ?? '')?.jpeg);
  });
  app.patch<{ Params: { id: string }; Body: Partial<Camera> }>(`${api}/cameras/:id`, (request) => Object.assign(cameras.find((c) => c.id === request.params.id) ?? {}, request.body));
  app.post<{ Params: { id: string } }>(`${api}/cameras/:id/probe`, () => ({ rungs: rungs(9) }));
  app.post<{ Params: { id: string } }>(`${api}/cameras/:id/confirm-view`, (request) => Object.assign(cameras.find((c) => c.id === request.params.id) ?? {}, { pictureStatus: 'learning', pictureReason: 'learning' }));
  app.post<{ Body: Record<string, unknown> }>(`${api}/cameras`, (request, reply) => {
    if (request.body['purpose'] === 'security') return reply.code(422).type('application/problem+json').send(problem(422, 'camera.incomplete', 'A camera needs a purpose, an owner, a legal basis and a review date', 'purpose: is not specific enough').body);
    const made = camera.parse({ ...base, ...request.body, id: randomUUID(), state: 'unreachable', stateReason: 'Not probed yet', pictureStatus: 'none', pictureReason: null, detector: 'unknown', endpointReference: null, serialNumber: null, newestPictureId: null, newestPictureAt: null, onboarding: [] });
    cameras.push(made);
    return made;
  });
  const shown = await addPictureRoutes(app, api, { siteId, grants: me.grants, pictures, send, draw: drawPicture });
  addRegisterRoutes(app, api, { siteId, cameras, pump, rungs });
  app.post<{ Body: Record<string, unknown> }>(`${api}/zones`, (request) => {
    const made = zone.parse({ ...request.body, id: randomUUID(), siteId });
    zones.push(made);
    return made;
  });
  app.patch<{ Params: { id: string }; Body: Partial<Zone> }>(`${api}/zones/:id`, (request) => Object.assign(zones.find((z) => z.id === request.params.id) ?? {}, zonePatch.parse(request.body)));
  app.get(`${api}/sites/:id/features`, () => ({ items: features }));
  app.get(`${api}/sites/:id/map`, (_request, reply) => reply.type('application/geo+json').send(JSON.stringify({ type: 'FeatureCollection', features: [] })));
  app.post<{ Querystring: { dryRun: string; skipBad: string } }>(`${api}/sites/:id/map`, (request) => {
    const applied = request.query.dryRun !== 'true';
    if (applied) features.push(siteFeature.parse({ id: randomUUID(), siteId, kind: 'entrance', name: 'West lane', geometry: { type: 'LineString', coordinates: [[120.1501, 30.2487], [120.1502, 30.2485]] }, heightM: null, placeId: null, sourceId: 'w', createdAt: iso(0) }));
    return siteMapReport.parse({
      dryRun: !applied, applied, created: 1, updated: 0, unchanged: 1, removed: 0, bad: 1,
      features: [
        { index: 0, name: 'West lane', kind: 'entrance', verdict: 'create', problems: [] },
        { index: 1, name: 'Wu house', kind: 'dwelling', verdict: 'unchanged', problems: [] },
        { index: 2, name: 'Petition office', kind: 'prohibited', verdict: 'bad', problems: [{ ring: 0, vertex: 2, reason: 'the outline crosses itself here' }] },
      ],
    });
  });
  app.delete<{ Params: { id: string } }>(`${api}/zones/:id`, (request, reply) => {
    zones.splice(zones.findIndex((z) => z.id === request.params.id), 1);
    return reply.code(204).send();
  });
  app.get(`${api}/alerts`, () => ({ items: [...alerts].sort((a, b) => b.raisedAt.localeCompare(a.raisedAt)), nextCursor: null }));
  app.get<{ Params: { id: string } }>(`${api}/alerts/:id`, (request) => alerts.find((a) => a.id === request.params.id));

  const act = (id: string, version: number | undefined, actor: string, step: 'acknowledged' | 'assigned' | 'resolved', change: Partial<Alert>, note: string | null) => {
    const held = alerts.find((a) => a.id === id);
    if (!held) return problem(404, 'alert.unknown', 'There is no such alert', '');
    if (version !== undefined && version !== held.version) return problem(409, 'alert.state', 'The alert is not in a state that allows this', 'Somebody else was first.');
    Object.assign(held, { ...change, state: step, version: held.version + 1, steps: [...held.steps, { step, at: new Date().toISOString(), actor, note }] });
    return { statusCode: 200, body: { ...held } };
  };
  const step = (name: 'acknowledge' | 'assign' | 'resolve', done: 'acknowledged' | 'assigned' | 'resolved', change: (body: Record<string, string>) => Partial<Alert>): void => {
    app.post<{ Params: { id: string }; Body: { version?: number; note?: string } & Record<string, string> }>(`${api}/alerts/:id/${name}`, (request, reply) => {
      const result = act(request.params.id, request.body.version, me.name, done, change(request.body), request.body.note ?? null);
      if (result.statusCode === 200) send({ type: 'alert.changed', siteId, data: result.body as Alert });
      return reply.code(result.statusCode).send(result.body);
    });
  };
  step('acknowledge', 'acknowledged', () => ({}));
  step('assign', 'assigned', (body) => ({ assignee: body['assignee'] ?? null }));
  step('resolve', 'resolved', (body) => ({ resolveReason: body['reason'] as Alert['resolveReason'] }));
  app.get(`${api}/events`, (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    reply.raw.write(': hello\n\n');
    const after = request.headers['last-event-id'];
    if (after !== undefined) for (const entry of log.filter((e) => e.seq > Number(after))) reply.raw.write(entry.text);
    streams.add(reply.raw);
    reply.raw.once('close', () => streams.delete(reply.raw));
  });
  app.get('/*', async (request, reply) => {
    const name = request.url.split(/[?#]/)[0] === '/' ? '/index.html' : (request.url.split(/[?#]/)[0] ?? '/index.html');
    return reply.type(types[path.extname(name)] ?? 'application/octet-stream').send(await readFile(path.join(options.consoleFolder, path.normalize(name))));
  });
  const [, , older] = alerts;
  if (older) shown.storeReel(older, false);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });

  return {
    url, calls, cameras, alerts, zones, pump, depot,
    send,
    ...shown,
    signOut: () => (signedIn = false),
    streamCount: () => streams.size,
    /** A new alert, as the engine would raise it: on the list and over the stream. */
    raise: (of: Camera, more: Partial<Alert> = {}): Alert => {
      const made = makeAlert(of, 0, { raisedAt: new Date().toISOString(), lastSeenAt: new Date().toISOString(), ...more });
      alerts.push(made);
      send({ type: 'alert.raised', siteId, data: made });
      return made;
    },
    /** Somebody else acts, and this page is not told. */
    otherOperator: (id: string): void => void act(id, undefined, 'li.wei', 'acknowledged', {}, null),
    storePicture: async (of: Camera, walkers: number): Promise<void> => {
      const row = await addPicture(of.id, now - Date.now(), 2, walkers);
      Object.assign(of, { newestPictureId: row.id, newestPictureAt: row.receivedAt });
      send({ type: 'picture.stored', siteId, data: { id: row.id, cameraId: of.id, receivedAt: row.receivedAt, maskRatio: row.maskRatio } });
    },
    /** The server goes away (every stream is cut, every call fails) or comes back. */
    setDown: (is: boolean): void => {
      down = is;
      if (is) for (const stream of streams) stream.destroy();
    },
    close: () => app.close(),
  };
}
