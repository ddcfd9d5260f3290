import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedCamera, Village } from '../../src/simulate/village.js';
import { pull } from './support/frames.js';
import { depacketise, RtspClient } from './support/rtsp-client.js';
import { village } from './support/village.js';

describe('RTSP of a simulated camera', () => {
  let house: Village;
  let camera: SimulatedCamera;
  beforeAll(async () => {
    house = await village({ cameras: 2 });
    camera = house.cameras[0] as SimulatedCamera;
  });
  afterAll(() => house.close());

  it('plays pictures that libav decodes, from a key frame on, without an error', async () => {
    const { frames, errors } = await pull(camera, { keyFrames: 4 });
    expect(errors).toBe(0);
    expect(frames[0]?.key).toBe(true);
    expect(frames.length).toBeGreaterThanOrEqual(15);
    expect(frames.every((f) => f.widthPx === 640 && f.heightPx === 360)).toBe(true);
  });

  it('describes itself, refuses UDP and strange mounts, and ends on TEARDOWN', async () => {
    const client = await RtspClient.open(camera.mainRtspUrl, camera);
    const options = await client.send('OPTIONS');
    expect(options.headers.get('public')).toContain('DESCRIBE');
    const described = await client.send('DESCRIBE');
    expect(described.status).toBe(200);
    expect(described.body).toMatch(/sprop-parameter-sets=Z[^,]+,a[^\r]+\r\n/);
    expect(described.headers.get('content-base')).toBe(`${camera.mainRtspUrl}/`);
    expect((await client.send('SETUP', { Transport: 'RTP/AVP;unicast;client_port=5000-5001' }, `${camera.mainRtspUrl}/trackID=0`)).status).toBe(461);
    expect((await client.send('PLAY')).status).toBe(455);
    expect((await client.send('SETUP', { Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3' }, `${camera.mainRtspUrl}/trackID=0`)).headers.get('transport')).toContain('interleaved=2-3');
    expect((await client.send('GET_PARAMETER')).status).toBe(200);
    expect((await client.send('RECORD')).status).toBe(405);
    expect((await client.send('TEARDOWN')).status).toBe(200);
    expect(await client.until(() => client.closed)).toBe(true);
    const nowhere = await RtspClient.open(camera.rtspUrl.replace('cam0', 'cam77'));
    expect((await nowhere.send('DESCRIBE')).status).toBe(404);
    nowhere.end();
  });

  it('asks for credentials and counts wrong ones', async () => {
    const bare = await RtspClient.open(camera.rtspUrl);
    const refused = await bare.send('DESCRIBE');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Digest realm=/);
    bare.end();
    for (let i = 0; i < 8; i++) {
      const wrong = await RtspClient.open(camera.rtspUrl, { ...camera, password: 'nonsense' });
      expect((await wrong.send('DESCRIBE')).status).toBe(401);
      wrong.end();
    }
    const right = await RtspClient.open(camera.rtspUrl, camera);
    expect((await right.send('DESCRIBE')).status).toBe(401);
    right.end();
    await house.applyFault(0, { fault: 'clear' });
  });

  it('numbers packets without a gap, keeps the pace, and tells the clock of the camera', async () => {
    await house.applyFault(0, { fault: 'clock', offsetSeconds: -7200 });
    const client = await RtspClient.open(camera.rtspUrl, camera);
    await client.play();
    const began = performance.now();
    const enough = (): boolean => client.packets.filter((p) => p.marker).length >= 12;
    expect(await client.until(enough)).toBe(true);
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(1900);
    expect(tookMs).toBeLessThan(6000);
    client.packets.forEach((packet, i) => expect(packet.sequence).toBe(((client.packets[0]?.sequence ?? 0) + i) & 0xffff));
    const times = [...new Set(client.packets.map((p) => p.timestamp))];
    for (let i = 1; i < times.length; i++) expect(((times[i] ?? 0) - (times[i - 1] ?? 0)) >>> 0).toBe(18_000);
    const first = client.packets.filter((p) => p.timestamp === times[0]);
    expect(depacketise(first.map((p) => p.payload)).map((nal) => (nal[0] ?? 0) & 0x1f)).toEqual([7, 8, 5]);
    expect(client.reports[0]?.timestamp).toBe(times[0]);
    expect(Math.abs((client.reports[0]?.wallMs ?? 0) - (Date.now() - 7_200_000))).toBeLessThan(6000);
    // The clock jumps back: the next report says so at once, RTP time goes on.
    const reports = client.reports.length;
    await house.applyFault(0, { fault: 'clock', on: false });
    expect(await client.until(() => client.reports.length > reports)).toBe(true);
    expect(Math.abs((client.reports[reports]?.wallMs ?? 0) - Date.now())).toBeLessThan(6000);
    client.end();
  });

  it('hangs up on what is no request, and on a flood', async () => {
    const { hostname, port } = new URL(camera.rtspUrl);
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(200_000, 'A')]) {
      const socket = net.connect(Number(port), hostname);
      socket.on('error', () => undefined).resume();
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.write(bytes);
      });
      expect(socket.destroyed).toBe(true);
    }
    const { frames } = await pull(camera, { keyFrames: 1 });
    expect(frames.length).toBeGreaterThan(0);
  });

  it('serves main and sub, several clients at once, and goes on when one breaks off', async () => {
    const clients = await Promise.all([camera.rtspUrl, camera.mainRtspUrl, house.cameras[1]?.rtspUrl ?? ''].map(async (url, i) => {
      const client = await RtspClient.open(url, i === 2 ? house.cameras[1] : camera);
      await client.play();
      return client;
    }));
    for (const client of clients) expect(await client.until(() => client.packets.length > 3)).toBe(true);
    clients[0]?.end();
    const counts = clients.map((c) => c.packets.length);
    for (const [i, client] of clients.entries()) if (i > 0) expect(await client.until(() => client.packets.length > (counts[i] ?? 0) + 5)).toBe(true);
    for (const client of clients) client.end();
  });
});
