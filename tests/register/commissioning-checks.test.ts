/** Every check of the checklist in all its arms: facts in, a verdict with words and numbers out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rung } from '../../src/contract/camera.js';
import type { CheckStatus, CommissioningCheck } from '../../src/contract/commissioning.js';
import { audioCheck } from '../../src/register/commissioning-checks/audio.js';
import { clockCheck, timeSourceCheck } from '../../src/register/commissioning-checks/clock.js';
import { defaultPasswordCheck } from '../../src/register/commissioning-checks/default-password.js';
import { ladderCheck } from '../../src/register/commissioning-checks/ladder.js';
import { panicInputsCheck, type PressRecord } from '../../src/register/commissioning-checks/panic-inputs.js';
import { poseCheck } from '../../src/register/commissioning-checks/pose.js';
import { privacyZonesCheck, type MapFeature, type PrivacyFacts } from '../../src/register/commissioning-checks/privacy-zones.js';
import { recognises, recognitionCheck } from '../../src/register/commissioning-checks/recognition.js';
import { recorderCheck } from '../../src/register/commissioning-checks/recorder.js';
import { mainStreamCheck, subStreamCheck, type StreamFacts } from '../../src/register/commissioning-checks/streams.js';
import type { Asked } from '../../src/register/commissioning-checks/verdicts.js';
import type { DefaultLogin } from '../../src/register/default-login.js';
import type { AnalyticsFacts, DeviceClock, MediaProfile, NetworkTime, RecorderFacts } from '../../src/register/onvif-client.js';

const answered = <T>(value: T): Asked<T> => ({ status: 'answered', value });
const silent: Asked<never> = { status: 'unanswered', reason: 'It does not answer.' };

/** A pass asks for nothing; everything else but "not applicable" says what to do. */
function expectForm(check: CommissioningCheck): void {
  if (check.status === 'pass') expect(check.todo).toBe('');
  else if (check.status !== 'not-applicable') expect(check.todo, check.seen).not.toBe('');
  expect(check.seen).not.toBe('');
  expect(check.seen + check.todo).not.toContain('\n');
}
function expectCheck(check: CommissioningCheck, status: CheckStatus, seen?: RegExp): void {
  expectForm(check);
  expect(check.status, check.seen).toBe(status);
  if (seen) expect(check.seen).toMatch(seen);
}

describe('ladder', () => {
  const rung = (name: Rung['name'], status: Rung['status'], seen = 'seen', todo = status === 'fail' ? 'mend it' : ''): Rung => ({ name, status, seen, todo, tookMs: 5 });
  it.each<[string, Asked<readonly Rung[]>, CheckStatus, RegExp]>([
    ['all pass', answered([rung('auth', 'pass'), rung('keyframe', 'pass', 'A key frame was decoded')]), 'pass', /key frame/],
    ['one fails', answered([rung('auth', 'fail', 'refused'), rung('keyframe', 'skipped')]), 'fail', /auth: refused/],
    ['no key frame', answered([rung('auth', 'pass')]), 'fail', /No key frame/],
    ['no climb in time', silent, 'fail', /does not answer/],
  ])('%s', (_name, rungs, status, seen) => expectCheck(ladderCheck(rungs), status, seen));
});

const sub: MediaProfile = { token: 'sub', name: 'sub', media: 2, codec: 'H264', widthPx: 640, heightPx: 360, fps: 10, bitrateKbps: 512, gopFrames: 10, sourceToken: 's', audio: false, analytics: false };
const main: MediaProfile = { ...sub, token: 'main', name: 'main', widthPx: 1920, heightPx: 1080, fps: 25, gopFrames: 50 };
const streams = (profiles: readonly MediaProfile[], usedToken: string | null = 'sub', sampleIntervalMs = 1000, decoded: StreamFacts['decoded'] = null): Asked<StreamFacts> =>
  answered({ profiles, usedToken, sampleIntervalMs, decoded });

