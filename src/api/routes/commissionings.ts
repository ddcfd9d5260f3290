/** Commissioning: the checklist of a camera, its results, and the press test of its buttons. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Camera } from '../../contract/camera.js';
import { commissioning, commissioningCheck, pressTest } from '../../contract/commissioning.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { sendLines, wantsLines } from '../line-stream.js';
import { byId, v1 } from '../route-forms.js';
import { goneSignal } from './cameras.js';

const keeper = onSites('admin', 'technician');
const pressWait = z.strictObject({ waitMs: z.number().int().min(1_000).max(120_000).default(30_000) });

export function commissioningRoutes(app: Routes, { registry, commissionings, signal, log }: RouteDeps): void {
  const tags = ['commissioning'];

  async function seen(request: FastifyRequest<{ Params: { id: string } }>): Promise<Camera> {
    const found = await registry.camera(request.params.id);
    mustSee(request, found.siteId, 'camera.unknown');
    return found;
  }

  app.post(
    `${v1}/cameras/:id/commission`,
    {
      config: { access: keeper },
      schema: {
        tags,
        summary: 'Run the checklist of a camera, a minute at most. With "Accept: application/x-ndjson" each check is a line {"check": …}, and the last line is {"commissioning": …}',
        params: byId,
        response: { 200: commissioning },
      },
    },
    async (request, reply) => {
      const { id: cameraId } = await seen(request);
      const by = principalOf(request);
      const until = AbortSignal.any([signal, goneSignal(reply)]);
      if (!wantsLines(request)) return commissionings.run(cameraId, by, until);
      return sendLines(request, reply, log, async (push) => {
        const result = await commissionings.run(cameraId, by, until, (check) => push({ check: commissioningCheck.parse(check) }));
        push({ commissioning: commissioning.parse(result) });
      });
    },
  );
  app.get(
    `${v1}/cameras/:id/commissionings`,
    { config: { access: reader }, schema: { tags, summary: 'Results of the checklist of one camera, the newest first', params: byId, querystring: pageQuery.strict(), response: { 200: pageOf(commissioning) } } },
    async (request) => commissionings.history((await seen(request)).id, request.query),
  );
  app.get(
    `${v1}/commissionings`,
    { config: { access: reader }, schema: { tags, summary: 'The newest result of each camera that has one', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(commissioning) } } },
    (request) => commissionings.newest(scopeOn(request), request.query),
  );
  app.post(
    `${v1}/cameras/:id/press-test`,
    { config: { access: keeper }, schema: { tags, summary: 'Wait for a press of a button of this camera, and follow it to its alert', params: byId, body: pressWait.nullish(), response: { 200: pressTest } } },
    async (request, reply) => {
      const { id: cameraId } = await seen(request);
      const { waitMs } = request.body ?? pressWait.parse({});
      return commissionings.pressTest(cameraId, waitMs, principalOf(request), AbortSignal.any([signal, goneSignal(reply)]));
    },
  );
}
