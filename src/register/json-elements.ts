/**
 * A large JSON document that is one long array, read element by element: `[…]`, or `{"member": […], …}`. Brackets are counted
 * before anything is parsed, so that neither depth nor width of a hostile file costs memory, and the event loop has turns.
 */
import { takeTurn } from '../core/clock.js';

export interface ElementLimits {
  readonly elements: number;
  /** bytes of one element */
  readonly elementBytes: number;
  /** objects and arrays in one element */
  readonly elementNodes: number;
  /** nesting in one element */
  readonly depth: number;
}

/** An element as parsed, or why it cannot be. */
export type Element = { readonly index: number; readonly value: unknown; readonly fault: null } | { readonly index: number; readonly fault: string };

/** What is wrong with the document as a whole. */
export class ElementsFault extends Error {
  constructor(readonly status: 'malformed' | 'too-many', message: string) {
    super(message);
  }
}

/** Bytes that are looked at before the event loop has a turn: some milliseconds. */
const turnBytes = 128 * 1024;
/** The document around the array. */
const restBytes = 64 * 1024;
const [quote, backslash, comma, colon, openArray, closeArray, openObject, closeObject] = [0x22, 0x5c, 0x2c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * @param text UTF-8 without byte order mark
 * @param member the array's name when the document is an object
 * @param onElement called in order; it may throw to stop
 * @returns the object around the array, with the array empty; null for a bare array
 * @throws ElementsFault
 */
export async function readElements(text: Buffer, member: string, limits: ElementLimits, onElement: (element: Element) => void): Promise<Record<string, unknown> | null> {
  const scan = new Scan(text);
  scan.blanks();
  const bare = text[scan.at] === openArray;
  if (!bare && text[scan.at] !== openObject) throw new ElementsFault('malformed', `begins neither with "[" nor with "{"${scan.at >= text.length ? ': it is empty' : ''}`);
  const arrayAt = bare ? scan.at : findMember(scan, member);
  if (arrayAt === null) {
    if (text.length <= restBytes) parseRest(text.toString('utf8'), member);
    throw new ElementsFault('malformed', `has no array "${member}"`);
  }
  scan.at = arrayAt + 1;
  let turnAt = scan.at + turnBytes;
  for (let index = 0; ; index++) {
    scan.blanks();
    if (index === 0 && text[scan.at] === closeArray) break;
    if (index >= limits.elements) throw new ElementsFault('too-many', `has more than ${limits.elements} elements`);
    const from = scan.at;
    const fault = scan.value(limits);
    onElement(parseElement(text, from, scan.at, index, fault));
    if (scan.at > turnAt) {
      await takeTurn();
      turnAt = scan.at + turnBytes;
    }
    scan.blanks();
    if (text[scan.at] === closeArray) break;
    if (text[scan.at] !== comma) throw new ElementsFault('malformed', scan.at >= text.length ? `ends in the middle of the array, after element ${index}` : `has no comma after element ${index}`);
    scan.at++;
  }
  const after = scan.at;
  if (arrayAt + (text.length - after) > restBytes) throw new ElementsFault('malformed', `holds more than ${restBytes} bytes beside the array`);
  const rest = `${text.toString('utf8', 0, arrayAt + 1)}${text.toString('utf8', after)}`;
  if (bare) {
    if (rest.trim() !== '[]') throw new ElementsFault('malformed', 'goes on after the array has ended');
    return null;
  }
  return parseRest(rest, member);
}

function parseElement(text: Buffer, from: number, to: number, index: number, fault: string | null): Element {
  if (fault !== null) return { index, fault };
  try {
    return { index, value: JSON.parse(text.toString('utf8', from, to)) as unknown, fault: null };
  } catch {
    return { index, fault: 'is not JSON' };
  }
}

function parseRest(text: string, member: string): Record<string, unknown> {
  let rest: unknown;
  try {
    rest = JSON.parse(text);
  } catch {
    throw new ElementsFault('malformed', 'is not JSON');
  }
  const object = rest as Record<string, unknown>;
  const array = object[member];
  if (array !== undefined && (!Array.isArray(array) || array.length > 0)) throw new ElementsFault('malformed', Array.isArray(array) ? `has two arrays "${member}"` : `has no array "${member}"`);
  return object;
}

/** The place of the array's bracket among the members of the outermost object; null when there is none. */
function findMember(scan: Scan, member: string): number | null {
  const { text } = scan;
  scan.at++;
  for (;;) {
    scan.blanks();
    if (text[scan.at] !== quote) return null;
    const from = scan.at;
    scan.string();
    const name = text.toString('utf8', from + 1, scan.at - 1);
    scan.blanks();
    if (text[scan.at] !== colon) return null;
    scan.at++;
    scan.blanks();
    if (name === member && text[scan.at] === openArray) return scan.at;
    if (scan.at > restBytes || scan.value({ depth: 16, elementBytes: restBytes, elementNodes: 10_000, elements: 0 }) !== null) throw new ElementsFault('malformed', `has a member "${name.slice(0, 60)}" before "${member}" that is too large`);
    scan.blanks();
    if (text[scan.at] !== comma) return null;
    scan.at++;
  }
}

/** Walks over JSON without making anything of it. What is no JSON is found by the parser later. */
class Scan {
  at = 0;

  constructor(readonly text: Buffer) {}

  blanks(): void {
    for (let byte = this.text[this.at]; byte === 32 || byte === 10 || byte === 13 || byte === 9; byte = this.text[this.at]) this.at++;
  }

  /** From a quote mark to behind its partner. */
  string(): void {
    const { text } = this;
    for (let i = this.at + 1; i < text.length; i++) {
      if (text[i] === backslash) i++;
      else if (text[i] === quote) {
        this.at = i + 1;
        return;
      }
    }
    this.at = text.length;
  }

  /** To behind one value. @returns which limit it breaks, or null */
  value(limits: ElementLimits): string | null {
    const { text } = this;
    const from = this.at;
    let [depth, deepest, nodes] = [0, 0, 0];
    while (this.at < text.length) {
      const byte = text[this.at];
      if (byte === quote) {
        this.string();
        if (depth === 0) break;
        continue;
      }
      if (depth === 0 && (byte === comma || byte === closeArray || byte === closeObject)) break;
      if (byte === openArray || byte === openObject) {
        nodes++;
        if (++depth > deepest) deepest = depth;
      } else if (byte === closeArray || byte === closeObject) depth--;
      this.at++;
      if (depth === 0 && (byte === closeArray || byte === closeObject)) break;
    }
    if (deepest > limits.depth) return `is nested ${deepest} levels deep; at most ${limits.depth} are read`;
    if (this.at - from > limits.elementBytes) return `has ${this.at - from} bytes; at most ${limits.elementBytes} are read`;
    if (nodes > limits.elementNodes) return `has ${nodes} objects and lists in it; at most ${limits.elementNodes} are read`;
    return null;
  }
}
