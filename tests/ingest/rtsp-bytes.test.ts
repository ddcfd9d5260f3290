/** Bytes of an RTSP connection, its descriptions and reports: however they are cut, and when they are not what they should be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInterleavedDemux } from '../../src/ingest/adapters/interleaved-demux.js';
import { createCaptureClock, readRtcp, receiverReport } from '../../src/ingest/adapters/rtcp.js';
import { emptyRtpPacket, readRtp } from '../../src/ingest/adapters/rtp-packet.js';
import { authorization, isStale, ownAlgorithms, parseRequest } from '../../src/ingest/adapters/rtsp-reply.js';
import { pinHost, readDescription, resolveControl } from '../../src/ingest/adapters/rtsp-sdp.js';
import { packSenderReport } from '../../src/simulate/rtsp/rtp.js';
import { interleaved, packetsOf } from './support/rtp-packer.js';

interface Got {
  readonly packets: [number, string][];
  readonly messages: string[];
  readonly unusable: string[];
  push(chunk: Buffer): void;
}

/** Only version 2 on channels 0 and 1 counts as a packet of this session. */
function demux(): Got {
  const got: Got = { packets: [], messages: [], unusable: [], push: (chunk) => d.push(chunk) };
  const d = createInterleavedDemux({
    onPacket: (channel, bytes, from, to) => {
      if (channel > 1 || (bytes[from] ?? 0) >> 6 !== 2) return false;
      got.packets.push([channel, bytes.toString('hex', from, to)]);
      return true;
    },
    plausible: (channel, first) => channel <= 1 && first >> 6 === 2,
    onMessage: (message) => got.messages.push(message.toString('latin1')),
    onUnusable: (detail) => got.unusable.push(detail),
  });
  return got;
}

/** Cuts of a stream; the memory of every chunk is used again, as that of the socket. */
function pushCut(got: Got, all: Buffer, cuts: readonly number[]): void {
  const memory = Buffer.alloc(all.length);
  for (let at = 0, i = 0; at < all.length; i++) {
    const size = Math.min(cuts[i % cuts.length] ?? 1, all.length - at);
    all.copy(memory, 0, at, at + size);
    got.push(memory.subarray(0, size));
    memory.fill(0x24);
    at += size;
  }
}

const somePacket = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.uint8Array({ maxLength: 300 })).map(([channel, b]) => ({ channel, payload: Buffer.from([0x80, ...b, 1, 2, 3, 4, 5, 6, 7]) }));
const someMessage = fc.record({ body: fc.string({ maxLength: 200, unit: 'grapheme-ascii' }), eol: fc.constantFrom('\r\n', '\n'), request: fc.boolean() })
  .map(({ body, eol, request }) => [request ? 'GET_PARAMETER rtsp://h/ RTSP/1.0' : 'RTSP/1.0 200 OK', 'CSeq: 1', `Content-Length: ${body.length}`, '', body].join(eol));
const someItems = fc.array(fc.oneof(somePacket, someMessage), { minLength: 1, maxLength: 20 });
const someCuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 });
const bytesOf = (items: readonly (string | { channel: number; payload: Buffer })[]): Buffer => Buffer.concat(items.map((i) => (typeof i === 'string' ? Buffer.from(i, 'latin1') : interleaved(i.channel, i.payload))));

