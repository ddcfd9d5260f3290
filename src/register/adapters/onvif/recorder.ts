/**
 * What a recorder (ONVIF Profile G) says of its recordings: the ends of the stretch, the gaps in it, and how long it may
 * keep them. Each question stands alone: what the device refuses is named in `refused`, never guessed. The device speaks
 * in its own clock; everything that leaves here is in ours. Habits of recorders: quirks, item 16.
 */
import type { Clock } from '../../../core/clock.js';
import type { DeviceServices, RecorderFacts } from '../../onvif-client.js';
import { attribute, child, children, escapeXml, find, numberAt, textAt, type XmlValue } from '../../soap-xml.js';
import type { Conversation } from './conversation.js';
import { optional } from './device-facts.js';
import { readDateTimeMs, readDurationMs, readRecordedMs, writeDateTime } from './device-time.js';
import { spansOf, type TrackState } from './recorded-spans.js';
import { searchRecorder } from './recording-search.js';
import { namespaces } from './soap-message.js';

const { trc, tse } = namespaces;
const trackTopic = 'tns1:RecordingHistory/Track/State';
/** Newer than our clock by more than this is no time of a recording ("until 2037"). */
const futureMs = 3_600_000;

export interface RecorderQuestion {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly fromMs: number;
  readonly untilMs: number;
  /** only recordings of this video source; null: all of the device */
  readonly sourceToken: string | null;
}

interface Recording {
  readonly token: string;
  readonly sources: readonly string[];
  readonly earliestMs: number | null;
  readonly latestMs: number | null;
  /** tokens of tracks that hold no video */
  readonly silentTracks: ReadonlySet<string>;
}

export async function readRecorder(conversation: Conversation, services: DeviceServices, question: RecorderQuestion): Promise<RecorderFacts> {
  const skewMs = conversation.skewMs ?? 0;
  const refused: string[] = [];
  const ours = (text: string | null): number | null => {
    const told = readRecordedMs(text);
    if (told === null && text !== null) conversation.deviates('recording-time-unset');
    return told === null || told - skewMs > question.clock.nowMs() + futureMs ? null : told - skewMs;
  };
  const { search } = services;
  const summary = search === null ? null : await readSummary(conversation, search, ours);
  if (search !== null && summary === null) refused.push('GetRecordingSummary');
  const listed = search === null ? null : await readRecordings(conversation, { ...question, search, ours, refused });
  const own = listed === null ? null : ofSource(listed, question.sourceToken, refused);
  const maximumRetentionMs = services.recording === null ? null : await readMaximumRetention(conversation, services.recording, own, question.sourceToken, refused);

  // The summary is of the whole device: of one source it says something only when nobody told of more than one recording.
  const mayUseSummary = question.sourceToken === null || (listed === null ? (summary?.recordings ?? 2) <= 1 : listed.length <= 1);
  const earliestMs = least(own?.map((r) => r.earliestMs)) ?? (mayUseSummary ? (summary?.earliestMs ?? null) : null);
  const latestMs = most(own?.map((r) => r.latestMs)) ?? (mayUseSummary ? (summary?.latestMs ?? null) : null);
  const recordings = own?.length ?? (mayUseSummary ? (summary?.recordings ?? null) : null);
  const states = search === null || own?.length === 0 || (own === null && question.sourceToken !== null && !mayUseSummary) ? null : await readTrackStates(conversation, { ...question, search, own, skewMs, refused });
  const spans = states === null ? null : spansOf(states, { fromMs: question.fromMs, untilMs: question.untilMs, earliestMs, latestMs });
  const told = earliestMs !== null || latestMs !== null || recordings !== null;
  return { support: spans !== null ? 'events' : told ? 'summary' : 'none', earliestMs, latestMs, recordings, spans, maximumRetentionMs, refused };
}

type Ours = (text: string | null) => number | null;

