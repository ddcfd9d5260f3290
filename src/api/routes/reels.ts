/**
 * Reels of alerts. The same rule as for pictures: everybody sees the receipts on his sites; the film of a young one only who
 * may look live. For an auditor it opens a quarter of an hour after its last picture.
 */
import { inScope, scopeOf } from '../../contract/principal.js';
import { reelRow } from '../../contract/reel.js';
import { toRfc3339 } from '../../core/clock.js';
import { HedgerowError } from '../../core/errors.js';
import { mustSee, principalOf, reader } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { byteRange } from '../byte-range.js';
import { byId, nothing, v1, video } from '../route-forms.js';
import { evidenceAgeMs } from './pictures.js';

export function reelRoutes(app: Routes, { desk, reels, evidence, clock }: RouteDeps): void {
  app.get(
    `${v1}/alerts/:id/reel`,
    {
      config: { access: reader },
      schema: { tags: ['alerts'], summary: 'The receipt of the reel around an alert. While it is not there yet, the answer 404 says so', params: byId, response: { 200: reelRow } },
    },
    async (request) => {
      const alert = await desk.alert(request.params.id);
      mustSee(request, alert.siteId, 'alert.unknown');
      const found = await reels.reelOfAlert(alert.id);
      // A camera may have moved to another site meanwhile, and its pictures with it.
      mustSee(request, found.siteId, 'reel.unknown');
      return found;
    },
  );
  app.get(
    `${v1}/reels/:id/file`,
    {
      config: { access: reader },
      schema: {
        tags: ['alerts'],
        summary: 'The masked pictures around an alert as a film; takes one range of bytes. For auditors from a quarter of an hour after its last picture',
        params: byId,
        response: { 200: video, 206: video, 304: nothing, 416: nothing },
      },
    },
    async (request, reply) => {
      const found = await reels.reel(request.params.id);
      mustSee(request, found.siteId, 'reel.unknown');
      const by = principalOf(request);
      const opensAtMs = Date.parse(found.lastAt) + evidenceAgeMs;
      if (clock.nowMs() < opensAtMs && !inScope(scopeOf(by, ['admin', 'technician', 'operator']), found.siteId)) {
        throw new HedgerowError('auth.forbidden', `Auditors look at stored evidence, never live: this reel opens at ${toRfc3339(opensAtMs)}.`);
      }
      await evidence.reelViewed(by, found);
      // Kept by the browser, but asked for again each time: whoever looks must still be allowed to, and it must still exist.
      const kept = { 'etag': `"${found.sha256}"`, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' };
      if (request.headers['if-none-match'] === kept.etag) return reply.code(304).headers(kept).send(undefined);
      const ifRange = request.headers['if-range'];
      const range = byteRange(request.headers.range, typeof ifRange === 'string' ? ifRange : undefined, kept.etag, found.bytes);
      if (range.status === 'outside') return reply.code(416).headers({ ...kept, 'content-range': `bytes */${found.bytes}` }).send(undefined);
      const file = await reels.reelBytes(found.id);
      reply.headers(kept).type(found.mediaType);
      if (range.status === 'whole') return reply.send(Buffer.from(file.buffer, file.byteOffset, file.byteLength) as never);
      const part = Buffer.from(file.buffer, file.byteOffset + range.from, range.to - range.from + 1);
      return reply.code(206).header('content-range', `bytes ${range.from}-${range.to}/${file.byteLength}`).send(part as never);
    },
  );
}