describe('the bytes of a connection', () => {
  it('give the same packets and messages however they are cut', () => {
    fc.assert(fc.property(someItems, someCuts, (items, cuts) => {
      const got = demux();
      pushCut(got, bytesOf(items), cuts);
      expect(got.packets).toEqual(items.flatMap((i) => (typeof i === 'string' ? [] : [[i.channel, i.payload.toString('hex')]])));
      expect(got.messages).toEqual(items.filter((i) => typeof i === 'string'));
      expect(got.unusable).toEqual([]);
    }), { numRuns: 300 });
  });

  it('find the next packet after garbage, after packets without content and on other channels', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), somePacket, someCuts, (noise, packet, cuts) => {
      const got = demux();
      const good = interleaved(packet.channel, packet.payload);
      // Garbage may look like the head of a packet that swallows what follows: of a hundred good ones most must come out.
      const many = Buffer.concat(Array.from({ length: 400 }, () => good));
      pushCut(got, Buffer.concat([noise.map((b) => (b >= 0x41 && b <= 0x5a ? b + 0x80 : b)), many]), cuts);
      expect(got.unusable).toEqual([]);
      expect(got.packets.filter(([, hex]) => hex === packet.payload.toString('hex')).length).toBeGreaterThan(many.length > 70_000 ? 1 : -1);
    }), { numRuns: 100 });
    const got = demux();
    got.push(Buffer.concat([interleaved(0, Buffer.alloc(0)), interleaved(7, Buffer.alloc(900, 0x80)), Buffer.from('\r\n'), interleaved(0, Buffer.from([0x80, 1]))]));
    expect(got.packets).toEqual([[0, '8001']]);
  });

  it('are given up when they never become usable, with bounded memory', () => {
    const cases: [string, (i: number) => Buffer][] = [
      ['noise', (i) => Buffer.alloc(10_000, i % 2 === 0 ? 0xff : 0x80)],
      ['a header without end', (i) => Buffer.from(i === 0 ? 'RTSP/1.0 200 OK\r\n' : 'X-A: '.padEnd(10_000, 'a'))],
      ['a body of 2 GB', () => Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 2000000000\r\n\r\n'.padEnd(10_000, 'a'))],
      ['other channels', () => interleaved(9, Buffer.alloc(60_000, 0x80))],
      ['empty lines', () => Buffer.alloc(10_000, 0x0a)],
      ['empty packets', () => Buffer.from('$\0\0\0'.repeat(2_500), 'latin1')],
    ];
    for (const [what, chunk] of cases) {
      const got = demux();
      for (let i = 0; i < 1_000 && got.unusable.length === 0; i++) got.push(chunk(i));
      expect(got.unusable, what).toHaveLength(1);
      got.push(interleaved(0, Buffer.from([0x80, 1])));
      expect(got.packets, what).toEqual([]);
    }
  });

  it('never throw', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('$', 'RTSP/1.0 200 OK\r\n', '\r\n\r\n', 'Content-Length: 70000\r\n').map((t) => Buffer.from(t))), { maxLength: 30 }), (chunks) => {
      const got = demux();
      for (const chunk of chunks) got.push(Buffer.from(chunk));
      expect(got.unusable.length).toBeLessThanOrEqual(1);
    }), { numRuns: 500 });
  });
});

describe('a packet', () => {
  it('is read behind its sources, extension and padding, and refused when it is not whole', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 2, maxLength: 50 }), fc.integer({ min: 0, max: 15 }), fc.boolean(), fc.integer({ min: 0, max: 20 }), (content, sources, extension, padding) => {
      const nal = Buffer.from([0x65, ...content]);
      const bytes = packetsOf([nal], 0xffff_fff0, 7, { codec: 'h264', mtu: 100, sources, extension, padding })[0]?.bytes ?? Buffer.alloc(0);
      const rtp = emptyRtpPacket();
      expect(readRtp(bytes, 0, bytes.length, rtp)).toBe(true);
      expect(bytes.subarray(rtp.from, rtp.to)).toEqual(nal);
      expect(rtp).toMatchObject({ marker: true, payloadType: 96, sequence: 7, timestamp: 0xffff_fff0, source: 0xcafe });
      expect(readRtp(bytes, 0, Math.min(11, bytes.length), rtp)).toBe(false);
    }));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const rtp = emptyRtpPacket();
      if (readRtp(Buffer.from(bytes), 0, bytes.length, rtp)) expect(rtp.from <= rtp.to && rtp.to <= bytes.length).toBe(true);
    }));
  });
});

