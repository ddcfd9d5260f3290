/** API tokens. The secret is answered once. */
import { z } from 'zod';
import { newToken, token } from '../../contract/auth-ports.js';
import { pageOf, pageQuery } from '../../contract/page.js';
import { onFleet, principalOf } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const keeper = onFleet('admin');

export function tokenRoutes(app: Routes, { auth }: RouteDeps): void {
  const tags = ['tokens'];
  app.get(`${v1}/tokens`, { config: { access: onFleet('admin', 'auditor') }, schema: { tags, summary: 'API tokens', querystring: pageQuery.strict(), response: { 200: pageOf(token) } } }, (request) =>
    auth.tokens(request.query),
  );
  app.post(
    `${v1}/tokens`,
    { config: { access: keeper }, schema: { tags, summary: 'Make a token; its secret is in this answer only', body: newToken, response: { 201: z.object({ token, secret: z.string() }) } } },
    async (request, reply) => {
      reply.code(201);
      return auth.createToken(request.body, principalOf(request));
    },
  );
  app.delete(`${v1}/tokens/:id`, { config: { access: keeper }, schema: { tags, summary: 'Withdraw a token', params: byId, response: { 204: nothing } } }, async (request, reply) => {
    await auth.removeToken(request.params.id, principalOf(request));
    return reply.code(204).send(undefined);
  });
}
