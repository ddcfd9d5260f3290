/**
 * A table of cameras into the inventory: a verdict a row first, then one transaction for all rows that are good. Reading and
 * judging a row by itself needs no database; matching it with what is registered does, under the lock of its site.
 */
import { and, asc, gt, inArray, isNull } from 'drizzle-orm';
import { actorOf, inScope, scopeOf } from '../contract/principal.js';
import type { Executor } from '../contract/database.js';
import type { ImportReport, ImportRow, Registry } from '../contract/registry.js';
import { takeTurn } from '../core/clock.js';
import { HedgerowError } from '../core/errors.js';
import { cameras, sites } from '../db/schema/register.js';
import { isUniqueViolation } from '../db/sql-state.js';
import { judgeRow, type JudgedRow, type SiteNames } from './camera-import-rows.js';
import { CameraPlan } from './camera-import-plan.js';
import { writePlan } from './camera-import-write.js';
import { readCameraJson } from './camera-json.js';
import type { CameraRow } from './camera-rows.js';
import { queueOnboarding, type CameraParts } from './cameras.js';
import { withPrivacyZones } from './privacy-zones.js';
import { readCsvTable } from './csv-table.js';

/** Rows that are worked on before the event loop has a turn: about 10 ms. */
const turnRows = 100;
/** Rows of one answer of the database. */
const pageRows = 250;

export function createCameraImport(parts: CameraParts): Registry['importCameras'] {
  const { database, ledger } = parts;

  return async (bytes, options, by) => {
    const table = options.format === 'json' ? await readCameraJson(bytes) : await readCsvTable(bytes);
    const scope = scopeOf(by, ['admin', 'technician']);
    const known = (await database.orm.select({ id: sites.id, name: sites.name }).from(sites)).filter((s) => inScope(scope, s.id));
    const names = siteNames(known, options.defaultSiteId);
    const judged: JudgedRow[] = [];
    for (const [i, row] of table.rows.entries()) {
      judged.push(judgeRow(row, names));
      if (i % turnRows === turnRows - 1) await takeTurn();
    }
    const siteIds = [...new Set(judged.flatMap((j) => j.siteId ?? []))];
    const total = judged.length;
    // Writing is half of the way, when it comes to that.
    const planShare = options.dryRun ? 1 : 0.5;
    const tell = (ratio: number): void => options.onProgress?.(Math.floor(ratio * total), total);

    const { plan, applied } = await orExists(() =>
      database.transaction(async (tx) => {
        // Locked in one order, so that two imports never wait for each other in a ring.
        if (siteIds.length > 0) await tx.select({ id: sites.id }).from(sites).where(inArray(sites.id, siteIds)).orderBy(sites.id).for('update');
        const present = await presentCameras(tx, siteIds);
        const made = new CameraPlan(present, await withPrivacyZones(tx, present.map((c) => c.id)), parts);
        for (const [i, row] of judged.entries()) {
          made.add(row);
          if (i % turnRows !== turnRows - 1) continue;
          tell(((i + 1) / total) * planShare);
          await takeTurn();
        }
        const bad = made.rows.some((r) => r.verdict === 'bad');
        const apply = !options.dryRun && (!bad || options.skipBad);
        if (apply) await writePlan(tx, made, parts, (ratio) => tell(planShare + ratio * (1 - planShare)));
        return { plan: made, applied: apply };
      }),
    );
    tell(1);
    const report = reportOf(plan.rows, options.dryRun, applied, table.ignored);
    const { created, updated, unchanged, bad } = report;
    if (applied && created + updated > 0) {
      await ledger.append({ actor: actorOf(by), action: 'camera.import', objectType: 'inventory', objectId: 'cameras', outcome: 'ok', details: { created, updated, unchanged, bad } });
      await queueOnboarding(parts, plan.onboard);
    }
    parts.log.info({ rows: report.rows.length, created, updated, bad, applied }, 'table of cameras read');
    return report;
  };
}

function siteNames(known: readonly { id: string; name: string }[], givenSiteId: string | undefined): SiteNames {
  return {
    known,
    // Where there is only one site, a table need not name it.
    defaultSiteId: givenSiteId ?? (known.length === 1 ? known[0]?.id : undefined),
    byText: new Map(known.flatMap((s) => [[s.id, s.id] as const, [s.name.toLowerCase(), s.id] as const])),
  };
}

/** Read in pages: one answer of ten thousand rows would hold the event loop up. */
async function presentCameras(tx: Executor, siteIds: readonly string[]): Promise<CameraRow[]> {
  const present: CameraRow[] = [];
  if (siteIds.length === 0) return present;
  for (let after: string | undefined; ; ) {
    const page = await tx
      .select()
      .from(cameras)
      .where(and(inArray(cameras.siteId, [...siteIds]), isNull(cameras.removedAt), after === undefined ? undefined : gt(cameras.id, after)))
      .orderBy(asc(cameras.id))
      .limit(pageRows);
    present.push(...page);
    after = page.at(-1)?.id;
    if (page.length < pageRows || after === undefined) return present;
    await takeTurn();
  }
}

function reportOf(rows: readonly ImportRow[], dryRun: boolean, applied: boolean, ignoredColumns: readonly string[]): ImportReport {
  const count = (verdict: ImportRow['verdict']): number => rows.filter((r) => r.verdict === verdict).length;
  return { dryRun, applied, created: count('create'), updated: count('update'), unchanged: count('unchanged'), bad: count('bad'), rows: [...rows], ignoredColumns: [...ignoredColumns] };
}

async function orExists<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (isUniqueViolation(thrown)) throw new HedgerowError('camera.exists', 'Two rows swap names that are in use; change them in two steps.', { cause: thrown });
    throw thrown;
  }
}
