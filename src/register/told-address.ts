/**
 * Addresses that a device tells about itself: services, streams, subscriptions. They often name a host that we cannot
 * reach (the factory's, the one behind a NAT, 127.0.0.1) and sometimes are no URLs at all. Policy `reached-host`: the
 * host that we reached is put in, path and port stay as told, credentials inside are dropped.
 */
import type { DevicePolicy } from './device-policies.js';

export interface ToldAddress {
  readonly scheme: string;
  /** without brackets; empty when the device left it out */
  readonly host: string;
  /** null when none, or none that is a port, was told */
  readonly port: number | null;
  /** path and query, beginning with a slash */
  readonly path: string;
}

interface Parts extends ToldAddress {
  readonly hasCredentials: boolean;
  readonly ports: number;
}

/** Characters; a longer text is no address. */
const maxLength = 2_048;

/** @returns null when the text is no address with a scheme */
export function readToldAddress(text: string): ToldAddress | null {
  const parts = split(text);
  return parts && { scheme: parts.scheme, host: parts.host, port: parts.port, path: parts.path };
}

function split(text: string): Parts | null {
  if (text.length > maxLength) return null;
  const [, scheme, rest] = /^\s*([a-z][a-z0-9+.-]*):\/\/([^\s]*)/i.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return null;
  const { authority, path, hasCredentials } = withoutCredentials(rest);
  const [, bracketed, plain, ports = ''] = /^(?:\[([^\]]*)\]|([^:]*))((?::[^:]*)*)$/.exec(authority) ?? [];
  const told = ports.split(':').filter((p) => p !== '');
  // "rtsp://host:80:554/": of several ports the last one that can be one is meant.
  const port = told
    .filter((p) => /^\d{1,5}$/.test(p))
    .map(Number)
    .findLast((p) => p >= 1 && p <= 65_535);
  return {
    scheme: scheme.toLowerCase(),
    host: (bracketed ?? plain ?? '').toLowerCase(),
    port: port ?? null,
    path: path.startsWith('/') ? path : `/${path}`,
    hasCredentials,
    ports: told.length,
  };
}

/**
 * A password may hold a slash, a question mark or a hash that nobody escaped: `rtsp://admin:a/b@10.0.0.4/live`. What
 * stands before an `@` is credentials when the address could not be read otherwise, or when a numeric host follows it.
 */
function withoutCredentials(rest: string): { authority: string; path: string; hasCredentials: boolean } {
  const end = rest.search(/[/?#]/);
  const [authority, path] = end < 0 ? [rest, ''] : [rest.slice(0, end), rest.slice(end)];
  if (isNumericHost.test(authority)) return { authority, path, hasCredentials: false };
  const hidden = numericHostAfterAt.exec(rest)?.index ?? -1;
  const at = authority.lastIndexOf('@');
  const later = hidden > end ? hidden : at >= 0 ? at : /^[^:[]*:(?!\d*(?::\d*)*$)/.test(authority) ? rest.lastIndexOf('@') : -1;
  return later < 0 ? { authority, path, hasCredentials: false } : { ...withoutCredentials(rest.slice(later + 1)), hasCredentials: true };
}

const isNumericHost = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.%]*\])(?::[\d:]*)?$/i;
const numericHostAfterAt = /@(?=(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?:[:/?#]|$))/i;

/**
 * @param host the host that we reached, IPv6 without brackets
 * @returns the address on that host, or null when `told` is none
 */
export function onReachedHost(told: string, host: string): string | null {
  const read = readToldAddress(told);
  return read && writeAddress({ ...read, host });
}

/** What had to be mended to use an address; empty for one that is as it should be, or is none. */
export function mendedBy(told: string, reachedHosts: readonly string[]): readonly DevicePolicy[] {
  const parts = split(told);
  if (parts === null) return [];
  return [
    ...(reachedHosts.includes(parts.host) ? [] : (['reached-host'] as const)),
    ...(parts.ports > 1 ? (['last-of-several-ports'] as const) : []),
    ...(parts.hasCredentials ? (['credentials-dropped'] as const) : []),
  ];
}

export function writeAddress({ scheme, host, port, path }: ToldAddress): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${port === null ? '' : `:${port}`}${path}`;
}
