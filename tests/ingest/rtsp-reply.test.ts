/** Bytes from outside, before libav: replies, challenges, and what comes back from the ffmpeg child. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withCredentials } from '../../src/ingest/adapters/credentials-url.js';
import { readChildLine } from '../../src/ingest/adapters/ffmpeg-child.js';
import { createPpmReader } from '../../src/ingest/adapters/ppm-reader.js';
import { authorization, parseReply } from '../../src/ingest/adapters/rtsp-reply.js';

describe('an RTSP reply', () => {
  it('is read whole, whatever comes after it, with either line end', () => {
    for (const eol of ['\r\n', '\n']) {
      const text = ['RTSP/1.0 401 Unauthorized', 'CSeq: 2', 'WWW-Authenticate: Digest realm="a", nonce="b"', 'www-authenticate: Basic realm="a"', 'Content-Length: 3', '', 'abcRTSP/1.0 200 OK'].join(eol);
      const parsed = parseReply(Buffer.from(text));
      expect(parsed).toMatchObject({ status: 'reply', reply: { status: 401, body: 'abc' } });
      if (parsed.status === 'reply') {
        expect(parsed.reply.headers.get('www-authenticate')).toHaveLength(2);
        expect(text.slice(parsed.restAt)).toBe('RTSP/1.0 200 OK');
      }
    }
  });

  it('asks for more until it is whole, and is refused when it is not RTSP or too long', () => {
    const whole = Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde');
    for (let i = 0; i < whole.length; i++) expect(parseReply(whole.subarray(0, i)).status).toBe('more');
    expect(parseReply(whole).status).toBe('reply');
    expect(parseReply(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')).status).toBe('bad');
    expect(parseReply(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n')).status).toBe('bad');
    expect(parseReply(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: -4\r\n\r\n')).status).toBe('bad');
    expect(parseReply(Buffer.from(`RTSP/1.0 200 OK\r\n${'x'.repeat(70_000)}`)).status).toBe('bad');
  });

  it('never throws for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, prefixed) => {
      const all = Buffer.concat([Buffer.from(prefixed ? 'RTSP/1.0 200 OK\r\n' : ''), bytes, Buffer.from('\r\n\r\n')]);
      expect(['more', 'bad', 'reply']).toContain(parseReply(all).status);
    }));
  });
});

describe('the answer to a challenge', () => {
  const who = { username: 'admin', password: 'secret' };
  const md5 = (t: string): string => createHash('md5').update(t).digest('hex');

  it('is Digest with MD5 where it is offered, with and without qop', () => {
    const plain = authorization(['Basic realm="a"', 'Digest realm="cam", nonce="n1"'], 'DESCRIBE', 'rtsp://h/x', who);
    expect(plain).toContain(`response="${md5(`${md5('admin:cam:secret')}:n1:${md5('DESCRIBE:rtsp://h/x')}`)}"`);
    const qop = authorization(['Digest realm="cam", qop="auth", nonce="n1", opaque="o"'], 'DESCRIBE', 'rtsp://h/x', who) ?? '';
    const cnonce = /cnonce="(\w+)"/.exec(qop)?.[1] ?? '';
    expect(qop).toContain(`response="${md5(`${md5('admin:cam:secret')}:n1:00000001:${cnonce}:auth:${md5('DESCRIBE:rtsp://h/x')}`)}"`);
    expect(qop).toContain('opaque="o"');
    expect(qop).not.toContain('secret');
  });

  it('is Basic only when nothing better is offered, and none for what libav does not speak', () => {
    expect(authorization(['Basic realm="a"'], 'DESCRIBE', 'rtsp://h/x', who)).toBe(`Basic ${Buffer.from('admin:secret').toString('base64')}`);
    expect(authorization(['Digest realm="a", nonce="b", algorithm=SHA-256'], 'DESCRIBE', 'rtsp://h/x', who)).toBeNull();
    expect(authorization([], 'DESCRIBE', 'rtsp://h/x', who)).toBeNull();
  });
});

describe('credentials in an address', () => {
  it('come out of it as they went in, for any that fit', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((s) => !s.includes(':')), fc.string({ maxLength: 12, unit: 'grapheme' }), (username, password) => {
      const url = withCredentials('rtsp://10.0.0.1:554/a?b=c', { username, password });
      if (url === undefined) return;
      const info = /^rtsp:\/\/([^@/]*)@10\.0\.0\.1:554\/a\?b=c$/.exec(url)?.[1];
      expect(info?.split(':').map(decodeURIComponent)).toEqual([username, password]);
      expect(info?.length).toBeLessThanOrEqual(127);
    }));
    expect(withCredentials('rtsp://h/', { username: 'a:b', password: 'c' })).toBeUndefined();
    expect(withCredentials('rtsp://h/', { username: 'a', password: 'ß'.repeat(30) })).toBeUndefined();
  });
});

describe('pictures of the ffmpeg child', () => {
  it('are the same however the bytes are cut', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 }), (pictures, cuts) => {
      const bytes = Buffer.concat(pictures.map(([w, h, v]) => Buffer.concat([Buffer.from(`P6\n${w} ${h}\n255\n`), Buffer.alloc(w * h * 3, v)])));
      const reader = createPpmReader();
      const seen: [number, number, number | undefined][] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = cuts[i % cuts.length] ?? 1;
        const got = reader.push(bytes.subarray(at, at + size));
        at += size;
        expect(got).not.toBe('bad');
        if (got !== 'bad') for (const p of got) {
          expect(new Set(p.rgb).size).toBe(1);
          seen.push([p.widthPx, p.heightPx, p.rgb[0]]);
        }
      }
      expect(seen).toEqual(pictures);
    }));
  });

  it('are refused when they are not pictures, or too large', () => {
    expect(createPpmReader().push(Buffer.alloc(100))).toBe('bad');
    expect(createPpmReader().push(Buffer.from('P6\n99999 99999\n255\n'))).toBe('bad');
    expect(createPpmReader().push(Buffer.from('P6\n0 4\n255\n'))).toBe('bad');
  });

  it('are described by its standard error', () => {
    expect(readChildLine('  Stream #0:0: Video: h264 (Constrained Baseline), yuv420p(progressive), 1920x1080, 25 fps, 25 tbr, 90k tbn')).toEqual({ status: 'stream', info: { codec: 'h264', widthPx: 1920, heightPx: 1080, fps: 25 } });
    expect(readChildLine('  Stream #0:0: Video: ppm, rgb24(pc, gbr/unknown/unknown, progressive), 640x360, q=2-31').status).toBe('nothing');
    expect(readChildLine('[Parsed_showinfo_0 @ 0x1] n:   0 pts:      0 pts_time:0 pos:-1 fmt:yuv420p sar:0/1 s:1920x1080 i:P iskey:1 type:I ')).toEqual({ status: 'size', size: '1920x1080' });
    expect(readChildLine('[rtsp @ 0x1] Status 302: Redirecting to rtsp://u:p@10.0.0.9/x')).toMatchObject({ status: 'failed', reason: 'refused', detail: expect.not.stringContaining('10.0.0.9') as string });
  });
});
