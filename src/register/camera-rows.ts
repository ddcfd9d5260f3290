/** Camera rows as the API answers them: the inventory's row, its state (written by watch) and its newest picture (by store). */
import { and, asc, desc, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { Camera } from '../contract/camera.js';
import type { Executor } from '../contract/database.js';
import { toRfc3339 } from '../core/clock.js';
import { cameras, sites } from '../db/schema/register.js';
import { pictures } from '../db/schema/store.js';
import { cameraStatus } from '../db/schema/watch.js';
import { reviewOverdue } from './review-date.js';

export type CameraRow = typeof cameras.$inferSelect;

/** Selects cameras that were not removed. */
export async function selectCameras(executor: Executor, where: SQL | undefined, limit: number, nowMs: number): Promise<Camera[]> {
  const newest = executor
    .select({ id: pictures.id, receivedAt: pictures.receivedAt })
    .from(pictures)
    .where(and(eq(pictures.cameraId, cameras.id), isNull(pictures.deletingAt)))
    .orderBy(desc(pictures.receivedAt))
    .limit(1)
    .as('newest');
  const rows = await executor
    .select({ camera: cameras, status: cameraStatus, timeZone: sites.timeZone, pictureId: newest.id, pictureAt: newest.receivedAt })
    .from(cameras)
    .innerJoin(sites, eq(sites.id, cameras.siteId))
    .leftJoin(cameraStatus, eq(cameraStatus.cameraId, cameras.id))
    .leftJoinLateral(newest, sql`true`)
    .where(and(isNull(cameras.removedAt), where))
    .orderBy(asc(cameras.id))
    .limit(limit);
  return rows.map((row) => toCamera(row, nowMs));
}

interface JoinedRow {
  camera: CameraRow;
  status: typeof cameraStatus.$inferSelect | null;
  timeZone: string;
  pictureId: string | null;
  pictureAt: Date | null;
}

function toCamera({ camera: row, status, timeZone, pictureId, pictureAt }: JoinedRow, nowMs: number): Camera {
  return {
    id: row.id,
    siteId: row.siteId,
    name: row.name,
    protocol: row.protocol,
    address: row.address,
    username: row.username,
    hasPassword: row.sealedPassword !== null,
    manufacturer: row.manufacturer,
    model: row.model,
    firmware: row.firmware,
    serialNumber: row.serialNumber,
    endpointReference: row.endpointReference,
    macAddress: row.macAddress,
    sourceToken: row.sourceToken,
    toldPose: row.toldPose,
    purpose: row.purpose,
    owner: row.owner,
    legalBasis: row.legalBasis,
    reviewOn: row.reviewOn,
    longitude: row.longitude,
    latitude: row.latitude,
    mountHeightM: row.mountHeightM,
    azimuthDeg: row.azimuthDeg,
    tiltDeg: row.tiltDeg,
    horizontalFovDeg: row.horizontalFovDeg,
    sampleIntervalMs: row.sampleIntervalMs,
    enabled: row.enabled,
    state: status?.state ?? 'unreachable',
    stateSince: status ? toRfc3339(status.since.getTime()) : null,
    stateReason: ownReason(row, timeZone, nowMs) ?? (status ? status.reason : 'It was not probed yet.'),
    ...pictureOf(row, status),
    detector: status?.detector ?? 'unknown',
    lastFrameAt: status?.lastFrameAt ? toRfc3339(status.lastFrameAt.getTime()) : null,
    newestPictureId: pictureId,
    newestPictureAt: pictureAt ? toRfc3339(pictureAt.getTime()) : null,
    onboarding: row.onboarding,
    commissioning: row.commissioning === null || row.commissionedAt === null ? null : { at: toRfc3339(row.commissionedAt.getTime()), ...row.commissioning },
    createdAt: toRfc3339(row.createdAt.getTime()),
  };
}

/** Nothing is shown of a place where another device stands, until somebody has confirmed what it sees. */
function pictureOf(row: CameraRow, status: JoinedRow['status']): Pick<Camera, 'pictureStatus' | 'pictureReason'> {
  if (row.unverifiedViewVersion !== null && row.unverifiedViewVersion >= row.viewVersion) {
    return { pictureStatus: 'moved', pictureReason: 'Another device stands here: look at its view and at the privacy zones, and confirm the view.' };
  }
  return { pictureStatus: status?.pictureStatus ?? 'none', pictureReason: status?.pictureReason ?? null };
}

/** Why the inventory itself keeps a camera from running; this stands before anything that was seen of it. */
function ownReason(row: CameraRow, timeZone: string, nowMs: number): string | null {
  if (!row.enabled) return 'It is switched off.';
  if (reviewOverdue(row.reviewOn, timeZone, nowMs)) return `It does not run: its review date ${row.reviewOn} has passed. Review why it is there and set a new date.`;
  return null;
}
