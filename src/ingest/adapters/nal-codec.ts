/**
 * What must be known of the units (NAL) of H.264 and H.265 to tell key pictures from the others: types, flags and a few
 * bits of headers, never a picture's content. ITU-T H.264 and H.265, section 7.3.
 */
export type NalKind =
  | 'slice' // part of a picture
  | 'parameters' // SPS, PPS, VPS
  | 'message' // SEI before the picture
  | 'delimiter' // an access unit begins
  | 'other';

export interface NalCodec {
  readonly name: 'h264' | 'hevc';
  /** bytes of a unit's header */
  readonly headerBytes: 1 | 2;
  type(header: number): number;
  kind(type: number): NalKind;
  /** an instantaneous or clean random access picture: it needs no other */
  isKey(type: number): boolean;
  /** whether parameter sets of this type go before those of another */
  readonly parameterOrder: readonly number[];
  /** one name for each set that a later one replaces. @param unit a whole unit */
  parameterName(type: number, unit: Uint8Array): string;
  /**
   * Pictures until the stream can be shown, for a recovery point message; -1 for any other message.
   * @param unit a whole unit
   */
  recoveryPictures(unit: Uint8Array): number;
  /** @param body the slice after the unit's header */
  isIntraSlice(body: Uint8Array): boolean;
}

export const h264: NalCodec = {
  name: 'h264',
  headerBytes: 1,
  type: (header) => header & 0x1f,
  kind(type) {
    if (type >= 1 && type <= 5) return 'slice';
    if (type === 7 || type === 8) return 'parameters';
    if (type === 6) return 'message';
    return type === 9 ? 'delimiter' : 'other';
  },
  isKey: (type) => type === 5,
  parameterOrder: [7, 8],
  parameterName(type, unit) {
    // The number of an SPS stands after profile, constraints and level.
    const id = createBitReader(unit, type === 7 ? 4 : 1).exponentialGolomb();
    return `${type}:${id}`;
  },
  recoveryPictures(unit) {
    // Messages: type and size, each with 0xff for "255 more". Type 6 is the recovery point.
    let at = 1;
    while (at + 2 < unit.length) {
      let type = 0;
      let size = 0;
      while (unit[at] === 0xff) type += unit[at++] ?? 0;
      type += unit[at++] ?? 0;
      while (unit[at] === 0xff) size += unit[at++] ?? 0;
      size += unit[at++] ?? 0;
      if (type === 6) return createBitReader(unit, at).exponentialGolomb();
      at += size;
    }
    return -1;
  },
  isIntraSlice(body) {
    const bits = createBitReader(body, 0);
    bits.exponentialGolomb();
    const type = bits.exponentialGolomb() % 5;
    return type === 2 || type === 4;
  },
};

export const h265: NalCodec = {
  name: 'hevc',
  headerBytes: 2,
  type: (header) => (header >> 1) & 0x3f,
  kind(type) {
    if (type <= 31) return 'slice';
    if (type >= 32 && type <= 34) return 'parameters';
    if (type === 39) return 'message';
    return type === 35 ? 'delimiter' : 'other';
  },
  isKey: (type) => type >= 16 && type <= 23,
  parameterOrder: [32, 33, 34],
  // Streams of cameras have one VPS and one SPS; pictures may have several PPS.
  parameterName: (type, unit) => (type === 34 ? `34:${createBitReader(unit, 2).exponentialGolomb()}` : `${type}`),
  recoveryPictures(unit) {
    return unit[2] === 6 ? 1 : -1;
  },
  // Random access pictures have types of their own.
  isIntraSlice: () => false,
};

/** The first slice of a picture says so in the first bit after its header, in both codecs. */
export function isFirstSlice(bytes: Uint8Array, bodyFrom: number, to: number): boolean {
  return bodyFrom < to && ((bytes[bodyFrom] ?? 0) & 0x80) !== 0;
}

/** Reads bits; beyond the end they are 0. Emulation prevention bytes do not occur in the few bits that are read here. */
function createBitReader(bytes: Uint8Array, from: number): { exponentialGolomb(): number } {
  let at = from * 8;
  const bit = (): number => {
    const value = ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
    at += 1;
    return value;
  };
  return {
    exponentialGolomb() {
      let zeros = 0;
      while (zeros < 24 && bit() === 0) zeros += 1;
      let value = 1;
      for (let i = 0; i < zeros; i++) value = value * 2 + bit();
      return value - 1;
    },
  };
}
