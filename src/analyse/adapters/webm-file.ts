/**
 * Writes one track of VP9 as WebM (RFC 9559 Matroska, RFC 8794 EBML). Everything is known before the first byte is written, so
 * all sizes are exact, the length is told and the table of key frames stands in front: a browser shows the length and
 * seeks without reading the end. The same packets give the same bytes: no dates, no random numbers.
 */

export interface WebmPacket {
  readonly data: Uint8Array;
  /** from the first picture, which is at 0; strictly rising */
  readonly atMs: number;
  /** the first one is */
  readonly key: boolean;
}

export interface WebmTrack {
  readonly widthPx: number;
  readonly heightPx: number;
  /** the last picture stands until then */
  readonly lengthMs: number;
}

/** Element ids, RFC 9559 section 5.1. */
const el = {
  ebml: 0x1a45dfa3, ebmlVersion: 0x4286, ebmlReadVersion: 0x42f7, ebmlMaxIdLength: 0x42f2, ebmlMaxSizeLength: 0x42f3,
  docType: 0x4282, docTypeVersion: 0x4287, docTypeReadVersion: 0x4285,
  segment: 0x18538067, seekHead: 0x114d9b74, seek: 0x4dbb, seekId: 0x53ab, seekPosition: 0x53ac,
  info: 0x1549a966, timestampScale: 0x2ad7b1, duration: 0x4489, muxingApp: 0x4d80, writingApp: 0x5741,
  tracks: 0x1654ae6b, trackEntry: 0xae, trackNumber: 0xd7, trackUid: 0x73c5, trackType: 0x83, flagLacing: 0x9c, codecId: 0x86,
  video: 0xe0, pixelWidth: 0xb0, pixelHeight: 0xba, colour: 0x55b0, matrixCoefficients: 0x55b1, range: 0x55b9,
  cues: 0x1c53bb6b, cuePoint: 0xbb, cueTime: 0xb3, cueTrackPositions: 0xb7, cueTrack: 0xf7, cueClusterPosition: 0xf1,
  cluster: 0x1f43b675, timestamp: 0xe7, simpleBlock: 0xa3, blockGroup: 0xa0, block: 0xa1, blockDuration: 0x9b, referenceBlock: 0xfb,
} as const;

/** A block's time is a signed 16-bit number of milliseconds from its cluster's. */
const clusterAtMostMs = 30_000;
/** Positions are written in this many bytes, so that their own size does not depend on them. */
const positionBytes = 4;

/** @returns the whole file */
export function webmFile(track: WebmTrack, packets: readonly WebmPacket[]): Uint8Array {
  const head = element(el.ebml, [
    unsigned(el.ebmlVersion, 1), unsigned(el.ebmlReadVersion, 1), unsigned(el.ebmlMaxIdLength, 4), unsigned(el.ebmlMaxSizeLength, 8),
    text(el.docType, 'webm'), unsigned(el.docTypeVersion, 4), unsigned(el.docTypeReadVersion, 2),
  ]);
  const info = element(el.info, [unsigned(el.timestampScale, 1_000_000), float(el.duration, track.lengthMs), text(el.muxingApp, 'hedgerow'), text(el.writingApp, 'hedgerow')]);
  const tracks = element(el.tracks, [
    element(el.trackEntry, [
      unsigned(el.trackNumber, 1), unsigned(el.trackUid, 1), unsigned(el.trackType, 1), unsigned(el.flagLacing, 0), text(el.codecId, 'V_VP9'),
      // Colours as of a JPEG (BT.601), in the narrow range of video.
      element(el.video, [unsigned(el.pixelWidth, track.widthPx), unsigned(el.pixelHeight, track.heightPx), element(el.colour, [unsigned(el.matrixCoefficients, 6), unsigned(el.range, 1)])]),
    ]),
  ]);
  const groups = inClusters(packets);
  const clusters = groups.map((group) => cluster(group, group === groups.at(-1) ? track.lengthMs : undefined));

  // Sizes do not depend on the positions, so a first round with zeros tells where everything comes to lie.
  const cuesAt = (positions: readonly number[]): Buffer =>
    element(el.cues, groups.map((group, i) =>
      element(el.cuePoint, [unsigned(el.cueTime, group[0]?.atMs ?? 0), element(el.cueTrackPositions, [unsigned(el.cueTrack, 1), fixed(el.cueClusterPosition, positions[i] ?? 0)])])));
  const seekHeadAt = (positions: readonly [number, number, number]): Buffer =>
    element(el.seekHead, [el.info, el.tracks, el.cues].map((id, i) => element(el.seek, [binary(el.seekId, idBytes(id)), fixed(el.seekPosition, positions[i] ?? 0)])));
  const infoAt = seekHeadAt([0, 0, 0]).byteLength;
  const tracksAt = infoAt + info.byteLength;
  const cuesStart = tracksAt + tracks.byteLength;
  let end = cuesStart + cuesAt([]).byteLength;
  const positions = clusters.map((one) => {
    const at = end;
    end += one.byteLength;
    return at;
  });
  const segment = element(el.segment, [seekHeadAt([infoAt, tracksAt, cuesStart]), info, tracks, cuesAt(positions), ...clusters]);
  return new Uint8Array(Buffer.concat([head, segment]));
}

