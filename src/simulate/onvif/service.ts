/** What every ONVIF service of a simulated camera is made of. */
import type { Clock } from '../../core/clock.js';
import type { CameraDevice } from '../camera-device.js';
import { profilesOf, type Channel, type Profile } from './channel.js';
import type { PullPoints } from './pull-points.js';
import type { Recorder } from './recorder.js';
import type { SoapFault, SoapRequest } from './soap.js';
import type { Xml } from './xml.js';

export interface ServiceContext {
  readonly device: CameraDevice;
  readonly pullPoints: PullPoints;
  readonly recorder: Recorder;
  /** address of one of our HTTP paths as it is told to clients; faults may make it wrong */
  url(path: string): string;
  /** at least one */
  readonly channels: readonly Channel[];
  /** where the device really stands */
  readonly place: { readonly longitude: number; readonly latitude: number; readonly elevationM: number };
  /** Switches the device off, and on again after so long. */
  restart(downMs: number): Promise<void>;
  readonly clock: Clock;
  /** our host as the device sees it */
  readonly host: string;
  readonly httpPort: number;
  readonly rtspPort: number;
}

export interface Call {
  readonly request: SoapRequest;
  readonly context: ServiceContext;
  /** query of the address that was called */
  readonly query: URLSearchParams;
  /** aborts when the client is gone or the village closes */
  readonly signal: AbortSignal;
}

export type Reply = Xml | { readonly body: Xml; readonly header: Xml } | SoapFault;
export type Operation = (call: Call) => Reply | Promise<Reply>;

export interface Service {
  readonly path: string;
  readonly namespace: string;
  readonly version: readonly [major: number, minor: number];
  readonly operations: Readonly<Record<string, Operation>>;
}

/** Operations of access class PRE_AUTH (ONVIF Core, 5.9.4.3). */
export const preAuth: ReadonlySet<string> = new Set([
  'GetSystemDateAndTime', 'GetServices', 'GetServiceCapabilities', 'GetCapabilities', 'GetHostname', 'GetEndpointReference', 'GetWsdlUrl',
]);

/** Operations that only an administrator may use (READ_SYSTEM_SECRET, WRITE_SYSTEM; ONVIF Core, 5.9.4.3). */
export const administration: ReadonlySet<string> = new Set(['GetUsers', 'SetUser']);

/** The profiles that there are now. */
export function profilesNow({ device, channels }: ServiceContext): readonly Profile[] {
  return channels.flatMap((channel) => profilesOf(channel, channels.length === 1, device.suffering().mainOnly));
}

export function profileNow(context: ServiceContext, token: string | undefined): Profile | undefined {
  return profilesNow(context).find((profile) => profile.token === token);
}

/** A time as ONVIF writes it, to the second. */
export function onvifTime(epochMs: number): string {
  return `${new Date(clampTime(epochMs)).toISOString().slice(0, 19)}Z`;
}

/** A clock that is set far off stays within what a date can be. */
export function clampTime(epochMs: number): number {
  return Math.min(Math.max(epochMs, 0), 253_402_300_799_000);
}