async function readSummary(conversation: Conversation, url: string, ours: Ours): Promise<Pick<RecorderFacts, 'earliestMs' | 'latestMs' | 'recordings'> | null> {
  const body = await optional(() => conversation.call({ url, action: `${tse}/GetRecordingSummary`, body: '<tse:GetRecordingSummary/>' }));
  const summary = child(find(body ?? undefined, 'GetRecordingSummaryResponse'), 'Summary');
  if (summary === undefined) return null;
  return { earliestMs: ours(textAt(summary, 'DataFrom')), latestMs: ours(textAt(summary, 'DataUntil')), recordings: numberAt(summary, 'NumberRecordings') };
}

/** @returns null when they cannot be had */
async function readRecordings(conversation: Conversation, ask: RecorderQuestion & { search: string; ours: Ours; refused: string[] }): Promise<readonly Recording[] | null> {
  const outcome = await searchRecorder(conversation, { url: ask.search, clock: ask.clock, signal: ask.signal, kind: 'Recording', criteria: '<tse:Scope/>', element: 'RecordingInformation' });
  if (outcome.status === 'refused') {
    ask.refused.push(outcome.operation);
    return null;
  }
  if (outcome.status === 'partial') ask.refused.push('GetRecordingSearchResults (did not come to its end)');
  const byToken = new Map<string, Recording>();
  for (const told of outcome.results) {
    const recording = recordingOf(told, ask.ours);
    // A device may tell the same results again at each question.
    if (recording !== null) byToken.set(recording.token, recording);
  }
  return [...byToken.values()];
}

function recordingOf(told: XmlValue, ours: Ours): Recording | null {
  const token = textAt(told, 'RecordingToken') ?? attribute(told, 'token');
  if (token === null) return null;
  const tracks = children(told, 'Track');
  const isVideo = (track: XmlValue): boolean => (textAt(track, 'TrackType') ?? 'Video').toLowerCase() === 'video';
  const video = tracks.filter(isVideo);
  const source = child(told, 'Source');
  return {
    token,
    sources: [textAt(source, 'SourceId'), textAt(source, 'Address'), textAt(source, 'Name')].flatMap((s) => s ?? []),
    // EarliestRecording 1970 with a good DataFrom in its track, and the reverse, both come.
    earliestMs: ours(textAt(told, 'EarliestRecording')) ?? least(video.map((t) => ours(textAt(t, 'DataFrom')))),
    latestMs: ours(textAt(told, 'LatestRecording')) ?? most(video.map((t) => ours(textAt(t, 'DataTo')))),
    silentTracks: new Set(tracks.filter((t) => !isVideo(t)).flatMap((t) => textAt(t, 'TrackToken') ?? [])),
  };
}

/** Recordings of one channel. When no recording names it and there are several, nobody can say which are its own. */
function ofSource(recordings: readonly Recording[], sourceToken: string | null, refused: string[]): readonly Recording[] | null {
  if (sourceToken === null || recordings.length === 0) return recordings;
  const own = recordings.filter((r) => r.sources.includes(sourceToken));
  if (own.length > 0) return own;
  if (recordings.length === 1) return recordings;
  refused.push('FindRecordings (no recording names this video source)');
  return null;
}

/** @returns null when they cannot be had, or not all of them: half a history would look like a whole one */
async function readTrackStates(
  conversation: Conversation,
  ask: RecorderQuestion & { search: string; own: readonly Recording[] | null; skewMs: number; refused: string[] },
): Promise<readonly TrackState[] | null> {
  const point = (name: string, ms: number): string => `<tse:${name}>${writeDateTime(ms + ask.skewMs)}</tse:${name}>`;
  // Only where it is needed: some devices refuse a scope that names recordings.
  const scope = ask.sourceToken === null || ask.own === null ? '' : ask.own.map((r) => `<tt:IncludedRecordings>${escapeXml(r.token)}</tt:IncludedRecordings>`).join('');
  const criteria =
    `${point('StartPoint', ask.fromMs)}${point('EndPoint', ask.untilMs)}${scope === '' ? '<tse:Scope/>' : `<tse:Scope>${scope}</tse:Scope>`}` +
    `<tse:SearchFilter><wsnt:TopicExpression Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet" xmlns:tns1="http://www.onvif.org/ver10/topics">${trackTopic}</wsnt:TopicExpression></tse:SearchFilter>` +
    '<tse:IncludeStartState>true</tse:IncludeStartState>';
  const outcome = await searchRecorder(conversation, { url: ask.search, clock: ask.clock, signal: ask.signal, kind: 'Event', criteria, element: 'Result' });
  if (outcome.status !== 'complete') {
    ask.refused.push(outcome.status === 'refused' ? outcome.operation : 'GetEventSearchResults (did not come to its end)');
    return null;
  }
  const wanted = ask.own === null ? null : new Map(ask.own.map((r) => [r.token, r.silentTracks]));
  const states = outcome.results.flatMap((result) => stateOf(result, wanted, ask.skewMs));
  if (states.length > 0) return states;
  // With the start state asked for, no event at all is no answer (cameras that log only what ONVIF recorded).
  ask.refused.push('FindEvents (tells no state of any track)');
  return null;
}

