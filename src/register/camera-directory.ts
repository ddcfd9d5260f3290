/**
 * What ingest and analyse need of the inventory. Zones are asked for with every frame, so views are kept; a notification,
 * a changed version or their age drops them. Secrets are never kept: a target is read, opened and pinned each time.
 */
import { and, asc, eq, isNotNull, isNull } from 'drizzle-orm';
import type { Sealer } from '../contract/auth-ports.js';
import type { Database } from '../contract/database.js';
import type { CameraDirectory, CameraView } from '../contract/registry.js';
import type { AddressGuard } from '../core/address-guard.js';
import type { Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { cameras, sites, zones } from '../db/schema/register.js';
import { cameraStatus } from '../db/schema/watch.js';
import type { Logger } from '../telemetry/logger.js';
import type { CameraRow } from './camera-rows.js';
import { unknownCamera } from './known-camera.js';
import { openPassword } from './credentials.js';
import { fillPath, takesLoginInPath } from './path-credentials.js';
import { reviewOverdue } from './review-date.js';
import { readToldAddress, writeAddress } from './told-address.js';
import { toZone } from './zones.js';

/** A new privacy zone takes hold within this time even if its notification was lost. */
const viewLifeMs = 2_000;

interface Kept {
  readonly view: CameraView;
  readonly readAtMs: number;
}

export function createCameraDirectory({ database, sealer, guard, clock, log }: {
  database: Database;
  sealer: Sealer;
  guard: AddressGuard;
  clock: Clock;
  log: Logger;
}): CameraDirectory & { close(): Promise<void> } {
  const views = new Map<string, Kept>();
  const reading = new Map<string, Promise<CameraView>>();
  /** Grows with every notification: a view whose reading began before one is not kept. */
  let generation = 0;
  let listening: Promise<(() => Promise<void>) | null> | undefined;

  function forget(cameraId: string): void {
    generation++;
    if (cameraId === '') {
      views.clear();
      reading.clear();
    } else {
      views.delete(cameraId);
      reading.delete(cameraId);
    }
  }

  /** Begun with the first question, and again after a failure; until it stands, age alone drops a view. */
  function listen(): void {
    listening ??= database.listen('hg_camera', forget).catch((thrown: unknown) => {
      log.warn({ error: messageOf(thrown) }, 'changes of cameras are not heard; views are read anew');
      listening = undefined;
      return null;
    });
  }

  async function read(cameraId: string): Promise<CameraView> {
    const [row] = isId(cameraId)
      ? await database.orm
          .select({ siteId: cameras.siteId, viewVersion: cameras.viewVersion, configVersion: cameras.configVersion, sampleIntervalMs: cameras.sampleIntervalMs, mountHeightM: cameras.mountHeightM, tiltDeg: cameras.tiltDeg, horizontalFovDeg: cameras.horizontalFovDeg, requireDetector: sites.requireDetector, unverified: cameras.unverifiedViewVersion, movedViewVersion: cameraStatus.movedViewVersion })
          .from(cameras)
          .innerJoin(sites, eq(sites.id, cameras.siteId))
          .leftJoin(cameraStatus, eq(cameraStatus.cameraId, cameras.id))
          .where(and(eq(cameras.id, cameraId), isNull(cameras.removedAt)))
      : [];
    if (!row) throw unknownCamera(cameraId);
    const found = await database.orm.select().from(zones).where(eq(zones.cameraId, cameraId)).orderBy(asc(zones.id));
    const { movedViewVersion, unverified, mountHeightM, tiltDeg, horizontalFovDeg, ...known } = row;
    const inDoubt = (version: number | null): boolean => version !== null && version >= known.viewVersion;
    return { cameraId, ...known, pose: { mountHeightM, tiltDeg, horizontalFovDeg }, knownMoved: inDoubt(movedViewVersion) || inDoubt(unverified), zones: found.map(toZone) };
  }

  return {
    async runnable() {
      listen();
      const rows = await database.orm
        .select({ cameraId: cameras.id, siteId: cameras.siteId, configVersion: cameras.configVersion, reviewOn: cameras.reviewOn, timeZone: sites.timeZone })
        .from(cameras)
        .innerJoin(sites, eq(sites.id, cameras.siteId))
        .where(and(isNull(cameras.removedAt), eq(cameras.enabled, true), isNotNull(cameras.streamUrl), isNotNull(cameras.onboardedAt)))
        .orderBy(asc(cameras.id));
      const nowMs = clock.nowMs();
      const running = rows.filter((r) => !reviewOverdue(r.reviewOn, r.timeZone, nowMs));
      for (const { cameraId, configVersion } of running) {
        const kept = views.get(cameraId);
        if (kept && kept.view.configVersion !== configVersion) views.delete(cameraId);
      }
      return running.map(({ cameraId, siteId, configVersion }) => ({ cameraId, siteId, configVersion }));
    },

    async target(cameraId) {
      const [row] = isId(cameraId) ? await database.orm.select().from(cameras).where(and(eq(cameras.id, cameraId), isNull(cameras.removedAt))) : [];
      if (!row) throw unknownCamera(cameraId);
      if (row.streamUrl === null) throw new HedgerowError('camera.stream', 'The stream address of the camera is not known yet: its onboarding is not done.', { context: { cameraId } });
      const digestOnly = isDigestOnly(row);
      if (digestOnly && takesLoginInPath(row.streamUrl)) throw new HedgerowError('camera.stream', 'The camera takes its log-in in the path of the stream, in clear; this log-in is not sent so: it is one of a credential set, or the stream is on another host.', { context: { cameraId } });
      const password = openPassword(sealer, cameraId, row.sealedPassword);
      return {
        cameraId,
        siteId: row.siteId,
        url: fillPath(await pinStream(guard, row.streamUrl), row.username === null && password === null ? null : { username: row.username ?? '', password: password ?? '' }),
        username: row.username,
        password,
        digestOnly,
        sampleIntervalMs: row.sampleIntervalMs,
        pose: { mountHeightM: row.mountHeightM, tiltDeg: row.tiltDeg, horizontalFovDeg: row.horizontalFovDeg },
        configVersion: row.configVersion,
      };
    },

    async view(cameraId) {
      listen();
      const kept = views.get(cameraId);
      if (kept && clock.monotonicMs() - kept.readAtMs < viewLifeMs) return kept.view;
      const running = reading.get(cameraId);
      if (running) return running;
      const began = generation;
      const readAtMs = clock.monotonicMs();
      const task = read(cameraId);
      reading.set(cameraId, task);
      try {
        const view = await task;
        if (began === generation) views.set(cameraId, { view, readAtMs });
        return view;
      } catch (thrown) {
        views.delete(cameraId);
        throw thrown;
      } finally {
        if (reading.get(cameraId) === task) reading.delete(cameraId);
      }
    },

    async close() {
      const stop = await listening;
      listening = undefined;
      views.clear();
      await stop?.();
    },
  };
}

/**
 * Whether the log-in of a camera may never go out in clear: it is one of a credential set, or the device has named another
 * host for its stream than the one that the log-in was entered for.
 */
export function isDigestOnly({ fromCredentialSet, streamUrl, address }: Pick<CameraRow, 'fromCredentialSet' | 'streamUrl' | 'address'>): boolean {
  return fromCredentialSet || (streamUrl !== null && hostOf(streamUrl) !== hostOf(address));
}

/** In the one form that a host has, IPv6 too. */
function hostOf(address: string): string | null {
  const host = readToldAddress(address)?.host;
  const url = `http://${host?.includes(':') ? `[${host}]` : host}`;
  return host !== undefined && URL.canParse(url) ? new URL(url).hostname : null;
}

/**
 * The stream address with the numeric address in the host's place: the name is resolved once, here.
 * @throws HedgerowError `address.refused`, `camera.stream`
 */
export async function pinStream(guard: AddressGuard, streamUrl: string): Promise<string> {
  const read = readToldAddress(streamUrl);
  if (read?.scheme !== 'rtsp') throw new HedgerowError('camera.stream', 'The stream address of the camera is no rtsp:// address.');
  const pinned = await guard.pin(read.host);
  return writeAddress({ ...read, host: pinned.address });
}