describe('sub-stream', () => {
  it.each<[string, Asked<StreamFacts>, CheckStatus, RegExp]>([
    ['as it should be', streams([main, sub]), 'pass', /H264 640×360 at 10 fps/],
    ['H.265 too', streams([main, { ...sub, codec: 'H265' }]), 'pass', /H265/],
    ['a key frame every two samples', streams([main, { ...sub, gopFrames: 20 }]), 'warn', /every 2 s, but a sample is due every 1 s/],
    ['a key frame as often as a sample', streams([main, { ...sub, gopFrames: 20 }], 'sub', 2000), 'pass', /640/],
    ['no frame rate', streams([main, { ...sub, fps: null }]), 'unverified', /frame rate/],
    ['no size', streams([main, { ...sub, widthPx: null }]), 'unverified', /resolution/],
    ['no key frame interval', streams([main, { ...sub, gopFrames: null }]), 'unverified', /key frame interval/],
    ['no codec', streams([main, { ...sub, codec: null }]), 'unverified', /codec/],
    ['another codec', streams([main, { ...sub, codec: 'JPEG' }]), 'warn', /JPEG is neither/],
    ['only a main stream', streams([main], 'main', 2000), 'warn', /no sub stream/],
    ['the profile is gone', streams([main, sub], 'other'), 'unverified', /not among the profiles/],
    ['no stream is watched yet', streams([main, sub], null), 'unverified', /No stream is watched yet/],
    ['the picture is as told', streams([main, sub], 'sub', 1000, { widthPx: 640, heightPx: 368 }), 'pass', /640×360/],
    ['the picture stands on end', streams([main, sub], 'sub', 1000, { widthPx: 360, heightPx: 640 }), 'pass', /640×360/],
    ['another picture than told', streams([main, sub], 'sub', 1000, { widthPx: 768, heightPx: 432 }), 'warn', /comes is 768×432/],
    ['nothing is told', silent, 'unverified', /does not answer/],
  ])('%s', (_name, asked, status, seen) => expectCheck(subStreamCheck(asked), status, seen));

  it('keeps the numbers, and says how many frames to set', () => {
    const check = subStreamCheck(streams([main, { ...sub, gopFrames: 40 }]));
    expect(check.evidence).toMatchObject({ profile: 'sub', gopFrames: 40, gopMs: 4000, sampleIntervalMs: 1000, fps: 10 });
    expect(check.todo).toContain('10 frames');
  });
});

describe('main-stream', () => {
  it.each<[string, Asked<StreamFacts>, CheckStatus, RegExp]>([
    ['as it should be', streams([main, sub]), 'pass', /1920×1080/],
    ['too small', streams([{ ...main, widthPx: 1024, heightPx: 768 }, sub]), 'warn', /under 1280×720/],
    ['720p is enough', streams([{ ...main, widthPx: 1280, heightPx: 720 }, sub]), 'pass', /1280/],
    ['a corridor picture is judged by its long side', streams([{ ...main, widthPx: 1080, heightPx: 1920 }, sub]), 'pass', /1080×1920/],
    ['too slow', streams([{ ...main, fps: 8, gopFrames: 8 }, sub]), 'warn', /under 10 fps/],
    ['key frames too far apart', streams([{ ...main, gopFrames: 100 }, sub]), 'warn', /only every 4 s/],
    ['it is the one in use', streams([main, sub], 'main'), 'warn', /is watched/],
    ['nothing known of it', streams([{ ...main, fps: null, gopFrames: null }, sub]), 'unverified', /frame rate, key frame interval/],
    ['no profile', streams([]), 'unverified', /no profile/],
    ['nothing is told', silent, 'unverified', /does not answer/],
  ])('%s', (_name, asked, status, seen) => expectCheck(mainStreamCheck(asked), status, seen));
});

