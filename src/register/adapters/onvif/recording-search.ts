/**
 * One search on a recorder (ONVIF Recording Search, 5.7 to 5.13): begin, ask for results until it is completed, end. The
 * asking is bounded in number and in time, and the search is always ended: devices have few slots.
 */
import type { Clock } from '../../../core/clock.js';
import { HedgerowError } from '../../../core/errors.js';
import { child, children, escapeXml, find, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { namespaces } from './soap-message.js';

const { tse } = namespaces;

export interface SearchOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `Recording` or `Event`, as in `GetRecordingSearchResults` */
  readonly kind: 'Recording' | 'Event';
  /** content of FindRecordings or FindEvents, in the order of the schema, without KeepAliveTime */
  readonly criteria: string;
  /** name of one result's element */
  readonly element: 'RecordingInformation' | 'Result';
}

export type SearchOutcome =
  | { readonly status: 'complete'; readonly results: readonly XmlValue[] }
  /** it went on longer than we wait, or gave more than we keep: what there is may be a part */
  | { readonly status: 'partial'; readonly results: readonly XmlValue[] }
  /** the operation that the device refused */
  | { readonly status: 'refused'; readonly operation: string };

/** More than the ten seconds that the specification asks for at least, and longer than we pause between two questions. */
const keepAlive = 'PT30S';
const waitMs = 3_000;
const pauseMs = 250;
const maxQuestions = 40;
const maxDurationMs = 30_000;
const maxResults = 5_000;

export async function searchRecorder(conversation: Conversation, options: SearchOptions): Promise<SearchOutcome> {
  const { url, clock, signal, kind } = options;
  const begin = `Find${kind}s`;
  const more = `Get${kind}SearchResults`;
  const begun = await optional(() =>
    conversation.call({ url, action: `${tse}/${begin}`, body: `<tse:${begin}>${options.criteria}<tse:KeepAliveTime>${keepAlive}</tse:KeepAliveTime></tse:${begin}>` }),
  );
  const token = textAt(find(begun ?? undefined, `${begin}Response`), 'SearchToken');
  if (token === null) return { status: 'refused', operation: begin };
  const tokenXml = `<tse:SearchToken>${escapeXml(token)}</tse:SearchToken>`;
  const results: XmlValue[] = [];
  const endsAtMs = clock.monotonicMs() + maxDurationMs;
  try {
    for (let asked = 0; asked < maxQuestions && clock.monotonicMs() < endsAtMs; asked++) {
      const body = await optional(() =>
        conversation.call({
          url,
          action: `${tse}/${more}`,
          body: `<tse:${more}>${tokenXml}<tse:MaxResults>200</tse:MaxResults><tse:WaitTime>PT${waitMs / 1000}S</tse:WaitTime></tse:${more}>`,
          extraReplyMs: waitMs,
        }),
      );
      const list = child(find(body ?? undefined, `${more}Response`), 'ResultList');
      // A search that ends itself with its last result answers the next question with a fault: what came before stands.
      if (list === undefined) return results.length === 0 ? { status: 'refused', operation: more } : { status: 'partial', results };
      const found = children(list, options.element);
      for (const result of found) results.push(result);
      if (results.length > maxResults) return { status: 'partial', results: results.slice(0, maxResults) };
      // Without a state it is what it is. "Queued" and "Searching" go on.
      if (!/^(queued|searching|unknown)$/i.test(textAt(list, 'SearchState') ?? '')) return { status: 'complete', results };
      if (found.length === 0) {
        await clock.sleep(pauseMs, signal).catch((cause: unknown) => {
          throw new HedgerowError('process.aborted', 'Stopped before the search was done.', { cause });
        });
      }
    }
    return { status: 'partial', results };
  } finally {
    await optional(() => conversation.call({ url, action: `${tse}/EndSearch`, body: `<tse:EndSearch>${tokenXml}</tse:EndSearch>` })).catch(() => null);
  }
}
