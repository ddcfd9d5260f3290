/** Who asks, and what they may see: roles times site scopes. */
import { z } from 'zod';

export const roles = ['admin', 'technician', 'operator', 'auditor'] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

/** One role on one site, or on all of them (`siteId` null). */
export const grant = z.object({ role, siteId: z.uuid().nullable() });
export type Grant = z.infer<typeof grant>;

export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly kind: 'user' | 'token' | 'system';
  readonly grants: readonly Grant[];
}

/** The sites on which a principal has one of some roles: all of them, or a list. */
export type SiteScope = 'all' | readonly string[];

/** @returns the sites where the principal holds one of `wanted`; an empty list means: none at all */
export function scopeOf(principal: Principal, wanted: readonly Role[]): SiteScope {
  const held = principal.grants.filter((g) => wanted.includes(g.role));
  if (held.some((g) => g.siteId === null)) return 'all';
  return [...new Set(held.map((g) => g.siteId as string))];
}

export function inScope(scope: SiteScope, siteId: string): boolean {
  return scope === 'all' || scope.includes(siteId);
}

/** How somebody stands in the ledger: readable, and with the id, since a name can be given again. */
export function actorOf(principal: Principal | null): string {
  if (principal === null) return 'anonymous';
  return principal.kind === 'system' ? 'system' : `${principal.kind}:${principal.name} ${principal.id}`;
}
