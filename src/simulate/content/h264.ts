/** Cuts H.264 byte streams into NAL units and puts them together again (H.264 annex B; ISO 14496-15). */

/** NAL units between start codes, without them. Zero bytes before a start code belong to it. */
export function splitAnnexB(data: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = -1;
  for (let i = 0; i + 2 < data.length; i++) {
    if (data[i] !== 0 || data[i + 1] !== 0 || data[i + 2] !== 1) continue;
    if (start >= 0) pushTrimmed(nals, data, start, i);
    start = i + 3;
    i += 2;
  }
  if (start >= 0) pushTrimmed(nals, data, start, data.length);
  return nals;
}

function pushTrimmed(nals: Uint8Array[], data: Uint8Array, start: number, end: number): void {
  while (end > start && data[end - 1] === 0) end--;
  if (end > start) nals.push(data.subarray(start, end));
}

/** NAL units with a length of `lengthBytes` before each. A length that runs over the end is cut off. */
export function splitLengthPrefixed(data: Uint8Array, lengthBytes: number): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let at = 0;
  while (at + lengthBytes <= data.length) {
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (data[at + i] ?? 0);
    at += lengthBytes;
    if (length === 0) continue;
    nals.push(data.subarray(at, Math.min(at + length, data.length)));
    at += length;
  }
  return nals;
}

/** What an `avcC` box says (ISO 14496-15, 5.3.3.1), or undefined when it is not one. */
export function parseAvcConfiguration(extra: Uint8Array): { lengthBytes: number; parameterSets: Uint8Array[] } | undefined {
  if (extra.length < 7 || extra[0] !== 1) return undefined;
  const sets: Uint8Array[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (extra[at++] ?? 0) & mask;
    for (let i = 0; i < count; i++) {
      const length = ((extra[at] ?? 0) << 8) | (extra[at + 1] ?? 0);
      if (at + 2 + length > extra.length) return undefined;
      sets.push(extra.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return { lengthBytes: ((extra[4] ?? 0) & 3) + 1, parameterSets: sets };
}

/** NAL units behind start codes of four bytes, as decoders take them. */
export function joinAnnexB(nals: readonly Uint8Array[]): Buffer {
  const startCode = Uint8Array.of(0, 0, 0, 1);
  return Buffer.concat(nals.flatMap((nal) => [startCode, nal]));
}
