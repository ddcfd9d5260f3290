/** Alerts and what an operator does with them. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alert, alertState, resolveReason, type Alert } from '../../contract/alert.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, v1 } from '../route-forms.js';

const actor = onSites('admin', 'operator');
/** `version`: act only on the alert as it was seen */
const step = z.strictObject({ note: z.string().trim().max(2000).optional(), version: z.number().int().min(0).optional() });

export function alertRoutes(app: Routes, { desk }: RouteDeps): void {
  const tags = ['alerts'];

  async function seen(request: FastifyRequest<{ Params: { id: string } }>): Promise<Alert> {
    const found = await desk.alert(request.params.id);
    mustSee(request, found.siteId, 'alert.unknown');
    return found;
  }

  app.get(
    `${v1}/alerts`,
    {
      config: { access: reader },
      schema: {
        tags,
        summary: 'Alerts, newest first',
        querystring: pageQuery.extend({ siteId: id.optional(), cameraId: id.optional(), state: alertState.optional() }).strict(),
        response: { 200: pageOf(alert) },
      },
    },
    (request) => desk.alerts(scopeOn(request), request.query),
  );
  app.get(`${v1}/alerts/:id`, { config: { access: reader }, schema: { tags, summary: 'One alert with its steps', params: byId, response: { 200: alert } } }, (request) => seen(request));
  app.post(
    `${v1}/alerts/:id/acknowledge`,
    { config: { access: actor }, schema: { tags, summary: 'Say that somebody looks at it', params: byId, body: step.nullish(), response: { 200: alert } } },
    async (request) => desk.acknowledge((await seen(request)).id, principalOf(request), request.body ?? {}),
  );
  app.post(
    `${v1}/alerts/:id/assign`,
    {
      config: { access: actor },
      schema: { tags, summary: 'Say who goes', params: byId, body: step.extend({ assignee: z.string().trim().min(1).max(200) }), response: { 200: alert } },
    },
    async (request) => desk.assign((await seen(request)).id, principalOf(request), request.body),
  );
  app.post(
    `${v1}/alerts/:id/resolve`,
    { config: { access: actor }, schema: { tags, summary: 'Close it with a reason', params: byId, body: step.extend({ reason: resolveReason }), response: { 200: alert } } },
    async (request) => desk.resolve((await seen(request)).id, principalOf(request), request.body),
  );
}
