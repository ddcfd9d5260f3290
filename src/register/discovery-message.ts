/**
 * WS-Discovery messages: the questions that devices know, and tolerant reading of what they say. Both versions of the
 * protocol are read (2005/04, and 2009/01 of OASIS): names count, namespaces do not.
 */
import { normalEndpointReference } from './endpoint-reference.js';
import { plainText, readScopes } from './discovery-scopes.js';
import { child, children, find, parseXml, textAt, type XmlValue } from './soap-xml.js';

export const multicast = { address: '239.255.255.250', port: 3702 } as const;

const april2005 = {
  addressing: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  anonymous: 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous',
  discovery: 'http://schemas.xmlsoap.org/ws/2005/04/discovery',
  to: 'urn:schemas-xmlsoap-org:ws:2005:04:discovery',
} as const;
const january2009 = {
  addressing: 'http://www.w3.org/2005/08/addressing',
  anonymous: 'http://www.w3.org/2005/08/addressing/anonymous',
  discovery: 'http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01',
  to: 'urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01',
} as const;
type Version = typeof april2005 | typeof january2009;

const device = { prefix: 'tds', namespace: 'http://www.onvif.org/ver10/device/wsdl', type: 'Device' } as const;
const transmitter = { prefix: 'dn', namespace: 'http://www.onvif.org/ver10/network/wsdl', type: 'NetworkVideoTransmitter' } as const;

export interface Question {
  readonly version: Version;
  /** null: everybody is asked */
  readonly type: typeof device | typeof transmitter | null;
}

/**
 * In the order of asking. Newer devices answer the first, older ones the second; some only a probe with the type that they
 * know, some only one without types, and what was built for OASIS 1.1 only the last.
 */
export const questions: readonly Question[] = [
  { version: april2005, type: device },
  { version: april2005, type: transmitter },
  { version: april2005, type: null },
  { version: january2009, type: transmitter },
];

/** @param messageId a UUID. Without white space between elements: some devices (Hikvision) answer no other. */
export function writeProbe({ version, type }: Question, messageId: string): string {
  const types = type === null ? '' : `<d:Types xmlns:d="${version.discovery}" xmlns:${type.prefix}="${type.namespace}">${type.prefix}:${type.type}</d:Types>`;
  return envelope(version, 'Probe', messageId, `<Probe xmlns="${version.discovery}">${types}</Probe>`);
}

/** Asks a device that told no address for it. @param endpointReference in normal form */
export function writeResolve(endpointReference: string, messageId: string): string {
  const escaped = endpointReference.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
  return envelope(april2005, 'Resolve', messageId, `<Resolve xmlns="${april2005.discovery}"><a:EndpointReference><a:Address>${escaped}</a:Address></a:EndpointReference></Resolve>`);
}

function envelope(version: Version, action: string, messageId: string, body: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="${version.addressing}">` +
    `<s:Header><a:Action s:mustUnderstand="1">${version.discovery}/${action}</a:Action><a:MessageID>urn:uuid:${messageId}</a:MessageID>` +
    `<a:ReplyTo><a:Address>${version.anonymous}</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">${version.to}</a:To></s:Header>` +
    `<s:Body>${body}</s:Body></s:Envelope>`
  );
}

/** What a device says of itself; nothing of it is vouched for. */
export interface ToldDevice {
  /** in normal form; null when it tells none */
  readonly endpointReference: string | null;
  /** as told, in the device's order */
  readonly xaddrs: readonly string[];
  readonly name: string | null;
  readonly hardware: string | null;
  readonly macAddress: string | null;
}

export type DiscoveryMessage =
  | { readonly kind: 'matches' | 'hello'; readonly devices: readonly ToldDevice[] }
  | { readonly kind: 'bye'; readonly endpointReference: string }
  /** not for us: junk, a question, a printer */
  | { readonly kind: 'none' };

const none = { kind: 'none' } as const;
const maxMessageBytes = 65_536;
const maxMatches = 256;

/** Never throws, whatever the bytes are. */
export function readDiscoveryMessage(datagram: Uint8Array): DiscoveryMessage {
  if (datagram.length > maxMessageBytes) return none;
  const text = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength).toString('utf8');
  let body: XmlValue | undefined;
  try {
    body = find(parseXml(text), 'Body');
  } catch {
    return none;
  }
  const bye = child(body, 'Bye');
  if (bye !== undefined) {
    const endpointReference = normalEndpointReference(textAt(bye, 'EndpointReference', 'Address') ?? '');
    return endpointReference === null ? none : { kind: 'bye', endpointReference };
  }
  const isOnvif = /onvif/i.test(text);
  const read = (told: readonly XmlValue[]): readonly ToldDevice[] => told.slice(0, maxMatches).filter((one) => isCamera(one, isOnvif)).map(readTold);
  const hello = child(body, 'Hello');
  if (hello !== undefined) {
    const devices = read([hello]);
    return devices.length === 0 ? none : { kind: 'hello', devices };
  }
  const devices = read([...children(find(body, 'ProbeMatches'), 'ProbeMatch'), ...children(find(body, 'ResolveMatches'), 'ResolveMatch')]);
  return devices.length === 0 ? none : { kind: 'matches', devices };
}

/** Printers and computers speak WS-Discovery, too, and a question without types reaches them: they name other types. */
function isCamera(told: XmlValue, isOnvif: boolean): boolean {
  const types = textAt(told, 'Types');
  return types === null || isOnvif || /NetworkVideo/i.test(types);
}

function readTold(told: XmlValue): ToldDevice {
  return {
    // The reference stands in the match itself; the first Address of the message is often that of ReplyTo.
    endpointReference: normalEndpointReference(plainText(textAt(child(told, 'EndpointReference'), 'Address') ?? '')),
    xaddrs: [...new Set((textAt(told, 'XAddrs') ?? '').slice(0, 8_192).split(/\s+/).map(plainText))].filter((x) => x.includes('://')).slice(0, 16),
    ...readScopes(textAt(told, 'Scopes') ?? ''),
  };
}
