/**
 * Finds out who asks, before the body is read, and refuses who may not use the route. A token in the Authorization header
 * wins over a session cookie. Public routes look at neither.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from '../contract/auth-ports.js';
import type { Principal } from '../contract/principal.js';
import { HedgerowError } from '../core/errors.js';
import { mayUse, type Credential } from './access.js';
import type { OriginCheck } from './origin.js';

const maxCredentialChars = 500;

export type Identify = (credential: Credential) => Promise<Principal | undefined>;

export function identifyBy(auth: Auth): Identify {
  return (credential) => (credential.kind === 'token' ? auth.byToken(credential.secret) : auth.bySession(credential.secret));
}

export function addAuthentication(app: FastifyInstance, { identify, origin }: { identify: Identify; origin: OriginCheck }): void {
  app.decorateRequest('principal', null);
  app.decorateRequest('credential', null);
  app.addHook('preParsing', async (request) => {
    if (request.is404) return;
    const access = request.routeOptions.config.access;
    if (access === 'public') return;
    if (access === undefined) throw new HedgerowError('auth.forbidden', 'Nobody may use this address.');
    const credential = credentialOf(request);
    if (!credential) throw new HedgerowError('auth.required', 'Log in or send a token.');
    const principal = await identify(credential);
    if (!principal) {
      throw credential.kind === 'token'
        ? new HedgerowError('auth.failed', 'The token is unknown or has expired.')
        : new HedgerowError('auth.required', 'The session has ended. Log in again.');
    }
    if (credential.kind === 'session') origin.mustBeOurs(request, { cookie: true });
    request.principal = principal;
    request.credential = credential;
    if (!mayUse(principal, access)) {
      throw new HedgerowError('auth.forbidden', `This needs one of the roles ${access.roles.join(', ')}${access.scope === 'fleet' ? ' on all sites' : ''}.`);
    }
  });
}

/** The cookie's name says, over TLS, that only this host could have set it (RFC 6265bis, 4.1.3.2). */
function cookieName(request: FastifyRequest): string {
  return request.protocol === 'https' ? '__Host-hedgerow' : 'hedgerow';
}

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, secret: string, lifeMs: number): void {
  reply.setCookie(cookieName(request), secret, { ...cookieForm(request), maxAge: Math.floor(lifeMs / 1000) });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(cookieName(request), cookieForm(request));
}

function cookieForm(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' } as const;
}

function credentialOf(request: FastifyRequest): Credential | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const secret = /^bearer +(\S+)$/i.exec(header.slice(0, maxCredentialChars + 8))?.[1];
    return secret === undefined || secret.length > maxCredentialChars ? undefined : { kind: 'token', secret };
  }
  const secret = request.cookies[cookieName(request)];
  return secret === undefined || secret === '' || secret.length > maxCredentialChars ? undefined : { kind: 'session', secret };
}
