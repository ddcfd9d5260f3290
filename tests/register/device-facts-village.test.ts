import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../src/core/address-guard.js';
import { SystemClock } from '../../src/core/clock.js';
import { createOnvifClient } from '../../src/register/adapters/onvif/onvif-client.js';
import type { AuthMode, DeviceServices, MediaProfile, OnvifDevice } from '../../src/register/onvif-client.js';
import type { FaultInput } from '../../src/simulate/fault.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { bareDevice, type BareDevice } from '../simulate/support/bare-device.js';
import { RtspClient } from '../simulate/support/rtsp-client.js';

const clock = new SystemClock({ unref: true });
const lines: string[] = [];
const log = createLogger('debug', { write: (line) => lines.push(line) });
const guard = new AddressGuard({ allowed: ['127.0.0.0/8'], lookup: () => Promise.resolve([]) });
const client = createOnvifClient({ guard, clock, log, limits: { connectTimeoutMs: 2000, replyTimeoutMs: 4000, maxReplyBytes: 1 << 20 } });
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let camera: BareDevice;
let recorder: BareDevice;
beforeAll(async () => {
  [camera, recorder] = await Promise.all([bareDevice(), bareDevice({ channels: 3 })]);
});
afterAll(() => Promise.all([camera.close(), recorder.close()]));
afterEach(async () => {
  await camera.apply({ fault: 'clear' });
  await recorder.apply({ fault: 'clear' });
});

interface Login { username?: string; password?: string; authMode?: AuthMode }
/** Opened and logged in, as every ladder does before it reads more. */
async function open(device: BareDevice = camera, login: Login = {}): Promise<{ dev: OnvifDevice; services: DeviceServices; profiles: readonly MediaProfile[] }> {
  const { onvifUrl, username, password } = device.camera;
  const dev = await client.open({ url: onvifUrl, username, password, authMode: null, ...login }, new AbortController().signal);
  await dev.clock();
  await dev.information();
  const services = await dev.services();
  return { dev, services, profiles: await dev.profiles(services) };
}
const logsIn = async (password: string, username = camera.camera.username): Promise<boolean> =>
  open(camera, { username, password }).then(() => true, (thrown: unknown) => {
    expect(thrown).toMatchObject({ code: 'camera.auth' });
    return false;
  });
const rtspStatus = async (password: string): Promise<number> => {
  const rtsp = await RtspClient.open(camera.camera.rtspUrl, { username: camera.camera.username, password });
  const { status } = await rtsp.send('DESCRIBE');
  rtsp.end();
  return status;
};

describe('services and profiles', () => {
  it('knows where recorder, search and analytics answer, by both ways', async () => {
    const { services } = await open();
    const base = new URL(camera.camera.onvifUrl).origin;
    expect(services).toMatchObject({ recording: `${base}/onvif/recording_service`, search: `${base}/onvif/search_service`, analytics: `${base}/onvif/analytics_service` });
  });

  it('tells the video source, sound and analytics of each profile, and a missing sub-stream', async () => {
    expect((await open()).profiles.map((p) => [p.token, p.sourceToken, p.audio, p.analytics])).toEqual([['Profile_main', 'VideoSource_1', false, true], ['Profile_sub', 'VideoSource_1', false, true]]);
    await camera.apply({ fault: 'audio' });
    await camera.apply({ fault: 'main-only' });
    const { dev, profiles, services } = await open();
    expect(profiles.map((p) => [p.token, p.audio])).toEqual([['Profile_main', true]]);
    expect((await dev.profiles({ ...services, media2: null })).map((p) => [p.media, p.audio, p.analytics, p.sourceToken])).toEqual([[1, true, true, 'VideoSource_1']]);
  });

  it('tells the channels of a recorder apart, each with its own streams', async () => {
    const { dev, services, profiles } = await open(recorder);
    expect(new Set(profiles.map((p) => p.sourceToken))).toEqual(new Set(['VideoSource_1', 'VideoSource_2', 'VideoSource_3']));
    const second = profiles.filter((p) => p.sourceToken === 'VideoSource_2');
    const told = await Promise.all(second.map((p) => dev.streamAddress(services, p)));
    expect(told).toEqual([recorder.camera.channels[1]?.mainRtspUrl, recorder.camera.channels[1]?.rtspUrl]);
    const rtsp = await RtspClient.open(told[1] ?? '', recorder.camera);
    expect((await rtsp.send('DESCRIBE')).status).toBe(200);
    rtsp.end();
  });

  it('tells a long group of pictures', async () => {
    await camera.apply({ fault: 'long-gop', seconds: 6 });
    expect((await open()).profiles.map((p) => (p.gopFrames ?? 0) / (p.fps ?? 1))).toEqual([6, 6]);
  });
});

