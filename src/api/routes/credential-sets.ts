/** Log-ins of a site that onboarding tries in order on its cameras. A password goes in and never comes out. */
import { credentialSet, newCredentialSet } from '../../contract/credential-set.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { mustActOn, mustSee, onSites, principalOf, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const keeper = onSites('admin', 'technician');

export function credentialSetRoutes(app: Routes, { credentialSets }: RouteDeps): void {
  const tags = ['cameras'];
  app.get(
    `${v1}/credential-sets`,
    { config: { access: onSites('admin', 'technician', 'auditor') }, schema: { tags, summary: 'Credential sets, without passwords', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(credentialSet) } } },
    (request) => credentialSets.list(scopeOn(request), request.query),
  );
  app.post(
    `${v1}/credential-sets`,
    { config: { access: keeper }, schema: { tags, summary: 'Give a site a log-in that onboarding may try', body: newCredentialSet, response: { 201: credentialSet } } },
    async (request, reply) => {
      mustActOn(request, request.body.siteId);
      reply.code(201);
      return credentialSets.create(request.body, principalOf(request));
    },
  );
  app.delete(
    `${v1}/credential-sets/:id`,
    { config: { access: keeper }, schema: { tags, summary: 'Remove a credential set; cameras that it was copied to keep their log-in', params: byId, response: { 204: nothing } } },
    async (request, reply) => {
      const found = await credentialSets.get(request.params.id);
      mustSee(request, found.siteId, 'credential-set.unknown');
      await credentialSets.remove(found.id, principalOf(request));
      return reply.code(204).send(undefined);
    },
  );
}
