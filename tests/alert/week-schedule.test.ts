import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, armedMinutes, holds, isRoundTheClock, localTime, type Week } from '../../src/alert/week-schedule.js';

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** The wall clock by the platform's own tables, minute by minute: another way to the same answer. */
function wallClock(timeZone: string): (atMs: number) => { date: string; day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  return (atMs) => {
    const part = Object.fromEntries(format.formatToParts(atMs).map((p) => [p.type, p.value]));
    return { date: `${part['year']}-${part['month']}-${part['day']}`, day: days.indexOf(part['weekday'] ?? ''), minute: Number(part['hour']) * 60 + Number(part['minute']) };
  };
}

function armed(week: Week, timeZone: string, atMs: number): boolean {
  const local = localTime(timeZone, atMs);
  return local !== undefined && holds(week, local);
}

const span = fc.tuple(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 1, max: 1440 })).filter(([a, b]) => a < b).map(([fromMinute, toMinute]) => ({ fromMinute, toMinute }));
const week: fc.Arbitrary<Week> = fc.array(fc.array(span, { maxLength: 3 }), { minLength: 7, maxLength: 7 });
const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Shanghai', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Apia', 'Africa/Casablanca', 'UTC'];

describe('weekly schedules', () => {
  it('agree with a walk over the minutes of the wall clock, around every switch of a year', () => {
    const walks = zones.map((timeZone) => ({ timeZone, clock: wallClock(timeZone) }));
    const starts = walks.flatMap((walk) => {
      const switches: number[] = [Date.UTC(2026, 6, 5)];
      for (let atMs = Date.UTC(2025, 0, 1); atMs < Date.UTC(2028, 0, 1); atMs += 6 * hourMs) {
        if ((walk.clock(atMs + 6 * hourMs).minute - walk.clock(atMs).minute + 1440) % 1440 !== 360) switches.push(atMs);
      }
      return switches.map((startMs) => ({ ...walk, startMs }));
    });
    expect(starts.length).toBeGreaterThan(30);
    fc.assert(
      fc.property(week, fc.constantFrom(...starts), fc.integer({ min: 0, max: 4 * hourMs }), (spans, { timeZone, clock, startMs: switchMs }, offsetMs) => {
        const startMs = switchMs + offsetMs;
        for (let atMs = startMs; atMs < startMs + 5 * hourMs; atMs += 7 * minuteMs) {
          const local = clock(atMs);
          const expected = (spans[local.day] ?? []).some((s) => s.fromMinute <= local.minute && local.minute < s.toMinute);
          expect(armed(spans, timeZone, atMs), `${timeZone} ${new Date(atMs).toISOString()}`).toBe(expected);
          expect(localTime(timeZone, atMs)).toEqual(local);
        }
      }),
      { numRuns: 120 },
    );
  });

  /** 02:00 to 03:00 on Sundays. */
  const nightHour: Week = [[], [], [], [], [], [], [{ fromMinute: 120, toMinute: 180 }]];
  const armedMinutesFrom = (timeZone: string, fromMs: number): number => {
    let minutes = 0;
    for (let m = 0; m < 1440; m++) if (armed(nightHour, timeZone, fromMs + m * minuteMs)) minutes++;
    return minutes;
  };

  it('an hour that is skipped in spring never comes', () => {
    expect(armedMinutesFrom('Europe/Berlin', Date.UTC(2026, 2, 28, 23))).toBe(0);
  });
  it('an hour that comes twice in autumn is armed both times', () => {
    expect(armedMinutesFrom('Europe/Berlin', Date.UTC(2026, 9, 24, 22))).toBe(120);
  });
  it('a zone that switches by half an hour', () => {
    // Lord Howe: back by 30 minutes at 02:00 on 5 April 2026, on by 30 minutes at 02:00 on 4 October 2026.
    expect(armedMinutesFrom('Australia/Lord_Howe', Date.UTC(2026, 3, 4, 13))).toBe(60);
    expect(armedMinutesFrom('Australia/Lord_Howe', Date.UTC(2026, 9, 3, 13, 30))).toBe(30);
  });
  it('an ordinary Sunday has the hour once, in half-hour zones too', () => {
    expect(armedMinutesFrom('Asia/Kolkata', Date.UTC(2026, 4, 2, 18, 30))).toBe(60);
    expect(armedMinutesFrom('Asia/Kathmandu', Date.UTC(2026, 4, 2, 18, 15))).toBe(60);
  });
  it('the end of a span is not armed any more, and midnight belongs to the next day', () => {
    const monday: Week = [[{ fromMinute: 1380, toMinute: 1440 }], [], [], [], [], [], []];
    const midnight = Date.UTC(2026, 5, 2); // Tuesday
    expect(armed(monday, 'UTC', midnight - 1)).toBe(true);
    expect(armed(monday, 'UTC', midnight)).toBe(false);
    expect(armed(monday, 'UTC', midnight - hourMs - 1)).toBe(false);
  });
  it('a zone that is not known arms nothing', () => {
    expect(localTime('Mars/Olympus', 0)).toBeUndefined();
  });

  it('counts what several schedules arm together, overlaps once', () => {
    fc.assert(
      fc.property(fc.array(week, { minLength: 1, maxLength: 3 }), (weeks) => {
        let brute = 0;
        for (let day = 0; day < 7; day++) for (let minute = 0; minute < 1440; minute++) if (weeks.some((w) => holds(w, { date: '', day, minute }))) brute++;
        expect(armedMinutes(weeks)).toBe(brute);
      }),
      { numRuns: 20 },
    );
  });
  it('calls a week round the clock when less than an hour a day is free, in one schedule or in two', () => {
    const all = (fromMinute: number, toMinute: number): Week => Array.from({ length: 7 }, () => [{ fromMinute, toMinute }]);
    expect(isRoundTheClock([all(0, 1440)])).toBe(true);
    expect(isRoundTheClock([all(0, 1439)])).toBe(true);
    expect(isRoundTheClock([all(0, 1380)])).toBe(false);
    expect(isRoundTheClock([all(0, 700), all(700, 1440)])).toBe(true);
    expect(isRoundTheClock([all(0, 700)])).toBe(false);
  });
  it('moves dates over months, years and leap days', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addDays('2026-01-01', 366)).toBe('2027-01-02');
  });
});
