/**
 * What the API writes into the ledger: views of pictures and reels, exports, readings of the ledger, refusals. A page that polls or
 * a client that hammers makes one entry a minute for each person and thing, not one a request.
 */
import type { FastifyRequest } from 'fastify';
import type { Ledger, NewLedgerEntry } from '../contract/auth-ports.js';
import { actorOf, type Principal } from '../contract/principal.js';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import type { Logger } from '../telemetry/logger.js';

const windowMs = 60_000;
const maxWindows = 20_000;

export interface Evidence {
  /** Resolves when the view is in the ledger: without it, nothing is shown. */
  viewed(by: Principal, cameraId: string, pictureId: string, live: boolean): Promise<void>;
  /** The same for a reel; the ranges that a player asks for are one view. */
  reelViewed(by: Principal, reel: { readonly id: string; readonly alertId: string; readonly cameraId: string }): Promise<void>;
  /** Something left the system as a whole: the inventory, the ledger. */
  exported(by: Principal, what: string): Promise<void>;
  /** A refusal does not wait for its entry. */
  refused(request: FastifyRequest): void;
}

export function createEvidence({ ledger, clock, log }: { ledger: Ledger; clock: Clock; log: Logger }): Evidence {
  const windows = new Map<string, { sinceMs: number; written: Promise<unknown> }>();

  function oncePerMinute(entry: NewLedgerEntry): Promise<unknown> {
    const key = JSON.stringify([entry.actor, entry.action, entry.objectType, entry.objectId]);
    const nowMs = clock.monotonicMs();
    const open = windows.get(key);
    if (open && nowMs - open.sinceMs < windowMs) return open.written;
    const written = ledger.append(entry);
    windows.delete(key);
    windows.set(key, { sinceMs: nowMs, written });
    written.catch(() => windows.delete(key));
    if (windows.size > maxWindows) {
      const oldest = windows.keys().next();
      if (!oldest.done) windows.delete(oldest.value);
    }
    return written;
  }

  return {
    async viewed(by, cameraId, pictureId, live) {
      await oncePerMinute({ actor: actorOf(by), action: live ? 'picture.view-newest' : 'picture.view', objectType: 'camera', objectId: cameraId, outcome: 'ok', details: { pictureId } });
    },
    async reelViewed(by, { id, alertId, cameraId }) {
      await oncePerMinute({ actor: actorOf(by), action: 'reel.view', objectType: 'reel', objectId: id, outcome: 'ok', details: { alertId, cameraId } });
    },
    async exported(by, what) {
      await oncePerMinute({ actor: actorOf(by), action: 'export', objectType: what, objectId: 'all', outcome: 'ok' });
    },
    refused(request) {
      const { method, url } = request.routeOptions;
      const entry = { actor: actorOf(request.principal), action: 'request.refused', objectType: 'route', objectId: `${String(method)} ${url ?? '?'}`.slice(0, 200), outcome: 'refused' } as const;
      oncePerMinute(entry).catch((thrown: unknown) => log.error({ error: messageOf(thrown), route: entry.objectId }, 'a refusal is not in the ledger'));
    },
  };
}
