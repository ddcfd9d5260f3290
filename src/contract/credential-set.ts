/** Credential sets of a site: log-ins that onboarding may try, in order, on cameras that have none that works. */
import { z } from 'zod';
import { id, timestamp, type Page, type PageQuery } from './page.js';
import type { Principal, SiteScope } from './principal.js';

export const newCredentialSet = z.strictObject({
  siteId: id,
  name: z.string().trim().min(1).max(120),
  username: z.string().trim().min(1).max(200),
  /** Sealed at once; never answered. */
  password: z.string().min(1).max(500),
  /** the lowest is tried first */
  order: z.number().int().min(0).max(1000).default(100),
});
export type NewCredentialSet = z.infer<typeof newCredentialSet>;

export const credentialSet = newCredentialSet.omit({ password: true }).extend({ id, createdAt: timestamp });
export type CredentialSet = z.infer<typeof credentialSet>;

export interface CredentialSets {
  list(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<CredentialSet>>;
  /** @throws HedgerowError `credential-set.unknown` */
  get(id: string): Promise<CredentialSet>;
  create(input: NewCredentialSet, by: Principal): Promise<CredentialSet>;
  remove(id: string, by: Principal): Promise<void>;
}
