import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { readDateTimeMs, readDurationMs, writeDateTime } from '../../src/register/adapters/onvif/device-time.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import { spansOf, type TrackState } from '../../src/register/adapters/onvif/recorded-spans.js';
import { horizontalFovOf } from '../../src/register/adapters/onvif/told-pose.js';
import { readTopicSet } from '../../src/register/adapters/onvif/topic-set.js';
import type { DeviceServices, MediaProfile, OnvifDevice } from '../../src/register/onvif-client.js';
import { find, parseXml } from '../../src/register/soap-xml.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { dateTime, fault, fixture, soap, startDevice, type DeviceReply, type DeviceRequest, type DeviceServer } from './device-server.js';

const clock = new SystemClock({ unref: true });
const lines: string[] = [];
const log = createLogger('debug', { write: (line) => lines.push(line) });
const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
const dayMs = 86_400_000;
const unsupported: DeviceReply = { status: 500, body: fault('ActionNotSupported', 'Optional Action Not Implemented') };

/** the newest one */
let server: DeviceServer | undefined;
const servers: DeviceServer[] = [];
afterEach(async () => {
  for (const one of servers.splice(0)) await one.close();
});

/** A device that answers with these replies by operation, and knows no other. Its clock is ours unless told. */
async function device(replies: Record<string, DeviceReply | ((r: DeviceRequest, turn: number) => DeviceReply)>, options: { skewMs?: number; replyTimeoutMs?: number } = {}): Promise<{ dev: OnvifDevice; services: DeviceServices }> {
  const turns = new Map<string, number>();
  server = await startDevice((request) => {
    const { operation } = request;
    if (operation === 'GetSystemDateAndTime') return { body: dateTime(Date.now() + (options.skewMs ?? 0)) };
    const reply = Object.hasOwn(replies, operation) ? replies[operation] : undefined;
    const turn = turns.get(operation) ?? 0;
    turns.set(operation, turn + 1);
    return typeof reply === 'function' ? reply(request, turn) : (reply ?? unsupported);
  });
  servers.push(server);
  const url = (path: string): string => `http://127.0.0.1:${server?.port}/${path}`;
  const dev = await createOnvifClient({ guard, clock, log, limits: { connectTimeoutMs: 1000, replyTimeoutMs: options.replyTimeoutMs ?? 2000, maxReplyBytes: 1 << 20 } }).open({ url: server.url, username: 'op', password: 'old-secret-1', authMode: null }, new AbortController().signal);
  return { dev, services: { media1: url('m1'), media2: url('m2'), events: url('ev'), deviceIo: null, recording: url('rec'), search: url('search'), analytics: url('an'), told: [] } };
}
const asked = (operation: string): DeviceRequest[] => (server?.requests ?? []).filter((r) => r.operation === operation);
const file = (name: string): DeviceReply => ({ body: fixture(name) });
const profile = (sourceToken: string | null): MediaProfile => ({ token: 'p', name: 'p', media: 2, codec: 'H264', widthPx: 1920, heightPx: 1080, fps: 25, bitrateKbps: null, gopFrames: null, sourceToken, audio: null, analytics: null });

