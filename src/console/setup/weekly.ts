/** A week of spans, Monday first, in minutes from local midnight: as hours on a grid, as text, and as presets. */
export interface Span {
  readonly fromMinute: number;
  readonly toMinute: number;
}
export type Week = readonly (readonly Span[])[];

export const emptyWeek: Week = Array.from({ length: 7 }, () => []);
export const fullDay: Span = { fromMinute: 0, toMinute: 1440 };

/** In order, with touching and overlapping spans made one. */
export function merged(spans: readonly Span[]): Span[] {
  const out: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.fromMinute - b.fromMinute)) {
    const last = out.at(-1);
    if (last && span.fromMinute <= last.toMinute) out[out.length - 1] = { fromMinute: last.fromMinute, toMinute: Math.max(last.toMinute, span.toMinute) };
    else out.push(span);
  }
  return out;
}

/** How much of an hour is armed: none, some, all. */
export function hourState(spans: readonly Span[], hour: number): 'off' | 'part' | 'on' {
  const from = hour * 60;
  const covered = merged(spans).reduce((sum, s) => sum + Math.max(0, Math.min(s.toMinute, from + 60) - Math.max(s.fromMinute, from)), 0);
  return covered === 0 ? 'off' : covered === 60 ? 'on' : 'part';
}

/** Arms or disarms one hour. */
export function setHour(spans: readonly Span[], hour: number, on: boolean): Span[] {
  const from = hour * 60;
  if (on) return merged([...spans, { fromMinute: from, toMinute: from + 60 }]);
  return merged(spans).flatMap((s) => [
    ...(s.fromMinute < from ? [{ fromMinute: s.fromMinute, toMinute: Math.min(s.toMinute, from) }] : []),
    ...(s.toMinute > from + 60 ? [{ fromMinute: Math.max(s.fromMinute, from + 60), toMinute: s.toMinute }] : []),
  ]);
}

/** The same every day of `days` (0 Monday … 6 Sunday); a span over midnight goes on in the next day. */
export function everyDay(fromMinute: number, toMinute: number, days: readonly number[] = [0, 1, 2, 3, 4, 5, 6]): Week {
  const week: Span[][] = Array.from({ length: 7 }, () => []);
  for (const day of days) {
    if (fromMinute < toMinute) week[day]?.push({ fromMinute, toMinute });
    else {
      if (fromMinute < 1440) week[day]?.push({ fromMinute, toMinute: 1440 });
      if (toMinute > 0) week[(day + 1) % 7]?.push({ fromMinute: 0, toMinute });
    }
  }
  return week.map(merged);
}

const clock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

export function formatSpans(spans: readonly Span[]): string {
  return spans.map((s) => `${clock(s.fromMinute)}–${clock(s.toMinute)}`).join(', ');
}

/** Reads "22:00-24:00, 0:00–6:30". @returns null when it is not that */
export function parseSpans(text: string): Span[] | null {
  const spans: Span[] = [];
  for (const part of text.split(/[,;，；、]/).map((p) => p.trim()).filter((p) => p !== '')) {
    const match = /^(\d{1,2})[:：](\d{2})\s*[-–—~至]\s*(\d{1,2})[:：](\d{2})$/.exec(part);
    if (!match) return null;
    const [h1 = 0, m1 = 0, h2 = 0, m2 = 0] = match.slice(1).map(Number);
    const [fromMinute, toMinute] = [h1 * 60 + m1, h2 * 60 + m2];
    if (m1 > 59 || m2 > 59 || fromMinute > 1439 || toMinute > 1440 || fromMinute >= toMinute) return null;
    spans.push({ fromMinute, toMinute });
  }
  return merged(spans);
}

/** Armed round the clock: the API then asks for a reason and a review date (DESIGN.md 2.7). */
export function isAlways(week: Week): boolean {
  return week.every((day) => merged(day).some((s) => s.fromMinute === 0 && s.toMinute === 1440));
}

/** Armed minutes of the week. */
export function armedMinutes(week: Week): number {
  return week.reduce((sum, day) => sum + merged(day).reduce((s, span) => s + span.toMinute - span.fromMinute, 0), 0);
}
