/**
 * Reads a topic set (WS-Topics 1.3, section 5; in GetEventPropertiesResponse) from the text of a reply into paths like
 * `tns1:RuleEngine/Recognition/Face` or `tns1:Device/Trigger/tnshik:AlarmIn`. From the text, since the reader of replies
 * drops prefixes, which here are part of the name. It takes unquoted attributes (TP-Link) and a cut end, and errs to the
 * side of naming too much: it is read to find what should not be there.
 */

const onvifTopics = 'http://www.onvif.org/ver10/topics';
const maxTopics = 2_000;
const maxDepth = 40;
const maxTags = 100_000;

interface Level {
  readonly name: string;
  readonly local: string;
  readonly path: string | null;
  /** what `wstop:topic` says; null when it says nothing */
  readonly topic: boolean | null;
  hasTopics: boolean;
  described: boolean;
}

/** @returns null when there is no topic set in the text */
export function readTopicSet(source: string): string[] | null {
  const opening = /<(?:[\w.-]{1,64}:)?TopicSet\b[^<>]{0,4096}>/.exec(source);
  if (opening === null) return null;
  const topicPrefixes = prefixesOf(source);
  const topics = new Set<string>();
  if (opening[0].endsWith('/>')) return [];
  const stack: Level[] = [];
  const leave = (level: Level): void => {
    // A leaf without the attribute is a topic that the device forgot to mark.
    const isTopic = level.topic ?? (level.described || !level.hasTopics);
    if (level.path !== null && isTopic && topics.size < maxTopics) topics.add(level.path);
  };
  const tag = /<(?:!--|(\/?)((?:[A-Za-z_][\w.-]{0,100}:)?[A-Za-z_][\w.-]{0,200})([^<>]{0,8192})>)/g;
  tag.lastIndex = opening.index + opening[0].length;
  for (let count = 0; count < maxTags; count++) {
    const found = tag.exec(source);
    if (found === null) break;
    const [whole, slash, name, rest = ''] = found;
    if (name === undefined) {
      const end = source.indexOf('-->', found.index + whole.length);
      if (end < 0) break;
      tag.lastIndex = end + 3;
      continue;
    }
    const local = name.slice(name.indexOf(':') + 1);
    if (slash === '/') {
      const at = stack.findLastIndex((level) => level.name === name);
      if (at < 0) {
        if (local === 'TopicSet') break;
        continue;
      }
      // What was left open inside is closed with it.
      for (const level of stack.splice(at).reverse()) leave(level);
      continue;
    }
    const parent = stack.at(-1);
    const inside = parent === undefined || parent.path !== null;
    const isTopicPart = inside && local !== 'MessageDescription' && local !== 'documentation';
    if (local === 'MessageDescription' && parent !== undefined) parent.described = true;
    if (isTopicPart && parent !== undefined) parent.hasTopics = true;
    const level: Level = {
      name,
      local,
      path: isTopicPart ? (parent === undefined ? rootName(name, topicPrefixes) : `${parent.path ?? ''}/${partName(name, topicPrefixes)}`) : null,
      topic: topicAttribute(rest),
      hasTopics: false,
      described: false,
    };
    if (rest.endsWith('/')) leave(level);
    else if (stack.length < maxDepth) stack.push(level);
  }
  for (const level of stack.reverse()) leave(level);
  return [...topics];
}

/** Prefixes that mean the topics of ONVIF; '' is the default namespace. */
function prefixesOf(source: string): ReadonlySet<string> {
  const prefixes = new Set(['tns1']);
  for (const [, prefix = '', uri] of source.matchAll(/\sxmlns(?::([\w.-]{1,64}))?\s{0,8}=\s{0,8}["']([^"'<>]{1,300})["']/g)) if (uri === onvifTopics) prefixes.add(prefix);
  return prefixes;
}

function rootName(name: string, topicPrefixes: ReadonlySet<string>): string {
  const [prefix, local] = split(name);
  return topicPrefixes.has(prefix) ? `tns1:${local}` : name;
}

/** Below the root a part has no prefix unless it is a maker's. */
function partName(name: string, topicPrefixes: ReadonlySet<string>): string {
  const [prefix, local] = split(name);
  return topicPrefixes.has(prefix) ? local : name;
}

function split(name: string): [prefix: string, local: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
}

function topicAttribute(rest: string): boolean | null {
  const value = /(?:^|\s)(?:[\w.-]{1,64}:)?topic\s{0,8}=\s{0,8}["']?\s{0,8}(\w{1,8})/i.exec(rest)?.[1]?.toLowerCase();
  return value === undefined ? null : value === 'true' || value === '1';
}
