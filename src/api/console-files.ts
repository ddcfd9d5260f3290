/**
 * Serves the built console. Only files that were there at the start are served, so a path cannot climb out of the folder;
 * every other address that a browser asks a page for gets the page itself, which finds its way by its own routes.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import { HedgerowError } from '../core/errors.js';
import type { Routes } from './api-deps.js';

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Hedgerow</title>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>Hedgerow runs</h1>
<p>The console is not built yet. Build it with <code>npm run build</code>, then start again.</p>
<p>The API is here: <a href="/api/openapi.json">/api/openapi.json</a>.</p>
</body></html>
`;

export async function addConsole(app: Routes, folder: string | null): Promise<void> {
  const built = folder !== null && existsSync(path.join(folder, 'index.html'));
  const files = built ? filesIn(folder) : new Set<string>();
  if (built) await app.register(fastifyStatic, { root: path.resolve(folder), serve: false, cacheControl: false });

  app.get('/*', { config: { access: 'public' }, schema: { hide: true } }, async (request, reply) => {
    const wanted = decoded(request.params);
    if (wanted === 'api' || wanted.startsWith('api/')) throw new HedgerowError('route.unknown', 'There is no such address.');
    if (files.has(wanted)) {
      // Vite writes a hash of the content into the names below assets/.
      const kept = wanted.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
      return reply.header('cache-control', kept).sendFile(wanted);
    }
    if (!(request.headers.accept ?? '*/*').match(/text\/html|\*\/\*/) || /\.[a-z0-9]{1,5}$/i.test(wanted)) {
      throw new HedgerowError('route.unknown', 'There is no such address.');
    }
    if (built) return reply.header('cache-control', 'no-cache').sendFile('index.html');
    return reply.code(200).type('text/html; charset=utf-8').send(notBuilt);
  });
}

function decoded(params: unknown): string {
  const rest = (params as { '*'?: unknown })['*'];
  return typeof rest === 'string' ? rest : '';
}

function filesIn(folder: string): Set<string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Set(names.filter((name) => statSync(path.join(folder, name)).isFile()).map((name) => name.split(path.sep).join('/')));
}
