/** An ONVIF device with a lock: HTTP Digest for everything but its clock, and an account that locks after some wrong log-ins. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { SystemClock } from '../../src/core/clock.js';
import { createDigestDoor } from '../../src/simulate/auth/http-digest.js';
import { dateTime, fault, soap } from './device-server.js';

export interface LockedDeviceOptions {
  readonly host?: string;
  readonly username?: string;
  readonly password?: string;
  /** the wrong log-in with this number locks */
  readonly locksAfter?: number;
  /** says after each wrong one how many are left, beginning with so many */
  readonly saysLeft?: number;
  readonly serial?: string;
  readonly endpointReference?: string;
  readonly sources?: readonly string[];
  /** path of the stream that it tells */
  readonly streamPath?: string;
  /** every request takes so long */
  readonly slowMs?: number;
  /** nothing is closed: it asks nobody for a log-in */
  readonly open?: boolean;
  /** nothing but this one operation is closed */
  readonly closedOnly?: string;
}

export type LockedDevice = Awaited<ReturnType<typeof startLockedDevice>>;

export async function startLockedDevice(options: LockedDeviceOptions = {}) {
  const { host = '127.0.0.1', username = 'admin', password = 'right', locksAfter = 5, sources = ['V0'], slowMs = 0 } = options;
  let taken = password;
  const door = createDigestDoor({ realm: 'cam', passwordOf: (name) => (name === username ? taken : undefined), clock: new SystemClock(), qop: true });
  const seen = { wrong: 0, users: [] as string[], requests: 0, inFlight: 0, mostInFlight: 0, basic: 0, locked: false };

  function answer(operation: string, authorization: string | undefined, token: boolean): { status: number; body: string; challenge?: string } {
    if (operation === 'GetSystemDateAndTime') return { status: 200, body: dateTime(Date.now()) };
    if (!options.open && (options.closedOnly ?? operation) === operation) {
      if (/^basic/i.test(authorization ?? '')) seen.basic++;
      const verdict = authorization === undefined ? 'none' : door.verify(authorization, 'POST');
      if (authorization !== undefined) seen.users.push(/username="([^"]*)"/.exec(authorization)?.[1] ?? '?');
      // A token is a log-in too, of a kind that it does not know.
      if (verdict === 'wrong' || token) seen.wrong++;
      if (seen.wrong >= locksAfter) seen.locked = true;
      if (seen.locked || verdict !== 'right') {
        const left = options.saysLeft === undefined ? '' : ` You still have ${Math.max(0, options.saysLeft - seen.wrong)} attempt(s)`;
        return { status: 401, body: fault('NotAuthorized', `Sender not authorized.${authorization === undefined && !token ? '' : left}`), challenge: door.challenge(verdict === 'stale') };
      }
    }
    const service = `http://${host}:${port}/media`;
    switch (operation) {
      case 'GetDeviceInformation':
        return { status: 200, body: soap(`<tds:GetDeviceInformationResponse><tds:Manufacturer>Maker</tds:Manufacturer><tds:Model>M1</tds:Model><tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>${options.serial ?? ''}</tds:SerialNumber></tds:GetDeviceInformationResponse>`) };
      case 'GetServices':
        return { status: 200, body: soap(`<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace><tds:XAddr>${service}</tds:XAddr></tds:Service></tds:GetServicesResponse>`) };
      case 'GetEndpointReference':
        return options.endpointReference === undefined ? { status: 500, body: fault('ActionNotSupported', 'no') } : { status: 200, body: soap(`<tds:GetEndpointReferenceResponse><tds:GUID>${options.endpointReference}</tds:GUID></tds:GetEndpointReferenceResponse>`) };
      case 'GetProfiles':
        return { status: 200, body: soap(`<GetProfilesResponse>${sources.map((s) => `<Profiles token="P_${s}"><Name>${s}</Name><VideoSourceConfiguration token="C_${s}"><SourceToken>${s}</SourceToken></VideoSourceConfiguration><VideoEncoderConfiguration><Encoding>H264</Encoding><Resolution><Width>640</Width><Height>360</Height></Resolution></VideoEncoderConfiguration></Profiles>`).join('')}</GetProfilesResponse>`) };
      case 'GetStreamUri':
        return { status: 200, body: soap(`<GetStreamUriResponse><MediaUri><Uri>rtsp://${host}:8554${options.streamPath ?? '/live'}</Uri></MediaUri></GetStreamUriResponse>`) };
      default:
        return { status: 500, body: fault('ActionNotSupported', 'no') };
    }
  }

  const server = http.createServer((incoming, response) => {
    seen.requests++;
    seen.mostInFlight = Math.max(seen.mostInFlight, ++seen.inFlight);
    response.once('close', () => seen.inFlight--);
    const chunks: Buffer[] = [];
    incoming.on('data', (c: Buffer) => chunks.push(c));
    incoming.on('end', () => {
      const sent = Buffer.concat(chunks).toString('utf8');
      const { status, body, challenge } = answer(/<s:Body><(?:\w+:)?(\w+)/.exec(sent)?.[1] ?? '', incoming.headers.authorization, sent.includes('UsernameToken'));
      const send = (): void => void response.writeHead(status, { 'Content-Type': 'application/soap+xml', ...(challenge === undefined ? {} : { 'WWW-Authenticate': challenge }) }).end(body);
      if (slowMs > 0) setTimeout(send, slowMs);
      else send();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}/onvif/device_service`,
    port,
    seen,
    setPassword(next: string) {
      taken = next;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
