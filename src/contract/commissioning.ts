/** Commissioning: the checklist that says whether a camera may be handed over, each line with what was seen and what to do. */
import { z } from 'zod';
import { id, timestamp, type Page, type PageQuery } from './page.js';
import type { Principal, SiteScope } from './principal.js';

export const checkNames = [
  'ladder', 'sub-stream', 'main-stream', 'clock', 'time-source', 'recorder', 'audio', 'recognition', 'default-password', 'pose', 'privacy-zones', 'panic-inputs',
] as const;
export const checkName = z.enum(checkNames);
export type CheckName = z.infer<typeof checkName>;

/** `unverified`: the device does not let us see it; an honest answer, not a pass. */
export const checkStatus = z.enum(['pass', 'warn', 'fail', 'unverified', 'not-applicable']);
export type CheckStatus = z.infer<typeof checkStatus>;

export const commissioningCheck = z.object({
  name: checkName,
  status: checkStatus,
  /** what was seen, in one line */
  seen: z.string(),
  /** what to do about it; empty on a pass */
  todo: z.string(),
  /** the numbers behind it, each with its unit in its name */
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type CommissioningCheck = z.infer<typeof commissioningCheck>;

export const commissioning = z.object({
  id,
  cameraId: id,
  siteId: id,
  at: timestamp,
  /** who asked for it */
  by: z.string(),
  /** `refused` when a check failed */
  verdict: z.enum(['commissioned', 'refused']),
  checks: z.array(commissioningCheck),
  /** the device as it was found, for the label and the page */
  device: z.object({
    name: z.string(),
    address: z.string(),
    manufacturer: z.string().nullable(),
    model: z.string().nullable(),
    firmware: z.string().nullable(),
    serialNumber: z.string().nullable(),
    macAddress: z.string().nullable(),
  }),
});
export type Commissioning = z.infer<typeof commissioning>;

export const pressTest = z.object({
  cameraId: id,
  input: z.string().nullable(),
  /** `seen`: the contact came through to an alert or at least to the page; `silent`: nothing within the time */
  status: z.enum(['seen', 'silent', 'no-inputs']),
  pressedAt: timestamp.nullable(),
  /** from the message of the device to the alert, milliseconds; null when no rule made one */
  toAlertMs: z.number().nullable(),
  seen: z.string(),
});
export type PressTest = z.infer<typeof pressTest>;

export interface Commissionings {
  /** Runs the whole checklist and keeps its result. @throws HedgerowError `camera.unknown` */
  run(cameraId: string, by: Principal, signal: AbortSignal, onCheck?: (check: CommissioningCheck) => void): Promise<Commissioning>;
  /** The newest of each camera that has one. */
  newest(scope: SiteScope, page: PageQuery & { siteId?: string | undefined }): Promise<Page<Commissioning>>;
  /** All of one camera, the newest first. */
  history(cameraId: string, page: PageQuery): Promise<Page<Commissioning>>;
  /** Waits until somebody presses the button of this camera, and follows the press to the alert. */
  pressTest(cameraId: string, waitMs: number, by: Principal, signal: AbortSignal): Promise<PressTest>;
}
