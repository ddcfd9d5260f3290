/** Recording search (ver10/search/wsdl) and recording control (ver10/recording/wsdl), read only. */
import type { Recorder, Recording, Span } from './recorder.js';
import { onvifTime, type Call, type Operation, type Reply, type Service, type ServiceContext } from './service.js';
import { child, invalidArgument, notSupported, soapFault, textOf, textsOf } from './soap.js';
import { xml, type Xml } from './xml.js';

const maxSearches = 8;
const trackState = 'tns1:RecordingHistory/Track/State';
const dayMs = 86_400_000;

interface TrackEvent {
  readonly atMs: number;
  readonly present: boolean;
  /** tells the state at the start of the search, not a change */
  readonly startState: boolean;
}
type FoundEvent = TrackEvent & { readonly recording: string; readonly track: string };

interface Search {
  readonly results: { readonly kind: 'recordings' } | { readonly kind: 'events'; readonly found: readonly FoundEvent[] };
  /** answers that will still say "Searching" */
  questions: number;
  /** results are told once */
  told: boolean;
}

/** @returns the search service of one device; running searches are its own, at most eight */
export function createSearchService(): Service {
  const searches = new Map<string, Search>();
  let next = 1;
  const begin = (results: Search['results'], { device }: ServiceContext): string => {
    if (searches.size >= maxSearches) searches.delete(searches.keys().next().value ?? '');
    const token = `Search_${next++}`;
    searches.set(token, { results, questions: device.suffering().searchQuestions, told: false });
    return token;
  };
  const list = (call: Call, kind: Search['results']['kind'], write: (results: Search['results'], context: ServiceContext) => readonly Xml[]): Xml | undefined => {
    const search = searches.get(textOf(call.request.body, 'SearchToken') ?? '');
    if (search?.results.kind !== kind) return undefined;
    if (search.questions-- > 0) return xml`<tse:ResultList><tt:SearchState>Searching</tt:SearchState></tse:ResultList>`;
    const shown = search.told ? [] : write(search.results, call.context);
    search.told = true;
    return xml`<tse:ResultList><tt:SearchState>Completed</tt:SearchState>${shown}</tse:ResultList>`;
  };
  const noSearch = invalidArgument('There is no such search', 'ter:InvalidToken');
  const operations: Record<string, Operation> = {
    GetRecordingSummary: ({ context }) => {
      const recordings = context.recorder.recordings();
      const spans = recordings.flatMap((recording) => recording.spans());
      const [fromMs, untilMs] = [Math.min(...spans.map((s) => s.fromMs)), Math.max(...spans.map((s) => s.untilMs))];
      return xml`<tse:GetRecordingSummaryResponse><tse:Summary><tt:DataFrom>${onvifTime(fromMs)}</tt:DataFrom><tt:DataUntil>${onvifTime(untilMs)}</tt:DataUntil><tt:NumberRecordings>${recordings.length}</tt:NumberRecordings></tse:Summary></tse:GetRecordingSummaryResponse>`;
    },
    FindRecordings: finding(({ context }) => xml`<tse:FindRecordingsResponse><tse:SearchToken>${begin({ kind: 'recordings' }, context)}</tse:SearchToken></tse:FindRecordingsResponse>`),
    GetRecordingSearchResults: finding((call) => {
      const results = list(call, 'recordings', (_results, context) => context.recorder.recordings().map(recordingInformation));
      return results ? xml`<tse:GetRecordingSearchResultsResponse>${results}</tse:GetRecordingSearchResultsResponse>` : noSearch;
    }),
    FindEvents: finding(({ context, request }) => {
      const startMs = Date.parse(textOf(request.body, 'StartPoint') ?? '');
      const endText = textOf(request.body, 'EndPoint');
      const endMs = endText === undefined ? context.device.nowMs() : Date.parse(endText);
      if (Number.isNaN(startMs) || Number.isNaN(endMs)) return invalidArgument('StartPoint or EndPoint is not a time');
      const wanted = textsOf(child(request.body, 'Scope'), 'IncludedRecordings');
      const includeStart = textOf(request.body, 'IncludeStartState') === 'true';
      const found = context.recorder
        .recordings()
        .filter((recording) => wanted.length === 0 || wanted.includes(recording.token))
        .flatMap((recording) => {
          const events = trackEvents(recording.spans(), startMs, endMs, includeStart);
          return tracksOf(recording).flatMap(({ track }) => events.map((event) => ({ ...event, recording: recording.token, track })));
        });
      return xml`<tse:FindEventsResponse><tse:SearchToken>${begin({ kind: 'events', found }, context)}</tse:SearchToken></tse:FindEventsResponse>`;
    }),
    GetEventSearchResults: finding((call) => {
      const results = list(call, 'events', (search) => (search.kind === 'events' ? search.found.map(trackResult) : []));
      return results ? xml`<tse:GetEventSearchResultsResponse>${results}</tse:GetEventSearchResultsResponse>` : noSearch;
    }),
    EndSearch: finding(({ context, request }) => {
      searches.delete(textOf(request.body, 'SearchToken') ?? '');
      return xml`<tse:EndSearchResponse><tse:Endpoint>${onvifTime(context.device.nowMs())}</tse:Endpoint></tse:EndSearchResponse>`;
    }),
  };
  return {
    path: '/onvif/search_service',
    namespace: 'http://www.onvif.org/ver10/search/wsdl',
    version: [2, 60],
    operations: {
      ...answering(operations),
      GetServiceCapabilities: () => xml`<tse:GetServiceCapabilitiesResponse><tse:Capabilities MetadataSearch="false" GeneralStartEvents="true"/></tse:GetServiceCapabilitiesResponse>`,
    },
  };
}

