import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCameraAddress } from '../../src/register/camera-address.js';
import { fillPath } from '../../src/register/path-credentials.js';
import { onReachedHost, readToldAddress } from '../../src/register/told-address.js';
import { HedgerowError } from '../../src/core/errors.js';

describe('the address of a camera', () => {
  it.each([
    ['192.168.1.5', 'onvif', 'http://192.168.1.5/onvif/device_service', 80],
    ['192.168.1.5:8000', 'onvif', 'http://192.168.1.5:8000/onvif/device_service', 8000],
    ['HTTP://Cam-3.Village.LAN:80/', 'onvif', 'http://cam-3.village.lan/onvif/device_service', 80],
    ['https://10.0.0.1/custom/path', 'onvif', 'https://10.0.0.1/custom/path', 443],
    ['[fd00::5]:8080', 'onvif', 'http://[fd00::5]:8080/onvif/device_service', 8080],
    ['rtsp://10.0.0.1', 'rtsp', 'rtsp://10.0.0.1/', 554],
    ['rtsp://10.0.0.1:8554/Streaming/Channels/102?a=1&b=2', 'rtsp', 'rtsp://10.0.0.1:8554/Streaming/Channels/102?a=1&b=2', 8554],
  ])('%s', (text, protocol, address, port) => {
    expect(parseCameraAddress(text)).toMatchObject({ protocol, address, port, username: null, password: null });
    expect(parseCameraAddress(address).address).toBe(address);
  });

  it('moves credentials out, decoded, up to the last @', () => {
    expect(parseCameraAddress('rtsp://admin:p%23s@word@10.0.0.1/x')).toMatchObject({ address: 'rtsp://10.0.0.1/x', username: 'admin', password: 'p#s@word' });
    expect(parseCameraAddress('admin@10.0.0.1')).toMatchObject({ username: 'admin', password: null });
  });

  it.each(['ftp://10.0.0.1', 'file:///etc/passwd', '', 'http://', 'rtsp://:554/x', '10.0.0.1:0', '10.0.0.1:99999', '10.0.0.1:80a', '127.1', '0x7f000001', '2130706433', '10.0.0.256', 'a b', 'fd00::5', 'http://[::1', 'http://10.0.0.1/user=admin&password=tlJwpbo6&channel=1', 'rtsp://10.0.0.1/s?auth=YWRtaW46eA==', 'http://10.0.0.1/s?usr=a&PSW=b', 'x'.repeat(501)])('refuses %j', (text) => {
    expect(() => parseCameraAddress(text)).toThrow(expect.objectContaining({ code: 'camera.address' }) as Error);
  });

  it.each([
    ['rtsp://10.0.0.1/user=admin_password=se_cret_channel=1_stream=1.sdp?real_stream', 'rtsp://10.0.0.1/user={username}_password={password}_channel=1_stream=1.sdp?real_stream', 'admin', 'se_cret'],
    ['rtsp://10.0.0.1/live?loginuse=a&loginpas=b%23', 'rtsp://10.0.0.1/live?loginuse={username}&loginpas={password}', 'a', 'b#'],
    // The hash that XiongMai firmware makes of an empty password.
    ['rtsp://10.0.0.1/user=admin&password=tlJwpbo6&channel=1', 'rtsp://10.0.0.1/user={username}&password={password-hash}&channel=1', 'admin', null],
  ])('takes the log-in out of the path of %j and leaves a template', (text, address, username, password) => {
    const read = parseCameraAddress(text);
    expect(read).toMatchObject({ address, username, password });
    // The template is an address itself: it comes back from an export.
    expect(parseCameraAddress(read.address)).toMatchObject({ address, username: null, password: null });
    expect(decodeURIComponent(fillPath(read.address, { username: username ?? '', password: password ?? '' }))).toBe(decodeURIComponent(text));
  });

  it('keeps every password out of the template, and puts it back unharmed', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }).filter((p) => p.trim() === p), (password) => {
        const written = encodeURIComponent(password);
        const read = parseCameraAddress(`rtsp://10.0.0.1/s?user=admin&password=${written}&channel=1`);
        expect(read.address).toBe('rtsp://10.0.0.1/s?user={username}&password={password}&channel=1');
        expect(read.password).toBe(password);
        expect(fillPath(read.address, { username: 'admin', password })).toBe(`rtsp://10.0.0.1/s?user=admin&password=${written}&channel=1`);
      }),
    );
  });

  it('never repeats a password in an error', () => {
    for (const text of ['rtsp://admin:hunter/22@10.0.0.1/', 'ftp://admin:hunter22@h', 'rtsp://10.0.0.1/?password=hunter22']) {
      try {
        parseCameraAddress(text);
        expect.unreachable();
      } catch (thrown) {
        expect((thrown as Error).message).not.toMatch(/hunter/);
      }
    }
  });

  it('gives a normal form that is its own, or our error, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 80 }), fc.webUrl({ withQueryParameters: true }), fc.tuple(fc.constantFrom('rtsp://', 'http://', ''), fc.string(), fc.constantFrom('@', ':', '/'), fc.string()).map((p) => p.join(''))), (text) => {
        try {
          const { address } = parseCameraAddress(text);
          const again = parseCameraAddress(address);
          expect(again.address).toBe(address);
          expect(again.password).toBeNull();
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(HedgerowError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('an address that a device tells', () => {
  it.each([
    ['http://169.254.1.1/onvif/media', '10.0.0.9', 'http://10.0.0.9/onvif/media'],
    ['http://192.168.1.106:8106:8106/onvif/Subscription?Idx=43', '10.0.0.9', 'http://10.0.0.9:8106/onvif/Subscription?Idx=43'],
    ['rtsp://10.1.1.1:80:554/live', '10.0.0.9', 'rtsp://10.0.0.9:554/live'],
    ['rtsp://admin:secret@192.168.0.2:554/cam/realmonitor?channel=1&subtype=1', '10.0.0.9', 'rtsp://10.0.0.9:554/cam/realmonitor?channel=1&subtype=1'],
    ['http://:80/onvif/device_service', '10.0.0.9', 'http://10.0.0.9:80/onvif/device_service'],
    ['http://[fe80::1]/onvif', 'fd00::9', 'http://[fd00::9]/onvif'],
    ['rtsp://10.1.1.1', 'fd00::9', 'rtsp://[fd00::9]/'],
  ])('%s on the host that we reached', (told, host, expected) => {
    expect(onReachedHost(told, host)).toBe(expected);
  });

  it('is null when it is none', () => {
    expect(readToldAddress('lollipop')).toBeNull();
    expect(onReachedHost('', '10.0.0.1')).toBeNull();
  });
});
