/**
 * The address of a camera as people write it, in one normal form: `rtsp://host[:port]/path` for a plain stream,
 * `http(s)://host[:port]/path` for an ONVIF device. Credentials are taken out of it; where a stream wants them in its path,
 * a template stays (`path-credentials.ts`). An error never repeats the text: it may hold a password.
 */
import { domainToASCII } from 'node:url';
import { HedgerowError } from '../core/errors.js';
import { hasSecretInPath, templateOf } from './path-credentials.js';

export interface CameraAddress {
  readonly protocol: 'onvif' | 'rtsp';
  /** normal form, without credentials */
  readonly address: string;
  /** as it was written, lower case; IPv6 without brackets */
  readonly host: string;
  readonly port: number;
  /** from `user:password@` or the path, decoded; null when there was none */
  readonly username: string | null;
  readonly password: string | null;
}

const defaultPorts = { http: 80, https: 443, rtsp: 554 } as const;
const devicePath = '/onvif/device_service';

/** @throws HedgerowError `camera.address` for another scheme, no host, a bad port, or a password in the path that no template can hold */
export function parseCameraAddress(text: string): CameraAddress {
  const trimmed = text.trim();
  if (trimmed.length > 500) throw wrong('is longer than 500 characters');
  // eslint-disable-next-line no-control-regex -- control characters are just what must not be in an address
  if (/[\s\u0000-\u001f\u007f]/.test(trimmed)) throw wrong('has blanks or control characters in it');
  const [, schemeText, afterScheme] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(trimmed) ?? [null, 'http', trimmed];
  const scheme = (schemeText ?? '').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https' && scheme !== 'rtsp') {
    throw wrong(`begins with ${scheme}://; rtsp://, http:// and https:// are known, or host[:port] alone`);
  }
  const rest = afterScheme ?? '';
  const authorityEnd = rest.search(/[/?#]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const written = (authorityEnd < 0 ? '' : rest.slice(authorityEnd)).replace(/#.*$/, '');
  const template = scheme === 'rtsp' ? templateOf(written) : null;
  const path = template?.path ?? written;
  if (hasSecretInPath(path)) {
    throw wrong('has a password in its path or query, where everybody who sees the address reads it; give the password by itself and use an address without it');
  }

  const at = authority.lastIndexOf('@');
  const credentials = at < 0 ? null : splitCredentials(authority.slice(0, at));
  const { host, port } = splitHost(authority.slice(at + 1), defaultPorts[scheme]);
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const shownPort = port === defaultPorts[scheme] ? '' : `:${port}`;
  const shownPath = scheme === 'rtsp' ? path || '/' : path === '' || path === '/' ? devicePath : path.startsWith('/') ? path : `/${path}`;
  return {
    protocol: scheme === 'rtsp' ? 'rtsp' : 'onvif',
    address: `${scheme}://${shownHost}${shownPort}${shownPath}`,
    host,
    port,
    username: credentials?.username ?? template?.username ?? null,
    password: credentials?.password ?? (template?.password || null),
  };
}

function splitCredentials(text: string): { username: string | null; password: string | null } {
  const colon = text.indexOf(':');
  const username = decoded(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? null : decoded(text.slice(colon + 1));
  return { username: username === '' ? null : username, password: password === '' ? null : password };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % in a password
  }
}

function splitHost(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, portText] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(.*))?$/.exec(text) ?? [];
  // Plain text stays what it is: the URL rules would make an address of 127.1 or 0x7f000001.
  // eslint-disable-next-line no-control-regex -- ASCII is meant
  const host = (bracketed ?? (/^[\u0000-\u007f]*$/.test(plain ?? '') ? (plain ?? '') : domainToASCII(plain ?? ''))).toLowerCase();
  if (text === '' || (bracketed === undefined && plain === '')) throw wrong('has no host');
  if (bracketed === undefined && !isHostName(host)) throw wrong('has a host that is neither a name nor an address; an IPv6 address goes into brackets');
  const port = portText === undefined || portText === '' ? defaultPort : /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) throw wrong('has a port that is not a number from 1 to 65535');
  return { host, port };
}

/** A dotted quad or a DNS name. Other numeric forms (127.1, 0x7f000001) are ways around a check, not addresses. */
function isHostName(host: string): boolean {
  if (/^[0-9.]+$/.test(host) || /^0x/.test(host)) {
    const parts = host.split('.');
    return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255);
  }
  return host.length <= 253 && host.split('.').every((label, i, all) => (label === '' && i === all.length - 1 && i > 0) || /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
}

function wrong(reason: string): HedgerowError {
  return new HedgerowError('camera.address', `The address ${reason}.`);
}
