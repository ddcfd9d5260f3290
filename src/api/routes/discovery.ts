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

const defaultListenMs = 4_000;
const atOnce = 4;

export function discoveryRoutes(app: Routes, { discovery, registry, signal, log }: RouteDeps): void {
  let running = 0;

  /** A device that is registered elsewhere is found, but not what it is there. */
  async function cut(device: Discovered, scope: SiteScope): Promise<Discovered> {
    if (device.cameraId === null || scope === 'all') return device;
    const siteId = await registry.camera(device.cameraId).then((c) => c.siteId, () => null);
    return siteId !== null && inScope(scope, siteId) ? device : { ...device, cameraId: null };
  }

  app.post(
    `${v1}/discovery`,
    {
      config: { access: onSites('admin', 'technician') },
      schema: {
        tags: ['discovery'],
        summary: 'Find devices. With "Accept: application/x-ndjson" they come line by line',
        body: z.strictObject({ interfaces: z.array(z.string().max(100)).max(50).default([]), listenMs: z.number().int().min(100).max(60_000).default(defaultListenMs) }).nullish(),
        response: { 200: z.object({ items: z.array(discovered) }) },
      },
    },
    async (request, reply) => {
      if (running >= atOnce) throw new HedgerowError('request.rate', 'Others are looking for devices already.', { context: { retryAfterMs: defaultListenMs } });
      const scope = scopeOn(request);
      const { interfaces = [], listenMs = defaultListenMs } = request.body ?? {};
      const options = { interfaces, listenMs, signal: AbortSignal.any([signal, goneSignal(reply)]) };
      running++;
      if (!request.headers.accept?.includes('application/x-ndjson')) {
        try {
          const found = await discovery.discover(options);
          return { items: await Promise.all(found.map((device) => cut(device, scope))) };
        } finally {
          running--;
        }
      }
      const lines = new Readable({ read: () => undefined });
      const push = (value: object): void => void (lines.destroyed || lines.push(`${JSON.stringify(value)}\n`));
      let last = Promise.resolve();
      const onFound = (device: Discovered): void => {
        last = last.then(async () => push(await cut(device, scope)));
      };
      void discovery
        .discover({ ...options, onFound })
        .then(() => last)
        .catch((thrown: unknown) => {
          log.warn({ requestId: request.id, error: messageOf(thrown) }, 'discovery ended early');
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
