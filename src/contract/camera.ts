/** The inventory row of a camera and the ladder of its state (DESIGN.md 5.1, 5.5). */
import { z } from 'zod';
import type { GroundPose } from '../core/ground-density.js';
import { calendarDate, id, timestamp } from './page.js';

export const cameraStates = ['unreachable', 'reachable', 'answering', 'authenticated', 'online', 'good'] as const;
export const cameraState = z.enum(cameraStates);
export type CameraState = z.infer<typeof cameraState>;

/** Words that say nothing about why a camera is there (EDPB 3/2019, 15ff). */
const emptyPurposes = new Set(['safety', 'security', 'surveillance', 'monitoring', 'cctv', 'other', 'n/a', 'none', '-', '安全', '监控']);

/** Without these four a camera does not run (DESIGN.md 2.6). */
export const accountability = z.object({
  purpose: z
    .string()
    .trim()
    .min(3)
    .max(500)
    .refine((p) => !emptyPurposes.has(p.toLowerCase()), 'is not specific enough: say which place is guarded against what'),
  owner: z.string().trim().min(1).max(200),
  legalBasis: z.string().trim().min(1).max(200),
  reviewOn: calendarDate,
});

/** Where a camera stands and looks. Unknown parts are null: coverage then says so. */
export const pose = z.object({
  longitude: z.number().min(-180).max(180).nullable().default(null),
  latitude: z.number().min(-90).max(90).nullable().default(null),
  mountHeightM: z.number().min(0).max(200).nullable().default(null),
  /** clockwise from north */
  azimuthDeg: z.number().min(0).max(360).nullable().default(null),
  /** depression of the axis below the horizon */
  tiltDeg: z.number().min(-90).max(90).nullable().default(null),
  horizontalFovDeg: z.number().min(1).max(180).nullable().default(null),
});
export type Pose = z.infer<typeof pose>;

export const newCamera = accountability.extend(pose.shape).extend({
  siteId: id,
  name: z.string().trim().min(1).max(120),
  /**
   * How to reach it: `rtsp://host:port/path` for a plain stream, `http://host:port/onvif/device_service` or
   * `host[:port]` for an ONVIF device. Never with a user name or password in it.
   */
  address: z.string().trim().min(1).max(500),
  username: z.string().max(200).nullable().default(null),
  /** Sealed at once; never answered. */
  password: z.string().max(500).nullable().default(null),
  /** Time between two samples, milliseconds. */
  sampleIntervalMs: z.number().int().min(200).max(600_000).default(1000),
  enabled: z.boolean().default(true),
  /** Which video source of the device this camera is: a recorder has many, a camera one. Null: the first. */
  sourceToken: z.string().trim().min(1).max(64).nullable().default(null),
});
export type NewCamera = z.infer<typeof newCamera>;

/** Defaults are for a new camera: what a patch does not name stays as it is (`partial` alone would reset it). */
export const cameraPatch = z.object(withoutDefaults(newCamera.omit({ siteId: true }).shape));
export type CameraPatch = z.infer<typeof cameraPatch>;

export const rungNames = ['reach', 'clock', 'auth', 'services', 'profiles', 'keyframe'] as const;
export const rung = z.object({
  name: z.enum(rungNames),
  status: z.enum(['pass', 'fail', 'skipped']),
  /** what was seen, in one line */
  seen: z.string(),
  /** what to do about it; empty on a pass */
  todo: z.string(),
  tookMs: z.number(),
});
export type Rung = z.infer<typeof rung>;

export const camera = accountability.extend(pose.shape).extend({
  id,
  siteId: id,
  name: z.string(),
  protocol: z.enum(['onvif', 'rtsp']),
  address: z.string(),
  username: z.string().nullable(),
  hasPassword: z.boolean(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  firmware: z.string().nullable(),
  serialNumber: z.string().nullable(),
  /** ONVIF endpoint reference, a URN: the primary part of the identity */
  endpointReference: z.string().nullable(),
  macAddress: z.string().nullable(),
  sourceToken: z.string().nullable(),
  /** where the device itself says that it stands and looks; offered to whoever places it */
  toldPose: pose.partial().nullable(),
  sampleIntervalMs: z.number(),
  enabled: z.boolean(),
  state: cameraState,
  stateSince: timestamp.nullable(),
  /** why it is not good, in one line; null when it is */
  stateReason: z.string().nullable(),
  /** what the masker says: a picture is shown, or why not */
  pictureStatus: z.enum(['none', 'learning', 'ready', 'moved', 'withheld']),
  pictureReason: z.string().nullable(),
  detector: z.enum(['onnx', 'change-only', 'failed', 'unknown']),
  lastFrameAt: timestamp.nullable(),
  newestPictureId: id.nullable(),
  newestPictureAt: timestamp.nullable(),
  onboarding: z.array(rung),
  /** of the newest run of the checklist; null before the first */
  commissioning: z.object({ at: timestamp, verdict: z.enum(['commissioned', 'refused']), warnings: z.number().int(), unverified: z.number().int() }).nullable(),
  createdAt: timestamp,
});
export type Camera = z.infer<typeof camera>;

/** What ingest needs to open a stream. Holds a secret: lives in memory only, is never logged, queued or answered. */
export interface StreamTarget {
  readonly cameraId: string;
  readonly siteId: string;
  /** `rtsp://host:port/path` with the pinned, guarded address; no credentials inside, but for cameras that take them in the path only */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** the log-in is never sent in clear (Basic), not even to a camera that asks for it so */
  readonly digestOnly?: boolean;
  readonly sampleIntervalMs: number;
  /** how far the ground is: decides how wide frames may be (DESIGN.md 5.3); absent: not known */
  readonly pose?: GroundPose;
  /** grows with every change of this camera that a run must see */
  readonly configVersion: number;
}

type WithoutDefaults<S extends Record<string, z.ZodType>> = { [K in keyof S]: z.ZodOptional<S[K] extends z.ZodDefault<infer T extends z.ZodType> ? T : S[K]> };

function withoutDefaults<S extends Record<string, z.ZodType>>(shape: S): WithoutDefaults<S> {
  const optional = Object.entries(shape).map(([key, field]) => [key, (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field).optional()]);
  return Object.fromEntries(optional) as WithoutDefaults<S>;
}
