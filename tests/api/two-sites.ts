/** A server over real auth, ledger and database, and small in-memory stand-ins for the stages: two sites, one of everything on each. */
import type { Alert, Channel, Delivery, Rule, Schedule } from '../../src/contract/alert.js';
import type { StreamEvent } from '../../src/contract/events.js';
import type { Camera } from '../../src/contract/camera.js';
import type { CredentialSet } from '../../src/contract/credential-set.js';
import type { Commissioning } from '../../src/contract/commissioning.js';
import type { Database, EventLog } from '../../src/contract/database.js';
import type { Rotation } from '../../src/contract/device-change.js';
import type { Page, PageQuery } from '../../src/contract/page.js';
import type { PictureRow } from '../../src/contract/picture.js';
import type { ReelRow } from '../../src/contract/reel.js';
import { inScope, type Grant, type Principal, type SiteScope } from '../../src/contract/principal.js';
import type { Place, Site } from '../../src/contract/site.js';
import type { Zone } from '../../src/contract/zone.js';
import { createApi, type Api, type ApiDeps } from '../../src/api/server.js';
import { createAuth } from '../../src/auth/auth.js';
import { SystemClock, type Clock } from '../../src/core/clock.js';
import type { ErrorCode } from '../../src/core/error-codes.js';
import { HedgerowError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { sites as siteTable } from '../../src/db/schema/index.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { createLiveView } from '../../src/store/live-view.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { memoryDatabase } from '../support/databases.js';

export const system: Principal = { id: 'system', name: 'system', kind: 'system', grants: [{ role: 'admin', siteId: null }] };
export const adminToken = 'bootstrap-token-of-the-tests';
const at = '2026-01-01T00:00:00.000Z';
const sha = 'a'.repeat(64);

export interface SiteContent {
  site: Site;
  place: Place;
  camera: Camera;
  zone: Zone;
  schedule: Schedule;
  rule: Rule;
  alert: Alert;
  picture: PictureRow;
  reel: ReelRow;
  channel: Channel;
  delivery: Delivery;
  commissioning: Commissioning;
  rotation: Rotation;
  credentialSet: CredentialSet;
}

export function contentOf(name: string): SiteContent {
  const [siteId, placeId, cameraId, zoneId, scheduleId, ruleId, alertId, pictureId, channelId] = Array.from({ length: 9 }, newId) as [string, string, string, string, string, string, string, string, string];
  return {
    site: { id: siteId, name, timeZone: 'Asia/Shanghai', boundary: [], requireDetector: false, retentionDays: 30, createdAt: at },
    place: { id: placeId, siteId, kind: 'pump-station', name: 'pump', position: null, consent: null },
    camera: {
      id: cameraId, siteId, name: `camera of ${name}`, protocol: 'rtsp', address: 'rtsp://10.0.0.1/s', username: null, hasPassword: true, manufacturer: null, model: null,
      firmware: null, serialNumber: null, endpointReference: null, macAddress: null, sourceToken: null, toldPose: null, commissioning: null, sampleIntervalMs: 1000, enabled: true, state: 'good', stateSince: at, stateReason: null, pictureStatus: 'ready',
      pictureReason: null, detector: 'onnx', lastFrameAt: at, newestPictureId: pictureId, newestPictureAt: at, onboarding: [], createdAt: at, purpose: 'guards the pump',
      owner: 'office', legalBasis: 'order 7', reviewOn: '2027-01-01', longitude: null, latitude: null, mountHeightM: null, azimuthDeg: null, tiltDeg: null, horizontalFovDeg: null,
    },
    zone: { id: zoneId, siteId, cameraId, kind: 'guard', name: 'door', polygon: [[0, 0], [1, 0], [1, 1]], placeId },
    schedule: { id: scheduleId, siteId, name: 'night', weekly: Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 360 }]), reason: '', reviewOn: null },
    rule: { id: ruleId, siteId, cameraId, name: 'rule', zoneId, scheduleId, classes: ['person'], reason: 'theft of copper', endsOn: '2027-01-01', dwellMs: 0, minHeightRatio: 0.04, quietMs: 30_000, enabled: true, armed: false },
    alert: {
      id: alertId, siteId, cameraId, cameraName: 'c', kind: 'guard-zone', ruleId, ruleName: 'rule', zoneId, zoneName: 'door', placeName: 'pump', state: 'raised', raisedAt: at, lastSeenAt: at,
      counts: { person: 1 }, pictureId, noPictureReason: null, assignee: null, resolveReason: null, steps: [{ step: 'raised', at, actor: 'system', note: null }], version: 1,
    },
    picture: {
      id: pictureId, pictureId, cameraId, siteId, runId: newId(), capturedAt: null, receivedAt: at, widthPx: 640, heightPx: 360, maskRatio: 0.1, heldRatio: 0, modelHash: null, configHash: sha,
      sha256: sha, bytes: 4, receiptHash: sha, expiresAt: '2026-02-01T00:00:00.000Z',
    },
    reel: {
      id: newId(), alertId, cameraId, siteId, firstAt: at, lastAt: at, alertAtMs: 0, lengthMs: 30_000, widthPx: 640, heightPx: 360, pictures: [{ atMs: 0, receiptHash: sha }], gaps: [],
      mediaType: 'video/webm', sha256: sha, bytes: 10, receiptHash: sha, expiresAt: '2026-02-01T00:00:00.000Z',
    },
    channel: { id: channelId, siteId, kind: 'webhook', name: 'desk', url: 'https://desk.example/hook', enabled: true },
    delivery: { id: newId(), alertId, channelId, siteId, idempotencyKey: 'k', state: 'dead', attempts: 12, nextAttemptAt: null, lastError: 'no', deliveredAt: null, createdAt: at },
    commissioning: {
      id: newId(), cameraId, siteId, at, by: 'tess', verdict: 'commissioned', checks: [{ name: 'ladder', status: 'pass', seen: 'A key frame was decoded.', todo: '', evidence: { tookMs: 1 } }],
      device: { name: `camera of ${name}`, address: 'rtsp://10.0.0.1/s', manufacturer: null, model: null, firmware: null, serialNumber: null, macAddress: null },
    },
    credentialSet: { id: newId(), siteId, name: `set of ${name}`, username: 'admin', order: 100, createdAt: at },
    rotation: { id: newId(), siteId, username: 'admin', by: 'system', startedAt: at, finishedAt: null, cameras: [{ cameraId, name: 'c', status: 'waiting', seen: '', todo: '' }] },
  };
}