/** Operations that a device with the trait `no-search` does not have. */
function answering(operations: Readonly<Record<string, Operation>>): Record<string, Operation> {
  return Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, (call) => (call.context.device.suffering().noSearch ? notSupported(name) : operation(call))]));
}

/** What a device with the trait `summary-only` does not have. */
function finding(operation: Operation): Operation {
  return (call) => (call.context.device.suffering().summaryOnly ? notSupported(call.request.operation) : operation(call));
}

/** Where data begins and ends within the searched stretch, in its direction: backwards when it ends before it begins. */
export function trackEvents(spans: readonly Span[], startMs: number, endMs: number, includeStartState: boolean): TrackEvent[] {
  const [from, until] = startMs <= endMs ? [startMs, endMs] : [endMs, startMs];
  const within = (ms: number): boolean => ms >= from && ms <= until;
  const events: TrackEvent[] = spans.flatMap((span) => [
    { atMs: span.fromMs, present: true, startState: false },
    ...(span.running ? [] : [{ atMs: span.untilMs, present: false, startState: false }]),
  ]).filter((event) => within(event.atMs));
  if (includeStartState) {
    const present = spans.some((span) => span.fromMs < startMs && startMs < span.untilMs);
    events.unshift({ atMs: startMs, present, startState: true });
  }
  return events.sort((a, b) => (startMs <= endMs ? a.atMs - b.atMs : b.atMs - a.atMs));
}

export const recordingService: Service = {
  path: '/onvif/recording_service',
  namespace: 'http://www.onvif.org/ver10/recording/wsdl',
  version: [2, 60],
  operations: {
    ...answering({
      GetRecordings: ({ context: { recorder } }) => xml`<trc:GetRecordingsResponse>${recorder.recordings().map((recording) => xml`<trc:RecordingItem><tt:RecordingToken>${recording.token}</tt:RecordingToken><tt:Configuration>${configuration(recording, recorder)}</tt:Configuration><tt:Tracks>${tracksOf(recording).map(({ track, type }) => xml`<tt:Track><tt:TrackToken>${track}</tt:TrackToken><tt:Configuration><tt:TrackType>${type}</tt:TrackType><tt:Description>${type}</tt:Description></tt:Configuration></tt:Track>`)}</tt:Tracks></trc:RecordingItem>`)}</trc:GetRecordingsResponse>`,
      GetRecordingConfiguration: (call) => ofRecording(call, (recording, recorder) => xml`<trc:GetRecordingConfigurationResponse><trc:RecordingConfiguration>${configuration(recording, recorder)}</trc:RecordingConfiguration></trc:GetRecordingConfigurationResponse>`),
    }),
    GetServiceCapabilities: () => xml`<trc:GetServiceCapabilitiesResponse><trc:Capabilities DynamicRecordings="false" DynamicTracks="false" Encoding="H264"/></trc:GetServiceCapabilitiesResponse>`,
  },
};

