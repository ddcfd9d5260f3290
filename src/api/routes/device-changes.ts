/** Replacement and decommissioning of devices, and the rotation of their credentials over a site. */
import { z } from 'zod';
import { camera } from '../../contract/camera.js';
import { decommissioning, deviceRecord, newRotation, replacement, rotation } from '../../contract/device-change.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { mustActOn, mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const keeper = onSites('admin', 'technician');

export function deviceChangeRoutes(app: Routes, { registry, deviceChanges }: RouteDeps): void {
  const tags = ['cameras'];

  app.post(
    `${v1}/cameras/:id/replace`,
    { config: { access: keeper }, schema: { tags, summary: 'Put another device in the place of a broken one; pictures, alerts and zones stay', params: byId, body: replacement, response: { 200: camera } } },
    async (request) => {
      const found = await registry.camera(request.params.id);
      mustSee(request, found.siteId, 'camera.unknown');
      return deviceChanges.replace(found.id, request.body, principalOf(request));
    },
  );
  app.post(
    `${v1}/cameras/:id/decommission`,
    { config: { access: keeper }, schema: { tags, summary: 'Take a camera out of service for good; its password is destroyed', params: byId, body: decommissioning, response: { 204: nothing } } },
    async (request, reply) => {
      const found = await registry.camera(request.params.id);
      mustSee(request, found.siteId, 'camera.unknown');
      await deviceChanges.decommission(found.id, request.body, principalOf(request));
      return reply.code(204).send(undefined);
    },
  );
  app.get(
    `${v1}/cameras/:id/devices`,
    { config: { access: reader }, schema: { tags, summary: 'The devices that stood at a camera’s place, newest first', params: byId, response: { 200: z.object({ items: z.array(deviceRecord) }) } } },
    async (request) => {
      const found = await registry.camera(request.params.id);
      mustSee(request, found.siteId, 'camera.unknown');
      return { items: [...(await deviceChanges.devices(found.id))] };
    },
  );

  const rotationTags = ['rotations'];
  app.post(
    `${v1}/rotations`,
    { config: { access: keeper }, schema: { tags: rotationTags, summary: 'Change the password of an account on the cameras of a site; it is read back, and rolled back where it does not work', body: newRotation, response: { 201: rotation } } },
    async (request, reply) => {
      mustActOn(request, request.body.siteId);
      reply.code(201);
      return deviceChanges.rotate(request.body, principalOf(request));
    },
  );
  app.get(
    `${v1}/rotations`,
    { config: { access: reader }, schema: { tags: rotationTags, summary: 'Rotations of credentials, oldest first', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(rotation) } } },
    (request) => deviceChanges.rotations(scopeOn(request), request.query),
  );
  app.get(`${v1}/rotations/:id`, { config: { access: reader }, schema: { tags: rotationTags, summary: 'One rotation, camera by camera', params: byId, response: { 200: rotation } } }, async (request) => {
    const found = await deviceChanges.rotation(request.params.id);
    mustSee(request, found.siteId, 'rotation.unknown');
    return found;
  });
}