describe('network time', () => {
  it.each<[FaultInput | null, unknown]>([
    [null, { fromDhcp: false, servers: ['ntp.village.example'] }],
    [{ fault: 'ntp' }, { fromDhcp: false, servers: [] }],
    [{ fault: 'ntp', how: 'dhcp' }, { fromDhcp: true, servers: ['192.0.2.123'] }],
    [{ fault: 'ntp', how: 'unsupported' }, null],
  ])('%j', async (fault, expected) => {
    if (fault) await camera.apply(fault);
    expect(await (await open()).dev.networkTime()).toEqual(expected);
  });
});

describe('the recorder', () => {
  const ask = async (device = camera, source: string | null = null, days = 40) => {
    const { dev, services } = await open(device);
    const untilMs = Date.now();
    return { facts: await dev.recorder(services, untilMs - days * dayMs, untilMs, source), untilMs };
  };

  it('holds thirty days without a gap', async () => {
    const { facts, untilMs } = await ask();
    expect(facts).toMatchObject({ support: 'events', recordings: 1, maximumRetentionMs: 30 * dayMs, refused: [] });
    expect(facts.spans).toEqual([{ fromMs: facts.earliestMs, untilMs: null }]);
    expect(Math.abs((facts.earliestMs ?? 0) - (untilMs - 30 * dayMs))).toBeLessThan(10_000);
    expect(Math.abs((facts.latestMs ?? 0) - untilMs)).toBeLessThan(10_000);
  });

  it('shows a gap on our clock, whatever the device thinks the time is', async () => {
    await camera.apply({ fault: 'clock', offsetSeconds: 7 * 3600 + 11 });
    await camera.apply({ fault: 'recorder-gap', hoursAgo: 48, hours: 5 });
    await camera.apply({ fault: 'audio' });
    await camera.apply({ fault: 'slow-search', questions: 2 });
    const { facts, untilMs } = await ask(camera, null, 10);
    expect(facts.spans).toHaveLength(2);
    const [before, after] = facts.spans ?? [];
    expect(Math.abs((before?.untilMs ?? 0) - (untilMs - 48 * hourMs))).toBeLessThan(10_000);
    expect(Math.abs((after?.fromMs ?? 0) - (untilMs - 43 * hourMs))).toBeLessThan(10_000);
    expect(before?.fromMs).toBe(untilMs - 10 * dayMs);
    expect(after?.untilMs).toBeNull();
  });

  it.each<[FaultInput, object]>([
    [{ fault: 'no-search' }, { support: 'none', earliestMs: null, recordings: null, spans: null, maximumRetentionMs: null, refused: ['GetRecordingSummary', 'FindRecordings', 'GetRecordings', 'FindEvents'] }],
    [{ fault: 'summary-only' }, { support: 'summary', recordings: 1, spans: null, maximumRetentionMs: 30 * dayMs, refused: ['FindRecordings', 'FindEvents'] }],
    [{ fault: 'retention', days: 0 }, { support: 'events', maximumRetentionMs: 0 }],
    [{ fault: 'retention', days: 2.5 }, { support: 'events', maximumRetentionMs: 2.5 * dayMs }],
    [{ fault: 'retention', days: null }, { support: 'events', maximumRetentionMs: null, refused: [] }],
  ])('%j', async (fault, expected) => {
    await camera.apply(fault);
    expect((await ask()).facts).toMatchObject(expected);
  });

  it('tells the gap of one channel from the others', async () => {
    await recorder.apply({ fault: 'recorder-gap', channel: 2, hoursAgo: 20, hours: 3 });
    expect((await ask(recorder, 'VideoSource_2')).facts).toMatchObject({ support: 'events', recordings: 1, spans: [{}, { untilMs: null }] });
    expect((await ask(recorder, 'VideoSource_3')).facts.spans).toHaveLength(1);
    expect((await ask(recorder, null)).facts).toMatchObject({ recordings: 3, spans: [{ untilMs: null }] });
    expect((await ask(recorder, 'VideoSource_9')).facts).toMatchObject({ support: 'none', spans: null, refused: ['FindRecordings (no recording names this video source)'] });
  });
});