describe('clock', () => {
  const clock = (skewMs: number | null, more: Partial<DeviceClock> = {}): Asked<DeviceClock> => answered({ utcMs: 0, localMs: 0, source: 'ntp', skewMs, roundTripMs: 20, ...more });
  it.each<[string, Asked<DeviceClock>, CheckStatus, RegExp]>([
    ['right', clock(300), 'pass', /^Right/],
    ['five seconds, with the benefit of the doubt', clock(5_400), 'pass', /ahead/],
    ['over five seconds', clock(-5_600), 'warn', /5\.6 s behind/],
    ['a slow line takes half of its round trip off', clock(6_000, { roundTripMs: 2_000 }), 'pass', /2000 ms/],
    ['thirty seconds', clock(30_400), 'warn', /30\.4 s ahead/],
    ['over thirty seconds', clock(31_000), 'fail', /31\.0 s ahead/],
    ['an hour', clock(-3_600_000), 'fail', /60 min behind/],
    ['1970', clock(-1.7e12), 'fail', /days behind/],
    ['no UTC time', clock(null), 'unverified', /no UTC/],
    ['no answer', silent, 'unverified', /does not answer/],
  ])('%s', (_name, asked, status, seen) => expectCheck(clockCheck(asked, { localAsUtc: false }), status, seen));

  it('names a local time that is told for UTC', () => expectCheck(clockCheck(clock(8 * 3_600_000), { localAsUtc: true }), 'fail', /local time for UTC/));

  it('never judges a larger offset more kindly', () => {
    const rank: Record<string, number> = { pass: 0, warn: 1, fail: 2 };
    fc.assert(fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 10_000 }), (a, b, roundTripMs) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((ms) => rank[clockCheck(clock(ms, { roundTripMs }), { localAsUtc: false }).status] ?? 9);
      expect(more).toBeGreaterThanOrEqual(less ?? 9);
      expect(clockCheck(clock(-a), { localAsUtc: false }).status).toBe(clockCheck(clock(a), { localAsUtc: false }).status);
    }));
  });

  const network = (servers: string[], fromDhcp = false): Asked<NetworkTime | null> => answered({ fromDhcp, servers });
  it.each<[string, Asked<DeviceClock>, Asked<NetworkTime | null>, CheckStatus, RegExp]>([
    ['NTP with a server', clock(0), network(['ntp.village.example']), 'pass', /ntp\.village/],
    ['NTP without one', clock(0), network(['', '0.0.0.0']), 'warn', /no server is named/],
    ['NTP, the server is a matter of DHCP', clock(0), network([], true), 'warn', /DHCP/],
    ['NTP, DHCP named one', clock(0), network(['10.0.0.1'], true), 'pass', /10\.0\.0\.1/],
    ['NTP, and it does not tell from where', clock(0), answered(null), 'unverified', /NTP; it does not tell/],
    ['set by hand', clock(0, { source: 'manual' }), network(['10.0.0.1']), 'warn', /by hand, though/],
    ['it does not say', clock(0, { source: 'unknown' }), network(['10.0.0.1']), 'unverified', /does not say whether/],
    ['no clock', silent, network([]), 'unverified', /does not answer/],
    ['no answer on NTP', clock(0), silent, 'unverified', /NTP; it does not answer/],
  ])('time source: %s', (_name, time, asked, status, seen) => expectCheck(timeSourceCheck(time, asked), status, seen));
});

