/** Cameras: the inventory, the onboarding ladder, the newest picture. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { camera, cameraPatch, newCamera, rung, type Camera } from '../../contract/camera.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { withheldReasons } from '../../contract/analysis.js';
import type { SiteScope } from '../../contract/principal.js';
import type { Registry } from '../../contract/registry.js';
import { HedgerowError } from '../../core/errors.js';
import { mustActOn, mustSee, onSites, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { sendLines, wantsLines } from '../line-stream.js';
import { RequestRefused } from '../problem.js';
import { byId, jpeg, nothing, v1 } from '../route-forms.js';

const keeper = onSites('admin', 'technician');

/** States of the masker in which nothing is shown, not even the picture from before (DESIGN: fail closed). */
const hidden = new Set<Camera['pictureStatus']>(['learning', 'moved', 'withheld']);

const probeMany = z.strictObject({ siteId: id.optional(), cameraIds: z.array(id).min(1).max(20_000).optional() });
const probed = z.object({ cameraId: id, rungs: z.array(rung) });

export function cameraRoutes(app: Routes, { registry, onboarding, pictures, evidence, signal, log }: RouteDeps): void {
  const tags = ['cameras'];

  async function seen(request: FastifyRequest<{ Params: { id: string } }>): Promise<Camera> {
    const found = await registry.camera(request.params.id);
    mustSee(request, found.siteId, 'camera.unknown');
    return found;
  }

  /** The cameras of a request for many; every one of them must be in its scope. */
  async function wanted(request: FastifyRequest<{ Body: z.infer<typeof probeMany> }>): Promise<string[]> {
    const { siteId, cameraIds } = request.body;
    if ((siteId === undefined) === (cameraIds === undefined)) throw new RequestRefused([{ path: 'siteId', reason: 'send either siteId or cameraIds' }]);
    if (siteId !== undefined) {
      mustActOn(request, siteId);
      return (await allCameras(registry, scopeOn(request), siteId)).map((c) => c.id);
    }
    const named = [...new Set(cameraIds)];
    // A few are looked up; of many, those of the scope are read page by page.
    const siteOf = new Map<string, string>();
    if (named.length <= 50) for (const cameraId of named) siteOf.set(cameraId, (await registry.camera(cameraId)).siteId);
    else for (const found of await allCameras(registry, scopeOn(request))) siteOf.set(found.id, found.siteId);
    for (const cameraId of named) {
      const site = siteOf.get(cameraId);
      if (site === undefined) throw new HedgerowError('camera.unknown', 'There is no such camera.', { context: { cameraId } });
      mustSee(request, site, 'camera.unknown');
    }
    return named;
  }

  app.get(
    `${v1}/cameras`,
    { config: { access: reader }, schema: { tags, summary: 'Cameras with their state', querystring: pageQuery.extend({ siteId: id.optional() }).strict(), response: { 200: pageOf(camera) } } },
    (request) => registry.cameras(scopeOn(request), request.query),
  );
  app.get(`${v1}/cameras/:id`, { config: { access: reader }, schema: { tags, summary: 'One camera', params: byId, response: { 200: camera } } }, (request) => seen(request));
  app.post(
    `${v1}/cameras`,
    { config: { access: keeper }, schema: { tags, summary: 'Register a camera; onboarding begins at once', body: newCamera.strict(), response: { 201: camera } } },
    async (request, reply) => {
      mustActOn(request, request.body.siteId);
      reply.code(201);
      return registry.createCamera(request.body, principalOf(request));
    },
  );
  app.patch(
    `${v1}/cameras/:id`,
    { config: { access: keeper }, schema: { tags, summary: 'Change a camera; what is not sent stays', params: byId, body: cameraPatch.strict(), response: { 200: camera } } },
    async (request) => {
      const { id: cameraId } = await seen(request);
      return registry.updateCamera(cameraId, request.body, principalOf(request));
    },
  );
  app.delete(`${v1}/cameras/:id`, { config: { access: keeper }, schema: { tags, summary: 'Remove a camera', params: byId, response: { 204: nothing } } }, async (request, reply) => {
    const { id: cameraId } = await seen(request);
    await registry.removeCamera(cameraId, principalOf(request));
    return reply.code(204).send(undefined);
  });
  app.post(
    `${v1}/cameras/:id/probe`,
    { config: { access: keeper }, schema: { tags, summary: 'Climb the onboarding ladder now; in lines (NDJSON) a {"rung"} each', params: byId, response: { 200: z.object({ rungs: z.array(rung) }) } } },
    async (request, reply) => {
      const { id: cameraId } = await seen(request);
      const until = AbortSignal.any([signal, goneSignal(reply)]);
      if (wantsLines(request)) return sendLines(request, reply, log, async (push) => void (await onboarding.probe(cameraId, until, (climbed) => push({ rung: climbed })))) as never;
      return { rungs: [...(await onboarding.probe(cameraId, until))] };
    },
  );
  app.post(
    `${v1}/cameras/probe`,
    {
      config: { access: keeper },
      schema: { tags, summary: 'Climb the ladders of a site or of the named cameras, many at once; in lines (NDJSON) one a camera as it is done, then {"done"}', body: probeMany, response: { 200: z.object({ items: z.array(probed) }) } },
    },
    async (request, reply) => {
      const cameraIds = await wanted(request);
      const until = AbortSignal.any([signal, goneSignal(reply)]);
      if (wantsLines(request)) {
        return sendLines(request, reply, log, async (push) => {
          await onboarding.probeMany(cameraIds, until, push);
          push({ done: cameraIds.length });
        }) as never;
      }
      const items: z.infer<typeof probed>[] = [];
      await onboarding.probeMany(cameraIds, until, ({ cameraId, rungs }) => items.push({ cameraId, rungs: [...rungs] }));
      return { items };
    },
  );
  app.post(
    `${v1}/cameras/:id/confirm-view`,
    { config: { access: keeper }, schema: { tags, summary: 'Say that a moved camera looks where it should; its empty scene is learned anew', params: byId, response: { 200: camera } } },
    async (request) => {
      const { id: cameraId } = await seen(request);
      return registry.confirmView(cameraId, principalOf(request));
    },
  );
  app.get(
    `${v1}/cameras/:id/pictures/newest`,
    {
      config: { access: onSites('admin', 'technician', 'operator') },
      schema: { tags, summary: 'The newest masked picture; not for auditors, who look at stored evidence', params: byId, response: { 200: jpeg, 304: nothing } },
    },
    async (request, reply) => {
      const found = await seen(request);
      if (found.newestPictureId === null || hidden.has(found.pictureStatus)) {
        throw new HedgerowError('picture.withheld', found.pictureReason ?? (found.pictureStatus === 'learning' ? withheldReasons.learning : 'No picture of this camera is stored yet.'));
      }
      const etag = `"${found.newestPictureId}"`;
      reply.headers({ etag, 'cache-control': 'private, no-cache', 'x-picture-id': found.newestPictureId });
      if (found.newestPictureAt !== null) reply.header('last-modified', new Date(found.newestPictureAt).toUTCString());
      await evidence.viewed(principalOf(request), found.id, found.newestPictureId, true);
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(undefined);
      const bytes = await pictures.bytes(found.newestPictureId);
      return reply.type('image/jpeg').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as never);
    },
  );
}

async function allCameras(registry: Pick<Registry, 'cameras'>, scope: SiteScope, siteId?: string): Promise<Camera[]> {
  const found: Camera[] = [];
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await registry.cameras(scope, { limit: 500, cursor, siteId });
    found.push(...page.items);
    cursor = page.nextCursor ?? undefined;
    more = cursor !== undefined;
  }
  return found;
}

/** Aborts when the client goes away before it has its answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new DOMException('The client went away.', 'AbortError'));
  });
  return gone.signal;
}
