/** Observations: what was seen in a sample, in numbers. */
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { observation } from '../../contract/picture.js';
import { reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { v1 } from '../route-forms.js';

export function observationRoutes(app: Routes, { observations }: RouteDeps): void {
  app.get(
    `${v1}/observations`,
    {
      config: { access: reader },
      schema: { tags: ['observations'], summary: 'Observations', querystring: pageQuery.extend({ siteId: id.optional(), cameraId: id.optional() }).strict(), response: { 200: pageOf(observation) } },
    },
    (request) => observations.observations(scopeOn(request), request.query),
  );
}
