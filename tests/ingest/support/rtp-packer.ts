/** Packs units (NAL) into RTP packets of any size, as cameras do and as they should not: for H.264 and H.265. */

export interface PackedPacket {
  readonly bytes: Buffer;
  readonly sequence: number;
}

export interface PackOptions {
  readonly codec: 'h264' | 'hevc';
  /** payload bytes of one packet, at least 8 */
  readonly mtu: number;
  /** put units that fit together into one packet */
  readonly aggregate?: boolean;
  /** the marker after every unit instead of the last */
  readonly markAll?: boolean;
  readonly noMarker?: boolean;
  readonly padding?: number;
  readonly extension?: boolean;
  readonly sources?: number;
  readonly payloadType?: number;
}

/** Payloads of one access unit. */
export function payloadsOf(nals: readonly Uint8Array[], { codec, mtu, aggregate = false }: PackOptions): Buffer[] {
  const headerBytes = codec === 'h264' ? 1 : 2;
  const payloads: Buffer[] = [];
  for (let i = 0; i < nals.length; ) {
    const nal = Buffer.from(nals[i] ?? []);
    const together: Buffer[] = [];
    let size = headerBytes;
    for (let j = i; aggregate && j < nals.length && size + 2 + (nals[j]?.length ?? 0) <= mtu; j++) {
      together.push(Buffer.from(nals[j] ?? []));
      size += 2 + (nals[j]?.length ?? 0);
    }
    if (together.length > 1) {
      const head = codec === 'h264' ? [24] : [48 << 1, 1];
      payloads.push(Buffer.concat([Buffer.from(head), ...together.flatMap((n) => [Buffer.from([n.length >> 8, n.length & 0xff]), n])]));
      i += together.length;
      continue;
    }
    i += 1;
    if (nal.length <= mtu) {
      payloads.push(nal);
      continue;
    }
    const part = mtu - headerBytes - 1;
    for (let at = headerBytes; at < nal.length; at += part) {
      const flags = (at === headerBytes ? 0x80 : 0) | (at + part >= nal.length ? 0x40 : 0);
      const first = nal[0] ?? 0;
      const head = codec === 'h264' ? [(first & 0xe0) | 28, flags | (first & 0x1f)] : [(first & 0x81) | (49 << 1), nal[1] ?? 0, flags | ((first >> 1) & 0x3f)];
      payloads.push(Buffer.concat([Buffer.from(head), nal.subarray(at, at + part)]));
    }
  }
  return payloads;
}

/** RTP packets of one access unit. @param sequence of the first; wraps */
export function packetsOf(nals: readonly Uint8Array[], timestamp: number, sequence: number, options: PackOptions): PackedPacket[] {
  const { padding = 0, extension = false, sources = 0, payloadType = 96, markAll = false, noMarker = false } = options;
  const groups = markAll ? nals.map((n) => payloadsOf([n], options)) : [payloadsOf(nals, options)];
  return groups.flatMap((group) => group.map((payload, i) => ({ payload, last: i === group.length - 1 }))).map(({ payload, last }, i) => {
    const head = Buffer.alloc(12 + sources * 4 + (extension ? 12 : 0));
    head[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extension ? 0x10 : 0) | sources;
    head[1] = payloadType | (last && !noMarker ? 0x80 : 0);
    head.writeUInt16BE((sequence + i) & 0xffff, 2);
    head.writeUInt32BE(timestamp >>> 0, 4);
    head.writeUInt32BE(0xcafe, 8);
    if (extension) head.writeUInt32BE(0xbede0002, 12 + sources * 4);
    const tail = Buffer.alloc(padding, 0);
    if (padding > 0) tail[padding - 1] = padding;
    return { bytes: Buffer.concat([head, payload, tail]), sequence: (sequence + i) & 0xffff };
  });
}

export function interleaved(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

/** A byte stream of one unit each, as the assembler gives it out. */
export function annexB(...nals: readonly Uint8Array[]): Buffer {
  return Buffer.concat(nals.flatMap((n) => [Buffer.from([0, 0, 0, 1]), n]));
}

/** Cuts a byte stream into its units. */
export function nalsOf(stream: Buffer): Buffer[] {
  const starts: { at: number; body: number }[] = [];
  for (let i = 0; i + 2 < stream.length; i++) {
    if (stream[i] === 0 && stream[i + 1] === 0 && stream[i + 2] === 1) {
      starts.push({ at: i > 0 && stream[i - 1] === 0 ? i - 1 : i, body: i + 3 });
      i += 2;
    }
  }
  return starts.map((s, i) => stream.subarray(s.body, starts[i + 1]?.at ?? stream.length));
}
