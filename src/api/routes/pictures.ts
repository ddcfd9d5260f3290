/**
 * Stored pictures. Everybody sees the rows on his sites; the image of a young one only who may look live. An auditor sees
 * stored evidence, never a live view: for him an image opens when it is a quarter of an hour old.
 */
import type { FastifyRequest } from 'fastify';
import { inScope, scopeOf } from '../../contract/principal.js';
import { id, pageOf, pageQuery } from '../../contract/page.js';
import { pictureDetail, pictureRow, type PictureRow } from '../../contract/picture.js';
import { toRfc3339 } from '../../core/clock.js';
import { HedgerowError } from '../../core/errors.js';
import { mustSee, principalOf, reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byId, jpeg, nothing, v1 } from '../route-forms.js';

export const evidenceAgeMs = 15 * 60_000;

export function pictureRoutes(app: Routes, { pictures, receipts, evidence, clock }: RouteDeps): void {
  const tags = ['pictures'];

  async function seen(request: FastifyRequest<{ Params: { id: string } }>): Promise<PictureRow> {
    const found = await pictures.picture(request.params.id);
    mustSee(request, found.siteId, 'picture.unknown');
    return found;
  }

  app.get(
    `${v1}/pictures`,
    {
      config: { access: reader },
      schema: { tags, summary: 'Stored pictures with their receipts', querystring: pageQuery.extend({ siteId: id.optional(), cameraId: id.optional() }).strict(), response: { 200: pageOf(pictureRow) } },
    },
    (request) => pictures.pictures(scopeOn(request), request.query),
  );
  app.get(
    `${v1}/pictures/:id`,
    { config: { access: reader }, schema: { tags, summary: 'The receipt of one picture, and the place of its hash among the leaves of the ledger', params: byId, response: { 200: pictureDetail } } },
    async (request) => {
      const found = await seen(request);
      return { ...found, leafSeq: (await receipts.of(found.id))?.seq ?? null };
    },
  );
  app.get(
    `${v1}/pictures/:id/image`,
    { config: { access: reader }, schema: { tags, summary: 'The masked picture. For auditors from a quarter of an hour after it was taken', params: byId, response: { 200: jpeg, 304: nothing } } },
    async (request, reply) => {
      const found = await seen(request);
      const by = principalOf(request);
      const opensAtMs = Date.parse(found.receivedAt) + evidenceAgeMs;
      if (clock.nowMs() < opensAtMs && !inScope(scopeOf(by, ['admin', 'technician', 'operator']), found.siteId)) {
        throw new HedgerowError('auth.forbidden', `Auditors look at stored evidence, never live: this picture opens at ${toRfc3339(opensAtMs)}.`);
      }
      await evidence.viewed(by, found.cameraId, found.id, false);
      // Kept by the browser, but asked for again each time: whoever looks must still be allowed to, and it must still exist.
      const kept = { 'etag': `"${found.sha256}"`, 'cache-control': 'private, no-cache' };
      if (request.headers['if-none-match'] === kept.etag) return reply.code(304).headers(kept).send(undefined);
      const bytes = await pictures.bytes(found.id);
      return reply
        .headers(kept)
        .type('image/jpeg')
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as never);
    },
  );
}
