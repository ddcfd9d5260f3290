/** Replies of devices, and what could become of them on the way: edits that keep the structure in mind, and plain damage. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { fixture } from './device-server.js';

const folder = path.join(import.meta.dirname, '../fixtures/onvif');

/** Every reply that we keep, without its HTTP head. */
export const corpus: readonly string[] = readdirSync(folder)
  .filter((name) => /\.(xml|http|html|txt)$/.test(name))
  .sort()
  .map((name) => fixture(name).replace(/^#.*\n[\s\S]*?\n\n/, ''));

const fragments = ['<', '>', '"', "'", '&', '&amp;', '&#x41;', '&#0;', '<!--', '-->', '<![CDATA[', ']]>', '<a:', '/>', '</', '<?', '?>', '=', '\0', '\ufeff', '__proto__', 'constructor', 'xmlns', ':', ' ', '\u{1f4a9}', '\ud800'];

type Edit = (text: string) => string;
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (text: string, where: number): number => Math.floor(where * text.length);
/** Places of the tags in a text. */
const tagAt = (text: string, where: number): [number, number] => {
  const from = Math.max(0, text.lastIndexOf('<', at(text, where)));
  const end = text.indexOf('>', from);
  return [from, end < 0 ? text.length : end + 1];
};

const edit: fc.Arbitrary<Edit> = fc.oneof(
  // a bit that flips
  fc.tuple(place, fc.nat(6)).map(([w, bit]): Edit => (t) => t.slice(0, at(t, w)) + String.fromCharCode((t.charCodeAt(at(t, w)) || 32) ^ (1 << bit)) + t.slice(at(t, w) + 1)),
  // something put in, something cut out
  fc.tuple(place, fc.nat(40), fc.constantFrom(...fragments)).map(([w, cut, put]): Edit => (t) => t.slice(0, at(t, w)) + put + t.slice(at(t, w) + cut)),
  fc.tuple(place, fc.string({ maxLength: 8 })).map(([w, put]): Edit => (t) => t.slice(0, at(t, w)) + put + t.slice(at(t, w))),
  // an end that never came
  place.map((w): Edit => (t) => t.slice(0, at(t, w))),
  // a part that came twice, or many times
  fc.tuple(place, place, fc.integer({ min: 2, max: 12 })).map(([w, length, times]): Edit => (t) => {
    const from = at(t, w);
    const to = Math.min(t.length, from + 1 + Math.floor(length * 200));
    return t.slice(0, from) + t.slice(from, to).repeat(times) + t.slice(to);
  }),
  // a tag that is gone, doubled, or wraps the rest; deeper than is allowed now and then
  place.map((w): Edit => (t) => t.slice(0, tagAt(t, w)[0]) + t.slice(tagAt(t, w)[1])),
  fc.tuple(place, fc.integer({ min: 2, max: 90 })).map(([w, times]): Edit => (t) => t.slice(0, tagAt(t, w)[0]) + t.slice(...tagAt(t, w)).repeat(times) + t.slice(tagAt(t, w)[1])),
  // attributes without end
  fc.tuple(place, fc.integer({ min: 1, max: 300 }), fc.constantFrom(' a="b"', ' token="', " x='", ' b', '=')).map(([w, times, put]): Edit => (t) => t.slice(0, Math.max(0, tagAt(t, w)[1] - 1)) + put.repeat(times) + t.slice(Math.max(0, tagAt(t, w)[1] - 1))),
  // values swapped
  fc.tuple(place, fc.constantFrom('', '-1', '1e308', '99999999999999999999', 'NaN', '0x10', '1970-01-01T00:00:00Z', 'rtsp://a:b@[::1]:1:2/x', 'http://', 'true', '&lt;!DOCTYPE')).map(([w, put]): Edit => (t) => {
    const from = t.indexOf('>', at(t, w));
    const to = t.indexOf('<', from);
    return from < 0 || to < 0 ? t : t.slice(0, from + 1) + put + t.slice(to);
  }),
);

/** A reply from the corpus after up to five edits, at most 64 KiB long. */
export const damagedReply: fc.Arbitrary<string> = fc.tuple(fc.constantFrom(...corpus), fc.array(edit, { minLength: 1, maxLength: 5 })).map(([text, edits]) => edits.reduce((t, change) => change(t).slice(0, 65_536), text));

/** What fills a whole reply of `bytes`: each is a way to make a reader work or keep too much. Made one at a time. */
export function heavyReplies(bytes: number): readonly (readonly [string, () => string])[] {
  const fill = (piece: string): string => piece.repeat(Math.ceil(bytes / piece.length)).slice(0, bytes);
  const soap = (inner: string): string => `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${inner}</s:Body></s:Envelope>`;
  const numbered = (): string => {
    const tags: string[] = [];
    for (let i = 0, length = 0; length < bytes; i++) length += (tags[i] = `<n${i} a${i}="${i}"/>`).length;
    return tags.join('');
  };
  return [
    ['attributes', () => soap(`<a ${fill('b ')}/>`)],
    ['attributes with values', () => soap(`<a ${fill('b="c"')}/>`)],
    ['attributes of many names', () => soap(`<a ${numbered().replace(/[<>/]/g, ' ')}/>`)],
    ['tags', () => soap(fill('<a/>'))],
    ['tags of many names', () => soap(numbered())],
    ['tags that never close', () => fill('<a>')],
    ['end tags', () => soap(fill('</b>'))],
    ['nests, again and again', () => soap(fill('<a>'.repeat(50) + '</a>'.repeat(50)))],
    ['as many elements as are allowed', () => soap(`<x>${'<a b="c">t</a>'.repeat(33_000)}</x>`)],
    ['entities in one text', () => soap(`<a>${fill('&amp;')}</a>`)],
    ['entities in many texts', () => soap(fill(`<a>${'&#65;'.repeat(12_000)}</a>`))],
    ['a text', () => soap(`<a>${fill('x')}</a>`)],
    ['blanks', () => soap(`<a>${fill(' ')}</a>`)],
    ['a name', () => soap(`<${fill('q')}/>`)],
    ['a value', () => soap(`<a b="${fill('v')}"/>`)],
    ['quotes', () => soap(fill('<a b="'))],
    ['opening brackets', () => soap(fill('<'))],
    ['opening brackets and blanks', () => soap(fill('< '))],
    ['comments', () => soap(fill('<!---->x'))],
    ['CDATA', () => soap(fill('<![CDATA[x]]>'))],
    ['instructions', () => soap(fill('<?a?>'))],
    ['declarations', () => fill('<!DOCTYP')],
    ['colons', () => soap(`<a ${fill(':b:')}/>`)],
    ['control characters', () => soap(`<a>${fill('\u0001')}</a>`)],
    ['two-byte characters', () => soap(`<a>${'\u4e2d'.repeat(60_000)}</a>`.repeat(Math.floor(bytes / 180_000)))],
    ['zeros', () => fill('\0')],
    ['profiles', () => soap(`<GetProfilesResponse>${fill('<Profiles token="a"><Configurations><VideoEncoder/></Configurations></Profiles>')}</GetProfilesResponse>`)],
    ['events', () => soap(`<PullMessagesResponse>${fill('<NotificationMessage><Topic>tns1:Device/Trigger/DigitalInput</Topic><Message><Message><Data><SimpleItem Name="State" Value="1"/></Data></Message></Message></NotificationMessage>')}</PullMessagesResponse>`)],
    ['reference parameters', () => soap(`<CreatePullPointSubscriptionResponse a="${fill('<ReferenceParameters ')}"/>`)],
  ];
}
