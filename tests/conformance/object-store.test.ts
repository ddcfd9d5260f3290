/** One suite for every object store, on the real thing: the file system, and an S3 server. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../src/contract/object-store.js';
import type { MaskedPicture } from '../../src/contract/picture.js';
import { newId } from '../../src/core/ids.js';
import { createFsObjectStore } from '../../src/store/adapters/fs-object-store.js';
import { createS3ObjectStore } from '../../src/store/adapters/s3-object-store.js';
import { pictureKey, reelKey } from '../../src/store/object-keys.js';
import { silentLog, temporaryFolder } from '../support/databases.js';
import { testPicture, testReel } from '../support/pictures.js';
import { s3Endpoint, s3Keys, services } from '../support/services.js';

interface Backend {
  store: ObjectStore;
  remove(): Promise<void>;
}

async function onDisk(): Promise<Backend> {
  const { folder, remove } = await temporaryFolder();
  return { store: createFsObjectStore({ folder: path.join(folder, 'objects'), log: silentLog }), remove };
}

function onS3(bucket = `hedgerow-test-${randomBytes(6).toString('hex')}`): Promise<Backend> {
  const store = createS3ObjectStore({ endpoint: s3Endpoint, bucket, ...s3Keys, forcePathStyle: true, log: silentLog });
  return Promise.resolve({
    store,
    // The bucket stays, empty: the server of the tests keeps nothing.
    async remove() {
      for (const { key } of await all(store.list(''))) await store.delete(key);
      await store.close();
    },
  });
}

const backends = [
  { name: 'file system', here: true, open: onDisk },
  { name: 'S3', here: services.s3, open: onS3 },
];

for (const { name, here, open } of backends) {
  describe.skipIf(!here)(`object store: ${name}${here ? '' : ' (needs an S3 server: .ci/services/s3.sh start)'}`, () => {
    let backend: Backend;
    let store: ObjectStore;
    beforeAll(async () => {
      backend = await open();
      store = backend.store;
    });
    afterAll(() => backend.remove());

    it('answers a probe, making its bucket or folder when it is missing', async () => {
      await store.probe();
      await store.probe();
    });

    it('has nothing at first', async () => {
      expect(await all(store.list(''))).toEqual([]);
      expect(await store.get(pictureKey((await testPicture()).receipt))).toBeUndefined();
    });

    it('gives back exactly the bytes, of any content and size', async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 3_000 }), fc.integer({ min: 60_000, max: 400_000 }).map((n) => new Uint8Array(randomBytes(n)))), async (jpeg) => {
          const picture = await testPicture({ jpeg });
          const key = pictureKey(picture.receipt);
          await store.put(key, picture);
          const back = await store.get(key);
          expect(back && sha256(back)).toBe(picture.receipt.sha256);
          await store.delete(key);
          expect(await store.get(key)).toBeUndefined();
        }),
        { numRuns: 25 },
      );
    });

    it('replaces an object of the same key', async () => {
      const first = await testPicture({ jpeg: new Uint8Array(randomBytes(5_000)) });
      const key = pictureKey(first.receipt);
      await store.put(key, first);
      await store.put(key, await testPicture({ ...first.receipt, jpeg: new Uint8Array([1, 2, 3]) }));
      expect(await store.get(key)).toEqual(new Uint8Array([1, 2, 3]));
      expect(await all(store.list(key))).toEqual([{ key, bytes: 3 }]);
      await store.delete(key);
    });

    it('deletes what is not there', async () => {
      await store.delete(pictureKey((await testPicture()).receipt));
    });

    it('lists by prefix, in key order, with sizes', async () => {
      const [siteId, cameraA, cameraB] = [newId(), newId(), newId()];
      const expected: ObjectInfo[] = [];
      for (const cameraId of [cameraB, cameraA]) {
        for (const day of [3, 1, 2]) {
          const picture = await testPicture({ siteId, cameraId, receivedAtMs: Date.UTC(2026, 0, day), jpeg: new Uint8Array(10 * day) });
          const key = pictureKey(picture.receipt);
          await store.put(key, picture);
          expected.push({ key, bytes: 10 * day });
        }
      }
      expected.sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(await all(store.list(`pictures/${siteId}/`))).toEqual(expected);
      expect(await all(store.list(`pictures/${siteId}/${cameraB}/`))).toEqual(expected.filter((o) => o.key.includes(cameraB)));
      expect(await all(store.list(`pictures/${siteId}/${cameraA}/2026-01-0`))).toHaveLength(3);
      expect(await all(store.list(`pictures/${newId()}/`))).toEqual([]);
      for (const { key } of expected) await store.delete(key);
      expect(await all(store.list('pictures/'))).toEqual([]);
    });

    it('puts and deletes many at once', async () => {
      const siteId = newId();
      const cameraId = newId();
      const made = await Promise.all(Array.from({ length: 60 }, (_, i) => testPicture({ siteId, cameraId, jpeg: new Uint8Array(i + 1) })));
      await Promise.all(
        made.map(async (picture, i) => {
          await store.put(pictureKey(picture.receipt), picture);
          if (i % 2 === 0) await store.delete(pictureKey(picture.receipt));
        }),
      );
      const left = await all(store.list(`pictures/${siteId}/`));
      expect(left.map((o) => o.bytes).sort((a, b) => a - b)).toEqual(made.map((_, i) => i + 1).filter((n) => n % 2 === 0));
      await Promise.all(left.map(({ key }) => store.delete(key)));
    });

    it('takes nothing but what the masker made', async () => {
      const real = await testPicture();
      const key = pictureKey(real.receipt);
      for (const fake of [{ ...real }, structuredClone(real), { receipt: real.receipt, jpeg: new Uint8Array(3) }, null, real.jpeg] as unknown[]) {
        await expect(store.put(key, fake as MaskedPicture)).rejects.toMatchObject({ code: 'picture.unmasked' });
      }
      expect(await store.get(key)).toBeUndefined();
    });

    it('takes reels like pictures, beside them', async () => {
      const [reel, picture] = [await testReel({ file: new Uint8Array(randomBytes(5_000)) }), await testPicture()];
      const [reelAt, pictureAt] = [reelKey(reel.receipt), pictureKey(picture.receipt)];
      await store.put(reelAt, reel);
      await store.put(pictureAt, picture);
      expect(sha256((await store.get(reelAt)) as Uint8Array)).toBe(reel.receipt.sha256);
      expect((await all(store.list(''))).map((o) => o.key)).toEqual([pictureAt, reelAt]);
      await expect(store.put(reelAt, { ...reel })).rejects.toMatchObject({ code: 'picture.unmasked' });
      await expect(store.put(reelAt.replace('.webm', '.avi'), reel)).rejects.toMatchObject({ code: 'store.key' });
      for (const key of [reelAt, pictureAt]) await store.delete(key);
    });

    it('refuses keys of another form', async () => {
      const picture = await testPicture();
      const good = pictureKey(picture.receipt);
      const bad = ['', '/etc/passwd', '../../etc/passwd', good.replace('pictures/', 'pictures/../'), `${good}/../x.jpg`, `${good}\0`, good.toUpperCase(), `/${good}`, good.replace('.jpg', '.png')];
      for (const key of bad) {
        await expect(store.put(key, picture)).rejects.toMatchObject({ code: 'store.key' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'store.key' });
        await expect(store.delete(key)).rejects.toMatchObject({ code: 'store.key' });
      }
    });

    it('stops when it is told to', async () => {
      const stopped = AbortSignal.abort();
      const picture = await testPicture();
      await expect(store.put(pictureKey(picture.receipt), picture, stopped)).rejects.toMatchObject({ code: 'process.aborted' });
      await expect(all(store.list('', stopped))).rejects.toMatchObject({ code: 'process.aborted' });
    });
  });
}

describe('object store: file system only', () => {
  it('shows and deletes temporary files, shows foreign ones, and follows no link', async () => {
    const { folder, remove } = await temporaryFolder();
    try {
      const store = createFsObjectStore({ folder, log: silentLog });
      const picture = await testPicture();
      const key = pictureKey(picture.receipt);
      await store.put(key, picture);
      const temporary = `${key}.0123456789abcdef.tmp`;
      await writeFile(path.join(folder, temporary), 'half');
      await writeFile(path.join(folder, 'notes.txt'), 'mine');
      await mkdir(path.join(folder, 'outside'));
      await symlink('/etc', path.join(folder, 'outside', 'etc'));
      expect((await all(store.list(''))).map((o) => o.key)).toEqual(['notes.txt', 'outside/etc', key, temporary]);
      await store.delete(temporary);
      await expect(store.delete('notes.txt')).rejects.toMatchObject({ code: 'store.key' });
      await expect(store.delete(`${key}.0123456789abcdef.tmp/../../x.tmp`)).rejects.toMatchObject({ code: 'store.key' });
    } finally {
      await remove();
    }
  });

  it('takes empty folders away with the last object, and leaves no temporary file', async () => {
    const { folder, remove } = await temporaryFolder();
    try {
      const store = createFsObjectStore({ folder, log: silentLog });
      const picture = await testPicture();
      await store.put(pictureKey(picture.receipt), picture);
      await store.delete(pictureKey(picture.receipt));
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await remove();
    }
  });

  it('says that it is unavailable when the folder cannot be one', async () => {
    const { folder, remove } = await temporaryFolder();
    try {
      await writeFile(path.join(folder, 'objects'), 'a file is in the way');
      const store = createFsObjectStore({ folder: path.join(folder, 'objects'), log: silentLog });
      const picture = await testPicture();
      await expect(store.put(pictureKey(picture.receipt), picture)).rejects.toMatchObject({ code: 'store.unavailable' });
      await expect(store.probe()).rejects.toMatchObject({ code: 'store.unavailable' });
    } finally {
      await remove();
    }
  });
});

describe.skipIf(!services.s3)(`object store: S3 only${services.s3 ? '' : ' (needs an S3 server: .ci/services/s3.sh start)'}`, () => {
  it('refuses a bucket that keeps old versions', async () => {
    const bucket = `hedgerow-test-${randomBytes(6).toString('hex')}`;
    const client = new S3Client({ endpoint: s3Endpoint, region: s3Keys.region, credentials: s3Keys, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    client.destroy();
    const backend = await onS3(bucket);
    const { store } = backend;
    const picture = await testPicture();
    await expect(store.put(pictureKey(picture.receipt), picture)).rejects.toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('versioning') as string });
    await expect(store.probe()).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(backend.remove()).rejects.toMatchObject({ code: 'store.unavailable' });
    await store.close();
  });

  it('says that it is unavailable with wrong keys', async () => {
    const store = createS3ObjectStore({ endpoint: s3Endpoint, bucket: 'hedgerow-test', ...s3Keys, secretAccessKey: 'wrong', forcePathStyle: true, log: silentLog });
    await expect(store.probe()).rejects.toMatchObject({ code: 'store.unavailable' });
    await store.close();
  });
});

describe('object store: S3 servers that lie', () => {
  /** A server that answers 200 to everything; what it keeps of a body is up to the test. */
  async function lying(keep: (body: Buffer) => Buffer, etag: (body: Buffer) => string): Promise<{ store: ObjectStore; stop: () => Promise<void> }> {
    const objects = new Map<string, Buffer>();
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const name = new URL(request.url ?? '/', 'http://x').pathname;
        const body = Buffer.concat(parts);
        if (request.method === 'PUT') {
          objects.set(name, keep(body));
          response.writeHead(200, { etag: `"${etag(body)}"` }).end();
        } else if (request.method === 'DELETE') {
          objects.delete(name);
          response.writeHead(204).end();
        } else if (request.method === 'GET' && name.endsWith('.jpg')) {
          const there = objects.get(name);
          response.writeHead(there ? 200 : 404).end(there);
        } else response.writeHead(200, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? undefined : '<VersioningConfiguration/>');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const store = createS3ObjectStore({ endpoint: `http://127.0.0.1:${port}`, bucket: 'liar', ...s3Keys, forcePathStyle: true, log: silentLog });
    return {
      store,
      async stop() {
        await store.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it('does not believe a server that kept other bytes than it was sent', async () => {
    const { store, stop } = await lying((body) => Buffer.concat([body, Buffer.from('tail')]), () => randomBytes(16).toString('hex'));
    const picture = await testPicture();
    const key = pictureKey(picture.receipt);
    await expect(store.put(key, picture)).rejects.toMatchObject({ code: 'store.unavailable', message: expect.stringContaining('other bytes') as string });
    expect(await store.get(key)).toBeUndefined();
    await stop();
  });

  it('reads back where the ETag is not the MD5, as with encryption on the server', async () => {
    const { store, stop } = await lying((body) => body, () => 'encrypted-1');
    const picture = await testPicture();
    await store.put(pictureKey(picture.receipt), picture);
    expect(await store.get(pictureKey(picture.receipt))).toEqual(picture.jpeg);
    await stop();
  });
});

describe('object store: S3 without a server', () => {
  it('says that it is unavailable', async () => {
    const store = createS3ObjectStore({ endpoint: 'http://127.0.0.1:1', bucket: 'none', ...s3Keys, forcePathStyle: true, log: silentLog });
    const picture = await testPicture();
    await expect(store.put(pictureKey(picture.receipt), picture)).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(store.probe()).rejects.toMatchObject({ code: 'store.unavailable' });
    await store.close();
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
