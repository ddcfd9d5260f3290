/** The cluster's example and the code agree: names of the environment, roles, and a Redis that forgets no job. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';

const packageFolder = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(packageFolder, file), 'utf8');

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly build?: string;
}
const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
const own = Object.entries(services).filter(([, service]) => service.build !== undefined);
/** As compose fills them in when only what is required is set. */
const filled = (environment: Service['environment'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replace(/\$\{\w+:\?[^}]*\}/g, 'set-by-the-operator-0123456789')]));

describe('docker-compose.yml', () => {
  it('has one service a role, all with the same environment', () => {
    expect(own.map(([name, { command }]) => [name, command])).toEqual([['api', ['api']], ['worker', ['worker']], ['jobs', ['jobs']]]);
    for (const [, { environment }] of own) expect(environment).toEqual(own[0]?.[1].environment);
  });

  it('names variables that the program reads, and they make a configuration', () => {
    const source = read('src/config/load.ts');
    const set = new Set([...Object.keys(own[0]?.[1].environment ?? {}), ...[...read('Dockerfile').matchAll(/\b(HEDGEROW_\w+)=/g)].map((m) => m[1] ?? '')]);
    for (const name of set) expect(source, name).toContain(`env['${name}']`);
    const { config, secrets } = loadConfig({ packageFolder, env: filled(own[0]?.[1].environment) });
    expect(config.database.url).toMatch(/^postgres:\/\//);
    expect(config.queue.redisUrl).toMatch(/^redis:\/\//);
    expect(config.store.s3).toMatchObject({ endpoint: 'http://s3:7070', bucket: 'hedgerow' });
    expect(config.api.publicUrl).toMatch(/^http/);
    expect(secrets.key).not.toBeNull();
    expect(secrets.adminToken).not.toBeNull();
  });

  it('keeps jobs on the disk of Redis, and never evicts one', () => {
    expect(services['redis']?.command?.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
  });
});

describe('S3 from the environment', () => {
  const file = path.join(packageFolder, 'tests/fixtures/config/s3.yaml');
  const s3 = (env: Record<string, string>, own?: string) => loadConfig({ packageFolder, env, file: own }).config.store.s3;

  it('leaves what the file says and the environment does not', () => {
    expect(s3({ S3_SECRET_ACCESS_KEY: 'from-the-environment' }, file)).toEqual({
      endpoint: 'http://store:9000', bucket: 'village', region: 'eu-1', accessKeyId: 'from-the-file', secretAccessKey: 'from-the-environment', forcePathStyle: true,
    });
    expect(s3({ S3_ENDPOINT: 'http://other:9000', AWS_SECRET_ACCESS_KEY: 'of-aws' }, file)).toMatchObject({ endpoint: 'http://other:9000', bucket: 'village', secretAccessKey: 'of-aws' });
  });

  it('is off without an endpoint, whatever keys lie around', () => {
    expect(s3({ AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', S3_BUCKET: 'z' })).toBeNull();
  });
});
