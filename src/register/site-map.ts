/** The map of a site: GeoJSON in, with a verdict a feature, and out again. */
import { and, asc, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Ledger } from '../contract/auth-ports.js';
import type { Database, EventLog, Executor } from '../contract/database.js';
import { actorOf } from '../contract/principal.js';
import type { FeatureVerdict, SiteFeature, SiteMap } from '../contract/site-map.js';
import { takeTurn, toRfc3339, type Clock } from '../core/clock.js';
import { places, siteFeatures, sites, zones } from '../db/schema/register.js';
import type { Logger } from '../telemetry/logger.js';
import { checkFeatures } from './site-map-check.js';
import { writeGeoJson } from './site-map-export.js';
import { readMapFile } from './site-map-file.js';
import { SiteMapPlan, type FeatureRow, type PresentMap } from './site-map-plan.js';
import { siteRow } from './sites.js';

/** Rows in one statement. */
const batchRows = 200;
const turnFeatures = 500;

export function createSiteMap({ database, ledger, events, clock, log }: { database: Database; ledger: Ledger; events: EventLog; clock: Clock; log: Logger }): SiteMap {
  return {
    async features(siteId) {
      await siteRow(database.orm, siteId);
      return (await featureRows(database.orm, siteId)).map(toFeature);
    },

    async exportGeoJson(siteId) {
      await siteRow(database.orm, siteId);
      const kinds = new Map((await database.orm.select({ id: places.id, kind: places.kind }).from(places).where(eq(places.siteId, siteId))).map((p) => [p.id, p.kind]));
      return writeGeoJson(await featureRows(database.orm, siteId), kinds);
    },

    async importGeoJson(siteId, bytes, { dryRun, skipBad, replace }, by) {
      const { boundary } = await siteRow(database.orm, siteId);
      const features = await checkFeatures(await readMapFile(bytes), boundary);
      const { plan, applied } = await database.transaction(async (tx) => {
        await siteRow(tx, siteId, true);
        const made = new SiteMapPlan(await presentMap(tx, siteId), clock.nowMs());
        for (const [i, feature] of features.entries()) {
          made.add(feature);
          if (i % turnFeatures === turnFeatures - 1) await takeTurn();
        }
        if (replace) made.removeOthers();
        const apply = !dryRun && (skipBad || made.verdicts.every((v) => v.verdict !== 'bad'));
        if (apply) await writePlan(tx, siteId, made);
        if (apply && changes(made)) await events.append({ type: 'site.changed', siteId, data: { id: siteId } }, tx);
        return { plan: made, applied: apply };
      });
      const count = (verdict: FeatureVerdict['verdict']): number => plan.verdicts.filter((v) => v.verdict === verdict).length;
      const counts = { created: count('create'), updated: count('update'), unchanged: count('unchanged'), removed: count('remove'), bad: count('bad') };
      if (applied && changes(plan)) await ledger.append({ actor: actorOf(by), action: 'site.map', objectType: 'site', objectId: siteId, outcome: 'ok', details: { ...counts, replace } });
      log.info({ siteId, ...counts, applied }, 'map of a site read');
      return { dryRun, applied, ...counts, features: plan.verdicts };
    },
  };
}

function changes(plan: SiteMapPlan): boolean {
  return plan.features.length + plan.removedFeatures.length > 0;
}

/** Read with the places locked: no zone is bound to one of them until the plan is written. */
async function presentMap(tx: Executor, siteId: string): Promise<PresentMap> {
  const placeRows = await tx.select().from(places).where(eq(places.siteId, siteId)).orderBy(asc(places.id)).for('update');
  const bound = await tx.select({ placeId: zones.placeId, name: zones.name }).from(zones).where(and(eq(zones.siteId, siteId), isNotNull(zones.placeId)));
  return { siteId, features: await featureRows(tx, siteId), places: placeRows, bound: new Map(bound.map((z) => [z.placeId ?? '', z.name])) };
}

async function featureRows(executor: Executor, siteId: string): Promise<FeatureRow[]> {
  return executor.select().from(siteFeatures).where(eq(siteFeatures.siteId, siteId)).orderBy(asc(siteFeatures.id));
}

async function writePlan(tx: Executor, siteId: string, plan: SiteMapPlan): Promise<void> {
  for (const batch of inBatches(plan.places)) {
    // What a resident consented to is not the file's.
    await tx.insert(places).values([...batch]).onConflictDoUpdate({ target: places.id, set: { kind: sql`excluded.kind`, name: sql`excluded.name`, position: sql`excluded.position` } });
    await takeTurn();
  }
  for (const batch of inBatches(plan.removedFeatures)) await tx.delete(siteFeatures).where(inArray(siteFeatures.id, [...batch]));
  for (const batch of inBatches(plan.features)) {
    const set = { kind: sql`excluded.kind`, name: sql`excluded.name`, geometry: sql`excluded.geometry`, heightM: sql`excluded.height_m`, placeId: sql`excluded.place_id`, sourceId: sql`excluded.source_id`, updatedAt: sql`excluded.updated_at` };
    await tx.insert(siteFeatures).values([...batch]).onConflictDoUpdate({ target: siteFeatures.id, set });
    await takeTurn();
  }
  for (const batch of inBatches(plan.removedPlaces)) await tx.delete(places).where(inArray(places.id, [...batch]));
  if (plan.boundary) await tx.update(sites).set({ boundary: plan.boundary }).where(eq(sites.id, siteId));
}

function* inBatches<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < rows.length; i += batchRows) yield rows.slice(i, i + batchRows);
}

function toFeature({ updatedAt: _updatedAt, createdAt, ...row }: FeatureRow): SiteFeature {
  return { ...row, createdAt: toRfc3339(createdAt.getTime()) };
}
