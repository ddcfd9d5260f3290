/**
 * The signature of a webhook delivery. A receiver computes the same over the bytes that came, compares in constant time,
 * refuses a timestamp that is more than some minutes off, and drops an idempotency key that it has seen.
 */
import { createHmac } from 'node:crypto';

export const signatureHeaders = {
  idempotencyKey: 'hedgerow-idempotency-key',
  /** seconds since 1970, decimal */
  timestamp: 'hedgerow-timestamp',
  signature: 'hedgerow-signature',
} as const;

/** @returns `v1=` and the hex HMAC-SHA256 (RFC 2104) of `<timestamp>.<body>`, both UTF-8 */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`, 'utf8').digest('hex')}`;
}
