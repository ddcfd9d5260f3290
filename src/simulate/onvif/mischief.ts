/** Replies of a broken device: garbage, a flood, redirects without end, a drip. Back-pressure holds for all of them. */
import type http from 'node:http';
import { once } from 'node:events';
import type { Clock } from '../../core/clock.js';

const garbage = [
  Buffer.from([0xff, 0xfe, 0x00, 0x3c, 0x80, 0x81, 0x0d, 0x0a, 0x1b, 0x5b, 0x41, 0xc3, 0x28]),
  Buffer.from('<!DOCTYPE html><html><head><title>login</title></head><body><form action="/login.cgi"><input name="user"></form></body></html>'),
  Buffer.from('<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><tds:GetServicesResponse><tds:Serv'),
  Buffer.from('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'),
  Buffer.from(''),
] as const;

/** @param turn counts up, so that each reply is of another kind */
export function sendGarbage(response: http.ServerResponse, turn: number): void {
  const body = garbage[turn % garbage.length] ?? Buffer.alloc(0);
  response.writeHead(200, { 'Content-Type': 'application/soap+xml; charset=utf-8', 'Content-Length': body.length });
  response.end(body);
}

/** One reply of so many bytes that begins like XML and never ends as such. */
export async function sendHuge(response: http.ServerResponse, bytes: number, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/soap+xml; charset=utf-8' });
  const chunk = Buffer.alloc(64 * 1024, '<x>flood</x>');
  response.write('<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>');
  for (let sent = 0; sent < bytes && !signal.aborted; sent += chunk.length) {
    if (response.write(chunk)) continue;
    await once(response, 'drain', { signal }).catch(() => undefined);
  }
  response.end();
}

export function sendRedirect(response: http.ServerResponse, url: URL): void {
  const hop = Number(/\/hop(\d+)$/.exec(url.pathname)?.[1] ?? 0) + 1;
  response.writeHead(307, { Location: `${url.pathname.replace(/\/hop\d+$/, '')}/hop${hop}`, 'Content-Length': 0 });
  response.end();
}

/** The right reply, 16 bytes at a time. */
export async function sendDripping(response: http.ServerResponse, status: number, headers: http.OutgoingHttpHeaders, body: Buffer, everyMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  for (let at = 0; at < body.length && !signal.aborted; at += 16) {
    response.write(body.subarray(at, at + 16));
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
  response.end();
}