describe('times and durations', () => {
  it.each<[string, number | null]>([
    ['PT0S', 0], ['P0D', 0], ['PT1H', 3_600_000], ['P30D', 30 * dayMs], ['P1M', 30 * dayMs], ['P1Y', 365 * dayMs], ['P1Y2M3DT4H5M6.5S', (365 + 60 + 3) * dayMs + 4 * 3_600_000 + 5 * 60_000 + 6_500], ['P4W', 28 * dayMs],
    [' pt15m ', 900_000], ['PT2592000S', 30 * dayMs], ['P', null], ['PT', null], ['P1DT', null], ['-P1D', null], ['30', null], ['', null], ['P1.5D', null], ['P1H', null],
  ])('reads the duration %j as %j', (text, ms) => {
    expect(readDurationMs(text)).toBe(ms);
  });

  it('reads back any duration that can be written, and never throws', () => {
    const part = fc.nat({ max: 9999 });
    fc.assert(
      fc.property(part, part, part, part, part, part, (y, mo, d, h, mi, s) => {
        expect(readDurationMs(`P${y}Y${mo}M${d}DT${h}H${mi}M${s}S`)).toBe((y * 365 + mo * 30 + d) * dayMs + ((h * 60 + mi) * 60 + s) * 1000);
      }),
    );
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[PT0-9YMDHS.-]{0,30}$/)), (text) => {
      const ms = readDurationMs(text);
      expect(ms === null || (Number.isFinite(ms) && ms >= 0)).toBe(true);
    }));
  });

  it('reads a time with a zone, with none as UTC, and what it wrote itself', () => {
    expect(readDateTimeMs('2026-05-25T16:00:00+08:00')).toBe(Date.UTC(2026, 4, 25, 8));
    expect(readDateTimeMs('2026-05-25T16:00:00')).toBe(Date.UTC(2026, 4, 25, 16));
    expect(readDateTimeMs('2026-05-25T16:00:00.2509Z')).toBe(Date.UTC(2026, 4, 25, 16, 0, 0, 250));
    for (const text of [null, '', 'yesterday', '2026-13-01T00:00:00Z', '2026-05-25']) expect(readDateTimeMs(text)).toBeNull();
    fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      expect(readDateTimeMs(writeDateTime(seconds * 1000))).toBe(seconds * 1000);
    }));
  });
});

describe('network time', () => {
  it('takes the list that is in use, names in the wrong field too, and drops what is unset', async () => {
    const { dev } = await device({ GetNTP: file('unnamed-ipc-ntp-name-as-address.xml') });
    expect(await dev.networkTime()).toEqual({ fromDhcp: false, servers: ['time.example.org', 'fd00::123'] });
  });

  it.each([[unsupported], [{ status: 400, body: '' }], [{ body: soap('<tds:GetNTPResponse/>') }]])('is silent when the device is: %j', async (reply) => {
    expect(await (await device({ GetNTP: reply })).dev.networkTime()).toBeNull();
  });
});

