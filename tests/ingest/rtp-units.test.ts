/** From RTP packets to key units: whole ones byte for byte, others not at all, whatever comes in whatever order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyUnitAssembler } from '../../src/ingest/adapters/key-unit-assembler.js';
import { h264, h265 } from '../../src/ingest/adapters/nal-codec.js';
import { createH264Depacketiser, createH265Depacketiser, type NalSink } from '../../src/ingest/adapters/nal-depacketiser.js';
import { createParameterSets } from '../../src/ingest/adapters/parameter-sets.js';
import { emptyRtpPacket, readRtp } from '../../src/ingest/adapters/rtp-packet.js';
import { createUnitBuffer, mostUnitBytes } from '../../src/ingest/adapters/unit-buffer.js';
import { annexB, nalsOf, packetsOf, payloadsOf, type PackedPacket, type PackOptions } from './support/rtp-packer.js';

const codecs = ['h264', 'hevc'] as const;
type CodecName = (typeof codecs)[number];

/** Bytes without start codes, as emulation prevention guarantees. */
const body = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max }).map((b) => b.map((v) => v | 1));
const header = (codec: CodecName, type: number): number[] => (codec === 'h264' ? [0x60 | type] : [type << 1, 1]);
const nal = (codec: CodecName, type: number, content: Uint8Array | number[]): Buffer => Buffer.from([...header(codec, type), ...content]);
const types = { h264: { key: 5, other: 1, sps: 7, pps: 8, vps: 0, sei: 6 }, hevc: { key: 19, other: 1, sps: 33, pps: 34, vps: 32, sei: 39 } };

function collector(): { sink: NalSink; nals: Buffer[]; broken: () => number } {
  const nals: Buffer[] = [];
  let parts: Buffer[] | undefined;
  let broken = 0;
  return {
    nals,
    broken: () => broken,
    sink: {
      begin: (h0, h1, bytes, from, to) => (parts = [Buffer.from(h1 < 0 ? [h0] : [h0, h1]), Buffer.from(bytes.subarray(from, to))]),
      more: (bytes, from, to) => parts?.push(Buffer.from(bytes.subarray(from, to))),
      end: () => {
        if (parts) nals.push(Buffer.concat(parts));
        parts = undefined;
      },
      broken: () => {
        broken += 1;
        parts = undefined;
      },
    },
  };
}

const depacketiser = { h264: createH264Depacketiser, hevc: (sink: NalSink) => createH265Depacketiser(sink) };

interface Seen {
  readonly units: { data: Buffer; isKey: boolean; isEntry: boolean; timestamp: number }[];
  lost: number;
  skipped: number;
  push(packets: readonly PackedPacket[]): void;
  keepAll(all: boolean): void;
}

/** One of each parameter set. */
const allSets = (codec: CodecName): Buffer[] => [...(codec === 'hevc' ? [nal(codec, 32, [1, 2, 3])] : []), nal(codec, types[codec].sps, [0x42, 0, 0x1e, 0x81, 9]), nal(codec, types[codec].pps, [0x81, 7])];

function assemble(codec: CodecName, described: readonly Uint8Array[] = allSets(codec)): Seen {
  const units: Seen['units'] = [];
  const rtp = emptyRtpPacket();
  const assembler = createKeyUnitAssembler(depacketiser[codec], createParameterSets(codec === 'h264' ? h264 : h265, described), {
    onUnit: (u) => units.push({ ...u, data: Buffer.from(u.data) }),
    onSkipped: () => (seen.skipped += 1),
    onLost: () => (seen.lost += 1),
  });
  const seen: Seen = {
    units, lost: 0, skipped: 0,
    keepAll: (all) => assembler.keepAll(all),
    push: (packets) => {
      for (const { bytes } of packets) {
        // Somewhere in a larger chunk, as on the wire.
        const chunk = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(5, 0xff)]);
        if (readRtp(chunk, 7, 7 + bytes.length, rtp)) assembler.packet(chunk, rtp);
      }
    },
  };
  return seen;
}

