/** Finds ONVIF devices on the local networks; answers at the end, or line by line (NDJSON) as they answer. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { discovered, type Discovered } from '../../contract/registry.js';
import { inScope, type SiteScope } from '../../contract/principal.js';
import { HedgerowError, messageOf } from '../../core/errors.js';
import { onSites, scopeOn } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';
import { errorOf, problemOf } from '../problem.js';
import { v1 } from '../route-forms.js';
import { goneSignal } from './cameras.js';

const retryAfterMs = 4_000;
const atOnce = 4;
const found = z.object({ items: z.array(discovered) });
const body = z.strictObject({
  interfaces: z.array(z.string().max(100)).max(50).optional(),
  listenMs: z.number().int().min(100).max(60_000).optional(),
  bridges: z.boolean().optional(),
  sweep: z.array(z.string().max(50)).max(64).optional(),
  force: z.boolean().optional(),
});

export function discoveryRoutes(app: Routes, { discovery, registry, signal, log }: RouteDeps): void {
  let running = 0;

  /** A device that is registered elsewhere is found, but not what it is there. */
  async function cut(device: Discovered, scope: SiteScope): Promise<Discovered> {
    if (device.cameraId === null || scope === 'all') return device;
    const siteId = await registry.camera(device.cameraId).then((c) => c.siteId, () => null);
    return siteId !== null && inScope(scope, siteId) ? device : { ...device, cameraId: null, moved: false };
  }

  app.get(
    `${v1}/discovery/announced`,
    {
      config: { access: onSites('admin', 'technician') },
      schema: { tags: ['discovery'], summary: 'Devices that announced themselves since the program started, the newest first', response: { 200: found } },
    },
    async (request) => {
      const scope = scopeOn(request);
      const devices = await discovery.announced();
      return { items: await Promise.all(devices.map((device) => cut(device, scope))) };
    },
  );

  app.post(
    `${v1}/discovery`,
    {
      config: { access: onSites('admin', 'technician') },
      schema: {
        tags: ['discovery'],
        summary: 'Find devices. With "Accept: application/x-ndjson" they come line by line: {"device"} when one is known and again when more of it is, {"progress"} in between',
        body: body.nullish(),
        response: { 200: found },
      },
    },
    async (request, reply) => {
      if (running >= atOnce) throw new HedgerowError('request.rate', 'Others are looking for devices already.', { context: { retryAfterMs } });
      const scope = scopeOn(request);
      const options = { ...request.body, interfaces: request.body?.interfaces ?? [], signal: AbortSignal.any([signal, goneSignal(reply)]) };
      running++;
      if (!request.headers.accept?.includes('application/x-ndjson')) {
        try {
          const devices = await discovery.discover(options);
          return { items: await Promise.all(devices.map((device) => cut(device, scope))) };
        } finally {
          running--;
        }
      }
      const lines = new Readable({ read: () => undefined });
      const push = (value: object): void => void (lines.destroyed || lines.push(`${JSON.stringify(value)}\n`));
      // In order, although each device is looked up.
      let last = Promise.resolve();
      const pushNext = (line: () => object | Promise<object>): void => {
        last = last.then(async () => push(await line()));
      };
      void discovery
        .discover({
          ...options,
          onFound: (device) => pushNext(async () => ({ device: await cut(device, scope) })),
          onProgress: (progress) => pushNext(() => ({ progress })),
        })
        .then(() => last)
        .catch(async (thrown: unknown) => {
          log.warn({ requestId: request.id, error: messageOf(thrown) }, 'discovery ended early');
          await last.catch(() => undefined);
          push(problemOf(errorOf(thrown), request.id));
        })
        .finally(() => {
          running--;
          if (!lines.destroyed) lines.push(null);
        });
      return reply.type('application/x-ndjson').send(lines as never);
    },
  );
}
