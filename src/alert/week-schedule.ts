/**
 * Weekly schedules in a site's IANA zone. A schedule speaks of the clock on the wall: minutes that a zone skips in spring
 * never come, minutes that it repeats in autumn are armed both times. Pure: the time is given.
 */
import { DateTime } from 'luxon';
import type { z } from 'zod';
import type { weekly } from '../contract/alert.js';

/** Seven days, Monday first; spans in minutes from local midnight. */
export type Week = z.infer<typeof weekly>;

const minutesADay = 1440;
const minutesAWeek = 7 * minutesADay;
/**
 * From how many minutes a week on a schedule counts as "round the clock" (DESIGN.md 2.7): all but an hour a day. A gap of
 * a minute at night is not a way around the reason and the review date.
 */
const roundTheClockMinutes = minutesAWeek - 7 * 60;

export interface LocalTime {
  /** YYYY-MM-DD at the site */
  readonly date: string;
  /** 0 Monday to 6 Sunday */
  readonly day: number;
  /** from local midnight, 0..1439 */
  readonly minute: number;
}

/** @param timeZone an IANA name; throws nothing for one that is unknown: it answers undefined, and nothing is armed */
export function localTime(timeZone: string, atMs: number): LocalTime | undefined {
  const at = DateTime.fromMillis(atMs, { zone: timeZone });
  if (!at.isValid) return undefined;
  return { date: at.toISODate(), day: at.weekday - 1, minute: at.hour * 60 + at.minute };
}

/** Whether a local time lies in one of the week's spans. */
export function holds(week: Week, local: LocalTime): boolean {
  return (week[local.day] ?? []).some((span) => local.minute >= span.fromMinute && local.minute < span.toMinute);
}

/** Minutes of the week that at least one of the schedules arms, 0..10080. */
export function armedMinutes(weeks: readonly Week[]): number {
  const armed = new Uint8Array(minutesAWeek);
  for (const week of weeks) {
    week.forEach((spans, day) => {
      for (const span of spans) armed.fill(1, day * minutesADay + span.fromMinute, day * minutesADay + span.toMinute);
    });
  }
  return armed.reduce((sum, minute) => sum + minute, 0);
}

/** Whether the schedules of one zone, taken together, arm it round the clock. */
export function isRoundTheClock(weeks: readonly Week[]): boolean {
  return armedMinutes(weeks) > roundTheClockMinutes;
}

/** A calendar date moved by whole days. */
export function addDays(date: string, days: number): string {
  return DateTime.fromISO(date, { zone: 'utc' }).plus({ days }).toISODate() ?? date;
}
