/** The server's side of WS-UsernameToken with a password digest (WSS UsernameToken Profile 1.0; ONVIF Core 5.9.1). */
import { createHash } from 'node:crypto';

export interface UsernameToken {
  readonly username: string;
  readonly digest: string;
  readonly nonceBase64: string;
  readonly created: string;
}

export interface UsernameTokenDoor {
  verify(token: UsernameToken): 'right' | 'wrong';
}

/** Nonces that are remembered; a nonce older than the window cannot come again anyway. */
const maxNonces = 4096;

/** @param nowMs the camera's own clock: `Created` is judged by it, within `windowMs` to both sides */
export function createUsernameTokenDoor(options: { passwordOf: (username: string) => string | undefined; nowMs: () => number; windowMs?: number }): UsernameTokenDoor {
  const { windowMs = 5_000 } = options;
  const seen = new Set<string>();
  return {
    verify(token) {
      const createdMs = Date.parse(token.created);
      const password = options.passwordOf(token.username);
      if (password === undefined || token.nonceBase64 === '' || !/Z$/.test(token.created)) return 'wrong';
      if (!(Math.abs(options.nowMs() - createdMs) <= windowMs)) return 'wrong';
      if (passwordDigest(token.nonceBase64, token.created, password) !== token.digest) return 'wrong';
      const use = `${token.nonceBase64} ${token.created}`;
      if (seen.has(use)) return 'wrong';
      if (seen.size >= maxNonces) seen.delete(seen.values().next().value ?? '');
      seen.add(use);
      return 'right';
    },
  };
}

/** Base64(SHA1(nonce ‖ created ‖ password)). */
export function passwordDigest(nonceBase64: string, created: string, password: string): string {
  return createHash('sha1').update(Buffer.from(nonceBase64, 'base64')).update(created, 'utf8').update(password, 'utf8').digest('base64');
}
