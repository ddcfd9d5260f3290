/** WS-Discovery (2005/04) as far as a device speaks it: reads Probe and Resolve, writes ProbeMatches, ResolveMatches, Hello, Bye. */
import { XMLParser } from 'fast-xml-parser';
import { child, textOf, type XmlNode } from '../onvif/soap.js';
import { xml, type Xml } from '../onvif/xml.js';

const discoveryNs = 'http://schemas.xmlsoap.org/ws/2005/04/discovery';
const anonymous = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous';
export const multicastAddress = '239.255.255.250';
export const discoveryPort = 3702;
const maxMessageBytes = 64 * 1024;

export type Question =
  | { readonly kind: 'probe'; readonly messageId: string; readonly types: readonly string[]; readonly scopes: readonly string[] }
  | { readonly kind: 'resolve'; readonly messageId: string; readonly endpoint: string };

export interface Announced {
  readonly uuid: string;
  readonly scopes: readonly string[];
  readonly xaddr: string;
  readonly metadataVersion: number;
}

const parser = new XMLParser({ removeNSPrefix: true, ignoreAttributes: true, parseTagValue: false, ignoreDeclaration: true, trimValues: true });

/** @returns undefined for everything that is not a question to a device */
export function parseQuestion(bytes: Buffer): Question | undefined {
  const text = bytes.toString('utf8');
  if (bytes.length > maxMessageBytes || /<!(DOCTYPE|ENTITY)/i.test(text)) return undefined;
  try {
    const envelope = child(parser.parse(text, true) as XmlNode, 'Envelope');
    const body = child(envelope, 'Body');
    const messageId = textOf(child(envelope, 'Header'), 'MessageID') ?? '';
    if (messageId === '' || messageId.length > 200) return undefined;
    const probe = child(body, 'Probe');
    if (probe) return { kind: 'probe', messageId, types: words(textOf(probe, 'Types')), scopes: words(textOf(probe, 'Scopes')) };
    const resolve = child(body, 'Resolve');
    if (resolve) return { kind: 'resolve', messageId, endpoint: textOf(child(resolve, 'EndpointReference'), 'Address') ?? '' };
    return undefined;
  } catch {
    return undefined;
  }
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');

/** A probe without types is for everybody; each scope must be the beginning of one of ours (RFC 3986 rule). */
export function isMeant(question: Question, device: Announced): boolean {
  if (question.kind === 'resolve') return question.endpoint.toLowerCase() === `urn:uuid:${device.uuid}`;
  const typed = question.types.every((type) => ['NetworkVideoTransmitter', 'Device'].includes(type.replace(/^.*:/, '')));
  return typed && question.scopes.every((asked) => device.scopes.some((ours) => ours.toLowerCase() === asked.toLowerCase() || ours.toLowerCase().startsWith(`${asked.toLowerCase().replace(/\/$/, '')}/`)));
}

interface Sequence {
  readonly instanceId: number;
  readonly messageNumber: number;
}

export function matches(question: Question, device: Announced, messageId: string, sequence: Sequence): Buffer {
  const kind = question.kind === 'probe' ? 'ProbeMatch' : 'ResolveMatch';
  const [list, one] = [{ xml: `d:${kind}es` }, { xml: `d:${kind}` }];
  return message(`${kind}es`, anonymous, messageId, sequence, xml`<${list}><${one}>${described(device)}</${one}></${list}>`, question.messageId);
}

export function hello(device: Announced, messageId: string, sequence: Sequence): Buffer {
  return message('Hello', 'urn:schemas-xmlsoap-org:ws:2005:04:discovery', messageId, sequence, xml`<d:Hello>${described(device)}</d:Hello>`);
}

export function bye(device: Announced, messageId: string, sequence: Sequence): Buffer {
  return message('Bye', 'urn:schemas-xmlsoap-org:ws:2005:04:discovery', messageId, sequence, xml`<d:Bye>${endpoint(device)}</d:Bye>`);
}

const endpoint = (device: Announced): Xml => xml`<a:EndpointReference><a:Address>urn:uuid:${device.uuid}</a:Address></a:EndpointReference>`;

function described(device: Announced): Xml {
  return xml`${endpoint(device)}<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>${device.scopes.join(' ')}</d:Scopes><d:XAddrs>${device.xaddr}</d:XAddrs><d:MetadataVersion>${device.metadataVersion}</d:MetadataVersion>`;
}

function message(action: string, to: string, messageId: string, sequence: Sequence, body: Xml, relatesTo?: string): Buffer {
  const related = relatesTo === undefined ? undefined : xml`<a:RelatesTo>${relatesTo}</a:RelatesTo>`;
  const text = xml`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="${discoveryNs}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header><a:MessageID>${messageId}</a:MessageID>${related}<a:To>${to}</a:To><a:Action>${discoveryNs}/${action}</a:Action><d:AppSequence InstanceId="${sequence.instanceId}" MessageNumber="${sequence.messageNumber}"/></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text.xml}`, 'utf8');
}
