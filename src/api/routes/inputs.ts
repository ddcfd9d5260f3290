/** Inputs (panic buttons and other contacts): the alerts that they raised. */
import { alert } from '../../contract/alert.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { v1 } from '../route-forms.js';

export function inputRoutes(app: Routes, { desk }: RouteDeps): void {
  app.get(
    `${v1}/inputs`,
    {
      config: { access: reader },
      schema: {
        tags: ['inputs'],
        summary: 'Alerts that a contact raised, newest first. `limit` counts alerts of every kind: a page may hold fewer, or none, and still have a next one',
        querystring: pageQuery.extend({ siteId: id.optional(), cameraId: id.optional() }).strict(),
        response: { 200: pageOf(alert) },
      },
    },
    async (request) => {
      const page = await desk.alerts(scopeOn(request), request.query);
      return { items: page.items.filter((a) => a.kind === 'input'), nextCursor: page.nextCursor };
    },
  );
}
