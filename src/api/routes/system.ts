/** For machines: alive, ready, metrics, the OpenAPI document. */
import { z } from 'zod';
import { onFleet } from '../access.js';
import type { RouteDeps, Routes } from '../api-deps.js';

const readiness = z.object({ ready: z.boolean(), parts: z.record(z.string(), z.enum(['ok', 'failed'])) });

/** Anybody may ask whether we are ready, and the parts are tried by writing: all who ask within this time get one answer. */
const readyForMs = 1_000;

export function systemRoutes(app: Routes, { ready, metrics, clock, log }: RouteDeps): void {
  const tags = ['system'];
  let tried: { readonly atMs: number; readonly states: ReturnType<typeof ready> } | undefined;

  function states(): ReturnType<typeof ready> {
    if (tried === undefined || clock.monotonicMs() - tried.atMs >= readyForMs) {
      tried = { atMs: clock.monotonicMs(), states: ready() };
      tried.states.then(logFailed, () => undefined);
    }
    return tried.states;
  }

  function logFailed(found: Record<string, string>): void {
    const failed = Object.entries(found).filter(([, state]) => state !== 'ok');
    if (failed.length > 0) log.warn({ parts: Object.fromEntries(failed) }, 'not ready');
  }

  app.get('/healthz', { config: { access: 'public', rateLimit: false }, schema: { tags, summary: 'The process answers', response: { 200: z.object({ status: z.literal('ok') }) } } }, () => ({
    status: 'ok' as const,
  }));
  app.get(
    '/readyz',
    { config: { access: 'public' }, schema: { tags, summary: 'Database, queue and object store answer; what is wrong is in the log', response: { 200: readiness, 503: readiness } } },
    async (_request, reply) => {
      const parts = Object.entries(await states()).map(([part, state]) => [part, state === 'ok' ? ('ok' as const) : ('failed' as const)] as const);
      const isReady = parts.every(([, state]) => state === 'ok');
      reply.code(isReady ? 200 : 503);
      return { ready: isReady, parts: Object.fromEntries(parts) };
    },
  );
  app.get(
    '/metrics',
    {
      config: { access: onFleet('admin', 'auditor') },
      schema: { tags, summary: 'Prometheus metrics of this process; scrape with a token', response: { 200: { description: 'Text format', content: { 'text/plain': { schema: z.string() } } } } },
    },
    async (_request, reply) => {
      const text = await metrics.registry.metrics();
      return reply.type(metrics.registry.contentType).serializer(String).send(text);
    },
  );
  app.get('/api/openapi.json', { config: { access: 'public' }, schema: { tags, summary: 'This document', response: { 200: z.unknown() } } }, () => app.swagger());
}
