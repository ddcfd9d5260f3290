/** SOAP 1.2 envelopes: writing a request, reading a reply or a fault. Faults of SOAP 1.1 are understood too. */
import { HedgerowError } from '../../../core/errors.js';
import { child, children, find, parseXml, textAt, type XmlValue } from '../../soap-xml.js';

export const namespaces = {
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tr2: 'http://www.onvif.org/ver20/media/wsdl',
  tev: 'http://www.onvif.org/ver10/events/wsdl',
  tmd: 'http://www.onvif.org/ver10/deviceIO/wsdl',
  trc: 'http://www.onvif.org/ver10/recording/wsdl',
  tse: 'http://www.onvif.org/ver10/search/wsdl',
  tan: 'http://www.onvif.org/ver20/analytics/wsdl',
  tt: 'http://www.onvif.org/ver10/schema',
  wsnt: 'http://docs.oasis-open.org/wsn/b-2',
  wsa: 'http://www.w3.org/2005/08/addressing',
} as const;

const declared = Object.entries(namespaces)
  .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
  .join('');

/** Without white space between elements: some devices read no other. */
export function writeEnvelope(header: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"${declared}>${header === '' ? '' : `<s:Header>${header}</s:Header>`}<s:Body>${body}</s:Body></s:Envelope>`;
}

export interface SoapFault {
  /** codes from the outer to the inner, without prefixes: `Sender`, `NotAuthorized` */
  readonly codes: readonly string[];
  readonly reason: string;
}

export type SoapAnswer = { readonly status: 'answer'; readonly body: XmlValue } | { readonly status: 'fault'; readonly fault: SoapFault };

/** @throws HedgerowError `camera.reply` when it is no SOAP message */
export function readEnvelope(source: string): SoapAnswer {
  const tree = parseXml(source);
  const body = child(tree, 'Envelope', 'Body') ?? find(tree, 'Body');
  if (body === undefined || find(tree, 'Envelope') === undefined) throw new HedgerowError('camera.reply', 'The reply is XML but no SOAP message.');
  const fault = child(body, 'Fault');
  return fault === undefined ? { status: 'answer', body } : { status: 'fault', fault: readFault(fault) };
}

function readFault(fault: XmlValue): SoapFault {
  const codes: string[] = [];
  for (let at = child(fault, 'Code'); at !== undefined && codes.length < 8; at = child(at, 'Subcode')) codes.push(localName(textAt(at, 'Value') ?? ''));
  const older = textAt(fault, 'faultcode');
  if (older !== null) codes.push(localName(older));
  const reasons = children(child(fault, 'Reason'), 'Text');
  const reason = reasons.map((r) => textAt(r) ?? '').find((r) => r !== '') ?? textAt(fault, 'faultstring') ?? textAt(fault, 'Detail', 'Text') ?? '';
  return { codes: codes.filter((c) => c !== ''), reason: oneLine(reason) };
}

export function isNotAuthorized({ codes, reason }: SoapFault): boolean {
  return codes.some((c) => /^(NotAuthorized|FailedAuthentication|InvalidSecurityToken|InvalidSecurity)$/i.test(c)) || /not authori[sz]ed|unauthori[sz]ed|authority failure|failed authentication|time check failed/i.test(reason);
}

/** The device does not have this operation: another way may exist. */
export function isUnsupported({ codes, reason }: SoapFault): boolean {
  return codes.some((c) => /^(ActionNotSupported|NoSuchService|MethodNotFound|OptionalActionNotImplemented)$/i.test(c)) || /not (implemented|supported)/i.test(reason);
}

export function faultText({ codes, reason }: SoapFault): string {
  return [codes.at(-1), reason].filter((t) => t !== undefined && t !== '').join(': ') || 'a fault without a reason';
}

/** What a device says, fit for one line for people. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters must not reach a terminal
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim().slice(0, 200);
}

function localName(name: string): string {
  return oneLine(name.slice(name.lastIndexOf(':') + 1));
}