describe('recorder', () => {
  const untilMs = Date.UTC(2026, 5, 8);
  const hourMs = 3_600_000;
  const dayMs = 24 * hourMs;
  const fromMs = untilMs - 7 * dayMs;
  const facts = (more: Partial<RecorderFacts>): RecorderFacts => ({ support: 'events', earliestMs: fromMs - dayMs, latestMs: untilMs, recordings: 1, spans: [{ fromMs: fromMs - dayMs, untilMs: null }], maximumRetentionMs: 30 * dayMs, refused: [], ...more });
  const judge = (more: Partial<RecorderFacts>, retentionDays = 30): CommissioningCheck => recorderCheck(answered({ facts: facts(more), fromMs, untilMs, retentionDays }));
  const gap = (atMs: number, forMs: number) => [{ fromMs, untilMs: atMs }, { fromMs: atMs + forMs, untilMs: null }];

  it.each<[string, Partial<RecorderFacts>, CheckStatus, RegExp]>([
    ['no gap', {}, 'pass', /100\.0 % of the time since 2026-06-01/],
    ['a short gap', { spans: gap(untilMs - dayMs, hourMs) }, 'pass', /99\.4 %.*2026-06-07 00:00 UTC for 60 min/],
    ['a long gap', { spans: gap(untilMs - 2 * dayMs, 6 * hourMs) }, 'warn', /96\.4 %.*for 6 h/],
    ['it has stopped', { spans: [{ fromMs, untilMs: untilMs - hourMs }] }, 'fail', /Nothing is recorded since 2026-06-07 23:00 UTC/],
    ['it is a file behind', { spans: [{ fromMs, untilMs: untilMs - 10 * 60_000 }] }, 'pass', /100/],
    ['it began yesterday', { earliestMs: untilMs - dayMs, spans: [{ fromMs: untilMs - dayMs, untilMs: null }] }, 'pass', /since 2026-06-07/],
    ['it began just now', { earliestMs: untilMs - 60_000, spans: [{ fromMs: untilMs - 60_000, untilMs: null }] }, 'unverified', /only/],
    ['nothing is recorded', { recordings: 0, earliestMs: null, spans: [] }, 'warn', /nothing is recorded on it/],
    ['nothing is recorded, by a summary', { support: 'summary', recordings: 0, earliestMs: null, spans: null }, 'warn', /nothing is recorded on it/],
    ['nothing of late', { spans: [] }, 'warn', /Nothing was recorded since/],
    ['a summary only', { support: 'summary', spans: null, refused: ['FindEvents'] }, 'unverified', /not whether there are gaps.*Asked and not answered: FindEvents/],
    ['a summary of 1970', { support: 'summary', spans: null, earliestMs: null }, 'unverified', /tells no beginning/],
    ['no Profile G', { support: 'none', spans: null, maximumRetentionMs: null, refused: ['GetRecordingSummary'] }, 'unverified', /no Profile G.*GetRecordingSummary/],
    ['no limit is set', { maximumRetentionMs: 0 }, 'warn', /no limit/],
    ['a limit above the site\'s', { maximumRetentionMs: 90 * dayMs }, 'warn', /90 days, the site allows 30/],
    ['a limit below the site\'s', { maximumRetentionMs: 20 * dayMs }, 'pass', /20 days at most/],
    ['the limit is not told', { maximumRetentionMs: null }, 'unverified', /does not tell how long/],
    ['a limit too long, seen by a summary', { support: 'summary', spans: null, maximumRetentionMs: 60 * dayMs }, 'warn', /60 days/],
  ])('%s', (_name, more, status, seen) => expectCheck(judge(more), status, seen));

  it('lists the first five of many gaps, with start and length', () => {
    const spans = Array.from({ length: 8 }, (_, i) => ({ fromMs: fromMs + i * 20 * hourMs, untilMs: fromMs + (i * 20 + 17) * hourMs }));
    const check = judge({ spans: [...spans, { fromMs: untilMs - 8 * hourMs, untilMs: null }] });
    expectCheck(check, 'warn', /and 3 more/);
    expect(check.evidence).toMatchObject({ gaps: 8, gap1From: new Date(fromMs + 17 * hourMs).toISOString(), gap1Seconds: 10_800, gap5Seconds: 10_800 });
    expect(check.evidence['gap6From']).toBeUndefined();
  });

  it('is unverified without an answer', () => expectCheck(recorderCheck(silent), 'unverified', /does not answer/));

  it('counts every recorded second once, however the stretches overlap', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 167 }), fc.integer({ min: 1, max: 40 })).map(([at, hours]) => ({ fromMs: fromMs + at * hourMs, untilMs: Math.min(untilMs, fromMs + (at + hours) * hourMs) }));
    fc.assert(fc.property(fc.array(span, { minLength: 1, maxLength: 12 }), (spans) => {
      const hours = new Set(spans.flatMap((s) => Array.from({ length: Math.round((s.untilMs - s.fromMs) / hourMs) }, (_, i) => (s.fromMs - fromMs) / hourMs + i)));
      const begin = Math.min(...hours);
      expect(judge({ spans, earliestMs: fromMs + begin * hourMs }).evidence['completenessRatio']).toBeCloseTo(hours.size / (168 - begin), 2);
    }));
  });
});

describe('audio', () => {
  it.each<[string, Asked<StreamFacts>, CheckStatus, RegExp]>([
    ['none', streams([main, sub]), 'pass', /any of its 2 streams/],
    ['in the stream that is watched', streams([main, { ...sub, audio: true }]), 'fail', /watched carries sound \("sub"\)/],
    ['in the main one', streams([{ ...main, audio: true }, sub]), 'warn', /"main"/],
    ['the main one is watched', streams([{ ...main, audio: true }], 'main'), 'fail', /watched/],
    ['not told', streams([main, { ...sub, audio: null }]), 'unverified', /does not tell/],
    ['no profiles', streams([]), 'unverified', /does not tell/],
    ['no answer', silent, 'unverified', /does not answer/],
  ])('%s', (_name, asked, status, seen) => expectCheck(audioCheck(asked), status, seen));
});

