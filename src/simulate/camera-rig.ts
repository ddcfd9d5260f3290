/**
 * One device put together: its channels (a camera has one, a recorder several), ONVIF server, faults. Faults of the picture
 * become variants of the loops of all its channels.
 */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { createCameraDevice, type CameraDevice, type SimulatedCamera, type SimulatedChannel } from './camera-device.js';
import type { CameraContent, Content } from './content/content.js';
import { ticksPerSecond } from './content/clip.js';
import { effectsOf, gopGroupsOf } from './content/variants.js';
import type { Announced } from './discovery/messages.js';
import type { Fault } from './fault.js';
import { analyticsService } from './onvif/analytics-service.js';
import type { Channel, Stream } from './onvif/channel.js';
import { deviceIoService } from './onvif/device-io-service.js';
import { createDeviceService, devicePath, scopesOf } from './onvif/device-service.js';
import { eventService, inputEvent, subscriptionService } from './onvif/event-service.js';
import { mediaService } from './onvif/media-service.js';
import { media2Service } from './onvif/media2-service.js';
import { createPullPoints } from './onvif/pull-points.js';
import { createRecorder } from './onvif/recorder.js';
import { createSearchService, recordingService } from './onvif/recording-services.js';
import { startOnvifServer } from './onvif/server.js';
import type { Service } from './onvif/service.js';
import { createCameraFeed } from './rtsp/camera-feed.js';
import type { RtspMount, RtspServer } from './rtsp/server.js';
import { isSituation, needsScene } from './scene/situation.js';
import type { SimulateLog } from './simulate-log.js';

