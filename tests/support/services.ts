/**
 * Which real services are here. A suite that needs one and does not find it is skipped by name; `npm test` prints the
 * list at its end. Addresses can be set by TEST_POSTGRES_URL, TEST_REDIS_URL, TEST_S3_ENDPOINT, TEST_CHROMIUM.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const env = process.env;

export const postgresUrl = env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
export const redisUrl = env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';
export const s3Endpoint = env['TEST_S3_ENDPOINT'] ?? 'http://127.0.0.1:15080';
/** The keys of the test server that `.ci/services/s3.sh` starts; another server's come from the environment. */
export const s3Keys = {
  accessKeyId: env['TEST_S3_ACCESS_KEY_ID'] ?? 'HEDGEROWTESTACCESS01',
  secretAccessKey: env['TEST_S3_SECRET_ACCESS_KEY'] ?? 'hedgerow-test-secret-000000000000000001',
  region: env['TEST_S3_REGION'] ?? 'us-east-1',
};
export const chromiumPath = env['TEST_CHROMIUM'] ?? '/usr/bin/chromium';
/** Real footage with people and vehicles, its truth, and model weights: not part of the project. */
export const sharedFolder = path.resolve(import.meta.dirname, '../../../shared');

export const services = {
  postgres: await listens(postgresUrl, 5432),
  redis: await listens(redisUrl, 6379),
  s3: await listens(s3Endpoint, 80),
  chromium: existsSync(chromiumPath),
  ffmpeg: spawnSync('ffmpeg', ['-version']).status === 0,
  media: existsSync(path.join(sharedFolder, 'media')),
  models: existsSync(path.join(sharedFolder, 'models')),
};

function listens(url: string, defaultPort: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port) || defaultPort, timeout: 1000 });
    const done = (up: boolean): void => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false)).once('timeout', () => done(false));
  });
}
