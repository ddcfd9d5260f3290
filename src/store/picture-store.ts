/** The index of pictures over the object store. The numbered steps of a create are in README.md; this is that procedure. */
import { createHash } from 'node:crypto';
import { and, desc, eq, gt, inArray, isNull, sql, type SQL } from 'drizzle-orm';
import type { Database, EventLog } from '../contract/database.js';
import { requireMasked, type ObjectStore } from '../contract/object-store.js';
import type { Page } from '../contract/page.js';
import { receipt as receiptForm, type MaskedPicture, type PictureRow } from '../contract/picture.js';
import { inScope, type SiteScope } from '../contract/principal.js';
import type { ReceiptLog } from '../contract/receipt-log.js';
import type { PictureStore } from '../contract/store-ports.js';
import { canonicalJson } from '../core/canonical-json.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { sites } from '../db/schema/register.js';
import { pictures } from '../db/schema/store.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { pictureKey } from './object-keys.js';
import { cursorOf, placeOf } from './page-cursors.js';

export interface PictureStoreOptions {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly events: EventLog;
  readonly receipts: ReceiptLog;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const dayMs = 86_400_000;

export function createPictureStore({ database, objects, events, receipts, clock, log, metrics }: PictureStoreOptions): PictureStore {
  const { orm } = database;

  async function save(picture: MaskedPicture): Promise<PictureRow> {
    requireMasked(picture);
    const parsed = receiptForm.safeParse(picture.receipt);
    if (!parsed.success) throw new HedgerowError('process.defect', `The receipt of a picture is incomplete: ${parsed.error.issues[0]?.path.join('.') ?? ''}.`);
    const receipt = parsed.data;
    if (sha256(picture.jpeg) !== receipt.sha256) {
      throw new HedgerowError('store.corrupt', 'The picture is not the one of its receipt: the SHA-256 differs.', { context: { pictureId: receipt.pictureId, cameraId: receipt.cameraId } });
    }
    const receivedAt = new Date(receipt.receivedAt);
    // 1.
    const [site] = await orm.select({ retentionDays: sites.retentionDays }).from(sites).where(eq(sites.id, receipt.siteId));
    if (!site) throw new HedgerowError('site.unknown', 'The picture belongs to a site that is not registered.', { context: { siteId: receipt.siteId } });
    // A caller that did not hear our answer may ask again; what is acknowledged is never written over.
    const [known] = await orm.select().from(pictures).where(eq(pictures.id, receipt.pictureId));
    if (known && known.sha256 === receipt.sha256) return answer(known);
    if (known) throw new HedgerowError('process.defect', 'Two different pictures have the same id.', { context: { pictureId: known.id } });
    const objectKey = pictureKey(receipt);
    const row: typeof pictures.$inferSelect = {
      id: receipt.pictureId,
      siteId: receipt.siteId,
      cameraId: receipt.cameraId,
      receivedAt,
      objectKey,
      bytes: picture.jpeg.byteLength,
      sha256: receipt.sha256,
      receipt,
      receiptHash: sha256(canonicalJson(receipt)),
      expiresAt: new Date(receivedAt.getTime() + site.retentionDays * dayMs),
      deletingAt: null,
    };
    // 2.
    await objects.put(objectKey, picture);
    // 3.
    try {
      await database.transaction(async (tx) => {
        await tx.insert(pictures).values(row);
        await receipts.record({ kind: 'picture', subjectId: row.id, siteId: row.siteId, receiptHash: row.receiptHash }, tx);
        await events.append(
          {
            type: 'picture.stored',
            siteId: row.siteId,
            data: { id: row.id, cameraId: row.cameraId, receivedAt: toRfc3339(row.receivedAt.getTime()), maskRatio: receipt.maskRatio },
          },
          tx,
        );
      });
    } catch (thrown) {
      metrics.pictures.inc({ outcome: 'row-failed' });
      await takeAway(row, thrown);
      throw thrown;
    }
    metrics.pictures.inc({ outcome: 'stored' });
    return answer(row);
  }

  /** 4. Only when it is sure that no row points at the object: a commit whose answer was lost may have happened. */
  async function takeAway(row: typeof pictures.$inferSelect, thrown: unknown): Promise<void> {
    if (thrown instanceof HedgerowError && thrown.code === 'database.unavailable') return;
    try {
      const [there] = await orm.select({ id: pictures.id }).from(pictures).where(eq(pictures.id, row.id));
      if (!there) await objects.delete(row.objectKey);
    } catch (second) {
      log.warn({ pictureId: row.id, error: messageOf(second) }, 'an object without a row stays until the next recovery');
    }
  }

  const visible = (): SQL[] => [isNull(pictures.deletingAt), gt(pictures.expiresAt, new Date(clock.nowMs()))];

  async function find(id: string): Promise<typeof pictures.$inferSelect> {
    const [row] = isId(id) ? await orm.select().from(pictures).where(and(eq(pictures.id, id), ...visible())) : [];
    if (!row) throw new HedgerowError('picture.unknown', 'There is no such picture, or its time is over.', { context: { pictureId: id } });
    return row;
  }

  return {
    save,
    async pictures(scope, page): Promise<Page<PictureRow>> {
      const sitesWanted = sitesOf(scope, page.siteId);
      if (sitesWanted !== 'all' && sitesWanted.length === 0) return { items: [], nextCursor: null };
      const after = page.cursor === undefined ? undefined : placeOf(page.cursor);
      const rows = await orm
        .select()
        .from(pictures)
        .where(
          and(
            ...visible(),
            sitesWanted === 'all' ? undefined : inArray(pictures.siteId, [...sitesWanted]),
            page.cameraId === undefined ? undefined : eq(pictures.cameraId, page.cameraId),
            after && sql`(${pictures.receivedAt}, ${pictures.id}) < (${new Date(after.atMs).toISOString()}::timestamptz, ${after.id}::uuid)`,
          ),
        )
        .orderBy(desc(pictures.receivedAt), desc(pictures.id))
        .limit(page.limit + 1);
      const items = rows.slice(0, page.limit);
      const last = items.at(-1);
      return { items: items.map(answer), nextCursor: rows.length > page.limit && last ? cursorOf({ atMs: last.receivedAt.getTime(), id: last.id }) : null };
    },
    async picture(id) {
      return answer(await find(id));
    },
    async bytes(id) {
      const row = await find(id);
      const jpeg = await objects.get(row.objectKey);
      if (!jpeg) {
        // The sweep may have been faster; otherwise both sides disagree, and the check will say so, too.
        await find(id);
        throw new HedgerowError('store.corrupt', 'The object of the picture is gone. Run "hedgerow check".', { context: { pictureId: id } });
      }
      if (sha256(jpeg) !== row.sha256) {
        throw new HedgerowError('store.corrupt', 'The object is not what was stored: its SHA-256 differs. Run "hedgerow check".', { context: { pictureId: id } });
      }
      return jpeg;
    },
  };
}

/** The sites to look on: the scope, narrowed by a wish. */
export function sitesOf(scope: SiteScope, siteId: string | undefined): SiteScope {
  if (siteId === undefined) return scope;
  return inScope(scope, siteId) ? [siteId] : [];
}

function answer(row: typeof pictures.$inferSelect): PictureRow {
  return { ...row.receipt, id: row.id, bytes: row.bytes, receiptHash: row.receiptHash, expiresAt: toRfc3339(row.expiresAt.getTime()) };
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