describe('analytics', () => {
  const read = async () => {
    const { dev, services } = await open();
    return dev.analytics(services);
  };

  it('names what is active, and nothing of what the device only could do', async () => {
    const facts = await read();
    expect(facts.rules).toEqual([{ name: 'Motion', type: 'tt:CellMotionDetector' }, { name: 'Cells', type: 'tt:CellMotionEngine' }]);
    expect(facts.topics).toEqual(['tns1:Device/Trigger/DigitalInput', 'tns1:RuleEngine/CellMotionDetector/Motion']);
  });

  it.each([['rule', true, false], ['topic', false, true], ['both', true, true]] as const)('finds what recognises: %s', async (what, rule, topic) => {
    await camera.apply({ fault: 'recognition', what });
    const facts = await read();
    expect(facts.rules?.some((r) => r.type === 'tt:FaceRecognition')).toBe(rule);
    expect(facts.topics?.includes('tns1:RuleEngine/Recognition/LicensePlate')).toBe(topic);
  });
});

describe('masks and pose', () => {
  it('turns a mask over into our coordinates, of the right channel only', async () => {
    const { dev, services, profiles } = await open(recorder);
    const of = (source: string): MediaProfile => profiles.find((p) => p.sourceToken === source) as MediaProfile;
    expect(await dev.masks(services, of('VideoSource_2'))).toEqual([]);
    await recorder.apply({ fault: 'mask', x: 0.5, y: 0, width: 0.5, height: 0.25, enabled: false });
    expect(await dev.masks(services, of('VideoSource_2'))).toEqual([{ enabled: false, polygon: [[0.5, 0], [1, 0], [1, 0.25], [0.5, 0.25]] }]);
    expect(await dev.masks({ ...services, media2: null }, of('VideoSource_2'))).toBeNull();
  });

  it('tells where it stands and looks once somebody entered it, a channel at a time', async () => {
    const { dev, services, profiles } = await open(recorder);
    const second = profiles.find((p) => p.sourceToken === 'VideoSource_2') ?? null;
    expect(await dev.toldPose(services, second)).toEqual({});
    await recorder.apply({ fault: 'geo', longitude: 116.5, tiltDeg: 15 });
    const told = await dev.toldPose(services, second);
    expect(told).toMatchObject({ longitude: 116.5, latitude: recorder.camera.latitude, azimuthDeg: 130, tiltDeg: 15 });
    expect(told.horizontalFovDeg).toBeCloseTo(70, 1);
    expect(told.mountHeightM).toBeUndefined();
  });
});