function stateOf(result: XmlValue, wanted: ReadonlyMap<string, ReadonlySet<string>> | null, skewMs: number): TrackState[] {
  const message = find(child(result, 'Event'), 'Data') === undefined ? undefined : child(result, 'Event');
  const items = children(find(message, 'Data'), 'SimpleItem');
  const value = items.map((i) => (attribute(i, 'Name')?.toLowerCase() === 'isdatapresent' ? attribute(i, 'Value') : null)).find((v) => v !== null);
  const topic = textAt(message, 'Topic');
  const recording = textAt(result, 'RecordingToken');
  const track = textAt(result, 'TrackToken') ?? '';
  const atMs = readDateTimeMs(textAt(result, 'Time') ?? attribute(find(message, 'Message'), 'UtcTime'));
  if (value === undefined || atMs === null || (topic !== null && !/Track\/(?:\w+:)?State$/.test(topic))) return [];
  if (wanted !== null && recording !== null && (!wanted.has(recording) || wanted.get(recording)?.has(track) === true)) return [];
  return [{ track: `${recording ?? ''} ${track}`, atMs: atMs - skewMs, present: /^(true|1)$/i.test(value), start: /^(true|1)$/i.test(textAt(result, 'StartStateEvent') ?? '') }];
}

/** The longest that any of the camera's recordings may last; 0, "no limit", is longer than all. */
async function readMaximumRetention(conversation: Conversation, url: string, own: readonly Recording[] | null, sourceToken: string | null, refused: string[]): Promise<number | null> {
  const body = await optional(() => conversation.call({ url, action: `${trc}/GetRecordings`, body: '<trc:GetRecordings/>' }));
  const items = children(find(body ?? undefined, 'GetRecordingsResponse'), 'RecordingItem');
  const isOwn = (token: string | null): boolean => (own === null ? sourceToken === null || items.length === 1 : token !== null && own.some((r) => r.token === token));
  const told = items.filter((item) => isOwn(textAt(item, 'RecordingToken'))).map((item) => readDurationMs(textAt(item, 'Configuration', 'MaximumRetentionTime')));
  if (body === null) {
    refused.push('GetRecordings');
    const token = own?.[0]?.token;
    if (token !== undefined) {
      const one = await optional(() =>
        conversation.call({ url, action: `${trc}/GetRecordingConfiguration`, body: `<trc:GetRecordingConfiguration><trc:RecordingToken>${escapeXml(token)}</trc:RecordingToken></trc:GetRecordingConfiguration>` }),
      );
      if (one === null) refused.push('GetRecordingConfiguration');
      told.push(readDurationMs(textAt(find(one ?? undefined, 'GetRecordingConfigurationResponse'), 'RecordingConfiguration', 'MaximumRetentionTime')));
    }
  }
  return told.some((ms) => ms === 0) ? 0 : most(told);
}

function least(values: readonly (number | null)[] | undefined): number | null {
  const known = (values ?? []).filter((v) => v !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function most(values: readonly (number | null)[] | undefined): number | null {
  const known = (values ?? []).filter((v) => v !== null);
  return known.length === 0 ? null : Math.max(...known);
}
