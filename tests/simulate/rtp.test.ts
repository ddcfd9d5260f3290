import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAvcConfiguration, splitAnnexB, splitLengthPrefixed, joinAnnexB } from '../../src/simulate/content/h264.js';
import { createRandom } from '../../src/simulate/random.js';
import { flipBits } from '../../src/simulate/rtsp/corrupt.js';
import { parseRtsp } from '../../src/simulate/rtsp/message.js';
import { packAccessUnit, packSenderReport } from '../../src/simulate/rtsp/rtp.js';
import { depacketise } from './support/rtsp-client.js';

/** A NAL unit of a type with bytes that hold no start code. */
const nal = fc.tuple(fc.constantFrom(1, 5, 7, 8), fc.integer({ min: 1, max: 6000 }), fc.integer()).map(([type, length, seed]) => {
  const random = createRandom(seed);
  return Uint8Array.from({ length }, (_, i) => (i === 0 ? 0x60 | type : random.integer(1, 255)));
});

describe('RTP packets', () => {
  it('carry every access unit whole, numbered in order, with the marker on the last', () => {
    fc.assert(
      fc.property(fc.array(nal, { minLength: 1, maxLength: 6 }), fc.nat(0xffff), fc.nat(0xffffffff), (nals, sequence, timestamp) => {
        const state = { channel: 4, payloadType: 96, ssrc: 7, sequence };
        const packed = packAccessUnit(nals, timestamp, state);
        const payloads: Buffer[] = [];
        let markers = 0;
        for (let at = 0; at < packed.bytes.length; ) {
          expect(packed.bytes[at]).toBe(0x24);
          expect(packed.bytes[at + 1]).toBe(4);
          const length = packed.bytes.readUInt16BE(at + 2);
          expect(length).toBeLessThanOrEqual(1412);
          expect(packed.bytes.readUInt16BE(at + 6)).toBe((sequence + payloads.length) & 0xffff);
          expect(packed.bytes.readUInt32BE(at + 8)).toBe(timestamp);
          const last = at + 4 + length === packed.bytes.length;
          expect(((packed.bytes[at + 5] ?? 0) & 0x80) !== 0).toBe(last);
          if (last) markers++;
          payloads.push(packed.bytes.subarray(at + 16, at + 4 + length));
          at += 4 + length;
        }
        expect(markers).toBe(1);
        expect(packed.packets).toBe(payloads.length);
        const key = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
        expect(depacketise(payloads).map(key).sort()).toEqual(nals.map(key).sort());
      }),
      { numRuns: 60 },
    );
  });

  it('tell the wall clock to the millisecond in sender reports', () => {
    const wallMs = Date.UTC(2026, 5, 1, 12, 0, 0, 250);
    const bytes = packSenderReport({ channel: 1, ssrc: 9, wallMs, timestamp: 4_294_967_295, packets: 3, octets: 4, cname: 'cam' });
    expect(bytes.readUInt16BE(2)).toBe(bytes.length - 4);
    expect((bytes.length - 4) % 4).toBe(0);
    const seconds = bytes.readUInt32BE(12) - 2_208_988_800;
    expect(seconds * 1000 + Math.round((bytes.readUInt32BE(16) / 2 ** 32) * 1000)).toBe(wallMs);
    expect(bytes.readUInt32BE(20)).toBe(4_294_967_295);
  });

  it('corrupt copies only, and leave parameter sets whole', () => {
    const nals = [Uint8Array.of(0x67, 1, 2, 3), Uint8Array.from({ length: 4096 }, (_, i) => (i === 0 ? 0x65 : 7))];
    const before = nals.map((n) => Buffer.from(n).toString('hex'));
    const after = flipBits(nals, 4, createRandom(1)).map((n) => Buffer.from(n).toString('hex'));
    expect(nals.map((n) => Buffer.from(n).toString('hex'))).toEqual(before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });
});

describe('H.264 byte streams', () => {
  it('split into what was joined', () => {
    fc.assert(
      fc.property(fc.array(nal, { minLength: 1, maxLength: 5 }), (nals) => {
        expect(splitAnnexB(joinAnnexB(nals)).map((n) => Buffer.from(n))).toEqual(nals.map((n) => Buffer.from(n)));
      }),
      { numRuns: 40 },
    );
  });

  it('never fail on other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (bytes, lengthBytes) => {
        splitAnnexB(bytes);
        parseAvcConfiguration(bytes);
        const total = splitLengthPrefixed(bytes, lengthBytes).reduce((sum, n) => sum + n.length, 0);
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe('RTSP requests', () => {
  const request = 'OPTIONS rtsp://h/cam0/sub RTSP/1.0\r\nCSeq: 1\r\n\r\n';

  it('are read whole or not at all, wherever the stream is cut', () => {
    const bytes = Buffer.from(request);
    for (let cut = 0; cut < bytes.length; cut++) expect(parseRtsp(bytes.subarray(0, cut)).status).toBe('more');
    expect(parseRtsp(bytes)).toMatchObject({ status: 'request', used: bytes.length, request: { method: 'OPTIONS' } });
  });

  it('skip interleaved frames, and refuse what is too long or no request', () => {
    expect(parseRtsp(Buffer.from([0x24, 1, 0, 2, 9, 9, 65]))).toEqual({ status: 'skip', used: 6 });
    expect(parseRtsp(Buffer.from('GET / HTTP/1.1\r\n\r\n')).status).toBe('bad');
    expect(parseRtsp(Buffer.alloc(20_000, 'A')).status).toBe('bad');
    expect(parseRtsp(Buffer.from(request.replace('CSeq: 1', 'CSeq: 1\r\nContent-Length: 9999999'))).status).toBe('bad');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseRtsp(Buffer.from(bytes))));
  });
});
