/**
 * Makes access units out of RTP packets, and only those that are wanted: of a unit that is no key unit nothing is copied,
 * its packets are looked at and forgotten. A unit with missing or broken parts is dropped and counted. A unit ends with the
 * marker bit or when the timestamp changes; cameras that set the marker after every slice are found out and no longer believed.
 */
import { isFirstSlice, type NalCodec } from './nal-codec.js';
import type { NalDepacketiser, NalSink } from './nal-depacketiser.js';
import type { ParameterSets } from './parameter-sets.js';
import type { RtpPacket } from './rtp-packet.js';
import { createUnitBuffer } from './unit-buffer.js';

export interface AccessUnit {
  /** byte stream (Annex B), with parameter sets before a key picture; valid until the callback returns */
  readonly data: Buffer;
  readonly isKey: boolean;
  /** decoding everything may begin here: a key unit, or the recovery point of a stream that is refreshed bit by bit */
  readonly isEntry: boolean;
  /** RTP ticks, 32 bits */
  readonly timestamp: number;
}

export interface KeyUnitAssembler {
  packet(bytes: Buffer, rtp: RtpPacket): void;
  /** from the next unit on: every unit, or key units alone */
  keepAll(all: boolean): void;
}

export interface AssemblerCallbacks {
  readonly onUnit: (unit: AccessUnit) => void;
  /** a picture that was not asked for went by */
  readonly onSkipped: () => void;
  /** a unit that was asked for (or may have been) is not whole */
  readonly onLost: () => void;
}

/** Packets that come "too early" in a row, after which the camera has begun to count anew. */
const mostEarlyPackets = 16;

