/** Passwords of cameras: sealed at once, bound to their camera's row, opened only for a connection. */
import type { Sealer } from '../contract/auth-ports.js';

export function sealPassword(sealer: Sealer, cameraId: string, password: string | null): string | null {
  return password === null || password === '' ? null : sealer.seal(password, context(cameraId));
}

/** Throws `config.key` when the sealing key is another one. */
export function openPassword(sealer: Sealer, cameraId: string, sealed: string | null): string | null {
  return sealed === null ? null : sealer.open(sealed, context(cameraId));
}

function context(cameraId: string): string {
  return `camera:${cameraId}`;
}