/** Key units and others with several slices each, in packets of one run of sequence numbers. */
function stream(codec: CodecName, pictures: readonly { key: boolean; slices: readonly Uint8Array[] }[], options: PackOptions, sequence = 0, timestamp = 0): { packets: PackedPacket[]; keys: Buffer[]; all: Buffer[] } {
  const t = types[codec];
  const sets = allSets(codec);
  const packets: PackedPacket[] = [];
  const keys: Buffer[] = [];
  const all: Buffer[] = [];
  pictures.forEach(({ key, slices }, i) => {
    const own = slices.map((s, n) => nal(codec, key ? t.key : t.other, [n === 0 ? 0x81 : 0x01, ...s]));
    const unit = key ? [...sets, ...own] : own;
    packets.push(...packetsOf(unit, timestamp + i * 3_000, sequence + packets.length, options));
    all.push(annexB(...unit));
    if (key) keys.push(annexB(...unit));
  });
  return { packets, keys, all };
}

const somePictures = fc.array(fc.record({ key: fc.boolean(), slices: fc.array(body(0, 300), { minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 12 });
const somePacking = fc.record({
  mtu: fc.integer({ min: 8, max: 400 }), aggregate: fc.boolean(), noMarker: fc.boolean(),
  padding: fc.integer({ min: 0, max: 9 }), extension: fc.boolean(), sources: fc.integer({ min: 0, max: 15 }),
});

describe.each(codecs)('units of %s', (codec) => {
  const unitTypes = codec === 'h264' ? fc.integer({ min: 1, max: 23 }) : fc.integer({ min: 0, max: 47 });
  const someNals = fc.array(fc.tuple(unitTypes, body(1, 500)).map(([type, content]) => nal(codec, type, content)), { minLength: 1, maxLength: 20 });

  it('come out of their packets byte for byte, for every size and packing', () => {
    fc.assert(fc.property(someNals, fc.integer({ min: 8, max: 700 }), fc.boolean(), (nals, mtu, aggregate) => {
      const { sink, nals: seen, broken } = collector();
      const d = depacketiser[codec](sink);
      for (const payload of payloadsOf(nals, { codec, mtu, aggregate })) d.payload(payload, 0, payload.length);
      expect(seen).toEqual(nals);
      expect(broken()).toBe(0);
    }));
  });

  it('never throw, whatever the payloads are', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.boolean()), { maxLength: 30 }), fc.boolean(), (payloads, all) => {
      const seen = assemble(codec);
      seen.keepAll(all);
      seen.push(payloads.map(([payload, marker], i) => ({ sequence: i, bytes: Buffer.concat([packetsOf([Buffer.from([1, 1])], i >> 1, i, { codec, mtu: 100, noMarker: !marker })[0]?.bytes.subarray(0, 12) ?? Buffer.alloc(0), payload]) })));
      expect(seen.units.length).toBeLessThanOrEqual(payloads.length * 2);
    }), { numRuns: 300 });
  });

  it('become key units byte for byte, and the others are dropped', () => {
    fc.assert(fc.property(somePictures, somePacking, fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (pictures, packing, sequence, timestamp) => {
      const made = stream(codec, [...pictures, { key: false, slices: [Uint8Array.of(1)] }, { key: false, slices: [Uint8Array.of(1)] }], { codec, ...packing }, sequence, timestamp);
      const seen = assemble(codec);
      seen.push(made.packets);
      expect(seen.units.map((u) => u.data)).toEqual(made.keys);
      expect(seen.units.every((u) => u.isKey && u.isEntry)).toBe(true);
      expect(seen.lost).toBe(0);
      expect(seen.skipped).toBe(made.all.length - made.keys.length - (packing.noMarker ? 1 : 0));
    }));
  });

  it('all come out when all are asked for', () => {
    fc.assert(fc.property(somePictures, somePacking, (pictures, packing) => {
      const made = stream(codec, pictures, { codec, ...packing, noMarker: false });
      const seen = assemble(codec);
      seen.keepAll(true);
      seen.push(made.packets);
      expect(seen.units.map((u) => u.data)).toEqual(made.all);
    }));
  });

  it('are whole or not there, whatever is lost, doubled or out of order', () => {
    fc.assert(fc.property(somePictures, somePacking, fc.array(fc.tuple(fc.nat(), fc.constantFrom('lose', 'double', 'swap')), { maxLength: 12 }), fc.boolean(), (pictures, packing, mishaps, all) => {
      const made = stream(codec, pictures, { codec, ...packing }, 65_500);
      const packets = [...made.packets];
      for (const [at, what] of mishaps) {
        const i = packets.length === 0 ? 0 : at % packets.length;
        if (what === 'lose') packets.splice(i, 1);
        else if (what === 'double') packets.splice(i, 0, ...packets.slice(i, i + 1));
        else packets.splice(i, 2, ...packets.slice(i, i + 2).reverse());
      }
      const seen = assemble(codec);
      seen.keepAll(all);
      seen.push(packets);
      // Parameter sets may have been lost before: what matters is that no picture lacks a part.
      const slices = (unit: Buffer): string => nalsOf(unit).filter((n) => [types[codec].key, types[codec].other].includes(codec === 'h264' ? (n[0] ?? 0) & 0x1f : (n[0] ?? 0) >> 1)).map((n) => n.toString('hex')).join();
      const originals = made.all.map(slices);
      for (const unit of seen.units) expect(slices(unit.data)).toBe(originals[Math.round(unit.timestamp / 3_000)]);
    }), { numRuns: 400 });
  });

  it('survive a marker after every unit of a picture, after the first such picture', () => {
    const slices = [Uint8Array.of(3, 5), Uint8Array.of(7, 9), Uint8Array.of(11)];
    const pictures = [{ key: false, slices }, { key: true, slices }, { key: false, slices }, { key: true, slices }, { key: false, slices }];
    const made = stream(codec, pictures, { codec, mtu: 100, markAll: true });
    const seen = assemble(codec);
    seen.push(made.packets);
    expect(seen.units.map((u) => u.data)).toEqual(made.keys);
  });

  it('take their parameter sets from the description when the stream has none, and the newest of the stream', () => {
    const t = types[codec];
    const [pps, sps, ...vps] = allSets(codec).reverse() as [Buffer, Buffer, ...Buffer[]];
    const key = nal(codec, t.key, [0x81, 5]);
    const seen = assemble(codec, [pps, sps, ...vps]);
    seen.push(packetsOf([key], 1, 1, { codec, mtu: 100 }));
    const newer = nal(codec, t.sps, [0x42, 0, 0x1f, 0x81, 3]);
    seen.push(packetsOf([newer, pps, key], 2, 2, { codec, mtu: 8 }));
    seen.push(packetsOf([key], 3, 5, { codec, mtu: 100 }));
    expect(seen.units.map((u) => u.data)).toEqual([annexB(...vps, sps, pps, key), annexB(...vps, newer, pps, key), annexB(...vps, newer, pps, key)]);
  });

  it('are not given out while a parameter set is missing: another stream\'s would be taken', () => {
    for (const missing of allSets(codec)) {
      const seen = assemble(codec, allSets(codec).filter((s) => !s.equals(missing)));
      seen.push(packetsOf([nal(codec, types[codec].key, [0x81, 5])], 1, 1, { codec, mtu: 100 }));
      expect(seen).toMatchObject({ units: [], lost: 1 });
    }
  });

  it('stay within their bound, and the stream goes on after one that was too long', () => {
    const seen = assemble(codec);
    const huge = Buffer.concat([nal(codec, types[codec].key, [0x81]), Buffer.alloc(mostUnitBytes, 1)]);
    const packets = packetsOf([huge], 1, 0, { codec, mtu: 60_000 });
    seen.push(packets);
    expect(seen).toMatchObject({ lost: 1, units: [] });
    seen.push(packetsOf([nal(codec, types[codec].key, [0x81])], 2, packets.length, { codec, mtu: 100 }));
    expect(seen.units).toHaveLength(1);
  });

  it('go on when the camera begins to count anew, with the same source or another', () => {
    const seen = assemble(codec);
    const key = (timestamp: number, sequence: number): PackedPacket[] => packetsOf([nal(codec, types[codec].key, [0x81])], timestamp, sequence, { codec, mtu: 100 });
    seen.push(key(1, 30_000));
    for (let i = 0; i < 40; i++) seen.push(key(10 + i, 5 + i));
    expect(seen.units.length).toBeGreaterThanOrEqual(20);
  });
});

