/** Cameras one by one: register, change, remove, confirm the view. A spreadsheet goes through `csv-import.ts`. */
import { and, eq, isNull, ne, or, sql } from 'drizzle-orm';
import type { Ledger, NewLedgerEntry, Sealer } from '../contract/auth-ports.js';
import type { Camera } from '../contract/camera.js';
import type { Database, EventLog, Executor } from '../contract/database.js';
import type { Queue } from '../contract/jobs.js';
import { actorOf } from '../contract/principal.js';
import type { Registry } from '../contract/registry.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras } from '../db/schema/register.js';
import { isUniqueViolation } from '../db/sql-state.js';
import type { Logger } from '../telemetry/logger.js';
import { changeCameraRow, newCameraRow } from './camera-changes.js';
import { selectCameras, type CameraRow } from './camera-rows.js';
import { retireCamera } from './decommissioning.js';
import { lockedCamera, unknownCamera } from './known-camera.js';
import { withPrivacyZones } from './privacy-zones.js';
import { pageWhere, readPage } from './paging.js';
import { siteRow } from './sites.js';

export interface CameraParts {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly events: EventLog;
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createCameras(parts: CameraParts): Pick<Registry, 'cameras' | 'camera' | 'createCamera' | 'updateCamera' | 'removeCamera' | 'confirmView'> {
  const { database, sealer, events, ledger, clock } = parts;

  async function camera(id: string): Promise<Camera> {
    const found = isId(id) ? (await selectCameras(database.orm, eq(cameras.id, id), 1, clock.nowMs()))[0] : undefined;
    if (!found) throw unknownCamera(id);
    return found;
  }

  return {
    camera,

    async cameras(scope, page) {
      const also = [page.siteId === undefined ? undefined : eq(cameras.siteId, page.siteId)];
      return readPage(page, (limit) => selectCameras(database.orm, pageWhere({ id: cameras.id, siteId: cameras.siteId, scope, page, also }), limit, clock.nowMs()));
    },

    async createCamera(input, by) {
      const row = newCameraRow(input, sealer, clock.nowMs());
      await orExists(() =>
        database.transaction(async (tx) => {
          await siteRow(tx, row.siteId, true);
          await refuseTwin(tx, row);
          await tx.insert(cameras).values(row);
          await events.append({ type: 'camera.registered', siteId: row.siteId, data: { id: row.id } }, tx);
          await database.notify('hg_camera', row.id, tx);
        }),
      );
      await ledger.append(entry(actorOf(by), 'camera.create', row, { siteId: row.siteId, name: row.name, address: row.address, reviewOn: row.reviewOn }));
      await queueOnboarding(parts, [row.id]);
      return camera(row.id);
    },

    async updateCamera(id, patch, by) {
      const change = await orExists(() =>
        database.transaction(async (tx) => {
          const row = await lockedCamera(tx, id);
          const next = changeCameraRow(row, patch, sealer, clock.nowMs(), patch.address !== undefined && (await withPrivacyZones(tx, [id])).has(id));
          if (next.changed.length === 0) return next;
          if (next.columns.address !== undefined || next.columns.name !== undefined || next.columns.sourceToken !== undefined) await refuseTwin(tx, { ...row, ...next.columns });
          await tx.update(cameras).set(next.columns).where(eq(cameras.id, id));
          await events.append({ type: 'camera.registered', siteId: row.siteId, data: { id } }, tx);
          await database.notify('hg_camera', id, tx);
          return next;
        }),
      );
      if (change.changed.length > 0) await ledger.append(entry(actorOf(by), 'camera.update', { id }, { changed: change.changed.join(' ') }));
      if (change.onboard) await queueOnboarding(parts, [id]);
      return camera(id);
    },

    removeCamera: (id, by) => retireCamera(parts, id, { action: 'camera.remove', reason: 'removed' }, by),

    async confirmView(id, by) {
      const viewVersion = await database.transaction(async (tx) => {
        const row = await lockedCamera(tx, id);
        await tx.update(cameras).set({ viewVersion: row.viewVersion + 1, updatedAt: new Date(clock.nowMs()) }).where(eq(cameras.id, id));
        await database.notify('hg_camera', id, tx);
        return row.viewVersion + 1;
      });
      await ledger.append(entry(actorOf(by), 'camera.confirm-view', { id }, { viewVersion }));
      return camera(id);
    },
  };
}

/** So many onboardings are waited for; a table of thousands goes into the queue behind its answer. */
const queuedBeforeAnswer = 200;

/**
 * Puts onboardings into the queue, after the commit. One that is lost to a crash in between is found by the reprobe
 * (`reprobe.ts`), so a queue that is away costs a delay and nothing else. Never throws.
 */
export async function queueOnboarding({ queue, log }: Pick<CameraParts, 'queue' | 'log'>, cameraIds: readonly string[]): Promise<void> {
  const put = async (ids: readonly string[]): Promise<void> => {
    try {
      for (let i = 0; i < ids.length; i += 50) {
        await Promise.all(ids.slice(i, i + 50).map((cameraId) => queue.enqueue({ name: 'camera.onboard', cameraId }, { dedupeKey: onboardKey(cameraId) })));
      }
    } catch (thrown) {
      log.warn({ cameras: ids.length, error: messageOf(thrown) }, 'onboarding could not be queued; it is tried again later');
    }
  };
  await put(cameraIds.slice(0, queuedBeforeAnswer));
  if (cameraIds.length > queuedBeforeAnswer) void put(cameraIds.slice(queuedBeforeAnswer));
}

export function onboardKey(cameraId: string): string {
  return `camera.onboard:${cameraId}`;
}

/** The same name, or the same video source at the same address, on one site is the same camera. */
async function refuseTwin(tx: Executor, row: Pick<CameraRow, 'id' | 'siteId' | 'name' | 'address' | 'sourceToken'>): Promise<void> {
  const [twin] = await tx
    .select({ name: cameras.name, address: cameras.address, sourceToken: cameras.sourceToken })
    .from(cameras)
    .where(
      and(
        eq(cameras.siteId, row.siteId),
        isNull(cameras.removedAt),
        ne(cameras.id, row.id),
        or(and(eq(cameras.address, row.address), sql`${cameras.sourceToken} is not distinct from ${row.sourceToken}`), sql`lower(${cameras.name}) = lower(${row.name})`),
      ),
    )
    .limit(1);
  if (!twin) return;
  const source = row.sourceToken === null ? '' : `, source "${row.sourceToken}",`;
  const what = twin.address === row.address && twin.sourceToken === row.sourceToken ? `the address ${row.address}${source} is that of "${twin.name}"` : `there is a camera named "${twin.name}"`;
  throw new HedgerowError('camera.exists', `On this site ${what}.`, { context: { siteId: row.siteId } });
}

async function orExists<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (isUniqueViolation(thrown)) throw new HedgerowError('camera.exists', 'There is a camera of that name on this site.', { cause: thrown });
    throw thrown;
  }
}

function entry(actor: string, action: string, row: { id: string }, details: NonNullable<NewLedgerEntry['details']>): NewLedgerEntry {
  return { actor, action, objectType: 'camera', objectId: row.id, outcome: 'ok', details };
}