describe('the recorder', () => {
  const fromMs = Date.UTC(2026, 4, 20);
  const untilMs = Date.UTC(2026, 5, 1);
  const found = (kind: string): DeviceReply => ({ body: soap(`<tse:Find${kind}sResponse><tse:SearchToken>t &amp; 1</tse:SearchToken></tse:Find${kind}sResponse>`) });
  const searches = { FindRecordings: found('Recording'), FindEvents: found('Event'), EndSearch: { body: soap('<EndSearchResponse/>') } };

  it('takes 1970 and 2037 for unset, and believes the number', async () => {
    const { dev, services } = await device({ GetRecordingSummary: file('unnamed-nvr-summary-1970.xml') });
    expect(await dev.recorder(services, fromMs, untilMs)).toEqual({ support: 'summary', earliestMs: null, latestMs: null, recordings: 8, spans: null, maximumRetentionMs: null, refused: ['GetRecordingSummary', 'FindRecordings', 'GetRecordings', 'FindEvents'].slice(1) });
    expect(dev.deviations).toContain('recording-time-unset');
  });

  it('reads gaps of the video, from values and zones of any style, once for each event, though the summary is refused with nothing', async () => {
    const { dev, services } = await device({
      ...searches, GetRecordingSummary: { status: 400, body: '' }, GetRecordingSearchResults: file('unnamed-nvr-recordings-1970.xml'), GetEventSearchResults: file('unnamed-nvr-event-states.xml'),
    });
    const facts = await dev.recorder(services, fromMs, untilMs, 'VideoSource000');
    expect(facts).toMatchObject({ support: 'events', recordings: 1, refused: ['GetRecordingSummary', 'GetRecordings', 'GetRecordingConfiguration'] });
    // The device is not said to have our clock to the millisecond.
    const near = (ms: number | null | undefined, expected: number): void => expect(Math.abs((ms ?? 0) - expected)).toBeLessThan(2000);
    near(facts.earliestMs, Date.UTC(2026, 4, 2, 8));
    near(facts.latestMs, Date.UTC(2026, 5, 1, 7, 59, 30));
    expect(facts.spans).toHaveLength(2);
    near(facts.spans?.[0]?.fromMs, fromMs);
    near(facts.spans?.[0]?.untilMs, Date.UTC(2026, 4, 25, 8));
    near(facts.spans?.[1]?.fromMs, Date.UTC(2026, 4, 25, 14));
    expect(facts.spans?.[1]?.untilMs).toBeNull();
    expect(asked('FindEvents')[0]?.body).toContain('<tt:IncludedRecordings>OnvifRecordingToken_1</tt:IncludedRecordings>');
    expect(asked('FindEvents')[0]?.body).toMatch(/<tse:IncludeStartState>true<.*<tse:KeepAliveTime>PT30S</);
    expect(asked('EndSearch').map((r) => /SearchToken>([^<]*)</.exec(r.body)?.[1])).toEqual(['t &#38; 1', 't &#38; 1']);
  });

  it.each([3_600_000, -5 * 365 * dayMs])('corrects times by a skew of %i ms, in the question and in the answer', async (skewMs) => {
    const { dev, services } = await device({ ...searches, GetRecordingSearchResults: file('axis-recordings-none.xml'), GetRecordingSummary: { body: soap(`<tse:GetRecordingSummaryResponse><tse:Summary><tt:DataFrom>${writeDateTime(fromMs + skewMs)}</tt:DataFrom><tt:DataUntil>${writeDateTime(untilMs + skewMs)}</tt:DataUntil></tse:Summary></tse:GetRecordingSummaryResponse>`) } }, { skewMs });
    const facts = await dev.recorder(services, fromMs, untilMs);
    expect(Math.abs((facts.earliestMs ?? 0) - fromMs)).toBeLessThan(2000);
    expect(Math.abs((facts.latestMs ?? 0) - untilMs)).toBeLessThan(2000);
    const { dev: again, services: same } = await device({ ...searches, GetEventSearchResults: unsupported }, { skewMs });
    await again.recorder(same, fromMs, untilMs);
    const start = Date.parse(/StartPoint>([^<]*)</.exec(asked('FindEvents')[0]?.body ?? '')?.[1] ?? '');
    expect(Math.abs(start - (fromMs + skewMs))).toBeLessThan(2000);
    // Both searches were begun, so both are ended, though neither told a result.
    expect(asked('EndSearch')).toHaveLength(2);
  });

  it('does not call an empty search a whole history', async () => {
    const { dev, services } = await device({ ...searches, GetRecordingSearchResults: file('axis-recordings-none.xml'), GetEventSearchResults: { body: soap('<tse:GetEventSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState></tse:ResultList></tse:GetEventSearchResultsResponse>') } });
    expect(await dev.recorder(services, fromMs, untilMs)).toMatchObject({ support: 'summary', recordings: 0, spans: null });
    const { dev: other, services: same } = await device({ ...searches, GetEventSearchResults: { body: soap('<tse:GetEventSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState></tse:ResultList></tse:GetEventSearchResultsResponse>') } });
    expect(await other.recorder(same, fromMs, untilMs)).toMatchObject({ support: 'none', spans: null, refused: expect.arrayContaining(['FindEvents (tells no state of any track)']) as unknown });
  });

  it('asks again while a search is under way, and takes the answer', async () => {
    const { dev, services } = await device({ ...searches, GetRecordingSearchResults: (_r, turn) => file(turn < 3 ? 'unnamed-nvr-recordings-searching.xml' : 'unnamed-nvr-recordings-1970.xml') });
    expect((await dev.recorder(services, fromMs, untilMs)).recordings).toBe(2);
    expect(asked('GetRecordingSearchResults')).toHaveLength(4);
  });

  it('stops asking a search that never ends, ends it, and says so', async () => {
    const { dev, services } = await device({ ...searches, GetRecordingSearchResults: file('unnamed-nvr-recordings-searching.xml') });
    const startedMs = performance.now();
    const facts = await dev.recorder(services, fromMs, untilMs);
    expect(performance.now() - startedMs).toBeLessThan(35_000);
    expect(facts.refused).toContain('GetRecordingSearchResults (did not come to its end)');
    expect(asked('GetRecordingSearchResults').length).toBeLessThanOrEqual(40);
    expect(asked('EndSearch')).toHaveLength(1);
  }, 45_000);

  it.each([[['a'], 3_600_000], [['a', 'b'], 0], [['c'], null], [['a', 'c'], 3_600_000]])('takes the longest of the retentions of %j: %j', async (tokens, expected) => {
    const recordings = tokens.map((t) => `<tt:RecordingInformation><tt:RecordingToken>${t}</tt:RecordingToken></tt:RecordingInformation>`).join('');
    const { dev, services } = await device({ ...searches, GetRecordings: file('unnamed-nvr-recordings-retention.xml'), GetRecordingSearchResults: { body: soap(`<tse:GetRecordingSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState>${recordings}</tse:ResultList></tse:GetRecordingSearchResultsResponse>`) } });
    expect((await dev.recorder(services, fromMs, untilMs)).maximumRetentionMs).toBe(expected);
  });

  it('asks nobody where there is no recorder', async () => {
    const { dev, services } = await device({});
    expect(await dev.recorder({ ...services, search: null, recording: null }, fromMs, untilMs)).toEqual({ support: 'none', earliestMs: null, latestMs: null, recordings: null, spans: null, maximumRetentionMs: null, refused: [] });
    expect(server?.requests.map((r) => r.operation)).toEqual(['GetSystemDateAndTime']);
  });
});