describe('units of cameras with habits', () => {
  const sps = nal('h264', 7, [0x42, 0, 0x1e, 0x81]);
  const pps = nal('h264', 8, [0x81]);
  const idr = nal('h264', 5, [0x81, 5, 5]);

  it('a whole byte stream in one unit is taken apart', () => {
    for (const lead of [Buffer.alloc(0), Buffer.from([0, 0, 0, 1]), Buffer.from([0, 0, 1])]) {
      for (const mtu of [1_000, 8]) {
        const seen = assemble('h264');
        const whole = Buffer.concat([lead.length > 0 && mtu > 8 ? lead : Buffer.alloc(0), sps, annexB(pps, idr)]);
        seen.push(packetsOf([whole], 1, 1, { codec: 'h264', mtu }));
        seen.push(packetsOf([nal('h264', 1, [0x81])], 2, 40, { codec: 'h264', mtu: 100 }));
        expect(seen.units.map((u) => u.data)).toEqual([annexB(sps, pps, idr)]);
      }
    }
  });

  it('an intra picture behind a recovery point of 0 is a key unit; one of more is only an entry', () => {
    // payload type 6, one byte: recovery_frame_cnt as exponential Golomb, 1 = 0, 011 = 2
    const recovery = (count: number): Buffer => nal('h264', 6, [6, 1, count === 0 ? 0xc0 : 0x70, 0x80]);
    const intra = nal('h264', 1, [0b1011_0000 | 1, 9]); // first_mb 0, slice type 2
    const inter = nal('h264', 1, [0b1100_0000 | 1, 9]); // first_mb 0, slice type 0
    const seen = assemble('h264', [sps, pps]);
    seen.push(packetsOf([recovery(0), intra], 1, 1, { codec: 'h264', mtu: 100 }));
    seen.push(packetsOf([recovery(2), inter], 2, 3, { codec: 'h264', mtu: 100 }));
    expect(seen.units.map((u) => u.data)).toEqual([annexB(sps, pps, recovery(0), intra)]);
    seen.keepAll(true);
    seen.push(packetsOf([recovery(2), inter], 3, 5, { codec: 'h264', mtu: 100 }));
    seen.push(packetsOf([inter], 4, 7, { codec: 'h264', mtu: 100 }));
    expect(seen.units.slice(1).map((u) => [u.isKey, u.isEntry])).toEqual([[false, true], [false, false]]);
  });

  it('neither markers nor timestamps that change: delimiters and key pictures begin a unit', () => {
    const seen = assemble('h264', [sps, pps]);
    const delimiter = nal('h264', 9, [0x10]);
    const inter = nal('h264', 1, [0xe1, 9]);
    [[delimiter, idr], [delimiter, inter], [delimiter, idr], [delimiter, inter]].reduce((at, nals) => {
      seen.push(packetsOf(nals, 7, at, { codec: 'h264', mtu: 100, noMarker: true }));
      return at + nals.length;
    }, 0);
    expect(seen.units.map((u) => u.data)).toEqual([annexB(sps, pps, idr), annexB(sps, pps, idr)]);
  });

  it('decoding order numbers of H.265 are stepped over', () => {
    const { sink, nals, broken } = collector();
    const d = createH265Depacketiser(sink, true);
    const unit = nal('hevc', 19, [0x81, 1, 3, 5]);
    const push = (...bytes: number[]): void => d.payload(Uint8Array.from(bytes), 0, bytes.length);
    push(unit[0] ?? 0, unit[1] ?? 0, 0, 9, ...unit.subarray(2));
    push(48 << 1, 1, 0, 9, 0, unit.length, ...unit, 4, 0, unit.length, ...unit);
    push(49 << 1, 1, 0x80 | 19, 0, 9, 0x81, 1);
    push(49 << 1, 1, 0x40 | 19, 3, 5);
    expect(nals).toEqual([unit, unit, unit, Buffer.from([19 << 1, 1, 0x81, 1, 3, 5])]);
    expect(broken()).toBe(0);
  });
});

describe('the memory of a unit', () => {
  it('never grows beyond its bound and is used again', () => {
    const buffer = createUnitBuffer();
    const part = new Uint8Array(1 << 20);
    for (let i = 0; i < 20; i++) buffer.append(part, 0, part.length);
    expect(buffer.length()).toBeLessThanOrEqual(mostUnitBytes);
    expect(buffer.bytes()).toBeUndefined();
    buffer.clear();
    buffer.header(1, -1);
    expect(buffer.bytes()).toEqual(Buffer.from([0, 0, 0, 1, 1]));
  });
});
