/** RTSP servers that do one thing wrong, on a free port of the loopback. They need no video. */
import net from 'node:net';

export interface BadCamera {
  readonly url: string;
  readonly port: number;
  /** request lines and headers of every connection, in order */
  readonly heard: string[];
  readonly connections: () => number;
  close(): Promise<void>;
}

/** @param answer called with every complete request; writes what it likes */
export async function badCamera(answer: (request: { method: string; cseq: string; text: string; nth: number }, socket: net.Socket) => void, onConnect?: (socket: net.Socket) => void, host = '127.0.0.1'): Promise<BadCamera> {
  const heard: string[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onConnect?.(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        heard.push(request);
        answer({ method: request.split(' ')[0] ?? '', cseq: /^CSeq: *(\d+)/im.exec(request)?.[1] ?? '0', text: request, nth: connections }, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `rtsp://${host}:${port}/cam`,
    port,
    heard,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

export function reply(cseq: string, status: string, headers: readonly string[] = [], body = ''): string {
  return [`RTSP/1.0 ${status}`, `CSeq: ${cseq}`, ...headers, ...(body ? ['Content-Type: application/sdp', `Content-Length: ${body.length}`] : []), '', body].join('\r\n');
}

export const someSdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=x', 't=0 0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1', 'a=control:track1', ''].join('\r\n');

/** Answers the whole handshake as a camera does; `after` sees the socket once PLAY was answered. */
export function handshake(after: (socket: net.Socket) => void, sdp = someSdp) {
  return ({ method, cseq }: { method: string; cseq: string }, socket: net.Socket): void => {
    switch (method) {
      case 'DESCRIBE':
        socket.write(reply(cseq, '200 OK', [], sdp));
        return;
      case 'SETUP':
        socket.write(reply(cseq, '200 OK', ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1', 'Session: 1']));
        return;
      case 'PLAY':
        socket.write(reply(cseq, '200 OK', ['Session: 1', 'Range: npt=0-']));
        after(socket);
        return;
      default:
        socket.write(reply(cseq, '200 OK', ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN']));
    }
  };
}