describe('stretches of a recording', () => {
  const range = { fromMs: 0, untilMs: 1_000_000_000, earliestMs: null, latestMs: null };
  const state = (atMs: number, present: boolean, start = false, track = 'v'): TrackState => ({ track, atMs, present, start });

  it('ends an open stretch with the newest recording, and begins it with the oldest', () => {
    expect(spansOf([state(0, true, true)], { ...range, earliestMs: 500, latestMs: 7_000 })).toEqual([{ fromMs: 500, untilMs: 7_000 }]);
    expect(spansOf([state(0, true, true)], { ...range, latestMs: range.untilMs - 60_000 })).toEqual([{ fromMs: 0, untilMs: null }]);
  });

  it('infers what comes before a first "absent", and nothing before a first "present"', () => {
    expect(spansOf([state(10, false)], range)).toEqual([{ fromMs: 0, untilMs: 10 }]);
    expect(spansOf([state(10, true), state(20, false)], range)).toEqual([{ fromMs: 10, untilMs: 20 }]);
    expect(spansOf([state(0, false, true)], range)).toEqual([]);
  });

  it('are in order, apart, inside the range, and the same for events told twice and in any order', () => {
    const states = fc.array(fc.record({ track: fc.constantFrom('v', 'w'), atMs: fc.integer({ min: 0, max: range.untilMs }), present: fc.boolean(), start: fc.constant(false) }), { maxLength: 20 });
    fc.assert(
      fc.property(states, (told) => {
        // Two states of one track at one time contradict each other.
        const once = [...new Map(told.map((s) => [`${s.track} ${s.atMs}`, s])).values()];
        const spans = spansOf(once, range);
        expect(spansOf([...once, ...once].reverse(), range)).toEqual(spans);
        let last = -1;
        for (const [i, span] of spans.entries()) {
          expect(span.fromMs).toBeGreaterThan(last);
          expect(span.untilMs ?? range.untilMs).toBeGreaterThan(span.fromMs);
          expect(span.untilMs === null ? i === spans.length - 1 : span.untilMs <= range.untilMs).toBe(true);
          last = span.untilMs ?? range.untilMs;
        }
      }),
    );
  });
});

