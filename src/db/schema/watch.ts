/** Table that watch writes: what is known of each camera now. */
import { doublePrecision, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import type { CameraState } from '../../contract/camera.js';

export const cameraStatus = pgTable('camera_status', {
  cameraId: uuid('camera_id').primaryKey(),
  siteId: uuid('site_id').notNull(),
  state: text('state').$type<CameraState>().notNull(),
  since: time('since').notNull(),
  reason: text('reason'),
  pictureStatus: text('picture_status').$type<'none' | 'learning' | 'ready' | 'moved' | 'withheld'>().notNull(),
  pictureReason: text('picture_reason'),
  /** the view (`cameras.view_version`) that was found moved; it stays closed until a newer one is confirmed, whoever runs the camera */
  movedViewVersion: integer('moved_view_version'),
  detector: text('detector').$type<'onnx' | 'change-only' | 'failed' | 'unknown'>().notNull(),
  lastFrameAt: time('last_frame_at'),
  clockSkewMs: doublePrecision('clock_skew_ms'),
  updatedAt: time('updated_at').notNull(),
});
