/** The HTTP server of one simulated camera: reads SOAP requests with bounds, checks credentials, calls the service. */
import http from 'node:http';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { closeServer, listen, listenOnce } from '../listen.js';
import type { SimulateLog } from '../simulate-log.js';
import { judgeRequest } from './credentials.js';
import { sendDripping, sendGarbage, sendHuge, sendRedirect } from './mischief.js';
import { administration, preAuth, type Reply, type Service, type ServiceContext } from './service.js';
import { envelope, faultEnvelope, maxRequestBytes, notSupported, parseSoap, soapFault, type SoapFault } from './soap.js';

export interface OnvifServer {
  readonly port: number;
  /** Closes the port and cuts every connection, as a device without power. */
  powerOff(): Promise<void>;
  /** Listens on the same port again. */
  powerOn(): Promise<void>;
  close(): Promise<void>;
}

/** Connections of one camera at once; devices have few. */
const maxConnections = 64;

export async function startOnvifServer(options: {
  host: string;
  port: number;
  clock: Clock;
  log: SimulateLog;
  services: readonly Service[];
  /** called once the port is known */
  context: (port: number) => ServiceContext;
}): Promise<OnvifServer> {
  const { host, clock, log, services } = options;
  const closing = new AbortController();
  const known: { context?: ServiceContext } = {};
  let turn = 0;

  const handle = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { context } = known;
    if (!context) return;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    const url = new URL(request.url ?? '/', 'http://camera');
    const { device } = context;
    const state = device.suffering();
    const text = await readBody(request);
    if (state.endlessRedirect) return sendRedirect(response, url);
    if (state.hugeReplyBytes !== null) return sendHuge(response, state.hugeReplyBytes, signal);
    if (state.garbageSoap) return sendGarbage(response, turn++);
    const send = async (status: number, body: string, headers: http.OutgoingHttpHeaders = {}): Promise<void> => {
      const bytes = Buffer.from(body, 'utf8');
      const all = { 'Content-Type': 'application/soap+xml; charset=utf-8', ...headers };
      if (state.dripMs !== null) return sendDripping(response, status, all, bytes, state.dripMs, clock, signal);
      response.writeHead(status, { ...all, 'Content-Length': bytes.length });
      response.end(bytes);
    };
    const service = services.find((s) => s.path === url.pathname);
    if (!service) return send(404, '', { 'Content-Type': 'text/plain' });
    if (request.method !== 'POST') return send(405, '', { Allow: 'POST', 'Content-Type': 'text/plain' });
    if (text === undefined) return send(413, '', { Connection: 'close', 'Content-Type': 'text/plain' });
    const soap = parseSoap(text);
    if (!soap) return send(400, faultEnvelope(soapFault(400, ['ter:WellFormed'], 'The request is not a SOAP 1.2 envelope')));
    if (!preAuth.has(soap.operation)) {
      const passage = judgeRequest(device, request.headers.authorization, soap, request.method);
      if (passage.status === 'challenge') {
        return send(401, faultEnvelope(notAuthorized('Sender not authorized')), { 'WWW-Authenticate': device.httpDigest.challenge(passage.stale) });
      }
      if (passage.status === 'not-authorized') return send(400, faultEnvelope(notAuthorized(passage.reason)));
      if (administration.has(soap.operation) && passage.account && passage.account.level !== 'Administrator') return send(400, faultEnvelope(notAuthorized('The account may not do this')));
    }
    const operation = Object.hasOwn(service.operations, soap.operation) ? service.operations[soap.operation] : undefined;
    const reply = operation ? await operation({ request: soap, context, query: url.searchParams, signal }) : notSupported(soap.operation);
    if (signal.aborted) return void response.destroy();
    return isFault(reply) ? send(reply.status, faultEnvelope(reply)) : send(200, 'body' in reply ? envelope(reply.body, reply.header) : envelope(reply));
  };

  const server = http.createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024, keepAliveTimeout: 15_000 }, (request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      log.warn({ camera: known.context?.device.index, error: messageOf(thrown) }, 'an ONVIF request failed');
      response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  const port = await listen(server, host, options.port);
  known.context = options.context(port);

  const powerOff = async (): Promise<void> => {
    const closed = closeServer(server);
    server.closeAllConnections();
    await closed;
  };
  return {
    port,
    powerOff,
    async powerOn() {
      if (!server.listening) await listenOnce(server, host, port);
    },
    async close() {
      closing.abort();
      await powerOff();
    },
  };
}

const notAuthorized = (reason: string): SoapFault => soapFault(400, ['ter:NotAuthorized'], reason);

function isFault(reply: Reply): reply is SoapFault {
  return 'fault' in reply;
}

/** The body as text; undefined when it is longer than a request may be. */
async function readBody(request: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxRequestBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
