/** Light, weather and the camera itself: during an event more is masked or nothing is shown, never less; after it the pictures come back. */
import { describe, expect, it } from 'vitest';
import type { Cue, SituationInput } from '../../src/simulate/scene/situation.js';
import { playScene, rarely, sceneDetector, type Sees } from './played-scene.js';
import { between, every, runScene, shown, type Disturb, type Taken } from './scene-run.js';

/** Without a detector learning takes half a minute and more. */
const arrives = 46;
const begins = 80;
const ends = 110;
/** Seconds from the end of an event in which pictures with a mask like the one before must come. */
const recoverSeconds = 60;
const seconds = [...every(3, 0, 42), ...every(4, 46, 78), ...every(2, begins, ends + 10), ...every(5, ends + 15, ends + recoverSeconds + 30)];
const stands: Cue = { situation: { fault: 'stand' }, fromSecond: arrives };

const well: Sees = () => 0.8;
const oneInTwenty = rarely(0.05, [0.3, 0.7]);

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 1;
const maskOf = (taken: readonly Taken[]): number => median(taken.filter((t) => t.made).map((t) => t.maskRatio));

function expectRecovery(taken: readonly Taken[]): void {
  const before = maskOf(between(taken, 60, begins - 1));
  expect(before).toBeLessThan(0.15);
  // Never less than the person who stands there; a share of mask that the carried arrival has no part in any more.
  for (const t of between(taken, begins, ends).filter((s) => s.made)) expect(t.maskRatio, `at ${t.second} s`).toBeGreaterThan(0.6 * before);
  const after = between(taken, ends + recoverSeconds, Infinity);
  expect(after.filter((t) => t.made).length).toBe(after.length);
  expect(maskOf(after)).toBeLessThan(before + 0.05);
}

const events: readonly (readonly [string, SituationInput])[] = [
  ['rain', { fault: 'rain' }],
  ['snow on its way to lie', { fault: 'snow', lying: 0.3 }],
  ['infrared and back', { fault: 'infrared' }],
  ['exposure pumping', { fault: 'pumping' }],
  ['a lamp that blinks', { fault: 'light', everySeconds: 3 }],
];

describe('while somebody stands there', () => {
  it.each(events)('%s: nobody is shown, and the picture recovers', async (_name, situation) => {
    const scene = await playScene({ script: [stands, { situation, fromSecond: begins, untilSecond: ends }] });
    const all = await runScene(scene, [sceneDetector(well), sceneDetector(oneInTwenty), null], seconds);
    for (const taken of all) {
      expect(shown(taken)).toEqual([]);
      expectRecovery(taken);
    }
  }, 60_000);

  it.each([
    ['lamps go off and on again', { fault: 'light' }, 1],
    ['clouds pass', { fault: 'clouds' }, 1],
    ['clouds pass over another place', { fault: 'clouds' }, 3],
  ] satisfies [string, SituationInput, number][])('%s: nobody is shown, and the scene of before is taken up again', async (_name, situation, seed) => {
    const scene = await playScene({ seed, place: seed % 4, script: [stands, { situation, fromSecond: begins, untilSecond: ends + 10 }] });
    const times = [...every(1, 0, 40), ...every(3, 46, 78), ...every(2, begins, ends + 50), ...every(5, ends + 55, ends + 130)];
    for (const taken of await runScene(scene, [sceneDetector(well, { seed }), sceneDetector(oneInTwenty, { seed }), null], times)) {
      expect(shown(taken)).toEqual([]);
      expect(maskOf(between(taken, ends + 100, Infinity))).toBeLessThan(maskOf(between(taken, 60, begins - 1)) + 0.05);
    }
  }, 60_000);

  it('somebody comes with the lamp and is never found: the lit scene is not learned with them in it', async () => {
    const scene = await playScene({ script: [{ situation: { fault: 'light' }, fromSecond: 40 }, { situation: { fault: 'stand' }, fromSecond: 42 }] });
    const [taken = []] = await runScene(scene, [sceneDetector(() => null)], [...every(1, 0, 70), ...every(5, 75, 160)]);
    expect(shown(taken)).toEqual([]);
    expect(between(taken, 100, 160).filter((t) => t.made).length).toBeGreaterThan(8);
  }, 60_000);

  it('a tree sways', async () => {
    const tree = (reachPx: number, fromSecond: number, untilSecond: number): Cue => ({ situation: { fault: 'sway', reachPx }, fromSecond, untilSecond });
    const scene = await playScene({ place: 2, script: [stands, tree(0.6, 0, begins), tree(9, begins, ends), tree(0.6, ends, 1000)] });
    const all = await runScene(scene, [sceneDetector(well), sceneDetector(oneInTwenty), null], seconds);
    for (const taken of all) {
      expect(shown(taken)).toEqual([]);
      expectRecovery(taken);
      expect(Math.max(...between(taken, begins, ends).map((t) => t.maskRatio))).toBeGreaterThan(maskOf(between(taken, 60, begins - 1)));
    }
  }, 60_000);

  it('the camera starts anew: away, then black, then half a picture', async () => {
    const scene = await playScene({ script: [stands] });
    const reboot: Disturb = ({ second, rgb }) => {
      if (second < begins || second >= begins + 14) return rgb;
      if (second < begins + 8) return null;
      if (second < begins + 10) return new Uint8Array(rgb.length).fill(1);
      const half = Uint8Array.from(rgb);
      half.fill(128, rgb.length / 2);
      return half;
    };
    const all = await runScene(scene, [sceneDetector(well), sceneDetector(oneInTwenty), null], seconds, reboot);
    for (const taken of all) {
      expect(shown(taken)).toEqual([]);
      expect(between(taken, begins + 8, begins + 9).map((t) => t.made)).toEqual([false]);
      expectRecovery(taken);
    }
  }, 60_000);
});
