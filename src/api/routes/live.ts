/** The live masked view of a camera. Not for auditors, who look at stored evidence. */
import { z } from 'zod';
import { HedgerowError } from '../../core/errors.js';
import { mustSee, onSites, principalOf } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { liveRoles } from '../live-streams.js';
import { byId, v1 } from '../route-forms.js';

export function liveRoutes(app: Routes, { registry, liveStreams }: RouteDeps): void {
  app.get(
    `${v1}/cameras/:id/live`,
    {
      exposeHeadRoute: false,
      config: { access: onSites(...liveRoles) },
      schema: {
        tags: ['cameras'],
        summary: 'The masked pictures of a camera as they come: JPEG parts, or with `form=parts` also JSON parts that say why there is none; `form=image` is for an <img>',
        params: byId,
        querystring: z.strictObject({ form: z.enum(['parts', 'image']).default('parts') }),
        response: { 200: { description: 'Parts until the view ends', content: { 'multipart/x-mixed-replace': { schema: z.string().meta({ format: 'binary' }) } } } },
      },
    },
    async (request, reply) => {
      const found = await registry.camera(request.params.id);
      mustSee(request, found.siteId, 'camera.unknown');
      if (!request.credential) throw new HedgerowError('auth.required', 'Log in or send a token.');
      const { contentType, stream } = await liveStreams.open({ principal: principalOf(request), credential: request.credential }, found, request.query.form);
      return reply.headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' }).type(contentType).send(stream as never);
    },
  );
}
