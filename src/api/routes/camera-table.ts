/** The inventory as a table: import with a dry run and a verdict a row, export without secrets. */
import type { FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { importReport, type ImportOptions } from '../../contract/registry.js';
import { id } from '../../contract/page.js';
import type { SiteScope } from '../../contract/principal.js';
import { HedgerowError } from '../../core/errors.js';
import { mustActOn, onSites, principalOf, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { sendLines, wantsLines } from '../line-stream.js';
import { RequestRefused } from '../problem.js';
import { flag, v1 } from '../route-forms.js';

const wrappedCsv = z.strictObject({ csv: z.string() });
const describedBody = {
  content: {
    'text/csv': { schema: { type: 'string', format: 'binary', description: 'UTF-8, UTF-16 with a byte order mark or GB18030; comma, semicolon or tab; header in the first line' } },
    'application/json': { schema: { type: 'array', items: { type: 'object' }, description: "Cameras with the API's field names, and site (name or id)" } },
  },
};
const query = z.strictObject({ dryRun: flag, skipBad: flag, siteId: id.optional(), site: z.string().max(120).optional() });

export function cameraTableRoutes(app: Routes, { registry, config, evidence, log }: RouteDeps): void {
  const tags = ['cameras'];

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

  async function optionsOf(request: FastifyRequest<{ Querystring: z.infer<typeof query> }>, format: ImportOptions['format']): Promise<ImportOptions> {
    const { dryRun, skipBad, siteId, site } = request.query;
    const wanted = siteId ?? site;
    const defaultSiteId = wanted === undefined ? undefined : await siteNamed(wanted, scopeOn(request));
    if (defaultSiteId !== undefined) mustActOn(request, defaultSiteId);
    return { format, dryRun: dryRun === 'true', skipBad: skipBad === 'true', defaultSiteId };
  }

  // Its own context: here a JSON body stays bytes, so that 16 MB of it are read in slices and under limits.
  void app.register((scoped, _options, done) => {
    const raw = { parseAs: 'buffer', bodyLimit: config.bodyLimitBytes } as const;
    scoped.removeContentTypeParser('application/json');
    scoped.addContentTypeParser(['text/csv', 'application/json'], raw, (_request, body, parsed) => parsed(null, body));
    scoped.withTypeProvider<ZodTypeProvider>().post(
      `${v1}/cameras/import`,
      {
        bodyLimit: config.bodyLimitBytes,
        config: { access: onSites('admin', 'technician'), describedBody },
        schema: {
          tags,
          summary: 'Register the cameras of a table; nothing is written when a row is bad, unless skipBad. With "Accept: application/x-ndjson" progress comes line by line, then {"report": …}',
          querystring: query,
          response: { 200: importReport },
        },
      },
      async (request, reply) => {
        const { bytes, format } = bodyOf(request);
        const options = await optionsOf(request, format);
        const by = principalOf(request);
        if (!wantsLines(request)) return registry.importCameras(bytes, options, by);
        return sendLines(request, reply, log, async (push) => {
          const report = await registry.importCameras(bytes, { ...options, onProgress: (progressDone, total) => push({ progress: { done: progressDone, total } }) }, by);
          push({ report: importReport.parse(report) });
        });
      },
    );
    done();
  });

  app.get(
    `${v1}/cameras/export`,
    {
      config: { access: onSites('admin', 'technician', 'auditor') },
      schema: {
        tags,
        summary: 'The table of the cameras, as the import reads it, without secrets',
        querystring: z.strictObject({ format: z.enum(['csv', 'json']).default('csv') }),
        response: { 200: { description: 'UTF-8', content: { 'text/csv': { schema: z.string() }, 'application/json': { schema: z.array(z.record(z.string(), z.unknown())) } } } },
      },
    },
    async (request, reply) => {
      const { format } = request.query;
      const text = await registry.exportCameras(scopeOn(request), format);
      await evidence.exported(principalOf(request), 'cameras');
      const type = format === 'json' ? 'application/json; charset=utf-8' : 'text/csv; charset=utf-8';
      return reply.header('content-disposition', `attachment; filename="cameras.${format}"`).type(type).serializer(String).send(text);
    },
  );
}

/** The bytes as they came. `{"csv": "…"}` is the table as a text. */
function bodyOf(request: FastifyRequest): { bytes: Uint8Array; format: ImportOptions['format'] } {
  const { body } = request;
  if (!(body instanceof Uint8Array) || body.length === 0) throw new RequestRefused([{ path: '', reason: 'send the table as text/csv, or as JSON: an array of cameras' }]);
  const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
  const csv = isJson ? csvInside(body) : null;
  return csv === null ? { bytes: body, format: isJson ? 'json' : 'csv' } : { bytes: csv, format: 'csv' };
}

const wrapped = /^\s*\{\s*"csv"\s*:\s*"/;

function csvInside(body: Uint8Array): Uint8Array | null {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const begin = wrapped.exec(text.toString('latin1', 0, 200));
  if (!begin) return null;
  // Nothing may follow the one member: so plain a form has no depth that the parser must be kept from.
  let end = begin[0].length;
  while (end < text.length && text[end] !== 0x22) end += text[end] === 0x5c ? 2 : 1;
  try {
    if (/^\s*\}\s*$/.test(text.toString('latin1', end + 1, end + 200))) return Buffer.from(wrappedCsv.parse(JSON.parse(text.toString('utf8'))).csv, 'utf8');
  } catch {
    // refused below
  }
  throw new RequestRefused([{ path: 'csv', reason: 'send the table as text/csv, or as JSON {"csv": "…"}' }]);
}
