/** Dates, times and numbers as the reader's language writes them, always in the site's time zone. */
export type Language = 'en' | 'zh-CN';

/** British order and a 24-hour clock for English: a watch centre never asks "am or pm". */
const locales: Record<Language, string> = { en: 'en-GB', 'zh-CN': 'zh-CN' };

function zoned(language: Language, timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(locales[language], { ...options, timeZone, hourCycle: 'h23' });
  } catch {
    return new Intl.DateTimeFormat(locales[language], { ...options, timeZone: 'UTC', hourCycle: 'h23' });
  }
}

/** Hours, minutes and seconds; with the date in front when it is not the day of `nowMs` in that zone. */
export function formatMoment(iso: string, timeZone: string, language: Language, nowMs: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const day = zoned(language, timeZone, { dateStyle: 'short' });
  const time = zoned(language, timeZone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
  return day.format(at) === day.format(new Date(nowMs)) ? time : `${zoned(language, timeZone, { day: 'numeric', month: 'short' }).format(at)} ${time}`;
}

/** Date and time in full, with the zone's name, for tooltips and evidence. */
export function formatFull(iso: string, timeZone: string, language: Language): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const date = zoned(language, timeZone, { year: 'numeric', month: 'short', day: 'numeric' }).format(at);
  const time = zoned(language, timeZone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
  const zone = zoned(language, timeZone, { timeZoneName: 'short' }).formatToParts(at).find((p) => p.type === 'timeZoneName')?.value ?? timeZone;
  return `${date} ${time} ${zone}`;
}

/** A calendar date (YYYY-MM-DD), which has no zone. */
export function formatDate(date: string, language: Language): string {
  const at = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? date : zoned(language, 'UTC', { year: 'numeric', month: 'short', day: 'numeric' }).format(at);
}

/** 0..1 as whole per cent; what is there but under one half per cent is "<1 %". */
export function formatShare(ratio: number, language: Language): string {
  if (ratio > 0 && ratio < 0.005) return '<1%';
  return new Intl.NumberFormat(locales[language], { style: 'percent', maximumFractionDigits: 0 }).format(ratio);
}

/** With at most one digit behind the point. */
export function formatNumber(value: number, language: Language): string {
  return new Intl.NumberFormat(locales[language], { maximumFractionDigits: 1 }).format(value);
}

/** "12 s ago", "3 min ago": the largest unit that is at least one. */
export function formatAge(iso: string, nowMs: number, language: Language): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
  const relative = new Intl.RelativeTimeFormat(locales[language], { numeric: 'always', style: 'short' });
  if (seconds < 60) return relative.format(-seconds, 'second');
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}

export function formatBytes(bytes: number, language: Language): string {
  return bytes < 1024 * 1024 ? `${formatNumber(bytes / 1024, language)} KiB` : `${formatNumber(bytes / 1024 / 1024, language)} MiB`;
}

/** Weekday names, Monday first. */
export function weekdayNames(language: Language): string[] {
  const name = new Intl.DateTimeFormat(locales[language], { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: 7 }, (_, day) => name.format(new Date(Date.UTC(2024, 0, 1 + day))));
}
