/** WS-Discovery messages (2005/04, SOAP 1.2): the two probes that devices know, and tolerant reading of what they answer. */
import { normalEndpointReference } from './endpoint-reference.js';
import { child, children, find, parseXml, textAt, type XmlValue } from './soap-xml.js';
import { onReachedHost, readToldAddress, writeAddress } from './told-address.js';

export const multicast = { address: '239.255.255.250', port: 3702 } as const;

/** Newer devices answer the first, older ones the second; some only a probe with the type that they know. */
export const probeTypes = [
  { prefix: 'tds', namespace: 'http://www.onvif.org/ver10/device/wsdl', type: 'Device' },
  { prefix: 'dn', namespace: 'http://www.onvif.org/ver10/network/wsdl', type: 'NetworkVideoTransmitter' },
] as const;

/** Without white space between elements: some devices (Hikvision) answer no other. */
export function writeProbe({ prefix, namespace, type }: (typeof probeTypes)[number], messageId: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">' +
    `<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>urn:uuid:${messageId}</a:MessageID>` +
    '<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>' +
    '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>' +
    `<s:Body><Probe xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery"><d:Types xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:${prefix}="${namespace}">${prefix}:${type}</d:Types></Probe></s:Body></s:Envelope>`
  );
}

export interface ProbeMatch {
  readonly endpointReference: string;
  /** as told, in the device's order */
  readonly xaddrs: readonly string[];
  /** the device service on an address that we can reach */
  readonly address: string;
  readonly name: string | null;
  readonly hardware: string | null;
}

/**
 * @param source numeric address that the datagram came from
 * @param own addresses of this machine: a device that runs here may name any of them
 * @returns the devices in a reply; empty for anything that is none. Never throws.
 */
export function readProbeMatches(datagram: string, source: string, own: ReadonlySet<string> = nobody): readonly ProbeMatch[] {
  let body: XmlValue | undefined;
  try {
    body = find(parseXml(datagram), 'Body');
  } catch {
    return [];
  }
  const matches = children(find(body, 'ProbeMatches'), 'ProbeMatch');
  return matches.slice(0, 256).map((match) => readMatch(match, source, own));
}

const nobody: ReadonlySet<string> = new Set();

function readMatch(match: XmlValue, source: string, own: ReadonlySet<string>): ProbeMatch {
  const xaddrs = (textAt(match, 'XAddrs') ?? '').split(/\s+/).filter((x) => x !== '').slice(0, 16);
  const address = reachableAddress(xaddrs, source, own);
  const scopes = (textAt(match, 'Scopes') ?? '').split(/\s+/);
  return {
    // The reference stands in the match itself; the first Address of the message is often that of ReplyTo.
    endpointReference: normalEndpointReference(textAt(child(match, 'EndpointReference'), 'Address') ?? '') ?? `address:${address}`,
    xaddrs,
    address,
    name: scopeValue(scopes, 'name'),
    hardware: scopeValue(scopes, 'hardware'),
  };
}

/**
 * An address that names the host the datagram came from is taken as it is. Any other host may be the factory's, a
 * link-local one or the inside of a NAT, so the source is put in its place: port and path stay.
 */
export function reachableAddress(xaddrs: readonly string[], source: string, own: ReadonlySet<string> = nobody): string {
  const read = xaddrs.flatMap((told) => {
    const address = readToldAddress(told);
    return address && (address.scheme === 'http' || address.scheme === 'https') ? [{ told, address }] : [];
  });
  const same = read.find(({ address }) => address.host === source) ?? (own.has(source) ? read.find(({ address }) => own.has(address.host)) : undefined);
  if (same) return writeAddress(same.address);
  // Plain HTTP on IPv4 first: link-local and IPv6 addresses stand in front of it with some makers.
  const best = read.find(({ address }) => address.scheme === 'http' && !address.host.includes(':')) ?? read[0];
  return (best && onReachedHost(best.told, source)) ?? `http://${source}/onvif/device_service`;
}

function scopeValue(scopes: readonly string[], kind: string): string | null {
  const prefix = `onvif://www.onvif.org/${kind}/`;
  const found = scopes.find((s) => s.toLowerCase().startsWith(prefix));
  if (found === undefined) return null;
  const value = found.slice(prefix.length);
  let text = value;
  try {
    text = decodeURIComponent(value);
  } catch {
    // a bare % in a name
  }
  // Anybody on the network may answer a probe: what he calls himself must not steer the terminal that lists it.
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim().slice(0, 200) || null;
}
