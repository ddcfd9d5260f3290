/**
 * Encrypts secrets at rest: AES-256-GCM with a fresh random nonce (NIST SP 800-38D, 8.2.2). Version, key id and the
 * caller's context are authenticated with the text, so that a sealed value can be moved neither to another row nor
 * under another key. Form: `v1.<keyId>.<nonce>.<ciphertext and tag>`, parts in base64url.
 *
 * Keys come from the environment or from a file, which is made with mode 0600 when it is missing. Both may hold several
 * keys, separated by white space or commas: the first one seals, all of them open. That is how a key is changed.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Sealer } from '../contract/auth-ports.js';
import { HedgerowError, systemCodeOf } from '../core/errors.js';

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

/**
 * @param options.key base64 of 32 bytes (or several of them), or null: the key file is read or made
 * @throws HedgerowError `config.key` when a key has another form, or when the key file can be read by other users
 */
export function createSealer(options: { key: string | null; keyFile: string }): Sealer {
  const keys = options.key === null ? readKeyFile(options.keyFile) : parseKeys(options.key, 'HEDGEROW_KEY');
  const current = keys[0];
  if (!current) throw new HedgerowError('config.key', 'There is no sealing key.');

  return {
    seal(secret, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(boundTo(current.id, context));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1.${current.id}.${nonce.toString('base64url')}.${text.toString('base64url')}`;
    },

    open(sealed, context) {
      const [version, id, nonceText, textText, more] = sealed.split('.');
      const nonce = exactBase64url(nonceText);
      const text = exactBase64url(textText);
      if (version !== 'v1' || more !== undefined || !id || nonce?.length !== nonceBytes || !text || text.length < tagBytes) {
        throw new HedgerowError('config.key', 'A stored secret does not have the form of a sealed one.');
      }
      const found = keys.find((k) => k.id === id);
      if (!found) {
        throw new HedgerowError('config.key', `A stored secret was sealed with the key ${id.slice(0, 16)}, which is not here. Bring back that key file, or enter the secret again.`, {
          context: { keyId: id.slice(0, 16) },
        });
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', found.key, nonce, { authTagLength: tagBytes });
        decipher.setAAD(boundTo(id, context));
        decipher.setAuthTag(text.subarray(-tagBytes));
        return Buffer.concat([decipher.update(text.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new HedgerowError('config.key', 'A stored secret cannot be opened: it was changed, or belongs to another row.', { cause });
      }
    },

    fingerprint(secret, context) {
      // A key of its own, derived: the sealing key is used for nothing but sealing.
      const key = createHmac('sha256', current.key).update('hedgerow fingerprint').digest();
      return createHmac('sha256', key).update(`${Buffer.byteLength(context)}\n${context}\n`).update(secret, 'utf8').digest('base64url');
    },
  };
}

function boundTo(keyId: string, context: string): Buffer {
  return Buffer.from(`v1.${keyId}\n${context}`, 'utf8');
}

/** Node's decoder takes anything; only the one right spelling of some bytes is accepted here. */
function exactBase64url(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function parseKeys(text: string, source: string): readonly SealingKey[] {
  const keys = text.split(/[\s,]+/).filter((part) => part !== '').map((part) => {
    const key = Buffer.from(part, 'base64');
    if (key.length !== keyBytes || !/^[A-Za-z0-9+/_-]{43}=?$/.test(part)) {
      throw new HedgerowError('config.key', `${source} does not hold base64 of ${keyBytes} bytes. Make one with: openssl rand -base64 32`);
    }
    return { id: createHash('sha256').update('hedgerow sealing key\n').update(key).digest('base64url').slice(0, 8), key };
  });
  if (keys.length === 0) throw new HedgerowError('config.key', `${source} is empty. Make a key with: openssl rand -base64 32`);
  return keys;
}

function readKeyFile(file: string): readonly SealingKey[] {
  try {
    return readExisting(file);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT') throw keyFileError(file, thrown);
  }
  try {
    makeKeyFile(file);
    return readExisting(file);
  } catch (thrown) {
    throw keyFileError(file, thrown);
  }
}

function readExisting(file: string): readonly SealingKey[] {
  const { mode } = statSync(file);
  // Windows has no such bits; there the folder's access list guards the file.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new HedgerowError('config.key', `Other users can read the sealing key ${file}. Close it with: chmod 600 "${file}"`, { context: { file } });
  }
  return parseKeys(readFileSync(file, 'utf8'), file);
}

/**
 * The key is durable under another name before it gets its own, and the first of two processes wins: a secret sealed
 * with a key that a crash has lost could never be opened again.
 */
function makeKeyFile(file: string): void {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = openSync(draft, 'wx', 0o600);
    try {
      writeSync(handle, `${randomBytes(keyBytes).toString('base64')}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    try {
      linkSync(draft, file);
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'EEXIST') throw thrown;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  if (process.platform !== 'win32') {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }
}

function keyFileError(file: string, thrown: unknown): HedgerowError {
  if (thrown instanceof HedgerowError) return thrown;
  return new HedgerowError('config.key', `The sealing key ${file} can be neither read nor made (${systemCodeOf(thrown) ?? 'unknown cause'}).`, {
    context: { file },
    cause: thrown,
  });
}