export function createKeyUnitAssembler(
  makeDepacketiser: (sink: NalSink) => NalDepacketiser,
  sets: ParameterSets,
  { onUnit, onSkipped, onLost }: AssemblerCallbacks,
): KeyUnitAssembler {
  const unit = createUnitBuffer();
  /** `before`: no slice yet; `keep`, `skip`: what happens to this picture; `lost`: it would be kept but is not whole */
  let state: 'none' | 'before' | 'keep' | 'skip' | 'lost' = 'none';
  let timestamp = 0;
  let endedTimestamp = -1;
  let markerCounts = true;
  let all = false;
  let isKey = false;
  let isEntry = false;
  let recovery = -1;
  /** where the open unit (NAL) begins in the buffer; -1: it is not kept */
  let nalAt = -1;
  let expected = -1;
  let early = 0;
  let source = 0;

  const reset = (next: 'none' | 'before'): void => {
    state = next;
    isKey = false;
    isEntry = false;
    recovery = -1;
    nalAt = -1;
    unit.clear();
  };

  const lose = (): void => {
    if (state === 'lost' || state === 'skip') return;
    state = 'lost';
    nalAt = -1;
    unit.clear();
  };

  const finish = (): void => {
    if (state === 'keep' && nalAt < 0) {
      const whole = unit.bytes();
      if (whole) onUnit({ data: whole, isKey, isEntry, timestamp });
      else onLost();
    } else if (state === 'keep' || state === 'lost') onLost();
    else if (state === 'skip') onSkipped();
    endedTimestamp = timestamp;
    reset('none');
  };

  const beginSlice = (type: number, bytes: Uint8Array, from: number, to: number, codec: NalCodec): void => {
    if (state === 'skip' && codec.isKey(type) && isFirstSlice(bytes, from, to)) {
      // A key picture within the same timestamp, and no end in between: this camera sets neither.
      finish();
      state = 'before';
    }
    if (state !== 'before') return;
    const first = isFirstSlice(bytes, from, to);
    if (!first && endedTimestamp === timestamp) markerCounts = false;
    isKey = codec.isKey(type) || (recovery === 0 && codec.isIntraSlice(bytes.subarray(from, to)));
    isEntry = isKey || recovery >= 0;
    if (!isKey && !all) {
      state = 'skip';
      unit.clear();
    } else if (!first || (isEntry && !sets.complete())) lose();
    else {
      state = 'keep';
      if (isEntry) unit.prepend(sets.bytes());
    }
  };

  /** A whole unit that is no slice: sets are kept apart, messages stay. Some cameras send a whole byte stream as one unit. */
  const file = (from: number, to: number): void => {
    const { codec } = depacketiser;
    const bytes = unit.range(from, to);
    const inner = indexOfStartCode(bytes);
    const own = inner < 0 ? bytes : bytes.subarray(0, inner);
    const type = codec.type(own[0] ?? 0);
    if (codec.kind(type) === 'parameters') sets.put(own);
    if (codec.kind(type) === 'message') recovery = Math.max(recovery, codec.recoveryPictures(own));
    const rest = inner < 0 ? undefined : Buffer.from(bytes.subarray(inner));
    if (codec.kind(type) !== 'message') unit.cut(from - startCodeBytes);
    else if (inner >= 0) unit.cut(from + own.length);
    if (rest) fileStream(rest);
  };

  /** The rest of such a byte stream, unit by unit. */
  const fileStream = (stream: Buffer): void => {
    for (let at = 0; at < stream.length; ) {
      const from = at + (stream[at + 2] === 1 ? 3 : 4);
      const next = indexOfStartCode(stream.subarray(from));
      const to = next < 0 ? stream.length : from + next;
      const header = stream[from] ?? 0;
      if (to - from > depacketiser.codec.headerBytes) {
        // Only the last one can be a slice, and it may hold no start code: it goes the usual way.
        sink.begin(header, depacketiser.codec.headerBytes === 2 ? (stream[from + 1] ?? 0) : -1, stream, from + depacketiser.codec.headerBytes, to);
        sink.end();
      }
      at = to;
    }
  };

  const sink: NalSink = {
    begin(header0, header1, bytes, from, to) {
      const { codec } = depacketiser;
      const type = codec.type(header0);
      const kind = codec.kind(type);
      if ((kind === 'delimiter' || kind === 'parameters') && (state === 'skip' || state === 'keep' || state === 'lost')) {
        finish();
        state = 'before';
      }
      if (kind === 'slice') beginSlice(type, bytes, from, to, codec);
      nalAt = -1;
      const wanted = state === 'keep' || (state === 'before' && kind !== 'other');
      if (!wanted) return;
      unit.header(header0, header1);
      nalAt = unit.length() - codec.headerBytes;
      unit.append(bytes, from, to);
    },
    more(bytes, from, to) {
      if (nalAt >= 0) unit.append(bytes, from, to);
    },
    end() {
      if (nalAt < 0) return;
      const from = nalAt;
      nalAt = -1;
      if (state === 'before') file(from, unit.length());
    },
    broken(header0) {
      const { codec } = depacketiser;
      const type = header0 < 0 ? -1 : codec.type(header0);
      const notAsked = !all && type >= 0 && codec.kind(type) === 'slice' && !codec.isKey(type);
      if (state === 'before' && notAsked) state = 'skip';
      else lose();
    },
  };
  const depacketiser = makeDepacketiser(sink);

  /** @returns false for a packet that was here already */
  const inOrder = (rtp: RtpPacket): boolean => {
    const ahead = (rtp.sequence - expected) & 0xffff;
    if (expected >= 0 && rtp.source === source && ahead >= 0x8000 && ++early <= mostEarlyPackets) return false;
    early = 0;
    if (expected >= 0 && ahead !== 0) {
      depacketiser.gap();
      if (state !== 'none') lose();
    }
    expected = (rtp.sequence + 1) & 0xffff;
    source = rtp.source;
    return true;
  };

  return {
    packet(bytes, rtp) {
      if (!inOrder(rtp)) return;
      if (state !== 'none' && rtp.timestamp !== timestamp) {
        depacketiser.gap();
        if (state === 'before') reset('none');
        else finish();
      }
      timestamp = rtp.timestamp;
      if (state === 'none') state = 'before';
      depacketiser.payload(bytes, rtp.from, rtp.to);
      if (rtp.marker && markerCounts && state !== 'before') finish();
    },
    keepAll(wanted) {
      all = wanted;
    },
  };
}

const startCodeBytes = 4;

/** @returns where the next start code begins, with its leading zero; -1: none */
function indexOfStartCode(bytes: Uint8Array): number {
  for (let i = 1; i + 2 < bytes.length; i++) {
    if (bytes[i] === 0 && bytes[i + 1] === 0 && (bytes[i + 2] === 1 || (bytes[i + 2] === 0 && bytes[i + 3] === 1))) return i;
  }
  return -1;
}