describe('topics', () => {
  it.each<[string, string[]]>([
    ['hikvision-topics-own-prefix.xml', ['tns1:Device/Trigger/tnshik:AlarmIn', 'tns1:VideoSource/MotionAlarm', 'tns1:VideoSource/GlobalSceneChange/ImagingService', 'tns1:RuleEngine/tnshik:FaceDetect/tnshik:Face', 'tns1:RuleEngine/Recognition/LicensePlate', 'tns1:RuleEngine/Recognition', 'tns1:RuleEngine']],
    ['axis-topics-own-prefix.xml', ['tns1:Device/tnsaxis:IO/VirtualPort', 'tnsaxis:CameraApplicationPlatform/FaceFinder/Camera1', 'tns1:RuleEngine/TamperDetector/Tamper', 'tns1:RuleEngine/CountAggregation']],
    ['tplink-tlipc-topics-unquoted.xml', ['tns1:RuleEngine/CellMotionDetector/Motion', 'tns1:RuleEngine/MyRuleDetector']],
  ])('of %s', (name, topics) => {
    expect(readTopicSet(fixture(name))).toEqual(topics);
  });

  it('are null without a set, and none in an empty one', () => {
    expect([readTopicSet(''), readTopicSet('<a/>'), readTopicSet('<w:TopicSet/>'), readTopicSet('<w:TopicSet></w:TopicSet>')]).toEqual([null, null, [], []]);
  });

  it('come back from any tree', () => {
    interface Node { name: string; topic: boolean; below: Node[] }
    const { tree } = fc.letrec<{ tree: Node }>((tie) => ({
      tree: fc.record({ name: fc.stringMatching(/^[A-Z][a-zA-Z0-9]{0,9}$/).filter((n) => n !== 'MessageDescription' && n !== 'TopicSet'), topic: fc.boolean(), below: fc.oneof({ maxDepth: 4 }, fc.constant([] as Node[]), fc.uniqueArray(tie('tree'), { selector: (n) => n.name, maxLength: 3 })) }),
    }));
    const write = (n: Node, prefix = ''): string => `<${prefix}${n.name} w:topic="${n.topic}">\n<tt:MessageDescription><tt:Source><X/></tt:Source></tt:MessageDescription>${n.below.map((b) => write(b)).join('')}</${prefix}${n.name}>`;
    const paths = (n: Node, above = ''): string[] => [...(n.topic ? [above + n.name] : []), ...n.below.flatMap((b) => paths(b, `${above}${n.name}/`))];
    fc.assert(fc.property(tree, (root) => {
      expect(readTopicSet(`<w:TopicSet>${write(root, 'tns1:')}</w:TopicSet>`)?.sort()).toEqual(paths(root).map((p) => `tns1:${p}`).sort());
    }));
  });

  it('cost no more than a second, whatever comes', () => {
    for (const unit of ['<', '<!--', '<a ', '<a b="', '<a>', '</a>', '<TopicSet ', ' xmlns', ' xmlns:a="', '<a topic=']) {
      for (const head of ['', '<w:TopicSet>']) {
        const startedMs = performance.now();
        readTopicSet(head + unit.repeat(Math.ceil((1 << 20) / unit.length)));
        expect(performance.now() - startedMs, unit).toBeLessThan(1500);
      }
    }
    fc.assert(fc.property(fc.array(fc.constantFrom('<a>', '</a>', '<b:c ', '/>', '<!--', '-->', 'x="', '"', 'topic=true', '>', '<w:TopicSet>', '</w:TopicSet>', 'é')), (parts) => {
      const topics = readTopicSet(parts.join(''));
      expect(topics === null || topics.every((t) => t !== '')).toBe(true);
    }));
  });
});