describe('accounts', () => {
  const isUser = (username: string) => expect.objectContaining({ username }) as object;

  it('reads them as an administrator, and says nothing as anybody else', async () => {
    expect(await (await open()).dev.users()).toEqual([{ username: 'hedgerow', level: 'Administrator' }]);
    await camera.apply({ fault: 'account-level', level: 'Operator' });
    const { dev } = await open();
    expect(await dev.users()).toBeNull();
    await expect(dev.setPassword({ username: 'hedgerow', level: 'Operator' }, 'Not-4-You!')).rejects.toMatchObject({ code: 'camera.password', context: { refused: true } });
    expect(await logsIn(camera.camera.password)).toBe(true);
  });

  it('sets a password that then counts at every door, and no other any more', async () => {
    const before = camera.camera.password;
    const next = 'Äpfel <&> "19" \'x\' ]]>';
    const { dev } = await open();
    const [user] = (await dev.users()) ?? [];
    expect(user).toEqual(isUser('hedgerow'));
    await dev.setPassword(user ?? { username: '', level: 'User' }, next);
    expect(camera.camera.password).toBe(next);
    expect([await logsIn(next), await logsIn(before)]).toEqual([true, false]);
    expect([await rtspStatus(next), await rtspStatus(before)]).toEqual([200, 401]);
    await open(camera, { password: next, authMode: 'username-token' });
    await (await open()).dev.setPassword({ username: 'hedgerow', level: 'Administrator' }, before);
    expect(await logsIn(before)).toBe(true);
    expect(lines.join('')).not.toContain('Äpfel');
  });

  it.each<[FaultInput, boolean, boolean]>([
    [{ fault: 'set-password', mode: 'refuse' }, false, false],
    [{ fault: 'set-password', mode: 'lie' }, true, false],
    [{ fault: 'set-password', mode: 'slow', seconds: 0.3 }, true, true],
  ])('%j: says yes %s, has it %s', async (fault, says, has) => {
    const before = camera.camera.password;
    await camera.apply(fault);
    const { dev } = await open();
    const asked = dev.setPassword({ username: 'hedgerow', level: 'Administrator' }, 'Another-1');
    if (says) await asked;
    else await expect(asked).rejects.toMatchObject({ code: 'camera.password', message: expect.stringContaining('too weak') as string });
    expect(await logsIn('Another-1')).toBe(has);
    await camera.apply({ fault: 'clear' });
    if (has) await (await open()).dev.setPassword({ username: 'hedgerow', level: 'Administrator' }, before);
    expect(await logsIn(before)).toBe(true);
  });

  it.each([true, false])('dies in the middle, and comes back with the new password: %s', async (applied) => {
    const before = camera.camera.password;
    await camera.apply({ fault: 'set-password', mode: 'die-after', seconds: 0.5, applied });
    const { dev } = await open();
    await expect(dev.setPassword({ username: 'hedgerow', level: 'Administrator' }, 'Another-2')).rejects.toMatchObject({ code: 'camera.unreachable' });
    await camera.apply({ fault: 'set-password', on: false });
    await expect.poll(() => open(camera, { username: null as never }).then(() => 'up', (e: { code?: string }) => e.code), { timeout: 10_000 }).not.toBe('camera.unreachable');
    expect([await logsIn('Another-2'), await logsIn(before)]).toEqual([applied, !applied]);
    if (applied) await (await open()).dev.setPassword({ username: 'hedgerow', level: 'Administrator' }, before);
  });

  it('lets the factory account in where there is one, and locks after as many tries as it is told', async () => {
    expect(await logsIn('admin', 'admin')).toBe(false);
    await camera.apply({ fault: 'default-password' });
    expect(await logsIn('admin', 'admin')).toBe(true);
    await camera.apply({ fault: 'default-password', password: '' });
    expect(await logsIn('', 'admin')).toBe(true);
    await camera.apply({ fault: 'clear' });
    await camera.apply({ fault: 'lockout', after: 2, seconds: 30 });
    // One open with a wrong password is two tries: Digest, then UsernameToken.
    expect([await logsIn('wrong'), await logsIn(camera.camera.password)]).toEqual([false, false]);
    await camera.apply({ fault: 'clear' });
    expect(await logsIn(camera.camera.password)).toBe(true);
  });
});
