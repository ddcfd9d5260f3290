import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultInput, SimulatedCamera, Village } from '../../src/simulate/village.js';
import { faultNames } from '../../src/simulate/fault.js';
import { situationNames } from '../../src/simulate/scene/situation.js';
import { difference, meanLuma, pull, sharpness, type Seen } from './support/frames.js';
import { RtspClient } from './support/rtsp-client.js';
import { at, callWithDigest, envelopeOf, post } from './support/soap-client.js';
import { hurriedClock, village } from './support/village.js';

/** Everything in here is seen from outside: over the camera's own sockets. */
describe('faults on demand', () => {
  let house: Village;
  let camera: SimulatedCamera;
  let other: SimulatedCamera;
  let before: Seen;
  const fault = (input: FaultInput): Promise<void> => house.applyFault(0, input);
  /** The first key frame that is as it should be; the last of thirty when none is. */
  const look = async (until: (seen: Seen) => boolean): Promise<Seen> => (await pull(camera, { keyFrames: 30, keyOnly: true, until })).frames.at(-1) as Seen;
  const healthy = (seen: Seen): boolean => seen.widthPx === 640 && difference(before, seen) < 6;

  beforeAll(async () => {
    house = await village({ cameras: 2, clock: hurriedClock(3) });
    [camera, other] = house.cameras as [SimulatedCamera, SimulatedCamera];
    before = await look(() => true);
  });
  afterEach(() => fault({ fault: 'clear' }));
  afterAll(() => house.close());

  it('black: next to no light, and it comes back', async () => {
    await fault({ fault: 'black' });
    expect(meanLuma(await look((seen) => meanLuma(seen) < 24))).toBeLessThan(24);
    await fault({ fault: 'black', on: false });
    expect(healthy(await look(healthy))).toBe(true);
  });

  it('blur: the same scene without edges', async () => {
    await fault({ fault: 'blur' });
    const seen = await look((s) => sharpness(s) < sharpness(before) * 0.35);
    expect(sharpness(seen)).toBeLessThan(sharpness(before) * 0.35);
    expect(Math.abs(meanLuma(seen) - meanLuma(before))).toBeLessThan(6);
  });

  it('shift: the picture moved by the shares that were asked for', async () => {
    await fault({ fault: 'shift', dxRatio: 0.1, dyRatio: -0.05 });
    const seen = await look((s) => difference(before, s) > 12);
    expect(difference(before, seen, 64, -18)).toBeLessThan(6);
    expect(difference(before, seen)).toBeGreaterThan(12);
  });

  it('cover: a cloth over all of it, or over a part', async () => {
    await fault({ fault: 'cover', share: 0.5 });
    const half = await look((s) => difference(before, s) > 12);
    const side = (seen: Seen, x0: number, x1: number): Seen => ({ ...seen, widthPx: x1 - x0, luma: seen.luma.filter((_v, i) => i % 640 >= x0 && i % 640 < x1) });
    expect(sharpness(side(half, 0, 280))).toBeLessThan(1.5);
    expect(difference(side(before, 360, 640), side(half, 360, 640))).toBeLessThan(6);
    await fault({ fault: 'cover' });
    expect(sharpness(await look((s) => sharpness(s) < 1.5))).toBeLessThan(1.5);
  });

  it('freeze: key frames are the same to the bit while RTP time goes on', async () => {
    const moving = (await pull(camera, { keyFrames: 3, keyOnly: true })).frames;
    expect(Buffer.compare(Buffer.from(moving[1]?.luma ?? []), Buffer.from(moving[2]?.luma ?? []))).not.toBe(0);
    await fault({ fault: 'freeze' });
    const seen = (await pull(camera, { keyFrames: 8, keyOnly: true })).frames.slice(-3);
    expect(seen).toHaveLength(3);
    for (const frame of seen) expect(Buffer.compare(Buffer.from(frame.luma), Buffer.from(seen[0]?.luma ?? []))).toBe(0);
    expect(difference(before, seen[0] as Seen)).toBeLessThan(6);
    const client = await RtspClient.open(camera.rtspUrl, camera);
    await client.play();
    expect(await client.until(() => new Set(client.packets.map((p) => p.timestamp)).size >= 8)).toBe(true);
    client.end();
  });

  it('resolution-change: in mid-run, and media says so', async () => {
    const client = pull(camera, { keyFrames: 30, until: (s) => s.widthPx === 320 });
    await fault({ fault: 'resolution-change', widthPx: 320, heightPx: 180 });
    const sizes = [...new Set((await client).frames.map((f) => `${f.widthPx}x${f.heightPx}`))];
    expect(sizes.at(-1)).toBe('320x180');
    const profiles = await callWithDigest(camera.onvifUrl.replace('device', 'media'), '<GetProfiles/>', camera);
    expect(at(profiles, 'Body', 'GetProfilesResponse', 'Profiles', 1, 'VideoEncoderConfiguration', 'Resolution', 'Width')).toBe('320');
  });

  it('several at once', async () => {
    await fault({ fault: 'blur' });
    await fault({ fault: 'resolution-change' });
    const seen = await look((s) => s.widthPx === 480 && sharpness(s) < sharpness(before) * 0.6);
    expect([seen.widthPx, seen.heightPx]).toEqual([480, 272]);
    expect(sharpness(seen)).toBeLessThan(sharpness(before) * 0.6);
  });

  it('corrupt-h264: the decoder has to complain, the neighbour plays on', async () => {
    await fault({ fault: 'corrupt-h264', flipsPerKib: 20 });
    const { frames, errors } = await pull(camera, { keyFrames: 4 });
    const worst = Math.max(0, ...frames.map((f) => difference(before, f)));
    expect(errors > 0 || worst > 10 || frames.length === 0).toBe(true);
    expect((await pull(other, { keyFrames: 2 })).errors).toBe(0);
  });

  it('silent-rtsp: accepts and sends nothing, at once or after PLAY', async () => {
    await fault({ fault: 'silent-rtsp' });
    const playing = await RtspClient.open(camera.rtspUrl, camera);
    expect(await playing.play()).toContain('m=video');
    expect(await playing.until(() => playing.packets.length > 0, 1800)).toBe(false);
    expect(playing.closed).toBe(false);
    await fault({ fault: 'clear' });
    expect(await playing.until(() => playing.packets.length > 0, 4000)).toBe(true);
    playing.end();
    await fault({ fault: 'silent-rtsp', from: 'connect' });
    const asking = await RtspClient.open(camera.rtspUrl, camera);
    const answer = await Promise.race([asking.send('DESCRIBE'), new Promise((resolve) => setTimeout(resolve, 400, 'nothing'))]);
    expect(answer).toBe('nothing');
    asking.end();
  });

  it('die: ports refuse, streams end, and it comes back on the same port', async () => {
    const client = await RtspClient.open(camera.rtspUrl, camera);
    await client.play();
    expect(await client.until(() => client.packets.length > 0)).toBe(true);
    await fault({ fault: 'die' });
    expect(await client.until(() => client.closed, 2000) || client.closed).toBe(true);
    const { hostname, port } = new URL(camera.onvifUrl);
    const code = await new Promise((resolve) => {
      const socket = net.connect(Number(port), hostname);
      socket.once('error', (e: NodeJS.ErrnoException) => resolve(e.code)).once('connect', () => resolve('connected'));
    });
    expect(code).toBe('ECONNREFUSED');
    const again = await RtspClient.open(camera.rtspUrl, camera);
    expect((await again.send('DESCRIBE')).status).toBe(0);
    expect((await pull(other, { keyFrames: 1 })).frames.length).toBeGreaterThan(0);
    await fault({ fault: 'die', on: false });
    expect((await post(camera.onvifUrl, envelopeOf('<GetHostname/>'))).status).toBe(200);
    expect((await pull(camera, { keyFrames: 1 })).frames.length).toBeGreaterThan(0);
  });

  it('clock: the camera tells another time, and judges tokens by it', async () => {
    await fault({ fault: 'clock', offsetSeconds: -86_400 * 365 });
    const answer = await post(camera.onvifUrl, envelopeOf('<GetSystemDateAndTime/>'));
    expect(at(answer, 'Body', 'GetSystemDateAndTimeResponse', 'SystemDateAndTime', 'UTCDateTime', 'Date', 'Year')).toBe(String(new Date(Date.now() - 86_400_000 * 365).getUTCFullYear()));
  });

  it('wrong-xaddr: services, streams and subscriptions name another host', async () => {
    await fault({ fault: 'wrong-xaddr', host: '10.99.99.99' });
    const services = await post(camera.onvifUrl, envelopeOf('<GetServices/>'));
    expect(services.text.match(/<tds:XAddr>http:\/\/10\.99\.99\.99:/g)).toHaveLength(8);
    const uri = await callWithDigest(camera.onvifUrl.replace('device', 'media'), '<GetStreamUri><ProfileToken>Profile_sub</ProfileToken></GetStreamUri>', camera);
    expect(uri.text).toContain(`rtsp://10.99.99.99:${new URL(camera.rtspUrl).port}/cam0/sub`);
    const subscription = await callWithDigest(camera.onvifUrl.replace('device', 'event'), '<CreatePullPointSubscription/>', camera);
    expect(subscription.text).toContain('http://10.99.99.99:');
  });

  it('refuse-auth: nobody gets in, by no door', async () => {
    await fault({ fault: 'refuse-auth' });
    expect((await callWithDigest(camera.onvifUrl, '<GetScopes/>', camera)).status).toBe(401);
    const client = await RtspClient.open(camera.rtspUrl, camera);
    expect((await client.send('DESCRIBE')).status).toBe(401);
    client.end();
  });

  it('garbage-soap, huge-reply, endless-redirect, drip', async () => {
    await fault({ fault: 'garbage-soap' });
    const texts = [];
    for (let i = 0; i < 5; i++) texts.push((await post(camera.onvifUrl, envelopeOf('<GetServices/>'))).text);
    expect(texts.some((t) => t.includes('<html>'))).toBe(true);
    expect(texts.some((t) => t.includes('<!ENTITY'))).toBe(true);
    expect(texts).toContain('');
    await fault({ fault: 'clear' });
    await fault({ fault: 'huge-reply' });
    expect((await post(camera.onvifUrl, envelopeOf('<GetServices/>'))).text.length).toBeGreaterThan(10 * 1024 * 1024);
    await fault({ fault: 'clear' });
    await fault({ fault: 'endless-redirect' });
    let url = camera.onvifUrl;
    for (let i = 1; i <= 4; i++) {
      const answer = await post(url, envelopeOf('<GetServices/>'));
      expect(answer.status).toBe(307);
      url = new URL(answer.headers.get('location') ?? '', url).href;
      expect(url).toMatch(new RegExp(`/hop${i}$`));
    }
    await fault({ fault: 'clear' });
    await fault({ fault: 'drip', everyMs: 15 });
    const began = performance.now();
    const dripped = await post(camera.onvifUrl, envelopeOf('<GetHostname/>'));
    expect(dripped.text).toContain('GetHostnameResponse');
    expect(performance.now() - began).toBeGreaterThan((dripped.text.length / 16) * 4);
  });

  it('a flood to a client that does not read stays with the client, and ends with it', async () => {
    await fault({ fault: 'huge-reply', bytes: 256 * 1024 * 1024 });
    const { hostname, port } = new URL(camera.onvifUrl);
    const heapBefore = process.memoryUsage().rss;
    const socket = net.connect(Number(port), hostname);
    socket.write('POST /onvif/device_service HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(process.memoryUsage().rss - heapBefore).toBeLessThan(120 * 1024 * 1024);
    socket.destroy();
  });

  it('over the control address: lists cameras, applies and clears, refuses the rest', async () => {
    const url = house.controlUrl;
    const list = (await (await fetch(`${url}/cameras`)).json()) as { cameras: SimulatedCamera[] };
    expect(list.cameras.map((c) => c.endpointReference)).toEqual(house.cameras.map((c) => c.endpointReference));
    const send = (path: string, body: string, headers: Record<string, string> = { 'Content-Type': 'application/json' }): Promise<Response> => fetch(url + path, { method: 'POST', body, headers });
    expect(await (await send('/cameras/0/fault', '{"fault":"refuse-auth","on":true}')).json()).toMatchObject({ index: 0, faults: { refuseAuth: true } });
    expect(await (await send('/cameras/0/fault', '{"fault":"clear"}')).json()).toMatchObject({ faults: { refuseAuth: false } });
    for (const [path, body, status] of [
      ['/cameras/9/fault', '{"fault":"clear"}', 400], ['/cameras/0/fault', '{"fault":"explode"}', 400], ['/cameras/0/fault', '{', 400],
      ['/cameras/0/fault', '{"fault":"shift","dxRatio":7}', 400], ['/cameras/0/fault', '{"fault":"clear","more":1}', 400], ['/elsewhere', '{}', 404],
      ['/cameras/0/fault', `{"fault":"${'x'.repeat(20_000)}"}`, 413],
    ] as const) expect([path, (await send(path, body)).status]).toEqual([path, status]);
    expect((await send('/cameras/0/fault', '{"fault":"die"}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await send('/cameras/0/fault', '{"fault":"die"}', { 'Content-Type': 'application/json', Origin: 'http://evil.example' })).status).toBe(403);
    await expect(house.applyFault(5, { fault: 'clear' })).rejects.toMatchObject({ code: 'simulate.fault' });
  });

  it('has the faults that are tested above and in onvif.test.ts, traits.test.ts and situations.test.ts', () => {
    expect(faultNames).toEqual([
      'die', 'freeze', 'black', 'blur', 'shift', 'cover', 'clock', 'wrong-xaddr', 'refuse-auth', 'press', 'recorder-gap', 'garbage-soap', 'huge-reply',
      'endless-redirect', 'silent-rtsp', 'corrupt-h264', 'resolution-change', 'drip', 'default-password', 'audio', 'recognition', 'main-only', 'long-gop', 'no-search', 'summary-only', 'slow-search',
      'retention', 'ntp', 'set-password', 'geo', 'lockout', 'account-level', 'mask', 'reboot', ...situationNames, 'clear',
    ]);
  });
});
