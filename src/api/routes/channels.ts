/** Channels: where alerts are sent. A channel without a site is the whole fleet's. */
import { channel, newChannel } from '../../contract/alert.js';
import { pageOf, pageQuery } from '../../contract/page.js';
import { mustActOn, mustSee, onSites, principalOf, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const looker = onSites('admin', 'technician', 'auditor');
const keeper = onSites('admin');

export function channelRoutes(app: Routes, { channels }: RouteDeps): void {
  const tags = ['channels'];
  app.get(`${v1}/channels`, { config: { access: looker }, schema: { tags, summary: 'Channels', querystring: pageQuery.strict(), response: { 200: pageOf(channel) } } }, (request) =>
    channels.channels(scopeOn(request), request.query),
  );
  app.get(`${v1}/channels/:id`, { config: { access: looker }, schema: { tags, summary: 'One channel', params: byId, response: { 200: channel } } }, async (request) => {
    const found = await channels.channel(request.params.id);
    mustSee(request, found.siteId, 'channel.unknown');
    return found;
  });
  app.post(`${v1}/channels`, { config: { access: keeper }, schema: { tags, summary: 'Add a channel', body: newChannel, response: { 201: channel } } }, async (request, reply) => {
    mustActOn(request, request.body.siteId);
    reply.code(201);
    return channels.createChannel(request.body, principalOf(request));
  });
  app.delete(`${v1}/channels/:id`, { config: { access: keeper }, schema: { tags, summary: 'Remove a channel', params: byId, response: { 204: nothing } } }, async (request, reply) => {
    const found = await channels.channel(request.params.id);
    mustSee(request, found.siteId, 'channel.unknown');
    await channels.removeChannel(found.id, principalOf(request));
    return reply.code(204).send(undefined);
  });
}
