/** Reads the header of an RTP packet where it lies (RFC 3550, 5.1): sources, extension and padding are stepped over. */

export interface RtpPacket {
  marker: boolean;
  payloadType: number;
  sequence: number;
  /** 32 bits */
  timestamp: number;
  source: number;
  /** where the payload lies */
  from: number;
  to: number;
}

export function emptyRtpPacket(): RtpPacket {
  return { marker: false, payloadType: 0, sequence: 0, timestamp: 0, source: 0, from: 0, to: 0 };
}

/**
 * @param into is overwritten: there are thousands of packets a second
 * @returns false when it is not a whole RTP packet
 */
export function readRtp(bytes: Buffer, start: number, end: number, into: RtpPacket): boolean {
  if (end - start < 12) return false;
  const first = bytes[start] ?? 0;
  if (first >> 6 !== 2) return false;
  let from = start + 12 + (first & 0x0f) * 4;
  let to = end;
  if ((first & 0x10) !== 0) {
    if (from + 4 > end) return false;
    from += 4 + bytes.readUInt16BE(from + 2) * 4;
  }
  if ((first & 0x20) !== 0) {
    const padding = bytes[end - 1] ?? 0;
    if (padding === 0) return false;
    to -= padding;
  }
  if (from > to) return false;
  const second = bytes[start + 1] ?? 0;
  into.marker = (second & 0x80) !== 0;
  into.payloadType = second & 0x7f;
  into.sequence = bytes.readUInt16BE(start + 2);
  into.timestamp = bytes.readUInt32BE(start + 4);
  into.source = bytes.readUInt32BE(start + 8);
  into.from = from;
  into.to = to;
  return true;
}
