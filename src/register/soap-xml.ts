/**
 * Reads the XML of devices: tolerant of what they get wrong (prefixes, bare ampersands, values without quotes, typographic
 * quotes in the declaration, end tags that are missing, a cut end), strict about what can hurt. Document types and entities
 * are refused; nesting, the number of parts and the length of a value are bounded while reading, so that a reply of
 * 4 MB costs well under 64 MB and a second whatever it holds. Prefixes are dropped; entities are decoded once, when a
 * value is asked for, and only the five of XML and character numbers.
 */
import { Parser } from 'htmlparser2';
import { HedgerowError } from '../core/errors.js';

/** An element; names are without prefix. */
export interface XmlValue {
  readonly name: string;
  /** name, value, name, value, … as they came */
  readonly attributes: readonly string[];
  readonly elements: readonly XmlValue[];
  /** its own text, not decoded */
  readonly text: string;
}

/** A document: an element without a name that holds the others. */
export type XmlTree = XmlValue;

const maxDepth = 60;
/**
 * Elements, attributes and pieces of text of one reply. A recorder with 256 channels stays below it; a device that fills
 * its reply with nothing but tags would otherwise hold up this thread for seconds, and with it every other camera.
 */
const maxParts = 100_000;
/** Characters of one text or attribute value. */
const maxValueLength = 65_536;

/** The same while it is being read. Lists are made with their first entry: most elements have none. */
interface Growing {
  readonly name: string;
  attributes: string[];
  elements: Growing[];
  text: string;
}

const nothing: never[] = Object.freeze([]) as unknown as never[];

/** @throws HedgerowError `camera.reply` when there is nothing to read, or something that is refused */
export function parseXml(source: string): XmlTree {
  if (/^[^<]{0,64}<(?:!doctype\s+html|html)\b/i.test(source)) throw refused('The reply is a web page.');
  if (/<!(DOCTYPE|ENTITY)/i.test(source)) throw refused('The reply holds a document type or entities; both are refused.');
  const root: Growing = { name: '', attributes: nothing, elements: nothing, text: '' };
  const open: Growing[] = [root];
  let parts = 0;
  let inCdata = false;
  const at = (): Growing => open.at(-1) ?? root;
  const count = (): void => {
    if (++parts > maxParts) throw refused(`The reply has more than ${maxParts} elements, attributes and pieces of text.`);
  };

  const parser = new Parser(
    {
      onopentagname(name) {
        count();
        if (open.length > maxDepth) throw refused(`The reply is nested deeper than ${maxDepth} elements.`);
        const parent = at();
        const element: Growing = { name: withoutPrefix(name), attributes: nothing, elements: nothing, text: '' };
        if (parent.elements === nothing) parent.elements = [element];
        else parent.elements.push(element);
        open.push(element);
      },
      onattribute(name, value) {
        count();
        const element = at();
        checkLength(value.length);
        if (element.attributes === nothing) element.attributes = [withoutPrefix(name), value];
        else element.attributes.push(withoutPrefix(name), value);
      },
      ontext(text) {
        const element = at();
        if (element === root || !/\S/.test(text)) return;
        count();
        checkLength(element.text.length + text.length);
        // What stands in a CDATA section is meant as it is.
        element.text += inCdata ? text.replaceAll('&', '&#38;') : text;
      },
      oncdatastart: () => void (inCdata = true),
      oncdataend: () => void (inCdata = false),
      onprocessinginstruction(name) {
        if (name.startsWith('!')) throw refused('The reply holds a declaration; those are refused.');
      },
      onclosetag: () => void open.pop(),
    },
    { xmlMode: true, decodeEntities: false },
  );
  parser.write(source);
  parser.end();
  if (root.elements.length === 0) throw refused('The reply is not XML.');
  return root;
}

function refused(message: string): HedgerowError {
  return new HedgerowError('camera.reply', message);
}

function checkLength(length: number): void {
  if (length > maxValueLength) throw refused(`The reply has a value of more than ${maxValueLength} characters.`);
}

function withoutPrefix(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

/** Every child of that name; an exact name wins over one that differs in case only. */
export function children(node: XmlValue | undefined, name: string): readonly XmlValue[] {
  if (node === undefined) return [];
  const exact = node.elements.filter((e) => e.name === name);
  if (exact.length > 0) return exact;
  const other = node.elements.find((e) => isSameName(e.name, name))?.name;
  return other === undefined ? [] : node.elements.filter((e) => e.name === other);
}

/** Walks down a path of names, taking the first child each time. */
export function child(node: XmlValue | undefined, ...path: readonly string[]): XmlValue | undefined {
  let at = node;
  for (const name of path) at = at?.elements.find((e) => e.name === name) ?? at?.elements.find((e) => isSameName(e.name, name));
  return at;
}

/** The text at a path, trimmed and decoded; null when it is missing or empty. */
export function textAt(node: XmlValue | undefined, ...path: readonly string[]): string | null {
  return readable(child(node, ...path)?.text);
}

export function numberAt(node: XmlValue | undefined, ...path: readonly string[]): number | null {
  const text = textAt(node, ...path);
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** The value of an attribute, whatever its prefix; null when it is missing or empty. */
export function attribute(node: XmlValue | undefined, name: string): string | null {
  if (node === undefined) return null;
  const { attributes } = node;
  let other: string | undefined;
  for (let i = 0; i < attributes.length; i += 2) {
    const told = attributes[i] ?? '';
    if (told === name) return readable(attributes[i + 1]);
    if (other === undefined && isSameName(told, name)) other = attributes[i + 1];
  }
  return readable(other);
}

/** The first element of that name anywhere below, breadth first. */
export function find(node: XmlValue | undefined, name: string): XmlValue | undefined {
  let level: readonly XmlValue[] = node === undefined ? [] : [node];
  while (level.length > 0) {
    const next: XmlValue[] = [];
    for (const at of level) {
      const hit = child(at, name);
      if (hit !== undefined) return hit;
      // One by one: an element may have more children than a call takes arguments.
      for (const element of at.elements) next.push(element);
    }
    level = next;
  }
  return undefined;
}

function isSameName(told: string, name: string): boolean {
  return told.length === name.length && told.toLowerCase() === name.toLowerCase();
}

function readable(raw: string | undefined): string | null {
  if (raw === undefined || raw === '') return null;
  // eslint-disable-next-line no-control-regex -- control characters are not allowed in XML, yet they come
  const text = decodeEntities(raw.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')).trim();
  return text === '' ? null : text;
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
