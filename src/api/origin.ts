/**
 * Where a request comes from. On loopback the Host header must name this machine, so that a page elsewhere whose name was
 * pointed at 127.0.0.1 (DNS rebinding) reaches nothing. A request that changes something and carries a session cookie must
 * come from our own page: the host that was asked, `publicUrl` or `allowedOrigins`; the latter two get CORS headers.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/schema.js';
import { HedgerowError } from '../core/errors.js';

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);
const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface OriginCheck {
  /** @throws HedgerowError `auth.origin` */
  mustBeOurs(request: FastifyRequest, options: { cookie: boolean }): void;
}

export function addOriginCheck(app: FastifyInstance, config: Config['api']): OriginCheck {
  const allowed = new Set([...config.allowedOrigins, ...(config.publicUrl === null ? [] : [config.publicUrl])].map((url) => new URL(url).origin));
  const allowedHosts = new Set([...allowed].map((origin) => new URL(origin).host));
  const loopback = isLoopback(config.host);

  app.addHook('onRequest', async (request, reply) => {
    const host = request.headers.host;
    if (loopback && !(host !== undefined && (loopbackNames.has(nameOf(host)) || allowedHosts.has(host.toLowerCase())))) {
      throw new HedgerowError('auth.origin', 'The Host header does not name this machine. Put the address that you use into api.publicUrl or api.allowedOrigins.');
    }
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return;
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary: 'origin' });
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      await reply
        .code(204)
        .headers({ 'access-control-allow-methods': 'GET, POST, PATCH, DELETE', 'access-control-allow-headers': 'content-type, authorization, last-event-id', 'access-control-max-age': '600' })
        .send();
    }
  });

  return {
    mustBeOurs(request, { cookie }) {
      if (harmless.has(request.method)) return;
      const { origin } = request.headers;
      const site = request.headers['sec-fetch-site'];
      if (origin !== undefined) {
        if (allowed.has(origin) || isOurs(origin, request.headers.host)) return;
      } else if (site === 'same-origin' || (site === undefined && !cookie)) {
        // Without either header it is no browser; then a token, or the log-in itself, needs no origin.
        return;
      }
      throw new HedgerowError('auth.origin', 'A request with a session cookie must come from the page of Hedgerow. Programs send a token instead.');
    },
  };
}

/** Behind a TLS proxy we cannot know the scheme; the cookie is SameSite=Strict, which does. */
function isOurs(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === hostAsUrlWritesIt(host, new URL(origin).protocol);
}

/** "desk.example:443" in an https request is "desk.example" in its Origin. */
function hostAsUrlWritesIt(host: string, protocol: string): string | undefined {
  const text = `${protocol}//${host}`;
  return URL.canParse(text) ? new URL(text).host : undefined;
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d{1,5}$/, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
