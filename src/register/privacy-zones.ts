/** Which cameras have parts of their picture covered for good: what another device sees there must be looked at first. */
import { and, eq, inArray } from 'drizzle-orm';
import type { Executor } from '../contract/database.js';
import { zones } from '../db/schema/register.js';

/** @returns those of the cameras that have a privacy zone */
export async function withPrivacyZones(tx: Executor, cameraIds: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let i = 0; i < cameraIds.length; i += 1_000) {
    const rows = await tx.selectDistinct({ id: zones.cameraId }).from(zones).where(and(inArray(zones.cameraId, cameraIds.slice(i, i + 1_000)), eq(zones.kind, 'privacy')));
    for (const { id } of rows) found.add(id);
  }
  return found;
}
