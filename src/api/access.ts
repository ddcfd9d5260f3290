/**
 * Who may use a route. Every route declares it in `config.access`; one that does not cannot be built (default deny).
 *
 * `site`: one of the roles on at least one site. Lists are cut to these sites; a single object elsewhere does not exist;
 * making something elsewhere is refused. `fleet`: one of the roles on all sites. `self`: anybody who is known.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../core/error-codes.js';
import { HedgerowError } from '../core/errors.js';
import { inScope, roles as allRoles, scopeOf, type Principal, type Role, type SiteScope } from '../contract/principal.js';

export type Access = 'public' | { readonly roles: readonly Role[]; readonly scope: 'site' | 'fleet' | 'self' };

/** What a request proved itself with; kept so that a long stream can ask again. */
export interface Credential {
  readonly kind: 'session' | 'token';
  readonly secret: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** body of a route that parses it by itself, for the OpenAPI document */
    describedBody?: object;
  }
  interface FastifyRequest {
    principal: Principal | null;
    credential: Credential | null;
  }
}

export const anybody: Access = { roles: allRoles, scope: 'self' };
export const onSites = (...roles: readonly Role[]): Access => ({ roles, scope: 'site' });
export const onFleet = (...roles: readonly Role[]): Access => ({ roles, scope: 'fleet' });
/** Every role, on its own sites. */
export const reader: Access = onSites(...allRoles);

/** Throws while the server is built when a route does not say who may use it. */
export function requireAccess(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const access = route.config?.access;
    const declared = access === 'public' || (access !== undefined && access.roles.length > 0);
    if (!declared) throw new HedgerowError('process.defect', `${String(route.method)} ${route.url} does not say who may use it.`);
  });
}

/** Whether the principal may use a route at all; which sites, is for `scopeOn`. */
export function mayUse(principal: Principal, access: Exclude<Access, 'public'>): boolean {
  if (access.scope === 'self') return true;
  const scope = scopeOf(principal, access.roles);
  return access.scope === 'fleet' ? scope === 'all' : scope === 'all' || scope.length > 0;
}

/** Who asks. Only for routes that are not public: the hook has refused everybody else. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new HedgerowError('auth.required', 'Log in or send a token.');
  return request.principal;
}

/** The sites on which the request may use its route. */
export function scopeOn(request: FastifyRequest): SiteScope {
  const access = request.routeOptions.config.access;
  if (access === undefined || access === 'public') return [];
  return scopeOf(principalOf(request), access.roles);
}

/** @throws HedgerowError `unknown`: what is on another site does not exist for the principal */
export function mustSee(request: FastifyRequest, siteId: string | null, unknown: ErrorCode): void {
  const scope = scopeOn(request);
  if (siteId === null ? scope === 'all' : inScope(scope, siteId)) return;
  throw new HedgerowError(unknown, 'On a site outside the scope.', { context: { outOfScope: true } });
}

/** @throws HedgerowError `auth.forbidden` for something that would be made outside the scope (null: on all sites) */
export function mustActOn(request: FastifyRequest, siteId: string | null): void {
  const scope = scopeOn(request);
  if (siteId === null ? scope === 'all' : inScope(scope, siteId)) return;
  throw new HedgerowError('auth.forbidden', siteId === null ? 'This needs the role on all sites.' : `The role does not reach to site ${siteId}.`);
}
