/**
 * Builds the HTTP server from the ports it is handed. Building never listens: `app.listen` or `app.inject` is the caller's.
 *
 * A request goes: security headers, host check, rate limit, who asks, may they, plain text only, body and query against
 * their schemas, handler, answer against its schema.
 */
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { messageOf, HedgerowError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import { requireAccess } from './access.js';
import type { Api, ApiDeps } from './api-deps.js';
import { addAuthentication, identifyBy } from './authenticate.js';
import { addConsole } from './console-files.js';
import { createEventStreams } from './event-streams.js';
import { createEvidence } from './evidence.js';
import { createLiveStreams } from './live-streams.js';
import { addOpenApi } from './openapi.js';
import { addOriginCheck } from './origin.js';
import { addPlainTextCheck } from './plain-text.js';
import { errorOf, problemOf, sendProblem } from './problem.js';
import { addRoutes } from './routes/all-routes.js';
import { addSecurityHeaders } from './security-headers.js';

export type { Api, ApiDeps } from './api-deps.js';

/** What a JSON body may be long; tables may be as long as the configuration says. */
const maxJsonBytes = 1_048_576;
const minuteMs = 60_000;

/** @throws HedgerowError `process.defect` when a route does not say who may use it */
export async function createApi(deps: ApiDeps): Promise<Api> {
  const { config, log } = deps;
  const app: Api = fastify({
    logger: false,
    bodyLimit: Math.min(maxJsonBytes, config.bodyLimitBytes),
    // One hop: the address that our own proxy saw, not what a client claims.
    trustProxy: config.trustProxy ? (_address, hop) => hop === 0 : false,
    requestTimeout: minuteMs,
    genReqId: () => newId(),
    forceCloseConnections: 'idle',
    frameworkErrors: (thrown, request, reply) => {
      void sendProblem(request, reply, errorOf(thrown));
    },
    clientErrorHandler(thrown, socket) {
      if (!socket.writable || thrown.code === 'ECONNRESET') return void socket.destroy();
      const tooLarge = thrown.code === 'HPE_HEADER_OVERFLOW';
      const body = JSON.stringify(problemOf(new HedgerowError(tooLarge ? 'request.too-large' : 'request.invalid', 'This is not HTTP that can be read.'), newId()));
      const status = tooLarge ? '413 Content Too Large' : '400 Bad Request';
      socket.end(`HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  const evidence = createEvidence(deps);
  app.setErrorHandler((thrown, request, reply) => {
    const error = errorOf(thrown);
    const context = { requestId: request.id, code: error.code, method: request.method, route: request.routeOptions.url ?? null };
    if (error.httpStatus >= 500) log.error({ ...context, ...error.context, err: error, cause: error.cause === undefined ? null : messageOf(error.cause) }, 'a request failed');
    else log.debug({ ...context, detail: error.message }, 'a request was refused');
    if (request.principal && (error.kind === 'forbidden' || error.context['outOfScope'] === true)) evidence.refused(request);
    if (reply.raw.headersSent) return void reply.raw.destroy();
    return sendProblem(request, reply, error);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new HedgerowError('route.unknown', 'There is no such address.')));
  app.addHook('onResponse', (request, reply, done) => {
    deps.metrics.requests.observe({ method: request.method, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    done();
  });

  requireAccess(app);
  addSecurityHeaders(app);
  const origin = addOriginCheck(app, config);
  await app.register(cookie);
  await app.register(rateLimit, {
    max: config.requestsPerMinute,
    timeWindow: minuteMs,
    ipv6Subnet: 64,
    errorResponseBuilder: (_request, { ttl }) => new HedgerowError('request.rate', 'Too many requests from this address.', { context: { retryAfterMs: ttl } }),
  });
  const identify = identifyBy(deps.auth);
  addAuthentication(app, { identify, origin });
  addPlainTextCheck(app);
  const streams = createEventStreams({ ...deps, identify });
  const liveStreams = createLiveStreams({ ...deps, identify });
  const endStreams = async (): Promise<void> => {
    streams.close();
    await liveStreams.close();
  };
  deps.signal.addEventListener('abort', () => void endStreams(), { once: true });
  app.addHook('preClose', endStreams);
  await addOpenApi(app, deps.version);

  const routes = app.withTypeProvider<ZodTypeProvider>();
  addRoutes(routes, { ...deps, evidence, streams, liveStreams, origin });
  await addConsole(routes, deps.consoleFolder);
  await app.ready();
  return app;
}
