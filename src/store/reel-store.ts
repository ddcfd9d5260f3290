/** The index of reels over the object store, by the steps of README.md: a reel is created like a picture. One reel an alert. */
import { createHash } from 'node:crypto';
import { and, eq, gt, isNull, type SQL } from 'drizzle-orm';
import type { Database, EventLog } from '../contract/database.js';
import { requireMasked, type ObjectStore } from '../contract/object-store.js';
import type { ReceiptLog } from '../contract/receipt-log.js';
import { reelReceipt, type MaskedReel, type ReelRow, type ReelStore } from '../contract/reel.js';
import { canonicalJson } from '../core/canonical-json.js';
import { toRfc3339, type Clock } from '../core/clock.js';
import { HedgerowError, messageOf } from '../core/errors.js';
import { isId } from '../core/ids.js';
import { alerts } from '../db/schema/alert.js';
import { sites } from '../db/schema/register.js';
import { reels } from '../db/schema/store.js';
import type { Logger } from '../telemetry/logger.js';
import { reelKey } from './object-keys.js';

export interface ReelStoreOptions {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly events: EventLog;
  readonly receipts: ReceiptLog;
  /** how long after its alert a reel goes on, ms; null: none are made */
  readonly afterMs: number | null;
  readonly clock: Clock;
  readonly log: Logger;
}

type Row = typeof reels.$inferSelect;

const dayMs = 86_400_000;
/** A reel that is not there so long after its last picture does not come any more. */
const madeWithinMs = 120_000;

export function createReelStore({ database, objects, events, receipts, afterMs, clock, log }: ReelStoreOptions): ReelStore {
  const { orm } = database;

  async function saveReel(reel: MaskedReel): Promise<ReelRow> {
    const { bytes: file } = requireMasked(reel);
    const parsed = reelReceipt.safeParse(reel.receipt);
    if (!parsed.success) throw new HedgerowError('process.defect', `The receipt of a reel is incomplete: ${parsed.error.issues[0]?.path.join('.') ?? ''}.`);
    const receipt = parsed.data;
    const context = { reelId: receipt.reelId, alertId: receipt.alertId, cameraId: receipt.cameraId };
    if (sha256(file) !== receipt.sha256) throw new HedgerowError('store.corrupt', 'The reel is not the one of its receipt: the SHA-256 differs.', { context });
    // 1.
    const [site] = await orm.select({ retentionDays: sites.retentionDays }).from(sites).where(eq(sites.id, receipt.siteId));
    if (!site) throw new HedgerowError('site.unknown', 'The reel belongs to a site that is not registered.', { context: { siteId: receipt.siteId } });
    const known = await ofAlert(receipt.alertId);
    if (known) return answer(known);
    const row: Row = {
      id: receipt.reelId,
      siteId: receipt.siteId,
      cameraId: receipt.cameraId,
      alertId: receipt.alertId,
      lastAt: new Date(receipt.lastAt),
      objectKey: reelKey(receipt),
      bytes: file.byteLength,
      sha256: receipt.sha256,
      receipt,
      receiptHash: sha256(canonicalJson(receipt)),
      // From the first picture on: none of them stays longer than it would by itself.
      expiresAt: new Date(Date.parse(receipt.firstAt) + site.retentionDays * dayMs),
      deletingAt: null,
    };
    // 2.
    await objects.put(row.objectKey, reel);
    // 3.
    try {
      await database.transaction(async (tx) => {
        await tx.insert(reels).values(row);
        await receipts.record({ kind: 'reel', subjectId: row.id, siteId: row.siteId, receiptHash: row.receiptHash }, tx);
        await events.append({ type: 'reel.stored', siteId: row.siteId, data: { id: row.id, alertId: row.alertId, cameraId: row.cameraId } }, tx);
      });
    } catch (thrown) {
      await takeAway(row, thrown);
      throw thrown;
    }
    return answer(row);
  }

  /** 4. Only when it is sure that no row points at the object: a commit whose answer was lost may have happened. */
  async function takeAway(row: Row, thrown: unknown): Promise<void> {
    if (thrown instanceof HedgerowError && thrown.code === 'database.unavailable') return;
    try {
      const [there] = await orm.select({ id: reels.id }).from(reels).where(eq(reels.id, row.id));
      if (!there) await objects.delete(row.objectKey);
    } catch (second) {
      log.warn({ reelId: row.id, error: messageOf(second) }, 'an object without a row stays until the next recovery');
    }
  }

  async function ofAlert(alertId: string): Promise<Row | undefined> {
    const [row] = isId(alertId) ? await orm.select().from(reels).where(eq(reels.alertId, alertId)) : [];
    return row;
  }

  const visible = (): SQL[] => [isNull(reels.deletingAt), gt(reels.expiresAt, new Date(clock.nowMs()))];

  async function find(id: string): Promise<Row> {
    const [row] = isId(id) ? await orm.select().from(reels).where(and(eq(reels.id, id), ...visible())) : [];
    if (!row) throw new HedgerowError('reel.unknown', 'There is no such reel, or its time is over.', { context: { reelId: id } });
    return row;
  }

  /** Why an alert has no reel, in words. */
  async function whyNot(alertId: string): Promise<string> {
    const [alert] = isId(alertId) ? await orm.select({ raisedAt: alerts.raisedAt }).from(alerts).where(eq(alerts.id, alertId)) : [];
    if (!alert) return 'There is no such alert.';
    if (afterMs === null) return 'There is none: reels are switched off here.';
    const untilMs = alert.raisedAt.getTime() + afterMs;
    if (clock.nowMs() < untilMs) return `Not yet: its pictures are collected until ${toRfc3339(untilMs)}.`;
    if (clock.nowMs() < untilMs + madeWithinMs) return 'Not yet: it is being made.';
    return 'There is none: no picture could be made around this alert, its worker was stopped hard meanwhile, or its time is over.';
  }

  return {
    saveReel,
    async reel(id) {
      return answer(await find(id));
    },
    async reelOfAlert(alertId) {
      const [row] = isId(alertId) ? await orm.select().from(reels).where(and(eq(reels.alertId, alertId), ...visible())) : [];
      if (!row) throw new HedgerowError('reel.unknown', await whyNot(alertId), { context: { alertId } });
      return answer(row);
    },
    async reelBytes(id) {
      const row = await find(id);
      const file = await objects.get(row.objectKey);
      if (!file) {
        // The sweep may have been faster; otherwise both sides disagree, and the check will say so, too.
        await find(id);
        throw new HedgerowError('store.corrupt', 'The object of the reel is gone. Run "hedgerow check".', { context: { reelId: id } });
      }
      if (sha256(file) !== row.sha256) {
        throw new HedgerowError('store.corrupt', 'The object is not what was stored: its SHA-256 differs. Run "hedgerow check".', { context: { reelId: id } });
      }
      return file;
    },
  };
}

function answer(row: Row): ReelRow {
  const { reelId: id, ...receipt } = row.receipt;
  return { ...receipt, id, bytes: row.bytes, receiptHash: row.receiptHash, expiresAt: toRfc3339(row.expiresAt.getTime()) };
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
