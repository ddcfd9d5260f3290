import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cameraStates } from '../../src/contract/camera.js';
import type { EndReason } from '../../src/contract/frame-source.js';
import { endGraceMs, judge, type CameraFacts } from '../../src/watch/judge.js';

const limits = { maxClockSkewMs: 5_000, downAfterMs: 20_000 };
const now = Date.UTC(2026, 0, 1);
const facts = (over: Partial<CameraFacts> = {}): CameraFacts => ({
  protocol: 'rtsp', sampleIntervalMs: 1_000, lastFrameAtMs: now, meanLuma: 110, still: null, pictureStatus: 'ready', pictureReason: null, detector: 'onnx', clockSkewMs: null, end: null, probe: null, ...over,
});
const ended = (reason: EndReason, agoMs: number, inARow = 1, frames = 1): CameraFacts['end'] => ({ reason, frames, firstAtMs: now - agoMs, atMs: now - agoMs, inARow });

describe('the state of a camera', () => {
  it.each([
    ['a plain stream with frames', {}, 'good', null],
    ['ONVIF, clock right', { protocol: 'onvif', clockSkewMs: -4_999 }, 'good', null],
    ['ONVIF, clock never read', { protocol: 'onvif' }, 'online', "The camera's clock was not read yet."],
    ['clock ahead', { clockSkewMs: 5_001 }, 'online', "The camera's clock is 5 s ahead."],
    ['clock a year behind', { protocol: 'onvif', clockSkewMs: -31_536_000_000 }, 'online', "The camera's clock is 8760 h behind."],
    ['learning', { pictureStatus: 'learning', pictureReason: 'learning' }, 'good', null],
    ['moved', { pictureStatus: 'moved', pictureReason: null }, 'online', 'The camera was moved: its zones must be confirmed first.'],
    ['withheld', { pictureStatus: 'withheld', pictureReason: 'Too much of the view changed at once.' }, 'online', 'Too much of the view changed at once.'],
    ['withheld since it is black', { pictureStatus: 'withheld', pictureReason: 'Too much of the view changed at once.', meanLuma: 1 }, 'online', 'The picture is black.'],
    ['withheld for a reason of ours, black or not', { pictureStatus: 'withheld', pictureReason: 'The mask could not be computed.', meanLuma: 0 }, 'online', 'The mask could not be computed.'],
    ['frozen', { still: { sinceMs: now - 15_000, frames: 10 } }, 'online', 'The picture is frozen: frames come, and nothing in them changes.'],
    ['frozen on a view that is withheld', { still: { sinceMs: now - 60_000, frames: 60 }, pictureStatus: 'withheld', pictureReason: 'Too much of the view changed at once.' }, 'online', 'The picture is frozen: frames come, and nothing in them changes.'],
    ['still for a moment', { still: { sinceMs: now - 14_999, frames: 30 } }, 'good', null],
    ['still in a few frames of a slow camera', { still: { sinceMs: now - 15_000, frames: 9 } }, 'good', null],
    ['black', { meanLuma: 9 }, 'online', 'The picture is black.'],
    ['white', { meanLuma: 251 }, 'online', 'The picture is overexposed.'],
    ['a frame 19.9 s ago', { lastFrameAtMs: now - 19_999 }, 'good', null],
    ['a frame 20 s ago', { lastFrameAtMs: now - 20_000 }, 'authenticated', 'No frame has come for 20 s.'],
    ['a slow camera, 60 s ago', { lastFrameAtMs: now - 60_000, sampleIntervalMs: 30_000 }, 'good', null],
    ['a slow camera, 75 s ago', { lastFrameAtMs: now - 75_000, sampleIntervalMs: 30_000 }, 'authenticated', 'No frame has come for 75 s.'],
    ['password refused, never a frame', { lastFrameAtMs: null, end: ended('auth', 0) }, 'answering', 'The camera refused the password.'],
    ['nothing at the address', { lastFrameAtMs: null, end: ended('unreachable', 0) }, 'unreachable', 'The camera does not answer at its address.'],
    ['address not allowed', { lastFrameAtMs: null, end: ended('refused', 0) }, 'unreachable', 'The address of the camera is outside the networks that the configuration allows.'],
    ['a stall a moment ago', { end: ended('stalled', endGraceMs - 1) }, 'good', null],
    ['a stall that lasts', { end: ended('stalled', endGraceMs) }, 'authenticated', 'The camera sends no usable picture.'],
    ['a second end in a row', { end: ended('closed', 10, 2) }, 'authenticated', 'The camera ended the stream.'],
    ['ends before any picture', { end: ended('closed', 10, 2, 0) }, 'reachable', 'The camera ends the connection before a picture comes.'],
    ['stopped by us', { end: ended('stopped', 10_000) }, 'good', null],
    ['a probe, nothing else', { lastFrameAtMs: null, probe: { state: 'answering', reason: 'The password is wrong.', atMs: now } }, 'answering', 'The password is wrong.'],
    ['a probe after the end of a run', { lastFrameAtMs: null, end: ended('unreachable', 2_000), probe: { state: 'reachable', reason: 'no SOAP', atMs: now } }, 'reachable', 'no SOAP'],
    ['a probe before the end of a run', { lastFrameAtMs: null, end: ended('unreachable', 1_000), probe: { state: 'reachable', reason: 'no SOAP', atMs: now - 2_000 } }, 'unreachable', 'The camera does not answer at its address.'],
    ['a probe says nothing against frames', { probe: { state: 'reachable', reason: 'no SOAP', atMs: now } }, 'good', null],
  ] as [string, Partial<CameraFacts>, string, string | null][])('%s', (_name, over, state, reason) => {
    expect(judge(facts(over), 'good', limits, now)).toEqual({ state, reason });
  });

  it('knows nothing when nothing was reported', () => {
    expect(judge(facts({ lastFrameAtMs: null }), null, limits, now)).toBeNull();
  });

  it('does not flap around a threshold', () => {
    let state = judge(facts({ meanLuma: 10 }), 'good', limits, now)?.state ?? null;
    expect(state).toBe('good');
    const states = [9.9, 10.5, 11.9, 12, 10.1, 9.9].map((meanLuma) => (state = judge(facts({ meanLuma }), state, limits, now)?.state ?? null));
    expect(states).toEqual(['online', 'online', 'online', 'good', 'good', 'online']);
  });

  it('gives a reason exactly when a camera is not good, and is never online without a fresh frame or a probe', () => {
    const end = fc.record({ reason: fc.constantFrom<EndReason[]>('stopped', 'unreachable', 'auth', 'not-found', 'stalled', 'closed', 'corrupt', 'protocol', 'refused'), ago: fc.integer({ min: 0, max: 60_000 }), inARow: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(
        fc.record({
          protocol: fc.constantFrom('onvif' as const, 'rtsp' as const),
          lastFrameAtMs: fc.option(fc.integer({ min: now - 60_000, max: now })),
          meanLuma: fc.option(fc.double({ min: 0, max: 255, noNaN: true })),
          pictureStatus: fc.constantFrom('none' as const, 'learning' as const, 'ready' as const, 'moved' as const, 'withheld' as const),
          clockSkewMs: fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true })),
          end: fc.option(end),
          before: fc.option(fc.constantFrom(...cameraStates)),
        }),
        ({ end, before, ...over }) => {
          const verdict = judge(facts({ ...over, end: end && ended(end.reason, end.ago, end.inARow) }), before, limits, now);
          if (verdict === null) return;
          expect(verdict.reason === null).toBe(verdict.state === 'good');
          if (verdict.state === 'online' || verdict.state === 'good') expect(over.lastFrameAtMs ?? -Infinity).toBeGreaterThan(now - 20_000);
        },
      ),
    );
  });
});
