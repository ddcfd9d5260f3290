/** One camera put together: device, feed, ONVIF server, faults. Faults of the picture become variants of its loop. */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../core/clock.js';
import { createCameraDevice, type CameraDevice, type SimulatedCamera } from './camera-device.js';
import type { Content } from './content/content.js';
import { effectsOf } from './content/variants.js';
import type { Announced } from './discovery/messages.js';
import type { Fault } from './fault.js';
import { deviceIoService } from './onvif/device-io-service.js';
import { createDeviceService, devicePath, scopesOf } from './onvif/device-service.js';
import { eventService, inputEvent, subscriptionService } from './onvif/event-service.js';
import { media2Service, mediaService } from './onvif/media-services.js';
import { createPullPoints } from './onvif/pull-points.js';
import { createRecorder } from './onvif/recorder.js';
import { createSearchService, recordingService } from './onvif/recording-services.js';
import { startOnvifServer } from './onvif/server.js';
import type { Service } from './onvif/service.js';
import { createCameraFeed } from './rtsp/camera-feed.js';
import type { RtspMount, RtspServer } from './rtsp/server.js';
import type { SimulateLog } from './simulate-log.js';

export interface CameraRig {
  readonly camera: SimulatedCamera;
  readonly device: CameraDevice;
  readonly mount: RtspMount;
  /** how discovery speaks of it now */
  announced(): Announced;
  apply(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

/** Where the village lies: cameras stand along its street. */
const villageCentre = { longitude: 116.587, latitude: 35.415 };

export async function createRig(options: {
  index: number;
  seed: number;
  host: string;
  port: number;
  requireAuth: boolean;
  clock: Clock;
  log: SimulateLog;
  rtsp: RtspServer;
  content: Content;
  onRevived: (announced: Announced) => void;
}): Promise<CameraRig> {
  const { index, clock, log, rtsp } = options;
  const content = options.content.of(index);
  const { clip, studio } = content;
  const device = createCameraDevice({ index, name: content.name, seed: options.seed, clock, requireAuth: options.requireAuth });
  const feed = createCameraFeed({ clip, clock, startGop: content.startGop });
  const mount: RtspMount = { device, clip, feed };
  const pullPoints = createPullPoints({ clock, cameraNowMs: device.nowMs });
  const recorder = createRecorder(device);
  const host = reachableHost(options.host);
  const told = (): string => device.suffering().wrongHost ?? host;
  const gopLength = Math.round((clip.timing.durationTicks / clip.timing.gopStartTicks.length / 90_000) * clip.timing.fps);
  const services: Service[] = [];
  services.push(
    createDeviceService(() => services.filter((service) => service !== subscriptionService)),
    mediaService, media2Service, eventService, deviceIoService, createSearchService(), recordingService, subscriptionService,
  );
  const onvif = await startOnvifServer({
    host: options.host, port: options.port, clock, log, services,
    context: (httpPort) => ({
      device, pullPoints, recorder, host, httpPort, rtspPort: rtsp.port,
      url: (path) => `http://${told()}:${httpPort}${path}`,
      streamUrl: (profile) => `rtsp://${told()}:${rtsp.port}/cam${index}/${profile === 'Profile_main' ? 'main' : 'sub'}`,
      video: () => ({ widthPx: clip.widthPx, heightPx: clip.heightPx, ...device.suffering().size, fps: Math.round(clip.timing.fps * 100) / 100, gopLength }),
    }),
  });
  const announced = (): Announced => ({ uuid: device.uuid, scopes: scopesOf(device), xaddr: `http://${told()}:${onvif.port}${devicePath}`, metadataVersion: 1 });

  device.onChange((now, before) => {
    if (now.pressed !== before.pressed) pullPoints.publish(inputEvent(now.pressed, 'Changed', device.nowMs()));
    // The picture that is frozen is the one that is shown when the fault comes.
    const position = feed.position();
    const wanted = JSON.stringify(effectsOf(now, 0));
    if (wanted !== JSON.stringify(effectsOf(before, 0))) feed.play(studio.variant(effectsOf(now, position)));
  });

  return {
    camera: {
      index,
      name: device.name,
      endpointReference: `urn:uuid:${device.uuid}`,
      onvifUrl: `http://${host}:${onvif.port}${devicePath}`,
      rtspUrl: `rtsp://${host}:${rtsp.port}/cam${index}/sub`,
      mainRtspUrl: `rtsp://${host}:${rtsp.port}/cam${index}/main`,
      username: device.username,
      password: device.password,
      guardPolygon: content.guardPolygon,
      longitude: Math.round((villageCentre.longitude + (index % 8) * 0.0009 + Math.floor(index / 8) * 0.0002) * 1e6) / 1e6,
      latitude: Math.round((villageCentre.latitude + Math.floor(index / 8) * 0.0008 + ((index * 5) % 8) * 0.00011) * 1e6) / 1e6,
      azimuthDeg: content.azimuthDeg,
      horizontalFovDeg: content.horizontalFovDeg,
      mountHeightM: content.mountHeightM,
    },
    device,
    mount,
    announced,
    async apply(fault) {
      const before = device.suffering();
      device.apply(fault);
      const now = device.suffering();
      if (fault.fault === 'clear') device.lockout.reset();
      if (now.dead && !before.dead) {
        pullPoints.close();
        rtsp.hangUp(index);
        await onvif.powerOff();
      }
      if (!now.dead && before.dead) {
        await onvif.powerOn();
        options.onRevived(announced());
      }
    },
    async close() {
      pullPoints.close();
      feed.close();
      await onvif.close();
    },
  };
}

function reachableHost(host: string): string {
  if (host !== '0.0.0.0') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
