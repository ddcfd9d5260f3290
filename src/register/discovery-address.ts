/** Which of the addresses that a device tells is the one to try first, given where its answer came from. */
import { onReachedHost, readToldAddress, writeAddress } from './told-address.js';

const nobody: ReadonlySet<string> = new Set();

/**
 * An address that names the host the datagram came from is taken as it is, plain HTTP before HTTPS. Any other host may be
 * the factory's, a link-local one or the inside of a NAT, so the source is put in its place: port and path stay.
 * @param source numeric address that the datagram came from
 * @param own addresses of this machine: a device that runs here may name any of them
 */
export function reachableAddress(xaddrs: readonly string[], source: string, own: ReadonlySet<string> = nobody): string {
  const read = xaddrs.flatMap((told) => {
    const address = readToldAddress(told);
    return address && (address.scheme === 'http' || address.scheme === 'https') ? [{ told, address }] : [];
  });
  const plainFirst = (of: typeof read): (typeof read)[number] | undefined => of.find(({ address }) => address.scheme === 'http') ?? of[0];
  const same = plainFirst(read.filter(({ address }) => address.host === source)) ?? (own.has(source) ? plainFirst(read.filter(({ address }) => own.has(address.host))) : undefined);
  if (same) return writeAddress(same.address);
  // On IPv4 first: link-local and IPv6 addresses stand in front of it with some makers.
  const best = plainFirst(read.filter(({ address }) => !address.host.includes(':') && !address.host.startsWith('169.254.'))) ?? plainFirst(read);
  return (best && onReachedHost(best.told, source)) ?? `http://${source}/onvif/device_service`;
}

/** What two addresses of one service have in common. Null for what is no address. */
export function placeOf(address: string): { readonly scheme: string; readonly host: string; readonly port: number } | null {
  const read = readToldAddress(address);
  if (!read || read.host === '') return null;
  return { scheme: read.scheme, host: read.host, port: read.port ?? ({ http: 80, https: 443, rtsp: 554 }[read.scheme] ?? 0) };
}
