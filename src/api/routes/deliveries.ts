/** Deliveries: what was sent, what waits, what is dead and may be sent again. */
import { delivery } from '../../contract/alert.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { onFleet, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, v1 } from '../route-forms.js';

export function deliveryRoutes(app: Routes, { channels }: RouteDeps): void {
  const tags = ['deliveries'];
  app.get(
    `${v1}/deliveries`,
    {
      config: { access: reader },
      schema: { tags, summary: 'Deliveries', querystring: pageQuery.extend({ state: delivery.shape.state.optional(), alertId: id.optional() }).strict(), response: { 200: pageOf(delivery) } },
    },
    (request) => channels.deliveries(scopeOn(request), request.query),
  );
  app.post(
    `${v1}/deliveries/:id/replay`,
    { config: { access: onFleet('admin', 'operator') }, schema: { tags, summary: 'Send a dead delivery again', params: byId, response: { 200: delivery } } },
    (request) => channels.replay(request.params.id, principalOf(request)),
  );
}