describe('reports', () => {
  const nowMs = Date.UTC(2026, 5, 1);
  const news = (wallMs: number, timestamp: number) => {
    const bytes = packSenderReport({ channel: 1, ssrc: 5, wallMs, timestamp, packets: 1, octets: 1, cname: 'x' });
    return readRtcp(bytes, 4, bytes.length, nowMs);
  };

  it("tell the camera's time of a frame across the turn of the ticks, for days", () => {
    const clock = createCaptureClock(90_000);
    expect(clock.capturedAtMs(5)).toBeNull();
    const { report } = news(nowMs - 7_200_000, 0xffff_0000);
    if (report) clock.report(report);
    for (let hours = 0; hours < 60; hours += 4) {
      const ticks = (0xffff_0000 + hours * 3_600 * 90_000) % 2 ** 32;
      expect(Math.abs((clock.capturedAtMs(ticks) ?? 0) - (nowMs - 7_200_000 + hours * 3_600_000))).toBeLessThanOrEqual(2);
    }
    // A frame that was taken before its report.
    const early = createCaptureClock(90_000);
    if (report) early.report(report);
    expect(early.capturedAtMs(0xffff_0000 - 90_000)).toBe(nowMs - 7_201_000);
  });

  it('of a clock that was never set tell no time', () => {
    const clock = createCaptureClock(90_000);
    for (const wallMs of [-2_208_988_800_000 + 5_000, Date.UTC(1970, 0, 1, 1)]) {
      const { report } = news(wallMs, 1);
      if (report) clock.report(report);
      expect(clock.capturedAtMs(1)).toBeNull();
    }
  });

  it('are read from whatever comes without throwing, and tell a goodbye', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(typeof readRtcp(Buffer.from(bytes), 0, bytes.length, nowMs).bye).toBe('boolean');
    }));
    expect(readRtcp(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 1]), 0, 16, nowMs).bye).toBe(true);
  });

  it('of ours are well formed', () => {
    const bytes = receiverReport({ ours: 1, source: 2, highestSequence: 0x1_0005, compactNtp: 3, sinceReportMs: 1_500 });
    let at = 0;
    const kinds: number[] = [];
    while (at < bytes.length) {
      kinds.push(bytes[at + 1] ?? 0);
      at += 4 + bytes.readUInt16BE(at + 2) * 4;
    }
    expect(at).toBe(bytes.length);
    expect(kinds).toEqual([201, 202]);
    expect([bytes.readUInt32BE(8), bytes.readUInt32BE(16), bytes.readUInt32BE(28)]).toEqual([2, 0x1_0005, 98_304]);
  });
});