describe('analytics', () => {
  const configuration = (token: string, inside = ''): string => `<c:Configurations token="${token}"><tt:Name>x</tt:Name>${inside}</c:Configurations>`;
  const rules = (...types: string[]): DeviceReply => ({ body: soap(`<tan:GetRulesResponse>${types.map((t) => `<tan:Rule Name="r" Type="${t}"/>`).join('')}</tan:GetRulesResponse>`) });

  it('asks for the rules of every configuration, by media 1 where media 2 knows none', async () => {
    const { dev, services } = await device({
      GetAnalyticsConfigurations: { body: soap('<tr2:GetAnalyticsConfigurationsResponse/>') },
      GetVideoAnalyticsConfigurations: { body: soap(`<trt:GetVideoAnalyticsConfigurationsResponse>${configuration('a &amp; b')}${configuration('2')}</trt:GetVideoAnalyticsConfigurationsResponse>`) },
      GetRules: (r) => (r.body.includes('a &#38; b') ? rules('tt:CellMotionDetector') : rules('hikxsd:FaceDetect')),
      GetEventProperties: file('hikvision-topics-own-prefix.xml'),
    });
    const facts = await dev.analytics(services);
    expect(facts.rules).toEqual([{ name: 'r', type: 'tt:CellMotionDetector' }, { name: 'r', type: 'hikxsd:FaceDetect' }]);
    expect(facts.topics).toContain('tns1:RuleEngine/Recognition/LicensePlate');
    expect(asked('GetSupportedRules')).toHaveLength(0);
  });

  it('takes a part of the rules for none told', async () => {
    const { dev, services } = await device({
      GetAnalyticsConfigurations: { body: soap(`<tr2:GetAnalyticsConfigurationsResponse>${configuration('1')}${configuration('2')}</tr2:GetAnalyticsConfigurationsResponse>`) },
      GetRules: (_r, turn) => (turn === 0 ? rules('tt:CellMotionDetector') : unsupported),
    });
    expect(await dev.analytics(services)).toEqual({ rules: null, topics: null });
  });

  it('reads the rules in the configuration where nobody answers GetRules', async () => {
    const { dev, services } = await device({
      GetVideoAnalyticsConfigurations: { body: soap(`<trt:GetVideoAnalyticsConfigurationsResponse>${configuration('1', '<tt:AnalyticsEngineConfiguration/><tt:RuleEngineConfiguration><tt:Rule Name="Plates" Type="dh:TrafficPlate"/></tt:RuleEngineConfiguration>')}</trt:GetVideoAnalyticsConfigurationsResponse>`) },
    });
    expect((await dev.analytics({ ...services, analytics: null })).rules).toEqual([{ name: 'Plates', type: 'dh:TrafficPlate' }]);
  });

  it('says that there are none only where the service says so', async () => {
    const none = { GetAnalyticsConfigurations: { body: soap('<tr2:GetAnalyticsConfigurationsResponse/>') } };
    const { dev, services } = await device(none);
    expect((await dev.analytics(services)).rules).toEqual([]);
    expect((await dev.analytics({ ...services, analytics: null })).rules).toBeNull();
    expect((await dev.analytics({ ...services, media1: null, media2: null })).rules).toBeNull();
  });
});

describe('masks', () => {
  it('drops what has no shape in normalised coordinates', async () => {
    const { dev, services } = await device({ GetMasks: file('unnamed-ipc-masks-in-pixels.xml') });
    expect(await dev.masks(services, profile(null))).toEqual([{ enabled: false, polygon: [[0, 0], [0.5, 0], [0.5, 0.75]] }]);
    expect(dev.deviations).toContain('mask-without-shape');
  });

  it('does not count the masks of another picture', async () => {
    const { dev, services } = await device({
      GetMasks: file('unnamed-ipc-masks-in-pixels.xml'),
      GetVideoSourceConfigurations: { body: soap('<r><c/></r>'.replace('<r>', '<trt:GetVideoSourceConfigurationsResponse>').replace('</r>', '</trt:GetVideoSourceConfigurationsResponse>').replace('<c/>', '<trt:Configurations token="vsc0"><tt:SourceToken>vs0</tt:SourceToken></trt:Configurations><trt:Configurations token="vsc1"><tt:SourceToken>vs1</tt:SourceToken></trt:Configurations>')) },
    });
    expect(await dev.masks(services, profile('vs0'))).toHaveLength(1);
    expect(await dev.masks(services, profile('vs1'))).toEqual([]);
  });
});

