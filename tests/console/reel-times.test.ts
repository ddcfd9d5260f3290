/** Where things lie in a reel, what one that is not there waits for, and the legend's colours. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatFill } from '../../src/analyse/mask/compose.js';
import { classColours } from '../../src/analyse/mask/silhouette.js';
import { askAgainInMs, blindAt, momentMs, pictureAt, reelWait, stepFrom } from '../../src/console/alerts/reel-times.js';
import { gapWords, sideWords } from '../../src/console/alerts/reel-words.js';
import { liveReasonText } from '../../src/console/camera/live-reason.js';
import { en } from '../../src/console/text/en.js';
import type { Translate } from '../../src/console/text/translate.js';
import { heldColour, silhouetteColours } from '../../src/console/village/class-colours.js';
import { withheldReasons } from '../../src/contract/analysis.js';
import { liveReasons } from '../../src/contract/live-view.js';
import { reelGapReasons } from '../../src/contract/reel.js';

const reel = {
  alertAtMs: 1200,
  lengthMs: 6000,
  pictures: [0, 500, 1000, 1500, 4000, 4600].map((atMs) => ({ atMs, receiptHash: 'x' })),
  gaps: [{ fromMs: 1500, toMs: 4000, reason: 'no-sample' }, { fromMs: 4600, toMs: 6000, reason: 'quiet' }],
};
const t: Translate = (key, values) => en[key as keyof typeof en].replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values?.[name]));

describe('a reel', () => {
  it('knows the picture that is shown, also with a player\'s rounding', () => {
    expect([0, 499, 985.1, 1000, 3900, 9999, -5].map((ms) => pictureAt(reel, ms))).toEqual([0, 1, 2, 2, 3, 5, 0]);
  });

  it('steps to every picture in both directions and stays at the ends', () => {
    const steps = [0];
    for (let i = 0; i < 7; i++) steps.push(stepFrom(reel, steps.at(-1) ?? 0, 1));
    expect(steps).toEqual([0, 500, 1000, 1500, 4000, 4600, 4600, 4600]);
    expect(stepFrom(reel, 4020, -1)).toBe(1500);
    expect(stepFrom(reel, 2900, 1), 'from within a gap').toBe(4000);
    expect(stepFrom(reel, 0, -1)).toBe(0);
    fc.assert(fc.property(fc.integer({ min: 0, max: 7000 }), (ms) => void expect(pictureAt(reel, stepFrom(reel, ms, 1))).toBe(Math.min(5, pictureAt(reel, ms) + 1))));
  });

  it('marks the alert, and a moment outside of the film at its end', () => {
    expect(momentMs(reel)).toBe(1200);
    expect(momentMs({ ...reel, alertAtMs: -800 })).toBe(0);
    expect(momentMs({ ...reel, alertAtMs: 90_000 })).toBe(6000);
  });

  it('shows no old picture as true, but one before which nothing moved stands', () => {
    expect(blindAt(reel, 2000)?.reason).toBe('no-sample');
    expect([1500, 4000, 5500].map((ms) => blindAt(reel, ms))).toEqual([undefined, undefined, undefined]);
  });

  it('is said as before and after', () => {
    expect([-10_000, -2460, 100, 20_040].map((ms) => sideWords(ms, t))).toEqual(['10 s before', '2.5 s before', 'the alert', '20 s after']);
  });

  it('that is not there is being recorded, then put together, then it will not come', () => {
    const raised = '2026-11-22T08:00:00.000Z';
    const at = (s: number): number => Date.parse(raised) + s * 1000;
    expect(reelWait(raised, at(3))).toEqual({ status: 'recording', readyInMs: 22_000 });
    expect(reelWait(raised, at(26)).status).toBe('late');
    expect(reelWait(raised, at(121)).status).toBe('none');
    expect([askAgainInMs(raised, at(3)), askAgainInMs(raised, at(26)), askAgainInMs(raised, at(121))]).toEqual([23_000, 5_000, false]);
  });
});

describe('words and colours', () => {
  it('are the contract\'s for every gap and every reason of a live view', () => {
    for (const [reason, sentence] of Object.entries({ ...reelGapReasons, ...withheldReasons })) expect(gapWords(reason, t), reason).toBe(sentence);
    for (const [reason, sentence] of Object.entries(liveReasons)) expect(liveReasonText(reason, t), reason).toBe(sentence);
    expect(gapWords('something newer', t)).toBe('something newer');
  });

  it('are those of the masker', () => {
    expect(silhouetteColours).toEqual(classColours);
    expect(heldColour).toEqual([...flatFill]);
  });
});