describe('recognition', () => {
  const facts = (rules: [string, string][] | null, topics: string[] | null): Asked<AnalyticsFacts> => answered({ rules: rules?.map(([name, type]) => ({ name, type })) ?? null, topics });
  const plain = ['tns1:RuleEngine/CellMotionDetector/Motion', 'tns1:VideoSource/MotionAlarm', 'tns1:Device/Trigger/DigitalInput'];
  it.each<[string, Asked<AnalyticsFacts>, boolean, CheckStatus, RegExp]>([
    ['none', facts([['Motion', 'tt:CellMotionDetector']], plain), true, 'pass', /rules \(1\) and event topics \(3\)/],
    ['no rules at all', facts([], plain), true, 'pass', /It has no rule, /],
    ['a face rule', facts([['front door', 'tt:FaceRecognition']], plain), true, 'fail', /"front door" \(tt:FaceRecognition\)/],
    ['a plate rule by name', facts([['车牌识别', 'vendor:Smart']], plain), true, 'fail', /车牌识别/],
    ['a topic without a rule', facts([], [...plain, 'tns1:RuleEngine/Recognition/Face']), true, 'warn', /can send tns1:RuleEngine\/Recognition\/Face; no rule/],
    ['a topic, rules not told', facts(null, ['tns1:RuleEngine/Recognition/LicensePlate']), true, 'warn', /does not tell its rules/],
    ['no analytics service, plain topics', facts(null, plain), false, 'pass', /no analytics service/],
    ['an analytics service that keeps silent', facts(null, plain), true, 'unverified', /does not tell its rules/],
    ['topics not told', facts([], null), true, 'unverified', /does not tell its event topics/],
    ['nothing told', facts(null, null), true, 'unverified', /neither/],
    ['no answer', silent, true, 'unverified', /does not answer/],
  ])('%s', (_name, asked, hasAnalytics, status, seen) => expectCheck(recognitionCheck(asked, hasAnalytics), status, seen));

  it.each([
    'tns1:RuleEngine/Recognition/Face', 'tns1:RuleEngine/Recognition/LicensePlate', 'tt:FaceRecognition', 'tt:FaceDetector', 'tnshik:FaceSnap', 'tns1:RuleEngine/tnshik:faceSnap/Face', 'FaceDetection', 'facedetect', 'facerecognition',
    'FacialAnalysis', 'MyRuleDetector/FaceDetect', 'tns1:RuleEngine/ANPR', 'LPRDetector', 'tnsaxis:CameraApplicationPlatform/LicensePlateVerifier', 'Number plate', 'carPlate', 'VehiclePlateRecognition', 'PlateRecognition', 'tnshik:Event/VehicleDetection',
    'PersonID', 'ReID', 'person re-identification', 'HumanAttribute', 'StrangerDetection', 'blacklist', '人脸抓拍', '车牌识别', 'iris', 'GaitAnalysis', 'VehicleRecognition', 'FaceCapture', 'faceMatch',
  ])('takes %s for recognition', (name) => expect(recognises(name)).toBe(true));
  it.each([
    'tns1:RuleEngine/CellMotionDetector/Motion', 'tns1:RuleEngine/LineDetector/Crossed', 'tns1:RuleEngine/MyRuleDetector/PeopleDetect', 'tns1:RuleEngine/MyRuleDetector/VehicleDetect', 'tns1:RuleEngine/MyRuleDetector/DogCatDetect', 'tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent',
    'tns1:Device/Trigger/DigitalInput', 'tns1:Device/HardwareFailure/StorageFailure', 'NetworkInterface', 'SurfaceWater', 'template', 'tns1:RuleEngine/FieldDetector/ObjectsInside', 'tns1:RuleEngine/CountAggregation/Counter', 'PersonIdle', 'tns1:VideoSource/ImageTooDark/AnalyticsService',
    'tns1:RuleEngine/ObjectDetection/Object', 'tt:ObjectClassification', 'tns1:RuleEngine/TamperDetector/Tamper', 'parking', 'package', 'Facade', 'tns1:UserAlarm/GlobalSceneChange',
  ])('does not take %s for it', (name) => expect(recognises(name)).toBe(false));
});