describe('a session description', () => {
  const sdp = (...lines: string[]): string => ['v=0', 's=x', 'a=control:*', ...lines, ''].join('\r\n');

  it('names the video that we read, its track and its parameter sets', () => {
    const { control, video } = readDescription(sdp('m=audio 0 RTP/AVP 0', 'a=control:audio', 'm=video 0 RTP/AVP 26', 'a=control:jpeg', 'm=video 0 RTP/AVP 98 97', 'a=rtpmap:97 h264/90000',
      'a=fmtp:97 packetization-mode=1; sprop-parameter-sets=Z0LAHg==,AAAAAWjOPIA=, ;profile-level-id=42C01E', 'a=framerate:12.5', 'a=control:rtsp://10.9.9.9/v'));
    expect(control).toBe('*');
    expect(video).toMatchObject({ codec: 'h264', payloadType: 97, ticksPerSecond: 90_000, fps: 12.5, control: 'rtsp://10.9.9.9/v', withOrderNumbers: false });
    expect(video?.parameterSets.map((s) => s.toString('hex'))).toEqual(['6742c01e', '68ce3c80']);
  });

  it('of H.265, and of others by their name', () => {
    expect(readDescription(sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-vps=QAEM; sprop-sps=QgEB; sprop-pps=RAHA;sprop-max-don-diff=2')).video).toMatchObject({ codec: 'hevc', withOrderNumbers: true, parameterSets: [{ length: 3 }, { length: 3 }, { length: 3 }] });
    expect(readDescription(sdp('m=video 0 RTP/AVP 26')).video?.codec).toBe('JPEG');
    expect(readDescription(sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 MP4V-ES/90000')).video?.codec).toBe('MP4V-ES');
    expect(readDescription(sdp('m=audio 0 RTP/AVP 0')).video).toBeUndefined();
  });

  it('never throws, and no address in it leads to another host or breaks a request line', () => {
    const target = 'rtsp://192.168.1.5:8554/live?x=1';
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.string().map((s) => `rtsp://u:p@evil${s}`), fc.string().map((s) => `rtsp://evil/a ${s}\r\nX: y`)), fc.string(), (base, control) => {
      expect(Array.isArray(readDescription(`${base}\nm=video ${control}\na=control:${control}`).video?.parameterSets ?? [])).toBe(true);
      expect(pinHost(base, target)).toMatch(/^rtsp:\/\/192\.168\.1\.5:8554([/?#][\x21-\x7e]*)?$/);
      expect(resolveControl(control, base, target)).toMatch(/^rtsp:\/\/192\.168\.1\.5:8554([/?#][\x21-\x7e]*)?$/);
    }), { numRuns: 500 });
  });

  it('gives addresses as cameras mean them', () => {
    const target = 'rtsp://10.0.0.1:554/cam?channel=1';
    const cases: [string | null, string, string][] = [
      ['trackID=0', 'rtsp://10.0.0.1:554/cam?channel=1/', 'rtsp://10.0.0.1:554/cam?channel=1/trackID=0'],
      ['trackID=0', 'rtsp://10.0.0.1:554/cam', 'rtsp://10.0.0.1:554/cam/trackID=0'],
      ['rtsp://admin:pw@192.168.0.9/cam/v', target, 'rtsp://10.0.0.1:554/cam/v'],
      ['*', 'rtsp://192.168.0.9:8554/base/', 'rtsp://10.0.0.1:554/base/'],
      [null, target, target],
      ['/v', 'rtsp://10.0.0.1/base/', 'rtsp://10.0.0.1:554/base/v'],
    ];
    for (const [control, base, expected] of cases) expect(resolveControl(control, base, target)).toBe(expected);
  });
});

describe('challenges that we answer ourselves', () => {
  const who = { username: 'a', password: 'b' };
  it('are SHA-256 or MD5, in the order of the camera, with a count for every request', () => {
    const both = ['Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"', 'Digest realm="r", nonce="n"'];
    expect(authorization(both, 'PLAY', 'rtsp://h/', who, { algorithms: ownAlgorithms, nonceCount: 17 })).toMatch(/response="[0-9a-f]{64}", algorithm=SHA-256, qop=auth, nc=00000011/);
    expect(authorization(both.slice().reverse(), 'PLAY', 'rtsp://h/', who, { algorithms: ownAlgorithms })).toMatch(/response="[0-9a-f]{32}"$/);
    expect(authorization(['Digest realm="r", nonce="n", algorithm=SHA-512-256'], 'PLAY', 'rtsp://h/', who, { algorithms: ownAlgorithms })).toBeNull();
    expect(isStale(['Digest realm="r", nonce="n", stale=TRUE'])).toBe(true);
    expect(isStale(['Digest realm="r", nonce="n", stale="false"'])).toBe(false);
  });

  it("requests of a camera are told from replies", () => {
    expect(parseRequest(Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 4\r\n\r\n'))?.headers.get('cseq')).toEqual(['4']);
    expect(parseRequest(Buffer.from('RTSP/1.0 200 OK\r\n\r\n'))).toBeUndefined();
  });
});