export interface CameraRig {
  readonly camera: SimulatedCamera;
  readonly device: CameraDevice;
  /** @param channel counted from 1; undefined when there is none, or none such stream */
  mount(channel: number, stream: Stream): RtspMount | undefined;
  /** how discovery speaks of it now */
  announced(): Announced;
  apply(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

/** Where the village lies: cameras stand along its street. */
const villageCentre = { longitude: 116.587, latitude: 35.415 };
const villageElevationM = 38;
/** A situation that is asked for so soon after the start was there before the camera. */
const freshMs = 1000;

export async function createRig(options: {
  index: number;
  seed: number;
  host: string;
  port: number;
  /** video sources; more than one makes it a recorder */
  channels: number;
  requireAuth: boolean;
  clock: Clock;
  log: SimulateLog;
  rtsp: RtspServer;
  content: Content;
  onRevived: (announced: Announced) => void;
}): Promise<CameraRig> {
  const { index, clock, log, rtsp } = options;
  // The channels of a recorder show the places that follow its own.
  const contents = Array.from({ length: options.channels }, (_, i) => options.content.of(index + i));
  const own = contents[0] ?? options.content.of(index);
  const device = createCameraDevice({ index, name: own.name, seed: options.seed, clock, requireAuth: options.requireAuth });
  const feeds = contents.map(({ clip, startGop }) => createCameraFeed({ clip, clock, startGop }));
  const pullPoints = createPullPoints({ clock, cameraNowMs: device.nowMs });
  const host = reachableHost(options.host);
  const told = (): string => device.suffering().wrongHost ?? host;
  const pathOf = (number: number, stream: Stream): string => `/cam${index}${options.channels === 1 ? '' : `/ch${number}`}/${stream}`;
  const channels = contents.map((content, i): Channel => channelOf(content, i + 1, device, (stream) => `rtsp://${told()}:${rtsp.port}${pathOf(i + 1, stream)}`));
  const recorder = createRecorder(device, channels);
  const place = {
    longitude: Math.round((villageCentre.longitude + (index % 8) * 0.0009 + Math.floor(index / 8) * 0.0002) * 1e6) / 1e6,
    latitude: Math.round((villageCentre.latitude + Math.floor(index / 8) * 0.0008 + ((index * 5) % 8) * 0.00011) * 1e6) / 1e6,
    elevationM: villageElevationM,
  };
  const services: Service[] = [];
  services.push(
    createDeviceService(() => services.filter((service) => service !== subscriptionService)),
    mediaService, media2Service, eventService, deviceIoService, createSearchService(), recordingService, analyticsService, subscriptionService,
  );
  let cancelRestart = (): void => undefined;
  const onvif = await startOnvifServer({
    host: options.host, port: options.port, clock, log, services,
    context: (httpPort) => ({
      device, pullPoints, recorder, channels, place, host, httpPort, clock,
      rtspPort: rtsp.port,
      url: (path) => `http://${told()}:${httpPort}${path}`,
      async restart(downMs) {
        cancelRestart();
        await apply({ fault: 'die', on: true });
        later(downMs, { fault: 'die', on: false });
      },
    }),
  });
  const announced = (): Announced => ({ uuid: device.uuid, scopes: scopesOf(device), xaddr: `http://${told()}:${onvif.port}${devicePath}`, metadataVersion: 1 });

  device.onChange((now, before) => {
    if (now.pressed !== before.pressed) pullPoints.publish(inputEvent(now.pressed, 'Changed', device.nowMs()));
    for (const [i, feed] of feeds.entries()) {
      const content = contents[i];
      if (!content) continue;
      // The picture that is frozen is the one that is shown when the fault comes.
      const effects = effectsOf(now, feed.position(), content.clip);
      // What was there before the camera, or comes with its start, is in its first picture.
      const waits = now.dead || (clock.nowMs() - device.bootedMs < freshMs && now.situations.length > 0);
      if (JSON.stringify(effectsOf(now, 0, content.clip)) !== JSON.stringify(effectsOf(before, 0, content.clip))) feed.play(content.studio.variant(effects), waits);
    }
  });

  const later = (ms: number, fault: Fault): void => {
    cancelRestart = clock.after(ms, () => void apply(fault).catch((thrown: unknown) => log.warn({ camera: index, error: messageOf(thrown) }, 'a camera did not come back')));
  };

  /** @throws HedgerowError `simulate.fault` for somebody who is to stand in a scene that is not drawn */
  async function apply(fault: Fault): Promise<void> {
    if (isSituation(fault) && needsScene(fault) && !own.drawn) throw new HedgerowError('simulate.fault', `Only a drawn scene can show "${fault.fault}": this camera plays a file.`);
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
    if (fault.fault === 'reboot' || fault.fault === 'clear') cancelRestart();
    if (fault.fault === 'reboot' && fault.on) {
      cancelRestart = clock.after(fault.downSeconds * 1000, () => {
        void apply({ fault: 'die', on: false }).then(() => later(fault.firstSeconds * 1000, { ...fault, on: false })).catch((thrown: unknown) => log.warn({ camera: index, error: messageOf(thrown) }, 'a camera did not come back'));
      });
    }
  }

  const shown = contents.map((content, i): SimulatedChannel => ({
    sourceToken: `VideoSource_${i + 1}`,
    name: content.name,
    rtspUrl: `rtsp://${host}:${rtsp.port}${pathOf(i + 1, 'sub')}`,
    mainRtspUrl: `rtsp://${host}:${rtsp.port}${pathOf(i + 1, 'main')}`,
    guardPolygon: content.guardPolygon,
    azimuthDeg: content.azimuthDeg,
    horizontalFovDeg: content.horizontalFovDeg,
    mountHeightM: content.mountHeightM,
  }));

  return {
    camera: {
      index,
      name: device.name,
      endpointReference: `urn:uuid:${device.uuid}`,
      onvifUrl: `http://${host}:${onvif.port}${devicePath}`,
      rtspUrl: `rtsp://${host}:${rtsp.port}${pathOf(1, 'sub')}`,
      mainRtspUrl: `rtsp://${host}:${rtsp.port}${pathOf(1, 'main')}`,
      username: device.username,
      get password() {
        return device.accounts.find(device.username)?.password ?? '';
      },
      channels: shown,
      guardPolygon: own.guardPolygon,
      longitude: place.longitude,
      latitude: place.latitude,
      azimuthDeg: own.azimuthDeg,
      horizontalFovDeg: own.horizontalFovDeg,
      mountHeightM: own.mountHeightM,
    },
    device,
    mount(number, stream) {
      const [content, feed] = [contents[number - 1], feeds[number - 1]];
      if (!content || !feed || (stream === 'sub' && device.suffering().mainOnly)) return undefined;
      return { device, clip: content.clip, feed };
    },
    announced,
    apply,
    async close() {
      cancelRestart();
      pullPoints.close();
      for (const feed of feeds) feed.close();
      await onvif.close();
    },
  };
}

function channelOf(content: CameraContent, number: number, device: CameraDevice, streamUrl: Channel['streamUrl']): Channel {
  const { timing, widthPx, heightPx } = content.clip;
  const gopLength = Math.round((timing.durationTicks / timing.gopStartTicks.length / ticksPerSecond) * timing.fps);
  return {
    number,
    name: content.name,
    sourceToken: `VideoSource_${number}`,
    configurationToken: `SourceConfig_${number}`,
    analyticsToken: `Analytics_${number}`,
    streamUrl,
    video() {
      const state = device.suffering();
      return { widthPx, heightPx, ...state.size, fps: Math.round(timing.fps * 100) / 100, gopLength: gopLength * (gopGroupsOf(state, content.clip) ?? 1) };
    },
    azimuthDeg: content.azimuthDeg,
    horizontalFovDeg: content.horizontalFovDeg,
  };
}

function reachableHost(host: string): string {
  if (host !== '0.0.0.0') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
