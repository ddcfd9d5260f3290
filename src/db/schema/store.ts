/** Tables that store writes: pictures, observations, deletion receipts. */
import { sql } from 'drizzle-orm';
import { customType, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import type { ClassCounts } from '../../contract/detection.js';
import type { Receipt } from '../../contract/picture.js';
import type { ReelReceipt } from '../../contract/reel.js';

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });

export const pictures = pgTable(
  'pictures',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull(),
    cameraId: uuid('camera_id').notNull(),
    receivedAt: time('received_at').notNull(),
    objectKey: text('object_key').notNull(),
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    receipt: jsonb('receipt').$type<Receipt>().notNull(),
    receiptHash: text('receipt_hash').notNull(),
    expiresAt: time('expires_at').notNull(),
    /** set before the object is deleted: a crash between the two is finished by `recover` */
    deletingAt: time('deleting_at'),
  },
  (t) => [
    index('pictures_camera').on(t.cameraId, t.receivedAt),
    index('pictures_site').on(t.siteId, t.id),
    index('pictures_received').on(t.receivedAt, t.id),
    index('pictures_expires').on(t.expiresAt),
    // one object, one row; in byte order, as object stores list their keys
    uniqueIndex('pictures_key').on(sql`${t.objectKey} collate "C"`),
  ],
);

/** Reels of alerts; like pictures: object first, row second. */
export const reels = pgTable(
  'reels',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull(),
    cameraId: uuid('camera_id').notNull(),
    alertId: uuid('alert_id').notNull(),
    lastAt: time('last_at').notNull(),
    objectKey: text('object_key').notNull(),
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    receipt: jsonb('receipt').$type<ReelReceipt>().notNull(),
    receiptHash: text('receipt_hash').notNull(),
    expiresAt: time('expires_at').notNull(),
    deletingAt: time('deleting_at'),
  },
  (t) => [uniqueIndex('reels_alert').on(t.alertId), index('reels_expires').on(t.expiresAt), uniqueIndex('reels_key').on(sql`${t.objectKey} collate "C"`)],
);

/** Who is looked at live, and from which process: the worker that holds the camera makes a picture of every sample until then. */
export const liveViews = pgTable(
  'live_views',
  { cameraId: uuid('camera_id').notNull(), viewer: uuid('viewer').notNull(), wantedUntil: time('wanted_until').notNull() },
  (t) => [primaryKey({ columns: [t.cameraId, t.viewer] })],
);

/** The newest live picture of a camera, or why there is none: written over; masked, and deleted when nobody looks any more. Not logged, so not in backups. */
export const livePictures = pgTable('live_pictures', {
  cameraId: uuid('camera_id').primaryKey(),
  /** new with every write */
  mark: uuid('mark').notNull(),
  receipt: jsonb('receipt').$type<Receipt>(),
  jpeg: bytea('jpeg'),
  withheld: text('withheld'),
  at: time('at').notNull(),
});

export const observations = pgTable(
  'observations',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull(),
    cameraId: uuid('camera_id').notNull(),
    at: time('at').notNull(),
    counts: jsonb('counts').$type<ClassCounts>().notNull(),
    zones: jsonb('zones').$type<{ zoneId: string; counts: ClassCounts }[]>().notNull(),
    maskRatio: doublePrecision('mask_ratio').notNull(),
    changeRatio: doublePrecision('change_ratio').notNull(),
    pictureId: uuid('picture_id'),
  },
  (t) => [index('observations_camera').on(t.cameraId, t.at), index('observations_at').on(t.at)],
);

export const deletionReceipts = pgTable(
  'deletion_receipts',
  {
    id: uuid('id').primaryKey(),
    /** of the picture or the reel; the object's key says which */
    pictureId: uuid('picture_id').notNull(),
    siteId: uuid('site_id').notNull(),
    cameraId: uuid('camera_id').notNull(),
    objectKey: text('object_key').notNull(),
    sha256: text('sha256').notNull(),
    receiptHash: text('receipt_hash').notNull(),
    expiredAt: time('expired_at').notNull(),
    deletedAt: time('deleted_at').notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [index('deletion_receipts_picture').on(t.pictureId)],
);
