/**
 * Objects in a bucket of an S3 server. Bodies are buffers (streams are sent in a form that several servers refuse or store
 * wrongly), checksums are only sent where the protocol asks for them, and every put is proved: the request carries its MD5,
 * which the server must check, and the ETag must repeat it; where the ETag is something else (server-side encryption), the
 * object is read back.
 *
 * The bucket is made when it is missing. A bucket with versioning is refused: deleting in it deletes nothing.
 */
import { createHash } from 'node:crypto';
import {
  CreateBucketCommand, DeleteObjectCommand, GetBucketVersioningCommand, GetObjectCommand, HeadBucketCommand, ListObjectsV2Command,
  PutObjectCommand, S3Client, S3ServiceException, type BucketLocationConstraint,
} from '@aws-sdk/client-s3';
import { requireKey, requireMasked, type ObjectStore } from '../../contract/object-store.js';
import { HedgerowError, isAbort, messageOf, systemCodeOf } from '../../core/errors.js';
import type { Logger } from '../../telemetry/logger.js';

export interface S3Options {
  /** http://host:port */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** http://host/bucket/key in place of http://bucket.host/key: what most servers on premises want */
  readonly forcePathStyle: boolean;
  readonly log: Logger;
}

export function createS3ObjectStore(options: S3Options): ObjectStore {
  const { endpoint, bucket, region, log } = options;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: options.forcePathStyle,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 15_000, throwOnRequestTimeout: true, socketTimeout: 15_000 },
  });
  let ready: Promise<void> | undefined;

  function failed(cause: unknown, what: string, key?: string): HedgerowError {
    if (cause instanceof HedgerowError) return cause;
    if (isAbort(cause)) return new HedgerowError('process.aborted', `${what} was stopped.`, { context: { key }, cause });
    const code = cause instanceof S3ServiceException ? cause.name : systemCodeOf(cause);
    const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined;
    const full = code === 'QuotaExceeded' || code === 'XMinioStorageFull' || code === 'InsufficientStorage' || status === 507;
    return new HedgerowError(full ? 'store.full' : 'store.unavailable', `${what} failed at ${endpoint}: ${code ?? ''} ${messageOf(cause)}`.trim(), {
      context: { key, code, httpStatus: status, bucket },
      cause,
    });
  }

  /** Once: the bucket is there (or made) and keeps no old versions. A failure is forgotten, so that the next call asks anew. */
  function bucketReady(signal: AbortSignal | undefined): Promise<void> {
    ready ??= prepareBucket().catch((thrown: unknown) => {
      ready = undefined;
      throw failed(thrown, `Using the bucket ${bucket}`);
    });
    return signal ? until(ready, signal) : ready;
  }

  async function prepareBucket(): Promise<void> {
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket }));
    } catch (thrown) {
      if (!isStatus(thrown, 404)) throw thrown;
      await makeBucket();
      log.info({ bucket }, 'the bucket was made');
    }
    let versioning: string | undefined;
    try {
      versioning = (await client.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status;
    } catch (thrown) {
      if (!isStatus(thrown, 400, 403, 404, 405, 501)) throw thrown;
      log.warn({ bucket, error: messageOf(thrown) }, 'whether the bucket keeps old versions cannot be asked; it must not');
    }
    if (versioning === 'Enabled' || versioning === 'Suspended') {
      throw new HedgerowError('store.unavailable', `The bucket ${bucket} has versioning (${versioning}): deleted objects would stay. Use a bucket that never had it.`, {
        context: { bucket },
      });
    }
  }

  async function makeBucket(): Promise<void> {
    const attempts = region === 'us-east-1' ? [undefined] : [region, undefined];
    for (const [i, location] of attempts.entries()) {
      try {
        await client.send(
          new CreateBucketCommand({ Bucket: bucket, ...(location ? { CreateBucketConfiguration: { LocationConstraint: location as BucketLocationConstraint } } : {}) }),
        );
        return;
      } catch (thrown) {
        const name = thrown instanceof S3ServiceException ? thrown.name : '';
        if (name === 'BucketAlreadyOwnedByYou') return;
        // Servers on premises often know no region by that name.
        if (name === 'InvalidLocationConstraint' && i + 1 < attempts.length) continue;
        throw thrown;
      }
    }
  }

  async function read(key: string, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), abortable(signal));
      return Body ? await Body.transformToByteArray() : new Uint8Array();
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined;
      throw thrown;
    }
  }

  return {
    async put(key, content, signal) {
      const { bytes, mediaType } = requireMasked(content);
      requireKey(key);
      await bucketReady(signal);
      const md5 = createHash('md5').update(bytes).digest();
      try {
        const { ETag } = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentLength: bytes.byteLength,
            ContentMD5: md5.toString('base64'),
            ContentType: mediaType,
          }),
          abortable(signal),
        );
        if (ETag?.replaceAll('"', '').toLowerCase() === md5.toString('hex')) return;
        const stored = await read(key, signal);
        if (stored && Buffer.compare(stored, bytes) === 0) return;
      } catch (thrown) {
        if (isStatus(thrown, 404)) ready = undefined;
        throw failed(thrown, 'Storing an object', key);
      }
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })).catch(() => undefined);
      throw new HedgerowError('store.unavailable', `${endpoint} stored other bytes than it was sent.`, { context: { key, bucket } });
    },
    async get(key, signal) {
      requireKey(key);
      await bucketReady(signal);
      try {
        return await read(key, signal);
      } catch (thrown) {
        throw failed(thrown, 'Reading an object', key);
      }
    },
    async delete(key, signal) {
      requireKey(key);
      await bucketReady(signal);
      try {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), abortable(signal));
      } catch (thrown) {
        if (!isStatus(thrown, 404)) throw failed(thrown, 'Deleting an object', key);
      }
    },
    async *list(prefix, signal) {
      await bucketReady(signal);
      let token: string | undefined;
      do {
        try {
          const page = await client.send(
            new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token === undefined ? {} : { ContinuationToken: token }) }),
            abortable(signal),
          );
          for (const object of page.Contents ?? []) if (object.Key !== undefined) yield { key: object.Key, bytes: object.Size ?? 0 };
          token = page.IsTruncated ? page.NextContinuationToken : undefined;
        } catch (thrown) {
          throw failed(thrown, 'Listing objects', prefix);
        }
      } while (token !== undefined);
    },
    async probe(signal) {
      await bucketReady(signal);
      try {
        await client.send(new HeadBucketCommand({ Bucket: bucket }), abortable(signal));
      } catch (thrown) {
        ready = undefined;
        throw failed(thrown, 'Asking for the bucket');
      }
    },
    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

/** A signal of the request's own: the client leaves its listeners on what it is given, and ours lives as long as the process. */
function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: AbortSignal.any([signal]) } : {};
}

function isStatus(thrown: unknown, ...statuses: number[]): boolean {
  return thrown instanceof S3ServiceException && statuses.includes(thrown.$metadata.httpStatusCode ?? 0);
}

/** Waits, but no longer than the signal allows. */
function until(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => reject(new HedgerowError('process.aborted', 'Stopped before the object store was asked.', { cause: signal.reason }));
    if (signal.aborted) return stopped();
    signal.addEventListener('abort', stopped, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stopped));
  });
}
