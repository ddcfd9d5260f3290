import { EventEmitter } from 'node:events';
import type net from 'node:net';
import { expect, it } from 'vitest';
import { SimulatedClock } from '../../src/core/simulated-clock.js';
import { createCameraDevice } from '../../src/simulate/camera-device.js';
import type { Clip } from '../../src/simulate/content/clip.js';
import type { FeedUnit } from '../../src/simulate/rtsp/camera-feed.js';
import { startRtpSender } from '../../src/simulate/rtsp/rtp-sender.js';
import { silent } from './support/village.js';

it('drops a client that does not read, with a bounded number of bytes waiting', () => {
  const clock = new SimulatedClock();
  let waiting = 0;
  let destroyed = false;
  const socket = Object.assign(new EventEmitter(), {
    write: (bytes: Buffer) => (waiting += bytes.length) < 0,
    destroy: () => {
      destroyed = true;
    },
    get writableLength() {
      return waiting;
    },
  }) as unknown as net.Socket;
  Object.defineProperty(socket, 'writableLength', { get: () => waiting });
  let feed: ((unit: FeedUnit) => void) | undefined;
  const device = createCameraDevice({ index: 0, name: 'x', seed: 1, clock, requireAuth: false });
  const mount = { device, clip: {} as Clip, feed: { watch: (onUnit: (unit: FeedUnit) => void) => ((feed = onUnit), () => (feed = undefined)), play: () => undefined, position: () => 0, close: () => undefined } };
  startRtpSender({ socket, channel: 0, mount, clock, log: silent });
  const unit = { nals: [new Uint8Array(100_000).fill(0x65)], key: true, dtsTicks: 0, ptsTicks: 0 };
  for (let i = 0; i < 1000 && feed; i++) feed({ unit, ptsTicks: i * 18_000, dueMs: 0 });
  expect(destroyed).toBe(true);
  expect(feed).toBeUndefined();
  expect(waiting).toBeLessThan(4.4 * 1024 * 1024);
});
