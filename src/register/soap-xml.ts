/**
 * Reads the XML of devices: tolerant of what they get wrong (prefixes, bare ampersands, typographic quotes in the
 * declaration, a cut end), strict about what can hurt (document types and entities are refused, nesting is bounded).
 * Prefixes are dropped; entities are decoded once, and only the five of XML and character numbers.
 */
import { XMLParser } from 'fast-xml-parser';
import { HedgerowError, messageOf } from '../core/errors.js';

export type XmlValue = string | XmlTree;
export interface XmlTree {
  readonly [name: string]: XmlValue | readonly XmlValue[] | undefined;
}

const maxDepth = 60;
/**
 * Elements and attributes of one reply. A recorder with 256 channels stays below it; a device that fills its reply with
 * nothing but tags would otherwise hold up this thread for seconds, and with it every other camera.
 */
const maxParts = 100_000;
const textName = '#text';

/** @throws HedgerowError `camera.reply` when there is nothing to read, or something that is refused */
export function parseXml(source: string): XmlTree {
  if (/<!(DOCTYPE|ENTITY)/i.test(source)) throw new HedgerowError('camera.reply', 'The reply holds a document type or entities; both are refused.');
  const start = source.search(/<[A-Za-z_]/);
  if (start < 0) throw new HedgerowError('camera.reply', 'The reply is not XML.');
  // From the first element to the end of the last one: a declaration says nothing that we need and may be malformed, and
  // a reply that was cut in the middle of a tag is worth what came before.
  // eslint-disable-next-line no-control-regex -- control characters are not allowed in XML, yet they come
  const body = source.slice(start, Math.max(start, source.lastIndexOf('>')) + 1).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
  if (hasTooManyParts(body)) throw new HedgerowError('camera.reply', `The reply has more than ${maxParts} elements and attributes.`);
  // Made anew each time: the parser keeps state between documents.
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    textNodeName: textName,
    removeNSPrefix: true,
    parseTagValue: false,
    parseAttributeValue: false,
    allowBooleanAttributes: true,
    processEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: maxDepth,
  });
  try {
    const parsed: unknown = parser.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return parsed as XmlTree;
  } catch (cause) {
    throw new HedgerowError('camera.reply', `The reply is XML that cannot be read: ${messageOf(cause).slice(0, 120)}`, { cause });
  }
  throw new HedgerowError('camera.reply', 'The reply is not XML.');
}

/** Counts tags, and inside them words and equals signs: attributes need no blank between them to be read. */
function hasTooManyParts(source: string): boolean {
  let parts = 0;
  let inTag = false;
  let afterBlank = false;
  for (let i = 0; i < source.length && parts <= maxParts; i++) {
    const code = source.charCodeAt(i);
    if (code === 60) {
      inTag = true;
      parts++;
    } else if (code === 62) inTag = false;
    else if (inTag && (code === 61 || (code > 32 && afterBlank))) parts++;
    afterBlank = code <= 32;
  }
  return parts > maxParts;
}

/** Every child of that name; an exact name wins over one that differs in case only. */
export function children(node: XmlValue | undefined, name: string): readonly XmlValue[] {
  if (typeof node !== 'object') return [];
  const key = Object.hasOwn(node, name) ? name : Object.keys(node).find((k) => k.toLowerCase() === name.toLowerCase());
  const found = key === undefined ? undefined : node[key];
  if (found === undefined) return [];
  return Array.isArray(found) ? (found as readonly XmlValue[]) : [found as XmlValue];
}

/** Walks down a path of names, taking the first child each time. */
export function child(node: XmlValue | undefined, ...path: readonly string[]): XmlValue | undefined {
  let at = node;
  for (const name of path) at = children(at, name)[0];
  return at;
}

/** The text at a path, trimmed and decoded; null when it is missing or empty. */
export function textAt(node: XmlValue | undefined, ...path: readonly string[]): string | null {
  const found = child(node, ...path);
  const raw = typeof found === 'string' ? found : typeof found === 'object' ? child(found, textName) : undefined;
  const text = typeof raw === 'string' ? decodeEntities(raw).trim() : '';
  return text === '' ? null : text;
}

export function numberAt(node: XmlValue | undefined, ...path: readonly string[]): number | null {
  const text = textAt(node, ...path);
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

export function attribute(node: XmlValue | undefined, name: string): string | null {
  return textAt(node, `@${name}`);
}

/** The first element of that name anywhere below, breadth first. */
export function find(node: XmlValue | undefined, name: string): XmlValue | undefined {
  let level: readonly XmlValue[] = node === undefined ? [] : [node];
  while (level.length > 0) {
    const next: XmlValue[] = [];
    for (const at of level) {
      const hit = children(at, name)[0];
      if (hit !== undefined) return hit;
      if (typeof at !== 'object') continue;
      // One by one: an element may have more children than a call takes arguments.
      for (const value of Object.values(at)) {
        if (Array.isArray(value)) for (const item of value as readonly XmlValue[]) next.push(item);
        else if (typeof value === 'object') next.push(value as XmlTree);
      }
    }
    level = next;
  }
  return undefined;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Decodes once; an ampersand that begins no entity stays as it is. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name.toLowerCase()] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '';
  });
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
