/** The fleet in numbers: how many cameras are in which state, and how this process runs. */
import { z } from 'zod';
import { camera, cameraStates } from '../../contract/camera.js';
import { id } from '../../contract/page.js';
import { reader, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { v1 } from '../route-forms.js';

const pictureStatuses = camera.shape.pictureStatus.options;
const count = z.number().int();
const health = z.object({
  version: z.string(),
  cameras: z.object({ total: count, enabled: count, byState: z.record(z.enum(cameraStates), count), byPicture: z.record(z.enum(pictureStatuses), count) }),
  /** roles, detector, database of the process that answers */
  process: z.record(z.string(), z.unknown()),
});

export function healthRoutes(app: Routes, { registry, version, health: processHealth }: RouteDeps): void {
  app.get(
    `${v1}/health`,
    { config: { access: reader }, schema: { tags: ['health'], summary: 'Cameras by state', querystring: z.strictObject({ siteId: id.optional() }), response: { 200: health } } },
    async (request) => {
      const byState = zeros(cameraStates);
      const byPicture = zeros(pictureStatuses);
      let [total, enabled] = [0, 0];
      let cursor: string | undefined;
      do {
        const page = await registry.cameras(scopeOn(request), { limit: 500, cursor, siteId: request.query.siteId });
        for (const c of page.items) {
          total++;
          if (c.enabled) enabled++;
          byState[c.state]++;
          byPicture[c.pictureStatus]++;
        }
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return { version, cameras: { total, enabled, byState, byPicture }, process: { ...processHealth() } };
    },
  );
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((k) => [k, 0])) as Record<K, number>;
}
