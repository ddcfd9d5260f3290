import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bareDevice, type BareDevice } from './support/bare-device.js';
import { RtspClient } from './support/rtsp-client.js';
import { callWithDigest, envelopeOf, post, securityHeader, type Answer } from './support/soap-client.js';
import { hurriedClock } from './support/village.js';

/** The traits that a commissioning has to find; the rest are read through the client in register/device-facts-village.test.ts. */
describe('traits on demand', () => {
  let device: BareDevice;
  beforeAll(async () => {
    device = await bareDevice({ clock: hurriedClock(4), channels: 2 });
  });
  afterEach(() => device.apply({ fault: 'clear' }));
  afterAll(() => device.close());
  const call = (service: string, body: string): Promise<Answer> => callWithDigest(device.camera.onvifUrl.replace('device_service', service), body, device.camera);

  it('long-gop: one key frame in so many seconds, in what is sent, on each channel', async () => {
    const steps = (times: number[]): number[] => times.slice(1).map((t, i) => ((t - (times[i] ?? 0) + 2 ** 32) % 2 ** 32) / 90_000);
    /** Seconds between key frames: units whose packets hold an IDR slice, alone or as the first of a fragmented one. */
    const keyTimes = async (url: string, enough: (steps: number[]) => boolean): Promise<number[]> => {
      const client = await RtspClient.open(url, device.camera);
      const times = (): number[] => [...new Set(client.packets.filter(({ payload: [first = 0, second = 0] }) => (first & 0x1f) === 5 || ((first & 0x1f) === 28 && (second & 0x9f) === 0x85)).map((p) => p.timestamp))];
      await client.play();
      await client.until(() => enough(steps(times())), 25_000);
      client.end();
      return steps(times());
    };
    expect(await keyTimes(device.camera.channels[1]?.rtspUrl ?? '', (all) => all.length >= 3)).toEqual([1, 1, 1]);
    await device.apply({ fault: 'long-gop', seconds: 3 });
    // It begins at the next long group; until then the short ones go on.
    const long = await keyTimes(device.camera.channels[1]?.rtspUrl ?? '', (all) => all.filter((s) => s === 3).length >= 2);
    expect(long.slice(-2)).toEqual([3, 3]);
    expect((await call('media_service', '<GetProfiles/>')).text).toContain('<tt:GovLength>12</tt:GovLength>');
  });

  it('keeps accounts to administrators, and takes a level that is not the account\'s for a mistake', async () => {
    const set = (level: string): string => `<SetUser><User><Username>hedgerow</Username><Password>Never-taken-1</Password><UserLevel>${level}</UserLevel></User></SetUser>`;
    expect((await call('device_service', set('Operator'))).text).toContain('ter:FixedUser');
    await device.apply({ fault: 'account-level', level: 'Operator' });
    for (const body of ['<GetUsers/>', set('Operator')]) {
      expect((await call('device_service', body)).text).toContain('ter:NotAuthorized');
      expect((await post(device.camera.onvifUrl, envelopeOf(body, securityHeader(device.camera, Date.now())))).text).toContain('ter:NotAuthorized');
    }
    expect((await call('device_service', '<GetScopes/>')).status).toBe(200);
    expect(device.camera.password).not.toBe('Never-taken-1');
  });

  it('main-only: the sub-stream is gone from RTSP as well', async () => {
    await device.apply({ fault: 'main-only' });
    const client = await RtspClient.open(device.camera.rtspUrl, device.camera);
    expect((await client.send('DESCRIBE')).status).toBe(404);
    expect((await client.send('DESCRIBE', {}, device.camera.mainRtspUrl)).status).toBe(200);
    client.end();
  });

  it('has a channel for each number and none beyond', async () => {
    const { origin } = new URL(device.camera.rtspUrl.replace('rtsp:', 'http:'));
    for (const [path, status] of [['/cam0/ch2/sub', 200], ['/cam0/ch3/sub', 404]] as const) {
      const client = await RtspClient.open(`${origin.replace('http:', 'rtsp:')}${path}`, device.camera);
      expect((await client.send('DESCRIBE')).status).toBe(status);
      client.end();
    }
  });
});
