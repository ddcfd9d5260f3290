/** An RTSP client for tests: one connection, video over it, and what came as RTP packets and sender reports. */
import net from 'node:net';
import { digestHeader, type Login } from './soap-client.js';

export interface RtpPacket {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly ssrc: number;
  readonly payload: Buffer;
}

export interface RtspReply {
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly body: string;
}

export class RtspClient {
  readonly packets: RtpPacket[] = [];
  readonly reports: { wallMs: number; timestamp: number }[] = [];
  readonly #socket: net.Socket;
  readonly #url: string;
  readonly #login: Login | undefined;
  #buffer = Buffer.alloc(0);
  #cseq = 0;
  #challenge: string | undefined;
  #waiting: ((reply: RtspReply) => void) | undefined;
  #wake: () => void = () => undefined;
  closed = false;

  private constructor(socket: net.Socket, url: string, login?: Login) {
    this.#socket = socket;
    this.#url = url;
    this.#login = login;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#waiting?.({ status: 0, headers: new Map(), body: '' });
      this.#wake();
    });
  }

  static async open(url: string, login?: Login): Promise<RtspClient> {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RtspClient(socket, url, login);
  }

  async send(method: string, headers: Record<string, string> = {}, url = this.#url): Promise<RtspReply> {
    const authorization = this.#challenge && this.#login ? { Authorization: digestHeader(this.#challenge, this.#login, url, undefined, method) } : {};
    const lines = [`${method} ${url} RTSP/1.0`, `CSeq: ${++this.#cseq}`, ...Object.entries({ ...authorization, ...headers }).map(([k, v]) => `${k}: ${v}`)];
    const reply = await new Promise<RtspReply>((resolve) => {
      this.#waiting = resolve;
      this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
    const challenge = reply.headers.get('www-authenticate');
    if (reply.status === 401 && challenge && this.#login && !this.#challenge) {
      this.#challenge = challenge;
      return this.send(method, headers, url);
    }
    return reply;
  }

  /** DESCRIBE, SETUP, PLAY. @returns the session description */
  async play(): Promise<string> {
    const described = await this.send('DESCRIBE', { Accept: 'application/sdp' });
    await this.send('SETUP', { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' }, `${this.#url}/trackID=0`);
    await this.send('PLAY', { Range: 'npt=0-' });
    return described.body;
  }

  /** Waits until `enough` says so; false when the connection ended or the time was over first. */
  async until(enough: () => boolean, timeoutMs = 15_000): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    while (!enough()) {
      if (this.closed || performance.now() > endMs) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      if (this.#buffer[0] === 0x24) {
        if (this.#buffer.length < 4) return;
        const length = this.#buffer.readUInt16BE(2);
        if (this.#buffer.length < 4 + length) return;
        const data = this.#buffer.subarray(4, 4 + length);
        if (this.#buffer[1] === 0) {
          this.packets.push({ sequence: data.readUInt16BE(2), timestamp: data.readUInt32BE(4), marker: ((data[1] ?? 0) & 0x80) !== 0, ssrc: data.readUInt32BE(8), payload: Buffer.from(data.subarray(12)) });
        } else if (data[1] === 200) {
          this.reports.push({ wallMs: (data.readUInt32BE(8) - 2_208_988_800) * 1000 + (data.readUInt32BE(12) / 2 ** 32) * 1000, timestamp: data.readUInt32BE(16) });
        }
        this.#buffer = this.#buffer.subarray(4 + length);
        this.#wake();
        continue;
      }
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const lines = this.#buffer.subarray(0, end).toString().split('\r\n');
      const headers = new Map(lines.slice(1).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const));
      const length = Number(headers.get('content-length') ?? 0);
      if (this.#buffer.length < end + 4 + length) return;
      const body = this.#buffer.subarray(end + 4, end + 4 + length).toString();
      this.#buffer = this.#buffer.subarray(end + 4 + length);
      this.#waiting?.({ status: Number(lines[0]?.split(' ')[1]), headers, body });
    }
  }
}

/** NAL units of RTP payloads (RFC 6184): single, STAP-A, FU-A. */
export function depacketise(payloads: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  let open: Buffer[] = [];
  for (const payload of payloads) {
    const type = (payload[0] ?? 0) & 0x1f;
    if (type === 24) {
      for (let p = 1; p + 2 <= payload.length; ) {
        const length = payload.readUInt16BE(p);
        nals.push(payload.subarray(p + 2, p + 2 + length));
        p += 2 + length;
      }
    } else if (type === 28) {
      const [indicator = 0, header = 0] = payload;
      if (header & 0x80) open = [Buffer.of((indicator & 0xe0) | (header & 0x1f))];
      open.push(payload.subarray(2));
      if (header & 0x40) nals.push(Buffer.concat(open));
    } else {
      nals.push(payload);
    }
  }
  return nals;
}
