/**
 * RTCP (RFC 3550, 6.4): sender reports tell the camera's time of a frame, receiver reports keep cameras sending that stop
 * without them.
 */

export interface SenderReport {
  /** the camera's clock, epoch ms; null when it was never set */
  readonly wallMs: number | null;
  /** RTP ticks at that time, 32 bits */
  readonly timestamp: number;
  readonly source: number;
  /** middle 32 bits of the report's NTP time */
  readonly compactNtp: number;
}

export interface RtcpNews {
  readonly report: SenderReport | null;
  /** the camera says that the stream has ended */
  readonly bye: boolean;
}

/** Seconds between 1900 (NTP) and 1970, and those of one NTP era. */
const ntpEpochSeconds = 2_208_988_800;
const ntpEraSeconds = 2 ** 32;
/** A time before this day is no clock that was ever set: it counts from the camera's start. */
const firstBelievableMs = Date.UTC(2000, 0, 1);
/** NTP's seconds begin anew in February 2036. Before this day a small number is a clock that was not set. */
const secondEraMs = Date.UTC(2036, 0, 1);

/** Reads a compound packet; what does not fit is left out. @param nowMs our clock, for the era of the camera's */
export function readRtcp(bytes: Buffer, from: number, to: number, nowMs: number): RtcpNews {
  let report: SenderReport | null = null;
  let bye = false;
  for (let at = from; at + 4 <= to; ) {
    const first = bytes[at] ?? 0;
    const type = bytes[at + 1] ?? 0;
    const end = at + 4 + bytes.readUInt16BE(at + 2) * 4;
    if (first >> 6 !== 2 || end > to) break;
    if (type === 200 && end - at >= 28) {
      const seconds = bytes.readUInt32BE(at + 8);
      const fraction = bytes.readUInt32BE(at + 12);
      report = {
        source: bytes.readUInt32BE(at + 4),
        wallMs: wallOf(seconds, fraction, nowMs),
        timestamp: bytes.readUInt32BE(at + 16),
        compactNtp: (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0,
      };
    }
    if (type === 203) bye = true;
    at = end;
  }
  return { report, bye };
}

function wallOf(seconds: number, fraction: number, nowMs: number): number | null {
  const era = seconds < 2 ** 31 && nowMs >= secondEraMs ? ntpEraSeconds : 0;
  const wallMs = (seconds + era - ntpEpochSeconds) * 1000 + (fraction / 2 ** 32) * 1000;
  return believable(wallMs);
}

/** @returns the time, epoch ms, or null when no camera's clock can mean it */
export function believable(wallMs: number | null): number | null {
  return wallMs !== null && wallMs >= firstBelievableMs ? Math.round(wallMs) : null;
}

export interface CaptureClock {
  report(report: SenderReport): void;
  /** @param timestamp RTP ticks, 32 bits, of the newest unit @returns the camera's clock, epoch ms; null before a report */
  capturedAtMs(timestamp: number): number | null;
}

/** Ticks wrap every 13 hours; the newest pair of ticks and time moves along, so that one report is enough for days. */
export function createCaptureClock(ticksPerSecond: number): CaptureClock {
  let known: { timestamp: number; wallMs: number } | null = null;
  return {
    report({ wallMs, timestamp }) {
      known = wallMs === null ? null : { timestamp, wallMs };
    },
    capturedAtMs(timestamp) {
      if (!known) return null;
      const wallMs = known.wallMs + (((timestamp - known.timestamp) | 0) / ticksPerSecond) * 1000;
      known = { timestamp, wallMs };
      return believable(wallMs);
    },
  };
}

export interface Reception {
  readonly ours: number;
  readonly source: number;
  /** newest sequence number with its turns in the upper half */
  readonly highestSequence: number;
  /** of the last sender report; 0: none */
  readonly compactNtp: number;
  /** since the last sender report */
  readonly sinceReportMs: number;
}

/** A receiver report with the description that every compound packet needs. TCP loses nothing, so no loss is told. */
export function receiverReport(r: Reception): Buffer {
  const bytes = Buffer.alloc(32 + 20);
  bytes.writeUInt32BE(0x81c90007, 0);
  bytes.writeUInt32BE(r.ours >>> 0, 4);
  bytes.writeUInt32BE(r.source >>> 0, 8);
  bytes.writeUInt32BE(r.highestSequence >>> 0, 16);
  bytes.writeUInt32BE(r.compactNtp >>> 0, 24);
  bytes.writeUInt32BE(r.compactNtp === 0 ? 0 : Math.min(0xffff_ffff, Math.round((r.sinceReportMs / 1000) * 65_536)), 28);
  bytes.writeUInt32BE(0x81ca0004, 32);
  bytes.writeUInt32BE(r.ours >>> 0, 36);
  bytes[40] = 1;
  bytes[41] = 8;
  bytes.write('hedgerow', 42, 'latin1');
  return bytes;
}
