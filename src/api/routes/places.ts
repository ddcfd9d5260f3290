/** Places of a site: what a guard zone may be bound to, and what must be kept free of them. */
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { newPlace, place } from '../../contract/site.js';
import { mustActOn, mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, v1 } from '../route-forms.js';

export function placeRoutes(app: Routes, { registry }: RouteDeps): void {
  const tags = ['places'];
  app.get(
    `${v1}/places`,
    { config: { access: reader }, schema: { tags, summary: 'Places', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(place) } } },
    (request) => registry.places(scopeOn(request), request.query),
  );
  app.get(`${v1}/places/:id`, { config: { access: reader }, schema: { tags, summary: 'One place', params: byId, response: { 200: place } } }, async (request) => {
    const found = await registry.place(request.params.id);
    mustSee(request, found.siteId, 'place.unknown');
    return found;
  });
  app.post(
    `${v1}/places`,
    { config: { access: onSites('admin', 'technician') }, schema: { tags, summary: 'Add a place', body: newPlace, response: { 201: place } } },
    async (request, reply) => {
      mustActOn(request, request.body.siteId);
      reply.code(201);
      return registry.createPlace(request.body, principalOf(request));
    },
  );
}