/** A cluster begins with each key frame, and wherever a block's time would not fit any more. */
function inClusters(packets: readonly WebmPacket[]): WebmPacket[][] {
  const groups: WebmPacket[][] = [];
  for (const packet of packets) {
    const last = groups.at(-1);
    if (!last || packet.key || packet.atMs - (last[0]?.atMs ?? 0) > clusterAtMostMs) groups.push([packet]);
    else last.push(packet);
  }
  return groups;
}

/** @param untilMs of the last cluster: when its last picture ends */
function cluster(group: readonly WebmPacket[], untilMs: number | undefined): Buffer {
  const fromMs = group[0]?.atMs ?? 0;
  const blocks = group.map((packet, i) => {
    const head = Buffer.alloc(4);
    head.writeUInt8(0x81, 0); // track 1
    head.writeInt16BE(packet.atMs - fromMs, 1);
    if (untilMs === undefined || i + 1 < group.length) {
      head.writeUInt8(packet.key ? 0x80 : 0, 3);
      return element(el.simpleBlock, [head, packet.data]);
    }
    // The last picture of all: nothing follows that would tell how long it stands.
    const before = group[i - 1];
    return element(el.blockGroup, [
      element(el.block, [head, packet.data]),
      unsigned(el.blockDuration, untilMs - packet.atMs),
      ...(packet.key || !before ? [] : [signed16(el.referenceBlock, Math.max(-32_768, before.atMs - packet.atMs))]),
    ]);
  });
  return element(el.cluster, [unsigned(el.timestamp, fromMs), ...blocks]);
}

function element(id: number, parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return Buffer.concat([idBytes(id), sizeBytes(size), ...parts]);
}

/** The id's own bits say how long it is. */
function idBytes(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id, 0);
  return bytes.subarray(id > 0xffffff ? 0 : id > 0xffff ? 1 : id > 0xff ? 2 : 3);
}

/** RFC 8794 section 4: the number of leading zeros says how many bytes follow. Four, or eight for what is larger. */
function sizeBytes(size: number): Buffer {
  if (size < 0x0fffffff) {
    const short = Buffer.alloc(4);
    short.writeUInt32BE(0x10000000 + size, 0);
    return short;
  }
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(0x0100000000000000n + BigInt(size), 0);
  return long;
}

function unsigned(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  const first = bytes.findIndex((byte) => byte !== 0);
  return binary(id, bytes.subarray(first < 0 ? 5 : first));
}

function fixed(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(positionBytes);
  bytes.writeUInt32BE(value, 0);
  return binary(id, bytes);
}

function signed16(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value, 0);
  return binary(id, bytes);
}

function float(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value, 0);
  return binary(id, bytes);
}

function text(id: number, value: string): Buffer {
  return binary(id, Buffer.from(value, 'ascii'));
}

function binary(id: number, bytes: Uint8Array): Buffer {
  return element(id, [bytes]);
}
