/** One simulated device without a village: real sockets, the real services, and a loop of small grey pictures. */
import { SystemClock, type Clock } from '../../../src/core/clock.js';
import { createRig, type CameraRig } from '../../../src/simulate/camera-rig.js';
import type { SimulatedCamera } from '../../../src/simulate/camera-device.js';
import { ticksPerSecond, type Clip, type Gop } from '../../../src/simulate/content/clip.js';
import { createGopEncoder } from '../../../src/simulate/content/encoder.js';
import { createVariantStudio } from '../../../src/simulate/content/variants.js';
import { createStage } from '../../../src/simulate/scene/stage.js';
import { createView } from '../../../src/simulate/scene/view.js';
import { faultSchema, type FaultInput } from '../../../src/simulate/fault.js';
import { startRtspServer } from '../../../src/simulate/rtsp/server.js';
import { silent } from './village.js';

export interface BareDevice {
  readonly camera: SimulatedCamera;
  apply(fault: FaultInput): Promise<void>;
  close(): Promise<void>;
}

const [widthPx, heightPx, fps, groups] = [128, 72, 4, 12];

/** A second of four pictures a group, lighter from group to group. */
async function greyClip(): Promise<Clip> {
  const encoder = await createGopEncoder({ widthPx, heightPx, fps });
  const gops: Gop[] = [];
  for (let g = 0; g < groups; g++) {
    const pictures = Array.from({ length: fps }, (_, i) => ({ widthPx, heightPx, data: new Uint8Array((widthPx * heightPx * 3) / 2).fill(128).fill(60 + 8 * g + i, 0, widthPx * heightPx) }));
    gops.push(await encoder.encode(pictures, ticksPerSecond / fps));
  }
  encoder.close();
  return {
    timing: { gopStartTicks: gops.map((_, i) => i * ticksPerSecond), durationTicks: groups * ticksPerSecond, fps },
    widthPx, heightPx,
    gop: (index) => gops[index],
    prepare: () => undefined,
    ready: Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** @param options.channels video sources; more than one makes it a recorder */
export async function bareDevice(options: { channels?: number; requireAuth?: boolean; clock?: Clock } = {}): Promise<BareDevice> {
  const { clock = new SystemClock(), channels = 1, requireAuth = true } = options;
  const clip = await greyClip();
  const studio = createVariantStudio(clip, createStage({ view: createView({ mountHeightM: 4, horizontalFovDeg: 70, horizonPx: 20 }), seed: 7, watermark: false }), silent);
  const known: { rig?: CameraRig } = {};
  const rtsp = await startRtspServer({
    host: '127.0.0.1', port: 0, clock, log: silent,
    mount: (path) => {
      const [, channel = '1', stream] = /^\/cam0(?:\/ch(\d+))?\/(main|sub)$/.exec(path) ?? [];
      return stream === undefined ? undefined : known.rig?.mount(Number(channel), stream as 'main' | 'sub');
    },
  });
  const made = await createRig({
    index: 0, seed: 7, host: '127.0.0.1', port: 0, channels, requireAuth, clock, log: silent, rtsp,
    content: {
      of: (i) => ({ clip, studio, drawn: false, startGop: 0, name: `Place ${i + 1}`, guardPolygon: [[0, 0], [1, 0], [1, 1]], azimuthDeg: 40 + 90 * i, horizontalFovDeg: 70, mountHeightM: 4 }),
      complete: Promise.resolve(),
      close: () => studio.close(),
    },
    onRevived: () => undefined,
  });
  known.rig = made;
  return {
    camera: made.camera,
    apply: (fault) => made.apply(faultSchema.parse(fault)),
    async close() {
      await made.close();
      await rtsp.close();
      await studio.close();
    },
  };
}
