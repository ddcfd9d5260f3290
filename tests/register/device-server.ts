/** A tiny ONVIF device over real HTTP whose every reply a test decides. Keeps what it was sent. */
import http from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

export interface DeviceRequest {
  /** name of the operation, without prefix */
  readonly operation: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}
export interface DeviceReply {
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
  /** takes the response over */
  readonly raw?: (response: http.ServerResponse) => void;
}

export interface DeviceServer {
  readonly url: string;
  readonly port: number;
  readonly requests: DeviceRequest[];
  answer: (request: DeviceRequest) => DeviceReply;
  close(): Promise<void>;
}

export const fixture = (name: string): string => readFileSync(path.join(import.meta.dirname, '../fixtures/onvif', name), 'utf8');

export const soap = (inner: string): string =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>${inner}</s:Body></s:Envelope>`;
export const fault = (subcode: string, reason: string): string =>
  soap(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`);
export const information = soap(
  '<tds:GetDeviceInformationResponse><tds:Manufacturer>Maker</tds:Manufacturer><tds:Model>M1</tds:Model><tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>00000000</tds:SerialNumber><tds:HardwareId/></tds:GetDeviceInformationResponse>',
);
export const dateTime = (utcMs: number, localMs?: number): string => {
  const write = (name: string, ms: number): string => {
    const d = new Date(ms);
    return `<tt:${name}><tt:Time><tt:Hour>${d.getUTCHours()}</tt:Hour><tt:Minute>${d.getUTCMinutes()}</tt:Minute><tt:Second>${d.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${d.getUTCFullYear()}</tt:Year><tt:Month>${d.getUTCMonth() + 1}</tt:Month><tt:Day>${d.getUTCDate()}</tt:Day></tt:Date></tt:${name}>`;
  };
  return soap(`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>${write('UTCDateTime', utcMs)}${localMs === undefined ? '' : write('LocalDateTime', localMs)}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`);
};

export async function startDevice(answer: (request: DeviceRequest) => DeviceReply): Promise<DeviceServer> {
  const requests: DeviceRequest[] = [];
  const server = http.createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (c: Buffer) => chunks.push(c));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const operation = /<s:Body><(?:\w+:)?(\w+)/.exec(body)?.[1] ?? '';
      const request = { operation, path: incoming.url ?? '', headers: incoming.headers, body };
      requests.push(request);
      const reply = device.answer(request);
      if (reply.raw) reply.raw(response);
      else response.writeHead(reply.status ?? 200, { 'Content-Type': 'application/soap+xml', ...reply.headers }).end(reply.body ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const device: DeviceServer = {
    url: `http://127.0.0.1:${port}/onvif/device_service`,
    port,
    requests,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return device;
}
