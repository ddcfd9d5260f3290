/** A week as hours, as text and as presets: always in the form that the contract takes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { armedMinutes, emptyWeek, everyDay, formatSpans, fullDay, hourState, isAlways, merged, parseSpans, setHour, type Span } from '../../src/console/setup/weekly.js';
import { weekly } from '../../src/contract/alert.js';

const span = fc.tuple(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 1, max: 1440 })).filter(([a, b]) => a < b).map(([fromMinute, toMinute]): Span => ({ fromMinute, toMinute }));
const spans = fc.array(span, { maxLength: 6 });
const minutes = (of: readonly Span[]): Set<number> => new Set(of.flatMap((s) => Array.from({ length: s.toMinute - s.fromMinute }, (_, i) => s.fromMinute + i)));

describe('spans of a day', () => {
  it('merge without changing which minutes are armed', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const out = merged(list);
        expect(minutes(out)).toEqual(minutes(list));
        for (const [i, s] of out.entries()) expect(s.fromMinute).toBeGreaterThan(out[i - 1]?.toMinute ?? -1);
      }),
    );
  });

  it('arm and disarm exactly one hour', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: 23 }), fc.boolean(), (list, hour, on) => {
        const before = minutes(list);
        const after = minutes(setHour(list, hour, on));
        for (let m = 0; m < 1440; m++) expect(after.has(m)).toBe(Math.floor(m / 60) === hour ? on : before.has(m));
        expect(hourState(setHour(list, hour, on), hour)).toBe(on ? 'on' : 'off');
      }),
      { numRuns: 50 },
    );
  });

  it('read back what they wrote', () => {
    fc.assert(fc.property(spans, (list) => void expect(parseSpans(formatSpans(merged(list)))).toEqual(merged(list))));
  });

  it('read what people type and refuse the rest', () => {
    expect(parseSpans('22:00-24:00, 0:00–6:30')).toEqual([{ fromMinute: 0, toMinute: 390 }, { fromMinute: 1320, toMinute: 1440 }]);
    expect(parseSpans('8：00至9：00；10:00~11:00')).toHaveLength(2);
    expect(parseSpans('')).toEqual([]);
    for (const bad of ['22-6', '22:00-06:00', '10:70-11:00', '24:00-24:30', 'night', '9:00']) expect(parseSpans(bad), bad).toBeNull();
  });

  it('are half armed when a span begins within the hour', () => expect(hourState([{ fromMinute: 30, toMinute: 90 }], 0)).toBe('part'));
});

describe('a week', () => {
  it('goes on after midnight in the next day, Sunday into Monday', () => {
    const week = everyDay(22 * 60, 6 * 60, [6]);
    expect(week[6]).toEqual([{ fromMinute: 1320, toMinute: 1440 }]);
    expect(week[0]).toEqual([{ fromMinute: 0, toMinute: 360 }]);
    expect(armedMinutes(everyDay(22 * 60, 6 * 60))).toBe(7 * 480);
  });

  it('is always what the contract takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 0, max: 1440 }), fc.subarray([0, 1, 2, 3, 4, 5, 6]), (from, to, days) => {
        expect(weekly.safeParse(everyDay(from, to, days)).success).toBe(true);
      }),
    );
  });

  it('knows round the clock', () => {
    expect(isAlways(emptyWeek.map(() => [fullDay]))).toBe(true);
    expect(isAlways(emptyWeek.map(() => [{ fromMinute: 0, toMinute: 720 }, { fromMinute: 720, toMinute: 1440 }]))).toBe(true);
    expect(isAlways(everyDay(0, 1439))).toBe(false);
  });
});
