/**
 * Takes units (NAL) out of RTP payloads: H.264 (RFC 6184: single units, STAP-A, FU-A) and H.265 (RFC 7798: single units,
 * aggregation packets, fragments, with or without decoding order numbers). It copies nothing and keeps nothing: the parts
 * of a unit are handed on where they lie. Whatever does not fit together is reported as broken, never thrown.
 */
import { h264, h265, type NalCodec } from './nal-codec.js';

export interface NalSink {
  /**
   * A unit begins. Bytes are those of its body after the header.
   * @param header1 second byte of an H.265 header; -1 for H.264
   */
  begin(header0: number, header1: number, bytes: Uint8Array, from: number, to: number): void;
  more(bytes: Uint8Array, from: number, to: number): void;
  end(): void;
  /** The unit that had begun, or one whose beginning is missing, is not whole. @param header0 -1 when its type is not known */
  broken(header0: number): void;
}

export interface NalDepacketiser {
  readonly codec: NalCodec;
  /** One payload, in the order of sequence numbers. */
  payload(bytes: Uint8Array, from: number, to: number): void;
  /** Packets are missing before the next payload. */
  gap(): void;
}

/** Some cameras put the start code of a byte stream before the unit. @returns its length */
function startCodeBytes(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < 4 || bytes[from] !== 0 || bytes[from + 1] !== 0) return 0;
  if (bytes[from + 2] === 1) return 3;
  return bytes[from + 2] === 0 && bytes[from + 3] === 1 ? 4 : 0;
}

export function createH264Depacketiser(sink: NalSink): NalDepacketiser {
  let open = false;
  const breakOff = (header0: number): void => {
    open = false;
    sink.broken(header0);
  };
  const single = (bytes: Uint8Array, from: number, to: number): void => {
    sink.begin(bytes[from] ?? 0, -1, bytes, from + 1, to);
    sink.end();
  };
  return {
    codec: h264,
    payload(bytes, start, to) {
      const from = start + startCodeBytes(bytes, start, to);
      if (from >= to) return;
      const indicator = bytes[from] ?? 0;
      const type = indicator & 0x1f;
      if (open && type !== 28) breakOff(-1);
      if (type >= 1 && type <= 23) return single(bytes, from, to);
      if (type === 24) {
        for (let at = from + 1; at < to; ) {
          const size = at + 2 <= to ? ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0) : 0;
          if (size === 0 || at + 2 + size > to) return sink.broken(-1);
          single(bytes, at + 2, at + 2 + size);
          at += 2 + size;
        }
        return;
      }
      if (type !== 28 || to - from < 2) return breakOff(-1);
      const fragment = bytes[from + 1] ?? 0;
      const header = (indicator & 0xe0) | (fragment & 0x1f);
      if ((fragment & 0x80) !== 0) {
        if (open) sink.broken(-1);
        open = true;
        sink.begin(header, -1, bytes, from + 2, to);
      } else if (open) sink.more(bytes, from + 2, to);
      else return sink.broken(header);
      if ((fragment & 0x40) === 0) return;
      open = false;
      sink.end();
    },
    gap() {
      if (open) breakOff(-1);
    },
  };
}

/** @param withOrderNumbers `sprop-max-don-diff` is above 0: units carry a decoding order number, which is skipped */
export function createH265Depacketiser(sink: NalSink, withOrderNumbers = false): NalDepacketiser {
  const orderBytes = withOrderNumbers ? 2 : 0;
  let open = false;
  const breakOff = (header0: number): void => {
    open = false;
    sink.broken(header0);
  };
  return {
    codec: h265,
    payload(bytes, start, to) {
      const from = start + startCodeBytes(bytes, start, to);
      if (to - from < 2) return;
      const header0 = bytes[from] ?? 0;
      const header1 = bytes[from + 1] ?? 0;
      const type = (header0 >> 1) & 0x3f;
      if (open && type !== 49) breakOff(-1);
      if (type < 48) {
        sink.begin(header0, header1, bytes, Math.min(to, from + 2 + orderBytes), to);
        return sink.end();
      }
      if (type === 48) {
        for (let at = from + 2, first = true; at < to; first = false) {
          if (withOrderNumbers) at += first ? 2 : 1;
          const size = at + 2 <= to ? ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0) : 0;
          if (size < 2 || at + 2 + size > to) return sink.broken(-1);
          sink.begin(bytes[at + 2] ?? 0, bytes[at + 3] ?? 0, bytes, at + 4, at + 2 + size);
          sink.end();
          at += 2 + size;
        }
        return;
      }
      if (type !== 49 || to - from < 3) return breakOff(-1);
      const fragment = bytes[from + 2] ?? 0;
      const header = (header0 & 0x81) | ((fragment & 0x3f) << 1);
      if ((fragment & 0x80) !== 0) {
        if (open) sink.broken(-1);
        open = true;
        sink.begin(header, header1, bytes, Math.min(to, from + 3 + orderBytes), to);
      } else if (open) sink.more(bytes, Math.min(to, from + 3), to);
      else return sink.broken(header);
      if ((fragment & 0x40) === 0) return;
      open = false;
      sink.end();
    },
    gap() {
      if (open) breakOff(-1);
    },
  };
}
