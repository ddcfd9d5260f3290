/** Log-in by name and password or by a one-time link, log-out, and who is logged in. */
import { z } from 'zod';
import { timestamp } from '../../contract/page.js';
import { grant } from '../../contract/principal.js';
import { toRfc3339 } from '../../core/clock.js';
import { anybody, principalOf } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { clearSessionCookie, setSessionCookie } from '../authenticate.js';
import { nothing, v1 } from '../route-forms.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../contract/principal.js';

const me = z.object({ id: z.string(), name: z.string(), kind: z.enum(['user', 'token', 'system']), grants: z.array(grant) });
const opened = me.extend({ expiresAt: timestamp });
const meOf = (p: Principal): z.infer<typeof me> => ({ id: p.id, name: p.name, kind: p.kind, grants: [...p.grants] });
/** Log-in tries are held to this part of what an address may ask (and auth counts wrong ones by itself). */
const loginShare = 50;
const minLogins = 5;

export function sessionRoutes(app: Routes, { auth, clock, config, origin }: RouteDeps): void {
  const tags = ['session'];
  const rateLimit = { max: Math.max(minLogins, Math.floor(config.requestsPerMinute / loginShare)), timeWindow: 60_000, groupId: 'log-in' };

  async function answer(request: FastifyRequest, reply: FastifyReply, open: Promise<{ sessionSecret: string; principal: Principal; expiresAtMs: number }>): Promise<z.infer<typeof opened>> {
    const { sessionSecret, principal, expiresAtMs } = await open;
    setSessionCookie(request, reply, sessionSecret, expiresAtMs - clock.nowMs());
    return { ...meOf(principal), expiresAt: toRfc3339(expiresAtMs) };
  }

  app.post(
    `${v1}/session`,
    {
      config: { access: 'public', rateLimit },
      schema: { tags, summary: 'Log in; sets the session cookie', body: z.strictObject({ name: z.string().max(200), password: z.string().max(1000) }), response: { 200: opened } },
    },
    async (request, reply) => {
      origin.mustBeOurs(request, { cookie: false });
      return answer(request, reply, auth.login(request.body.name, request.body.password, request.ip));
    },
  );
  app.post(
    `${v1}/session/link`,
    {
      config: { access: 'public', rateLimit },
      schema: { tags, summary: 'Log in with the secret of a one-time link', body: z.strictObject({ secret: z.string().max(200) }), response: { 200: opened } },
    },
    async (request, reply) => {
      origin.mustBeOurs(request, { cookie: false });
      return answer(request, reply, auth.redeemLink(request.body.secret, request.ip));
    },
  );
  app.delete(`${v1}/session`, { config: { access: anybody }, schema: { tags, summary: 'Log out', response: { 204: nothing } } }, async (request, reply) => {
    if (request.credential?.kind === 'session') await auth.logout(request.credential.secret);
    clearSessionCookie(request, reply);
    return reply.code(204).send(undefined);
  });
  app.get(`${v1}/session/me`, { config: { access: anybody }, schema: { tags, summary: 'Who is logged in, with which roles', response: { 200: me } } }, (request) =>
    meOf(principalOf(request)),
  );
}
