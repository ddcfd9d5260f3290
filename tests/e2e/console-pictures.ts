/** Reels and the live masked view behind the API's addresses, moved by hand from a test. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Alert } from '../../src/contract/alert.js';
import type { NewStreamEvent } from '../../src/contract/events.js';
import type { PictureRow } from '../../src/contract/picture.js';
import type { Grant } from '../../src/contract/principal.js';
import { reelRow, type ReelRow } from '../../src/contract/reel.js';

const fixture = path.resolve(import.meta.dirname, '../fixtures/reel/drawn-30s-2fps.webm');
const boundary = 'hedgerow-live';

interface Deps {
  siteId: string;
  grants: readonly Grant[];
  pictures: ReadonlyMap<string, { row: PictureRow }>;
  send: (event: NewStreamEvent) => void;
  draw: (seed: number, walkers: number) => Promise<Buffer>;
}

export async function addPictureRoutes(app: FastifyInstance, api: string, { siteId, grants, pictures, send, draw }: Deps) {
  const file = await readFile(fixture);
  const reels = new Map<string, ReelRow>();
  const viewers = new Map<ServerResponse, string>();
  const drawn = new Map<number, Buffer>();
  let refuse: { status: number; code: string; detail: string } | null = null;
  const problem = (status: number, code: string, title: string, detail = '') => ({ type: 'about:blank', status, code, title, detail });

  app.get<{ Params: { id: string } }>(`${api}/pictures/:id`, (request, reply) => pictures.get(request.params.id)?.row ?? reply.code(404).type('application/problem+json').send(problem(404, 'picture.unknown', 'There is no such picture')));
  app.get<{ Params: { id: string } }>(`${api}/alerts/:id/reel`, (request, reply) => reels.get(request.params.id) ?? reply.code(404).type('application/problem+json').send(problem(404, 'reel.unknown', 'There is no such reel')));
  app.get<{ Params: { id: string } }>(`${api}/reels/:id/file`, (request, reply) => {
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const head = reply.type('video/webm').header('accept-ranges', 'bytes').header('cache-control', 'private, no-cache');
    if (!asked) return head.send(file);
    const [from, to] = [Number(asked[1]), asked[2] ? Number(asked[2]) : file.length - 1];
    return head.code(206).header('content-range', `bytes ${from}-${to}/${file.length}`).send(file.subarray(from, to + 1));
  });
  app.get<{ Params: { id: string } }>(`${api}/cameras/:id/live`, (request, reply) => {
    if (refuse) return reply.code(refuse.status).type('application/problem+json').send(problem(refuse.status, refuse.code, 'Not allowed', refuse.detail));
    if (grants.every((g) => g.role === 'auditor')) return reply.code(403).type('application/problem+json').send(problem(403, 'auth.forbidden', 'Not allowed', 'Auditors look at stored evidence, never live.'));
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': `multipart/x-mixed-replace; boundary=${boundary}`, 'cache-control': 'no-store' });
    reply.raw.write(`--${boundary}\r\n`);
    viewers.set(reply.raw, request.params.id);
    reply.raw.once('close', () => viewers.delete(reply.raw));
  });

  const part = (cameraId: string, head: Record<string, string>, body: Buffer): void => {
    const lines = Object.entries({ ...head, 'Content-Length': String(body.length) }).map(([name, value]) => `${name}: ${value}\r\n`);
    for (const [viewer, of] of viewers) if (of === cameraId) viewer.write(Buffer.concat([Buffer.from(`${lines.join('')}\r\n`), body, Buffer.from(`\r\n--${boundary}\r\n`)]));
  };

  return {
    liveViewers: (cameraId: string): number => [...viewers.values()].filter((of) => of === cameraId).length,
    showLive: async (cameraId: string, walkers: number, agoMs = 0): Promise<void> => {
      const jpeg = drawn.get(walkers) ?? (await draw(0, walkers));
      drawn.set(walkers, jpeg);
      part(cameraId, { 'Content-Type': 'image/jpeg', 'X-Received-At': new Date(Date.now() - agoMs).toISOString(), 'X-Picture-Id': randomUUID(), 'X-Mask-Ratio': (0.04 + walkers * 0.05).toFixed(4) }, jpeg);
    },
    withholdLive: (cameraId: string, reason: string): void => part(cameraId, { 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify({ withheld: reason }))),
    cutLive: (): void => {
      for (const viewer of viewers.keys()) viewer.destroy();
    },
    refuseLive: (status: number, code: string, detail: string): void => void (refuse = { status, code, detail }),
    /** From 10 s before to 20 s after, two a second, with three seconds in which the camera gave none. */
    storeReel: (alert: Alert, tell = true): ReelRow => {
      const first = Date.parse(alert.raisedAt) - 10_000;
      const times = Array.from({ length: 60 }, (_, i) => i * 500).filter((ms) => ms <= 22_000 || ms >= 25_000);
      const row = reelRow.parse({
        id: randomUUID(), alertId: alert.id, cameraId: alert.cameraId, siteId, firstAt: new Date(first).toISOString(), lastAt: new Date(first + 29_500).toISOString(), alertAtMs: 10_000, lengthMs: 30_000, widthPx: 320, heightPx: 180,
        pictures: times.map((atMs) => ({ atMs, receiptHash: 'b'.repeat(64) })), gaps: [{ fromMs: 22_000, toMs: 25_000, reason: 'scene-changed' }],
        mediaType: 'video/webm', sha256: 'a'.repeat(64), bytes: file.length, receiptHash: 'b'.repeat(64), expiresAt: new Date(first + 30 * 86_400_000).toISOString(),
      });
      reels.set(alert.id, row);
      if (tell) send({ type: 'reel.stored', siteId, data: { id: row.id, alertId: alert.id, cameraId: alert.cameraId } });
      return row;
    },
  };
}
