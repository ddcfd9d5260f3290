/** The inventory as a table: import with a dry run and a verdict a row, export without secrets. */
import { z } from 'zod';
import { importReport } from '../../contract/registry.js';
import { id } from '../../contract/page.js';
import type { SiteScope } from '../../contract/principal.js';
import { HedgerowError } from '../../core/errors.js';
import { mustActOn, onSites, principalOf, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { RequestRefused } from '../problem.js';
import { flag, v1 } from '../route-forms.js';

const jsonBody = z.strictObject({ csv: z.string() });
const describedBody = {
  content: {
    'text/csv': { schema: { type: 'string', description: 'UTF-8, header in the first line' } },
    'application/json': { schema: { type: 'object', properties: { csv: { type: 'string' } }, required: ['csv'], additionalProperties: false } },
  },
};

export function cameraTableRoutes(app: Routes, { registry, config, evidence }: RouteDeps): void {
  const tags = ['cameras'];
  app.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: config.bodyLimitBytes }, (_request, body, done) => done(null, body));

  /** `site` is an id or a name: a technician knows the name. */
  async function siteNamed(wanted: string, scope: SiteScope): Promise<string> {
    if (id.safeParse(wanted).success) return wanted;
    let cursor: string | undefined;
    do {
      const page = await registry.sites(scope, { limit: 500, cursor });
      const found = page.items.find((s) => s.name === wanted);
      if (found) return found.id;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    throw new HedgerowError('site.unknown', `There is no site "${wanted.slice(0, 120)}".`);
  }

  app.post(
    `${v1}/cameras/import`,
    {
      bodyLimit: config.bodyLimitBytes,
      config: { access: onSites('admin', 'technician'), describedBody },
      schema: {
        tags,
        summary: 'Register the cameras of a table; nothing is written when a row is bad, unless skipBad',
        querystring: z.strictObject({ dryRun: flag, skipBad: flag, siteId: id.optional(), site: z.string().max(120).optional() }),
        response: { 200: importReport },
      },
    },
    async (request) => {
      const { dryRun, skipBad, siteId, site } = request.query;
      const wanted = siteId ?? site;
      const defaultSiteId = wanted === undefined ? undefined : await siteNamed(wanted, scopeOn(request));
      if (defaultSiteId !== undefined) mustActOn(request, defaultSiteId);
      return registry.importCameras(bytesOf(request.body), { format: 'csv', dryRun: dryRun === 'true', skipBad: skipBad === 'true', defaultSiteId }, principalOf(request));
    },
  );

  app.get(
    `${v1}/cameras/export`,
    {
      config: { access: onSites('admin', 'technician', 'auditor') },
      schema: { tags, summary: 'The table of the cameras, as the import reads it, without secrets', response: { 200: { description: 'UTF-8, header in the first line', content: { 'text/csv': { schema: z.string() } } } } },
    },
    async (request, reply) => {
      const csv = await registry.exportCameras(scopeOn(request), 'csv');
      await evidence.exported(principalOf(request), 'cameras');
      return reply.header('content-disposition', 'attachment; filename="cameras.csv"').type('text/csv; charset=utf-8').serializer(String).send(csv);
    },
  );
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  const parsed = jsonBody.safeParse(body);
  if (!parsed.success) throw new RequestRefused([{ path: 'csv', reason: 'send the table as text/csv, or as JSON {"csv": "…"}' }]);
  return Buffer.from(parsed.data.csv, 'utf8');
}
