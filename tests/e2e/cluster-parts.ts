/**
 * What a cluster's test needs around the program: a database, a bucket and a prefix of its own; a village that a
 * technician registers over the API; a client of the event stream that comes back; a cut of every connection.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { stringify } from 'yaml';
import type { Channel, Rule, Schedule } from '../../src/contract/alert.js';
import type { Camera } from '../../src/contract/camera.js';
import type { StreamEvent } from '../../src/contract/events.js';
import type { Place, Site } from '../../src/contract/site.js';
import type { Zone } from '../../src/contract/zone.js';
import type { Village } from '../../src/simulate/village.js';
import { createS3ObjectStore } from '../../src/store/adapters/s3-object-store.js';
import { silentLog, temporaryPostgres } from '../support/databases.js';
import { adminToken, type apiOf, temporaryFolder } from '../support/program.js';
import { postgresUrl, redisUrl, s3Endpoint, s3Keys } from '../support/services.js';

export type Client = ReturnType<typeof apiOf>;

/** Everything outside the program, and the environment that leads there. */
export async function openBackends(config: object) {
  const name = `hedgerow-test-${randomBytes(6).toString('hex')}`;
  const postgres = await temporaryPostgres();
  const { folder, remove } = temporaryFolder('hedgerow-cluster-');
  const objects = createS3ObjectStore({ endpoint: s3Endpoint, bucket: name, ...s3Keys, forcePathStyle: true, log: silentLog });
  const file = path.join(folder, 'config.yaml');
  writeFileSync(file, stringify({ ...config, queue: { prefix: name } }));
  const database = new pg.Client({ connectionString: postgres.url, application_name: 'test' });
  await database.connect();
  database.on('error', () => undefined);
  const databaseName = new URL(postgres.url).pathname.slice(1);
  const administrator = new pg.Client({ connectionString: postgresUrl });
  await administrator.connect();
  return {
    folder,
    objects,
    configFile: file,
    env: {
      DATABASE_URL: postgres.url,
      REDIS_URL: redisUrl,
      S3_ENDPOINT: s3Endpoint,
      S3_BUCKET: name,
      S3_REGION: s3Keys.region,
      S3_ACCESS_KEY_ID: s3Keys.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
      HEDGEROW_KEY: randomBytes(32).toString('base64'),
    },
    rows: async <T>(text: string): Promise<T[]> => (await database.query(text)).rows as T[],
    /** Ends every connection of the program to the database. @returns how many */
    async cut(): Promise<number> {
      const { rowCount } = await administrator.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name <> $2', [databaseName, 'test']);
      return rowCount ?? 0;
    },
    /** Refuses new connections, too. */
    async allow(connections: boolean): Promise<void> {
      await administrator.query(`alter database ${databaseName} allow_connections ${connections}`);
    },
    async close(): Promise<void> {
      await database.end().catch(() => undefined);
      await administrator.end();
      await postgres.drop();
      const redis = new Redis(redisUrl);
      const keys = await redis.keys(`${name}*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
      // The bucket stays, empty.
      for await (const { key } of objects.list('')) await objects.delete(key);
      await objects.close();
      remove();
    },
  };
}
export type Backends = Awaited<ReturnType<typeof openBackends>>;

/** As a technician does it: site, schedule, and for each camera its place, row, zone and rule. */
export async function register(api: Client, village: Village): Promise<{ site: Site; cameras: Camera[] }> {
  const inHalfAYear = new Date(Date.now() + 180 * 86_400_000).toISOString().slice(0, 10);
  const site = await api.post<Site>('/api/v1/sites', { name: 'Willow Ford', timeZone: 'Asia/Shanghai' });
  const schedule = await api.post<Schedule>('/api/v1/schedules', {
    siteId: site.id,
    name: 'Always',
    weekly: Array.from({ length: 7 }, () => [{ fromMinute: 0, toMinute: 1440 }]),
    reason: 'A test: nobody real walks here.',
    reviewOn: inHalfAYear,
  });
  const cameras: Camera[] = [];
  for (const { name, onvifUrl, username, password, guardPolygon } of village.cameras) {
    const place = await api.post<Place>('/api/v1/places', { siteId: site.id, kind: 'pump-station', name });
    const accountable = { purpose: `Guards "${name}" against tampering`, owner: 'Village office', legalBasis: 'A test', reviewOn: inHalfAYear };
    const camera = await api.post<Camera>('/api/v1/cameras', { siteId: site.id, name, address: onvifUrl, username, password, ...accountable });
    const zone = await api.post<Zone>('/api/v1/zones', { cameraId: camera.id, kind: 'guard', name: 'Yard', polygon: guardPolygon, placeId: place.id });
    await api.post<Rule>('/api/v1/rules', { siteId: site.id, name: `Somebody at ${name}`, zoneId: zone.id, scheduleId: schedule.id, classes: ['person', 'vehicle', 'change'], reason: 'Was tampered with twice', endsOn: inHalfAYear, quietMs: 4_000 });
    cameras.push(camera);
  }
  return { site, cameras };
}

export function addChannel(api: Client, port: number, secret: string): Promise<Channel> {
  return api.post<Channel>('/api/v1/channels', { kind: 'webhook', name: 'Watch centre', url: `http://127.0.0.1:${port}/hook`, secret });
}

/** A port that is free now: a process that comes back has the address that it had. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Follows the event stream as a browser does: comes back with Last-Event-ID whenever it ends. */
export function followEvents(url: string): { events: StreamEvent[]; connections(): number; stop(): Promise<void> } {
  const events: StreamEvent[] = [];
  const stopping = new AbortController();
  let connections = 0;
  let lastId: string | undefined;

  async function once(): Promise<void> {
    const headers = { authorization: `Bearer ${adminToken}`, ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
    const response = await fetch(`${url}/api/v1/events`, { headers, signal: stopping.signal });
    if (!response.ok) throw new Error(String(response.status));
    connections++;
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(chunk, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string | undefined => block.split('\n').find((l) => l.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field('data');
        if (data === undefined) continue;
        lastId = field('id') ?? lastId;
        events.push(JSON.parse(data) as StreamEvent);
      }
    }
  }

  const done = (async () => {
    while (!stopping.signal.aborted) {
      await once().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return {
    events,
    connections: () => connections,
    async stop() {
      stopping.abort();
      await done;
    },
  };
}