const ofRecording = (call: Call, write: (recording: Recording, recorder: Recorder) => Xml): Reply => {
  const { recorder } = call.context;
  const recording = recorder.recordings().find(({ token }) => token === textOf(call.request.body, 'RecordingToken'));
  return recording ? write(recording, recorder) : soapFault(400, ['ter:InvalidArgVal', 'ter:NoRecording'], 'There is no such recording');
};

function tracksOf(recording: Recording): readonly { readonly track: string; readonly type: 'Video' | 'Audio' }[] {
  return [{ track: recording.videoTrack, type: 'Video' }, ...(recording.audioTrack === null ? [] : [{ track: recording.audioTrack, type: 'Audio' as const }])];
}

function configuration(recording: Recording, recorder: Recorder): Xml {
  const days = recorder.maximumRetentionDays();
  const told = days === null ? undefined : xml`<tt:MaximumRetentionTime>${duration(days)}</tt:MaximumRetentionTime>`;
  return xml`<tt:Source>${sourceInformation(recording)}</tt:Source><tt:Content>Video</tt:Content>${told}`;
}

function duration(days: number): string {
  return days === 0 ? 'PT0S' : Number.isInteger(days) ? `P${days}D` : `PT${Math.round((days * dayMs) / 1000)}S`;
}

function sourceInformation({ channel }: Recording): Xml {
  return xml`<tt:SourceId>${channel.sourceToken}</tt:SourceId><tt:Name>${channel.name}</tt:Name><tt:Location>village</tt:Location><tt:Description>Simulated camera</tt:Description><tt:Address>${channel.streamUrl('main')}</tt:Address>`;
}

function recordingInformation(recording: Recording): Xml {
  const spans = recording.spans();
  const [from, until] = [onvifTime(spans[0]?.fromMs ?? 0), onvifTime(spans.at(-1)?.untilMs ?? 0)];
  return xml`<tt:RecordingInformation><tt:RecordingToken>${recording.token}</tt:RecordingToken><tt:Source>${sourceInformation(recording)}</tt:Source><tt:EarliestRecording>${from}</tt:EarliestRecording><tt:LatestRecording>${until}</tt:LatestRecording><tt:Content>Video</tt:Content>${tracksOf(recording).map(({ track, type }) => xml`<tt:Track><tt:TrackToken>${track}</tt:TrackToken><tt:TrackType>${type}</tt:TrackType><tt:Description>${type}</tt:Description><tt:DataFrom>${from}</tt:DataFrom><tt:DataTo>${until}</tt:DataTo></tt:Track>`)}<tt:RecordingStatus>Recording</tt:RecordingStatus></tt:RecordingInformation>`;
}

function trackResult(event: FoundEvent): Xml {
  const time = onvifTime(event.atMs);
  return xml`<tt:Result><tt:RecordingToken>${event.recording}</tt:RecordingToken><tt:TrackToken>${event.track}</tt:TrackToken><tt:Time>${time}</tt:Time><tt:Event><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${trackState}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="${time}"><tt:Source><tt:SimpleItem Name="RecordingToken" Value="${event.recording}"/><tt:SimpleItem Name="Track" Value="${event.track}"/></tt:Source><tt:Data><tt:SimpleItem Name="IsDataPresent" Value="${event.present}"/></tt:Data></tt:Message></wsnt:Message></tt:Event><tt:StartStateEvent>${event.startState}</tt:StartStateEvent></tt:Result>`;
}
