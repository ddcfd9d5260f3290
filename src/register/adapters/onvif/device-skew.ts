/**
 * How far a device's clock is from ours, as a UsernameToken needs it. Some devices put their local time where UTC belongs
 * (policy `local-time-as-utc`): then the other reading of the same reply is what their log-in wants.
 */
import type { DeviceClock } from '../../onvif-client.js';

/** `utc`: the UTC that it tells; `local`: the local time that it tells; `ours`: what it tells is local, and its own clock is ours */
export type ClockReadAs = 'utc' | 'local' | 'ours';

/** A clock that moved by less would not change a device's mind, milliseconds. */
export const skewWorthMs = 1_000;

const quarterHourMs = 900_000;
/** A clock that differs from ours by whole quarter hours, this closely, differs by a time zone. */
const zoneSlackMs = 120_000;

/**
 * @param nowMs our clock when the reply had come, epoch milliseconds
 * @returns device clock minus ours, milliseconds; null when the reply does not tell
 */
export function skewBy(reading: DeviceClock, readAs: ClockReadAs, nowMs: number): number | null {
  const { skewMs, utcMs, localMs, roundTripMs } = reading;
  switch (readAs) {
    case 'utc':
      return skewMs;
    case 'local':
      if (localMs === null) return null;
      // Whole seconds, cut off: on average the device's clock is half a second further.
      return utcMs === null || skewMs === null ? Math.round(localMs + 500 - (nowMs - roundTripMs / 2)) : skewMs + (localMs - utcMs);
    case 'ours':
      return 0;
    default:
      return readAs satisfies never;
  }
}

/**
 * The other way to understand a clock, for one more log-in.
 * @param triedMs the skew that was refused
 * @returns null when there is none that differs
 */
export function withoutZone(reading: DeviceClock, triedMs: number, nowMs: number): { readonly readAs: ClockReadAs; readonly skewMs: number } | null {
  const local = skewBy(reading, 'local', nowMs);
  if (local !== null && Math.abs(local - triedMs) > skewWorthMs) return { readAs: 'local', skewMs: local };
  const quarters = Math.round(triedMs / quarterHourMs);
  const isZone = quarters !== 0 && Math.abs(quarters) <= 14 * 4 && Math.abs(triedMs - quarters * quarterHourMs) <= zoneSlackMs;
  return isZone ? { readAs: 'ours', skewMs: triedMs - quarters * quarterHourMs } : null;
}
