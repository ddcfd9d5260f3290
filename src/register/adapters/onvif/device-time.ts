/** Times and durations as devices write them (XML Schema Part 2, 3.2.6 and 3.2.7). */

const dayMs = 86_400_000;
/** Before this no recorder of ours recorded: the zero of a clock (1970, 1980, 2000-01-01 after a cold start) is no time. */
const firstPlausibleMs = Date.UTC(2000, 0, 3);

/**
 * An `xs:dateTime`. Without a zone it is UTC: ONVIF allows nothing else, and devices forget the `Z`.
 * @returns epoch milliseconds by the clock that wrote it; null when it is no time
 */
export function readDateTimeMs(text: string | null): number | null {
  const m = /^\s*(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?\s*$/i.exec(text ?? '');
  if (m === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = m.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 61 || second > 61) return null;
  const zone = /^([+-])(\d\d):?(\d\d)$/.exec(m[8] ?? '');
  const offsetMinutes = zone === null ? 0 : (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3]));
  const fractionMs = Math.floor(Number(`0.${m[7] ?? '0'}`) * 1000);
  return Date.UTC(year, month - 1, day, hour, minute, second, fractionMs) - offsetMinutes * 60_000;
}

/** A time of a recording; null when it is unset ("1970", the zero of a clock). */
export function readRecordedMs(text: string | null): number | null {
  const ms = readDateTimeMs(text);
  return ms === null || ms < firstPlausibleMs ? null : ms;
}

/** As ONVIF clients write it: UTC to the second. */
export function writeDateTime(epochMs: number): string {
  return `${new Date(Math.min(Math.max(epochMs, 0), 253_402_300_799_000)).toISOString().slice(0, 19)}Z`;
}

/**
 * An `xs:duration`; a year counts 365 days and a month 30, for a device that says `P1M` deletes by days.
 * @returns milliseconds; null when it is none, or negative
 */
export function readDurationMs(text: string | null): number | null {
  const m = /^P(?=[\dT])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,7})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,10}(?:\.\d{0,9})?)S)?)?$/i.exec((text ?? '').trim());
  if (m === null) return null;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = m.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return (years * 365 + months * 30 + weeks * 7 + days) * dayMs + Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000);
}
