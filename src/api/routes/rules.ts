/** Rules: what raises an alert in which guard zone. */
import { newRule, rule } from '../../contract/alert.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { mustActOn, mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const keeper = onSites('admin', 'technician');

export function ruleRoutes(app: Routes, { rules, registry }: RouteDeps): void {
  const tags = ['rules'];
  app.get(
    `${v1}/rules`,
    { config: { access: reader }, schema: { tags, summary: 'Rules', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(rule) } } },
    (request) => rules.rules(scopeOn(request), request.query),
  );
  app.get(`${v1}/rules/:id`, { config: { access: reader }, schema: { tags, summary: 'One rule', params: byId, response: { 200: rule } } }, async (request) => {
    const found = await rules.rule(request.params.id);
    mustSee(request, found.siteId, 'rule.unknown');
    return found;
  });
  app.post(`${v1}/rules`, { config: { access: keeper }, schema: { tags, summary: 'Add a rule', body: newRule, response: { 201: rule } } }, async (request, reply) => {
    const { siteId, zoneId, scheduleId } = request.body;
    mustActOn(request, siteId);
    // What the rule names must be in reach too, or a rule on one site could watch another.
    mustSee(request, (await registry.zone(zoneId)).siteId, 'zone.unknown');
    mustSee(request, (await rules.schedule(scheduleId)).siteId, 'schedule.unknown');
    reply.code(201);
    return rules.createRule(request.body, principalOf(request));
  });
  app.delete(`${v1}/rules/:id`, { config: { access: keeper }, schema: { tags, summary: 'Remove a rule', params: byId, response: { 204: nothing } } }, async (request, reply) => {
    const found = await rules.rule(request.params.id);
    mustSee(request, found.siteId, 'rule.unknown');
    await rules.removeRule(found.id, principalOf(request));
    return reply.code(204).send(undefined);
  });
}
