/** What happens to devices over the years: replacement, rotation of credentials, decommissioning. No other camera's run is touched. */
import { z } from 'zod';
import type { Camera } from './camera.js';
import { id, timestamp, type Page, type PageQuery } from './page.js';
import type { Principal, SiteScope } from './principal.js';

export const replacement = z.strictObject({
  address: z.string().trim().min(1).max(500),
  username: z.string().max(200).nullable().default(null),
  password: z.string().max(500).nullable().default(null),
  /** why the old device went */
  reason: z.string().trim().min(3).max(500),
});
export type Replacement = z.infer<typeof replacement>;

export const decommissioning = z.strictObject({ reason: z.string().trim().min(3).max(500) });
export type Decommissioning = z.infer<typeof decommissioning>;

/** A device that stood at a camera's place for a time. The newest one has no `until`. */
export const deviceRecord = z.object({
  id,
  cameraId: id,
  address: z.string(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  serialNumber: z.string().nullable(),
  macAddress: z.string().nullable(),
  endpointReference: z.string().nullable(),
  from: timestamp,
  until: timestamp.nullable(),
  /** why it went; null while it is there */
  reason: z.string().nullable(),
});
export type DeviceRecord = z.infer<typeof deviceRecord>;

export const newRotation = z.strictObject({
  siteId: id,
  /** the account whose password changes; it is the one that the cameras are registered with */
  username: z.string().trim().min(1).max(200),
  /** Sealed at once; never answered. Null: a strong one is made for each camera. */
  password: z.string().min(8).max(64).nullable().default(null),
  /** null: every ONVIF camera of the site that is registered with this account */
  cameraIds: z.array(id).min(1).max(2000).nullable().default(null),
});
export type NewRotation = z.infer<typeof newRotation>;

export const rotationStatus = z.enum(['waiting', 'writing', 'done', 'rolled-back', 'failed', 'unknown']);
export const rotationCamera = z.object({
  cameraId: id,
  name: z.string(),
  /** `unknown`: it cannot be told which password the device has now; both are kept sealed, and it is tried again */
  status: rotationStatus,
  seen: z.string(),
  todo: z.string(),
});
export const rotation = z.object({
  id,
  siteId: id,
  username: z.string(),
  by: z.string(),
  startedAt: timestamp,
  finishedAt: timestamp.nullable(),
  cameras: z.array(rotationCamera),
});
export type Rotation = z.infer<typeof rotation>;

export interface DeviceChanges {
  /**
   * Another device at the same place: the camera keeps its id, pictures, alerts, zones; the identity goes with the device.
   * The view is learned anew and privacy zones count as unverified until somebody confirms them.
   * @throws HedgerowError `camera.unknown`, `camera.address`, `camera.exists`
   */
  replace(cameraId: string, input: Replacement, by: Principal): Promise<Camera>;
  /** Takes a camera out of service for good: it stops, its password goes, its pictures end with their retention. */
  decommission(cameraId: string, input: Decommissioning, by: Principal): Promise<void>;
  devices(cameraId: string): Promise<readonly DeviceRecord[]>;
  /** Begins a rotation; the job `credentials.rotate` does it camera by camera. @throws HedgerowError `rotation.running`, `rotation.empty` */
  rotate(input: NewRotation, by: Principal): Promise<Rotation>;
  /** @throws HedgerowError `rotation.unknown` */
  rotation(id: string): Promise<Rotation>;
  rotations(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<Rotation>>;
  /** The job. Can be run again after a crash: it finds out which password each device has. */
  carryOut(rotationId: string, signal: AbortSignal): Promise<void>;
}
