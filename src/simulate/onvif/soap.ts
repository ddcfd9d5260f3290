/** SOAP 1.2 envelopes: reads a request with bounds, writes answers and faults. */
import { XMLParser } from 'fast-xml-parser';
import { xml, type Xml } from './xml.js';

export type XmlNode = Readonly<Record<string, unknown>>;

export interface SoapRequest {
  /** local name of the first element of the body */
  readonly operation: string;
  readonly body: XmlNode;
  readonly header: XmlNode;
}

export const maxRequestBytes = 256 * 1024;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  trimValues: true,
  // Character numbers too: clients write what they send with them.
  htmlEntities: true,
});

/** @returns undefined when it is not a SOAP request. Document types are refused: nothing of ours needs one. */
export function parseSoap(text: string): SoapRequest | undefined {
  if (text.length > maxRequestBytes || /<!(DOCTYPE|ENTITY)/i.test(text)) return undefined;
  try {
    const envelope = child(parser.parse(text, true) as XmlNode, 'Envelope');
    const body = envelope && child(envelope, 'Body');
    const operation = body && Object.keys(body).find((key) => !key.startsWith('@') && key !== '#text');
    if (!envelope || !body || operation === undefined) return undefined;
    return { operation, body: child(body, operation) ?? {}, header: child(envelope, 'Header') ?? {} };
  } catch {
    return undefined;
  }
}

/** A child element; of several the first. An element that holds only text has it under `#text`. */
export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  const value = node?.[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (first === undefined) return undefined;
  if (typeof first === 'object' && first !== null) return first as XmlNode;
  return { '#text': typeof first === 'string' ? first : '' };
}

/** Text of a child element, or undefined when there is none. */
export function textOf(node: XmlNode | undefined, name: string): string | undefined {
  const found = child(node, name);
  if (!found) return undefined;
  const text = found['#text'];
  return typeof text === 'string' ? text : '';
}

/** Texts of all children of that name. */
export function textsOf(node: XmlNode | undefined, name: string): readonly string[] {
  const value = node?.[name];
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((item) => textOf({ item }, 'item') ?? '');
}

const namespaces = [
  ['s', 'http://www.w3.org/2003/05/soap-envelope'], ['wsa', 'http://www.w3.org/2005/08/addressing'],
  ['tt', 'http://www.onvif.org/ver10/schema'], ['tds', 'http://www.onvif.org/ver10/device/wsdl'],
  ['trt', 'http://www.onvif.org/ver10/media/wsdl'], ['tr2', 'http://www.onvif.org/ver20/media/wsdl'],
  ['tev', 'http://www.onvif.org/ver10/events/wsdl'], ['tmd', 'http://www.onvif.org/ver10/deviceIO/wsdl'],
  ['tan', 'http://www.onvif.org/ver20/analytics/wsdl'],
  ['tse', 'http://www.onvif.org/ver10/search/wsdl'], ['trc', 'http://www.onvif.org/ver10/recording/wsdl'],
  ['wsnt', 'http://docs.oasis-open.org/wsn/b-2'], ['wstop', 'http://docs.oasis-open.org/wsn/t-1'],
  ['wsrf-rw', 'http://docs.oasis-open.org/wsrf/rw-2'], ['tns1', 'http://www.onvif.org/ver10/topics'],
  ['ter', 'http://www.onvif.org/ver10/error'], ['xs', 'http://www.w3.org/2001/XMLSchema'],
] as const;
const declarations = namespaces.map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`).join('');

/** @param header WS-Addressing headers, where a service needs them */
export function envelope(body: Xml, header?: Xml): string {
  const head = header ? `<s:Header>${header.xml}</s:Header>` : '';
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope${declarations}>${head}<s:Body>${body.xml}</s:Body></s:Envelope>`;
}

/** A fault that a service answers with; `status` is the HTTP status that real devices send with it. */
export interface SoapFault {
  readonly fault: true;
  readonly status: 400 | 401 | 500;
  readonly code: 'Sender' | 'Receiver';
  /** from the outer to the inner, with prefixes: `ter:NotAuthorized` */
  readonly subcodes: readonly string[];
  readonly reason: string;
}

export function soapFault(status: SoapFault['status'], subcodes: readonly string[], reason: string): SoapFault {
  return { fault: true, status, code: status === 500 ? 'Receiver' : 'Sender', subcodes, reason };
}

export const notSupported = (operation: string): SoapFault => soapFault(500, ['ter:ActionNotSupported'], `${operation} is not implemented on this device`);
export const invalidArgument = (what: string, detail?: string): SoapFault => soapFault(400, ['ter:InvalidArgVal', ...(detail ? [detail] : [])], what);

export function faultEnvelope(fault: SoapFault): string {
  const nested = fault.subcodes.reduceRight<Xml | undefined>((inner, code) => xml`<s:Subcode><s:Value>${code}</s:Value>${inner}</s:Subcode>`, undefined);
  return envelope(
    xml`<s:Fault><s:Code><s:Value>s:${fault.code}</s:Value>${nested}</s:Code><s:Reason><s:Text xml:lang="en">${fault.reason}</s:Text></s:Reason></s:Fault>`,
  );
}

/** `xs:duration` of days to seconds as ONVIF clients write it, in milliseconds; undefined when it is something else. */
export function parseDuration(text: string): number | undefined {
  const m = /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,7}(?:\.\d{1,6})?)S)?)?$/.exec(text.trim());
  if (!m || text.trim().length < 3) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = m.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
