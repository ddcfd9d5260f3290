/** Sites. */
import { pageOf, pageQuery } from '../../contract/page.js';
import { newSite, site } from '../../contract/site.js';
import { mustSee, onFleet, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, v1 } from '../route-forms.js';

export function siteRoutes(app: Routes, { registry }: RouteDeps): void {
  const tags = ['sites'];
  app.get(`${v1}/sites`, { config: { access: reader }, schema: { tags, summary: 'Sites', querystring: pageQuery.strict(), response: { 200: pageOf(site) } } }, (request) =>
    registry.sites(scopeOn(request), request.query),
  );
  app.get(`${v1}/sites/:id`, { config: { access: reader }, schema: { tags, summary: 'One site', params: byId, response: { 200: site } } }, (request) => {
    mustSee(request, request.params.id, 'site.unknown');
    return registry.site(request.params.id);
  });
  app.post(`${v1}/sites`, { config: { access: onFleet('admin') }, schema: { tags, summary: 'Add a site', body: newSite, response: { 201: site } } }, async (request, reply) => {
    reply.code(201);
    return registry.createSite(request.body, principalOf(request));
  });
}
