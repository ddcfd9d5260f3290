/** Runs the checklist of a camera, follows presses of its buttons, and keeps the results. What is judged: `commissioning-checks`. */
import { and, desc, eq, gt, inArray, isNotNull, isNull, lt } from 'drizzle-orm';
import type { Ledger, Sealer } from '../contract/auth-ports.js';
import type { Commissioning, Commissionings } from '../contract/commissioning.js';
import type { Database, EventLog } from '../contract/database.js';
import { actorOf } from '../contract/principal.js';
import type { Onboarding } from '../contract/registry.js';
import type { Config } from '../config/schema.js';
import type { AddressGuard } from '../core/address-guard.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { isId, newId } from '../core/ids.js';
import { runs } from '../db/schema/ingest.js';
import { cameras, commissionings, pressTests, siteFeatures, sites, zones } from '../db/schema/register.js';
import { cameraStatus } from '../db/schema/watch.js';
import type { Logger } from '../telemetry/logger.js';
import { deviceAddressOf, deviceKey } from './device-key.js';
import type { CameraRow } from './camera-rows.js';
import { runChecklist, type KnownFacts, type RunOutcome } from './commissioning-run.js';
import { openPassword } from './credentials.js';
import { createDeviceLeases } from './device-lease.js';
import { unknownCamera } from './known-camera.js';
import { askContacts } from './contact-question.js';
import { createLoginBudget } from './login-budget.js';
import type { OnvifClient, OnvifTarget } from './onvif-client.js';
import { readCursor, readPage, writeCursor } from './paging.js';
import { followPress } from './press-test.js';

type Row = typeof commissionings.$inferSelect;

/** Presses are judged for 31 days; of more than this within them the newest are enough. */
const pressesRead = 200;

