/**
 * The simulated village: cameras on real sockets, as many as asked for. It answers at once; pictures come as soon as the
 * first of them are drawn. This is the one place where its parts are put together.
 */
import type { Clock } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import type { SimulatedCamera } from './camera-device.js';
import { loadContent } from './content/content.js';
import { startControlServer } from './control-server.js';
import { startDiscoveryResponder, type DiscoveryResponder } from './discovery/responder.js';
import { faultSchema, type FaultInput } from './fault.js';
import { createRig, type CameraRig } from './camera-rig.js';
import { demoSituations } from './demo-situations.js';
import { startRtspServer, type RtspMount } from './rtsp/server.js';
import type { SimulateLog } from './simulate-log.js';

export type { SimulatedCamera } from './camera-device.js';
export type { SimulateLog } from './simulate-log.js';
export type { FaultInput } from './fault.js';

export interface VillageOptions {
  readonly cameras: number;
  /** H.264 file that all cameras play; null: the drawn scenes */
  readonly video: string | null;
  /** address to listen on; with 0.0.0.0 cameras name the first address of this machine */
  readonly host: string;
  /** answer WS-Discovery on UDP 3702 */
  readonly discovery: boolean;
  /** 0: any free port */
  readonly controlPort: number;
  readonly clock: Clock;
  readonly log: SimulateLog;
  readonly seed?: number;
  /** default true */
  readonly requireAuth?: boolean;
  /** RTSP listens here and camera i answers ONVIF on `basePort + 1 + i`; 0 or taken: any free port */
  readonly basePort?: number;
  /** walkers and cars of the drawn scenes carry the pattern of `scene/watermark.ts` */
  readonly watermark?: boolean;
  /** some of the drawn cameras have somebody who stays, a parked car or weather from the start (`demo-situations.ts`) */
  readonly situations?: boolean;
  /** video sources of each device in its order; 1 where nothing is said. With more it is a recorder. */
  readonly channels?: readonly number[];
  /** closes the village */
  readonly signal?: AbortSignal;
}

export interface Village {
  readonly cameras: readonly SimulatedCamera[];
  /** `GET /cameras`, `POST /cameras/:i/fault` */
  readonly controlUrl: string;
  /** Resolves when every picture of every loop is there. */
  readonly contentComplete: Promise<void>;
  /** @throws HedgerowError `simulate.fault` for an unknown camera or fault */
  applyFault(index: number, fault: FaultInput): Promise<void>;
  close(): Promise<void>;
}

/** @throws HedgerowError `config.invalid` when the video cannot be played or an address not be listened on */
export async function startVillage(options: VillageOptions): Promise<Village> {
  const { clock, log, seed = 1, basePort = 0 } = options;
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    options.signal?.throwIfAborted();
    const places = Math.max(options.cameras, ...(options.channels ?? []).slice(0, options.cameras).map((channels, index) => index + channels));
    const content = await loadContent({ video: options.video, cameras: places, seed, watermark: options.watermark ?? false, clock, log });
    closers.push(() => content.close());
    const rigs: CameraRig[] = [];
    const rtsp = await startRtspServer({ host: options.host, port: basePort, clock, log, mount: (path) => mountOf(rigs, path) });
    closers.push(() => rtsp.close());
    let discovery: DiscoveryResponder | undefined;
    for (let index = 0; index < options.cameras; index++) {
      const rig = await createRig({
        index, seed, clock, log, rtsp, content,
        host: options.host,
        port: basePort === 0 ? 0 : basePort + 1 + index,
        channels: Math.max(1, options.channels?.[index] ?? 1),
        requireAuth: options.requireAuth ?? true,
        onRevived: (announced) => void discovery?.hello(announced),
      });
      rigs.push(rig);
      if (options.situations && options.video === null) for (const situation of demoSituations(index)) await rig.apply(faultSchema.parse(situation));
      closers.push(() => rig.close());
    }
    if (options.discovery) {
      const responder = await startDiscoveryResponder({
        devices: () => rigs.filter((rig) => !rig.device.suffering().dead).map((rig) => rig.announced()),
        log,
        instanceId: Math.floor(clock.nowMs() / 1000) % 2 ** 31,
      });
      discovery = responder;
      closers.push(() => responder.close());
    }
    const cameras = rigs.map((rig) => rig.camera);
    const applyFault = async (index: number, fault: unknown): Promise<void> => {
      const rig = rigs[index];
      if (!rig) throw new HedgerowError('simulate.fault', `There is no camera ${index}: they are numbered 0 to ${rigs.length - 1}.`);
      const parsed = faultSchema.safeParse(fault);
      if (!parsed.success) {
        const why = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'fault'}: ${issue.message}`).join('; ');
        throw new HedgerowError('simulate.fault', `This is no fault that a camera can have: ${why}.`);
      }
      log.info({ camera: index, ...parsed.data }, 'a fault on demand');
      await rig.apply(parsed.data);
    };
    const control = await startControlServer({ port: options.controlPort, cameras, faultsOf: (index) => rigs[index]?.device.suffering() ?? {}, apply: applyFault });
    closers.push(() => control.close());
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      options.signal?.removeEventListener('abort', onAbort);
      return (closing ??= closeAll());
    };
    const onAbort = (): void => void close();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.signal?.aborted) onAbort();
    log.info({ cameras: cameras.length, rtspPort: rtsp.port, control: control.url, video: options.video ?? 'drawn' }, 'the simulated village is there');
    return { cameras, controlUrl: control.url, contentComplete: content.complete, applyFault, close };
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}

/** `/cam0/sub`, and `/cam0/ch2/sub` of a recorder. */
function mountOf(rigs: readonly CameraRig[], path: string): RtspMount | undefined {
  const [, index, channel = '1', stream] = /^\/cam(\d{1,4})(?:\/ch(\d{1,2}))?\/(main|sub)$/.exec(path) ?? [];
  return index === undefined || stream === undefined ? undefined : rigs[Number(index)]?.mount(Number(channel), stream === 'main' ? 'main' : 'sub');
}
