/**
 * Cuts the bytes of an RTSP connection into interleaved packets and messages (RFC 2326, 10.12). A whole packet is handed on
 * where it lies; only what is cut by the end of a chunk is copied. Bounded: a message is at most 64 KiB of header and 64 KiB
 * of body, and only so much is skipped in search of the next packet.
 */

export interface DemuxCallbacks {
  /** `bytes` from `from` to `to` hold a packet, until the callback returns. @returns false when it is none of this session's */
  readonly onPacket: (channel: number, bytes: Buffer, from: number, to: number) => boolean;
  /** a whole message with its header's end */
  readonly onMessage: (message: Buffer) => void;
  /** whether the bytes after garbage can be the beginning of one of our packets: `$`, channel, length and 2 more bytes */
  readonly plausible: (channel: number, first: number, second: number) => boolean;
  readonly onUnusable: (detail: string) => void;
}

export interface InterleavedDemux {
  push(chunk: Buffer): void;
  /** hands on nothing more */
  stop(): void;
}

const dollar = 0x24;
const mostHeaderBytes = 65_536;
const mostBodyBytes = 65_536;
/** Bytes that are no packet and no message, between two good packets. */
const mostGarbageBytes = 256 * 1024;
/** Bytes in packets that are not ours, between two good packets. */
const mostStrayBytes = 4 * 1024 * 1024;

export function createInterleavedDemux({ onPacket, onMessage, plausible, onUnusable }: DemuxCallbacks): InterleavedDemux {
  /** the beginning of an item whose end has not come yet */
  let held: Buffer = Buffer.alloc(0);
  let heldBytes = 0;
  /** how far the held message was searched for its end */
  let searched = 0;
  /** bytes of the held message, once its header is whole */
  let messageBytes = 0;
  let garbage = 0;
  let stray = 0;
  let lostSync = false;
  let over = false;

  const stop = (): void => {
    over = true;
    held = Buffer.alloc(0);
    heldBytes = 0;
  };
  const unusable = (detail: string): void => {
    if (over) return;
    stop();
    onUnusable(detail);
  };

  /** @returns bytes of the item at `at`; 0: more are needed */
  const item = (bytes: Buffer, at: number): number => {
    const left = bytes.length - at;
    if (left < messageBytes) return 0;
    const first = bytes[at];
    if (first === dollar) {
      if (left < 4) return 0;
      const size = bytes.readUInt16BE(at + 2);
      if (lostSync) {
        if (size < 8) return skip(1);
        if (left < 6) return 0;
        if (!plausible(bytes[at + 1] ?? 0, bytes[at + 4] ?? 0, bytes[at + 5] ?? 0)) return skip(1);
      }
      if (left < 4 + size) return 0;
      const good = size > 0 && onPacket(bytes[at + 1] ?? 0, bytes, at + 4, at + 4 + size);
      if (good) {
        garbage = 0;
        stray = 0;
        lostSync = false;
      } else if ((stray += 4 + size) > mostStrayBytes) unusable('what comes is no video of this session');
      return 4 + size;
    }
    // Cameras end a message with a line too many now and then.
    if (first === 0x0d || first === 0x0a) return skip(1);
    if (!lostSync || first === 0x52 /* R */) {
      const used = message(bytes, at);
      if (used >= 0) return used;
    }
    lostSync = true;
    const next = nextCandidate(bytes, at + 1);
    return skip((next < 0 ? bytes.length : next) - at);
  };

  const skip = (count: number): number => {
    garbage += count;
    if (garbage > mostGarbageBytes) unusable('what comes is neither RTSP nor video');
    return count;
  };

  /** @returns bytes of the message; 0: more are needed; -1: it is none */
  const message = (bytes: Buffer, at: number): number => {
    const start = bytes.toString('latin1', at, Math.min(bytes.length, at + 24));
    if (!(lostSync ? /^R(T(S(P(\/.*)?)?)?)?$/s : /^[A-Z][A-Z_]*([ /].*)?$/s).test(start)) return -1;
    const end = headerEnd(bytes, at + searched, at);
    if (end < 0) {
      if (bytes.length - at > mostHeaderBytes) {
        unusable('the header of a message has no end');
        return -1;
      }
      searched = Math.max(0, bytes.length - at - 3);
      return 0;
    }
    const length = Number(/\ncontent-length[ \t]*:[ \t]*(\d{1,10})[ \t]*\r?\n/i.exec(bytes.toString('latin1', at, end))?.[1] ?? 0);
    if (length > mostBodyBytes || end - at > mostHeaderBytes) {
      unusable('a message is too long');
      return -1;
    }
    if (bytes.length < end + length) {
      messageBytes = end + length - at;
      return 0;
    }
    searched = 0;
    messageBytes = 0;
    onMessage(Buffer.from(bytes.subarray(at, end + length)));
    return end + length - at;
  };

  /** @returns how far the bytes were understood */
  const parse = (bytes: Buffer, from: number): number => {
    let at = from;
    while (at < bytes.length && !over) {
      const used = item(bytes, at);
      if (used === 0) break;
      at += used;
    }
    return at;
  };

  const hold = (bytes: Buffer, from: number, to: number): void => {
    if (heldBytes + to - from > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(4_096, held.length * 2, heldBytes + to - from));
      held.copy(larger, 0, 0, heldBytes);
      held = larger;
    }
    bytes.copy(held, heldBytes, from, to);
    heldBytes += to - from;
  };

  /** Bytes from which on what is held can be understood: of a packet no more than its own are copied. */
  const needed = (): number => {
    if (held[0] !== dollar) return Infinity;
    return heldBytes < 6 ? 6 : 4 + held.readUInt16BE(2);
  };

  return {
    push(chunk) {
      let from = 0;
      while (heldBytes > 0 && from < chunk.length && !over) {
        const to = Math.min(chunk.length, from + needed() - heldBytes);
        hold(chunk, from, to);
        from = to;
        const used = parse(held.subarray(0, heldBytes), 0);
        if (over) return;
        held.copyWithin(0, used, heldBytes);
        heldBytes -= used;
      }
      if (over || from >= chunk.length) return;
      const used = parse(chunk, from);
      if (!over && used < chunk.length) hold(chunk, used, chunk.length);
    },
    stop,
  };
}

/** @returns the index after the empty line that ends a header; -1: not there yet */
function headerEnd(bytes: Buffer, from: number, start: number): number {
  for (let at = bytes.indexOf(0x0a, from); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at - 1] === 0x0a && at > start) return at + 1;
    if (bytes[at - 1] === 0x0d && bytes[at - 2] === 0x0a && at - 2 >= start) return at + 1;
  }
  return -1;
}

function nextCandidate(bytes: Buffer, from: number): number {
  const packet = bytes.indexOf(dollar, from);
  const reply = bytes.indexOf('RTSP/', from, 'latin1');
  if (packet < 0 || reply < 0) return Math.max(packet, reply);
  return Math.min(packet, reply);
}
