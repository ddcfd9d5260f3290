/**
 * Many devices that only answer discovery, on one socket: for tests and measurements of a large network. On demand all of
 * them share one HTTP port that tells its clock, the question that needs no log-in. No pictures, no other service.
 */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { Clock } from '../../core/clock.js';
import { closeServer, listen } from '../listen.js';
import { createRandom } from '../random.js';
import type { SimulateLog } from '../simulate-log.js';
import type { Announced } from './messages.js';
import { startDiscoveryResponder } from './responder.js';

/** WS-Discovery 2005/04, APP_MAX_DELAY. */
const appMaxDelayMs = 500;
const maxBodyBytes = 64 * 1024;

export interface SwarmDevice {
  /** `urn:uuid:…`, the same for the same seed */
  readonly endpointReference: string;
  /** device service */
  readonly address: string;
  readonly macAddress: string;
}

export interface DeviceSwarm {
  readonly devices: readonly SwarmDevice[];
  /** false when the discovery port could not be opened */
  readonly listening: boolean;
  /** port of the shared HTTP service; null without one */
  readonly httpPort: number | null;
  /** One device moves: it says Hello with another service address. */
  move(index: number, address: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param options.host address that the devices name; a dotted quad
 * @param options.http one HTTP port for all of them; else each names a port of its own, where nobody listens
 * @param options.interfaces IPv4 addresses to answer on; with several of them each device answers a discovery on each
 * @param options.spreadMs how long a device waits with its answer at most
 */
export async function startDeviceSwarm(options: {
  devices: number;
  clock: Clock;
  log: SimulateLog;
  seed?: number;
  host?: string;
  http?: boolean;
  interfaces?: readonly string[];
  spreadMs?: number;
}): Promise<DeviceSwarm> {
  const random = createRandom(options.seed ?? 1);
  const { clock, log, seed = 1, host = '127.0.0.1', spreadMs = appMaxDelayMs } = options;
  const server = options.http === true ? createClockServer(clock) : undefined;
  const httpPort = server ? await listen(server, host, 0) : null;
  const told: Announced[] = [];
  const devices: SwarmDevice[] = Array.from({ length: options.devices }, (_unused, index) => {
    const hash = createHash('sha256').update(`hedgerow swarm ${seed} device ${index}`).digest('hex');
    const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-9${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
    const macAddress = `02:${[32, 34, 36, 38, 40].map((at) => hash.slice(at, at + 2)).join(':')}`;
    const address = httpPort === null ? `http://${host}:${20_000 + index}/onvif/device_service` : `http://${host}:${httpPort}/swarm/${index}/onvif/device_service`;
    const scopes = [`onvif://www.onvif.org/name/Swarm%20${index}`, 'onvif://www.onvif.org/hardware/SW-1', 'onvif://www.onvif.org/Profile/Streaming', `onvif://www.onvif.org/MacAddress/${macAddress}`];
    told.push({ uuid, scopes, xaddr: address, metadataVersion: 1 });
    return { endpointReference: `urn:uuid:${uuid}`, address, macAddress };
  });
  const responder = await startDiscoveryResponder({
    devices: () => told,
    log,
    instanceId: Math.floor(clock.nowMs() / 1000) % 2 ** 31,
    ...(options.interfaces ? { interfaces: options.interfaces } : {}),
    ...(spreadMs > 0 ? { spread: { clock, maxMs: spreadMs, random: () => random.next() } } : {}),
  });
  return {
    devices,
    listening: responder.listening,
    httpPort,
    async move(index, address) {
      const before = told[index];
      if (!before) return;
      const after = { ...before, xaddr: address, metadataVersion: before.metadataVersion + 1 };
      told[index] = after;
      await responder.hello(after);
    },
    async close() {
      await responder.close();
      if (!server) return;
      server.closeAllConnections();
      await closeServer(server);
    },
  };
}

/** Answers GetSystemDateAndTime on every path that ends like a device service, and nothing else. */
function createClockServer(clock: Clock): http.Server {
  return http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > maxBodyBytes) request.destroy();
    });
    request.on('end', () => {
      const isAsked = request.method === 'POST' && request.url?.endsWith('/onvif/device_service') === true && body.includes('GetSystemDateAndTime');
      response.writeHead(isAsked ? 200 : 404, { 'Content-Type': isAsked ? 'application/soap+xml; charset=utf-8' : 'text/plain' });
      response.end(isAsked ? clockReply(new Date(clock.nowMs())) : '');
    });
  });
}

function clockReply(now: Date): string {
  const time = `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>`;
  const date = `<tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>`;
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body><tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone><tt:UTCDateTime>${time}${date}</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse></s:Body></s:Envelope>`;
}
