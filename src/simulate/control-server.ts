/** Faults on demand over HTTP, for this machine only: `GET /cameras`, `POST /cameras/:i/fault`. */
import http from 'node:http';
import { asHedgerowError } from '../core/errors.js';
import type { SimulatedCamera } from './camera-device.js';
import { closeServer, listen } from './listen.js';

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

const maxBodyBytes = 16 * 1024;

export async function startControlServer(options: {
  port: number;
  cameras: readonly SimulatedCamera[];
  /** what a camera suffers from, for the list */
  faultsOf: (index: number) => object;
  /** @throws HedgerowError for what is no fault or no camera */
  apply: (index: number, fault: unknown) => Promise<void>;
}): Promise<ControlServer> {
  const host = '127.0.0.1';
  const answer = async (request: http.IncomingMessage): Promise<{ status: number; body: object }> => {
    // A page in a browser on this machine must not reach it: neither by a name of its own nor by a plain form.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '') || request.headers.origin !== undefined) return { status: 403, body: { error: 'only for this machine' } };
    const path = new URL(request.url ?? '/', 'http://control').pathname;
    if (path === '/cameras' && request.method === 'GET') {
      return { status: 200, body: { cameras: options.cameras.map((camera) => ({ ...camera, faults: options.faultsOf(camera.index) })) } };
    }
    const index = /^\/cameras\/(\d{1,4})\/fault$/.exec(path)?.[1];
    if (index === undefined || request.method !== 'POST') return { status: 404, body: { error: 'there is GET /cameras and POST /cameras/:i/fault' } };
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return { status: 415, body: { error: 'send application/json' } };
    const text = await read(request);
    if (text === undefined) return { status: 413, body: { error: `at most ${maxBodyBytes} bytes` } };
    try {
      await options.apply(Number(index), JSON.parse(text));
      return { status: 200, body: { index: Number(index), faults: options.faultsOf(Number(index)) } };
    } catch (thrown) {
      if (thrown instanceof SyntaxError) return { status: 400, body: { error: 'the body is not JSON' } };
      const error = asHedgerowError(thrown);
      return { status: error.httpStatus, body: { error: error.message, code: error.code } };
    }
  };
  const server = http.createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
        response.end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  const port = await listen(server, host, options.port);
  return {
    url: `http://${host}:${port}`,
    async close() {
      const closed = closeServer(server);
      server.closeAllConnections();
      await closed;
    },
  };
}

async function read(request: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
