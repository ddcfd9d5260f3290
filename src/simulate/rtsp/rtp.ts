/** Packs H.264 access units into RTP (RFC 6184, packetisation mode 1), framed for RTSP over TCP (RFC 2326, 10.12). */
import { nalType } from '../content/clip.js';

/** Payload bytes of one packet. */
const maxPayloadBytes = 1400;
const rtpHeaderBytes = 12;
const frameHeaderBytes = 4;

export interface RtpState {
  readonly channel: number;
  readonly payloadType: number;
  readonly ssrc: number;
  /** 16 bits; grows by the packets that were packed */
  sequence: number;
}

/** One payload: a header of the packetisation and slices of the unit's memory, which are not copied yet. */
type Payload = readonly Uint8Array[];

/**
 * All packets of an access unit, one after the other, each with its interleaved frame header.
 * @param timestamp 90 kHz, 32 bits
 */
export function packAccessUnit(nals: readonly Uint8Array[], timestamp: number, state: RtpState): { bytes: Buffer; packets: number; payloadBytes: number } {
  const payloads = payloadsOf(nals);
  let payloadBytes = 0;
  for (const payload of payloads) for (const part of payload) payloadBytes += part.length;
  const bytes = Buffer.allocUnsafe(payloadBytes + payloads.length * (rtpHeaderBytes + frameHeaderBytes));
  let at = 0;
  payloads.forEach((payload, index) => {
    const length = payload.reduce((sum, part) => sum + part.length, 0);
    bytes[at] = 0x24;
    bytes[at + 1] = state.channel;
    bytes.writeUInt16BE(rtpHeaderBytes + length, at + 2);
    bytes[at + 4] = 0x80;
    bytes[at + 5] = state.payloadType | (index === payloads.length - 1 ? 0x80 : 0);
    bytes.writeUInt16BE(state.sequence, at + 6);
    bytes.writeUInt32BE(timestamp >>> 0, at + 8);
    bytes.writeUInt32BE(state.ssrc >>> 0, at + 12);
    state.sequence = (state.sequence + 1) & 0xffff;
    at += frameHeaderBytes + rtpHeaderBytes;
    for (const part of payload) {
      bytes.set(part, at);
      at += part.length;
    }
  });
  return { bytes, packets: payloads.length, payloadBytes };
}

/** Parameter sets go together in a STAP-A, units that fit go alone, the others are cut into FU-A. */
export function payloadsOf(nals: readonly Uint8Array[]): Payload[] {
  const payloads: Payload[] = [];
  const sets = nals.filter((nal) => nalType(nal) === 7 || nalType(nal) === 8);
  const together = 1 + sets.reduce((sum, nal) => sum + 2 + nal.length, 0);
  const aggregate = sets.length > 1 && together <= maxPayloadBytes;
  if (aggregate) {
    const importance = Math.max(...sets.map((nal) => (nal[0] ?? 0) & 0x60));
    payloads.push([Uint8Array.of(importance | 24), ...sets.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal])]);
  }
  for (const nal of nals) {
    if (aggregate && sets.includes(nal)) continue;
    if (nal.length <= maxPayloadBytes) {
      payloads.push([nal]);
      continue;
    }
    const first = nal[0] ?? 0;
    const indicator = (first & 0xe0) | 28;
    for (let from = 1; from < nal.length; from += maxPayloadBytes - 2) {
      const part = nal.subarray(from, Math.min(nal.length, from + maxPayloadBytes - 2));
      const start = from === 1 ? 0x80 : 0;
      const end = from + part.length >= nal.length ? 0x40 : 0;
      payloads.push([Uint8Array.of(indicator, start | end | (first & 0x1f)), part]);
    }
  }
  return payloads;
}

/** Seconds between 1900 (NTP) and 1970. */
const ntpEpochSeconds = 2_208_988_800;

/**
 * A compound RTCP packet (sender report, CNAME) with its interleaved frame header (RFC 3550, 6.4.1).
 * @param report.wallMs the camera's clock at `timestamp`, epoch milliseconds
 */
export function packSenderReport(report: { channel: number; ssrc: number; wallMs: number; timestamp: number; packets: number; octets: number; cname: string }): Buffer {
  const cname = Buffer.from(report.cname.slice(0, 200), 'utf8');
  const chunkBytes = Math.ceil((4 + 2 + cname.length + 1) / 4) * 4;
  const bytes = Buffer.alloc(frameHeaderBytes + 28 + 4 + chunkBytes);
  bytes[0] = 0x24;
  bytes[1] = report.channel;
  bytes.writeUInt16BE(bytes.length - frameHeaderBytes, 2);
  bytes.writeUInt32BE(0x80c80006, 4);
  bytes.writeUInt32BE(report.ssrc >>> 0, 8);
  const seconds = Math.floor(report.wallMs / 1000);
  bytes.writeUInt32BE((seconds + ntpEpochSeconds) >>> 0, 12);
  bytes.writeUInt32BE(Math.floor(((report.wallMs - seconds * 1000) / 1000) * 2 ** 32) >>> 0, 16);
  bytes.writeUInt32BE(report.timestamp >>> 0, 20);
  bytes.writeUInt32BE(report.packets >>> 0, 24);
  bytes.writeUInt32BE(report.octets >>> 0, 28);
  bytes.writeUInt32BE((0x81ca0000 | (chunkBytes / 4)) >>> 0, 32);
  bytes.writeUInt32BE(report.ssrc >>> 0, 36);
  bytes[40] = 1;
  bytes[41] = cname.length;
  cname.copy(bytes, 42);
  return bytes;
}
