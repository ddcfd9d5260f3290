/** Writes what an import planned, inside its transaction: in batches, with a turn of the event loop after each. */
import { getTableColumns, sql } from 'drizzle-orm';
import type { Executor } from '../contract/database.js';
import { takeTurn } from '../core/clock.js';
import { cameras } from '../db/schema/register.js';
import type { CameraPlan } from './camera-import-plan.js';
import type { CameraRow } from './camera-rows.js';
import type { CameraParts } from './cameras.js';

/** Rows in one statement: some 30 ms on PGlite, and well under the 65,535 parameters that PostgreSQL takes. */
const batchRows = 50;
/** Beyond so many changed cameras one notification says "any of them", and one event a site has the page read its list anew. */
const namedAtMost = 100;

/** @param onProgress share of the rows that are written, 0..1 */
export async function writePlan(tx: Executor, plan: CameraPlan, { database, events }: Pick<CameraParts, 'database' | 'events'>, onProgress: (ratio: number) => void): Promise<void> {
  const total = Math.max(1, plan.inserts.length + plan.updates.length);
  let written = 0;
  const wrote = async (rows: number): Promise<void> => {
    written += rows;
    onProgress(written / total);
    await takeTurn();
  };
  for (let i = 0; i < plan.inserts.length; i += batchRows) {
    const batch = plan.inserts.slice(i, i + batchRows);
    await tx.insert(cameras).values(batch);
    await wrote(batch.length);
  }
  for (const group of sameColumns(plan.updates)) {
    for (let i = 0; i < group.length; i += batchRows) {
      const batch = group.slice(i, i + batchRows);
      await updateRows(tx, batch);
      await wrote(batch.length);
    }
  }
  const touched = [...plan.inserts, ...plan.updates.map((u) => u.row)];
  const many = touched.length > namedAtMost;
  const told = many ? [...new Map(touched.map((t) => [t.siteId, t])).values()] : touched;
  for (const { id } of many ? [{ id: '' }] : touched) await database.notify('hg_camera', id, tx);
  for (const { id, siteId } of told) await events.append({ type: 'camera.registered', siteId, data: { id } }, tx);
}

type Update = CameraPlan['updates'][number];

/** Only the columns that change are written: onboarding writes others of the same rows at the same time. */
function sameColumns(updates: readonly Update[]): Update[][] {
  const groups = new Map<string, Update[]>();
  for (const update of updates) {
    const key = Object.keys(update.columns).sort().join(' ');
    const group = groups.get(key);
    if (group) group.push(update);
    else groups.set(key, [update]);
  }
  return [...groups.values()];
}

/** One statement for many rows: each is there, so that the conflict on its id always makes an update of it. */
async function updateRows(tx: Executor, batch: readonly Update[]): Promise<void> {
  const columns = getTableColumns(cameras);
  const names = Object.keys(batch[0]?.columns ?? {}) as (keyof CameraRow)[];
  const set = names.map((name) => [name, name === 'configVersion' ? sql`${cameras.configVersion} + 1` : sql.raw(`excluded."${columns[name].name}"`)]);
  await tx
    .insert(cameras)
    .values(batch.map(({ row, columns: changed }) => ({ ...row, ...changed })))
    .onConflictDoUpdate({ target: cameras.id, set: Object.fromEntries(set) as Partial<CameraRow> });
}
