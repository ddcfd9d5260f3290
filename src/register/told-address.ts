/**
 * Addresses that a device tells about itself: services, streams, subscriptions. They often name a host that we cannot
 * reach (the factory's, the one behind a NAT, 127.0.0.1) and sometimes are no URLs at all (quirks 5 and 6). Policy
 * "reached host": the host that we reached is put in, path and port stay as told, credentials inside are dropped.
 */

export interface ToldAddress {
  readonly scheme: string;
  /** without brackets; empty when the device left it out */
  readonly host: string;
  /** null when none, or none that is a port, was told */
  readonly port: number | null;
  /** path and query, beginning with a slash */
  readonly path: string;
}

/** @returns null when the text is no address with a scheme */
export function readToldAddress(text: string): ToldAddress | null {
  const [, scheme, authority, path] = /^\s*([a-z][a-z0-9+.-]*):\/\/([^/?#\s]*)([^\s]*)/i.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return null;
  const bare = authority.slice(authority.lastIndexOf('@') + 1);
  const [, bracketed, plain, ports] = /^(?:\[([^\]]*)\]|([^:]*))((?::[^:]*)*)$/.exec(bare) ?? [];
  // "rtsp://host:80:554/": of several ports the last one that can be one is meant.
  const port = (ports ?? '')
    .split(':')
    .filter((p) => /^\d{1,5}$/.test(p))
    .map(Number)
    .findLast((p) => p >= 1 && p <= 65_535);
  const pathText = path ?? '';
  return {
    scheme: scheme.toLowerCase(),
    host: (bracketed ?? plain ?? '').toLowerCase(),
    port: port ?? null,
    path: pathText.startsWith('/') ? pathText : `/${pathText}`,
  };
}

/**
 * @param host the host that we reached, IPv6 without brackets
 * @returns the address on that host, or null when `told` is none
 */
export function onReachedHost(told: string, host: string): string | null {
  const read = readToldAddress(told);
  return read && writeAddress({ ...read, host });
}

export function writeAddress({ scheme, host, port, path }: ToldAddress): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${port === null ? '' : `:${port}`}${path}`;
}
