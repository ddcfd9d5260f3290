/** Users. */
import { newUser, user } from '../../contract/auth-ports.js';
import { pageOf, pageQuery } from '../../contract/page.js';
import { onFleet, principalOf } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, nothing, v1 } from '../route-forms.js';

const keeper = onFleet('admin');

export function userRoutes(app: Routes, { auth }: RouteDeps): void {
  const tags = ['users'];
  app.get(`${v1}/users`, { config: { access: onFleet('admin', 'auditor') }, schema: { tags, summary: 'Users and their roles', querystring: pageQuery.strict(), response: { 200: pageOf(user) } } }, (request) =>
    auth.users(request.query),
  );
  app.post(`${v1}/users`, { config: { access: keeper }, schema: { tags, summary: 'Add a user', body: newUser, response: { 201: user } } }, async (request, reply) => {
    reply.code(201);
    return auth.createUser(request.body, principalOf(request));
  });
  app.delete(`${v1}/users/:id`, { config: { access: keeper }, schema: { tags, summary: 'Remove a user and all sessions', params: byId, response: { 204: nothing } } }, async (request, reply) => {
    await auth.removeUser(request.params.id, principalOf(request));
    return reply.code(204).send(undefined);
  });
}
