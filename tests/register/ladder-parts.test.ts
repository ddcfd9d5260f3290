import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HedgerowError } from '../../src/core/errors.js';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { readInputEvent } from '../../src/register/adapters/onvif/pull-point.js';
import { changesIn } from '../../src/register/panic-inputs.js';
import { compareIdentity } from '../../src/register/device-twins.js';
import { createLadder } from '../../src/register/ladder.js';
import type { MediaProfile } from '../../src/register/onvif-client.js';
import { createProbeSlots } from '../../src/register/probe-slots.js';
import { chooseProfile } from '../../src/register/profile-choice.js';
import { chooseSource } from '../../src/register/source-choice.js';
import { children, find, parseXml } from '../../src/register/soap-xml.js';
import { fixture } from './device-server.js';

const profile = (token: string, widthPx: number | null, codec: string | null = 'H264', heightPx = widthPx === null ? null : Math.round((widthPx * 9) / 16)): MediaProfile => ({ token, name: token, media: 2, codec, widthPx, heightPx, fps: null, bitrateKbps: null, gopFrames: null, sourceToken: null, audio: null, analytics: null });

describe('the choice of a stream', () => {
  it.each<[string, MediaProfile[], string | null, boolean]>([
    ['the smallest that is wide enough', [profile('main', 2688), profile('sub', 704), profile('tiny', 320), profile('mid', 1280)], 'sub', false],
    ['a small sub rather than the main one', [profile('main', 1920), profile('sub', 320)], 'sub', false],
    ['the only one', [profile('main', 1920)], 'main', true],
    ['H.265 like H.264, and JPEG only when there is nothing else', [profile('jpeg', 640, 'JPEG'), profile('main', 1920, 'H265'), profile('sub', 640, 'H265')], 'sub', false],
    ['JPEG when there is nothing else', [profile('jpeg', 640, 'JPEG')], 'jpeg', true],
    ['the second of two equal ones', [profile('first', 1920), profile('second', 1920)], 'second', false],
    ['a known size before an unknown one', [profile('unknown', null), profile('main', 1920), profile('sub', 640)], 'sub', false],
    ['one without any word about itself', [profile('unknown', null, null)], 'unknown', true],
    ['nothing that we decode', [profile('x', 640, 'AV2')], null, false],
    ['nothing', [], null, false],
  ])('%s', (_what, profiles, token, main) => {
    const choice = chooseProfile(profiles);
    expect(choice === null ? [null, false] : [choice.profile.token, choice.main]).toEqual([token, main]);
  });

  it('is never the largest when there is a smaller one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 100, max: 4000 }), { minLength: 2, maxLength: 6 }), (widths) => {
        expect(chooseProfile(widths.map((w) => profile(String(w), w)))?.profile.widthPx).not.toBe(Math.max(...widths));
      }),
    );
  });
});

describe('input events', () => {
  it('are read from the standard topic and makers’ own, and nothing else is', () => {
    const found = children(find(parseXml(fixture('input-events.xml')), 'PullMessagesResponse'), 'NotificationMessage').map(readInputEvent);
    expect(found).toEqual([[{ input: 'in1', active: false, initial: true }], [{ input: 'in1', active: true, initial: false }], [{ input: 'A2', active: true, initial: false }], []]);
  });
});

describe('news of contacts', () => {
  const event = (input: string, active: boolean, initial = false) => ({ input, active, initial });

  it('are changes, and a contact that is closed when we come', () => {
    const last = new Map<string, boolean>();
    expect(changesIn([event('a', false, true), event('b', true, true), event('a', true), event('a', true), event('a', false)], last)).toEqual([
      { input: 'b', active: true }, { input: 'a', active: true }, { input: 'a', active: false },
    ]);
    expect(changesIn([event('a', false), event('b', true, true)], last)).toEqual([]);
    expect(changesIn([event('b', false)], last)).toEqual([{ input: 'b', active: false }]);
  });

  it('of a contact that chatters are its press and where it ended', () => {
    const chatter = Array.from({ length: 50_000 }, (_, i) => event('a', i % 2 === 0));
    expect(changesIn(chatter, new Map())).toEqual([{ input: 'a', active: true }, { input: 'a', active: false }]);
    expect(changesIn(chatter.slice(0, 49_999), new Map())).toEqual([{ input: 'a', active: true }]);
  });

  it('end at 64 contacts of one device', () => {
    const last = new Map<string, boolean>();
    expect(changesIn(Array.from({ length: 5_000 }, (_, i) => event(`made up ${i}`, true)), last)).toHaveLength(64);
    expect(changesIn([event('another', true)], last)).toEqual([]);
    expect(changesIn([event('made up 3', false)], last)).toEqual([{ input: 'made up 3', active: false }]);
  });
});

