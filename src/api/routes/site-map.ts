/** The map of a site: GeoJSON in with a verdict a feature, GeoJSON out, and the features as a list. */
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { siteFeature, siteMapReport } from '../../contract/site-map.js';
import { mustSee, onSites, principalOf, reader } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { RequestRefused } from '../problem.js';
import { byId, flag, v1 } from '../route-forms.js';

const mapType = 'application/geo+json';
const collection = { type: 'object', description: 'A FeatureCollection (RFC 7946) in WGS 84; properties: kind, name, height_m of an occluder, place_kind of a place' };
const describedBody = { content: { [mapType]: { schema: collection }, 'application/json': { schema: collection } } };

export function siteMapRoutes(app: Routes, { siteMap, config, evidence }: RouteDeps): void {
  const tags = ['sites'];

  // Its own context: here a JSON body stays bytes, so that 16 MB of it are read in slices and under limits.
  void app.register((scoped, _options, done) => {
    scoped.removeContentTypeParser('application/json');
    scoped.addContentTypeParser([mapType, 'application/json'], { parseAs: 'buffer', bodyLimit: config.bodyLimitBytes }, (_request, body, parsed) => parsed(null, body));
    scoped.withTypeProvider<ZodTypeProvider>().post(
      `${v1}/sites/:id/map`,
      {
        bodyLimit: config.bodyLimitBytes,
        config: { access: onSites('admin', 'technician'), describedBody },
        schema: {
          tags,
          summary: 'Read the map of a site; nothing is written when a feature is bad, unless skipBad. With replace, features that the file does not have are removed',
          params: byId,
          querystring: z.strictObject({ dryRun: flag, skipBad: flag, replace: flag }),
          response: { 200: siteMapReport },
        },
      },
      async (request) => {
        mustSee(request, request.params.id, 'site.unknown');
        const { body } = request as { body: unknown };
        if (!(body instanceof Uint8Array) || body.length === 0) throw new RequestRefused([{ path: '', reason: `send the map as ${mapType}` }]);
        const { dryRun, skipBad, replace } = request.query;
        return siteMap.importGeoJson(request.params.id, body, { dryRun: dryRun === 'true', skipBad: skipBad === 'true', replace: replace === 'true' }, principalOf(request));
      },
    );
    done();
  });

  app.get(
    `${v1}/sites/:id/map`,
    { config: { access: reader }, schema: { tags, summary: 'The map of a site, as the import reads it', params: byId, response: { 200: { description: 'A FeatureCollection', content: { [mapType]: { schema: z.string() } } } } } },
    async (request, reply) => {
      mustSee(request, request.params.id, 'site.unknown');
      const text = await siteMap.exportGeoJson(request.params.id);
      await evidence.exported(principalOf(request), 'site-map');
      return reply.type(mapType).serializer(String).send(text);
    },
  );

  app.get(
    `${v1}/sites/:id/features`,
    { config: { access: reader }, schema: { tags, summary: 'The features of the map of a site', params: byId, response: { 200: z.object({ items: z.array(siteFeature) }) } } },
    async (request) => {
      mustSee(request, request.params.id, 'site.unknown');
      return { items: [...(await siteMap.features(request.params.id))] };
    },
  );
}