describe('default-password', () => {
  it.each<[string, Asked<DefaultLogin>, CheckStatus, RegExp]>([
    ['open', answered({ status: 'open-to-all' }), 'fail', /asks nobody/],
    ['ours is well known', answered({ status: 'own-is-well-known', account: 'admin' }), 'fail', /every buyer/],
    ['let in', answered({ status: 'accepted', account: 'admin' }), 'fail', /"admin" gets in/],
    ['refused', answered({ status: 'refused', account: 'admin', earlier: false }), 'pass', /"admin" is refused\.$/],
    ['refused before', answered({ status: 'refused', account: 'admin', earlier: true }), 'pass', /short while ago/],
    ['our own account', answered({ status: 'own-account', account: 'admin' }), 'pass', /nothing was tried/],
    ['no try left', answered({ status: 'no-budget', windowMs: 1_800_000 }), 'unverified', /last 30 minutes/],
    ['no answer', silent, 'unverified', /does not answer/],
  ])('%s', (_name, asked, status, seen) => expectCheck(defaultPasswordCheck(asked), status, seen));
});

const pose = { longitude: 116.587, latitude: 35.415, mountHeightM: 4, azimuthDeg: 0, tiltDeg: 15, horizontalFovDeg: 90 };

describe('pose', () => {
  it('passes when all is known', () => expectCheck(poseCheck(pose, answered({})), 'pass', /mount height 4 m/));
  it('names what is missing, and offers what the device tells', () => {
    const check = poseCheck({ ...pose, azimuthDeg: null, tiltDeg: null }, answered({ azimuthDeg: 270, longitude: 1 }));
    expectCheck(check, 'warn', /Not known: azimuth, tilt\. The device tells azimuth 270°\./);
    expect(check.evidence).toMatchObject({ azimuthDeg: null, told_azimuthDeg: 270, told_longitude: 1 });
  });
  it('does without the device', () => expectCheck(poseCheck({ ...pose, mountHeightM: null }, silent), 'warn', /Not known: mount height\.$/));
});

describe('privacy-zones', () => {
  const metre = 1 / 110_950;
  /** A dwelling of the map, in metres north and east of the camera. */
  const dwelling = (name: string, west: number, south: number, east: number, north: number): MapFeature => {
    const at = (e: number, n: number): [number, number] => [pose.longitude + (e * metre) / Math.cos((pose.latitude * Math.PI) / 180), pose.latitude + n * metre];
    return { id: name, name, heightM: null, geometry: { type: 'Polygon', coordinates: [[at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)]] } };
  };
  const whole: [number, number][] = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const facts = (more: Partial<PrivacyFacts> = {}): PrivacyFacts => ({ pose, size: { widthPx: 1920, heightPx: 1080 }, dwellings: [dwelling('house 7', -5, 20, 5, 30)], occluders: [], zones: [], masks: answered(null), moved: false, ...more });
  const wall = (heightM: number | null): MapFeature => ({ id: 'w', name: 'wall', heightM, geometry: { type: 'LineString', coordinates: [[pose.longitude - 0.001, pose.latitude + 10 * metre], [pose.longitude + 0.001, pose.latitude + 10 * metre]] } });

  it.each<[string, Partial<PrivacyFacts>, CheckStatus, RegExp]>([
    ['a bare dwelling', {}, 'fail', /Of "house 7" 0\.0 % is painted out/],
    ['a zone over it', { zones: [whole] }, 'pass', /The one dwelling in sight is painted out/],
    ['half a zone', { zones: [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]] }, 'fail', /(49|50)\.\d %/],
    ['the device masks it', { masks: answered([{ enabled: true, polygon: whole }]) }, 'pass', /painted out/],
    ['the device\'s mask is off', { masks: answered([{ enabled: false, polygon: whole }]) }, 'fail', /0\.0 %/],
    ['zone and mask together', { zones: [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]], masks: answered([{ enabled: true, polygon: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]] }]) }, 'pass', /painted out/],
    ['masks not told', { masks: silent }, 'fail', /not counted: It does not answer/],
    ['behind the camera', { dwellings: [dwelling('house 7', -5, -30, 5, -20)] }, 'pass', /None of the 1 dwellings/],
    ['behind a high wall', { occluders: [wall(6)] }, 'pass', /None of the 1/],
    ['behind a wall of unknown height', { occluders: [wall(null)] }, 'fail', /house 7/],
    ['no pose', { pose: { ...pose, tiltDeg: null } }, 'unverified', /Not known: tilt\./],
    ['no map', { dwellings: [] }, 'unverified', /outlines of the dwellings/],
    ['no size', { size: null }, 'unverified', /size of the picture/],
    ['a fisheye', { pose: { ...pose, horizontalFovDeg: 170 } }, 'unverified', /too wide/],
    ['it was moved', { moved: true, zones: [whole] }, 'unverified', /moved/],
    ['it stands in the house', { dwellings: [dwelling('house 7', -5, -5, 5, 5)] }, 'unverified', /stands inside "house 7"/],
    ['a dwelling that is a point', { dwellings: [{ id: 'p', name: 'hut', heightM: null, geometry: { type: 'Point', coordinates: [116.587, 35.4152] } }] }, 'unverified', /"hut" has no outline/],
    ['a point, and a house that is bare', { dwellings: [dwelling('house 7', -5, 20, 5, 30), { id: 'p', name: 'hut', heightM: null, geometry: { type: 'Point', coordinates: [116.587, 35.4152] } }] }, 'fail', /house 7.*hut/],
  ])('%s', (_name, more, status, seen) => expectCheck(privacyZonesCheck(facts(more)), status, seen));

  it('names the barest first, five of them, and counts the rest', () => {
    const row = Array.from({ length: 8 }, (_, i) => dwelling(`house ${i}`, i * 8 - 32, 40, i * 8 - 26, 46));
    const check = privacyZonesCheck(facts({ dwellings: row }));
    expectCheck(check, 'fail', /And 3 more/);
    expect(check.evidence).toMatchObject({ dwellingsOnMap: 8, dwellingsInSight: 8, dwellingsBare: 8, leastCoveredRatio: 0, bare5CoveredRatio: 0, verticalFovDeg: 58.716 });
  });

  it('takes the tall picture of a corridor for what it is', () => {
    // A dwelling off to the side is in a wide picture, not in one of the same width angle that stands on end.
    const evidence = privacyZonesCheck(facts({ size: { widthPx: 1080, heightPx: 1920 } })).evidence;
    expect(evidence['verticalFovDeg']).toBeGreaterThan(110);
  });
});

