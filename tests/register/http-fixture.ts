/** Replies with their HTTP head, written to the socket as they stand in `tests/fixtures/onvif/*.http`. */
import { fixture, type DeviceReply } from './device-server.js';

/**
 * @param values what to put in for `{name}`
 * @returns a reply that ends the connection after the last byte of the fixture
 */
export function httpReply(name: string, values: Readonly<Record<string, string>> = {}): DeviceReply {
  const text = filled(name, values).replace(/^#.*\n/, '');
  const split = text.indexOf('\n\n');
  const [head, body] = [text.slice(0, split), text.slice(split + 2)];
  const length = /^content-length:/im.test(head) ? '' : `\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return { raw: (response) => void response.socket?.end(`${head.replaceAll('\n', '\r\n')}${length}\r\nConnection: close\r\n\r\n${body}`) };
}

/** A fixture with values put in for `{name}`. */
export function filled(name: string, values: Readonly<Record<string, string | number>> = {}): string {
  return Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, String(value)), fixture(name));
}
