/** Recording search (ver10/search/wsdl) and recording control (ver10/recording/wsdl), read only. */
import type { Recorder, Span } from './recorder.js';
import { onvifTime, type Call, type Operation, type Reply, type Service, type ServiceContext } from './service.js';
import { invalidArgument, soapFault, textOf } from './soap.js';
import { xml, type Xml } from './xml.js';

const maxSearches = 8;
const trackState = 'tns1:RecordingHistory/Track/State';

interface TrackEvent {
  readonly atMs: number;
  readonly present: boolean;
  /** tells the state at the start of the search, not a change */
  readonly startState: boolean;
}

type Search = { readonly kind: 'recordings' } | { readonly kind: 'events'; readonly found: readonly TrackEvent[] };

/** @returns the search service of one camera; running searches are its own, at most eight */
export function createSearchService(): Service {
  const searches = new Map<string, Search>();
  let next = 1;
  const begin = (search: Search): string => {
    if (searches.size >= maxSearches) searches.delete(searches.keys().next().value ?? '');
    const token = `Search_${next++}`;
    searches.set(token, search);
    return token;
  };
  const results = (call: Call, kind: Search['kind'], write: (search: Search, context: ServiceContext) => Xml): Reply => {
    const search = searches.get(textOf(call.request.body, 'SearchToken') ?? '');
    return search?.kind === kind ? write(search, call.context) : invalidArgument('There is no such search', 'ter:InvalidToken');
  };
  return {
    path: '/onvif/search_service',
    namespace: 'http://www.onvif.org/ver10/search/wsdl',
    version: [2, 60],
    operations: {
      GetServiceCapabilities: () => xml`<tse:GetServiceCapabilitiesResponse><tse:Capabilities MetadataSearch="false" GeneralStartEvents="true"/></tse:GetServiceCapabilitiesResponse>`,
      GetRecordingSummary: ({ context }) => {
        const whole = wholeOf(context.recorder);
        return xml`<tse:GetRecordingSummaryResponse><tse:Summary><tt:DataFrom>${onvifTime(whole.fromMs)}</tt:DataFrom><tt:DataUntil>${onvifTime(whole.untilMs)}</tt:DataUntil><tt:NumberRecordings>1</tt:NumberRecordings></tse:Summary></tse:GetRecordingSummaryResponse>`;
      },
      FindRecordings: () => xml`<tse:FindRecordingsResponse><tse:SearchToken>${begin({ kind: 'recordings' })}</tse:SearchToken></tse:FindRecordingsResponse>`,
      GetRecordingSearchResults: (call) => results(call, 'recordings', (_search, { recorder }) => xml`<tse:GetRecordingSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState>${recordingInformation(recorder)}</tse:ResultList></tse:GetRecordingSearchResultsResponse>`),
      FindEvents: (call) => {
        const startMs = Date.parse(textOf(call.request.body, 'StartPoint') ?? '');
        const endText = textOf(call.request.body, 'EndPoint');
        const endMs = endText === undefined ? call.context.device.nowMs() : Date.parse(endText);
        if (Number.isNaN(startMs) || Number.isNaN(endMs)) return invalidArgument('StartPoint or EndPoint is not a time');
        const found = trackEvents(call.context.recorder.spans(), startMs, endMs, textOf(call.request.body, 'IncludeStartState') === 'true');
        return xml`<tse:FindEventsResponse><tse:SearchToken>${begin({ kind: 'events', found })}</tse:SearchToken></tse:FindEventsResponse>`;
      },
      GetEventSearchResults: (call) => results(call, 'events', (search, { recorder }) => xml`<tse:GetEventSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState>${search.kind === 'events' ? search.found.map((event) => trackResult(event, recorder)) : []}</tse:ResultList></tse:GetEventSearchResultsResponse>`),
      EndSearch: ({ context, request }) => {
        searches.delete(textOf(request.body, 'SearchToken') ?? '');
        return xml`<tse:EndSearchResponse><tse:Endpoint>${onvifTime(context.device.nowMs())}</tse:Endpoint></tse:EndSearchResponse>`;
      },
    },
  };
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
    GetServiceCapabilities: () => xml`<trc:GetServiceCapabilitiesResponse><trc:Capabilities DynamicRecordings="false" DynamicTracks="false" Encoding="H264"/></trc:GetServiceCapabilitiesResponse>`,
    GetRecordings: ({ context: { recorder } }) => xml`<trc:GetRecordingsResponse><trc:RecordingItem><tt:RecordingToken>${recorder.recordingToken}</tt:RecordingToken><tt:Configuration>${configuration(recorder)}</tt:Configuration><tt:Tracks><tt:Track><tt:TrackToken>${recorder.trackToken}</tt:TrackToken><tt:Configuration><tt:TrackType>Video</tt:TrackType><tt:Description>Video</tt:Description></tt:Configuration></tt:Track></tt:Tracks></trc:RecordingItem></trc:GetRecordingsResponse>`,
    GetRecordingConfiguration: (call) => ofRecording(call, (recorder) => xml`<trc:GetRecordingConfigurationResponse><trc:RecordingConfiguration>${configuration(recorder)}</trc:RecordingConfiguration></trc:GetRecordingConfigurationResponse>`),
  },
};

