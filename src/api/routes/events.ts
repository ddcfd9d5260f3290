/** The event stream: what happens, as it happens, on the sites of who listens. */
import { z } from 'zod';
import { principalOf, reader } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { HedgerowError } from '../../core/errors.js';
import { v1 } from '../route-forms.js';

const seq = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export function eventRoutes(app: Routes, { streams }: RouteDeps): void {
  app.get(
    `${v1}/events`,
    {
      exposeHeadRoute: false,
      config: { access: reader },
      schema: {
        tags: ['events'],
        summary: 'Server-sent events: StreamEvent as JSON in `data`. Goes on after Last-Event-ID, or after `after`',
        querystring: z.strictObject({ after: seq.optional() }),
        response: { 200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      if (!request.credential) throw new HedgerowError('auth.required', 'Log in or send a token.');
      const lastId = seq.safeParse(request.headers['last-event-id']);
      const after = request.headers['last-event-id'] !== undefined && lastId.success ? lastId.data : (request.query.after ?? null);
      const stream = streams.open({ principal: principalOf(request), credential: request.credential }, after);
      return reply.headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' }).type('text/event-stream; charset=utf-8').send(stream as never);
    },
  );
}
