/** A receiver of webhooks as a stranger would write it from the README: it verifies, and drops what it has already. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly key: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** The three steps of src/alert/README.md. */
export function verify(secret: string, received: Pick<Received, 'timestamp' | 'signature' | 'body'>, nowMs: number): 'good' | 'stale' | 'forged' {
  if (!/^\d+$/.test(received.timestamp) || Math.abs(nowMs / 1000 - Number(received.timestamp)) > 300) return 'stale';
  const wanted = Buffer.from(`v1=${createHmac('sha256', secret).update(`${received.timestamp}.${received.body}`).digest('hex')}`);
  const came = Buffer.from(received.signature);
  return came.length === wanted.length && timingSafeEqual(came, wanted) ? 'good' : 'forged';
}

export type Answer = number | { status: number; headers?: Record<string, string>; body?: string | (() => Iterable<string>) } | 'hang' | 'drop';

export interface Receiver {
  readonly port: number;
  readonly received: Received[];
  /** decides what is answered; 204 by default */
  answer: (received: Received) => Answer | Promise<Answer>;
  close(): Promise<void>;
}

export async function listen(host = '127.0.0.1'): Promise<Receiver> {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const header = (name: string): string => String(request.headers[name] ?? '');
      const one: Received = {
        key: header('hedgerow-idempotency-key'),
        timestamp: header('hedgerow-timestamp'),
        signature: header('hedgerow-signature'),
        body: Buffer.concat(chunks).toString('utf8'),
        headers: request.headers,
      };
      received.push(one);
      void (async () => {
        const answer = await receiver.answer(one);
        if (answer === 'hang') return;
        if (answer === 'drop') return void request.socket.destroy();
        const { status, headers = {}, body = '' } = typeof answer === 'number' ? { status: answer } : answer;
        response.writeHead(status, headers);
        if (typeof body === 'string') return void response.end(body);
        for (const chunk of body()) {
          if (response.destroyed) return;
          if (!response.write(chunk)) {
            await new Promise<void>((resolve) => {
              const go = (): void => {
                response.off('drain', go).off('close', go);
                resolve();
              };
              response.on('drain', go).on('close', go);
            });
          }
        }
        response.end();
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const receiver: Receiver = {
    port: (server.address() as AddressInfo).port,
    received,
    answer: () => 204,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