export type Village = Awaited<ReturnType<typeof openVillage>>;

export async function openVillage(options: { clock?: Clock; deps?: Partial<ApiDeps>; config?: Partial<ApiDeps['config']>; database?: Database } = {}) {
  const clock = options.clock ?? new SystemClock({ unref: true });
  const log = createLogger('silent');
  const database = options.database ?? (await memoryDatabase({ clock: new SystemClock({ unref: true }) }));
  await database.migrate();
  const here = contentOf(`here ${newId()}`);
  const there = contentOf(`there ${newId()}`);
  const both = [here, there];
  for (const { site } of both) await database.orm.insert(siteTable).values({ ...site, createdAt: new Date(0) });
  const ledger = createLedger({ database, clock });
  const auth = createAuth({ database, ledger, clock, config: { sessionHours: 12 }, adminToken });
  const stopping = new AbortController();
  /** what was changed, for tests that a refused request changes nothing */
  const done: string[] = [];

  const did = <T>(what: string, value: T): Promise<T> => {
    done.push(what);
    return Promise.resolve(value);
  };
  const list = <K extends keyof SiteContent>(kind: K) => (scope: SiteScope, page: PageQuery): Promise<Page<SiteContent[K]>> => {
    const siteOf = (v: SiteContent[K]): string | null => ('siteId' in v ? v.siteId : v.id);
    const all = both.map((c) => c[kind]).filter((v) => { const s = siteOf(v); return s === null ? scope === 'all' : inScope(scope, s); });
    const from = Number(page.cursor ?? 0);
    if (!Number.isInteger(from)) return Promise.reject(new HedgerowError('request.cursor', 'not a cursor'));
    const items = all.slice(from, from + page.limit);
    return Promise.resolve({ items, nextCursor: from + page.limit < all.length ? String(from + page.limit) : null });
  };
  const one = <K extends keyof SiteContent>(kind: K, unknown: ErrorCode) => (id: string): Promise<SiteContent[K]> => {
    const found = both.map((c) => c[kind]).find((v) => v.id === id);
    return found ? Promise.resolve(found) : Promise.reject(new HedgerowError(unknown, `There is no ${kind} ${id}.`));
  };
  const subscribers = new Set<(event: StreamEvent) => void>();
  const log_: StreamEvent[] = [];
  const events: EventLog & { emit(event: StreamEvent): void } = {
    append: () => Promise.resolve(),
    after: (seq, limit) => Promise.resolve(log_.filter((e) => e.seq > seq).slice(0, limit)),
    latestSeq: () => Promise.resolve(log_.at(-1)?.seq ?? 0),
    subscribe: (fn) => {
      subscribers.add(fn);
      return () => void subscribers.delete(fn);
    },
    emit(event) {
      log_.push(event);
      for (const fn of [...subscribers]) fn(event);
    },
  };

  const live = createLiveView({ database, makes: true, clock, log });

  const deps: ApiDeps = {
    config: { host: '127.0.0.1', port: 0, publicUrl: null, allowedOrigins: [], bodyLimitBytes: 4 * 1_048_576, requestsPerMinute: 1_000_000, sessionHours: 12, trustProxy: false, ...options.config },
    auth,
    ledger,
    registry: {
      sites: list('site'), site: one('site', 'site.unknown'), createSite: () => did('createSite', here.site),
      places: list('place'), place: one('place', 'place.unknown'), createPlace: () => did('createPlace', here.place),
      cameras: list('camera'), camera: one('camera', 'camera.unknown'), createCamera: () => did('createCamera', here.camera),
      updateCamera: (_id, patch) => did(`updateCamera ${JSON.stringify(patch)}`, here.camera), removeCamera: () => did('removeCamera', undefined), confirmView: () => did('confirmView', here.camera),
      zones: list('zone'), zone: one('zone', 'zone.unknown'), createZone: () => did('createZone', here.zone), updateZone: (_id, patch) => did(`updateZone ${JSON.stringify(patch)}`, here.zone), removeZone: () => did('removeZone', undefined),
      importCameras: (bytes, o) => did(`importCameras ${Buffer.from(bytes).toString('utf8').slice(0, 80)} ${JSON.stringify(o)}`, { dryRun: o.dryRun, applied: !o.dryRun, created: 0, updated: 0, unchanged: 0, bad: 0, rows: [] }),
      exportCameras: (scope) => did('exportCameras', `name\n${both.filter((c) => inScope(scope, c.site.id)).map((c) => c.camera.name).join('\n')}\n`),
    },
    onboarding: { probe: () => did('probe', [{ name: 'reach', status: 'pass', seen: 'answers', todo: '', tookMs: 1 }]), probeMany: () => did('probeMany', undefined) },
    discovery: {
      announced: () => did('announced', []),
      listen: () => Promise.resolve(),
      close: () => Promise.resolve(),
      discover: ({ onFound }) => {
        const found = both.map((c, i) => ({ endpointReference: `urn:uuid:${c.camera.id}`, address: `10.0.0.${i + 1}`, xaddrs: [], name: null, hardware: null, interfaces: ['eth0'], macAddress: null, moved: false, via: 'multicast' as const, cameraId: c.camera.id }));
        for (const device of found) onFound?.(device);
        return did('discover', found);
      },
    },
    // Each suite that asks for one of these hands in its own.
    siteMap: {
      features: () => Promise.resolve([]), exportGeoJson: () => Promise.resolve('{"type":"FeatureCollection","features":[]}'),
      importGeoJson: (_id, bytes, o) => did(`importGeoJson ${bytes.length} ${JSON.stringify(o)}`, { dryRun: o.dryRun, applied: !o.dryRun, created: 0, updated: 0, unchanged: 0, removed: 0, bad: 0, features: [] }),
    },
    commissionings: {
      run: (_id, _by, _signal, onCheck) => {
        for (const check of here.commissioning.checks) onCheck?.(check);
        return did('commission', here.commissioning);
      },
      newest: list('commissioning'),
      history: () => Promise.resolve({ items: [here.commissioning], nextCursor: null }),
      pressTest: (id, waitMs) => did(`pressTest ${waitMs}`, { cameraId: id, input: null, status: 'silent', pressedAt: null, toAlertMs: null, seen: 'nothing' }),
    },
    credentialSets: { list: list('credentialSet'), get: one('credentialSet', 'credential-set.unknown'), create: () => did('createCredentialSet', here.credentialSet), remove: () => did('removeCredentialSet', undefined) },
    deviceChanges: {
      replace: () => did('replace', here.camera), decommission: () => did('decommission', undefined), devices: () => Promise.resolve([]), rotate: () => did('rotate', here.rotation),
      rotation: one('rotation', 'rotation.unknown'), rotations: list('rotation'), carryOut: () => did('carryOut', undefined),
    },
    pictures: { save: () => Promise.reject(new Error('not here')), pictures: list('picture'), picture: one('picture', 'picture.unknown'), bytes: () => Promise.resolve(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)) },
    receipts: { record: () => Promise.resolve(), after: () => Promise.resolve([]), of: (id) => Promise.resolve(id === here.picture.id ? { seq: 7, kind: 'picture', subjectId: id, siteId: here.site.id, receiptHash: sha, at } : null) },
    live,
    reels: {
      reel: one('reel', 'reel.unknown'),
      reelOfAlert: (alertId) => Promise.resolve(both.map((c) => c.reel).find((r) => r.alertId === alertId) as ReelRow),
      reelBytes: () => Promise.resolve(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
    },
    observations: { record: () => Promise.resolve(), observations: () => Promise.resolve({ items: [], nextCursor: null }) },
    desk: {
      alerts: list('alert'), alert: one('alert', 'alert.unknown'), acknowledge: () => did('acknowledge', here.alert), assign: () => did('assign', here.alert), resolve: () => did('resolve', here.alert),
    },
    rules: {
      schedules: list('schedule'), schedule: one('schedule', 'schedule.unknown'), createSchedule: () => did('createSchedule', here.schedule),
      rules: list('rule'), rule: one('rule', 'rule.unknown'), createRule: () => did('createRule', here.rule), removeRule: () => did('removeRule', undefined),
    },
    channels: {
      channels: list('channel'), channel: one('channel', 'channel.unknown'), createChannel: () => did('createChannel', here.channel), removeChannel: () => did('removeChannel', undefined),
      deliveries: list('delivery'), replay: () => did('replay', here.delivery),
    },
    events,
    check: { check: () => did('check', { clean: true, pictures: 0, reels: 0, objects: 0, problems: [] }), recover: () => Promise.resolve() },
    metrics: createMetrics(),
    ready: () => Promise.resolve({ database: 'ok', queue: 'ok' }),
    consoleFolder: null,
    version: '0.0.0-test',
    clock,
    log,
    health: () => ({ detector: 'onnx' }),
    signal: stopping.signal,
    ...options.deps,
  };
  const api: Api = await createApi(deps);

  return {
    api, auth, ledger, here, there, done, events, live, deps, database, clock,
    stop: () => stopping.abort(),
    subscribers: () => subscribers.size,
    async token(grants: readonly Grant[]): Promise<string> {
      return (await auth.createToken({ name: 'test', grants: [...grants], expiresAt: null }, system)).secret;
    },
    async close() {
      stopping.abort();
      await api.close();
      await database.close();
    },
  };
}
