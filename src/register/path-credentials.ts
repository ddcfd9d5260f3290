/**
 * Addresses that carry the log-in in their path, as XiongMai's do: `/user=admin_password=secret_channel=1_stream=1.sdp`
 * (policy `password-in-path`). What is stored, shown and logged is a template; the log-in is put in when a connection is
 * made, in memory. Such a log-in crosses the network in clear: one of a credential set never goes this way.
 */
import { createHash } from 'node:crypto';
import type { Login } from './login-budget.js';

/** Names under which makers put the password into the path; `auth` holds base64 of both parts. */
const secretName = 'password|passwd|passw|passwort|pass|pwd|psw|pw|loginpas|auth';
const userName = 'username|user|usr|loginuse';
/** A value ends where the next name begins: passwords may hold an underscore, and makers use it as a separator. */
const value = '(?:(?!_[a-z]{1,20}=)[^&;?/\\s])';
const placeholder = '\\{(?:username|password|password-hash)\\}';

/** Whether a path or query holds a password that is not a placeholder. */
export function hasSecretInPath(path: string): boolean {
  return new RegExp(`(?:^|[/?&_;])(?:${secretName})=(?!${placeholder})${value}`, 'i').test(path);
}

/** Takes what looks like a password in a path out of a text that people will read. */
export function withoutSecretInPath(text: string): string {
  return text.replace(new RegExp(`((?:${secretName})=)(?!${placeholder})${value}*`, 'gi'), '$1[sealed]');
}

/** Whether the address is a template: its path takes the log-in. */
export function takesLoginInPath(address: string): boolean {
  return /\{password(?:-hash)?\}/.test(address);
}

export interface PathTemplate {
  /** with `{username}` and `{password}` in the place of the values */
  readonly path: string;
  readonly username: string | null;
  readonly password: string;
}

/**
 * @param ours the camera's password: a device that names the hash of it is sent the hash again (`{password-hash}`)
 * @returns null when there is no password in the path, or one in a form that no template can hold (base64 of both parts)
 */
export function templateOf(path: string, ours: string | null = null): PathTemplate | null {
  if (!hasSecretInPath(path)) return null;
  let username: string | null = null;
  let password: string | null = null;
  const templated = path
    .replace(new RegExp(`([/?&_;](?:${userName})=)(${value}+)`, 'i'), (_all, name: string, found: string) => {
      username = decoded(found);
      return `${name}{username}`;
    })
    .replace(new RegExp(`([/?&_;](?:${secretName})=)(${value}+)`, 'i'), (_all, name: string, found: string) => {
      const hashed = found !== ours && found === xiongMaiHash(ours ?? '');
      password = hashed ? (ours ?? '') : decoded(found);
      return `${name}${hashed ? '{password-hash}' : '{password}'}`;
    });
  return password === null || hasSecretInPath(templated) || /[/?&_;]auth=/i.test(templated) ? null : { path: templated, username, password };
}

/** The address as it is connected to. A secret: never store, log or answer it. */
export function fillPath(address: string, login: Login | null): string {
  const { username, password } = login ?? { username: '', password: '' };
  return address
    .replaceAll('{username}', () => encodeURIComponent(username))
    .replaceAll('{password-hash}', () => xiongMaiHash(password))
    .replaceAll('{password}', () => encodeURIComponent(password));
}

/** How XiongMai firmware writes a password into the addresses that it tells: eight characters from its MD5. */
export function xiongMaiHash(password: string): string {
  const digest = createHash('md5').update(password, 'utf8').digest();
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  return Array.from({ length: 8 }, (_, i) => letters[((digest[2 * i] ?? 0) + (digest[2 * i + 1] ?? 0)) % 62] ?? '').join('');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
