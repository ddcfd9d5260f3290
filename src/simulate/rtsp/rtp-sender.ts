/** Sends one client the units of a camera's feed: RTP packets, and sender reports in the camera's clock. */
import { randomInt } from 'node:crypto';
import type net from 'node:net';
import type { Clock } from '../../core/clock.js';
import { createRandom } from '../random.js';
import type { SimulateLog } from '../simulate-log.js';
import { ticksPerSecond } from '../content/clip.js';
import { flipBits } from './corrupt.js';
import { packAccessUnit, packSenderReport, type RtpState } from './rtp.js';
import type { RtspMount } from './server.js';

export interface RtpSender {
  readonly firstSequence: number;
  stop(): void;
}

/** Bytes that may wait in a client's socket before it is dropped. */
const maxWaitingBytes = 4 * 1024 * 1024;
const reportEveryMs = 5_000;

export function startRtpSender(options: { socket: net.Socket; channel: number; mount: RtspMount; clock: Clock; log: SimulateLog }): RtpSender {
  const { socket, channel, mount, clock, log } = options;
  const { device } = mount;
  const base = randomInt(2 ** 32);
  const state: RtpState = { channel, payloadType: 96, ssrc: randomInt(2 ** 32), sequence: randomInt(2 ** 16) };
  const firstSequence = state.sequence;
  const random = createRandom(device.index + 1);
  let packets = 0;
  let octets = 0;
  let lastReportMs = -Infinity;
  let lastOffsetMs = 0;

  const leave = mount.feed.watch(({ unit, ptsTicks, dueMs }) => {
    const suffering = device.suffering();
    if (suffering.silentRtsp) return;
    if (socket.writableLength > maxWaitingBytes) {
      log.warn({ camera: device.index, waitingBytes: socket.writableLength }, 'an RTSP client does not read and is dropped');
      stop();
      socket.destroy();
      return;
    }
    const timestamp = (base + (ptsTicks % 2 ** 32)) % 2 ** 32;
    const nowMs = clock.monotonicMs();
    if (nowMs - lastReportMs >= reportEveryMs || suffering.clockOffsetMs !== lastOffsetMs) {
      lastReportMs = nowMs;
      lastOffsetMs = suffering.clockOffsetMs;
      const shownAfterMs = ((unit.ptsTicks - unit.dtsTicks) / ticksPerSecond) * 1000;
      const wallMs = device.nowMs() - (nowMs - dueMs) + shownAfterMs;
      socket.write(packSenderReport({ channel: channel + 1, ssrc: state.ssrc, wallMs, timestamp, packets, octets, cname: device.serialNumber }));
    }
    const nals = suffering.flipsPerKib === null ? unit.nals : flipBits(unit.nals, suffering.flipsPerKib, random);
    const packed = packAccessUnit(nals, timestamp, state);
    packets += packed.packets;
    octets += packed.payloadBytes;
    socket.write(packed.bytes);
  });

  const stop = (): void => leave();
  return { firstSequence, stop };
}
