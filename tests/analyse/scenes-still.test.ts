import { describe, expect, it } from 'vitest';
import type { Cue } from '../../src/simulate/scene/situation.js';
import { playScene, rarely, sceneDetector, type Sees } from './played-scene.js';
import { between, every, runScene, shown, type Taken } from './scene-run.js';

/** The scene's time: learning and arriving at one sample a second, the half hour at one in ten. */
const halfHour = [...every(3, 0, 42), ...every(2, 46, 60), ...every(10, 66, 1866)];
const fromTheStart = [...every(2, 0, 40), ...every(10, 50, 1860)];

/** How detectors fail on somebody who does not move. */
const well: Sees = () => 0.8;
const oneInTwenty = rarely(0.05, [0.3, 0.7]);
const missesForMinutes: Sees = (_o, second) => (second % 600 < 40 ? 0.5 : null);

const made = (taken: readonly Taken[]): Taken[] => taken.filter((t) => t.made);
const meanMask = (taken: readonly Taken[]): number => made(taken).reduce((sum, t) => sum + t.maskRatio, 0) / Math.max(1, made(taken).length);

describe('who does not move is in no picture', () => {
  it('somebody comes and stands for half an hour, found always, rarely, not for minutes, or by the change mask alone', async () => {
    const script: Cue[] = [{ situation: { fault: 'stand' }, fromSecond: 46 }];
    const all = await runScene(await playScene({ script }), [sceneDetector(well, { falseBoxes: 2 }), sceneDetector(oneInTwenty), sceneDetector(missesForMinutes), null], halfHour);
    for (const taken of all) {
      expect(shown(taken)).toEqual([]);
      expect(made(between(taken, 60, 1866)).length).toBeGreaterThan(175);
    }
  }, 60_000);

  it('somebody comes and sleeps on a bench: the change mask alone never lets them through', async () => {
    const script: Cue[] = [{ situation: { fault: 'bench' } }, { situation: { fault: 'sleep' }, fromSecond: 46 }];
    const [taken = []] = await runScene(await playScene({ script, place: 3 }), [null], halfHour);
    expect(shown(taken)).toEqual([]);
    expect(made(between(taken, 60, 1866)).length).toBeGreaterThan(175);
  }, 60_000);

  it('somebody stood and somebody slept there when the camera started', async () => {
    const script: Cue[] = [{ situation: { fault: 'stand', spot: 1 } }, { situation: { fault: 'bench' } }, { situation: { fault: 'sleep' } }];
    const all = await runScene(await playScene({ script }), [sceneDetector(well, { falseBoxes: 2 })], fromTheStart);
    for (const taken of all) {
      expect(shown(taken)).toEqual([]);
      expect(between(taken, 70, 1860).every((t) => t.made)).toBe(true);
    }
  }, 60_000);

  it('somebody stood and somebody slept there from the start, found in one pass of four and weakly', async () => {
    const script: Cue[] = [{ situation: { fault: 'stand', spot: 1 } }, { situation: { fault: 'bench' } }, { situation: { fault: 'sleep' } }];
    const [taken = []] = await runScene(await playScene({ script }), [sceneDetector(rarely(0.25, [0.13, 0.25]))], [...every(2, 0, 40), ...every(10, 50, 1860)]);
    expect(shown(taken)).toEqual([]);
  }, 60_000);

  it('somebody is seen coming and lies down; the detector never finds who lies', async () => {
    const script: Cue[] = [{ situation: { fault: 'bench' } }, { situation: { fault: 'sleep' }, fromSecond: 46 }];
    const [taken = []] = await runScene(await playScene({ script }), [sceneDetector((o) => (o.key.startsWith('sleeper') ? null : 0.8))], halfHour);
    expect(shown(taken)).toEqual([]);
  }, 60_000);

  it('a car was parked overnight; when it leaves, the place comes back within four minutes', async () => {
    const leaves = 1800;
    const script: Cue[] = [{ situation: { fault: 'park' }, untilSecond: leaves }];
    const seconds = [...every(2, 0, 40), ...every(10, 50, 1780), ...every(2, 1790, 1806), ...every(5, 1810, leaves + 240)];
    const [taken = []] = await runScene(await playScene({ script, place: 1 }), [sceneDetector(well)], seconds);
    expect(shown(taken)).toEqual([]);
    expect(meanMask(between(taken, 60, 1780))).toBeGreaterThan(0.1);
    expect(meanMask(between(taken, leaves + 220, leaves + 240))).toBeLessThan(0.03);
  }, 60_000);

  it('a crowd never leaves a part of the view, under clouds', async () => {
    const script: Cue[] = [{ situation: { fault: 'crowd', people: 6 } }, { situation: { fault: 'clouds', depth: 0.2 } }];
    const [taken = []] = await runScene(await playScene({ script, place: 1 }), [sceneDetector(rarely(0.5, [0.15, 0.8]), { falseBoxes: 2 })], [...every(1, 0, 70), ...every(7, 77, 600)]);
    expect(shown(taken)).toEqual([]);
    expect(made(taken).length).toBeGreaterThan(20);
  }, 60_000);
});
