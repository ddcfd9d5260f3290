import net from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRedirect, openRtspRelay } from '../../src/ingest/adapters/rtsp-relay.js';

describe('what libav could take for a redirect', () => {
  it.each(['RTSP/1.0 302 Moved', 'RTSP/1.0\t301', 'RTSP/ 0307 x', 'RTSP/1.0 +305', 'R\rTSP/1.0 3\r02', 'RTSP/1.0 4294967598 ', 'x\nRTSP/1.0 300\r\n', `RTSP/${'y'.repeat(5000)} ${' '.repeat(5000)}302`])('%j is one', (text) => {
    expect(hasRedirect(text)).toBe(true);
  });
  it.each(['RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n', 'RTSP/1.0 401 Unauthorized', 's=RTSP/RTP stream from the yard', 'RTSP/1.0 30', '', 'RTSP/'])('%j is none', (text) => {
    expect(hasRedirect(text)).toBe(false);
  });
  it('is found wherever it stands, however it comes in pieces', () => {
    const junk = fc.string({ maxLength: 40 }).map((t) => t.replace(/RTSP\//gi, ''));
    fc.assert(
      fc.property(junk, junk, fc.integer({ min: 300, max: 399 }), fc.integer({ min: 1, max: 60 }), (before, after, status, at) => {
        const text = `${before}RTSP/1.0 ${status} ${after}`;
        expect(hasRedirect(text)).toBe(true);
        // What was let through before the whole status was there does not hold a status of three digits.
        const head = text.slice(0, at);
        expect(hasRedirect(head) || !/RTSP\/1\.0 3\d\d/.test(head)).toBe(true);
      }),
    );
  });
});

describe('the relay', () => {
  it('takes one connection, passes bytes on, and cuts before a redirect is read', async () => {
    const camera = net.createServer((socket) => socket.on('data', (d) => void socket.write(d.toString().startsWith('OPTIONS') ? 'RTSP/1.0 200 OK\r\n\r\n' : 'RTSP/1.0 302 Moved\r\n\r\n')));
    await new Promise<void>((resolve) => camera.listen(0, '127.0.0.1', resolve));
    const relay = await openRtspRelay(new URL(`rtsp://127.0.0.1:${(camera.address() as net.AddressInfo).port}/live?x=1`));
    try {
      expect(relay.url).toMatch(/^rtsp:\/\/127\.0\.0\.1:\d+\/live\?x=1$/);
      const port = Number(new URL(relay.url).port);
      const near = net.connect({ host: '127.0.0.1', port });
      const heard: string[] = [];
      near.on('data', (d) => heard.push(d.toString()));
      near.on('error', () => undefined);
      const closed = new Promise<void>((resolve) => near.once('close', () => resolve()));
      near.write('OPTIONS rtsp://x RTSP/1.0\r\n\r\n');
      await expect.poll(() => heard.join('')).toContain('200 OK');
      const second = net.connect({ host: '127.0.0.1', port });
      expect(await new Promise((resolve) => second.once('error', () => resolve('refused')).once('connect', () => resolve('open')))).toBe('refused');
      near.write('DESCRIBE rtsp://x RTSP/1.0\r\n\r\n');
      await closed;
      expect(heard.join('')).not.toContain('302');
      expect(relay.cut()).toMatchObject({ reason: 'refused' });
    } finally {
      relay.close();
      camera.close();
    }
  });
});