describe('the told pose', () => {
  it('is empty where nobody entered anything', async () => {
    const { dev, services } = await device({ GetGeoLocation: file('unnamed-ipc-location-not-entered.xml') });
    expect(await dev.toldPose(services, profile('1'))).toEqual({});
  });

  it('takes the direction of the source and the place of the device', async () => {
    const { dev, services } = await device({ GetGeoLocation: file('unnamed-location-of-device-and-source.xml') });
    expect(await dev.toldPose(services, profile('2'))).toEqual({ longitude: 116.587, latitude: 35.415, azimuthDeg: 270, tiltDeg: 21.5 });
    expect(await dev.toldPose(services, profile('1'))).toEqual({ longitude: 116.587, latitude: 35.415 });
    expect(await dev.toldPose(services, null)).toEqual({ longitude: 116.587, latitude: 35.415 });
  });

  it('derives a field of view from a projection, and never from the focal length alone', () => {
    const lens = (xFactor: string, ...points: [number, number][]) =>
      parseXml(`<r><LensDescription FocalLength="2.8"><Offset/>${points.map(([angle, radius]) => `<Projection><Angle>${angle}</Angle><Radius>${radius}</Radius></Projection>`).join('')}<XFactor>${xFactor}</XFactor></LensDescription></r>`);
    const fovOf = (parsed: ReturnType<typeof parseXml>, aspect: number | null): number | null => horizontalFovOf(find(parsed, 'LensDescription'), aspect);
    const wide = 16 / 9;
    expect(fovOf(parseXml('<r><LensDescription FocalLength="2.8"/></r>'), wide)).toBeNull();
    expect(horizontalFovOf(undefined, wide)).toBeNull();
    expect(fovOf(lens('1.7778', [30, 0.9], [50, wide]), wide)).toBeCloseTo(100, 3);
    expect(fovOf(lens('1.7778', [40, 1.5], [60, 2.2]), wide)).toBeCloseTo(2 * (40 + (20 * (wide - 1.5)) / 0.7), 1);
    expect(fovOf(lens('1.7778', [40, 1.5]), wide)).toBeNull();
    expect(fovOf(lens('1', [50, wide]), wide)).toBeNull();
    expect(fovOf(lens('1.7778', [0.8, wide]), wide)).toBeNull();
    expect(fovOf(lens('1.7778', [50, wide]), null)).toBeNull();
  });
});

describe('accounts', () => {
  it('reads names and levels and keeps no password', async () => {
    const { dev } = await device({ GetUsers: file('unnamed-ipc-users-with-passwords.xml') });
    expect(await dev.users()).toEqual([{ username: 'admin & co', level: 'Administrator' }, { username: 'viewer', level: 'Extended' }]);
  });

  const user = { username: 'admin & co', level: 'Administrator' } as const;
  it('sends the account as it is, with its level', async () => {
    const { dev } = await device({ SetUser: { body: soap('<tds:SetUserResponse/>') } });
    await dev.setPassword(user, 'New <1>&');
    expect(asked('SetUser')[0]?.body).toContain('<tds:User><tt:Username>admin &#38; co</tt:Username><tt:Password>New &#60;1&#62;&#38;</tt:Password><tt:UserLevel>Administrator</tt:UserLevel></tds:User>');
  });

  it.each<[string, DeviceReply]>([
    ['a fault that repeats it', { status: 400, body: fault('OperationProhibited', 'password New-secret-2 is too weak, old-secret-1 was better') }],
    ['a fault that repeats it as it was written', { status: 500, body: fault('PasswordTooWeak', 'New-secret-2 &amp; New-secret-2') }],
    ['its own request', { status: 500, body: soap('<tds:SetUser><tt:Password>New-secret-2</tt:Password></tds:SetUser>') }],
    ['the request with 200', { body: soap('<tds:SetUser><tt:Password>New-secret-2</tt:Password></tds:SetUser>') }],
    ['no XML', { body: 'New-secret-2 is bad' }],
    ['nothing', { status: 400, body: '' }],
    ['not supported', unsupported],
  ])('fails without telling a password: %s', async (_what, reply) => {
    const { dev } = await device({ SetUser: reply });
    const thrown: unknown = await dev.setPassword(user, 'New-secret-2').catch((e: unknown) => e);
    expect(thrown).toMatchObject({ code: 'camera.password' });
    const error = thrown as Error & { context: object };
    expect([error.message, error.stack, JSON.stringify(error.context), error.cause instanceof Error ? error.cause.message : ''].join(' ')).not.toMatch(/New-secret-2|old-secret-1/);
  });

  it.each(['', 'a\nb', 'a\u0007', '\ud800x', 'x'.repeat(300)])('sends no password that cannot be told: %j', async (password) => {
    const { dev } = await device({});
    await expect(dev.setPassword(user, password)).rejects.toMatchObject({ code: 'camera.password', context: { sent: false } });
    expect(asked('SetUser')).toHaveLength(0);
  });

  it('leaves a device that does not answer unreachable: nobody knows what it took', async () => {
    const { dev } = await device({ SetUser: { raw: (r) => void r.socket?.destroy() } });
    await expect(dev.setPassword(user, 'New-secret-2')).rejects.toMatchObject({ code: 'camera.unreachable' });
  });

  it('logs no password', () => {
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.join('')).not.toMatch(/secret|hunter2|New /);
  });
});