describe('the ladder', () => {
  it('ends at the first failure, names the rest as not reached, and keeps passwords in paths out', async () => {
    const ladder = createLadder(new SimulatedClock());
    expect(await ladder.climb('reach', () => Promise.resolve({ status: 'pass', seen: 'rtsp://h/?password=hunter2&x' }))).toBe(true);
    expect(await ladder.climb('clock', () => Promise.reject(new HedgerowError('camera.reply', 'junk')))).toBe(false);
    expect(await ladder.climb('auth', () => Promise.resolve({ status: 'pass', seen: '' }))).toBe(false);
    const rungs = ladder.rungs();
    expect(rungs.map((r) => r.status)).toEqual(['pass', 'fail', 'skipped', 'skipped', 'skipped', 'skipped']);
    expect(rungs[1]?.todo).not.toBe('');
    expect(rungs[0]?.seen).not.toContain('hunter2');
  });

  it('does not blame the camera for our database', async () => {
    const ladder = createLadder(new SimulatedClock());
    await expect(ladder.climb('services', () => Promise.reject(new HedgerowError('database.unavailable', 'gone')))).rejects.toMatchObject({ code: 'database.unavailable' });
  });
});

describe('the choice of a video source', () => {
  const of = (token: string, sourceToken: string | null): MediaProfile => ({ ...profile(token, 640), sourceToken });
  const recorder = ['V0', 'V1', 'V2'].flatMap((v) => [of(`${v}-main`, v), of(`${v}-sub`, v)]);

  it('takes the first where none is wanted, and says which others there are', () => {
    const choice = chooseSource(recorder, null, [{ sourceToken: 'V2', name: '"Gate"' }]);
    expect(choice).toMatchObject({ status: 'chosen', note: ' This device has 3 video sources, and this camera is "V0"; registered: "V0", "V2"; add the others ("V1"), each as a camera with this address and its source (sourceToken).' });
    expect(choice.status === 'chosen' && choice.profiles.map((p) => p.token)).toEqual(['V0-main', 'V0-sub']);
  });

  it('takes the wanted one alone, and no other camera’s', () => {
    const choice = chooseSource(recorder, 'V1', []);
    expect(choice.status === 'chosen' && choice.profiles.map((p) => p.token)).toEqual(['V1-main', 'V1-sub']);
    expect(chooseSource(recorder, 'V1', [{ sourceToken: 'V1', name: '"Gate"' }])).toMatchObject({ status: 'none', step: { seen: expect.stringContaining('"Gate"') as string, todo: expect.stringContaining('"V0", "V2"') as string } });
    expect(chooseSource(recorder, 'V0', [{ sourceToken: null, name: '"First"' }])).toMatchObject({ status: 'none' });
    expect(chooseSource(recorder, 'V9', [])).toMatchObject({ status: 'none', step: { seen: 'The device has no video source "V9"; it has "V0", "V1", "V2".' } });
  });

  it('leaves a device that does not speak of sources as it is', () => {
    expect(chooseSource([of('a', null), of('b', null)], null, [])).toMatchObject({ status: 'chosen', note: '', profiles: [{ token: 'a' }, { token: 'b' }] });
    expect(chooseSource([of('a', null)], 'V0', [])).toMatchObject({ status: 'none' });
  });
});

describe('whether another device answers', () => {
  const known = { endpointReference: 'urn:uuid:a', serialNumber: 'S1', manufacturer: 'Maker', macAddress: '02:00:00:00:00:01' };
  const nothing = { endpointReference: null, serialNumber: null, manufacturer: null, macAddress: null };
  it.each([
    ['the same reference', known, { ...known, serialNumber: null }, 'same'],
    ['another reference', known, { ...known, endpointReference: 'urn:uuid:b', macAddress: null }, 'different'],
    ['a channel of a recorder, with its MAC alone', known, { ...nothing, endpointReference: 'urn:uuid:b', macAddress: known.macAddress }, 'different'],
    ['a reference that a reset has made anew', known, { ...known, endpointReference: 'urn:uuid:b' }, 'renewed'],
    ['no reference, another serial number', { ...known, endpointReference: null }, { ...known, serialNumber: 'S2' }, 'different'],
    ['no reference, the same MAC', { ...nothing, macAddress: known.macAddress }, known, 'same'],
    ['nothing known, as after a replacement', nothing, known, 'unknown'],
    ['nothing told', known, nothing, 'unknown'],
  ])('%s', (_what, before, found, verdict) => {
    expect(compareIdentity(before, found)).toBe(verdict);
  });
});

describe('probe slots', () => {
  it('never run two on one device or more than allowed, run all, and let an aborted one go', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 30 }), async (atOnce, devices) => {
        const slots = createProbeSlots({ atOnce, perHost: 2 });
        const running: number[] = [];
        let done = 0;
        const gone = new AbortController();
        const jobs = devices.map((device, i) =>
          slots.run({ host: `10.0.0.${device % 3}`, port: device }, i % 7 === 6 ? gone.signal : new AbortController().signal, async () => {
            expect(running).not.toContain(device);
            running.push(device);
            expect(running.length).toBeLessThanOrEqual(atOnce);
            expect(running.filter((r) => r % 3 === device % 3).length).toBeLessThanOrEqual(2);
            for (let k = 0; k < device; k++) await Promise.resolve();
            running.splice(running.indexOf(device), 1);
            done++;
            if (i % 5 === 4) throw new Error('fails');
          }),
        );
        gone.abort();
        const ended = await Promise.allSettled(jobs);
        const stopped = ended.filter((e) => e.status === 'rejected' && (e.reason as HedgerowError).kind === 'aborted').length;
        expect(done + stopped).toBe(devices.length);
      }),
    );
  });
});