describe('panic-inputs', () => {
  const nowMs = Date.UTC(2026, 5, 8);
  const dayMs = 86_400_000;
  const press = (more: Partial<PressRecord> = {}): PressRecord => ({ input: 'A', status: 'seen', atMs: nowMs - dayMs, toAlertMs: 800, ...more });
  it.each<[string, Asked<readonly string[]>, PressRecord[], CheckStatus, RegExp]>([
    ['none', answered([]), [], 'not-applicable', /no contacts/],
    ['never pressed', answered(['A']), [], 'warn', /never pressed/],
    ['pressed and seen', answered(['A']), [press()], 'pass', /0\.8 s to the alert/],
    ['under another name, but the only one', answered(['A']), [press({ input: 'DI-1' })], 'pass', /Contact A: pressed/],
    ['too slow', answered(['A']), [press({ toAlertMs: 12_000 })], 'fail', /12\.0 s/],
    ['no alert', answered(['A']), [press({ toAlertMs: null })], 'fail', /no alert/],
    ['a press that nobody saw', answered(['A']), [press({ status: 'silent', input: null, toAlertMs: null }), press({ atMs: nowMs - 2 * dayMs })], 'fail', /saw nothing/],
    ['seen again since', answered(['A']), [press(), press({ status: 'silent', input: null, toAlertMs: null, atMs: nowMs - 2 * dayMs })], 'pass', /0\.8 s/],
    ['31 days ago', answered(['A']), [press({ atMs: nowMs - 31 * dayMs })], 'pass', /0\.8 s/],
    ['more than 31 days ago', answered(['A']), [press({ atMs: nowMs - 31 * dayMs - 1 })], 'warn', /more than 31 days/],
    ['one of two', answered(['A', 'B']), [press()], 'warn', /Contact B was never pressed.*Contact A: pressed/],
    ['both of two', answered(['A', 'B']), [press(), press({ input: 'B' })], 'pass', /Contact A.*Contact B/],
    ['no answer', silent, [press()], 'unverified', /does not answer/],
  ])('%s', (_name, asked, tests, status, seen) => expectCheck(panicInputsCheck(asked, tests, nowMs), status, seen));
});

describe('texts of devices', () => {
  it('stay on one line and are cut', () => {
    const wild = `evil\n\u001b[31m${'x'.repeat(5000)}`;
    const check = recognitionCheck(answered({ rules: [{ name: `face ${wild}`, type: wild }], topics: [`tns1:${wild}/Face`] }), true);
    expectForm(check);
    expect(check.seen.length).toBeLessThan(700);
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    expect(check.seen).not.toMatch(/[\u0000-\u001f]/);
  });
});
