/** Tables that register writes: sites, places, cameras, credentials, zones, onboardings. */
import { boolean, date, doublePrecision, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { time } from './time.js';
import type { Pose, Rung } from '../../contract/camera.js';
import type { CommissioningCheck, Commissioning } from '../../contract/commissioning.js';
import type { FeatureGeometry, FeatureKind } from '../../contract/site-map.js';

export const sites = pgTable(
  'sites',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    timeZone: text('time_zone').notNull(),
    boundary: jsonb('boundary').$type<[number, number][]>().notNull(),
    requireDetector: boolean('require_detector').notNull().default(false),
    retentionDays: integer('retention_days').notNull(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [uniqueIndex('sites_name').on(t.name)],
);

export const places = pgTable(
  'places',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    position: jsonb('position').$type<[number, number] | null>(),
    consentReference: text('consent_reference'),
    consentUntil: date('consent_until'),
  },
  (t) => [index('places_site').on(t.siteId)],
);

export const cameras = pgTable(
  'cameras',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    name: text('name').notNull(),
    protocol: text('protocol').$type<'onvif' | 'rtsp'>().notNull(),
    /** as it was registered, without credentials */
    address: text('address').notNull(),
    /** rtsp URL that onboarding found, without credentials; equals the address of a plain stream */
    streamUrl: text('stream_url'),
    /** the stream address as the device told it, before the host was rewritten */
    streamUrlTold: text('stream_url_told'),
    profileToken: text('profile_token'),
    /** video source of a device that has several */
    sourceToken: text('source_token'),
    username: text('username'),
    sealedPassword: text('sealed_password'),
    /** the log-in was copied from a credential set: it is never sent in clear, not even to a camera that asks for it so */
    fromCredentialSet: boolean('from_credential_set').notNull().default(false),
    endpointReference: text('endpoint_reference'),
    serialNumber: text('serial_number'),
    macAddress: text('mac_address'),
    manufacturer: text('manufacturer'),
    model: text('model'),
    firmware: text('firmware'),
    /** which way of authentication worked: digest, username-token, none */
    authMode: text('auth_mode'),
    purpose: text('purpose').notNull(),
    owner: text('owner').notNull(),
    legalBasis: text('legal_basis').notNull(),
    reviewOn: date('review_on').notNull(),
    longitude: doublePrecision('longitude'),
    latitude: doublePrecision('latitude'),
    mountHeightM: doublePrecision('mount_height_m'),
    azimuthDeg: doublePrecision('azimuth_deg'),
    tiltDeg: doublePrecision('tilt_deg'),
    horizontalFovDeg: doublePrecision('horizontal_fov_deg'),
    /** as the device tells it */
    toldPose: jsonb('told_pose').$type<Partial<Pose> | null>(),
    sampleIntervalMs: integer('sample_interval_ms').notNull(),
    enabled: boolean('enabled').notNull(),
    /** grows with every change that a run must see */
    configVersion: integer('config_version').notNull().default(1),
    /** grows when the view is to be learned anew */
    viewVersion: integer('view_version').notNull().default(1),
    /** the view of another device that stands there now; no picture until a newer view was confirmed. Null: no such doubt */
    unverifiedViewVersion: integer('unverified_view_version'),
    onboarding: jsonb('onboarding').$type<Rung[]>().notNull(),
    onboardedAt: time('onboarded_at'),
    commissionedAt: time('commissioned_at'),
    commissioning: jsonb('commissioning').$type<{ verdict: Commissioning['verdict']; warnings: number; unverified: number } | null>(),
    removedReason: text('removed_reason'),
    removedAt: time('removed_at'),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (t) => [index('cameras_site').on(t.siteId), uniqueIndex('cameras_site_name').on(t.siteId, t.name)],
);

export const zones = pgTable(
  'zones',
  {
    id: uuid('id').primaryKey(),
    cameraId: uuid('camera_id').notNull().references(() => cameras.id),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    kind: text('kind').$type<'guard' | 'privacy' | 'ignore'>().notNull(),
    name: text('name').notNull(),
    polygon: jsonb('polygon').$type<[number, number][]>().notNull(),
    placeId: uuid('place_id').references(() => places.id),
  },
  (t) => [index('zones_camera').on(t.cameraId)],
);

export const siteFeatures = pgTable(
  'site_features',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    kind: text('kind').$type<FeatureKind>().notNull(),
    name: text('name').notNull(),
    geometry: jsonb('geometry').$type<FeatureGeometry>().notNull(),
    heightM: doublePrecision('height_m'),
    placeId: uuid('place_id').references(() => places.id),
    sourceId: text('source_id'),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (t) => [index('site_features_site').on(t.siteId), uniqueIndex('site_features_source').on(t.siteId, t.sourceId)],
);

export const credentialSets = pgTable(
  'credential_sets',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    name: text('name').notNull(),
    username: text('username').notNull(),
    sealedPassword: text('sealed_password').notNull(),
    order: integer('order').notNull(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [uniqueIndex('credential_sets_name').on(t.siteId, t.name)],
);

/** Log-ins that a device refused, for the lock-out policy. */
export const refusedLogins = pgTable(
  'refused_logins',
  {
    id: uuid('id').primaryKey(),
    /** `host:port` as it was reached */
    device: text('device').notNull(),
    username: text('username').notNull(),
    /** keyed hash of user name and password: the same refused log-in is not tried again; it cannot be turned back */
    credentialHash: text('credential_hash').notNull(),
    at: time('at').notNull(),
  },
  (t) => [index('refused_logins_device').on(t.device, t.at)],
);

/** Who climbs on a host now, over all processes: log-ins in parallel are how an account gets locked. */
export const deviceLeases = pgTable('device_leases', {
  /** numeric address */
  host: text('host').primaryKey(),
  holder: uuid('holder').notNull(),
  /** by the database's clock; renewed while the holder lives */
  until: time('until').notNull(),
});

/** Devices that stood at a camera's place before the present one. */
export const formerDevices = pgTable(
  'former_devices',
  {
    id: uuid('id').primaryKey(),
    cameraId: uuid('camera_id').notNull().references(() => cameras.id),
    address: text('address').notNull(),
    manufacturer: text('manufacturer'),
    model: text('model'),
    serialNumber: text('serial_number'),
    macAddress: text('mac_address'),
    endpointReference: text('endpoint_reference'),
    from: time('from').notNull(),
    until: time('until').notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [index('former_devices_camera').on(t.cameraId), index('former_devices_endpoint').on(t.endpointReference)],
);

export const commissionings = pgTable(
  'commissionings',
  {
    id: uuid('id').primaryKey(),
    cameraId: uuid('camera_id').notNull().references(() => cameras.id),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    at: time('at').notNull(),
    by: text('by').notNull(),
    verdict: text('verdict').$type<Commissioning['verdict']>().notNull(),
    checks: jsonb('checks').$type<CommissioningCheck[]>().notNull(),
    device: jsonb('device').$type<Commissioning['device']>().notNull(),
  },
  (t) => [index('commissionings_camera').on(t.cameraId, t.at), index('commissionings_site').on(t.siteId, t.at)],
);

/** The press of a button that was waited for, by camera and contact. */
export const pressTests = pgTable(
  'press_tests',
  {
    id: uuid('id').primaryKey(),
    cameraId: uuid('camera_id').notNull().references(() => cameras.id),
    siteId: uuid('site_id').notNull(),
    input: text('input'),
    status: text('status').$type<'seen' | 'silent' | 'no-inputs'>().notNull(),
    pressedAt: time('pressed_at'),
    toAlertMs: doublePrecision('to_alert_ms'),
    by: text('by').notNull(),
    at: time('at').notNull(),
  },
  (t) => [index('press_tests_camera').on(t.cameraId, t.at)],
);

export const rotations = pgTable(
  'rotations',
  {
    id: uuid('id').primaryKey(),
    siteId: uuid('site_id').notNull().references(() => sites.id),
    username: text('username').notNull(),
    by: text('by').notNull(),
    startedAt: time('started_at').notNull(),
    finishedAt: time('finished_at'),
  },
  (t) => [index('rotations_site').on(t.siteId, t.startedAt)],
);

/** The new password stands here, sealed, before it is written to the device: a crash loses neither. */
export const rotationCameras = pgTable(
  'rotation_cameras',
  {
    id: uuid('id').primaryKey(),
    rotationId: uuid('rotation_id').notNull().references(() => rotations.id),
    cameraId: uuid('camera_id').notNull().references(() => cameras.id),
    sealedPassword: text('sealed_password'),
    status: text('status').$type<'waiting' | 'writing' | 'done' | 'rolled-back' | 'failed' | 'unknown'>().notNull(),
    seen: text('seen').notNull(),
    todo: text('todo').notNull(),
    /** left alone until then: the device is about to lock the account, or does not answer */
    restUntil: time('rest_until'),
    updatedAt: time('updated_at').notNull(),
  },
  (t) => [uniqueIndex('rotation_cameras_camera').on(t.rotationId, t.cameraId)],
);
