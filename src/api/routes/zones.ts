/** Zones on a camera's picture. */
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { newZone, zone, zonePatch } from '../../contract/zone.js';
import { mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const keeper = onSites('admin', 'technician');

export function zoneRoutes(app: Routes, { registry }: RouteDeps): void {
  const tags = ['zones'];
  app.get(
    `${v1}/zones`,
    { config: { access: reader }, schema: { tags, summary: 'Zones', querystring: pageQuery.extend({ cameraId: id.optional() }).strict(), response: { 200: pageOf(zone) } } },
    (request) => registry.zones(scopeOn(request), request.query),
  );
  app.get(`${v1}/zones/:id`, { config: { access: reader }, schema: { tags, summary: 'One zone', params: byId, response: { 200: zone } } }, async (request) => {
    const found = await registry.zone(request.params.id);
    mustSee(request, found.siteId, 'zone.unknown');
    return found;
  });
  app.post(`${v1}/zones`, { config: { access: keeper }, schema: { tags, summary: 'Draw a zone', body: newZone, response: { 201: zone } } }, async (request, reply) => {
    const { siteId } = await registry.camera(request.body.cameraId);
    mustSee(request, siteId, 'camera.unknown');
    reply.code(201);
    return registry.createZone(request.body, principalOf(request));
  });
  app.patch(`${v1}/zones/:id`, { config: { access: keeper }, schema: { tags, summary: 'Change the name, shape or place of a zone', params: byId, body: zonePatch, response: { 200: zone } } }, async (request) => {
    const found = await registry.zone(request.params.id);
    mustSee(request, found.siteId, 'zone.unknown');
    return registry.updateZone(found.id, request.body, principalOf(request));
  });
  app.delete(`${v1}/zones/:id`, { config: { access: keeper }, schema: { tags, summary: 'Remove a zone', params: byId, response: { 204: nothing } } }, async (request, reply) => {
    const found = await registry.zone(request.params.id);
    mustSee(request, found.siteId, 'zone.unknown');
    await registry.removeZone(found.id, principalOf(request));
    return reply.code(204).send(undefined);
  });
}
