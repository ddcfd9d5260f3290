/** Weekly schedules that arm rules. */
import { newSchedule, schedule } from '../../contract/alert.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { mustActOn, mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, v1 } from '../route-forms.js';

export function scheduleRoutes(app: Routes, { rules }: RouteDeps): void {
  const tags = ['schedules'];
  app.get(
    `${v1}/schedules`,
    { config: { access: reader }, schema: { tags, summary: 'Schedules', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(schedule) } } },
    (request) => rules.schedules(scopeOn(request), request.query),
  );
  app.get(`${v1}/schedules/:id`, { config: { access: reader }, schema: { tags, summary: 'One schedule', params: byId, response: { 200: schedule } } }, async (request) => {
    const found = await rules.schedule(request.params.id);
    mustSee(request, found.siteId, 'schedule.unknown');
    return found;
  });
  app.post(
    `${v1}/schedules`,
    { config: { access: onSites('admin', 'technician') }, schema: { tags, summary: 'Add a schedule', body: newSchedule, response: { 201: schedule } } },
    async (request, reply) => {
      mustActOn(request, request.body.siteId);
      reply.code(201);
      return rules.createSchedule(request.body, principalOf(request));
    },
  );
}