export function createCommissionings(parts: {
  config: Config['register'];
  database: Database;
  sealer: Sealer;
  guard: AddressGuard;
  onvif: OnvifClient;
  onboarding: Pick<Onboarding, 'probe'>;
  ledger: Ledger;
  events: EventLog;
  clock: Clock;
  log: Logger;
}): Commissionings {
  const { config, database, sealer, guard, onvif, onboarding, ledger, events, clock, log } = parts;
  const leases = createDeviceLeases({ database, clock, log });
  const budget = createLoginBudget({ database, sealer, clock, config: config.lockout });

  async function read(cameraId: string): Promise<CameraRow> {
    const [row] = isId(cameraId) ? await database.orm.select().from(cameras).where(and(eq(cameras.id, cameraId), isNull(cameras.removedAt))) : [];
    if (!row) throw unknownCamera(cameraId);
    return row;
  }

  const password = (row: CameraRow): string | null => openPassword(sealer, row.id, row.sealedPassword);

  async function known(row: CameraRow): Promise<KnownFacts> {
    const { orm } = database;
    const [site] = await orm.select({ retentionDays: sites.retentionDays }).from(sites).where(eq(sites.id, row.siteId));
    const features = await orm.select().from(siteFeatures).where(and(eq(siteFeatures.siteId, row.siteId), inArray(siteFeatures.kind, ['dwelling', 'occluder'])));
    const covers = await orm.select({ polygon: zones.polygon }).from(zones).where(and(eq(zones.cameraId, row.id), eq(zones.kind, 'privacy')));
    const [status] = await orm.select({ moved: cameraStatus.movedViewVersion }).from(cameraStatus).where(eq(cameraStatus.cameraId, row.id));
    const [run] = await orm.select({ widthPx: runs.widthPx, heightPx: runs.heightPx }).from(runs).where(and(eq(runs.cameraId, row.id), isNotNull(runs.widthPx))).orderBy(desc(runs.startedAt)).limit(1);
    const presses = await orm.select().from(pressTests).where(eq(pressTests.cameraId, row.id)).orderBy(desc(pressTests.at)).limit(pressesRead);
    const inDoubt = (version: number | null | undefined): boolean => version !== null && version !== undefined && version >= row.viewVersion;
    const { longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg } = row;
    return {
      retentionDays: site?.retentionDays ?? 30,
      pose: { longitude, latitude, mountHeightM, azimuthDeg, tiltDeg, horizontalFovDeg },
      dwellings: features.filter((f) => f.kind === 'dwelling'),
      occluders: features.filter((f) => f.kind === 'occluder'),
      zones: covers.map((z) => z.polygon),
      moved: inDoubt(status?.moved) || inDoubt(row.unverifiedViewVersion),
      runSize: run?.widthPx && run.heightPx ? { widthPx: run.widthPx, heightPx: run.heightPx } : null,
      presses: presses.map((p) => ({ input: p.input, status: p.status, atMs: p.at.getTime(), toAlertMs: p.toAlertMs })),
    };
  }

  /** Row, camera and event are one transaction. A camera that was changed meanwhile keeps its columns: this was of another. */
  async function write({ row, checks, told }: RunOutcome, by: string): Promise<Row> {
    const result: Row = {
      id: newId(),
      cameraId: row.id,
      siteId: row.siteId,
      at: new Date(clock.nowMs()),
      by,
      verdict: checks.some((c) => c.status === 'fail') ? 'refused' : 'commissioned',
      checks: [...checks],
      device: { name: row.name, address: row.address, manufacturer: row.manufacturer, model: row.model, firmware: row.firmware, serialNumber: row.serialNumber, macAddress: row.macAddress },
    };
    const count = (status: string): number => checks.filter((c) => c.status === status).length;
    await database.transaction(async (tx) => {
      const [now] = await tx.select({ configVersion: cameras.configVersion }).from(cameras).where(and(eq(cameras.id, row.id), isNull(cameras.removedAt))).for('update');
      if (!now) throw unknownCamera(row.id);
      await tx.insert(commissionings).values(result);
      if (now.configVersion === row.configVersion) {
        const summary = { verdict: result.verdict, warnings: count('warn'), unverified: count('unverified') };
        const told0 = told !== null && Object.keys(told).length > 0 ? { toldPose: told } : {};
        await tx.update(cameras).set({ commissionedAt: result.at, commissioning: summary, updatedAt: result.at, ...told0 }).where(eq(cameras.id, row.id));
      }
      await events.append({ type: 'camera.registered', siteId: row.siteId, data: { id: row.id } }, tx);
    });
    return result;
  }

  return {
    async run(cameraId, by, signal, onCheck = () => undefined) {
      await read(cameraId);
      const outcome = await runChecklist(
        { onboarding, onvif, guard, leases, budget, lockoutWindowMs: config.lockout.windowMs, clock, read: () => read(cameraId), password, known },
        signal,
        onCheck,
      );
      const row = await write(outcome, by.name);
      const failed = row.checks.filter((c) => c.status === 'fail').map((c) => c.name).join(', ');
      const details = { commissioningId: row.id, verdict: row.verdict, failed, warnings: row.checks.filter((c) => c.status === 'warn').length, unverified: row.checks.filter((c) => c.status === 'unverified').length };
      await ledger.append({ actor: actorOf(by), action: 'camera.commission', objectType: 'camera', objectId: cameraId, outcome: row.verdict === 'refused' ? 'refused' : 'ok', details });
      log.info({ cameraId, verdict: row.verdict, failed }, 'camera commissioned');
      return toCommissioning(row);
    },

    async newest(scope, page) {
      // The cursor is a camera: a camera that is commissioned again between two pages is neither lost nor told twice.
      const where = and(
        isNull(cameras.removedAt),
        scope === 'all' ? undefined : inArray(commissionings.siteId, [...scope]),
        page.siteId === undefined ? undefined : eq(commissionings.siteId, page.siteId),
        page.cursor === undefined ? undefined : gt(commissionings.cameraId, readCursor(page.cursor)),
      );
      const rows = await database.orm
        .selectDistinctOn([commissionings.cameraId], { row: commissionings })
        .from(commissionings)
        .innerJoin(cameras, eq(cameras.id, commissionings.cameraId))
        .where(where)
        .orderBy(commissionings.cameraId, desc(commissionings.at), desc(commissionings.id))
        .limit(page.limit + 1);
      const items = rows.slice(0, page.limit).map(({ row }) => toCommissioning(row));
      const last = items.at(-1);
      return { items, nextCursor: rows.length > page.limit && last ? writeCursor(last.cameraId) : null };
    },

    async history(cameraId, page) {
      if (!isId(cameraId)) throw unknownCamera(cameraId);
      const where = and(eq(commissionings.cameraId, cameraId), page.cursor === undefined ? undefined : lt(commissionings.id, readCursor(page.cursor)));
      const { items, nextCursor } = await readPage(page, (limit) => database.orm.select().from(commissionings).where(where).orderBy(desc(commissionings.id)).limit(limit));
      return { items: items.map(toCommissioning), nextCursor };
    },

    async pressTest(cameraId, waitMs, by, signal) {
      const row = await read(cameraId);
      const result = await followPress(
        cameraId,
        waitMs,
        {
          database,
          events,
          clock,
          async inputs(asking) {
            if (row.protocol === 'rtsp') return [];
            return leases.hold(deviceKey(await deviceAddressOf(guard, row.address)), asking, async (kept) => {
              const target: OnvifTarget = { url: row.address, username: row.username, password: password(row), authMode: row.authMode as OnvifTarget['authMode'] };
              return askContacts(target, { onvif, budget }, kept);
            });
          },
        },
        signal,
      );
      const pressedAt = result.pressedAt === null ? null : new Date(result.pressedAt);
      await database.orm.insert(pressTests).values({ id: newId(), cameraId, siteId: row.siteId, input: result.input, status: result.status, pressedAt, toAlertMs: result.toAlertMs, by: by.name, at: new Date(clock.nowMs()) });
      const details = { status: result.status, input: result.input, toAlertMs: result.toAlertMs };
      await ledger.append({ actor: actorOf(by), action: 'camera.press-test', objectType: 'camera', objectId: cameraId, outcome: result.status === 'seen' ? 'ok' : 'failed', details });
      return result;
    },
  };
}

function toCommissioning({ at, ...row }: Row): Commissioning {
  return { ...row, at: toRfc3339(at.getTime()) };
}
