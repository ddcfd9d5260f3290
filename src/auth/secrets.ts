/** Random secrets and their hashes. A secret has 256 random bits, so one round of SHA-256 keeps it (no dictionary helps). */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** @param prefix tells a reader (and a secret scanner) what was found */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** SHA-256, hex. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Takes the same time wherever two texts differ, and whatever their lengths are. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a, 'utf8').digest(), createHash('sha256').update(b, 'utf8').digest());
}