const ofRecording = (call: Call, write: (recorder: Recorder) => Xml): ReturnType<Operation> => {
  const { recorder } = call.context;
  return textOf(call.request.body, 'RecordingToken') === recorder.recordingToken ? write(recorder) : soapFault(400, ['ter:InvalidArgVal', 'ter:NoRecording'], 'There is no such recording');
};

function configuration(recorder: Recorder): Xml {
  return xml`<tt:Source>${sourceInformation()}</tt:Source><tt:Content>Video</tt:Content><tt:MaximumRetentionTime>P${recorder.maximumRetentionDays}D</tt:MaximumRetentionTime>`;
}

function sourceInformation(): Xml {
  return xml`<tt:SourceId>VideoSource_1</tt:SourceId><tt:Name>Camera</tt:Name><tt:Location>village</tt:Location><tt:Description>Simulated camera</tt:Description><tt:Address>Profile_main</tt:Address>`;
}

function wholeOf(recorder: Recorder): Omit<Span, 'running'> {
  const spans = recorder.spans();
  return { fromMs: spans[0]?.fromMs ?? 0, untilMs: spans[spans.length - 1]?.untilMs ?? 0 };
}

function recordingInformation(recorder: Recorder): Xml {
  const whole = wholeOf(recorder);
  const [from, until] = [onvifTime(whole.fromMs), onvifTime(whole.untilMs)];
  return xml`<tt:RecordingInformation><tt:RecordingToken>${recorder.recordingToken}</tt:RecordingToken><tt:Source>${sourceInformation()}</tt:Source><tt:EarliestRecording>${from}</tt:EarliestRecording><tt:LatestRecording>${until}</tt:LatestRecording><tt:Content>Video</tt:Content><tt:Track><tt:TrackToken>${recorder.trackToken}</tt:TrackToken><tt:TrackType>Video</tt:TrackType><tt:Description>Video</tt:Description><tt:DataFrom>${from}</tt:DataFrom><tt:DataTo>${until}</tt:DataTo></tt:Track><tt:RecordingStatus>Recording</tt:RecordingStatus></tt:RecordingInformation>`;
}

function trackResult(event: TrackEvent, recorder: Recorder): Xml {
  const time = onvifTime(event.atMs);
  return xml`<tt:Result><tt:RecordingToken>${recorder.recordingToken}</tt:RecordingToken><tt:TrackToken>${recorder.trackToken}</tt:TrackToken><tt:Time>${time}</tt:Time><tt:Event><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${trackState}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="${time}"><tt:Source><tt:SimpleItem Name="RecordingToken" Value="${recorder.recordingToken}"/><tt:SimpleItem Name="Track" Value="${recorder.trackToken}"/></tt:Source><tt:Data><tt:SimpleItem Name="IsDataPresent" Value="${event.present}"/></tt:Data></tt:Message></wsnt:Message></tt:Event><tt:StartStateEvent>${event.startState}</tt:StartStateEvent></tt:Result>`;
}
